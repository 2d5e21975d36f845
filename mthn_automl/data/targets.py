"""Which columns are predicted, and what kind of problem they pose."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.columns.form import PLAIN, Form, Kind
from mthn_automl.data.columns.numbers import numbers
from mthn_automl.data.columns.rule import Cells
from mthn_automl.data.columns.text import Names
from mthn_automl.data.doubts import doubts_of_classes, doubts_of_numbers
from mthn_automl.data.doubts_of_cells import FEW_CELLS, doubts_of_text
from mthn_automl.data.kind import kind_of
from mthn_automl.data.learnable import refuse_unlearnable
from mthn_automl.data.names import counted, listed, number_aware, positions
from mthn_automl.data.schema import Problem, Schema
from mthn_automl.data.scoring import Metric, metric_named
from mthn_automl.data.source import Source
from mthn_automl.data.tables import category_codes
from mthn_automl.data.values import not_a_number
from mthn_automl.errors import DataError, UsageError, did_you_mean

PREFIXES = ("target", "label")

MOST_CLASSES: Final = 1_000
"""More would take more memory and time than any search has."""

RARE = "(rare)"
"""The class that is made of those with one row."""


@dataclass(frozen=True)
class Target:
    """What is predicted.

    Attributes:
        problem: its kind.
        classes: their names in the order of their indices; none of numbers.
        values: (rows, targets) float64, NaN where one is missing; for classes (rows, 1) with the class index.
        notes: sentences about what was decided.
        doubts: clauses on what it might be other than that.
    """

    problem: Problem
    classes: tuple[str, ...]
    values: FloatArray
    notes: tuple[str, ...]
    doubts: tuple[str, ...] = ()


def choose_targets(
    source: Source, task: Sequence[str], given: Sequence[str], weight: str | None = None
) -> tuple[str, ...]:
    """The columns asked for, else `target`, else all whose names begin with target or label.

    weight: the column of the rows' weights.

    Raises:
        DataError: no such column.
    """
    asked = (given,) if isinstance(given, str) else tuple(dict.fromkeys(given))
    for name in asked:
        source.require(name, "to predict")
    both = [name for name in asked if name in task]
    if both:
        raise DataError(f"The target must differ from the task column, however both are '{both[0]}'.")
    if weight in (*task, *asked):
        raise DataError(f"The weight must be a column of its own, however '{weight}' is the task or a target.")
    if asked:
        return asked
    candidates = [name for name in source.columns if name not in task and name != weight]
    alike = [name for name in task if name.startswith(PREFIXES)]
    if alike and not [name for name in candidates if name.startswith(PREFIXES)]:
        raise DataError(f"The target must differ from the task column, however '{alike[0]}' is the only candidate.")
    if "target" in candidates:
        return ("target",)
    found = tuple(name for name in candidates if name.startswith(PREFIXES))
    if not found:
        source.require("target", "to predict", " (--target takes another)")
    return found


def known_target(source: Source, targets: Sequence[str]) -> tuple[Source, list[str]]:
    """The source without rows that miss all targets, and notes that count them and the gaps that are left.

    Raises:
        DataError: no row left.
    """
    known = np.any([source.columns[name].known for name in targets], axis=0)
    if not known.any():
        raise DataError(f"Some rows must have a target, however no row of {source.name} has one in {listed(targets)}.")
    dropped, what = int((~known).sum()), "the target is" if len(targets) == 1 else "all targets are"
    notes = [f"{source.name}: {counted(dropped, 'row')} dropped because {what} missing."] if dropped else []
    kept = source.keep(known)
    gaps = {name: int((~kept.columns[name].known).sum()) for name in targets}
    found = [f"'{name}' in {count:,}" for name, count in gaps.items() if count]
    if found:
        shown = ", ".join(found[:10]) + (f" and {len(found) - 10} more" if len(found) > 10 else "")
        notes.append(
            f"{source.name}: of {counted(len(kept), 'row')} some targets are missing, {shown}: a row trains those that "
            "it has, and is scored by them."
        )
    return kept, notes


def infer_target(
    source: Source,
    targets: Sequence[str],
    problem: str,
    metric: str | None,
    *,
    merge_rare: bool = False,
    offset: str | None = None,
) -> tuple[Source, Target]:
    """Decide the problem and encode the targets of rows that have at least one; rows that are left, and their target.

    merge_rare: classes of a single row become one; else their rows are left out. offset: the column of exposures.

    Raises:
        DataError: a target that the problem does not allow: see the messages.
        UsageError: an unknown problem or metric.
    """
    _refuse_dates(source, targets)
    kind, reason = _kind(source, targets, problem, metric, offset)
    numbers = [each for each in Problem if each == kind and not kind_of(each).has_classes]
    if len(targets) > 1 and not (numbers and kind_of(kind).several):
        raise DataError(f"Only regression takes several targets, however {kind} was asked of {listed(targets)}.")
    if numbers:
        return source, _of_numbers(source, targets, numbers[0], metric, reason)
    return _of_classes(source, targets[0], kind, reason, merge_rare)


def _refuse_dates(source: Source, targets: Sequence[str]) -> None:
    for name in targets:
        if source.columns[name].dates is not None:
            raise DataError(
                f"A target must hold numbers or classes, however '{name}' of {source.name} holds dates; make a number "
                f"of it, such as days since a start, or take --categorical '{name}' for classes."
            )


def _of_numbers(source: Source, targets: Sequence[str], problem: Problem, metric: str | None, reason: str) -> Target:
    values = _values(source, targets)
    least = kind_of(problem).least
    if metric is not None and metric_named(metric).least > least:
        _refuse_below(source, targets, values, metric_named(metric).least, f"the metric {metric}")
    _refuse_below(source, targets, values, least, f"{problem}s" if problem is Problem.COUNT else problem)
    note = f"The problem is {problem} on {listed(targets)}: {reason}."
    doubts = doubts_of_numbers(targets[0], values[:, 0], problem) if len(targets) == 1 else ()
    return Target(problem, (), values, (note,), doubts)


def _of_classes(source: Source, name: str, kind: str, reason: str, merge_rare: bool) -> tuple[Source, Target]:
    """kind: `classes`, or a Problem's value."""
    if kind == "binary":
        _refuse_not_two(source, name)
    if kind == "ordinal" and merge_rare:
        raise UsageError("--merge-rare makes a class that has no place in an order; leave it out, or the order.")
    if kind != "classes":
        _refuse_names(source, name, kind)
    nearly = doubts_of_text(source, name)
    source, rare = _without_rare(source, name, merge_rare)
    classes, values = _classes(source, name, kind)
    taken = Problem(kind) if kind != "classes" else Problem.MULTICLASS if len(classes) > 2 else Problem.BINARY
    numeric = source.columns[name].numbers is not None
    note = f"The problem is {taken} on '{name}' ({len(classes)} classes: {listed(classes)}): {reason}."
    lost = () if doubts_of_text(source, name) else nearly
    doubts = (*lost, *doubts_of_classes(name, len(classes), numeric=numeric))
    return source, Target(taken, classes, values, (note, *rare), doubts)


def encode_target(source: Source, schema: Schema) -> FloatArray:
    """(rows, targets) float64 of rows that have at least one target, by the classes of a known schema.

    Raises:
        DataError: text where numbers must be, or a class that the schema does not know.
    """
    if not schema.classes:
        values = np.column_stack([numbers_of(source, name) for name in schema.targets])
        _refuse_below(source, schema.targets, values, schema.kind.least, f"{schema.problem}s")
        return values
    name = schema.targets[0]
    names = source.columns[name].names()
    codes = category_codes(names, schema.classes)
    if RARE in schema.classes:
        codes = np.where(codes < 0, schema.classes.index(RARE), codes)
    if (codes < 0).any():
        raise DataError(_unseen(source, name, names, codes < 0, schema))
    return codes[:, None].astype(np.float64)


def _unseen(source: Source, name: str, names: Names, wrong: NDArray[np.bool_], schema: Schema) -> str:
    """Of classes that training has not; it drops those of a single row."""
    first, rows = int(wrong.argmax()), counted(int(wrong.sum()), "row")
    return (
        f"'{name}' must hold a class seen in training, however {source.at(first)} says "
        f"'{names.names[names.codes[first]]}'; known: {listed(schema.classes, 20)}. Leave out {rows} of such classes, "
        "or give training two rows of each; where several classes of training have a single row, --merge-rare makes "
        "one class of them, and of all that are not known."
    )


def _kind(
    source: Source, targets: Sequence[str], problem: str, metric: str | None, offset: str | None
) -> tuple[str, str]:
    """`classes`, or a Problem's value, and why."""
    problems = ["auto", *Problem]
    if problem not in problems:
        raise UsageError(
            f"The problem must be one of those known, however it is '{problem}'; {did_you_mean(problem, problems)}"
        )
    if offset is not None and problem not in ("auto", Problem.COUNT):
        raise UsageError(f"--offset is of counts, however the problem is {problem}; leave it out or take count.")
    if problem != "auto":
        return str(problem), "as asked"
    if offset is not None:
        return "count", "--offset names its exposure"
    if metric is not None:
        return _asked_by(metric_named(metric)), f"the metric {metric} asks for it"
    return _natural_kind(source, targets)


def _asked_by(metric: Metric) -> str:
    if Problem.REGRESSION in metric.problems:
        return "regression"
    return "classes" if len(metric.problems) > 1 else str(next(iter(metric.problems)))


def _natural_kind(source: Source, targets: Sequence[str]) -> tuple[str, str]:
    if len(targets) > 1:
        return "regression", "there are several targets"
    cells = source.columns[targets[0]]
    if cells.numbers is None:
        return "classes", "it holds text"
    if len(np.unique(cells.numbers)) == 2:
        return "classes", "it has exactly two distinct values"
    return "regression", "it is numeric with more than two distinct values"


def _values(source: Source, targets: Sequence[str]) -> FloatArray:
    values = np.column_stack([numbers_of(source, name) for name in targets])
    _at_least_two(source)
    refuse_unlearnable(values, targets, f"row of {source.name}")
    return values


def _refuse_below(source: Source, targets: Sequence[str], values: FloatArray, least: float, what: str) -> None:
    rows, columns = np.nonzero(values < least)
    if len(rows):
        row, column = rows[0], columns[0]
        raise DataError(
            f"A target of {what} must not be below {least:g}, however {source.at(row)} says {values[row, column]:g} in "
            f"'{targets[column]}'; correct it, or take another problem or metric."
        )


def numbers_of(source: Source, name: str) -> FloatArray:
    """(rows,) of a column that must hold numbers, NaN where a cell is missing.

    Raises:
        DataError: the first cell that is no number.
    """
    cells = source.columns[name]
    if cells.numbers is not None:
        return cells.numbers
    names = cells.names()
    rows = np.flatnonzero(names.codes >= 0)
    if len(rows) == 0:
        return np.full(len(source), np.nan)
    nearly, wrong = doubts_of_text(source, name), np.isnan(numbers(PLAIN, names.array))
    if nearly and not 0 < wrong[names.codes[rows]].mean() <= FEW_CELLS:
        raise DataError(f"Column '{name}' must hold numbers, however {nearly[0]}.")
    first = int(rows[wrong[names.codes[rows]].argmax()])
    option = f", as --numeric '{name}' does of all such cells" if nearly else ""
    raise not_a_number(name, source.at(first), names.names[names.codes[first]], option)


def _classes(source: Source, name: str, kind: str) -> tuple[tuple[str, ...], FloatArray]:
    _at_least_two(source)
    found = source.columns[name].names()
    used = np.unique(found.codes)
    names, codes = [found.names[code] for code in used], np.searchsorted(used, found.codes)
    classes = kind_of(Problem.MULTICLASS if kind == "classes" else kind).ordered(names)
    if len(classes) > MOST_CLASSES:
        raise DataError(_too_many(source, name, len(classes)))
    if len(classes) < 2:
        raise DataError(f"The target must vary, however '{name}' is '{classes[0]}' in every row of {source.name}.")
    return classes, positions(names, classes)[codes][:, None].astype(np.float64)


def _too_many(source: Source, name: str, count: int) -> str:
    numeric = source.columns[name].numbers is not None
    other = "--problem regression takes it for numbers" if numeric else "it may be a wrong column, --target names one"
    return (
        f"A target may have {MOST_CLASSES:,} classes at most, however '{name}' of {source.name} has {count:,}; "
        f"{other}, or merge classes."
    )


def _refuse_names(source: Source, name: str, kind: str) -> None:
    names = source.columns[name].names()
    used = [names.names[code] for code in np.flatnonzero(names.counts)]
    wrong = kind_of(kind).refuse_names(used)
    if wrong:
        raise DataError(
            f"An {kind} target must hold numbers, whose order is known, however in '{name}' of {source.name} {wrong}; "
            "write 1, 2, 3 ... in the order of the classes, or take --problem multiclass."
        )


def _refuse_not_two(source: Source, name: str) -> None:
    names = source.columns[name].names()
    classes = sorted((names.names[code] for code in np.flatnonzero(names.counts)), key=number_aware)
    if len(classes) != 2:
        raise DataError(
            f"A binary target must have two classes, however '{name}' of {source.name} has {len(classes)}: "
            f"{listed(classes)}; --problem auto takes what there is."
        )


def _without_rare(source: Source, name: str, merge: bool) -> tuple[Source, list[str]]:
    """Without classes that occur once, which no fold could learn and test.

    Raises:
        DataError: as many classes as rows, nearly: the target is none of classes.
    """
    _at_least_two(source)
    names = source.columns[name].names()
    counts = names.counts
    rare = counts == 1
    if not rare.any():
        return source, []
    if 2 * rare.sum() >= len(source):
        raise DataError(_lonely(source, name, names, rare))
    single = [names.names[code] for code in np.flatnonzero(rare)]
    found = f"{len(single):,} classes" if len(single) > 1 else "1 class"
    if merge and len(single) > 1:
        merged = names.renamed([RARE if each else called for each, called in zip(rare, names.names, strict=True)])
        cells = Cells(Form(Kind.TEXT), text=merged)
        changed = replace(source, columns={**source.columns, name: cells})
        return changed, [f"{found} of '{name}' with one row each are one class, '{RARE}': {listed(single, 3)}."]
    kept = ~rare[names.codes]
    return source.keep(kept), [
        f"{found} of '{name}' with one row each dropped, since a class must occur twice: {listed(single, 3)}"
        f"{'; --merge-rare makes one class of them' if len(single) > 1 else ''}."
    ]


def _at_least_two(source: Source) -> None:
    if len(source) < 2:
        raise DataError(f"At least two rows must have a target, however {source.name} has a single row with one.")


def _lonely(source: Source, name: str, names: Names, rare: NDArray[np.bool_]) -> str:
    first = int(rare.argmax())
    return (
        f"A class must occur at least twice, however {counted(int(rare.sum()), 'value')} of '{name}' occur once, such "
        f"as '{names.names[first]}' in {source.at(names.first(first))}; {_advice(source, name)}."
    )


def _advice(source: Source, name: str) -> str:
    """What to do about a class that occurs once; it may be a slip in a column of numbers."""
    nearly = doubts_of_text(source, name)
    if nearly:
        return nearly[0]
    names = source.columns[name].names()
    words = np.isnan(numbers(PLAIN, names.array))[names.codes]
    if 2 * words.sum() >= len(words):
        return "remove the row or merge the class with another"
    if not words.any():
        return "numbers are predicted with --problem regression"
    first = int(words.argmax())
    return f"for a target of numbers correct {source.at(first)}, which says '{names.names[names.codes[first]]}'"
