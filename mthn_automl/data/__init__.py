"""Tables in, one frozen dataset out: reading, metadata, splits, preprocessing and ready-made problems."""
