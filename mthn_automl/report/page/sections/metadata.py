"""What the metadata are worth."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pandas as pd

from mthn_automl import catalogue
from mthn_automl.analysis.ablation import HELD_OUT, SEEN, UNCHANGED, is_better, is_worse
from mthn_automl.analysis.verdict import PERMUTED_UNMEASURED
from mthn_automl.data.names import counted, listed
from mthn_automl.report.page.section import METADATA, Found, Listing, Section
from mthn_automl.report.theme import spoken
from mthn_automl.report.wording import digits, joined
from mthn_automl.tuning.ablation.names import BOTH, EMBEDDING_ONLY, METADATA_ONLY, NOISE, ONLY, PERMUTED, WITHOUT

ORDER: Final = 3
MOST_COLUMNS: Final = 12
"""Columns of the metadata of which a sentence is made; the table tells of the others."""

OTHER_VARIANTS: Final = {
    PERMUTED: "the metadata of other tasks (`permuted`)",
    METADATA_ONLY: "no embeddings (`metadata only`)",
    NOISE: "a column of noise",
}

PICTURES: Final = ("ablation", "columns", "ablation_new_tasks", "ablation_others")

DESCRIBED: Final = {
    EMBEDDING_ONLY: "without the metadata (`embedding only`)",
    METADATA_ONLY: "without embeddings (`metadata only`)",
    PERMUTED: "with the metadata of other tasks (`permuted`)",
    WITHOUT: "with a column left out (`without`)",
    ONLY: "with a column alone (`only`)",
    NOISE: "with one more column of `noise`, which shows what any meaningless column does",
}

LOOKED_AT: Final = {METADATA_ONLY: "the metadata", EMBEDDING_ONLY: "the task"}

Row = Mapping[Any, Any]


def section(found: Found) -> Section | None:
    """The ablation; None where there are no metadata."""
    if found.summary["metadata_verdict"] == "no metadata":
        return None
    table = found.table("ablation")
    verdict = str(found.summary["metadata_sentence"])
    if table.empty:
        return Section("Metadata", (verdict,))
    told = (
        verdict,
        *_alone(table),
        *_columns(table),
        *_others(table),
        *_how(table),
        *_full_models(table),
        *_beside_leaderboard(found, table),
        *_left_out(found, table),
    )
    return Section("Metadata", told, PICTURES, (Listing("Ablation", table, "ablation.csv"),))


def _rows(table: pd.DataFrame, **like: Any) -> dict[str, Row]:
    """By variant, those with such values."""
    for name, value in like.items():
        table = table[table[name] == value]
    return {str(row["variant"]): row for row in table.to_dict("records")}


def _as_tuned(table: pd.DataFrame) -> dict[str, Row]:
    """Of the architecture that gives the verdict, at the settings of its best trial."""
    return _rows(table, architecture=table["architecture"].iloc[0], tasks=table["tasks"].iloc[0], tuned=False)


def _how(table: pd.DataFrame) -> Iterator[str]:
    """What the variants of the table are, by the kinds of them."""
    kinds = {str(each).partition(":")[0] for each in table["variant"]}
    made = [told for kind, told in DESCRIBED.items() if kind in kinds]
    if made:
        yield (
            "Each variant was trained in the same folds from the same seeds as the full model (`both`): "
            f"{joined(made)}."
        )


def _alone(table: pd.DataFrame) -> Iterator[str]:
    """What the embeddings are worth beside the metadata."""
    row = _as_tuned(table).get(METADATA_ONLY)
    if row is not None and _known(row):
        yield f"From the metadata alone, with nothing that is learnt of each task, {_change(row)}."


def _full_models(table: pd.DataFrame) -> Iterator[str]:
    """Of architectures whose best trial does not look at both, which is said once, for known tasks or for all."""
    for name in table["architecture"].unique():
        rows = _rows(table, architecture=name, tasks=table["tasks"].iloc[0], tuned=False)
        if BOTH in rows and rows[BOTH]["changed"] != UNCHANGED:
            own = _looks_at(rows)
            looks = (
                "does not look at both" if own is None else f"looks at {LOOKED_AT[own]} alone, and is `{_plain(own)}`"
            )
            yield f"The best trial of {name} {looks}; its full model has `{rows[BOTH]['changed']}` instead."


def _looks_at(rows: Mapping[str, Row]) -> str | None:
    """The variant that the best trial is where that is not the full model; None: the full model, or not known."""
    if BOTH not in rows or rows[BOTH]["changed"] == UNCHANGED:
        return None
    return next((each for each in LOOKED_AT if each in rows and rows[each]["changed"] == UNCHANGED), None)


def _plain(variant: str) -> str:
    return variant.replace("_", " ")


def _columns(table: pd.DataFrame) -> Iterator[str]:
    """A sentence a column that is left out, those that matter most first; what noise does; what is not known."""
    rows = _as_tuned(table)
    without = {name: row for name, row in _of(WITHOUT, rows).items() if _known(row)}
    order = sorted(without, key=lambda name: -without[name]["difference"])
    sentences = [f"without `{name}` {_change(without[name])}" for name in order[:MOST_COLUMNS]]
    if NOISE in rows and _known(rows[NOISE]):
        sentences.append(f"with a column of noise added {_change(rows[NOISE])}")
    if sentences:
        told = "; ".join(sentences)
        stand_in = (
            " The embeddings and the other columns may stand in for a column that is left out, so that a small "
            "difference does not say that the column means nothing."
        )
        yield f"{told[0].upper()}{told[1:]}.{stand_in if without else ''}"
    unknown = [f"`{name}`" for name, row in rows.items() if not math.isfinite(row["difference"])]
    if unknown:
        yield f"What differs from the full model is not known of {', '.join(unknown)}."


def _of(kind: str, rows: Mapping[str, Row]) -> dict[str, Row]:
    """By the column that was left out, or alone."""
    return {name.partition(":")[2]: row for name, row in rows.items() if name.partition(":")[0] == kind}


def _full(row: Row) -> float:
    """The error of the full model in the same folds from the same seeds; rows may differ in how many seeds that is."""
    return float(row["error"] - row["difference"])


def _known(row: Row) -> bool:
    return math.isfinite(row["difference"]) and _full(row) > 0


def _change(row: Row) -> str:
    """`the error is 4 % higher (1 to 7 %)`."""
    change, low, high = (100 * row[name] / _full(row) for name in ("difference", "low", "high"))
    more = "higher" if change >= 0 else "lower"
    sign = 1 if change >= 0 else -1
    ends = sorted((sign * low, sign * high))
    interval = "" if pd.isna(low) else f" ({_percent(ends[0])} to {_percent(ends[1])} %)"
    apart = math.isfinite(low) and (low > 0 or high < 0)
    chance = ", which may be chance among as many comparisons" if apart else ", which may be chance"
    shown = "" if is_worse(row) or is_better(row) else chance
    return f"the error is {_percent(abs(change))} % {more}{interval}{shown}"


def _percent(number: float) -> str:
    return f"{number:.2g}" if abs(number) < 99.5 else f"{number:.0f}"


def _others(table: pd.DataFrame) -> Iterator[str]:
    """What it is for tasks never seen, and for further architectures."""
    first = table["architecture"].iloc[0]
    for name in table["architecture"].unique():
        for tasks in (SEEN, HELD_OUT):
            if name == first and tasks == table["tasks"].iloc[0]:
                continue
            rows = _rows(table, architecture=name, tasks=tasks, tuned=False)
            without = rows.get(EMBEDDING_ONLY)
            if without is not None:
                of = "For tasks never seen" if tasks == HELD_OUT else "For known tasks"
                alone = rows[METADATA_ONLY] if _looks_at(rows) == METADATA_ONLY else None
                known = _known(without) and (alone is None or _known(alone))
                change = _change(without) if known else "what changes is not known"
                alone = alone if known else None
                yield f"{of}, without the metadata {change if alone is None else _apart(without, alone)} ({name})."


def _apart(row: Row, other: Row) -> str:
    """From a variant that is not the full model, to which alone differences are tested."""
    errors = f"{digits(row['error'])} in place of {digits(other['error'])}"
    return f"the error is {errors} with them alone, as the best trial has it; how sure that is was not tested"


def _beside_leaderboard(found: Found, table: pd.DataFrame) -> Iterator[str]:
    """Why the error of the full model is another one than that of the leaderboard."""
    rows, ranked = _as_tuned(table), found.table("leaderboard")
    both, own = rows.get(BOTH), _looks_at(rows)
    if both is None or ranked.empty or (own is None and both["changed"] != UNCHANGED):
        return
    as_ranked, what = (both, "full model") if own is None else (rows[own], f"best trial (`{_plain(own)}`)")
    same = ranked[ranked["architecture"] == both["architecture"]]
    if len(same) and pd.notna(same["cv_error"].iloc[0]):
        there = same.iloc[0]
        lucky = "the lowest of all its trials, which is lucky in part, and " if there["trials"] > 1 else ""
        of_networks = both["architecture"] in catalogue.names("neural") and found.summary["seeds"] > 1
        over = "the error of the mean of a fold's networks over all rows" if of_networks else "the error over all rows"
        single = "those of single networks in the mean" if of_networks else "in the mean"
        name = spoken(found.metric, found.average)
        yield (
            f"The {what} has {name} {digits(as_ranked['error'])} here and {digits(there['cv_error'])} "
            f"in the leaderboard: that is {lucky}{over}; here the same settings are trained anew from other seeds, "
            f"and errors are {single} of the folds. So only the differences between variants tell."
        )


def _left_out(found: Found, table: pd.DataFrame) -> Iterator[str]:
    """What the run had no time for."""
    rows = _as_tuned(table)
    said = {PERMUTED} if PERMUTED_UNMEASURED in str(found.summary["metadata_sentence"]) else set()
    missing = [told for name, told in OTHER_VARIANTS.items() if name not in rows and name not in said]
    missing += [
        *_single_columns(found, _of(WITHOUT, rows), "left out"),
        *_single_columns(found, _of(ONLY, rows), "alone"),
    ]
    missing += [] if table["tuned"].any() else ["settings of each variant's own"]
    missing += [] if (table["tasks"] == HELD_OUT).any() else ["tasks never seen"]
    known = table.loc[table["difference"].notna() & (table["variant"] != BOTH), "architecture"]
    others = sorted(found.architectures - set(known))
    if others:
        yield f"Part of the answer, and not measured here or without metadata: {joined(others)}."
    if missing:
        of = f" of the {table['architecture'].iloc[0]}" if table["architecture"].nunique() > 1 else ""
        yield f"Not measured here{of}: {', '.join(missing)}. `mthn-automl ablate RUN` measures what can be."


def _single_columns(found: Found, fitted: Mapping[str, Row], how: str) -> Iterator[str]:
    """Columns that were not left out, or alone; by name where the table of embeddings, which has them, tells them."""
    count = found.summary["data"]["metadata"] - len(fitted)
    if count <= 0 or found.summary["data"]["metadata"] < 2:  # a single column is all the metadata
        return
    names = [str(each).removeprefix(METADATA) for each in found.table("embeddings") if str(each).startswith(METADATA)]
    left = [name for name in names if name not in fitted]
    named = f" ({listed(left)})" if len(left) == count else ""
    yield f"{count} of {counted(found.summary['data']['metadata'], 'single column')} {how}{named}"
