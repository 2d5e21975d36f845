"""What a table needs of memory, what this machine can give, and the refusal where it is not enough."""

from dataclasses import dataclass

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Encoder, Flags
from mthn_automl.errors import DataError
from mthn_automl.machine import free_bytes, in_words

__all__ = ["Foresight", "free_bytes", "refuse_search", "too_large"]

NUMBERS_A_ROW = 3
"""Its task, fold and place in the input."""

KEPT_A_CELL, KEPT_A_COLUMN = 8, 4
"""Bytes of a cell without the test rows, and of each column that it becomes, once for all fits of a process."""

FITTED_A_CELL, FITTED_A_COLUMN = 24, 40
"""The same for what a fit copies of them: the most of all architectures (measured: benchmarks/README.md)."""

FOLDS = 5
"""For each of which the metadata are kept."""

GROWN_ROWS = 20_000
"""Rows beyond which what a model grows takes no more."""


@dataclass(frozen=True)
class Foresight:
    """What a search takes of memory beside data that have been read.

    Attributes:
        rows: of the data.
        columns: features and targets.
        encoded: columns that these become: one for each category, but for wide columns.
        described: numbers of the metadata of all tasks, once encoded.
        workers: processes that fit at once; 0: this one alone.
    """

    rows: int
    columns: int
    encoded: int
    described: int
    workers: int

    @classmethod
    def of(cls, dataset: Dataset, workers: int) -> "Foresight":
        targets, encoder = len(dataset.schema.targets), Encoder.fit(dataset.take(dataset.row[:0]), Flags.of(dataset))
        return cls(
            rows=len(dataset),
            columns=len(dataset.schema.features) + targets,
            encoded=encoder.feature_width + targets,
            described=len(dataset.tasks) * encoder.metadata_width,
            workers=workers,
        )

    @property
    def bytes(self) -> int:
        """Arrays are kept by this process and by the store that workers map, and each fit has copies of its own."""
        cells = self.columns + NUMBERS_A_ROW
        kept = self.rows * (KEPT_A_CELL * cells + KEPT_A_COLUMN * self.encoded) + FOLDS * 4 * self.described
        fitted = self.rows * (FITTED_A_CELL * cells + FITTED_A_COLUMN * self.encoded)
        return kept * (2 if self.workers else 1) + fitted * max(1, self.workers)

    def too_much(self, name: str, bytes_a_row: int) -> str:
        """Why an architecture cannot be searched that grows so much beside the rows; empty where it can.

        It is counted once: few of the fits at once are of it.
        """
        need, free = self.bytes + bytes_a_row * min(self.rows, GROWN_ROWS), free_bytes()
        return f"{name} needs about {in_words(need)} more memory, and {in_words(free)} are free." if need > free else ""


def refuse_search(dataset: Dataset, *, workers: int) -> None:
    """Raise a DataError if data that have been read leave too little memory to search with them."""
    if found := too_large(dataset, workers=workers):
        raise DataError(found)


def too_large(dataset: Dataset, *, workers: int) -> str:
    """Why data that have been read cannot be searched with the memory that they leave; empty where they can."""
    foreseen, free = Foresight.of(dataset, workers), free_bytes()
    need, rows, columns = foreseen.bytes, foreseen.rows, f"{foreseen.columns:,} columns"
    if foreseen.encoded > foreseen.columns:
        columns += f", {foreseen.encoded:,} with one for each category,"
    if need <= free:
        return ""
    fit = _rounded(int(rows * free / need))
    return (
        f"A search must hold its rows several times, however {_rounded(rows)} rows of {columns} need "
        f"about {in_words(need)} more memory, and {in_words(free)} are free; about {fit} rows would fit: give "
        "fewer rows, columns or workers, or use a machine with more memory."
    )


def _rounded(rows: int) -> str:
    """Two digits or more, since that is how well rows are known before they are read."""
    if rows >= 1_000_000:
        return f"{rows / 1e6:,.0f} million" if rows >= 10_000_000 else f"{rows / 1e6:.1f} million"
    return f"{round(rows, -3):,}" if rows >= 100_000 else f"{rows:,}"
