"""What a saved model goes by: how its error grows where it is not told something, and what single rows are made of."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mthn_automl.analysis.evaluation import Evaluated
from mthn_automl.analysis.importance import COLUMNS, correlated, importance
from mthn_automl.analysis.importance import by_task as by_task_of
from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset, Table
from mthn_automl.data.formats.reading import Reading
from mthn_automl.data.names import counted
from mthn_automl.data.schema import Column
from mthn_automl.data.scoring import Metric, check_metric
from mthn_automl.deployment.model_folder import load_model
from mthn_automl.deployment.permuting import Told, permuted
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.deployment.shapley import SHAPLEY_COLUMNS, shapley_values
from mthn_automl.errors import DataError, UsageError, did_you_mean
from mthn_automl.run.evaluating import check_seed, labelled, records, rows_of_run, usual_metric
from mthn_automl.run.parse import parse_names
from mthn_automl.run.prepare import Given
from mthn_automl.run.sealed_rows import trained_on
from mthn_automl.storage import write_text

ALL_METADATA = "all metadata"
REPEATS, MOST_ROWS = 5, 20_000
WHOLE = 1 << 40
"""Rows at once: all of them."""
CANNOT_TELL = (
    "Rows that the model was trained on cannot be told from others where it is given alone; on such rows everything "
    "seems important that it has learnt by heart."
)


@dataclass(frozen=True)
class Explanation:
    """What `explain` found.

    Attributes:
        importance: a row a feature, metadata column, task identity, and group of these, the most important first: by
            how much the error grows without it, in the unit of the metric. `low` and `high` are a 95 % bootstrap
            interval over repeats and rows, or over repeats and tasks where something is told of tasks.
        tasks: the same by task, over the rows of each, where it was asked for; intervals are over repeats and rows.
        shapley: a row a row, output and what is told, where rows were asked for.
        metric: by which it was measured; lower is better.
        notes: sentences on the rows.
    """

    importance: pd.DataFrame
    tasks: pd.DataFrame
    shapley: pd.DataFrame
    metric: str
    notes: tuple[str, ...]

    def write(self, path: Path) -> None:
        """The table as CSV: of the rows asked for, else of importances, and of those of tasks behind."""
        table = self.shapley if len(self.shapley) else self.importance
        if len(self.tasks):
            table = pd.concat([self.importance.assign(task=None), self.tasks])[self.tasks.columns]
        write_text(path, table.to_csv(index=False))

    def to_json(self) -> dict[str, Any]:
        """The tables as lists of objects; null where something is not defined."""
        tables = {name: records(getattr(self, name)) for name in ("importance", "tasks", "shapley")}
        return {"metric": self.metric, **tables, "notes": list(self.notes)}


def explain(
    model: str | Path | Predictor,
    data: Given | None = None,
    meta: Given | None = None,
    *,
    rows: int | Sequence[int] = (),
    groups: str | Sequence[str | Sequence[str]] = (),
    repeats: int = REPEATS,
    by_task: bool = False,
    metric: str | None = None,
    max_rows: int = MOST_ROWS,
    seed: int = 0,
    allow_unknown: bool = False,
    sheet: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    trust: bool = False,
) -> Explanation:
    """Permutation importance (Breiman 2001) on rows with targets that the model was not trained on.

    A feature is permuted over all rows, metadata over tasks; a task's identity is withheld by predicting its rows as
    those of a task never seen, with the same metadata. What is told of a date, or by all categories of a column, goes
    together. Where columns hang together, one alone seems unimportant, since the others say the same, and the rows made
    may be such as cannot be: numeric ones of a rank correlation of 0.8 or more are therefore permuted together, too.

    Args:
        model: a model folder, a run, whose winner is taken, or what `load_model` gave.
        data: a file or a DataFrame, with targets; None: the sealed test rows of the run that `model` is.
        meta: the same, with the metadata of tasks that are new.
        rows: positions, from 0 in `data`, or in the data of the run, of rows whose predictions are taken apart by
            Shapley values in place of all that; they need no target. The package shap must be installed.
        groups: of columns that are permuted together as well, each a list, or text like `a,b,c`, which may stand
            alone; the task column stands for the task's identity.
        repeats: permutations, over which errors are averaged.
        by_task: whether each task's own importances are worked out, too.
        metric: by which errors are measured; by default the one that the model was searched by.
        max_rows: of more, so many are drawn.
        seed: of what is random.
        allow_unknown: whether a column may hold nothing that training has seen.
        sheet, encoding, delimiter: how the files are read; as for `predict`.
        trust: import architectures that are not of this package, which runs their code.

    Raises:
        UsageError: no model, no rows, a group of columns that there are not, a metric that is not defined for the
            targets, rows beside what is of importances alone, or shap is wanted and not installed.
        DataError: what `evaluate` refuses.

    Example:
        >>> explain("mthn_runs/demo").importance  # doctest: +SKIP
    """
    predictor = model if isinstance(model, Predictor) else load_model(model, trust=trust)
    reading, wanted = Reading(delimiter, encoding, sheet), _positions(rows)
    check_seed(seed)
    if wanted:
        _refuse_beside_rows(metric, groups, by_task, repeats, max_rows)
        given = _read_rows(model, predictor, data, meta, allow_unknown, reading)
        table = shapley_values(predictor, given, wanted, seed=seed)
        return Explanation(pd.DataFrame(columns=list(COLUMNS)), _of_tasks(()), table, "", given.notes)
    if repeats < 1 or max_rows < 2:
        raise UsageError(f"There must be a repeat and two rows, however they are {repeats} and {max_rows}.")
    given, notes = _labelled_rows(model, predictor, data, meta, allow_unknown, reading)
    chosen = _metric(metric or usual_metric(model, predictor.schema), given, predictor)
    given, drawn = _at_most(given, max_rows, seed)
    asked = _Asked(predictor, given, chosen, repeats, seed)
    named = [groups] if isinstance(groups, str) else groups
    parts = [*_each(predictor), *_together(predictor, given), *(_group(predictor, each) for each in named)]
    lines, of_tasks = [], []
    for told in parts:
        line, own = asked.measured(told, by_task=by_task)
        lines.append(line)
        of_tasks += own
    table = pd.DataFrame(lines, columns=list(COLUMNS))
    table = table.sort_values("importance", ascending=False, kind="stable", ignore_index=True)
    none = pd.DataFrame(columns=list(SHAPLEY_COLUMNS))
    return Explanation(table, _of_tasks(of_tasks), none, chosen.name, (*notes, *drawn))


def _positions(rows: Any) -> list[int]:
    """One or several. Raises UsageError: something that is no whole number."""
    found = list(rows) if isinstance(rows, Iterable) and not isinstance(rows, str) else [rows]
    for each in found:
        if isinstance(each, bool) or not isinstance(each, int | np.integer):
            raise UsageError(f"Rows must be whole numbers, their positions from 0, however one is {each!r}.")
    return [int(each) for each in found]


def _refuse_beside_rows(metric: str | None, groups: Any, by_task: bool, repeats: int, max_rows: int) -> None:
    """Raise a UsageError where something is asked for that is of importances alone."""
    asked = {
        "--metric": metric is not None,
        "--group": len(groups) > 0,
        "--by-task": by_task,
        "--repeats": repeats != REPEATS,
        "--max-rows": max_rows != MOST_ROWS,
    }
    given = [name for name, there in asked.items() if there]
    if given:
        raise UsageError(
            "--row takes single predictions apart, of which no error is measured, and must stand without "
            f"{', '.join(asked)}, however {' and '.join(given)} is given; leave out either."
        )


def _metric(name: str, rows: Dataset, predictor: Predictor) -> Metric:
    """Raises UsageError: it does not suit the problem, or, as `evaluate` has it, these targets."""
    found = check_metric(name, predictor.schema.problem)
    _ = Evaluated(rows, np.empty((0, 0)), len(predictor.tasks), 0, name).metrics
    return found


@dataclass(frozen=True)
class _Asked:
    """What is measured of every part."""

    predictor: Predictor
    rows: Dataset
    metric: Metric
    repeats: int
    seed: int

    def measured(self, told: Told, *, by_task: bool) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The line of a part, and those of its tasks."""
        before, after = self._before, self._after(told)
        named = {"name": told.name, "kind": told.kind}
        line = importance(self.metric, self.rows, before, after, seed=self.seed, unit=self._unit(told))
        own = by_task_of(self.metric, self.rows, before, after, seed=self.seed) if by_task else ()
        return {**named, **line}, [{**named, **each} for each in own]

    @cached_property
    def _before(self) -> FloatArray:
        return self.predictor.predict_encoded(self.rows)

    def _after(self, told: Told) -> list[FloatArray]:
        """Of each repeat; where nothing is drawn, one says all."""
        random = [np.random.default_rng([self.seed, repeat]) for repeat in range(self.repeats if told.drawn else 1)]
        return [permuted(self.predictor, self.rows, told, each) for each in random]

    def _unit(self, told: Told) -> IntArray | None:
        """Of the bootstrap: tasks where something of them is told, or where some were never seen; else rows."""
        new = (self.rows.task >= len(self.predictor.tasks)).any()
        return self.rows.task if told.of_tasks or new else self.rows.group


def _read_rows(
    model: Any, predictor: Predictor, data: Given | None, meta: Given | None, allow_unknown: bool, reading: Reading
) -> Dataset:
    if data is None:
        return rows_of_run(model)
    return predictor.read(
        data,
        meta,
        allow_unknown=allow_unknown,
        sheet=reading.sheet,
        encoding=reading.encoding,
        delimiter=reading.delimiter,
    )


def _labelled_rows(
    model: Any, predictor: Predictor, data: Given | None, meta: Given | None, allow_unknown: bool, reading: Reading
) -> tuple[Dataset, tuple[str, ...]]:
    """Rows of classes that training saw, and what there is to say of them."""
    if data is None:
        rows = rows_of_run(model)
        return rows, (f"{model}: these are its {counted(len(rows), 'sealed test row')}.",)
    stream = labelled(predictor, data, meta, allow_unknown, reading, rows_at_once=WHOLE)
    (rows,) = stream
    classes = len(predictor.schema.classes)
    if classes:
        known = np.flatnonzero(rows.target[:, 0] < classes)
        if not len(known):
            raise DataError("Some rows must be of a class that training saw, however there are none; check the target.")
        rows = rows.take(known)
    said = "" if isinstance(model, Predictor) else trained_on(Path(model), data)
    return rows, (said or CANNOT_TELL, *stream.notes)


def _at_most(rows: Dataset, most: int, seed: int) -> tuple[Dataset, tuple[str, ...]]:
    if len(rows) < 2:
        raise DataError(f"There must be two rows with a target at least to permute them, however there is {len(rows)}.")
    if len(rows) <= most:
        return rows, ()
    drawn = np.sort(np.random.default_rng(seed).choice(len(rows), most, replace=False))
    return rows.take(drawn), (f"{most:,} of {len(rows):,} rows are drawn; max_rows takes more.",)


def _each(predictor: Predictor) -> Iterator[Told]:
    """Every column of the input by itself, then what tells one task from another."""
    schema = predictor.schema
    for source, names in _by_source(schema.features).items():
        yield Told(source, "feature", features=names)
    for source, names in _by_source(schema.metadata).items():
        yield Told(source, "metadata", metadata=names)
    yield Told(_identity(predictor), "task", task=True)


def _identity(predictor: Predictor) -> str:
    return " and ".join(predictor.schema.task)


def _by_source(columns: Sequence[Column]) -> dict[str, tuple[str, ...]]:
    """Columns of the schema by the column of the input that they are made of."""
    found: dict[str, tuple[str, ...]] = {}
    for column in columns:
        found[column.read_from] = (*found.get(column.read_from, ()), column.name)
    return found


def _together(predictor: Predictor, rows: Dataset) -> Iterator[Told]:
    """Columns of numbers that hang together, and all metadata."""
    schema, metadata = predictor.schema, rows.tasks.metadata
    for names in correlated(_frame(schema.features, rows.features)):
        yield Told(" + ".join(names), "correlated", features=names)
    if metadata is None:
        return
    every = tuple(column.name for column in schema.metadata)
    for names in correlated(_frame(schema.metadata, metadata.take(np.unique(rows.task)))):
        if names != every:
            yield Told(" + ".join(names), "correlated", metadata=names)
    if len(_by_source(schema.metadata)) > 1:
        yield Told(ALL_METADATA, "group", metadata=every)


def _frame(columns: Sequence[Column], table: Table) -> pd.DataFrame:
    return pd.DataFrame(table.numeric, columns=[column.name for column in columns if column.numeric])


def _group(predictor: Predictor, given: str | Sequence[str]) -> Told:
    schema = predictor.schema
    names = parse_names(given)
    features, metadata, task = _by_source(schema.features), _by_source(schema.metadata), schema.task
    known = {**features, **{each.name: (each.name,) for each in schema.features}}
    described = {**metadata, **{each.name: (each.name,) for each in schema.metadata}}
    for name in names:
        if name not in (*known, *described, *task):
            raise UsageError(
                f"A group must be of features, metadata columns or the task, however there is no '{name}'; "
                f"{did_you_mean(name, [*known, *described, *task])}"
            )
    return Told(
        " + ".join(names),
        "group",
        features=tuple(column for name in names for column in known.get(name, ())),
        metadata=tuple(column for name in names if name not in known for column in described.get(name, ())),
        task=any(name in task for name in names),
    )


def _of_tasks(lines: Sequence[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=["task", *COLUMNS])
