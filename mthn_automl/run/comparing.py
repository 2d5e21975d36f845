"""Two finished runs side by side, from their folders: no model, no Ray, no data."""

from collections.abc import Iterator, Mapping
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any, Final

import pandas as pd

from mthn_automl.analysis.comparison import Side, differences, same_of, task_gains
from mthn_automl.data.names import listed
from mthn_automl.data.schema import Problem
from mthn_automl.errors import DataError, UsageError
from mthn_automl.report.comparison.both import LETTERS, Both
from mthn_automl.report.comparison.page import write_comparison
from mthn_automl.report.page.section import Found
from mthn_automl.report.wording import duration
from mthn_automl.run.folder import RunFolder
from mthn_automl.run.options import OPTIONS, Options
from mthn_automl.run.page import tables_of
from mthn_automl.run.parse import parse_duration

TOLD_BY_HASH: Final = ("data", "meta", "test")
"""Options that name files, of which the content is compared and not the place."""

NOT_GIVEN: Final = "not given"

ALIKE: Final = {"problem": "problem", "metric": "metric", "average": "average of errors (--average)"}
"""What both must have asked, by its name in summary.json."""


def compare(run: str | Path, other: str | Path, *, output: str | Path | None = None) -> Path:
    """Put two finished runs side by side on one page.

    Args:
        run: the folder of the first, called A on the page.
        other: that of the second, called B.
        output: of the page; by default `compare-<name of the second>.html` in the folder of the first.

    Returns:
        The path of the page.

    Raises:
        UsageError: both are the same folder, or output is no page of its own.
        DataError: one is not finished, or is of other targets or another metric.
        FormatError: a table is damaged, or one that every run has is not there.

    Example:
        >>> compare("mthn_runs/before", "mthn_runs/after")  # doctest: +SKIP
    """
    folders = RunFolder(Path(run)), RunFolder(Path(other))
    if folders[0].path.resolve() == folders[1].path.resolve():
        raise UsageError(f"--compare must name another run, however {other} is {run} itself.")
    summaries = [_summary(each) for each in folders]
    _refuse_other_questions(folders, summaries)
    path = folders[0].path / f"compare-{folders[1].path.resolve().name}.html" if output is None else Path(output)
    if path.suffix.lower() != ".html" or path.resolve() in {each.page.resolve() for each in folders}:
        raise UsageError(f"--output must name a page of its own that ends in .html, however it is {path}.")
    write_comparison(path, _both(folders, summaries))
    return path


def _summary(folder: RunFolder) -> dict[str, Any]:
    summary = folder.read_summary() if folder.summary.exists() else None
    if summary is None or not summary["finished"]:
        found = "has no summary.json" if summary is None else "was stopped before its end"
        raise DataError(
            f"Runs that are compared must be finished, however {folder.path} {found}; "
            f"`mthn-automl resume {folder.path}` goes on with it."
        )
    return summary


def _refuse_other_questions(folders: tuple[RunFolder, RunFolder], summaries: list[dict[str, Any]]) -> None:
    """Errors of other targets, or in other units, say nothing of each other."""
    targets = [sorted(each["data"]["targets"]) for each in summaries]
    asked = [("targets", *(listed(each) for each in targets))] if targets[0] != targets[1] else []
    asked += [(told, *(each[name] for each in summaries)) for name, told in ALIKE.items()]
    for what, one, other in asked:
        if one != other:
            raise DataError(
                f"Runs that are compared must have the same {what}, however {folders[0].path} has {one} and "
                f"{folders[1].path} has {other}; search again with the same."
            )


def _both(folders: tuple[RunFolder, RunFolder], summaries: list[dict[str, Any]]) -> Both:
    summary = summaries[0]
    names = _told_apart(*(each.path.resolve() for each in folders))
    one, other = (_side(*each) for each in zip(folders, summaries, strict=True))
    found, same = zip(names, summaries, folders, strict=True), same_of(one, other)
    runs = [Found(name, told, tables_of(folder)) for name, told, folder in found]
    metric, problem = summary["metric"], Problem(summary["problem"])
    return Both(
        runs=(runs[0], runs[1]),
        same=same,
        differences=differences(one, other, same, metric=metric, average=summary["average"]),
        task_gains=task_gains(one, other, same, metric=metric, problem=problem),
        options=_differing("option", *(_options(each) for each in folders)),
        made_with=_differing("what", *(_made_with(*each) for each in zip(folders, summaries, strict=True))),
    )


def _told_apart(one: Path, other: Path) -> list[str]:
    """Names of folders, with as many of the folders above them as tell them apart."""
    for depth in range(1, max(len(one.parts), len(other.parts))):
        names = [str(Path(*each.parts[-depth:])) for each in (one, other)]
        if names[0] != names[1]:
            return names
    return [str(one), str(other)]


def _side(folder: RunFolder, summary: Mapping[str, Any]) -> Side:
    inputs = {name: None if each is None else each.sha256 for name, each in folder.read_fingerprint().items()}
    return Side(
        summary["best"]["architecture"],
        _read(folder, "predictions.parquet", ("architecture", "role", "row", "task")),
        _read(folder, folder.splits.name, ("row", "task", "role", "fold")),
        inputs,
    )


def _read(folder: RunFolder, name: str, needed: tuple[str, ...]) -> pd.DataFrame:
    """Raises FormatError: it is damaged, or not there."""
    content = folder.received.bytes(name)
    with folder.received.checked(name):
        table = pd.read_parquet(BytesIO(content))
        missing = [each for each in needed if each not in table]
        if missing:
            raise KeyError(missing[0])
        return table


def _options(folder: RunFolder) -> dict[str, str]:
    """As people read them; of files, their names alone, since a page is shown to others."""
    config = folder.read_config()
    with folder.received.checked(folder.config.name):
        options = Options.from_toml(config["options"])
    told = {name: each for name, each in OPTIONS.items() if name not in TOLD_BY_HASH}
    values = {each.flag: (getattr(options, name), each.parse is parse_duration) for name, each in told.items()}
    return {flag: duration(value) if timed and value else _spoken(value) for flag, (value, timed) in values.items()}


def _spoken(value: Any) -> str:
    match value:
        case None | () | "":
            return NOT_GIVEN
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case tuple():
            return ", ".join(map(_spoken, value))
    text = str(value)
    return Path(text).name if Path(text).is_absolute() else text


def _made_with(folder: RunFolder, summary: Mapping[str, Any]) -> dict[str, str]:
    environment = folder.received.typed("environment.json", dict[str, Any])
    with folder.received.checked("environment.json"):
        plain = {name: environment[name] for name in ("python", "platform", "machine", "cpus")}
        libraries = {name: each for name, each in environment["libraries"].items() if name != "mthn-automl"}
    return {name: _spoken(each) for name, each in {"mthn-automl": summary["version"], **plain, **libraries}.items()}


def _differing(what: str, one: Mapping[str, str], other: Mapping[str, str]) -> pd.DataFrame:
    """What is not alike, in the order of the first."""
    return pd.DataFrame(_rows(what, one, other), columns=[what, *LETTERS])


def _rows(what: str, one: Mapping[str, str], other: Mapping[str, str]) -> Iterator[dict[str, str]]:
    for name in dict.fromkeys(chain(one, other)):
        pair = one.get(name, NOT_GIVEN), other.get(name, NOT_GIVEN)
        if pair[0] != pair[1]:
            yield {what: name, **dict(zip(LETTERS, pair, strict=True))}
