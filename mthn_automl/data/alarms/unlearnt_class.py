"""Classes that test rows alone have: those that a column or a file names may be so, those that are drawn are not."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.alarms.parts.alarm import Alarm, Sees, percent
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.names import counted, listed

SEES: Final = Sees.ALL


def find(dataset: Dataset, test: NDArray[np.bool_]) -> Iterator[Alarm]:
    """All such classes together."""
    classes = dataset.schema.classes
    if not classes or test.all():
        return
    known = ~np.isnan(dataset.target[:, 0])
    trained, tested = (
        np.bincount(dataset.target[part & known, 0].astype(np.int64), minlength=len(classes)) for part in (~test, test)
    )
    unlearnt = np.flatnonzero((trained == 0) & (tested > 0))
    if len(unlearnt) == 0:
        return
    rows, tests = int(tested[unlearnt].sum()), int(tested.sum())
    several = len(unlearnt) > 1
    yield Alarm(
        name="unlearnt_class",
        columns=(dataset.schema.targets[0],),
        sentence=(
            f"{rows:,} of {counted(tests, 'test row')} ({percent(rows / tests)}) "
            f"{'are' if rows > 1 else 'is'} of {'classes' if several else 'a class'} of '{dataset.schema.targets[0]}' "
            f"that no training row has, {listed([classes[each] for each in unlearnt], 5)}: no model can know "
            f"{'them' if several else 'it'}, so that the test accuracy is {percent(1 - rows / tests)} at most, a log "
            "loss is mostly theirs, and cross-validated errors, by which models are ranked, have none of that."
        ),
        advice=(
            "Move two rows or more of each class to the training rows, or say nothing of such rows in the split, so "
            "that they are not used."
        ),
        evidence={"classes": len(unlearnt), "rows": rows, "test_rows": tests},
    )
