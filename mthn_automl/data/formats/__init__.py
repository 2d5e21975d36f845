"""Bytes and frames as raw Arrow tables: what a file is follows from its content, and no cell is interpreted here.

`opening.open_table` is the door; a format is one file in `readers/`.
"""
