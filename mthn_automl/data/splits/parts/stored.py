"""Which rows are sealed for the test and which fold the others are in, as a file of the run folder."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.received import Received
from mthn_automl.storage import replacing

COLUMNS = ("row", "task", "role", "fold")


def save_split(path: Path, dataset: Dataset, test: NDArray[np.bool_], folds: IntArray) -> None:
    """Write one line a row of the dataset. `test` is (rows,), `folds` (training rows,): those that are not test."""
    fold = np.full(len(dataset), -1, dtype=np.int64)
    fold[~test] = folds
    columns = {
        "row": dataset.row,
        "task": np.array(dataset.tasks.names, dtype=object)[dataset.task],
        "role": np.where(test, "test", "train"),
        "fold": fold,
    }
    with replacing(path) as file:
        pd.DataFrame(columns).to_parquet(file, index=False)


def load_split(given: Received, name: str, dataset: Dataset) -> tuple[NDArray[np.bool_], IntArray]:
    """The `test` and `folds` that `save_split` was given for the same dataset.

    Raises:
        FormatError: not a file that `save_split` wrote, or one for other rows.
    """
    content = given.bytes(name)
    with given.checked(name):
        if pq.read_metadata(BytesIO(content)).num_rows != len(dataset):  # before they are unpacked
            raise ValueError(f"it must be of {len(dataset):,} rows, and is of others")
        stored = pd.read_parquet(BytesIO(content), columns=list(COLUMNS))
        for column, wanted in (
            ("row", dataset.row),
            ("task", np.array(dataset.tasks.names, dtype=object)[dataset.task]),
        ):
            found = stored[column].to_numpy()
            if (found != wanted).any():
                raise ValueError(f"its column '{column}' must be that of the data, row by row, and is another")
        role, fold = stored["role"].to_numpy(), stored["fold"].to_numpy()
        test = np.asarray(role == "test", dtype=bool)
        if not (test | (role == "train")).all():
            raise ValueError("its column 'role' must say test or train, and says something else")
        if fold.dtype.kind != "i" or (fold < -1).any():
            raise ValueError("its column 'fold' must hold whole numbers from -1 on, and does not")
        return test, fold.astype(np.int64)[~test]
