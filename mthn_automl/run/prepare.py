"""From options to data that are read, checked and sealed: everything that can be refused before anything is written."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mthn_automl import catalogue
from mthn_automl.catalogue import SpaceFile
from mthn_automl.data.alarms import alarms, refuse
from mthn_automl.data.alarms.parts.alarm import Alarm
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.formats.content import Content
from mthn_automl.data.learnable import refuse_unlearnable_training
from mthn_automl.data.logarithm import can_help
from mthn_automl.data.memory import refuse_search
from mthn_automl.data.new_rows import read_rows
from mthn_automl.data.ranges import with_ranges
from mthn_automl.data.read import read_asked
from mthn_automl.data.scoring import check_metric, default_metric
from mthn_automl.data.splits.parts.account import SplitAccount, split_account
from mthn_automl.data.splits.parts.beside import Beside
from mthn_automl.data.splits.parts.choice import Question, Sealed, seal
from mthn_automl.data.training_columns import shown_by
from mthn_automl.errors import DataError
from mthn_automl.run.options import Options
from mthn_automl.run.parse import STDIN
from mthn_automl.run.workers import fits_at_once
from mthn_automl.tuning.cost import cost_of
from mthn_automl.tuning.space import SearchSpace, build_space

Given = str | Path | pd.DataFrame
Held = Given | Content
"""What was given, or what was piped in, which can be read only once."""
Table = TypeVar("Table")


@dataclass(frozen=True)
class Inputs:
    """What the user gave: files or DataFrames.

    Attributes:
        data: a row an observation.
        meta: a row a task; None: there is none, or it is not to be used.
        test: test rows; None: they are held out of the data.
        split: a file that says which rows are what; None: there is none.
    """

    data: Held
    meta: Held | None
    test: Held | None
    split: Held | None = None

    @classmethod
    def of(cls, options: Options, data: Given, meta: Given | None, test: Given | None) -> "Inputs":
        """The files that the options name, else what was given in their place."""
        split = options.split if options.split is not None and Path(options.split).is_absolute() else None
        return cls(held(options.data or data), held(options.meta or meta), held(options.test or test), split)


def held(given: Table) -> Table | Content:
    """The content of standard input where that was given."""
    return Content.of(Path(STDIN)) if isinstance(given, str) and given == STDIN else given


@dataclass(frozen=True)
class Prepared:
    """What a run is made from.

    Attributes:
        files: search space files of the architectures that were chosen, by name.
        all_rows: of the data, as read.
        sealed: which of them are test rows, and how the others will be dealt.
        test_file: its rows; None: there is no such file.
        metric: its name.
    """

    files: dict[str, SpaceFile]
    all_rows: Dataset
    sealed: Sealed
    test_file: Dataset | None
    metric: str

    @property
    def test_mask(self) -> NDArray[np.bool_]:
        """(rows,) true for those that are sealed."""
        return self.sealed.test

    @cached_property
    def split(self) -> SplitAccount:
        """Who is on which side."""
        return split_account(self.all_rows, self.sealed, self.test_file)

    @cached_property
    def alarms(self) -> tuple[tuple[Alarm, ...], str]:
        """What looks wrong with the data, and the sample of rows that was looked at; empty where it was all rows."""
        if self.test_file is None:
            return alarms(self.all_rows, self.test_mask)
        rows = self.all_rows.followed_by(self.test_file)
        return alarms(rows, np.arange(len(rows)) >= len(self.all_rows))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found or decided while reading, of the data and then of test rows in a file of their own."""
        of_test = () if self.test_file is None else self.test_file.notes
        return tuple(dict.fromkeys((*self.all_rows.notes, *of_test)))

    def sentences(self) -> list[str]:
        """Everything there is to say of the data before time is spent on them."""
        found, sample = self.alarms
        looked = [f"Alarms were looked for in {sample}."] if sample else []
        return [*self.notes, *self.test_notes(), *(f"Alarm: {each}" for each in found), *looked]

    def test_notes(self) -> list[str]:
        """What there is to say of the test rows."""
        sealed = np.count_nonzero(self.test_mask)
        if self.test_file is None and not sealed:
            return ["No row is held out as test: errors are cross-validated only."]
        left, file = len(self.all_rows) - sealed, self.test_file
        count = sealed if file is None else len(file)
        return [f"{count} test rows are sealed until the search is over; {left} are left.", *self._kinds()]

    def _kinds(self) -> list[str]:
        """Who is on which side, where it is not rows of each task on both."""
        return [] if self.sealed.usual and self.split.new_tasks is None else list(self.split.sentences())


def prepare(inputs: Inputs, options: Options, *, searched: bool = True) -> Prepared:
    """Read, check and seal the test rows.

    searched: whether a search follows, for which there must be memory.

    Raises:
        DataError, UsageError: in one sentence.
    """
    question = _question(inputs, options)
    prepared = _read(inputs, options, question, chosen_files(options), searched=searched)
    if options.strict:
        refuse(prepared.alarms[0])
    return prepared


def prepare_data(inputs: Inputs, options: Options) -> Prepared:
    """As `prepare`, without architectures and alarms, where a run is over and its rows are wanted again."""
    return _read(inputs, options, _question(inputs, options), {})


def _read(
    inputs: Inputs, options: Options, question: Question, files: dict[str, SpaceFile], *, searched: bool = True
) -> Prepared:
    asked = options.asked
    dataset = read_asked(inputs.data, None if options.no_metadata else inputs.meta, asked)
    if searched:
        refuse_search(dataset, workers=fits_at_once(options))
    metric = options.metric or default_metric(dataset.schema.problem)
    check_metric(metric, dataset.schema.problem)
    sealed = seal(dataset, question, options.seed)
    refuse_unlearnable_training(dataset, ~sealed.test)
    dataset = shown_by(dataset, ~sealed.test)
    if inputs.test is None:
        return Prepared(files, dataset, sealed, None, metric)
    test = read_rows(
        inputs.test,
        schema=with_ranges(dataset),
        tasks=dataset.tasks,
        spare=dataset.spare,
        need_target=True,
        allow_unknown=True,
        reading=asked.reading,
        beside=Beside(dataset, asked),
    )
    if len(test) == 0:
        raise DataError(f"The test rows must have a target, however none of {inputs.test} has one.")
    return Prepared(files, dataset, sealed, replace(test, schema=dataset.schema), metric)


def _question(inputs: Inputs, options: Options) -> Question:
    return Question(
        test_fraction=options.test_fraction,
        holdout_tasks=options.holdout_tasks,
        split=options.split,
        group=options.group,
        time=options.time,
        test_file=inputs.test is not None,
        folds=options.folds,
    )


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


def build_spaces(files: dict[str, SpaceFile], prepared: Prepared) -> dict[str, SearchSpace]:
    """What is searched of each architecture on these data."""
    has_metadata = prepared.all_rows.tasks.metadata is not None
    log_target = can_help(prepared.all_rows.take(np.flatnonzero(~prepared.test_mask)), prepared.metric)
    return {name: build_space(file, has_metadata, log_target=log_target) for name, file in files.items()}
