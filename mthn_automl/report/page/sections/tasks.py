"""Task by task: which to distrust, and whom sharing harms."""

import math
from typing import Final

import pandas as pd

from mthn_automl.analysis.breakeven import FEWEST_TASKS, Breakeven, breakeven
from mthn_automl.analysis.tasks import FEWEST_ROWS, SINGLE, sharing
from mthn_automl.data.names import counted
from mthn_automl.data.splits.whole_tasks import WHAT as WHOLE_TASKS
from mthn_automl.report.page.heaviest import heaviest
from mthn_automl.report.page.section import Found, Listing, Section
from mthn_automl.report.page.worst import worst
from mthn_automl.report.theme import ENSEMBLE, told_by

ORDER: Final = 4
MOST_NAMED: Final = 20
FEW_NAMED: Final = 3
"""Tasks that are helped, which are named: they are the exception then."""


def section(found: Found) -> Section | None:
    """What `tasks.csv` says; None of one task."""
    table = found.table("tasks")
    if len(table) < 2:
        return None
    heavy = heaviest(found)
    told = (worst(found, table), "" if heavy is None else heavy.sentence, _sharing(found, table), _own(found, table))
    sentences = tuple(filter(None, told))
    order = table.sort_values("error", ascending=False, na_position="last")
    return Section("Tasks", sentences, ("tasks", "breakeven", "gains"), (Listing("Tasks", order, "tasks.csv"),))


def _sharing(found: Found, table: pd.DataFrame) -> str:
    """Of what single_task, which shares nothing, has to say."""
    if found.summary["best"]["architecture"] == SINGLE:
        return "The answer is a network of each task's own, which shares nothing: no task gains or loses by others."
    compared, known = table[table["p_value"].notna()], table["own_error"].notna().any()
    if compared.empty and not known:
        return f"There is no model of each task alone to compare with: {_missing(found)}."
    together = f"{_together(table)}{_averaged(found, table)}" if known else ""
    told = filter(None, (together, _task_by_task(found, compared)))
    return " ".join(told)


def _averaged(found: Found, table: pd.DataFrame) -> str:
    """What an ensemble has beside sharing."""
    gained = found.summary["best"]["architecture"] == ENSEMBLE and sharing(table).helps and sharing(table).shown
    return " Part of that may come of averaging several models rather than of sharing." if gained else ""


def _task_by_task(found: Found, compared: pd.DataFrame) -> str:
    """compared: those of the tasks that have rows enough to be tested."""
    if compared.empty:
        return f"Task by task nothing is tested, since none has rows enough: {FEWEST_ROWS} that both have predicted."
    helped, harmed = compared[compared["helped"]], compared[compared["harmed"]]
    losses = told_by(found.metric, found.summary["problem"])
    if not len(helped) and not len(harmed):
        return " ".join(filter(None, (_of_none(len(compared)), losses)))
    chance = "; one in twenty of such findings may be chance (Benjamini and Hochberg)"
    better = _named(helped) if len(helped) <= FEW_NAMED else ""
    sentence = (
        f"Task by task, the answer is shown to be better for {counted(len(helped), 'task')}{better} and worse for "
        f"{len(harmed)}{_named(harmed)}, of {len(compared)} with rows enough to compare{chance}."
    )
    return " ".join(filter(None, (sentence, losses)))


def _named(tasks: pd.DataFrame) -> str:
    """In brackets."""
    return f" ({', '.join(tasks['task'].head(MOST_NAMED))})" if len(tasks) else ""


def _of_none(compared: int) -> str:
    """That no task is told apart by itself is no finding against what is shown of all together."""
    return (
        f"One by one, the answer is shown to be better or worse for none of the {counted(compared, 'task')} with rows "
        "enough to compare: the rows of a single task are too few to show what they may show together."
    )


def _own(found: Found, table: pd.DataFrame) -> str:
    """From how many rows a model of a task's own pays, where there is one to compare with."""
    if found.summary["best"]["architecture"] == SINGLE or not table["own_error"].notna().any():
        return ""
    return paying(breakeven(table))


def paying(found: Breakeven) -> str:
    """From how many rows a model of a task's own pays, and how sure that is."""
    own, over = "a network of its own", f"over {counted(found.tasks, 'task')} of up to {found.most:,} rows"
    match found.verdict:
        case "too few tasks":
            return (
                f"From how many rows of a task {own} pays cannot be told from {counted(found.tasks, 'task')}; that "
                f"takes {FEWEST_TASKS} at the least."
            )
        case "one size":
            return f"From how many rows of a task {own} pays cannot be told, since most have about equally many."
        case "crossing":
            return (
                f"A task with more than about {_rows(found.rows)} rows is better served by {own} (95 % interval "
                f"{_rows(found.low)} to {_rows(found.high)}, {over}); a smaller one by the answer."
            )
        case "own":
            return (
                f"For tasks with {_rows(found.rows)} rows and more, {own} is shown to be better in the mean, {over}; "
                "that the answer is better for smaller ones is not shown."
            )
        case "shared":
            some = f"for tasks with at most {_rows(found.rows)} rows"
            where = "in all of them together" if (found.rows or 0) >= found.most else some
            return (
                f"In no size of task seen here does {own} pay, as far as is shown {over}; {where} the answer is shown "
                "to be better in the mean."
            )
    return f"In no size of task seen here is {own}, or the answer, shown to be better than the other, {over}."


def _rows(count: float | None) -> str:
    """To two digits, as far as it is known at all."""
    return f"{float(f'{count or 0:.2g}'):,.0f}"


def _missing(found: Found) -> str:
    if found.summary["data"]["split"]["folds"] == WHOLE_TASKS:
        return f"the folds are of whole tasks, of which {SINGLE} knows none in advance"
    trials = found.summary["trials_by_architecture"].get(SINGLE)
    if trials is None:
        return f"--architectures with {SINGLE} gives one"
    return f"{SINGLE} predicted too few of the same rows" if trials else f"no trial of {SINGLE} was begun and finished"


def _together(table: pd.DataFrame) -> str:
    found = sharing(table)
    ties = found.tasks - found.gain - found.loss
    alike = f", as high a one for {ties}" if ties else ""
    counts = f"the answer has the lower error for {found.gain} of {counted(found.tasks, 'task')}{alike}"
    shown = "sharing is not shown to help or to harm tasks like these in general"
    if found.shown:
        shown = f"sharing {'helps' if found.helps else 'harms'} tasks like these in general"
    p_value = "" if math.isnan(found.p_value) else f" (p = {found.p_value:.2g}, Wilcoxon's test over tasks)"
    return f"Beside a network of each task's own (single_task), {counts}: {shown}{p_value}."
