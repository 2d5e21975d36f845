"""Kinds of problems: one a file, with a `KIND`; the folder is the registry.

This file loads the standard library alone.
"""
