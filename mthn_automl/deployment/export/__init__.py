"""Models written for use elsewhere, without this package: the inputs are raw columns, the outputs predictions."""
