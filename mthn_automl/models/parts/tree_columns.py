"""The columns of a Dataset as trees want them: categories as small ranks, numbers as they are, target means."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset, Table
from mthn_automl.data.schema import Column
from mthn_automl.models.parts.target_means import TargetMeans, training_means
from mthn_automl.received import typed

SURE_TASK = 5  # rows of a task from which its plain mean beat the cross-fitted one on six small data sets

TaskColumn = Literal["none", "category", "target_mean", "both"]


@dataclass(frozen=True)
class Codes:
    """A categorical column of some rows.

    Attributes:
        values: (rows,) codes, -1 where unknown.
        categories: how many there are.
        as_mean: whether target means stand in for the codes.
        sure_from: see `training_means`.
    """

    values: IntArray
    categories: int
    as_mean: bool
    sure_from: float = math.inf

    def training_means(self, target: FloatArray, weight: FloatArray | None, seed: int) -> FloatArray:
        return training_means(self.values, target, self.categories, weight, sure_from=self.sure_from, seed=seed)


@dataclass(frozen=True)
class TreeColumns:
    """How the matrix of a fit is made again: native categories, then numbers, then target means.

    Shape:
        rows -> (rows, columns) float64.

    Example:
        >>> from mthn_automl.data.problems import cubic
        >>> from mthn_automl.data.read import read_dataset
        >>> rows = read_dataset(cubic(tasks=2, rows=4)[0])
        >>> TreeColumns.fit(rows, rows.target, task="both", use_metadata=False).transform(rows).shape
        (8, 3)

    Attributes:
        task: what stands for the task; `both` is a category and a target mean.
        most_native: categories up to which a column stays a category; None: however many there are.
        tasks: how many there are.
        feature_sizes: categories of each categorical feature.
        metadata_sizes: categories of each categorical column of metadata.
        metadata_numbers: numeric columns of metadata that are used.
        ranks: for each native category column (categories + 1,) the rank of each category among those that training
            rows hold, in the order in which they are met there, so that trees do not depend on how tasks are numbered;
            NaN for the others and, at the end, for -1.
        means: the table of each column of target means.
    """

    task: TaskColumn
    most_native: int | None
    tasks: int
    feature_sizes: tuple[int, ...]
    metadata_sizes: tuple[int, ...]
    metadata_numbers: int
    ranks: tuple[FloatArray, ...] = ()
    means: tuple[TargetMeans, ...] = ()

    @classmethod
    def fit(
        cls,
        training: Dataset,
        target: FloatArray,
        *,
        task: TaskColumn,
        use_metadata: bool,
        most_native: int | None = None,
    ) -> "TreeColumns":
        """Ranks and target means of the training rows; target: (rows, outputs), NaN where missing."""
        metadata = training.schema.metadata if use_metadata else ()
        bare = cls(
            task,
            most_native,
            len(training.tasks),
            _category_counts(training.schema.features),
            _category_counts(metadata),
            sum(column.numeric for column in metadata),
        )
        codes = bare._codes(training)
        ranks = tuple(_ranks(column) for column in codes if not column.as_mean)
        means = tuple(
            TargetMeans.fit(column.values, target, column.categories, training.weight)
            for column in codes
            if column.as_mean
        )
        return replace(bare, ranks=ranks, means=means)

    def training_matrix(self, training: Dataset, target: FloatArray, *, seed: int) -> FloatArray:
        """The matrix of the rows of `fit`, with target means that are cross-fitted."""
        by_mean = [column for column in self._codes(training) if column.as_mean]
        return self._matrix(training, [column.training_means(target, training.weight, seed) for column in by_mean])

    def transform(self, rows: Dataset) -> FloatArray:
        """(rows, columns) float64, NaN where missing or unknown."""
        by_mean = [column for column in self._codes(rows) if column.as_mean]
        return self._matrix(rows, [mean.of(column.values) for mean, column in zip(self.means, by_mean, strict=True)])

    def _matrix(self, rows: Dataset, means: list[FloatArray]) -> FloatArray:
        native = [column.values for column in self._codes(rows) if not column.as_mean]
        ranked = [ranks[values][:, None] for ranks, values in zip(self.ranks, native, strict=True)]
        parts = [*ranked, rows.features.numeric, self._metadata(rows).numeric[rows.task], *means]
        if sum(part.shape[1] for part in parts) == 0:
            parts.append(np.zeros((len(rows), 1)))
        return np.ascontiguousarray(np.concatenate(parts, axis=1), dtype=np.float64)

    def _codes(self, rows: Dataset) -> list[Codes]:
        """All categorical columns: of the features, of the metadata, and the task itself."""
        metadata = self._metadata(rows).codes[rows.task]
        values = [*rows.features.codes.T, *metadata.T]
        sizes = self.feature_sizes + self.metadata_sizes
        columns = [Codes(codes, size, self._too_many(size)) for codes, size in zip(values, sizes, strict=True)]
        known = np.where(rows.task < self.tasks, rows.task, -1)
        if self.task in ("category", "both") and not self._too_many(self.tasks):
            columns.append(Codes(known, self.tasks, False))
        if self.task_as_mean:
            columns.append(Codes(known, self.tasks, True, SURE_TASK))
        return columns

    def _too_many(self, categories: int) -> bool:
        return self.most_native is not None and categories > self.most_native

    def width(self, numbers: int) -> int:
        """Columns of the matrix of rows that have so many numeric features."""
        means = sum(int(each.table.shape[1]) for each in self.means)
        return max(1, len(self.ranks) + numbers + self.metadata_numbers + means)

    @property
    def task_as_mean(self) -> bool:
        """Whether there is the task's target mean: asked for, or because tasks are too many for a category."""
        return self.task in ("target_mean", "both") or (self.task == "category" and self._too_many(self.tasks))

    @property
    def levels(self) -> tuple[int, ...]:
        """Known categories of each native category column; these columns are the first."""
        return tuple(int(np.count_nonzero(~np.isnan(ranks))) for ranks in self.ranks)

    @property
    def parameters(self) -> int:
        """All target means."""
        return sum(mean.table.size for mean in self.means)

    @property
    def values_a_task(self) -> int:
        """How many one more task adds to the tables."""
        return int(self.means[-1].table.shape[1]) if self.task_as_mean else 0

    def _metadata(self, rows: Dataset) -> Table:
        """Metadata by task, of no columns where they are not used and all missing where the rows have none."""
        count, numbers, categories = len(rows.tasks), self.metadata_numbers, len(self.metadata_sizes)
        if rows.tasks.metadata is None or numbers + categories == 0:
            return Table(np.full((count, numbers), np.nan), np.full((count, categories), -1))
        return rows.tasks.metadata

    def to_state(self) -> dict[str, Any]:
        return {**vars(self), "means": [vars(each) for each in self.means]}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "TreeColumns":
        """The columns whose `to_state` this is.

        Raises:
            ValueError: it is none.
        """
        return typed(state, cls)


def _category_counts(columns: tuple[Column, ...]) -> tuple[int, ...]:
    return tuple(len(column.categories) for column in columns if column.categories is not None)


def _ranks(codes: Codes) -> FloatArray:
    ranks = np.full(codes.categories + 1, np.nan)
    seen, first = np.unique(codes.values[codes.values >= 0], return_index=True)
    ranks[seen[np.argsort(first)]] = np.arange(len(seen))
    return ranks


def typical_rows(codes: FloatArray | IntArray) -> float:
    """The median over the values that occur among (rows,) codes of how often they do; 1 where none is known."""
    sizes = np.unique(codes[~np.isnan(codes)], return_counts=True)[1]
    return float(np.median(sizes)) if len(sizes) else 1.0
