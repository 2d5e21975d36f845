"""File formats that models are exported to: one a file, with `PACKAGES` and `written`; the folder is the registry."""
