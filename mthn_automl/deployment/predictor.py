"""A saved model in use: rows in, predictions out."""

import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset, Table, TaskTable
from mthn_automl.data.exposure import given_exposures
from mthn_automl.data.formats.reading import Reading
from mthn_automl.data.new_rows import read_rows
from mthn_automl.data.schema import Schema
from mthn_automl.data.stream import RowStream
from mthn_automl.deployment.calibration.intervals import Intervals
from mthn_automl.deployment.calibration.unstated import Unstated, refuse_level
from mthn_automl.deployment.rows import FeatureReader, TaskReader
from mthn_automl.deployment.stream import PredictionStream
from mthn_automl.deployment.tables import Bounds, column_called, prediction_table, target_columns, wide_table
from mthn_automl.errors import DataError, FormatError, MthnError, UnknownWarning, UsageError
from mthn_automl.models.base import Classical
from mthn_automl.training.mean import Model
from mthn_automl.training.task_networks import MOST_KEPT


@dataclass(frozen=True)
class Predictor:
    """A model with the columns and tasks it was trained on.

    Attributes:
        architecture: its name.
        schema: the columns of training.
        tasks: those it was trained on.
        spare: tasks of which it knows the metadata only.
        model: what predicts; of an ensemble, the mean of its members.
        intervals: what it knows of how far off it is; None: nothing.
        members: names of the trials that it is made of, in the order of the models of an ensemble.
    """

    architecture: str
    schema: Schema
    tasks: TaskTable
    spare: TaskTable
    model: Model
    intervals: Intervals | None = None
    members: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the feature columns, in the order of `predict_arrays`."""
        return tuple(column.name for column in self.schema.features)

    def at_preference(self, preference: float) -> "Predictor":
        """The same model at another preference, where one training gave the whole curve: `pareto_hypernetwork`.

        Args:
            preference: 0 for the smallest error to 1 for the smallest network.

        Raises:
            UsageError: a number outside of [0, 1], or a model without preferences.
        """
        if not 0.0 <= preference <= 1.0:
            raise UsageError(f"The preference must lie between 0 and 1, however it is {preference:g}.")
        if isinstance(self.model, Classical) or not self.model.has_preference:
            raise UsageError(
                f"A preference needs a model that was trained for all of them, however this one is a "
                f"{self.architecture}; `mthn-automl search --architectures pareto_hypernetwork` trains one."
            )
        return replace(self, model=self.model.at_preference(preference), intervals=None)

    def read(
        self,
        data: str | Path | pd.DataFrame,
        meta: str | Path | pd.DataFrame | None = None,
        *,
        allow_unknown: bool = False,
        sheet: str | None = None,
        encoding: str | None = None,
        delimiter: str | None = None,
    ) -> Dataset:
        """Rows encoded as those of training were; `notes` count by column what training has not seen.

        Args:
            data: a file or a DataFrame.
            meta: the same, with the metadata of tasks that are new.
            allow_unknown: whether a column may hold nothing that training has seen.
            sheet, encoding, delimiter: how the files are read. By default as those of training, where that fits.

        Raises:
            DataError: a column of training is missing or holds something else; without `allow_unknown` one of
                categories of which no cell is known, too.
        """
        return read_rows(
            data,
            schema=self.schema,
            tasks=self.tasks,
            spare=self.spare,
            meta=meta,
            need_target=False,
            allow_unknown=allow_unknown,
            reading=Reading(delimiter, encoding, sheet),
        )

    def predict(
        self,
        data: str | Path | pd.DataFrame,
        meta: str | Path | pd.DataFrame | None = None,
        *,
        allow_unknown: bool = False,
        sheet: str | None = None,
        encoding: str | None = None,
        delimiter: str | None = None,
        interval: float | None = None,
    ) -> pd.DataFrame:
        """A row for each row of `data`, in its order; tasks never seen are predicted from their metadata.

        `row` is the position in `data`, counted from 0; lines of column names between the rows count, and are no rows.

        What training has not seen, of categories, tasks or ranges, is counted in warnings. The arguments are those of
        `read`.

        Args:
            interval: of numbers, a probability such as 0.9 with which a target lies between `low` and `high`. Of tasks
                never seen it is an estimate, and no guarantee, unless whole tasks were held out in training; where
                nothing can be said of them both are NaN, which is counted in a warning.

        Returns:
            Columns row, task, the column of --id if there is one, then prediction (or prediction_<target>); for
            classes prediction and probability_<class>. Of a wide table prediction_<target column>, for classes
            probability_<target column>_<class>, too, and no task. With an interval each prediction is followed by low
            and high (low_<target>, high_<target>). The index is that of `data` where it is a DataFrame.

        Raises:
            DataError: as `read`. UsageError: an interval that the model can state of no row.

        Example:
            >>> load_model("mthn_runs/demo").predict("new.csv")  # doctest: +SKIP
        """
        self.check_interval(interval)
        rows = self.read(data, meta, allow_unknown=allow_unknown, sheet=sheet, encoding=encoding, delimiter=delimiter)
        for note in (*rows.notes, *self.unstated(rows, interval)):
            warnings.warn(note, UnknownWarning, stacklevel=2)
        table = self.predict_rows(rows, interval)
        if not isinstance(data, pd.DataFrame):
            return table
        there = slice(None) if len(table) == len(data) else table["row"].to_numpy()
        given = {name: column_called(data, name)[there] for name in table.columns if name == self.schema.id}
        return table.assign(**given).set_axis(data.index[there])

    def predict_rows(self, rows: Dataset, interval: float | None = None) -> pd.DataFrame:
        """As `predict`, for rows that `read` has encoded; low and high are NaN where `unstated` says why."""
        self.check_interval(interval)
        table, prediction = wide_table if self.schema.wide else prediction_table, self._predicted(rows)
        found = table(self.schema, rows, prediction, self._bounds(prediction, rows.task, interval))
        return found if len(found) else found.astype(dict.fromkeys(found.select_dtypes(object), "str"))

    def stream(
        self,
        path: str | Path,
        meta: str | Path | None = None,
        *,
        rows_at_once: int = 200_000,
        allow_unknown: bool = False,
        sheet: str | None = None,
        encoding: str | None = None,
        delimiter: str | None = None,
        interval: float | None = None,
    ) -> PredictionStream:
        """As `predict`, for a file that need not fit into memory: a DataFrame for each `rows_at_once` of its rows.

        Its `notes` are there after the last piece.

        Raises:
            UsageError: less than a row at once; after the last piece, an interval that the model can state of no row.
            DataError: as `read`, while it is gone through: at the piece that holds what is wrong.

        Example:
            >>> for piece in load_model("mthn_runs/demo").stream("new.csv"):  # doctest: +SKIP
            ...     store(piece)
        """
        self.check_interval(interval)
        rows = RowStream(
            path,
            schema=self.schema,
            tasks=self.tasks,
            spare=self.spare,
            meta=meta,
            rows_at_once=rows_at_once,
            allow_unknown=allow_unknown,
            reading=Reading(delimiter, encoding, sheet),
        )
        return PredictionStream(rows, partial(self.predict_rows, interval=interval), Unstated(self.intervals, interval))

    def predict_encoded(self, rows: Dataset) -> FloatArray:
        """(rows, outputs) float64 for rows that `read` has encoded: numbers, or probabilities of the classes."""
        return self._predicted(rows)

    def predict_arrays(self, features: ArrayLike, task: ArrayLike, exposure: ArrayLike | None = None) -> FloatArray:
        """Predictions without a DataFrame: (rows, targets), or probabilities (rows, classes), float64.

        Metadata of new tasks cannot be given here, nor those that stand in the rows: `predict` and `predict_one` take
        these.

        Args:
            features: (rows, columns) numbers in the order of `columns`, NaN where missing. A category is given as its
                index in the schema, -1 or NaN where it is missing.
            task: (rows,) names, or (rows, columns) where several columns name a task; or, where no task of training is
                named by a whole number, indices into `tasks.names`, -1 for a task never seen. Names that are not known
                are tasks never seen.
            exposure: (rows,) of a model of counts that was trained with `--offset`.

        Raises:
            DataError: arrays of other shapes, numbers that are not finite, an index that there is not, an exposure that
                is missing or not above 0.
        """
        table, (number, tasks) = self._features.of_array(features), self._tasks.of_rows(task)
        if len(number) != len(table):
            raise DataError(
                f"There must be one task a row, however {len(number):,} tasks are given for {len(table):,} rows."
            )
        return self._predicted(self._to_predict(table, number, tasks, self._exposures(exposure, len(table))))

    def predict_one(
        self,
        row: Mapping[str, object] | ArrayLike,
        task: object = None,
        exposure: object = None,
        *,
        interval: float | None = None,
    ) -> dict[str, float | str]:
        """The prediction of one row, under the names of the columns of `predict`.

        The network of a task is kept for its next row: with an architecture that is an MLP once the task is fixed, as
        the hypernetwork is, this takes a tenth of a millisecond for each fold; any other takes as long as for a table
        of one row, and an ensemble as long as its members together.

        Args:
            row: values by the names of columns, as a mapping or a Series; what is not there, None or NaN is missing,
                and so is a category that is not known. Of a new task they may hold its metadata, where those of
                training stood in the rows; a known task keeps what training had, whatever the row says. Or numbers in
                the order of `columns`, as for `predict_arrays`.
            task: its name, where `row` does not hold it; a tuple where several columns name it.
            exposure: of a model of counts that was trained with `--offset`, where `row` does not hold it.
            interval: as of `predict`.

        Raises:
            DataError: no task, what is no finite number in a numeric column, an array of another length, or an exposure
                that is missing or not above 0. UsageError: as `predict`.

        Example:
            >>> load_model("mthn_runs/demo").predict_one({"task": "Germany", "x": 1.5})  # doctest: +SKIP
            {'prediction': 0.25}
        """
        self.check_interval(interval)
        named: Mapping[str, object] = {}
        if isinstance(row, Mapping | pd.Series):
            named = row if isinstance(row, Mapping) else {str(name): value for name, value in row.items()}
            table = self._features.of_mapping(named)
            task = self._tasks.in_row(named) if task is None else task
            exposure = named.get(self.schema.offset or "") if exposure is None else exposure
        else:
            table = self._features.of_list(row)
        exposures = self._exposures(None if exposure is None else [exposure], 1)
        known = self._tasks.of_name(task)
        metadata = None if isinstance(known, int) else self._metadata_in(named)
        found = self._by_its_network(table, known, metadata)
        if found is not None:
            prediction = _finite(found if exposures is None else found * exposures)
        else:
            number, tasks = self._numbered(known, metadata)
            prediction = self._predicted(self._to_predict(table, np.array([number]), tasks, exposures))
        task_number = np.array([known if isinstance(known, int) else len(self.tasks)])
        return self._named(prediction[0], self._bounds(prediction, task_number, interval, refuse=True))

    def check_interval(self, level: float | None) -> None:
        """Raises UsageError: the model states no intervals, or it is no level."""
        refuse_level(self.intervals, self.schema, level)

    def unstated(self, rows: Dataset, level: float | None) -> tuple[str, ...]:
        """How many of the rows have no interval, and why. Raises UsageError: none of them has one."""
        found = Unstated(self.intervals, level)
        found.enter(rows.task)
        found.refuse()
        return found.notes

    def _bounds(
        self, prediction: FloatArray, task: IntArray, level: float | None, *, refuse: bool = False
    ) -> Bounds | None:
        """refuse: rows none of which has an interval."""
        if level is None or self.intervals is None:
            return None
        stated = self.intervals.bounds if refuse else self.intervals.ends
        return stated(prediction, task, level, self.schema.kind.least)

    def _predicted(self, rows: Dataset) -> FloatArray:
        """Raises FormatError: the model cannot answer, or not with numbers, as when its folder is damaged."""
        if len(rows) == 0:
            return np.empty((0, self.schema.outputs))
        try:
            alone = len(rows) == 1 and rows.task[0] < len(self.tasks) and rows.tasks is self.tasks
            found = self._by_its_network(rows.features, int(rows.task[0]), None) if alone else None
            return _finite(self.model.predict(rows) if found is None else rows.exposed(found))
        except (IndexError, KeyError, ValueError, RuntimeError) as error:
            if isinstance(error, MthnError):
                raise
            raise FormatError(
                f"A model must predict any rows of its columns, however it says: {type(error).__name__}: {error}; its "
                "folder is damaged, or was made by another version."
            ) from error

    @cached_property
    def _features(self) -> FeatureReader:
        return FeatureReader(self.schema.features, self.schema.missing)

    @cached_property
    def _metadata(self) -> FeatureReader:
        return FeatureReader(self.schema.metadata, self.schema.missing)

    @cached_property
    def _tasks(self) -> TaskReader:
        return TaskReader(self.schema, self.tasks, self.spare)

    def __getstate__(self) -> dict[str, Any]:
        """Without the networks that were kept, as of `Networks`."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def _cached(self) -> dict[tuple[int | str, bytes], Any]:
        return {}

    def _metadata_in(self, row: Mapping[str, object]) -> Table | None:
        """Those of a new task, where they stand in the rows as those of training did."""
        return self._metadata.of_mapping(row) if self.schema.promoted and self.schema.metadata and row else None

    def _by_its_network(self, row: Table, task: int | str, metadata: Table | None) -> FloatArray | None:
        """(1, outputs) of a row of an exposure of 1; None where `_network` gives none."""
        network = self._network(task, metadata)
        if isinstance(self.model, Classical) or network is None:
            return None
        return self.model.predict_row(row, network)[np.newaxis]

    def _network(self, task: int | str, metadata: Table | None) -> Any:
        """What the model's `predict_row` needs of a task; None where one of its models is no network of a task."""
        if isinstance(self.model, Classical):
            return None
        key = task, b"" if metadata is None else metadata.numeric.tobytes() + metadata.codes.tobytes()
        with suppress(KeyError):  # other threads may clear them at any time
            return self._cached[key]
        if len(self._cached) * self.model.size().task_network > MOST_KEPT:
            self._cached.clear()
        network = self._cached[key] = self.model.task_network(*self._numbered(task, metadata))
        return network

    def _numbered(self, task: int | str, metadata: Table | None) -> tuple[int, TaskTable]:
        """The number of what `TaskReader.of_name` says, and the tasks it counts."""
        if isinstance(task, int):
            return task, self.tasks
        if metadata is not None:
            return len(self.tasks), self._tasks.described(task, metadata)
        return len(self.tasks), self._tasks.extended([task])

    def _exposures(self, given: object, rows: int) -> FloatArray | None:
        """None of a model that was trained without."""
        return None if self.schema.offset is None else given_exposures(self.schema.offset, given, rows)

    def _to_predict(self, table: Table, number: IntArray, tasks: TaskTable, exposure: FloatArray | None) -> Dataset:
        none, row = np.empty((len(table), 0)), np.arange(len(table))
        return Dataset(self.schema, table, number, none, row, tasks, self.spare, exposure=exposure)

    def _named(self, prediction: FloatArray, bounds: Bounds | None) -> dict[str, float | str]:
        if not self.schema.classes:
            columns = target_columns(self.schema, prediction[np.newaxis], bounds)
            return {name: float(column[0]) for name, column in columns.items()}
        values = prediction.tolist()
        named = {f"probability_{name}": value for name, value in zip(self.schema.classes, values, strict=True)}
        return {"prediction": self.schema.classes[int(prediction.argmax())], **named}


def _finite(prediction: FloatArray) -> FloatArray:
    """The predictions, if they are numbers.

    Raises:
        FormatError: one is not, as where weights of the model are none.
    """
    wrong = np.flatnonzero(~np.isfinite(prediction).all(axis=1))
    if len(wrong):
        raise FormatError(
            f"A model must predict finite numbers, however of {len(prediction):,} rows {len(wrong):,} get none, the "
            f"first at place {wrong[0]}; its folder is damaged, or these rows lie far outside of training."
        )
    return prediction
