"""Shapley values of single predictions: what each thing that a model is told adds to the mean of other rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset, Table, TaskTable
from mthn_automl.data.schema import Column, Schema
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.deployment.tables import prediction_names
from mthn_automl.errors import UsageError, extra_line
from mthn_automl.training.mean import with_metadata

SHAPLEY_COLUMNS: Final = ("row", "task", "output", "name", "kind", "value", "shapley", "base", "prediction")
BACKGROUND: Final = 50
"""Rows that what is not told is taken from."""
PERMUTATIONS: Final = 10
MOST_NAMED: Final = 5
"""Rows that a sentence names."""


def shapley_values(predictor: Predictor, rows: Dataset, wanted: Sequence[int], *, seed: int) -> pd.DataFrame:
    """A line for each wanted row, output and column of the input, and for the task's identity.

    Of a wide table a row has as many predictions as tasks; an output is called as the columns of `predict` are.
    The values of an output add up to `prediction` less `base`. What is not told of features and metadata is that of up
    to 50 other rows; without its identity a task is one never seen. Columns made of one column of the input, as the
    parts of a date are, are added up. The way is by permutations of what is told, forth and back, of which there are
    10 (Lundberg and Lee 2017), which is exact up to interactions of two.

    Args:
        predictor: the model.
        rows: that it can predict.
        wanted: places in the input.

    Raises:
        UsageError: no such row, or the package shap is not installed.
    """
    try:
        import shap
    except ImportError:
        raise UsageError(
            f"Shapley values need the package shap, however it is not installed: {extra_line('explain')}."
        ) from None
    _refuse_absent(rows, wanted)
    random = np.random.default_rng(seed)
    background = np.sort(random.choice(len(rows), min(len(rows), BACKGROUND), replace=False))
    lines: list[dict[str, Any]] = []
    for place in (place for row in wanted for place in np.flatnonzero(rows.row == row).tolist()):
        one = _Row(predictor, rows, place)
        masker = shap.maskers.Independent(one.players(background, known=False), max_samples=len(background))
        explainer = shap.explainers.Permutation(one.predictions, masker, seed=seed)
        players = one.players(np.array([place]), known=one.is_known)
        found = explainer(players, max_evals=PERMUTATIONS * (2 * players.shape[1] + 1), silent=True)
        lines += one.lines(found.values[0], found.base_values[0], one.predictions(players)[0])
    return pd.DataFrame(lines, columns=list(SHAPLEY_COLUMNS))


def _refuse_absent(rows: Dataset, wanted: Sequence[int]) -> None:
    present = np.unique(rows.row)
    absent = [row for row in wanted if row not in present]
    if absent:
        some = ", ".join(map(str, present[:MOST_NAMED]))
        raise UsageError(
            f"A row must be one of the {len(present):,} that are given, however there is no row {absent[0]}: rows are "
            "named by their positions, from 0, in the data that they come from, which for the test rows of a run are "
            f"the data of the run; take another, such as {some}."
        )


@dataclass(frozen=True)
class _Row:
    """One row to take apart.

    Its players are an array (rows, columns) of the numbers and codes of features, those of metadata, and whether the
    task is known.
    """

    predictor: Predictor
    rows: Dataset
    place: int

    def players(self, rows: np.ndarray, *, known: bool) -> FloatArray:
        features, metadata = self.rows.features.take(rows), self.rows.tasks.metadata
        parts = [features.numeric, features.codes]
        if metadata is not None:
            described = metadata.take(self.rows.task[rows])
            parts += [described.numeric, described.codes]
        return np.hstack([*parts, np.full((len(rows), 1), float(known))])

    def predictions(self, players: FloatArray) -> FloatArray:
        """(rows, outputs) where the row is told what players say, at its own exposure."""
        found = np.empty((len(players), self.predictor.schema.outputs))
        known = players[:, -1] == 1.0
        features, metadata = self._tables(players)
        for some, predict in self._parts(known & self.is_known, metadata):
            found[some] = predict(features.take(some))
        return found

    @property
    def is_known(self) -> bool:
        """Whether the row's task is one of training."""
        return bool(self.rows.task[self.place] < len(self.predictor.tasks))

    def _tables(self, players: FloatArray) -> tuple[Table, Table | None]:
        numbers, codes = self.rows.features.numeric.shape[1], self.rows.features.codes.shape[1]
        features = Table(players[:, :numbers], players[:, numbers : numbers + codes].astype(np.int64))
        if self.rows.tasks.metadata is None:
            return features, None
        begin, of_tasks = numbers + codes, self.rows.tasks.metadata.numeric.shape[1]
        described = players[:, begin:-1]
        return features, Table(described[:, :of_tasks], described[:, of_tasks:].astype(np.int64))

    def _parts(
        self, known: np.ndarray, metadata: Table | None
    ) -> Iterator[tuple[np.ndarray, Callable[[Table], FloatArray]]]:
        """Rows that one call predicts: those of the known task with one description, and all of tasks never seen."""
        place, number = _distinct(metadata, len(known))
        for each in np.unique(place[known]):
            some = np.flatnonzero(known & (place == each))
            yield some, self._of_known(None if metadata is None else metadata.take(some[:1]))
        new = np.flatnonzero(~known)
        if len(new):
            first = np.array([int((place == each).argmax()) for each in range(number)])
            described = None if metadata is None else metadata.take(first)
            yield new, self._of_unseen(described, place[new], number)

    def _of_known(self, described: Table | None) -> Callable[[Table], FloatArray]:
        tasks, own, model = self.predictor.tasks, int(self.rows.task[self.place]), self.predictor.model
        if described is not None and tasks.metadata is not None:
            numeric, codes = tasks.metadata.numeric.copy(), tasks.metadata.codes.copy()
            numeric[own], codes[own] = described.numeric[0], described.codes[0]
            tasks = TaskTable(tasks.names, Table(numeric, codes))
            model = with_metadata(model, tasks)
        told = replace(self.predictor, model=model)
        return lambda features: told.predict_encoded(self._dataset(features, np.full(len(features), own), tasks))

    def _of_unseen(self, described: Table | None, place: np.ndarray, number: int) -> Callable[[Table], FloatArray]:
        known = self.predictor.tasks
        tasks = known.joined(TaskTable(tuple(f"never seen {each}" for each in range(number)), described))
        return lambda features: self.predictor.predict_encoded(self._dataset(features, len(known) + place, tasks))

    def _dataset(self, features: Table, task: np.ndarray, tasks: TaskTable) -> Dataset:
        exposure = None if self.rows.exposure is None else np.full(len(features), self.rows.exposure[self.place])
        row, none = np.arange(len(features)), np.empty((len(features), 0))
        return Dataset(self.predictor.schema, features, task, none, row, tasks, self.rows.spare, exposure=exposure)

    def lines(self, values: FloatArray, base: Any, prediction: FloatArray) -> Iterator[dict[str, Any]]:
        """values: (players, outputs), or (players,) of one output."""
        schema, task = self.predictor.schema, self.rows.tasks.names[self.rows.task[self.place]]
        outputs = _outputs(schema, task)
        values, base = values.reshape(len(values), -1), np.broadcast_to(base, len(outputs))
        told = list(_players(schema, with_metadata=self.rows.tasks.metadata is not None))
        for output, name in enumerate(outputs):
            for (kind, source), places in _grouped(told).items():
                yield {
                    "row": int(self.rows.row[self.place]),
                    "task": task,
                    "output": name,
                    "name": source,
                    "kind": kind,
                    "value": self._value(told, places),
                    "shapley": float(values[places, output].sum()),
                    "base": float(base[output]),
                    "prediction": float(prediction[output]),
                }

    def _value(self, told: Sequence[tuple[str, str, Column | None]], places: Sequence[int]) -> str:
        """What the row says, as text; of several columns made of one, each."""
        cells = self.players(np.array([self.place]), known=self.is_known)[0]
        return (
            ", ".join(_shown(told[place][2], cells[place]) for place in places)
            if told[places[0]][2]
            else (self.rows.tasks.names[self.rows.task[self.place]])
        )


def _outputs(schema: Schema, task: str) -> list[str]:
    """Names of what is predicted for a row of a task, as those of the columns of `predict`."""
    of_task = f"_{task}" if schema.wide else ""
    if schema.classes:
        return [f"probability{of_task}_{name}" for name in schema.classes]
    return [f"prediction{of_task}"] if schema.wide else prediction_names(schema)


def _players(schema: Schema, *, with_metadata: bool) -> Iterator[tuple[str, str, Column | None]]:
    """Kind, column of the input and column of the schema of each player, numbers before categories."""
    kinds = [("feature", schema.features), *([("metadata", schema.metadata)] if with_metadata else [])]
    for kind, columns in kinds:
        for column in sorted(columns, key=lambda each: not each.numeric):
            yield kind, column.read_from, column
    yield "task", " and ".join(schema.task), None


def _grouped(told: Sequence[tuple[str, str, Column | None]]) -> dict[tuple[str, str], list[int]]:
    found: dict[tuple[str, str], list[int]] = {}
    for place, (kind, source, _) in enumerate(told):
        found.setdefault((kind, source), []).append(place)
    return found


def _shown(column: Column | None, cell: float) -> str:
    if column is None or np.isnan(cell):
        return ""
    if column.categories is None:
        return f"{cell:.6g}"
    return column.categories[int(cell)] if cell >= 0 else ""


def _distinct(metadata: Table | None, rows: int) -> tuple[np.ndarray, int]:
    """(rows,) which of the different descriptions each row has, and how many there are."""
    if metadata is None:
        return np.zeros(rows, dtype=np.int64), 1
    cells = np.hstack([np.nan_to_num(metadata.numeric, nan=np.inf), metadata.codes])
    distinct, place = np.unique(cells, axis=0, return_inverse=True)
    return place.reshape(-1), len(distinct)
