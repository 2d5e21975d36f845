"""What a model goes by, as text."""

from typing import Any

import pandas as pd

from mthn_automl.data.scoring import metric_named
from mthn_automl.report.table import drawn
from mthn_automl.report.wording import digits
from mthn_automl.terminal import inert


def importance_text(table: pd.DataFrame, metric: str) -> str:
    """A line a part, in plain characters, ending in a newline. table: of importances, of tasks or of all rows."""
    rows, error = table.to_dict("records"), metric_named(metric).error_name
    named = {"task": [str(row["task"]) for row in rows]} if "task" in table else {}
    cells = {
        **named,
        "without": [str(row["name"]) for row in rows],
        "kind": [str(row["kind"]) for row in rows],
        f"{error} grows by [95 %]": [_interval(row) for row in rows],
        "to": [digits(row["error_without"]) for row in rows],
    }
    return inert("\n".join(drawn(cells)) + "\n")


def shapley_text(table: pd.DataFrame) -> str:
    """The parts of each prediction, the largest first, in plain characters, ending in a newline."""
    lines: list[str] = []
    for (row, output), part in table.groupby(["row", "output"], sort=False):
        first = part.iloc[0]
        told = f"{output} of row {row}, {first['task']}: {digits(first['prediction'])}"
        ordered = part.reindex(part["shapley"].abs().sort_values(ascending=False, kind="stable").index)
        cells = {
            "of": ordered["name"].tolist(),
            "kind": ordered["kind"].tolist(),
            "value": ordered["value"].tolist(),
            "adds": [f"{digits(each)}" for each in ordered["shapley"]],
        }
        lines += [f"{told}, which is {digits(first['base'])} without anything told, and", *drawn(cells), ""]
    return inert("\n".join(lines[:-1]) + "\n")


def _interval(row: dict[Any, Any]) -> str:
    if pd.isna(row["importance"]):
        return "-"
    return f"{digits(row['importance'])} [{digits(row['low'])}, {digits(row['high'])}]"
