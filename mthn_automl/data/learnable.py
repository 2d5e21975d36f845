"""Targets that nothing can be learnt of: those that rows have no value in, or one and the same."""

from collections.abc import Sequence
from shlex import quote
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.errors import DataError

FEW_TARGETS: Final = 5
"""Up to which the options that name them are spelt out."""


def refuse_unlearnable(values: FloatArray, targets: Sequence[str], row: str, advice: str = "") -> None:
    """Raise a DataError about the first target that is missing in all rows, or the same.

    Args:
        values: (rows, targets), NaN where one is missing.
        targets: their names.
        row: what one of the rows is called, such as `row of data.csv`.
        advice: what may be done about it, beside leaving out a target of several.
    """
    for name, column in zip(targets, values.T, strict=True):
        known = column[~np.isnan(column)]
        if len(known) == 0:
            raise DataError(
                f"Some rows must have each target, however no {row} has one in '{name}'; "
                f"{' or '.join([advice or 'fill it in', *_without(targets, name)])}."
            )
        if np.ptp(known) == 0:
            among = "" if len(known) == len(column) else " that has it"
            raise DataError(
                f"The target must vary, however '{name}' is {known[0]:g} in every {row}{among}; "
                f"{' or '.join([advice or 'take another', *_without(targets, name)])}."
            )


def refuse_unlearnable_training(dataset: Dataset, training: NDArray[np.bool_]) -> None:
    """Raise a DataError where the rows (rows,) that may be trained on show nothing of a target; test rows may."""
    schema, target = dataset.schema, dataset.target[training]
    other = "hold out other rows"
    if not schema.classes:
        refuse_unlearnable(target, schema.targets, "training row", other)
    elif len(np.unique(target)) < 2:
        raise DataError(
            f"The target must vary, however '{schema.targets[0]}' is '{schema.classes[int(target[0, 0])]}' in every "
            f"training row; {other}."
        )


def _without(targets: Sequence[str], name: str) -> list[str]:
    """How a target is left out of several; nothing where it is the only one."""
    others = [each for each in targets if each != name]
    if len(others) > FEW_TARGETS:
        return [f"name the {len(others):,} others by --target, each by one of its own"]
    options = " ".join(f"--target {quote(each)}" for each in others)
    return [f"leave it out: {options}"] if options else []
