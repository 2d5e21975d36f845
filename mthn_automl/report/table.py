"""The leaderboard as text, for the end of a run and for `mthn-automl leaderboard`."""

from io import StringIO
from typing import Any, Final

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table

from mthn_automl.data.scoring import metric_named
from mthn_automl.report.wording import OVER, digits
from mthn_automl.terminal import inert

TIED: Final = "="
UNLIMITED: Final = 10_000
FIRST_TO_GO: Final = ("seconds", "trials", "parameters")  # where the terminal is narrow


def leaderboard_text(table: pd.DataFrame, metric: str, width: int | None, average: str = "rows") -> str:
    """The leaderboard in plain characters, ending in a newline; no colours, so that it can go anywhere.

    Args:
        table: as in `leaderboard.csv`. metric: its name.
        width: columns of the terminal; None for as wide as it takes. Where it does not suffice, the seconds, the
            trials and then the parameters are left out.
        average: `tasks` where models are ranked by the mean over tasks: errors on test rows are then shown likewise.
    """
    error_name = metric_named(metric).error_name
    cells = _cells(table[table["rank"].notna()], error_name, average)
    lines = drawn(cells)
    for left_out in FIRST_TO_GO:
        if width is None or max(map(len, lines)) <= width:
            break
        del cells[left_out]
        lines = drawn(cells)
    return inert("\n".join(lines + _remarks(table, error_name)) + "\n")


def _cells(ranked: pd.DataFrame, error_name: str, average: str) -> dict[str, list[str]]:
    """Columns of text by heading."""
    rows = ranked.to_dict("records")
    return {
        "": [f"{row['rank']}{_mark(row):1}" for row in rows],
        "architecture": [str(row["architecture"]) for row in rows],
        f"cv {error_name}{OVER[average]}": [
            f"{digits(row['cv_error'])} ± {digits(row['cv_error_se'], 2)}" for row in rows
        ],
        **_tests(ranked, error_name, average),
        "parameters": [_whole(row["parameters"]) for row in rows],
        "trials": [_whole(row["trials"]) for row in rows],
        "seconds": [_seconds(row["train_seconds"]) for row in rows],
    }


def _tests(ranked: pd.DataFrame, error_name: str, average: str) -> dict[str, list[str]]:
    """One column, or two where there are test rows of known tasks and of tasks never seen."""
    rows = ranked.to_dict("records")
    if ranked["new_tasks_error"].isna().all():
        of = "_tasks" if average == "tasks" else ""
        return {f"test {error_name}{OVER[average]} [95 %]": [_with_interval(row, "test", of) for row in rows]}
    over = " over rows" if average == "tasks" else ""
    return {
        f"new rows: {error_name}{over} [95 %]": [_with_interval(row, "new_rows") for row in rows],
        f"new tasks: {error_name}{over} [95 %]": [_with_interval(row, "new_tasks") for row in rows],
    }


def drawn(cells: dict[str, list[str]]) -> list[str]:
    """Lines of text, as wide as it takes."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in cells:
        table.add_column(heading, justify="left" if heading == "architecture" else "right", no_wrap=True)
    for row in zip(*cells.values(), strict=True):
        table.add_row(*row)
    console = Console(file=StringIO(), width=UNLIMITED, color_system=None, highlight=False, markup=False)
    with console.capture() as captured:
        console.print(table)
    return [line.rstrip() for line in captured.get().splitlines() if line.strip()]


def _mark(row: dict[Any, Any]) -> str:
    return TIED if row["rank"] > 1 and row["tied_with_best"] is True else ""


def _with_interval(row: dict[Any, Any], kind: str, of: str = "") -> str:
    """of: `_tasks` for the mean over tasks."""
    error, low, high = (row[f"{kind}_{part}{of}"] for part in ("error", "low", "high"))
    return "-" if pd.isna(error) else f"{digits(error)} [{digits(low)}, {digits(high)}]"


def _whole(value: Any) -> str:
    return "-" if pd.isna(value) else f"{int(value):,}"


def _seconds(value: Any) -> str:
    return "-" if pd.isna(value) else f"{float(value):.1f}"


def _remarks(table: pd.DataFrame, error_name: str) -> list[str]:
    """What the marks mean, why the first has not the lowest error, and what did not finish."""
    others = table[table["rank"] > 1]
    tied = [f"{TIED} not shown to differ from the best"] if others["tied_with_best"].eq(True).any() else []
    unfinished = table[table["rank"].isna()].to_dict("records")
    return [*tied, *_first(table, error_name)] + [
        f"no finished trial: {row['architecture']}" + (f" ({row['note']})" if row["note"] else "") for row in unfinished
    ]


def _first(table: pd.DataFrame, error_name: str) -> list[str]:
    """Why what is first, the ensemble, is it, where others have a lower error."""
    first, others = table[table["rank"] == 1], table[table["rank"] > 1]
    if not (others["cv_error"].min() < first["cv_error"].min()):
        return []
    return [
        f"{first['architecture'].iloc[0]} is first although others have a lower cv {error_name}: the lowest of many "
        "trials flatters, and the weights of the ensemble were chosen on other folds"
    ]
