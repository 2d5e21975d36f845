"""Task by task: the answer beside a model of the task's own and the best classical one, and whom sharing harms."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from mthn_automl.analysis.predicted import Predicted, row_losses
from mthn_automl.analysis.statistics import CONFIDENCE, NOT_KNOWN, wilcoxon
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
) -> pd.DataFrame:
    """The table of `tasks.csv`: a row a task, in the order of the data, then those of which there are test rows alone.

    error, own_error, classical_error: over the task's out-of-fold rows. gain: what a row's loss is lower by than that
    of a model of the task's own, in the mean of its out-of-fold rows, with the paired t-test's 95 % interval; above
    zero, sharing has helped. q_value: the p-value after Benjamini and Hochberg's correction over the tasks (1995).

    Args:
        predictions: as in `predictions.parquet`.
        rows: of training, by task.
        answer: the architecture, or `ensemble`, whose errors are told.
        own: what learns each task by itself; nothing is compared where it has no predictions.
        classical: the best of the classical ones; None: there is none.
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
    gained = gains(answered, alone, metric, problem) if compared else pd.DataFrame(columns=GAINS)
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
        tasks: how many have both errors.
        p_value: of Wilcoxon's signed-rank test over them; NaN of too few.
    """

    gain: int
    tasks: int
    p_value: float

    @property
    def shown(self) -> bool:
        """Whether sharing is shown to help most tasks or to harm most."""
        return self.p_value < SIGNIFICANT and 2 * self.gain != self.tasks

    @property
    def helps(self) -> bool:
        """Whether more tasks gain than lose."""
        return 2 * self.gain > self.tasks


def sharing(table: pd.DataFrame) -> Sharing:
    """Of the table of `tasks.csv`: differences of errors over their sum, so that tasks of any scale count alike."""
    known = table[["error", "own_error"]].dropna().to_numpy(dtype=np.float64)
    known = known[known.sum(axis=1) > 0]
    gains = (known[:, 1] - known[:, 0]) / known.sum(axis=1)
    return Sharing(int((gains > 0).sum()), len(gains), wilcoxon(gains))


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


def gains(answered: Predicted, alone: Predicted, metric: str, problem: Problem) -> pd.DataFrame:
    """Of each task, named by the index: what it gains in the mean of the rows that both predict, by a paired t-test."""
    losses = [pd.Series(row_losses(metric, problem, each), index=each.row) for each in (alone, answered)]
    both = pd.DataFrame({"task": pd.Series(answered.task.astype(str), index=answered.row)})
    both["gain"] = losses[0] - losses[1]
    by_task = both.dropna().groupby("task")["gain"].agg(["count", "mean", "std"])
    return pd.DataFrame(
        dict(zip(GAINS, _paired(*(by_task[name].to_numpy() for name in by_task)), strict=True)), index=by_task.index
    )


def _paired(count: FloatArray, mean: FloatArray, deviation: FloatArray) -> tuple[FloatArray, ...]:
    """Means, ends of intervals and p-values of independent rows; unknown but for the means where there are too few."""
    from scipy.stats import t

    enough = count >= FEWEST_ROWS
    freedom = np.where(enough, count - 1, 1.0)
    error = deviation / np.sqrt(count)
    reach = t.ppf((1 + CONFIDENCE) / 2, freedom) * error
    with np.errstate(divide="ignore", invalid="ignore"):
        p_value = 2 * t.sf(np.abs(mean) / error, freedom)
    p_value = np.where(error > 0, p_value, np.where(mean == 0, 1.0, 0.0))
    return mean, *(np.where(enough, each, NOT_KNOWN) for each in (mean - reach, mean + reach, p_value))
