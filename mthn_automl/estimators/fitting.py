"""One architecture with its settings, cross-validated on a table as a trial of a search is."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mthn_automl import catalogue
from mthn_automl.catalogue import SpaceFile
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.asked import Asked
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.logarithm import can_help
from mthn_automl.data.ranges import with_ranges
from mthn_automl.data.read import read_asked
from mthn_automl.data.scoring import check_metric, default_metric
from mthn_automl.data.splits import way
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import DataError, UsageError, did_you_mean
from mthn_automl.training.mean import mean_of
from mthn_automl.tuning.objective import Configuration, Objective, SearchData
from mthn_automl.tuning.plan import make_plan
from mthn_automl.tuning.results import TrialResult
from mthn_automl.tuning.space import SearchSpace, build_space, in_words, reduced_start
from mthn_automl.tuning.width import Width


@dataclass(frozen=True)
class Work:
    """What is fitted, and how.

    Attributes:
        architecture: its name, or a search space file.
        settings: of it and of its training; the others are those of the first trial of a search.
        metric: of the cross-validated error; None: the usual one of the problem.
        folds: of the cross-validation.
        seeds: networks a fold.
        refit: whether one model of all rows predicts, in place of the mean of the folds' models.
        time_limit: seconds after which networks stop where they are; None: no limit.
        device: by name.
        seed: from which everything random follows.
    """

    architecture: str | Path
    settings: Mapping[str, Any]
    metric: str | None
    folds: int
    seeds: int
    refit: bool
    time_limit: float | None
    device: str
    seed: int


@dataclass(frozen=True)
class Fitted:
    """What came of it.

    Attributes:
        predictor: the model, with its columns and tasks.
        result: of the cross-validation.
        out_of_fold: (rows of the table, outputs), NaN where a row was always trained on, or not at all.
        notes: sentences on what was found in the table, or decided of it.
    """

    predictor: Predictor
    result: TrialResult
    out_of_fold: FloatArray
    notes: tuple[str, ...]


def fit_one(table: pd.DataFrame, metadata: pd.DataFrame | None, asked: Asked, work: Work) -> Fitted:
    """Read the table, deal its folds and fit them.

    Raises:
        UsageError: an architecture, a setting or a number that cannot be. DataError: data that cannot be trained on.
    """
    started = time.time()
    file = _file(work.architecture)
    dataset = read_asked(table, metadata, asked)
    problem = dataset.schema.problem
    if file.missing() or file.unsuited(problem):
        raise UsageError(file.missing() or file.unsuited(problem))
    metric = work.metric or default_metric(problem)
    check_metric(metric, problem)
    data = SearchData(dataset, _folds(dataset, work), metric, "rows", refit=work.refit)
    plan = make_plan(
        len(dataset),
        [file],
        seconds=work.time_limit,
        workers=1,
        classes=bool(dataset.schema.classes),
        width=Width.of(dataset),
        folds=int(data.fold.max()) + 1,
        seeds=work.seeds,
    )
    space = build_space(file, dataset.tasks.metadata is not None, log_target=can_help(dataset, metric))
    settings, training = space.split(settings_of(space, work.settings))
    deadline = None if work.time_limit is None else started + work.time_limit
    objective = Objective(data, plan, device=work.device)
    found = objective(Configuration(file, settings, training, work.seed), deadline)
    model = mean_of(tuple(found.models), tasks=len(dataset.tasks))
    predictor = Predictor(file.name, with_ranges(dataset), dataset.tasks, dataset.spare, model)
    out_of_fold = np.full((len(table), dataset.schema.outputs), np.nan)
    out_of_fold[dataset.row] = found.out_of_fold()
    return Fitted(predictor, found.result, out_of_fold, (*dataset.notes, *found.result.notes))


def settings_of(space: SearchSpace, given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the first trial of a search, but for those that are given.

    Raises:
        UsageError: one that the architecture does not have, outside of its range, or of no effect beside the others.
    """
    known = {each.name: each for each in space.parameters}
    for name in given:
        if name not in known:
            raise UsageError(f"{space.name} has no setting '{name}'; {did_you_mean(name, known)}")
    usual = dict(space.starts[0]) if space.starts else {}
    settings, outside = reduced_start(space, {**usual, **given})
    if outside:
        raise UsageError(
            f"The setting '{outside[0]}' must be {in_words(known[outside[0]].distribution)}, however it is "
            f"{given.get(outside[0])!r}; a search space file of your own may widen that."
        )
    idle = [name for name in given if name not in settings]
    if idle:
        conditions = [f"{name} in {list(values)}" for name, values in known[idle[0]].only_if.items()]
        needs = [*(["metadata"] if known[idle[0]].needs_metadata else []), *conditions]
        raise UsageError(
            f"The setting '{idle[0]}' of {space.name} has an effect only with {' and '.join(needs)}, however that is "
            "not so; leave it out."
        )
    return settings


def _file(architecture: str | Path) -> SpaceFile:
    if isinstance(architecture, Path) or str(architecture).endswith(".toml"):
        return catalogue.read_file(Path(architecture))
    return catalogue.read(str(architecture))


def _folds(dataset: Dataset, work: Work) -> Any:
    """(rows,) the fold of each."""
    asked: dict[str, Any] = {"folds": work.folds, "seeds": work.seeds}
    for name, value in asked.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise UsageError(f"{name} must be a whole number from 1 on, however it is {value!r}.")
    within = way("within_tasks")
    most = within.most_folds(dataset)
    if most == 0:
        raise DataError("There must be two rows or more to train on some and validate on others, however there is one.")
    return within.deal(dataset, min(int(work.folds), most), work.seed)
