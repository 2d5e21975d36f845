"""Test rows that a simple classifier tells from training rows.

The classifier is a naive Bayes one on a few classes of each column, and of each number's rank within its task. It
learns from four fifths of the rows and judges the last, in turn. Rows are compared within tasks, so that tasks of which
more rows are in the test, as small ones may have, are no shift; where whole tasks are held out, tasks are compared, by
one row each.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.alarms.parts.alarm import Alarm, Sees
from mthn_automl.data.alarms.parts.area import Area, area_within
from mthn_automl.data.alarms.parts.columns import Cells, features_of, metadata_of, row_keys
from mthn_automl.data.alarms.parts.ranks import ranks_within
from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.names import counted

SEES: Final = Sees.ROWS
FEWEST, FEWEST_TASKS, FEWEST_GROUPS = 20, 5, 10
"""Test rows, and training rows, that there must be; the same of tasks held out; and groups of equal rows."""
FOLDS = 5
FEWEST_BINS, MOST_BINS, ROWS_A_BIN = 3, 10, 10
"""Into how many classes numbers are put: about ten of the rarer kind of row in each."""
APART = 0.1
"""Most of the groups of equal rows that may be on two sides where they were kept together: two persons may be alike."""
PRIOR = 1.0
"""Rows of each kind that each class of a column is thought to have before any is seen."""
ERRORS = 3.5
"""Standard errors by which the area must exceed a half, and by which its interval goes to both sides."""
WIDER = 1.35
"""Areas of splits at random scatter so much wider than their standard error says, since the folds share their rows."""
AREA = 0.55
"""Least area that is worth a word, however sure it is."""


@dataclass(frozen=True)
class _Rows:
    """What is compared.

    Attributes:
        rows: (n,) of the dataset.
        stratum: (n,) rows of one are compared with each other.
        test: (n,).
        what: they stand for: row, task, or group (of equal rows).
    """

    rows: IntArray
    stratum: IntArray
    test: NDArray[np.bool_]
    what: str


def find(dataset: Dataset, test: NDArray[np.bool_]) -> Iterator[Alarm]:
    """Whether test rows are told from training rows, and by which column most; not where later rows are asked for."""
    if dataset.keys.time is not None:
        return
    compared = _compared(dataset, test, np.random.default_rng(0))
    columns = features_of(dataset)
    if compared is None or not columns:
        return
    taken = [Cells(each.column, each.values[compared.rows]) for each in columns]
    if compared.what == "task":
        task = dataset.task[compared.rows]
        taken += [Cells(each.column, each.values[task]) for each in metadata_of(dataset)]
    fold = np.random.default_rng(1).integers(FOLDS, size=len(compared.rows))
    scores = [_score(each, compared, fold) for each in taken]
    together = area_within(np.sum(scores, axis=0), compared.test, compared.stratum)
    alone = [area_within(score, compared.test, compared.stratum) for score in scores]
    most = int(np.argmax([each.value for each in alone]))
    if _sure(together, ERRORS):
        yield _alarm(compared, together, taken[most], alone[most].value, ERRORS)
    elif _sure(alone[most], _errors_of_best(len(scores))):
        yield _alarm(compared, alone[most], taken[most], alone[most].value, _errors_of_best(len(scores)))


def _sure(area: Area, errors: float) -> bool:
    return area.value - errors * area.error > 0.5 and area.value >= AREA


def _errors_of_best(columns: int) -> float:
    """Of the best of so many columns: what a normal variable exceeds once in a thousand times that, and a third."""
    return WIDER * float(np.sqrt(2 * np.log(1_000 * columns)))


def _compared(dataset: Dataset, test: NDArray[np.bool_], random: np.random.Generator) -> _Rows | None:
    """One row a task where whole tasks are held out; one a group where equal rows were kept together; else all rows.

    Of the latter only those of tasks that have test rows and training rows.
    """
    if not test.any() or test.all():
        return None
    tasks = len(dataset.tasks)
    sizes, tested = np.bincount(dataset.task, minlength=tasks), np.bincount(dataset.task, test, minlength=tasks)
    rows: IntArray = np.flatnonzero(((tested > 0) & (tested < sizes))[dataset.task])
    if 2 * test[rows].sum() < test.sum():
        rows = _one_of_each(dataset.task, random)
        found = _Rows(rows, np.zeros(len(rows), dtype=np.int64), test[rows], "task")
    else:
        together = _one_a_group(dataset, test, random)
        found = _Rows(rows, dataset.task[rows], test[rows], "row") if together is None else together
    fewest = FEWEST_TASKS if found.what == "task" else FEWEST
    return found if min(found.test.sum(), (~found.test).sum()) >= fewest else None


def _one_a_group(dataset: Dataset, test: NDArray[np.bool_], random: np.random.Generator) -> _Rows | None:
    """Where rows of a group, or of the same features, are on one side nearly always: one observation, many times."""
    known = dataset.group
    keys = row_keys((each.values for each in features_of(dataset)), len(dataset)) if known is None else known
    group = np.unique(keys, return_inverse=True)[1]
    sizes, tested = np.bincount(group), np.bincount(group, test)
    several, apart = (sizes > 1).sum(), ((tested > 0) & (tested < sizes)).sum()
    if several < FEWEST_GROUPS or apart > APART * several:
        return None
    rows = _one_of_each(group, random)
    return _Rows(rows, np.zeros(len(rows), dtype=np.int64), test[rows], "group")


def _one_of_each(group: IntArray, random: np.random.Generator) -> IntArray:
    mixed = random.permutation(len(group))
    return mixed[np.unique(group[mixed], return_index=True)[1]]


def _score(cells: Cells, compared: _Rows, fold: IntArray) -> FloatArray:
    """(n,) how much likelier a row's cell is in the test, as rows of the other folds say."""
    if not cells.column.numeric:
        return _log_odds(cells.codes, compared, fold)
    rarer = min(compared.test.sum(), (~compared.test).sum())
    bins = int(np.clip(rarer // ROWS_A_BIN, FEWEST_BINS, MOST_BINS))
    own = ranks_within(cells.values, compared.stratum)
    own /= np.bincount(compared.stratum)[compared.stratum] + 1
    score = _log_odds(_binned(cells.values, bins), compared, fold)
    return score + _log_odds(_binned(own, bins), compared, fold) if np.ptp(compared.stratum) else score


def _binned(values: FloatArray | IntArray, bins: int) -> IntArray:
    """(n,) one of about equally full classes, missing values in the last."""
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return np.zeros(len(values), dtype=np.int64)
    edges = np.unique(np.quantile(known, np.arange(1, bins) / bins))
    return np.where(np.isfinite(values), np.searchsorted(edges, values, side="right"), bins)


def _log_odds(codes: IntArray, compared: _Rows, fold: IntArray) -> FloatArray:
    """A training row counts as much as its stratum has test rows for each, so that all strata have both alike."""
    sizes, tested = np.bincount(compared.stratum), np.bincount(compared.stratum, compared.test)
    weight = np.where(compared.test, 1.0, (tested / np.maximum(sizes - tested, 1))[compared.stratum])
    bins = int(codes.max()) + 1
    cells = (codes * FOLDS + fold) * 2 + compared.test
    seen = np.bincount(cells, weight, minlength=bins * FOLDS * 2).reshape(bins, FOLDS, 2)
    others = seen.sum(axis=1, keepdims=True) - seen + PRIOR
    share = np.log(others / others.sum(axis=0))
    return np.asarray((share[..., 1] - share[..., 0])[codes, fold])


def _alarm(compared: _Rows, area: Area, cells: Cells, alone: float, errors: float) -> Alarm:
    column, option = cells.name, cells.option
    low, high = area.value - errors * area.error, min(area.value + errors * area.error, 1.0)
    return Alarm(
        name="shift",
        columns=(column,),
        sentence=(
            f"Test rows differ from training rows: of one of each, a simple classifier finds the test row "
            f"{100 * area.value:.0f} times in a hundred ({100 * low:.0f} to {100 * high:.0f}), where 50 are chance "
            f"({counted(len(compared.rows), compared.what)} compared); '{column}' alone tells most, with "
            f"{100 * alone:.0f}."
        ),
        advice=(
            f"If '{column}' is when or where the model will be used, the split asks the right question "
            f"(`--time {option}`, `--group {option}`); if it only names rows, `--ignore {option}` leaves it out."
        ),
        evidence={
            "auc": area.value,
            "auc_low": low,
            "auc_high": high,
            "column": column,
            "column_auc": alone,
            "compared": len(compared.rows),
            "test_compared": int(compared.test.sum()),
        },
    )
