"""From stored cells to what they show: means over splits, ratios, ranks, tests and intervals. Nothing is drawn here.

A table of cells is that of `accuracy_cells.table`. Lower errors are better, and ratios are ours over the other's. Sets
count alike; their number is small, and a difference that is not shown is not shown to be none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from accuracy_cells import ROOTED
from scipy.stats import friedmanchisquare, studentized_range, t, wilcoxon

from mthn_automl.analysis.statistics import Paired, corrected_resampled_t_test, holm
from mthn_automl.data.arrays import FloatArray

LEVEL: Final = 0.05
RESAMPLES: Final = 2000


@dataclass(frozen=True)
class Against:
    """Ours against one rival over the sets on which both have all splits.

    Attributes:
        rival: its name.
        sets: how many there are.
        ratio: geometric mean of ours over the rival's.
        worst, worst_set: the largest ratio.
        wins, losses: sets with the smaller and with the larger mean.
        p_value: of Wilcoxon's signed-rank test on the logarithms of the ratios; NaN for fewer than two sets.
        p_holm: corrected for the number of rivals.
        better, worse: sets on which the corrected resampled t-test over splits shows it, corrected for the sets.
    """

    rival: str
    sets: int
    ratio: float
    worst: float
    worst_set: str
    wins: int
    losses: int
    p_value: float
    p_holm: float
    better: int
    worse: int


@dataclass(frozen=True)
class Ranks:
    """Mean ranks over sets (Demsar, Statistical Comparisons of Classifiers over Multiple Data Sets, JMLR 2006).

    Attributes:
        mean: by method, the best first.
        sets: over which they are taken.
        p_value: of Friedman's test that all methods are alike; NaN for fewer than three methods or two sets.
        critical: by how much two mean ranks must differ to be shown to (Nemenyi's test, 5 %).
        groups: methods, from the first to the last one, whose mean ranks are within that of each other.
    """

    mean: pd.Series
    sets: list[str]
    p_value: float
    critical: float
    groups: list[tuple[str, str]]


def means(cells: pd.DataFrame, splits: Sequence[int], column: str = "error") -> pd.DataFrame:
    """(sets, methods): the mean over the splits; NaN where one is missing or failed."""
    rows = cells[cells["split"].isin(list(splits)) & cells[column].notna()]
    grouped = rows.groupby(["dataset", "method"])[column].agg(["mean", "count"])
    return grouped["mean"].where(grouped["count"] == len(set(splits))).astype(float).unstack()


def against(cells: pd.DataFrame, splits: Sequence[int], ours: str, rivals: Sequence[str]) -> list[Against]:
    """The most dangerous rival first: the one with the largest ratio over most sets."""
    table = means(cells, splits)
    found = [_against(cells, splits, table, ours, rival) for rival in rivals if {ours, rival} <= set(table.columns)]
    corrected = holm([each.p_value for each in found])
    found = [Against(**{**vars(each), "p_holm": float(p)}) for each, p in zip(found, corrected, strict=True)]
    return sorted((each for each in found if each.sets), key=lambda each: (-each.sets, -each.ratio))


def _against(cells: pd.DataFrame, splits: Sequence[int], table: pd.DataFrame, ours: str, rival: str) -> Against:
    ratios = (table[ours] / table[rival]).dropna()
    if ratios.empty:
        return Against(rival, 0, np.nan, np.nan, "", 0, 0, np.nan, np.nan, 0, 0)
    logs = np.log(ratios.to_numpy(dtype=float))
    p_value = float(wilcoxon(logs).pvalue) if len(logs) > 1 and np.any(logs != 0) else np.nan
    shown = [split_test(cells, str(name), splits, ours, rival) for name in ratios.index]
    significant = holm([each.p_value for each in shown]) < LEVEL
    signs = np.array([np.sign(each.difference) for each in shown])
    return Against(
        rival,
        len(ratios),
        float(np.exp(logs.mean())),
        float(ratios.max()),
        str(ratios.idxmax()),
        int((logs < 0).sum()),
        int((logs > 0).sum()),
        p_value,
        p_value,
        int((significant & (signs < 0)).sum()),
        int((significant & (signs > 0)).sum()),
    )


def split_test(cells: pd.DataFrame, dataset: str, splits: Sequence[int], ours: str, rival: str) -> Paired:
    """Whether errors on the splits of one set differ (Nadeau and Bengio 2003)."""
    rows = cells[(cells["dataset"] == dataset) & cells["split"].isin(list(splits))]
    errors = rows.pivot(index="split", columns="method", values="error").astype(float)
    share = float((rows["test_rows"].astype(float) / rows["rows"].astype(float)).mean())
    return corrected_resampled_t_test((errors[ours] - errors[rival]).to_numpy(), share)


def over_best(table: pd.DataFrame, ours: str, rivals: Sequence[str]) -> pd.DataFrame:
    """(sets): columns `rival`, the best of those there are, and `ratio`; sets without ours or any rival are left out.

    The best of several is chosen by the errors that are compared, which favours the rivals.
    """
    known = table[[name for name in rivals if name in table.columns]].dropna(how="all")
    found = pd.DataFrame({"rival": known.idxmin(axis=1), "ratio": table.loc[known.index, ours] / known.min(axis=1)})
    return found.dropna(subset=["ratio"])


def geometric_mean(ratios: pd.Series) -> float:
    return float(np.exp(np.log(ratios.astype(float)).mean())) if len(ratios) else float("nan")


def ranks(table: pd.DataFrame, failed: pd.DataFrame, methods: Sequence[str]) -> Ranks | None:
    """Mean ranks of the methods over the sets on which each has an error or a failure, which ranks last.

    Args:
        table: (sets, methods) errors.
        failed: (sets, methods) whether a split of it failed.
        methods: those to rank; None is returned where there are fewer than two, or no set.
    """
    errors = table.reindex(columns=list(methods)).astype(float)
    lost = failed.reindex(index=errors.index, columns=errors.columns, fill_value=False).fillna(False).astype(bool)
    errors = errors.mask(lost, np.inf).dropna()
    if len(methods) < 2 or errors.empty:
        return None
    each = errors.rank(axis=1)
    mean = each.mean().sort_values()
    testable = len(methods) > 2 and len(each) > 1
    p_value = float(friedmanchisquare(*each.to_numpy().T).pvalue) if testable else float("nan")
    critical = critical_difference(len(methods), len(each))
    return Ranks(mean, [str(name) for name in each.index], p_value, critical, groups(mean, critical))


def critical_difference(methods: int, sets: int) -> float:
    """Nemenyi's: q sqrt(k (k + 1) / (6 N)) for k methods on N sets, 5 %."""
    q = float(studentized_range.ppf(1 - LEVEL, methods, np.inf)) / np.sqrt(2)
    return float(q * np.sqrt(methods * (methods + 1) / (6 * sets)))


def groups(mean: pd.Series, critical: float) -> list[tuple[str, str]]:
    """The longest runs of sorted mean ranks from whose first to whose last it is not further than `critical`."""
    found: list[tuple[int, int]] = []
    values = mean.to_numpy(dtype=float)
    for first in range(len(values)):
        last = int(np.flatnonzero(values <= values[first] + critical).max())
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return [(str(mean.index[first]), str(mean.index[last])) for first, last in found]


def ratio_interval(
    pairs: Sequence[tuple[np.ndarray, np.ndarray]], metric: str, *, seed: int = 0, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of the ratio of two mean errors, paired: tasks are drawn with their rows.

    Args:
        pairs: a split each, losses of ours and of the other, of `accuracy_cells.LOSSES` and of the same rows.
        metric: by which the mean loss becomes an error.

    Raises:
        ValueError: other rows.
    """
    count = 1 + max(int(ours["task"].max()) for ours, _ in pairs)
    ratios_of = [np.zeros(resamples), np.zeros(resamples)]
    present = np.unique(np.concatenate([ours["task"] for ours, _ in pairs]))
    rng = np.random.default_rng(seed)
    drawn = np.zeros((resamples, count))
    drawn[:, present] = rng.multinomial(len(present), np.full(len(present), 1 / len(present)), size=resamples)
    for ours, other in pairs:
        if not np.array_equal(ours["row"], other["row"]):
            raise ValueError("Both methods must have been tested on the same rows, however they were not.")
        rows = drawn @ np.bincount(ours["task"], minlength=count)
        for which, losses in enumerate((ours, other)):
            sums = drawn @ np.bincount(losses["task"], weights=losses["loss"], minlength=count)
            with np.errstate(invalid="ignore"):
                mean = sums / rows
            ratios_of[which] += np.sqrt(mean) if metric in ROOTED else mean
    with np.errstate(invalid="ignore"):
        ratio = ratios_of[0] / ratios_of[1]
    low, high = np.quantile(ratio[np.isfinite(ratio)], [LEVEL / 2, 1 - LEVEL / 2])
    return float(low), float(high)


def optimism(cells: pd.DataFrame, splits: Sequence[int], methods: Sequence[str]) -> pd.DataFrame:
    """(sets, methods) of the mean over splits of log(test error / stated cross-validated error); above 0: too rosy."""
    rows = cells[cells["method"].isin(list(methods)) & cells["cv_error"].notna() & cells["error"].notna()]
    logs = np.log(rows["error"].astype(float) / rows["cv_error"].astype(float))
    return means(rows.assign(log=logs), splits, "log").reindex(columns=list(methods))


def mean_with_interval(values: FloatArray | Sequence[float]) -> Paired:
    """The mean over sets and its 95 % interval by Student's t; NaN where there are fewer than two."""
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)]
    mean = float(known.mean()) if len(known) else float("nan")
    if len(known) < 2:
        return Paired(mean, float("nan"), float("nan"), float("nan"))
    error = float(known.std(ddof=1) / np.sqrt(len(known)))
    reach = float(t.ppf(1 - LEVEL / 2, len(known) - 1)) * error
    p_value = float(2 * t.sf(abs(mean) / error, len(known) - 1)) if error else float(mean == 0)
    return Paired(mean, mean - reach, mean + reach, p_value)


def soonest(
    cells: pd.DataFrame, splits: Sequence[int], ours: str, rival: str, *, at: float, within: float
) -> pd.Series:
    """(sets) the least seconds of ours at which its mean error is within a share of the rival's after `at` seconds.

    Infinite where no budget that was run is enough; sets without the rival or without ours are left out.

    Args:
        cells: of all budgets.
    """
    target = means(cells[(cells["method"] == rival) & (cells["seconds"] == at)], splits)
    mine = cells[cells["method"] == ours]
    found: dict[str, float] = {}
    for seconds, rows in mine.groupby("seconds"):
        errors = means(rows, splits).get(ours, pd.Series(dtype=float)).dropna()
        for name, error in errors.items():
            if rival not in target or not target[rival].get(name, np.nan) > 0:
                continue
            enough = error <= (1 + within) * target.loc[name, rival]
            found[str(name)] = min(found.get(str(name), np.inf), float(seconds) if enough else np.inf)
    return pd.Series(found, dtype=float).sort_index()
