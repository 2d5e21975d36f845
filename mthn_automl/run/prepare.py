"""From options to data that are read, checked and sealed: everything that can be refused before anything is written."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mthn_automl import catalogue
from mthn_automl.catalogue import SpaceFile
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.memory import refuse_search
from mthn_automl.data.read import read_asked, read_rows
from mthn_automl.data.scoring import check_metric, default_metric
from mthn_automl.data.split import seal_test
from mthn_automl.errors import DataError
from mthn_automl.run.options import Options
from mthn_automl.run.workers import fits_at_once
from mthn_automl.tuning.cost import cost_of
from mthn_automl.tuning.space import SearchSpace, build_space

Given = str | Path | pd.DataFrame


@dataclass(frozen=True)
class Inputs:
    """What the user gave: files or DataFrames.

    Attributes:
        data: a row an observation.
        meta: a row a task; None: there is none, or it is not to be used.
        test: test rows; None: they are held out of the data.
    """

    data: Given
    meta: Given | None
    test: Given | None


@dataclass(frozen=True)
class Prepared:
    """What a run is made from.

    Attributes:
        files: search space files of the architectures that were chosen, by name.
        all_rows: of the data, as read.
        test_mask: (rows,) true for those that are sealed.
        test_file: its rows; None: there is no such file.
        metric: its name.
    """

    files: dict[str, SpaceFile]
    all_rows: Dataset
    test_mask: NDArray[np.bool_]
    test_file: Dataset | None
    metric: str

    def test_notes(self) -> list[str]:
        """What there is to say of the test rows."""
        sealed = np.count_nonzero(self.test_mask)
        if self.test_file is None and not sealed:
            return ["No row is held out as test: errors are cross-validated only."]
        left, file = len(self.all_rows) - sealed, self.test_file
        count, notes = (sealed, self.all_rows.notes) if file is None else (len(file), file.notes)
        notes = () if notes == self.all_rows.notes else notes
        return [*notes, f"{count} test rows are sealed until the search is over; {left} are left."]


def prepare(inputs: Inputs, options: Options) -> Prepared:
    """Read, check and seal the test rows.

    Raises:
        DataError, UsageError: in one sentence.
    """
    files = chosen_files(options)
    asked = options.asked
    dataset = read_asked(inputs.data, None if options.no_metadata else inputs.meta, asked)
    refuse_search(dataset, workers=fits_at_once(options))
    metric = options.metric or default_metric(dataset.schema.problem)
    check_metric(metric, dataset.schema.problem)
    if inputs.test is None:
        return Prepared(files, dataset, seal_test(dataset, options.test_fraction, options.seed), None, metric)
    test = read_rows(
        inputs.test,
        schema=dataset.schema,
        tasks=dataset.tasks,
        spare=dataset.spare,
        need_target=True,
        allow_unknown=True,
        reading=asked.reading,
    )
    if len(test) == 0:
        raise DataError(f"The test rows must have a target, however none of {inputs.test} has one.")
    return Prepared(files, dataset, np.zeros(len(dataset), dtype=bool), test, metric)


def chosen_files(options: Options) -> dict[str, SpaceFile]:
    """The search space files of a run: those named, the user's own among them.

    Classical ones come first, so that a short budget has seen them all: their trials take a moment.

    Raises:
        UsageError: an unknown architecture, or an unreadable file.
    """
    given = [catalogue.read_file(Path(path)) for path in options.space]
    selected = sorted(catalogue.select(options.architectures, given), key=lambda file: file.family != "classical")
    files = {file.name: file for file in selected}
    for file in files.values():
        if not file.missing():
            file.load_class()
        build_space(file, has_metadata=True)
        cost_of(file)
    return files


def build_spaces(files: dict[str, SpaceFile], dataset: Dataset) -> dict[str, SearchSpace]:
    """What is searched of each architecture on these data."""
    has_metadata = dataset.tasks.metadata is not None
    return {name: build_space(file, has_metadata) for name, file in files.items()}
