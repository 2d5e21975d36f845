"""Predictions of a file piece by piece, so that it need not fit into memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.stream import RowStream
from mthn_automl.deployment.calibration.unstated import Unstated


@dataclass(frozen=True)
class PredictionStream:
    """DataFrames with the columns of `Predictor.predict`, whose `row` counts on through the whole file.

    Attributes:
        rows: of the file, in pieces.
        predict: from a piece's rows to its DataFrame.
        unstated: counts the rows that have no interval.
    """

    rows: RowStream
    predict: Callable[[Dataset], pd.DataFrame]
    unstated: Unstated

    def __iter__(self) -> Iterator[pd.DataFrame]:
        """Raises UsageError after the last piece: intervals were asked for, and no row has one."""
        self.unstated.begin()
        for piece in self.rows:
            self.unstated.enter(piece.task)
            yield self.predict(piece)
        self.unstated.refuse()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was not known of the rows, counted over the whole file; there after the last piece."""
        return (*self.rows.notes, *self.unstated.notes)
