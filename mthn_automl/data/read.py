"""From files or DataFrames to a Dataset that is trained on: what each column is, is decided here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mthn_automl.data.account import Roles, account_notes, account_of_tables, with_doubts
from mthn_automl.data.arrays import IntArray
from mthn_automl.data.asked import AUTO, Asked
from mthn_automl.data.columns.form import PLAIN, Form, Kind
from mthn_automl.data.columns.marks import unmet
from mthn_automl.data.dataset import Dataset, Part
from mthn_automl.data.exposure import exposures, refuse_offset
from mthn_automl.data.infer import infer_columns
from mthn_automl.data.likeness import alike_note
from mthn_automl.data.metadata import Described, Joined, join_metadata, without_metadata
from mthn_automl.data.names import counted, listed
from mthn_automl.data.promoted import constant_within, one_row_a_task, promoted_notes
from mthn_automl.data.reread import as_training_shows, with_ranges_as_classes
from mthn_automl.data.schema import Column, Schema
from mthn_automl.data.source import DATA, METADATA, Given, Source
from mthn_automl.data.splits.parts.keys import Grouped, keys_of, parts_of, with_equal_rows_grouped
from mthn_automl.data.tables import encode_table
from mthn_automl.data.targets import (
    PREFIXES,
    Target,
    choose_targets,
    infer_target,
    numbers_of,
)
from mthn_automl.data.task_names import name_by
from mthn_automl.data.weights import rows_of_use, weight_note
from mthn_automl.data.wide import long_form, long_target
from mthn_automl.errors import UsageError

ANOTHER = " (--task takes another)"
SMALL_TASK = 3


def read_dataset(
    data: Given,
    meta: Given | None = None,
    *,
    task: str | Sequence[str] = "task",
    target: Sequence[str] = (),
    problem: str = "auto",
    metric: str | None = None,
    **more: Any,
) -> Dataset:
    """Read rows of many tasks and their metadata, and decide what each column is.

    Args:
        data: a file of any of the formats, or a DataFrame, a row an observation.
        meta: the same, a row a task, with the task column of the data.
        task: the column that names each row's task, or several whose values together are its name.
        target: the columns to predict; by default `target`, else those whose names begin with target or label.
        problem: one of the kinds of problems, or auto.
        metric: where the problem is auto, a metric decides it.
        more: fields of `mthn_automl.data.asked.Asked`, which describes them.

    Returns:
        The rows that have a target, at least one of several. Every decision is a sentence in `notes`, and `account`
        has it column by column.

    Raises:
        DataError: data that cannot be searched; one sentence names the file, column, task or line.
        UsageError: an unknown problem or metric, or a column that there is not.
    """
    columns = (task,) if isinstance(task, str) else tuple(task)
    return read_asked(data, meta, Asked(columns, target, problem, metric, **more))


def read_asked(data: Given, meta: Given | None, asked: Asked) -> Dataset:
    """As `read_dataset`, with all that the user says in one object."""
    given, described = _tables(data, meta, asked)
    parts = parts_of(given, asked)
    given = as_training_shows(given, parts, asked)
    targets = choose_targets(given, () if asked.wide else asked.task, asked.target, asked.weight)
    given = with_ranges_as_classes(given, targets, asked)
    rows = _rows_of(given, targets, parts, asked)
    source, found = rows.source, rows.found
    codes, names = source.task_codes(asked.task)
    usable = [name for name in source.columns if name not in (*asked.task, *rows.targets) and asked.uses(name)]
    shown = constant_within(source, codes, usable) if described is None and asked.promote else {}
    promoted = tuple(shown)
    described_by_data = set(promoted)
    features, ignored = infer_columns(source, [name for name in usable if name not in described_by_data], "feature")
    by = asked.task if described is None else _described_by(described, asked.task)
    sizes = np.bincount(codes, minlength=len(names)).tolist()
    tasks = Described(names, sizes, [name_by(by, asked.task, name) for name in names], source.name)
    joined = _joined(source, described, promoted, by, tasks, codes, asked)
    grouped = None if described is None else Grouped(described, by, tasks.keys, codes)
    group, keys, said = keys_of(source, grouped, asked, parts)
    schema = Schema(
        task=asked.task,
        targets=rows.targets,
        problem=found.problem,
        classes=found.classes,
        features=features,
        metadata=joined.columns,
        promoted=bool(promoted),
        offset=asked.offset,
        weight=asked.weight,
        described_by=by,
        id=asked.id,
        missing=tuple(asked.missing),
        wide=rows.wide,
        numbers=_notations(given, (*(rows.wide or rows.targets), asked.offset, asked.weight)),
        reading=asked.reading,
    )
    read = given if rows.wide else source
    account = with_doubts(account_of_tables(read, described, _roles(schema, promoted, asked, read)), found.doubts)
    weight = None if asked.weight is None else numbers_of(source, asked.weight)
    dataset = Dataset(
        schema=schema,
        features=encode_table(source, features, "as a feature"),
        task=codes,
        target=found.values,
        row=source.rows,
        tasks=joined.tasks,
        spare=joined.spare,
        notes=(
            *rows.notes,
            *ignored,
            *_feature_notes(features),
            *promoted_notes(shown),
            *said,
            *([] if weight is None else [weight_note(str(asked.weight), weight)]),
            *alike_note(source.name, names, sizes),
            *_task_notes(codes),
            *joined.notes,
            *_unmet_notes(given, described, asked),
            *account_notes(account),
        ),
        account=account,
        exposure=None if asked.offset is None else exposures(source, asked.offset),
        weight=weight,
        id=source.id,
        group=source.rows if asked.wide and group is None else group,
        keys=keys,
    )
    return with_equal_rows_grouped(dataset) if asked.group == AUTO else dataset


def _notations(source: Source, names: Sequence[str | None]) -> tuple[tuple[str, Form], ...]:
    """Of those columns that hold numbers which are not written plainly."""
    forms = [(name, source.columns[name].form) for name in names if name is not None and name in source.columns]
    return tuple((name, form) for name, form in forms if form.kind is Kind.NUMBER and form.notation != PLAIN)


@dataclass(frozen=True)
class _Rows:
    """What is left of the data once rows that cannot be learnt from are gone.

    Attributes:
        source: of a wide table, its long form.
        targets: columns of the source.
        wide: target columns of a wide table; none of another.
        found: what is predicted.
        notes: sentences about the file, the rows that are gone and the targets.
    """

    source: Source
    targets: tuple[str, ...]
    wide: tuple[str, ...]
    found: Target
    notes: tuple[str, ...]


def _rows_of(source: Source, targets: tuple[str, ...], parts: IntArray | None, asked: Asked) -> _Rows:
    refuse_offset(asked, targets)
    _refuse_two_roles(asked, targets)
    source, unused = (source, []) if parts is None else _used(source, parts)
    wide = targets if asked.wide else ()
    if wide:
        source, targets = long_form(source, wide, asked.task), (long_target(asked.task),)
    source, dropped = rows_of_use(source, targets, asked.weight)
    source, found = infer_target(
        source, targets, asked.problem, asked.metric, merge_rare=asked.merge_rare, offset=asked.offset
    )
    return _Rows(source, targets, wide, found, (*source.notes, *unused, *dropped, *found.notes))


def _refuse_two_roles(asked: Asked, targets: Sequence[str]) -> None:
    """Raise a UsageError where what says how rows are taken is what is predicted, or where a task's name is ignored."""
    taken = {**dict.fromkeys(targets, "a target"), **dict.fromkeys(() if asked.wide else asked.task, "the task")}
    ignored = [("--ignore", name) for name in asked.ignore if name in asked.task and not asked.wide]
    told = [("--group", asked.group), ("--time", asked.time), ("--split", asked.split), ("--id", asked.id), *ignored]
    for flag, name in told:
        if name in taken and not (flag in ("--group", "--id") and taken[name] == "the task"):
            raise UsageError(f"{flag} must name another column, however '{name}' is {taken[name]}.")


def _roles(schema: Schema, promoted: Sequence[str], asked: Asked, source: Source) -> Roles:
    targets = schema.wide or schema.targets
    left_out = [*asked.ignore, *(name for name in source.columns if not asked.uses(name) and name not in targets)]
    return Roles(
        task=schema.task,
        targets=targets,
        features=schema.features,
        metadata=schema.metadata,
        promoted=promoted,
        offset=schema.offset,
        weight=schema.weight,
        id=schema.id,
        splitting=_splitting(asked),
        left_out=left_out,
    )


def _tables(data: Given, meta: Given | None, asked: Asked) -> tuple[Source, Source | None]:
    """The data and the metadata, all columns of them."""
    tasks = () if asked.wide else asked.task
    source = Source.of(
        data,
        DATA,
        tasks,
        asked.told,
        asked.reading,
        asked.id,
        asked.id not in (asked.group, asked.time),
        asked.missing,
    )
    described = (
        None
        if meta is None
        else Source.of(meta, METADATA, asked.task, asked.told, asked.reading, missing=asked.missing)
    )
    asked.refuse_unknown(source.file.names, () if described is None else described.file.names)
    source.require_tasks(tasks, ANOTHER)
    return source, described


def _joined(
    source: Source,
    described: Source | None,
    promoted: Sequence[str],
    by: tuple[str, ...],
    tasks: Described,
    codes: IntArray,
    asked: Asked,
) -> Joined:
    if promoted:
        return join_metadata(replace(one_row_a_task(source, codes, (*by, *promoted)), notes=()), by, tasks, promoted)
    if described is None:
        return without_metadata(tasks.names)
    wanted = [name for name in described.columns if name not in asked.task and name not in asked.ignore]
    return join_metadata(described, by, tasks, wanted)


def _described_by(described: Source, task: Sequence[str]) -> tuple[str, ...]:
    """Those of the columns which name a task that the metadata have."""
    found = tuple(name for name in task if name in described.columns)
    if not found:
        described.require_tasks(task, ANOTHER)
    return found


def _used(source: Source, parts: IntArray) -> tuple[Source, list[str]]:
    """The rows that the split names, and a note that counts the others."""
    used = parts[source.rows] != Part.UNUSED
    others = counted(int((~used).sum()), "row")
    return source.keep(used), [] if used.all() else [
        f"{others} of {source.name} not used: the split does not name them."
    ]


def _splitting(asked: Asked) -> dict[str, str]:
    """What the columns are for, beside being features, that splits go by."""
    named = {asked.split: "split", asked.group: "group", asked.time: "time"}
    return {name: role for name, role in named.items() if name is not None}


def _unmet_notes(data: Source, described: Source | None, asked: Asked) -> list[str]:
    tables = [data] if described is None else [data, described]
    return unmet(
        asked.missing,
        [cells for each in tables for cells in each.columns.values()],
        " or ".join(each.name for each in tables),
    )


def _feature_notes(features: Sequence[Column]) -> list[str]:
    if not features:
        return ["There is no usable feature: each task is predicted by a constant."]
    suspects = [column.name for column in features if column.name.startswith(PREFIXES)]
    return [f"Taken as features in spite of their names: {listed(suspects, 10)}."] if suspects else []


def _task_notes(codes: IntArray) -> list[str]:
    sizes = np.bincount(codes)
    small = sizes[sizes < SMALL_TASK]
    notes = ["There is one task only, so there is nothing to share between tasks."] if len(sizes) == 1 else []
    if len(small):
        have, stay = ("has", "its") if len(small) == 1 else ("have", "their")
        tasks, rows = counted(len(small), "task"), counted(int(small.sum()), "row")
        notes.append(
            f"{tasks} {have} fewer than {SMALL_TASK} rows: {stay} {rows} stay in training, unless whole tasks are held "
            "out."
        )
    return notes
