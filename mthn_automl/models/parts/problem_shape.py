"""The numbers of columns, outputs and tasks that the data give an architecture."""

from dataclasses import dataclass

from mthn_automl.data.encoding import Encoder
from mthn_automl.models.parts.categories import EMBEDDING_SIZE


@dataclass(frozen=True)
class ProblemShape:
    """What the data give, apart from what is chosen.

    Shape:
        An architecture of it takes (blocks, rows, features) and gives (blocks, rows, outputs).

    Example:
        >>> ProblemShape(features=3, outputs=1, tasks=5).metadata
        0

    Attributes:
        features: columns that a network reads, d_x.
        outputs: what a network predicts for a row, d_y: targets, or scores of classes.
        tasks: how many there are.
        metadata: columns of the tasks' metadata after preprocessing, d_m; 0 where there are none.
        wide_columns: so many columns of the encoded features, the last, are indices of categories that are embedded.
        wide_categories: categories of all of these.
    """

    features: int
    outputs: int
    tasks: int
    metadata: int = 0
    wide_columns: int = 0
    wide_categories: int = 0

    @classmethod
    def of(cls, encoder: Encoder, outputs: int, tasks: int) -> "ProblemShape":
        """What an encoder makes of rows and metadata."""
        wide = encoder.feature_width - encoder.narrow_width
        features = encoder.narrow_width + EMBEDDING_SIZE * wide
        return cls(features, outputs, tasks, encoder.metadata_width, wide, encoder.features.wide_categories)
