"""The errors of an evaluation as text."""

from typing import Any

import pandas as pd

from mthn_automl.data.scoring import metric_named
from mthn_automl.report.table import drawn
from mthn_automl.report.wording import digits
from mthn_automl.terminal import inert


def evaluation_text(errors: pd.DataFrame, targets: pd.DataFrame) -> str:
    """In plain characters, ending in a newline: a line a metric, then one a target and metric of several.

    Args:
        errors, targets: as of `Evaluation`.
    """
    lines = drawn(_cells(errors))
    if errors["new_tasks_error"].notna().any():
        lines += ["", *drawn(_by_kind(errors))]
    if len(targets):
        lines += ["", *drawn({"target": targets["target"].tolist(), **_named(targets), **_of(targets, "", "rows")})]
    return inert("\n".join(lines) + "\n")


def _cells(errors: pd.DataFrame) -> dict[str, list[str]]:
    cells = {**_named(errors), **_of(errors, "", "over rows"), **_of(errors, "_tasks", "over tasks")}
    if errors["undefined_tasks"].fillna(0).any():
        cells["undefined in tasks"] = [_whole(each) for each in errors["undefined_tasks"]]
    if errors["rows"].nunique() > 1:
        cells["rows"] = [_whole(each) for each in errors["rows"]]
    return cells


def _by_kind(errors: pd.DataFrame) -> dict[str, list[str]]:
    """Rows of known tasks and of tasks never seen, told apart."""
    kinds = {"new_rows": "new rows of known tasks", "new_tasks": "tasks never seen"}
    return _named(errors) | {
        f"{title} [95 %]": [_interval(row, f"{kind}_error", f"{kind}_low", f"{kind}_high") for row in _rows(errors)]
        for kind, title in kinds.items()
    }


def _named(table: pd.DataFrame) -> dict[str, list[str]]:
    return {"metric": [metric_named(name).error_name for name in table["metric"]]}


def _of(table: pd.DataFrame, ending: str, title: str) -> dict[str, list[str]]:
    names = [f"{each}{ending}" for each in ("error", "low", "high")]
    return {f"{title} [95 %]": [_interval(row, *names) for row in _rows(table)]}


def _rows(table: pd.DataFrame) -> list[dict[Any, Any]]:
    return table.to_dict("records")


def _interval(row: dict[Any, Any], error: str, low: str, high: str) -> str:
    if pd.isna(row[error]):
        return "-"
    return f"{digits(row[error])} [{digits(row[low])}, {digits(row[high])}]"


def _whole(value: Any) -> str:
    return "-" if pd.isna(value) else f"{int(value):,}"
