"""The inputs of a graph, which are raw columns, and what becomes of them: numbers, codes and tasks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from onnx import numpy_helper

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import TaskTable
from mthn_automl.data.schema import Column, Problem, Schema
from mthn_automl.deployment.export import dates
from mthn_automl.deployment.export.graph import ML, Graph
from mthn_automl.deployment.export.meaning import marked_dates, marks_of
from mthn_automl.deployment.export.names import TaskNames, Wanted, wanted_inputs
from mthn_automl.errors import UnsupportedError

WHOLE = re.compile(r"-?\d+")


@dataclass(frozen=True)
class Columns:
    """Features or metadata in a graph.

    Attributes:
        numeric: (rows, numbers) double precision, NaN where missing; None where there are no numeric columns.
        codes: of each categorical column (rows, 1) whole numbers, -1 where missing or unknown.
    """

    numeric: str | None
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Rows:
    """What all models of a graph are told of rows.

    Attributes:
        graph: that they are in.
        problem: that their targets pose.
        count: (1,) how many there are.
        features: of the rows.
        metadata: of the task of each row; None where there are none.
        task: (rows,) place of each row's task in the tables that `of_tasks` is given.
        fixed: the number of the one task that all rows are of; None: they may be of any.
        known: tasks of training.
        exposure: (rows, 1) double precision; None where there is none.
    """

    graph: Graph
    problem: Problem
    count: str
    features: Columns
    metadata: Columns | None
    task: str
    fixed: int | None
    known: int
    exposure: str | None = None

    def of_tasks(self, table: ArrayLike) -> str:
        """(rows, ...) of a table (known tasks + 1, ...), whose last row is for tasks never seen."""
        values = np.asarray(table)
        assert len(values) == self.known + 1
        if self.fixed is not None:
            values = values[self.fixed : self.fixed + 1]
        return self.graph.add("Gather", self.graph.constant(values), self.task, axis=0)

    def repeated(self, values: ArrayLike) -> str:
        """(rows, ...) the same values, (...), in every row."""
        array = np.asarray(values)[np.newaxis]
        shape = self.graph.add("Concat", self.count, self.graph.constant(list(array.shape[1:]), np.int64), axis=0)
        return self.graph.add("Expand", self.graph.constant(array), shape)


@dataclass(frozen=True)
class InputReader:
    """Puts the inputs of a model into a graph.

    Attributes:
        graph: to put them into.
        schema: of the model.
        tasks: of training.
        spare: of which the metadata alone are known.
        fixed: the number of the one task of all rows; None: each row names its own.
    """

    graph: Graph
    schema: Schema
    tasks: TaskTable
    spare: TaskTable
    fixed: int | None = None
    _given: dict[tuple[str, str], str] = field(default_factory=dict)

    def rows(self) -> Rows:
        """All inputs, and what is made of them."""
        wanted = wanted_inputs(self.schema, any_task=self.fixed is None)
        for each in wanted:
            self._given[each.role, each.column] = self.graph.input(each.name, each.kind, 1)
        first = next((each for each in wanted if each.required), None)
        if first is None:
            raise UnsupportedError("An exported model must have an input, however this one has no feature.")
        count = self.graph.add("Shape", first.name, start=0, end=1)
        for each in wanted:
            if not each.required:
                self._optional(each, count)
        features = self._columns(self.schema.features, "feature")
        exposure = None if self.schema.offset is None else self._above_zero(self._given["exposure", self.schema.offset])
        known, fixed = len(self.tasks), self.fixed
        if fixed is not None:
            rows = Rows(
                self.graph, self.schema.problem, count, features, None, self._zeros(count), fixed, known, exposure
            )
            return replace(rows, metadata=self._known_metadata(rows))
        index = self._index(self.schema.task, self.tasks.names)
        rows = Rows(self.graph, self.schema.problem, count, features, None, index, None, known, exposure)
        return replace(rows, metadata=self._metadata(rows))

    def _optional(self, wanted: Wanted, count: str) -> None:
        """An input that need not be given: of one row, and missing there, where it is not."""
        self.graph.default(numpy_helper.from_array(np.array([[wanted.missing]]).astype(wanted.dtype), wanted.name))
        shape = self.graph.add("Concat", count, self.graph.constant([1]), axis=0)
        self._given[wanted.role, wanted.column] = self.graph.add("Expand", wanted.name, shape)

    def _zeros(self, count: str) -> str:
        return self.graph.add("Expand", self.graph.constant([0]), count)

    def _columns(self, columns: Sequence[Column], role: str) -> Columns:
        numeric = [self._numbers(each, role) for each in columns if each.numeric]
        codes = tuple(self._code(each, role) for each in columns if not each.numeric)
        return Columns(self._cleaned(numeric, marks_of(columns, self.schema.missing)) if numeric else None, codes)

    def _numbers(self, column: Column, role: str) -> str:
        graph, given = self.graph, self._given[role, column.read_from]
        if column.part is None:
            return given
        for mark in marked_dates(column.written, self.schema.missing):
            equal = graph.add("Equal", given, graph.constant([int(mark.astype(np.int64))], np.int64))
            given = graph.add("Where", equal, graph.constant([dates.MISSING], np.int64), given)
        return dates.part_of(graph, column.part, given)

    def _cleaned(self, columns: Sequence[str], marks: FloatArray) -> str:
        """Numbers that count as missing become NaN: infinite ones, and those that the user has named.

        marks: (marks, columns), NaN where there is none.
        """
        graph, values = self.graph, self.graph.add("Concat", *columns, axis=1)
        nothing = graph.constant([np.nan])
        values = graph.add("Where", graph.add("IsInf", values), nothing, values)
        for mark in marks:
            values = graph.add("Where", graph.add("Equal", values, graph.constant([mark])), nothing, values)
        return values

    def _code(self, column: Column, role: str) -> str:
        return self._looked_up(self._given[role, column.read_from], column.categories or (), -1)

    def _above_zero(self, exposure: str) -> str:
        """NaN in place of what is no exposure, which `predict` refuses."""
        graph = self.graph
        sound = graph.add("Greater", exposure, graph.constant([[0.0]]))
        return graph.add("Where", sound, exposure, graph.constant([[np.nan]]))

    def _looked_up(self, text: str, names: Sequence[str], unknown: int) -> str:
        """The place of each text among the names; a whole number may also be written as `3.0`, as data frames do."""
        spelt = {name: place for place, name in enumerate(names)}
        for name, place in list(spelt.items()):
            if WHOLE.fullmatch(name):
                spelt.setdefault(f"{name}.0", place)
        keys, places = (list(spelt), list(spelt.values())) if spelt else ([""], [unknown])
        return self.graph.add(
            "LabelEncoder", text, domain=ML, keys_strings=keys, values_int64s=places, default_int64=unknown
        )

    def _index(self, columns: Sequence[str], names: Sequence[str]) -> str:
        """(rows,) the place of each row's task among the names, which these columns give; else how many there are."""
        graph, book = self.graph, TaskNames.of(columns, names)
        place = self._looked_up(self._given["task", columns[0]], book.parts[0], len(book.parts[0]))
        for column, parts, pairs in zip(columns[1:], book.parts[1:], book.pairs, strict=True):
            second = self._looked_up(self._given["task", column], parts, len(parts))
            both = graph.add("Add", graph.add("Mul", place, graph.constant([len(parts) + 1])), second)
            keys, places = list(pairs), list(pairs.values())
            place = graph.add(
                "LabelEncoder", both, domain=ML, keys_int64s=keys, values_int64s=places, default_int64=len(pairs)
            )
        flat = graph.add("Reshape", place, graph.constant([-1]))
        return graph.add("Gather", graph.constant([*book.order, len(names)], np.int64), flat, axis=0)

    def _known_metadata(self, rows: Rows) -> Columns | None:
        if self.tasks.metadata is None:
            return None
        numeric, codes = _with_missing(self.tasks)
        return Columns(
            rows.of_tasks(numeric) if numeric.shape[1] else None,
            tuple(rows.of_tasks(column[:, np.newaxis]) for column in codes.T),
        )

    def _metadata(self, rows: Rows) -> Columns | None:
        """Those of training of a known task; of a new one what is given, else what is known of it besides."""
        known = self._known_metadata(rows)
        if known is None:
            return None
        graph, new = self.graph, self._described_new()
        unseen = graph.add("Equal", rows.task, graph.constant([rows.known]))
        unseen = graph.add("Unsqueeze", unseen, graph.constant([1]))
        numeric = None
        if known.numeric is not None and new.numeric is not None:
            numeric = graph.add("Where", unseen, new.numeric, known.numeric)
        pairs = zip(new.codes, known.codes, strict=True)
        return Columns(numeric, tuple(graph.add("Where", unseen, *pair) for pair in pairs))

    def _described_new(self) -> Columns:
        given, graph = self._columns(self.schema.metadata, "metadata"), self.graph
        if self.spare.metadata is None or not len(self.spare):
            return given
        place = self._index(self.schema.described, self.spare.names)
        spare_numeric, spare_codes = _with_missing(self.spare)
        gaps = [] if given.numeric is None else [graph.add("IsNaN", given.numeric)]
        gaps += [graph.add("Less", each, graph.constant([0])) for each in given.codes]
        if not self.schema.promoted:  # what is given of a task then stands for all that is known of it
            gaps = [self._all(gaps)] * len(gaps)
        filled = iter(gaps)
        numeric = None
        if given.numeric is not None:
            known = graph.add("Gather", graph.constant(spare_numeric), place, axis=0)
            numeric = graph.add("Where", next(filled), known, given.numeric)
        codes = []
        for each, column in zip(given.codes, spare_codes.T, strict=True):
            known = graph.add("Gather", graph.constant(column[:, np.newaxis]), place, axis=0)
            codes.append(graph.add("Where", next(filled), known, each))
        return Columns(numeric, tuple(codes))

    def _all(self, gaps: Sequence[str]) -> str:
        """(rows, 1) whether all of a row are."""
        graph = self.graph
        joined = graph.add("Cast", graph.add("Concat", *gaps, axis=1), to=7)
        least = graph.add("ReduceMin", joined, graph.constant([1]), keepdims=1)
        return graph.add("Equal", least, graph.constant([1]))


def _with_missing(tasks: TaskTable) -> tuple[FloatArray, Any]:
    """Numbers and codes of the metadata, and a row behind them of which all are missing."""
    assert tasks.metadata is not None
    numeric, codes = tasks.metadata.numeric, tasks.metadata.codes
    return (
        np.concatenate([numeric, np.full((1, numeric.shape[1]), np.nan)]),
        np.concatenate([codes, np.full((1, codes.shape[1]), -1, dtype=np.int64)]),
    )
