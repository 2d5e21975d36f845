"""What the variants of an ablation are called, in tables too."""

from typing import Final

BOTH: Final = "both"
METADATA_ONLY: Final = "metadata_only"
EMBEDDING_ONLY: Final = "embedding_only"
PERMUTED: Final = "permuted"
VARIANTS: Final = (BOTH, METADATA_ONLY, EMBEDDING_ONLY, PERMUTED)
"""Of the whole metadata; all others are of single columns."""

NOISE: Final = "noise"
WITHOUT: Final = "without"
ONLY: Final = "only"


def of_columns(names: tuple[str, ...]) -> tuple[str, ...]:
    """Each column left out, then each alone; none of a single one, which is all the metadata."""
    if len(names) < 2:
        return ()
    return tuple(f"{kind}:{name}" for kind in (WITHOUT, ONLY) for name in names)
