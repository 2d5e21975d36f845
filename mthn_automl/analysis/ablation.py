"""What the metadata are worth: the same model with and without them, on the same folds and seeds."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from mthn_automl.analysis.leaderboard import fold_standard_error
from mthn_automl.analysis.statistics import corrected_resampled_t_test, holm
from mthn_automl.data.arrays import FloatArray
from mthn_automl.errors import RunError
from mthn_automl.tuning.ablation.names import BOTH, EMBEDDING_ONLY, NOISE, PERMUTED, VARIANTS

COLUMNS: Final[dict[str, str]] = {
    "architecture": "str",
    "variant": "str",
    "tasks": "str",
    "tuned": "bool",
    "changed": "str",
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
SEEN: Final = "seen"
HELD_OUT: Final = "held out"
Tasks = Literal["seen", "held out"]
UNCHANGED: Final = "none"
"""Of the settings of the best trial, in the column `changed`."""

OWN: Final = "all"
"""Likewise, where a variant has settings of its own."""


def empty_ablation() -> pd.DataFrame:
    """The table of `ablation.csv` where nothing was ablated: columns, no rows."""
    return pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS)


def ablation_table(
    architecture: str,
    results: Mapping[str, FloatArray],
    test_share: float,
    *,
    tasks: Tasks = "seen",
    tuned: bool = False,
    changed: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Rows of `ablation.csv`: the variant `both`, then the others in the order given.

    error: mean over folds and seeds. se: over folds, of the mean over seeds. difference: variant - both, so that
    above zero the variant is worse; paired over folds and seeds, with the corrected resampled t-test's interval and
    p-value, and that p-value after Holm's correction. It is corrected over the variants of the whole metadata, and
    over those of single columns with the one of noise: so the verdict does not fade as more columns are asked about.

    Args:
        results: (folds, seeds) errors of single networks by variant, all of one shape.
        test_share: validation rows over training rows of one fold.
        tasks: whether those of a fold's validation rows were seen in training.
        tuned: whether each variant has settings of its own.
        changed: by variant, which settings of the best trial were changed so that it looks at what it is about.

    Raises:
        RunError: `both` is missing, or a variant has other folds or seeds.
    """
    both = results.get(BOTH)
    if both is None:
        raise RunError(f"An ablation needs the variant 'both', however there are only: {', '.join(results)}.")
    rest = [name for name in results if name != BOTH]
    rows = [_row(BOTH, both) | {"difference": 0.0}]
    rows += [_row(name, results[name]) | _compared(name, results[name], both, test_share) for name in rest]
    told = {"architecture": architecture, "tasks": tasks, "tuned": tuned}
    usual = OWN if tuned else UNCHANGED
    rows = [told | row | {"changed": (changed or {}).get(row["variant"]) or usual} for row in rows]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    return _corrected(table)


def _corrected(table: pd.DataFrame) -> pd.DataFrame:
    """With p-values corrected over each family: of one architecture, kind of tasks and of tuning."""
    whole = table["variant"].isin(VARIANTS)
    families = table.groupby(["architecture", "tasks", "tuned", whole], sort=False)["p_value"]
    return table.assign(p_value_holm=families.transform(lambda p_values: holm(p_values.to_numpy())))


def joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One table of those of several architectures, or kinds of tasks."""
    return pd.concat(tables, ignore_index=True).astype(COLUMNS) if tables else empty_ablation()


def _row(variant: str, errors: FloatArray) -> dict[str, Any]:
    folds, seeds = errors.shape
    return {
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


def beside(made: pd.DataFrame, old: pd.DataFrame) -> pd.DataFrame:
    """The table after an ablation was made again: nothing that was known before is lost.

    Of a row that both have the one of more seeds stays, of equals the new one. The architecture that gives the verdict
    stays the first. p-values are corrected anew, over all that has been asked by now.
    """
    if made.empty or old.empty:
        return old if made.empty else made
    rows = pd.concat([made, old], ignore_index=True).sort_values("seeds", ascending=False, kind="stable")
    rows = rows.drop_duplicates(["architecture", "variant", "tasks", "tuned"])
    first = old.iloc[0]
    names = list(dict.fromkeys([*old["architecture"], *made["architecture"]]))
    variants = list(dict.fromkeys([*VARIANTS, NOISE, *old["variant"], *made["variant"]]))
    order = [
        (names.index(row["architecture"]), row["tasks"] != first["tasks"], row["tuned"], variants.index(row["variant"]))
        for row in rows.to_dict("records")
    ]
    return _corrected(rows.iloc[sorted(range(len(rows)), key=order.__getitem__)].reset_index(drop=True))


def is_worse(row: Mapping[Any, Any]) -> bool:
    """Whether a variant is shown to have a higher error than the full model."""
    return bool(row["p_value_holm"] < SIGNIFICANT and row["difference"] > 0)


def is_better(row: Mapping[Any, Any]) -> bool:
    """Whether a variant is shown to have a lower error than the full model."""
    return bool(row["p_value_holm"] < SIGNIFICANT and row["difference"] < 0)


def compared_group(table: pd.DataFrame) -> dict[str, dict[Any, Any]]:
    """By variant, the rows that the verdict is about: of the first architecture, re-tuned where that was done."""
    if table.empty:
        return {}
    first = table[(table["architecture"] == table["architecture"].iloc[0]) & (table["tasks"] == table["tasks"].iloc[0])]
    groups = [first[first["tuned"]], first[~first["tuned"]]]
    rows = [{str(row["variant"]): row for row in each.to_dict("records")} for each in groups]
    told = next((each for each in rows if {BOTH, EMBEDDING_ONLY} <= each.keys() and _known(each)), rows[1])
    return {**{name: row for name, row in rows[1].items() if name == PERMUTED}, **told}


def _known(rows: Mapping[str, Mapping[Any, Any]]) -> bool:
    return bool(np.isfinite(rows[EMBEDDING_ONLY]["difference"]))
