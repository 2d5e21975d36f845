"""The page of a run: what it found in sentences, pictures and tables, in one file that needs no network."""
