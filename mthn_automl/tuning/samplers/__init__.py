"""Samplers, which suggest settings: one a file, whose name is what `--sampler` takes."""

from pathlib import Path

from mthn_automl.catalogue import members


def names() -> tuple[str, ...]:
    """All samplers, in alphabetical order; nothing is imported."""
    return members(Path(__file__))
