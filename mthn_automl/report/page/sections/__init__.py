"""The sections of the page: a file each, with `ORDER` and `section`, which gives None where there is nothing to say."""
