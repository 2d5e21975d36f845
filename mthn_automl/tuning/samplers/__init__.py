"""Samplers, which suggest settings: one a file, whose name is what `--sampler` takes."""

from pathlib import Path


def names() -> tuple[str, ...]:
    """All samplers, in alphabetical order; nothing is imported."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py")))
