"""Task by task: the answer beside a model of the task's own and the best classical one, and whom sharing harms."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from mthn_automl.analysis.predicted import Predicted, row_losses
from mthn_automl.analysis.statistics import CONFIDENCE, NOT_KNOWN, alike, rank_balance, wilcoxon
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.schema import Problem
from mthn_automl.data.scoring import error_by_task, metric_named

COLUMNS: Final[dict[str, str]] = {
    "task": "str",
    "rows": "int64",
    "error": "float64",
    "test_rows": "int64",
    "test_error": "float64",
    "own_error": "float64",
    "classical_error": "float64",
    "gain": "float64",
    "gain_low": "float64",
    "gain_high": "float64",
    "p_value": "float64",
    "q_value": "float64",
    "helped": "bool",
    "harmed": "bool",
}
FALSE_DISCOVERIES: Final = 0.05
"""The share of the tasks called helped or harmed that may be so by chance (Benjamini and Hochberg 1995)."""

SIGNIFICANT: Final = 0.05
"""Of what is said of all tasks together."""

FEWEST_ROWS: Final = 5
"""Of a task, before anything is said of its gain: a t-test of fewer skewed losses errs too often."""

SINGLE: Final = "single_task"
GAINS: Final = ("gain", "gain_low", "gain_high", "p_value")


def tasks_table(
    predictions: pd.DataFrame,
    rows: Mapping[str, int],
    *,
    answer: str,
    metric: str,
    problem: Problem,
    own: str | None = SINGLE,
    classical: str | None = None,
    group: Mapping[int, int] | None = None,
) -> pd.DataFrame:
    """The table of `tasks.csv`: a row a task, in the order of the data, then those of which there are test rows alone.

    error, own_error, classical_error: over the task's out-of-fold rows. gain: what a row's loss is lower by than that
    of a model of the task's own, in the mean of its out-of-fold rows, with the paired t-test's 95 % interval; above
    zero, sharing has helped. Rows count by their weights; rows of one group are one observation. q_value: the p-value
    after Benjamini and Hochberg's correction over the tasks (1995).

    Args:
        predictions: as in `predictions.parquet`.
        rows: of training, by task.
        answer: the architecture, or `ensemble`, whose errors are told.
        own: what learns each task by itself; nothing is compared where it has no predictions.
        classical: the best of the classical ones; None: there is none.
        group: by row, what it was held out with; None: each row by itself.
    """
    answered, tested = (Predicted.of(predictions, answer, each) for each in ("out_of_fold", "test"))
    rows = {**rows, **{name: 0 for name in dict.fromkeys(tested.task.astype(str)) if name not in rows}}
    table = pd.DataFrame({"task": list(rows), "rows": list(rows.values())})
    table["error"] = table["task"].map(_errors(answered, metric))
    table["test_rows"] = table["task"].map(pd.Series(tested.task).value_counts()).fillna(0)
    table["test_error"] = table["task"].map(_errors(tested, metric))
    for name, architecture in (("own_error", own), ("classical_error", classical)):
        found = Predicted.of(predictions, architecture or "", "out_of_fold")
        table[name] = table["task"].map(_errors(found, metric))
    alone = Predicted.of(predictions, own or "", "out_of_fold")
    compared = len(alone) > 0 and own != answer
    gained = gains(answered, alone, metric, problem, group) if compared else pd.DataFrame(columns=GAINS)
    for name in GAINS:
        table[name] = table["task"].astype(str).map(gained[name].astype(np.float64))
    table["q_value"] = benjamini_hochberg(table["p_value"].to_numpy())
    discovered = table["q_value"] < FALSE_DISCOVERIES
    table["helped"], table["harmed"] = discovered & (table["gain"] > 0), discovered & (table["gain"] < 0)
    return table[list(COLUMNS)].astype(COLUMNS)


@dataclass(frozen=True)
class Sharing:
    """What sharing does to tasks taken together.

    Attributes:
        gain: how many tasks have a lower error than by a model of their own.
        loss: how many have a higher one.
        tasks: how many have both errors.
        p_value: of Wilcoxon's signed-rank test over them; NaN of too few.
        balance: ranks of the gains less those of the losses, whose sign the test is about.
    """

    gain: int
    loss: int
    tasks: int
    p_value: float
    balance: float

    @property
    def shown(self) -> bool:
        """Whether sharing is shown to help, or to harm; not where most tasks and the larger changes disagree."""
        return self.p_value < SIGNIFICANT and (self.gain - self.loss) * self.balance > 0

    @property
    def helps(self) -> bool:
        """Whether gains outweigh losses."""
        return self.balance > 0


def sharing(table: pd.DataFrame) -> Sharing:
    """Of the table of `tasks.csv`: differences of errors over their sum, so that tasks of any scale count alike."""
    known = table[["error", "own_error"]].dropna().to_numpy(dtype=np.float64)
    known = known[known.sum(axis=1) > 0]
    gains = (known[:, 1] - known[:, 0]) / known.sum(axis=1)
    gain, loss = int((gains > 0).sum()), int((gains < 0).sum())
    return Sharing(gain, loss, len(gains), wilcoxon(gains), rank_balance(gains))


def benjamini_hochberg(p_values: FloatArray) -> FloatArray:
    """p-values, (m,), corrected so that rejecting those below q leaves a share q of false ones; NaN stays."""
    from scipy.stats import false_discovery_control  # half a second to import

    corrected = np.full(len(p_values), np.nan)
    known = ~np.isnan(p_values)
    if known.any():
        corrected[known] = false_discovery_control(p_values[known])
    return corrected


def _errors(predicted: Predicted, metric: str) -> dict[str, float]:
    names, task = np.unique(predicted.task.astype(str), return_inverse=True)
    if not len(predicted):
        return {}
    errors = error_by_task(metric_named(metric), predicted.target, predicted.prediction, task, predicted.weight)
    return dict(zip(names.tolist(), errors.tolist(), strict=True))


def gains(
    answered: Predicted, alone: Predicted, metric: str, problem: Problem, group: Mapping[int, int] | None = None
) -> pd.DataFrame:
    """Of each task, named by the index: what it gains in the mean of the rows that both predict, by a paired t-test.

    group: by row, as of `tasks_table`; the mean over a group's rows is one observation then.
    """
    losses = [pd.Series(row_losses(metric, problem, each), index=each.row) for each in (alone, answered)]
    weight = np.ones(len(answered)) if answered.weight is None else answered.weight
    both = pd.DataFrame({"task": answered.task.astype(str), "weight": weight}, index=answered.row)
    both["gain"] = losses[0] - losses[1]
    both = both.dropna()
    both["unit"] = both.index if group is None else both.index.map(group)
    both["weighted"] = both["weight"] * both["gain"]
    units = both.groupby(["task", "unit"])[["weight", "weighted"]].sum().reset_index()
    return _paired(units["task"], (units["weighted"] / units["weight"]).to_numpy(), units["weight"].to_numpy())


def _paired(task: pd.Series, gain: FloatArray, weight: FloatArray) -> pd.DataFrame:
    """By task: means, ends of intervals and p-values of independent observations, (n,) each.

    Unknown but for the means where there are too few. With weights the means are weighted, and the degrees of freedom
    are those of as many observations as would count alike (Kish 1965).
    """
    from scipy.stats import t

    place, names = pd.factorize(task)
    count, sums, squares, total = (
        np.bincount(place, each, minlength=len(names))
        for each in (np.ones(len(gain)), weight, weight**2, weight * gain)
    )
    mean = total / sums
    spread = np.bincount(place, (weight * (gain - mean[place])) ** 2, minlength=len(names))
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(spread * count / (count - 1)) / sums
        effective = sums**2 / squares
        enough = effective >= FEWEST_ROWS
        freedom = np.where(enough, effective - 1, 1.0)
        reach = t.ppf((1 + CONFIDENCE) / 2, freedom) * error
        p_value = 2 * t.sf(np.abs(mean) / error, freedom)
    p_value = np.where(error > 0, p_value, alike(mean, effective))
    known = [mean, *(np.where(enough, each, NOT_KNOWN) for each in (mean - reach, mean + reach, p_value))]
    return pd.DataFrame(dict(zip(GAINS, known, strict=True)), index=names)
