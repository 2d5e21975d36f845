"""The test error of a run in one sentence: on what kind of rows it was measured, and over what its interval is."""

from collections.abc import Mapping

from mthn_automl.data.names import counted
from mthn_automl.data.scoring import metric_named
from mthn_automl.data.splits.parts.account import Side, SplitAccount
from mthn_automl.report.wording import digits


def test_sentence(
    split: SplitAccount, errors: Mapping[str, float | None], metric: str, average: str, whose: str
) -> str:
    """errors: as `leaderboard.errors_of` gives them. average: what models were ranked by an error over."""
    name = f"{whose} {metric_named(metric).error_name}"
    rows, tasks = split.new_rows, split.new_tasks
    if rows is not None and tasks is not None:
        return (
            f"{name} is {_error(errors, 'new_tasks')} on {_of_new_tasks(tasks)}, and "
            f"{_error(errors, 'new_rows')} on {_of_new_rows(rows)}; 95 % intervals are over tasks. Models were stopped "
            "and ranked by tasks never seen: for known tasks a search without --holdout-tasks may find far better ones."
        )
    of_tasks = average == "tasks"
    told = f"{name}{' over tasks' if of_tasks else ''} is {_error(errors, 'test', '_tasks' if of_tasks else '')}"
    if tasks is not None:
        return f"{told} on {_of_new_tasks(tasks)}; the 95 % interval is over tasks."
    if rows is not None:
        over = "tasks" if of_tasks else "rows" if rows.groups is None else "groups"
        return f"{told} on {_of_new_rows(rows)}; the 95 % interval is over {over}."
    return "No row was held out as test: errors are cross-validated only."


def _error(errors: Mapping[str, float | None], kind: str, of: str = "") -> str:
    error, low, high = (errors[f"{kind}_{part}{of}"] for part in ("error", "low", "high"))
    if error is None:
        return "not defined"
    return digits(error) if low is None or high is None else f"{digits(error)} [{digits(low)}, {digits(high)}]"


def _of_new_tasks(side: Side) -> str:
    return f"{counted(side.tasks, 'task')} never seen ({counted(side.rows, 'row')})"


def _of_new_rows(side: Side) -> str:
    groups = "" if side.groups is None else f" and {counted(side.groups, 'group')} never seen"
    return f"{counted(side.rows, 'new row')} of {counted(side.tasks, 'known task')}{groups}"
