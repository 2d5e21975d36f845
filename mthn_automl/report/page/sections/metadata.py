"""What the metadata are worth."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pandas as pd

from mthn_automl import catalogue
from mthn_automl.analysis.ablation import HELD_OUT, SEEN, is_better, is_worse
from mthn_automl.report.page.section import Found, Listing, Section
from mthn_automl.report.theme import spoken
from mthn_automl.report.wording import digits
from mthn_automl.tuning.ablation.names import BOTH, EMBEDDING_ONLY, NOISE, WITHOUT

ORDER: Final = 3
MOST_COLUMNS: Final = 12
"""Columns of the metadata of which a sentence is made; the table tells of the others."""

PICTURES: Final = ("ablation", "columns", "ablation_new_tasks", "ablation_others")

Row = Mapping[Any, Any]
HOW: Final = (
    "Each variant was trained in the same folds from the same seeds as the full model (`both`): without the "
    "metadata (`embedding only`), without embeddings (`metadata only`), with the metadata of other tasks "
    "(`permuted`), with each column left out or alone, and with one more column of `noise`, which shows what any "
    "meaningless column does."
)


def section(found: Found) -> Section | None:
    """The ablation; None where there are no metadata."""
    if found.summary["metadata_verdict"] == "no metadata":
        return None
    table = found.table("ablation")
    verdict = str(found.summary["metadata_sentence"])
    if table.empty:
        return Section("Metadata", (verdict,))
    told = (verdict, *_columns(table), *_others(table), HOW, *_beside_leaderboard(found, table), *_left_out(table))
    return Section("Metadata", told, PICTURES, (Listing("Ablation", table, "ablation.csv"),))


def _rows(table: pd.DataFrame, **like: Any) -> dict[str, Row]:
    """By variant, those with such values."""
    for name, value in like.items():
        table = table[table[name] == value]
    return {str(row["variant"]): row for row in table.to_dict("records")}


def _as_tuned(table: pd.DataFrame) -> dict[str, Row]:
    """Of the architecture that gives the verdict, at the settings of its best trial."""
    return _rows(table, architecture=table["architecture"].iloc[0], tasks=table["tasks"].iloc[0], tuned=False)


def _columns(table: pd.DataFrame) -> Iterator[str]:
    """A sentence a column that is left out, those that matter most first; and what noise does."""
    rows = _as_tuned(table)
    both = rows.get(BOTH)
    if both is None or not both["error"] > 0:
        return
    without = {name.partition(":")[2]: row for name, row in rows.items() if name.partition(":")[0] == WITHOUT}
    order = sorted(without, key=lambda name: -without[name]["difference"])
    sentences = [f"without `{name}` {_change(without[name], both)}" for name in order[:MOST_COLUMNS]]
    if NOISE in rows:
        sentences.append(f"with a column of noise added {_change(rows[NOISE], both)}")
    if sentences:
        told = "; ".join(sentences)
        yield f"{told[0].upper()}{told[1:]}."


def _change(row: Row, both: Row) -> str:
    """`the error is 4 % higher (1 to 7 %)`."""
    change, low, high = (100 * row[name] / both["error"] for name in ("difference", "low", "high"))
    more = "higher" if change >= 0 else "lower"
    sign = 1 if change >= 0 else -1
    ends = sorted((sign * low, sign * high))
    interval = "" if pd.isna(low) else f" ({_percent(ends[0])} to {_percent(ends[1])} %)"
    shown = "" if is_worse(row) or is_better(row) else ", which may be chance"
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
            if {BOTH, EMBEDDING_ONLY} <= rows.keys() and rows[BOTH]["error"] > 0:
                of = "For tasks never seen" if tasks == HELD_OUT else "For known tasks"
                yield f"{of}, without the metadata {_change(rows[EMBEDDING_ONLY], rows[BOTH])} ({name})."


def _beside_leaderboard(found: Found, table: pd.DataFrame) -> Iterator[str]:
    """Why the error of the full model is another one than that of the leaderboard."""
    both, ranked = _as_tuned(table).get(BOTH), found.table("leaderboard")
    if both is None or ranked.empty:
        return
    same = ranked[ranked["architecture"] == both["architecture"]]
    if len(same) and pd.notna(same["cv_error"].iloc[0]):
        there = same.iloc[0]
        lucky = "the lowest of all its trials, which is lucky in part, and " if there["trials"] > 1 else ""
        of_networks = both["architecture"] in catalogue.names("neural")
        over = "the error of the mean of a fold's networks over all rows" if of_networks else "the error over all rows"
        single = "those of single networks in the mean" if of_networks else "in the mean"
        yield (
            f"The full model has {spoken(found.metric)} {digits(both['error'])} here and {digits(there['cv_error'])} "
            f"in the leaderboard: that is {lucky}{over}; here the same settings are trained anew from other seeds, "
            f"and errors are {single} of the folds. So only the differences between variants tell."
        )


def _left_out(table: pd.DataFrame) -> Iterator[str]:
    """What the run had no time for."""
    rows = _as_tuned(table)
    missing = [] if NOISE in rows else ["single columns and noise"]
    missing += [] if table["tuned"].any() else ["settings of each variant's own"]
    missing += [] if (table["tasks"] == HELD_OUT).any() else ["tasks never seen"]
    if missing:
        yield f"Not measured here: {', '.join(missing)}. `mthn-automl ablate RUN` measures what can be."
