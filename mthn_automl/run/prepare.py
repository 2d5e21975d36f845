"""From options to data that are read, checked and split: everything that can be refused before anything is written."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mthn_automl import catalogue
from mthn_automl.catalogue import SpaceFile
from mthn_automl.data.dataset import Dataset, IntArray
from mthn_automl.data.memory import refuse_search
from mthn_automl.data.read import read_dataset, read_rows
from mthn_automl.data.scoring import check_metric, default_metric
from mthn_automl.data.split import assign_folds, seal_test
from mthn_automl.errors import DataError
from mthn_automl.run.options import Options
from mthn_automl.tuning.objective import SearchData
from mthn_automl.tuning.space import SearchSpace, build_space

Given = str | Path | pd.DataFrame


@dataclass(frozen=True)
class Inputs:
    """What the user gave: files or DataFrames."""

    data: Given
    meta: Given | None
    test: Given | None


@dataclass(frozen=True)
class Prepared:
    """all_rows: as read. test_mask (rows,): sealed rows of it. test: those rows, or the test file's; None: no test."""

    all_rows: Dataset
    test_mask: NDArray[np.bool_]
    test: Dataset | None
    metric: str

    @property
    def development(self) -> Dataset:
        """The rows that the search may see."""
        return self.all_rows.take(np.flatnonzero(~self.test_mask))

    def search_data(self, fold: IntArray, average: str) -> SearchData:
        return SearchData(self.development, fold, self.metric, average)


def prepare(inputs: Inputs, options: Options) -> Prepared:
    """Read, check and seal the test rows.

    Raises:
        DataError, UsageError: in one sentence.
    """
    dataset = read_dataset(
        inputs.data,
        None if options.no_metadata else inputs.meta,
        task=options.task,
        target=options.target,
        problem=options.problem,
        metric=options.metric,
    )
    refuse_search(len(dataset), len(dataset.schema.features) + len(dataset.schema.targets))
    metric = options.metric or default_metric(dataset.schema.problem)
    check_metric(metric, dataset.schema.problem)
    if inputs.test is None:
        mask = seal_test(dataset, options.test_fraction, options.seed)
        return Prepared(dataset, mask, dataset.take(np.flatnonzero(mask)) if mask.any() else None, metric)
    test = read_rows(
        inputs.test,
        schema=dataset.schema,
        tasks=dataset.tasks,
        spare=dataset.spare,
        need_target=True,
    )
    if len(test) == 0:
        raise DataError(f"The test rows must have a target, however none of {inputs.test} has one.")
    return Prepared(dataset, np.zeros(len(dataset), dtype=bool), test, metric)


def make_folds(prepared: Prepared, folds: int, seed: int) -> IntArray:
    """(development rows,) fold of each row."""
    return assign_folds(prepared.development, folds, seed)


def chosen_files(options: Options) -> dict[str, SpaceFile]:
    """The search space files of a run: those named, the user's own among them.

    Classical ones come first, so that a short budget has seen them all: their trials take a moment.

    Raises:
        UsageError: an unknown architecture, or an unreadable file.
    """
    own = [catalogue.read_file(Path(path)) for path in options.space]
    selected = sorted(catalogue.select(options.architectures, own), key=lambda file: file.family != "classical")
    files = {file.name: file for file in selected}
    for file in files.values():
        file.load_class()
        build_space(file, has_metadata=True)
    return files


def build_spaces(files: dict[str, SpaceFile], dataset: Dataset) -> dict[str, SearchSpace]:
    """What is searched of each architecture on these data."""
    has_metadata = dataset.tasks.metadata is not None
    return {name: build_space(file, has_metadata) for name, file in files.items()}
