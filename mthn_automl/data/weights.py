"""What each row counts, in training and in every error: a column of numbers that is no feature."""

from collections.abc import Sequence

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.names import counted
from mthn_automl.data.source import Source
from mthn_automl.data.targets import known_target, numbers_of
from mthn_automl.errors import DataError


def weights_of(source: Source, name: str) -> FloatArray:
    """(rows,) what each row counts, zero or above.

    Raises:
        DataError: no such column, or a row without a weight, or with one below zero.
    """
    source.require(name, "that says what each row counts", " (--weight)")
    weight = numbers_of(source, name)
    wrong = ~(weight >= 0)
    if wrong.any():
        row = int(wrong.argmax())
        found = "has none" if np.isnan(weight[row]) else f"says {weight[row]:g}"
        raise DataError(
            f"Weights must be numbers, zero or above, however {source.at(row)} {found} in '{name}'; a weight of 0 "
            "leaves a row out."
        )
    return weight


def rows_that_count(source: Source, name: str) -> tuple[Source, list[str]]:
    """The source without rows of weight zero, which count nowhere, and a note that counts them.

    Raises:
        DataError: as `weights_of`, or no row that counts.
    """
    kept = weights_of(source, name) > 0
    if not kept.any():
        raise DataError(f"Some rows must count, however '{name}' is 0 in every row of {source.name}.")
    left_out = int((~kept).sum())
    notes = [f"{source.name}: {counted(left_out, 'row')} left out because the weight is 0."] if left_out else []
    return source.keep(kept), notes


def weight_note(name: str, weight: FloatArray) -> str:
    """What the weights of the rows that count are, and how many equal ones would tell as much (Kish 1965)."""
    worth = weight.sum() ** 2 / (weight**2).sum()
    return (
        f"Rows count as '{name}' says, from {weight.min():g} to {weight.max():g}, in training and in every error; "
        f"{counted(len(weight), 'row')} so weighted tell about as much as {worth:,.0f} that count alike."
    )


def rows_of_use(source: Source, targets: Sequence[str], weight: str | None) -> tuple[Source, list[str]]:
    """The rows that have a target and count, and notes about the others."""
    source, notes = known_target(source, targets)
    if weight is None:
        return source, notes
    source, left_out = rows_that_count(source, weight)
    return source, [*notes, *left_out]
