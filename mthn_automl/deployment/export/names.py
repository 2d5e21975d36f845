"""What the inputs and outputs of an exported model are called, and how names of tasks are looked up part by part."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mthn_automl.data.schema import Column, Schema
from mthn_automl.data.task_names import parts_of
from mthn_automl.deployment.export.dates import MISSING

OUTPUTS = ("prediction", "probabilities", "low", "high")
"""Names that no input may have: those of what comes out."""


@dataclass(frozen=True)
class Wanted:
    """An input of an exported model, (rows, 1).

    Attributes:
        name: of the input: that of the column, but where another input or an output has it.
        column: of the table.
        role: feature, metadata, task or exposure.
        kind: double, string, or int64 for a date: microseconds since 1970.
        required: whether it must be given; metadata need not, since those of known tasks are in the model.
    """

    name: str
    column: str
    role: str
    kind: str
    required: bool = True

    @property
    def missing(self) -> Any:
        return {"double": np.nan, "string": "", "int64": MISSING}[self.kind]

    @property
    def dtype(self) -> Any:
        """Of NumPy's arrays that are given."""
        return {"double": np.float64, "string": np.object_, "int64": np.int64}[self.kind]


def wanted_inputs(schema: Schema, *, any_task: bool) -> tuple[Wanted, ...]:
    """All of them, features first. any_task: rows name their tasks, which may be described."""
    taken, found = set(OUTPUTS), list[Wanted]()
    for column, role, kind in _columns(schema, any_task):
        name = column if column not in taken else f"{role}:{column}"
        taken.add(name)
        found.append(Wanted(name, column, role, kind, role != "metadata"))
    return tuple(found)


def _columns(schema: Schema, any_task: bool) -> Iterator[tuple[str, str, str]]:
    """Name, role and kind of each column of the input, once in each role."""
    yield from ((name, "feature", kind) for name, kind in _read_from(schema.features).items())
    if any_task:
        yield from ((name, "task", "string") for name in schema.task)
    if schema.offset is not None:
        yield schema.offset, "exposure", "double"
    if any_task:
        yield from ((name, "metadata", kind) for name, kind in _read_from(schema.metadata).items())


def _read_from(columns: Sequence[Column]) -> dict[str, str]:
    return {
        each.read_from: "int64" if each.part is not None else "double" if each.numeric else "string" for each in columns
    }


@dataclass(frozen=True)
class TaskNames:
    """Names of tasks that several columns give, as look-ups of one column after the other.

    Attributes:
        parts: of each column, the texts that occur there.
        pairs: of each column but the first: the number of what the columns before it give, by that of the last of them
            and of this part, as `number * (parts + 1) + part`.
        order: the task of each number that all columns give together.
    """

    parts: tuple[tuple[str, ...], ...]
    pairs: tuple[dict[int, int], ...]
    order: tuple[int, ...]

    @classmethod
    def of(cls, columns: Sequence[str], names: Sequence[str]) -> "TaskNames":
        split = [[name] if len(columns) == 1 else parts_of(name) for name in names]
        parts = [tuple(dict.fromkeys(each[column] for each in split)) for column in range(len(columns))]
        number = [parts[0].index(each[0]) for each in split] if len(columns) > 1 else list(range(len(names)))
        pairs = list[dict[int, int]]()
        for column in range(1, len(columns)):
            place = {part: index for index, part in enumerate(parts[column])}
            keys = [known * (len(place) + 1) + place[each[column]] for known, each in zip(number, split, strict=True)]
            numbered = {key: index for index, key in enumerate(dict.fromkeys(keys))}
            number, pairs = [numbered[key] for key in keys], [*pairs, numbered]
        count = max(number, default=-1) + 1
        order = np.zeros(count, dtype=np.int64)
        order[number] = np.arange(len(names))
        return cls(tuple(parts), tuple(pairs), tuple(order.tolist()))
