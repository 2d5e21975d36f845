"""How wide data are: their columns and outputs, with which the seconds of a fit grow beside its rows."""

from dataclasses import dataclass

from mthn_automl.data.dataset import Dataset

COLUMNS, TARGETS, CLASSES = 6, 1, 3
"""Of the data that costs are measured on (`benchmarks/costs.py`): four features and two columns of metadata."""


@dataclass(frozen=True)
class Width:
    """What is counted of a table.

    Attributes:
        columns: features and metadata, as they are given: a column of many categories is one.
        outputs: targets, or classes.
    """

    columns: int
    outputs: int

    @classmethod
    def of(cls, dataset: Dataset) -> "Width":
        """That of these data."""
        schema = dataset.schema
        return cls(len(schema.features) + len(schema.metadata), len(schema.classes) or len(schema.targets))
