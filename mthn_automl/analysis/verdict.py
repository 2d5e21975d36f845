"""Whether metadata helped, in a sentence: they did, they did not, or what it would take to tell."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import pandas as pd

from mthn_automl.analysis.ablation import HELD_OUT, SIGNIFICANT, compared_group, is_better, is_worse
from mthn_automl.analysis.power import needed, standard_error
from mthn_automl.analysis.statistics import CONFIDENCE
from mthn_automl.tuning.ablation.names import BOTH, EMBEDDING_ONLY, PERMUTED, VARIANTS

MEANINGFUL: Final = 0.01
"""Share of the error below which metadata would not matter."""

MOST_MEANT: Final = 0.9
"""Share of the gain that is lost with permuted metadata, below which that is told."""

HOLD_OUT_SHARE: Final = 0.25
"""Validation rows over training rows of a hold-out of a fifth."""

FEW_FOLDS: Final = 5
"""Fewer leave so few degrees of freedom that a test of them shows next to nothing."""

PERMUTED_UNMEASURED: Final = "metadata permuted over tasks were not measured"
"""What the sentence ends with where only half of what tells was measured."""

Row = Mapping[Any, Any]
Word = Literal["helped", "hurt", "did not help", "cannot be told", "no metadata", "not measured"]


@dataclass(frozen=True)
class Verdict:
    """Whether metadata helped.

    Attributes:
        word: for machines.
        sentence: for people.
    """

    word: Word
    sentence: str


def metadata_verdict(table: pd.DataFrame, *, has_metadata: bool = True, test_share: float | None = None) -> Verdict:
    """Whether metadata helped, from `embedding_only` against `both`; `permuted` is told beside it.

    Args:
        table: of `ablation.csv`; its first architecture is told of, from settings of each variant's own where it has
            such.
        has_metadata: False where the data came without, which an empty table cannot tell.
        test_share: validation rows over training rows of a fold; None: as the number of folds has it.
    """
    if not has_metadata:
        return Verdict("no metadata", "No metadata were given or used, so nothing can be said about their worth.")
    rows = compared_group(table)
    without = rows.get(EMBEDDING_ONLY)
    if BOTH not in rows or without is None or not math.isfinite(without["difference"]):
        return Verdict("not measured", "Whether metadata helped was not measured.")
    both = rows[BOTH]
    word = _word(both, without)
    claim = f"{_claim(word, both, without)}{_permuted(word, rows.get(PERMUTED), without)}."
    more = _needed(rows, test_share) if word == "cannot be told" else ""
    return Verdict(word, f"{claim}{more}")


def _word(both: Row, without: Row) -> Word:
    if is_worse(without):
        return "helped"
    if is_better(without):
        return "hurt"
    return "did not help" if without["high"] < MEANINGFUL * abs(both["error"]) else "cannot be told"


def _claim(word: Word, both: Row, without: Row) -> str:
    name = both["architecture"]
    said = {
        "helped": f"Metadata helped the {name}",
        "hurt": f"Metadata hurt the {name}",
        "did not help": f"Metadata did not help the {name}: a gain of {MEANINGFUL:.0%} is ruled out",
    }.get(word, f"Whether metadata help the {name} cannot be told with this much data")
    tuned = ", each with settings of its own" if both["tuned"] else ""
    return (
        f"{said}: cross-validated error {both['error']:.4g} with them, {without['error']:.4g} without{tuned}"
        f"{_evidence(without)}"
    )


def _evidence(row: Row) -> str:
    """Difference, interval and p-value in brackets."""
    if math.isnan(row["p_value"]):
        return f" (difference {row['difference']:+.3g}, too few folds and seeds to test)"
    interval = f"95 % interval {row['low']:+.3g} to {row['high']:+.3g}"
    return f" (difference {row['difference']:+.3g}, {interval}, p = {row['p_value_holm']:.2g} after Holm)"


def _meaning(row: Row, without: Row) -> str:
    """How much of a gain comes from what the metadata say, rather than from their telling tasks apart."""
    if not is_worse(row):
        return ", so the gain need not come from what they say"
    share = row["difference"] / without["difference"]
    return f", which is {share:.0%} of the gain: the rest may come of any numbers" if share < MOST_MEANT else ""


def _permuted(word: Word, row: Row | None, without: Row) -> str:
    if row is None or not math.isfinite(row["difference"]):
        return f"; {PERMUTED_UNMEASURED}"
    worse = is_worse(row)
    meaning = _meaning(row, without) if word == "helped" else ""
    manner = "shown to be worse than" if worse else "not shown to be worse than"
    return f"; metadata permuted over tasks were {manner} the true ones{_evidence(row)}{meaning}"


def _needed(rows: Mapping[str, Row], test_share: float | None) -> str:
    """How much more would tell, for an effect of the size seen, or of a share of the error where that is more."""
    both, without = rows[BOTH], rows[EMBEDDING_ONLY]
    folds, seeds = int(without["folds"]), int(without["seeds"])
    if folds * seeds < 2:
        return " More folds, or `mthn-automl ablate RUN --seeds 5`, would let it be tested."
    share = test_share or (1 / (folds - 1) if folds > 1 else HOLD_OUT_SHARE)
    least = MEANINGFUL * abs(both["error"])
    effect = max(abs(without["difference"]), least)
    error = standard_error(without["low"], without["high"], folds, seeds, CONFIDENCE)
    if not error > 0 or not effect > 0:
        return ""
    family = sum(name in rows and bool(rows[name]["tuned"]) == bool(without["tuned"]) for name in VARIANTS[1:])
    found = needed(effect, error, folds, seeds, share, SIGNIFICANT / family)
    size = "the difference that they make" if effect > least else f"a difference of {MEANINGFUL:.0%} of the error"
    if found.times <= 1:
        return ""
    if found.seeds is not None and found.seeds > seeds:
        return (
            f" For {size} to be clear four times in five, {found.seeds} networks a fold would do "
            f"(`mthn-automl ablate RUN --seeds {found.seeds}`)."
        )
    folds_too = ", more folds would do with less" if 1 < folds < FEW_FOLDS else ""
    times = f"{found.times:.1f}" if found.times < 2 else f"{math.ceil(found.times):,}"
    unit = "tasks" if without["tasks"] == HELD_OUT else "rows"
    which = "" if without["tasks"] == HELD_OUT else ", of the same tasks or of further ones like them"
    return (
        f" For {size} to be clear four times in five, about {times} times as many {unit} would be needed{which}; "
        f"more seeds alone would not do{folds_too}."
    )
