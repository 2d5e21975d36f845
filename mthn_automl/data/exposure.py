"""Exposures: what the counts of rows are in proportion to, such as hours watched or persons living there."""

from collections.abc import Sequence

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.asked import Asked
from mthn_automl.data.source import Source
from mthn_automl.data.targets import numbers_of
from mthn_automl.errors import DataError, UsageError


def refuse_offset(asked: Asked, targets: Sequence[str]) -> None:
    """Asked once the targets are known.

    Raises:
        UsageError: the column of exposures has another role, too.
    """
    roles = {"the task": asked.task, "a target": targets, "a feature": asked.features, "ignored": asked.ignore}
    roles |= {"the weight": [asked.weight] if asked.weight else [], "the id": [asked.id] if asked.id else []}
    for role, names in roles.items():
        if asked.offset in names:
            raise UsageError(f"--offset must name a column of its own, however '{asked.offset}' is {role}, too.")


def given_exposures(name: str, given: object, rows: int) -> FloatArray:
    """(rows,) float64 of exposures that come as an array, or None.

    Raises:
        DataError: there are none, or not one above zero a row.
    """
    if given is None:
        raise DataError(f"This model predicts counts in proportion to '{name}', however no exposure is given; give it.")
    try:
        values = np.array(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"An exposure must be a number above 0, however '{name}' is {given!r:.40}.") from None
    if values.shape != (rows,):
        raise DataError(f"There must be one exposure a row, however their shape is {values.shape} for {rows:,} rows.")
    if not ((values > 0) & np.isfinite(values)).all():
        raise DataError(f"An exposure must be a finite number above 0 in every row, however '{name}' is not.")
    return values


def exposures(source: Source, name: str) -> FloatArray:
    """(rows,) float64, above zero.

    Raises:
        DataError: no such column, or a cell that is missing, no number, or not above zero.
    """
    source.require(name, "that says what counts are in proportion to")
    values = numbers_of(source, name)
    wrong = ~(values > 0)
    if wrong.any():
        row = int(wrong.argmax())
        said = "is missing" if np.isnan(values[row]) else f"is {values[row]:g}"
        raise DataError(
            f"An exposure must be a number above 0 in every row, however '{name}' {said} in {source.at(row)}; correct "
            "it or leave out the row."
        )
    return values
