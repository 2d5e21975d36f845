"""How each kind of model becomes a part of a graph: one file a kind."""
