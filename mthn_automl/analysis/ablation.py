"""What the metadata are worth: the same model with and without them, on the same folds and seeds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import pandas as pd

from mthn_automl.analysis.leaderboard import fold_standard_error
from mthn_automl.analysis.statistics import corrected_resampled_t_test, holm
from mthn_automl.data.arrays import FloatArray
from mthn_automl.errors import RunError

COLUMNS: Final[dict[str, str]] = {
    "architecture": "str",
    "variant": "str",
    "error": "float64",
    "se": "float64",
    "difference": "float64",
    "low": "float64",
    "high": "float64",
    "p_value": "float64",
    "p_value_holm": "float64",
    "folds": "int64",
    "seeds": "int64",
}
SIGNIFICANT: Final = 0.05
Word = Literal["helped", "hurt", "no difference shown", "no metadata", "not measured"]


@dataclass(frozen=True)
class Verdict:
    """Whether metadata helped.

    Attributes:
        word: for machines.
        sentence: for people.
    """

    word: Word
    sentence: str


def empty_ablation() -> pd.DataFrame:
    """The table of `ablation.csv` where nothing was ablated: columns, no rows."""
    return pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS)


def ablation_table(architecture: str, results: Mapping[str, FloatArray], test_share: float) -> pd.DataFrame:
    """The table of `ablation.csv`: the variant `both`, then the others in the order given.

    error: mean over folds and seeds. se: over folds, of the mean over seeds. difference: variant - both, so that
    above zero the variant is worse; paired over folds and seeds, with the corrected resampled t-test's interval and
    p-value, and that p-value after Holm's correction over the variants.

    Args:
        results: (folds, seeds) errors of single networks by variant, all of one shape.
        test_share: validation rows over training rows of one fold.

    Raises:
        RunError: `both` is missing, or a variant has other folds or seeds.
    """
    both = results.get("both")
    if both is None:
        raise RunError(f"An ablation needs the variant 'both', however there are only: {', '.join(results)}.")
    rest = [name for name in results if name != "both"]
    rows = [_row(architecture, "both", both) | {"difference": 0.0}]
    rows += [
        _row(architecture, name, results[name]) | _compared(name, results[name], both, test_share) for name in rest
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    table["p_value_holm"] = holm(table["p_value"].to_numpy())
    return table


def _row(architecture: str, variant: str, errors: FloatArray) -> dict[str, Any]:
    folds, seeds = errors.shape
    return {
        "architecture": architecture,
        "variant": variant,
        "error": float(errors.mean()),
        "se": fold_standard_error(errors.mean(axis=1).tolist()),
        "folds": folds,
        "seeds": seeds,
    }


def _compared(variant: str, errors: FloatArray, both: FloatArray, test_share: float) -> dict[str, float]:
    if errors.shape != both.shape:
        raise RunError(
            f"Variants are compared on the same folds and seeds, however '{variant}' has {errors.shape} "
            f"and 'both' {both.shape}."
        )
    paired = corrected_resampled_t_test((errors - both).ravel(), test_share)
    return {"difference": paired.difference, "low": paired.low, "high": paired.high, "p_value": paired.p_value}


def metadata_verdict(table: pd.DataFrame, *, has_metadata: bool = True) -> Verdict:
    """Whether metadata helped, from `embedding_only` against `both`; `permuted` is told beside it.

    Args:
        table: as `ablation_table` gives it.
        has_metadata: False where the data came without, which an empty table cannot tell.
    """
    if not has_metadata:
        return Verdict("no metadata", "No metadata were given or used, so nothing can be said about their worth.")
    rows = {str(row["variant"]): row for row in table.to_dict("records")}
    without = rows.get("embedding_only")
    if "both" not in rows or without is None or not math.isfinite(without["difference"]):
        return Verdict("not measured", "Whether metadata helped was not measured.")
    word = _word(without)
    return Verdict(word, f"{_claim(word, rows['both'], without)}{_permuted(word, rows.get('permuted'))}.")


def _word(without: Mapping[Any, Any]) -> Word:
    if not without["p_value_holm"] < SIGNIFICANT:  # also where it is NaN
        return "no difference shown"
    return "helped" if without["difference"] > 0 else "hurt"


def _claim(word: Word, both: Mapping[Any, Any], without: Mapping[Any, Any]) -> str:
    said = {"helped": "Metadata helped", "hurt": "Metadata hurt"}.get(word, "Metadata were not shown to help or hurt")
    return (
        f"{said} the {both['architecture']}: cross-validated error {both['error']:.4g} with them, "
        f"{without['error']:.4g} without{_evidence(without)}"
    )


def _evidence(row: Mapping[Any, Any]) -> str:
    """Difference, interval and p-value in brackets."""
    if math.isnan(row["p_value"]):
        return f" (difference {row['difference']:+.3g}, too few folds and seeds to test)"
    interval = f"95 % interval {row['low']:+.3g} to {row['high']:+.3g}"
    return f" (difference {row['difference']:+.3g}, {interval}, p = {row['p_value_holm']:.2g} after Holm)"


def _permuted(word: Word, row: Mapping[Any, Any] | None) -> str:
    if row is None or not math.isfinite(row["difference"]):
        return "; metadata permuted over tasks were not measured"
    worse = row["p_value_holm"] < SIGNIFICANT and row["difference"] > 0
    meaning = ", so the gain need not come from what they say" if word == "helped" and not worse else ""
    manner = "shown to be worse than" if worse else "not shown to be worse than"
    return f"; metadata permuted over tasks were {manner} the true ones{_evidence(row)}{meaning}"
