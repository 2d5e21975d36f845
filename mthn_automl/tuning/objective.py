"""From a configuration and data to a cross-validated result: pure, the same under every runner."""

import math
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch

from mthn_automl.catalogue import SpaceFile
from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.data.logarithm import ADDED
from mthn_automl.data.scoring import error_over_rows, error_over_tasks, metric_named
from mthn_automl.errors import DivergedError, UndefinedError
from mthn_automl.models.base import Architecture, Classical, Size, Traits
from mthn_automl.training.allocator import keep_memory
from mthn_automl.training.device import choose_device
from mthn_automl.training.encode import TrainingData, encode
from mthn_automl.training.fit import FitResult, Paused, Training, drained
from mthn_automl.training.log_target import with_log_target
from mthn_automl.training.losses import to_prediction
from mthn_automl.training.members import Member, Pack
from mthn_automl.training.networks import Networks
from mthn_automl.training.predict import fold_outputs
from mthn_automl.training.settings import TrainingSettings
from mthn_automl.training.squash import squashed
from mthn_automl.training.tensors import DeviceData
from mthn_automl.tuning.criteria import NO_LIMITS, Limits
from mthn_automl.tuning.evaluation import Curve, Evaluation
from mthn_automl.tuning.fold_fits import FoldFits, fit_classical, unfitted
from mthn_automl.tuning.guard import refuse_too_large
from mthn_automl.tuning.plan import Plan
from mthn_automl.tuning.refit import encoded_whole, refitted
from mthn_automl.tuning.results import TrialResult
from mthn_automl.tuning.rungs import CellLosses, Rung
from mthn_automl.tuning.seeds import derive_seed
from mthn_automl.tuning.space import make_settings


@dataclass(frozen=True)
class SearchData:
    """What every trial sees of the data.

    Attributes:
        dataset: the rows that are not test rows.
        fold: (rows,) the fold that each row validates in; -1: it always trains.
        metric: its name.
        average: what the error is averaged over, `rows` or `tasks`.
        limits: that the model of a trial must keep.
        forward: whether a fold trains on the folds before it only: later rows tell nothing of earlier ones.
        refit: whether a trial leaves one model of all rows, as it does of forward folds, and not one a fold.
    """

    dataset: Dataset
    fold: IntArray
    metric: str
    average: str
    limits: Limits = NO_LIMITS
    forward: bool = False
    refit: bool = False

    @property
    def one_model(self) -> bool:
        """Whether a trial leaves one model only."""
        return self.forward or self.refit


@dataclass(frozen=True)
class Configuration:
    """One point of one architecture's space.

    Attributes:
        file: of the architecture.
        settings: of the model.
        training: settings of its training.
        seed: from which everything random in it follows.
    """

    file: SpaceFile
    settings: dict[str, Any]
    training: dict[str, Any]
    seed: int

    @property
    def training_settings(self) -> TrainingSettings:
        return make_settings(TrainingSettings, self.training)  # type: ignore[no-any-return]

    @property
    def neural(self) -> bool:
        return self.file.family == "neural"

    def all_settings(self) -> dict[str, Any]:
        return {**self.settings, **self.training}


class Objective:
    """Evaluates configurations on one set of data, which is encoded once.

    encoded: the data as networks need them, where another process has encoded them already. device: by name, as
    `choose_device` takes it.
    """

    def __init__(self, data: SearchData, plan: Plan, encoded: TrainingData | None = None, device: str = "auto") -> None:
        self.data, self.plan, self.device = data, plan, choose_device(device)
        self.flags = Flags.of(data.dataset)
        self._encoded = encoded
        self._placed: DeviceData | None = None
        self._scaled: dict[tuple[Flags, bool], tuple[TrainingData, DeviceData]] = {}
        self.losses = CellLosses(data.dataset, data.fold, data.metric, data.average)

    def __call__(self, configuration: Configuration, deadline: float | None = None) -> Evaluation:
        """All of `steps`, whatever the rungs show."""
        return drained(self.steps(configuration, deadline))

    def steps(self, configuration: Configuration, deadline: float | None = None) -> Generator[Rung, None, Evaluation]:
        """Cross-validate one configuration, pausing at every rung of the plan with what it shows so far.

        deadline: seconds since the epoch; networks, and models made in rounds, then return their best so far, marked.

        Raises:
            DivergedError: a loss or prediction is not finite.
            UndefinedError: the metric has no value for these rows.
            OutOfTimeError: the folds of a classical model that has no rungs would not all be fitted in time.
        """
        run = self._networks if configuration.neural else self._classical
        return (yield from run(configuration, deadline))

    def encoded(self) -> TrainingData:
        if self._encoded is None:
            self._encoded = encode(self.data.dataset, self.data.fold, self.flags, forward=self.data.forward)
        return self._encoded

    @cached_property
    def whole(self) -> TrainingData:
        return encoded_whole(self.data.dataset, self.flags)

    def placed(self) -> DeviceData:
        """The folds' data on the device, brought there once."""
        if self._placed is None:
            self._placed = DeviceData.of(self.encoded(), self.device)
        return self._placed

    def folds(self, configuration: Configuration) -> tuple[TrainingData, DeviceData]:
        """What the folds train on, as it is and on the device: the same rows under the scales that are asked for."""
        asked = self._scales_of(configuration)
        if asked == (self.flags, False):
            return self.encoded(), self.placed()
        if asked not in self._scaled:
            data = self._under(self.encoded(), *asked)
            self._scaled[asked] = data, self.placed().scaled_as(data)
        return self._scaled[asked]

    def _scales_of(self, configuration: Configuration) -> tuple[Flags, bool]:
        """All that a configuration asks for of the encoding, in folds and of all rows: `_under` takes it."""
        return self.flags_of(configuration), configuration.training_settings.squash

    def _under(self, data: TrainingData, flags: Flags, squash: bool) -> TrainingData:
        data = data if flags.added is None else with_log_target(data, self.data.dataset, flags)
        return squashed(data) if squash else data

    def flags_of(self, configuration: Configuration) -> Flags:
        """Those of the data, with the logarithm of the targets where it is learnt."""
        as_is = configuration.training_settings.target_scale == "as_is"
        return self.flags if as_is else replace(self.flags, added=ADDED[self.data.metric])

    def variant(self, plan: Plan, dataset: Dataset | None = None, fold: IntArray | None = None) -> "Objective":
        """The same rows under another plan, with the metadata of `dataset` and in other folds where they are given."""
        own = self.data.dataset if dataset is None else dataset
        data = replace(self.data, dataset=own, fold=self.data.fold if fold is None else fold)
        encoded = self._encoded
        if fold is not None:
            encoded = None
        elif own is not self.data.dataset:
            encoded = self.encoded().with_metadata_of(own, Flags.of(own))
        return Objective(data, plan, encoded, self.device.type)

    def _networks(self, configuration: Configuration, deadline: float | None) -> Generator[Rung, None, Evaluation]:
        began = time.perf_counter()
        data, placed = self.folds(configuration)
        members = fold_members(self.plan, configuration.seed, len(data.training))
        steps = train_in_steps(configuration, data, members, self.plan, deadline, placed)
        fitted = yield from self._rungs(steps, data, members)
        started = time.perf_counter()
        predictions = self._predictions(fitted.pack, data, members)
        ended = time.perf_counter()
        models = self._networks_of_folds(fitted.pack, data)
        if self.data.one_model:
            models = self._refitted(configuration, fitted, deadline) or models
        return self._evaluation(
            configuration,
            predictions,
            models,
            seconds=time.perf_counter() - began,
            predict_seconds=ended - started,
            best_epochs=np.array(fitted.epochs).reshape(self.plan.seeds, -1).T,
            epochs=fitted.epochs_trained,
            stopped_by_time=fitted.stopped_by_time,
            curve=fitted.curve,
        )

    def _refitted(self, configuration: Configuration, folds: FitResult, deadline: float | None) -> list[Networks]:
        data = self._under(self.whole, *self._scales_of(configuration))
        members = fold_members(self.plan, configuration.seed, 1)
        return refitted(
            data, self.plan, folds, lambda plan: drained(train_in_steps(configuration, data, members, plan, deadline))
        )

    def _rungs(
        self, steps: Generator[Paused, None, FitResult], data: TrainingData, members: Sequence[Member]
    ) -> Generator[Rung, None, FitResult]:
        while True:
            try:
                paused = next(steps)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            so_far = self._predictions(paused.pack, data, members).mean(axis=0)
            size = paused.pack.prototype.size().times(self.plan.seeds)
            yield self._rung(so_far, paused.epoch, [size] * len(data.training))

    def _rung(self, so_far: FloatArray, epoch: int, sizes: Sequence[Size]) -> Rung:
        """so_far: (rows, outputs). sizes: of the models of the folds."""
        kept = self.data.limits.models_within(sizes)
        rung = self.losses.of(so_far, epoch, sum(sizes[:kept], Size(0, 0, 0)).total)
        if not math.isfinite(rung.error):
            raise DivergedError(f"The error is not finite after {epoch} epochs.")
        return rung

    def _predictions(self, pack: Pack, data: TrainingData, members: Sequence[Member]) -> FloatArray:
        """(seeds, rows, outputs): of each row by the members that have not seen it; NaN elsewhere."""
        validation = [data.validation[member.fold] for member in members]
        outputs = fold_outputs(pack, data, members, validation)
        predictions = self._empty(self.plan.seeds)
        for index, (member, output) in enumerate(zip(members, outputs, strict=True)):
            rows = data.validation[member.fold]
            found = to_prediction(data.problem, output.numpy(), data.encoders[member.fold])
            predictions[index // len(data.training), rows] = self.data.dataset.take(rows).exposed(found)
        return predictions

    def _networks_of_folds(self, pack: Pack, data: TrainingData) -> list[Networks]:
        """The members of each fold, one a seed, whose mean is its model."""
        numbers = range(len(data.training))
        packs = [pack.select(torch.arange(fold, len(pack), len(numbers))) for fold in numbers]
        trained = [data.trained_tasks(fold) for fold in numbers]
        return [Networks(packs[fold], data.encoders[fold], data.problem, trained[fold]) for fold in numbers]

    def _classical(self, configuration: Configuration, deadline: float | None) -> Generator[Rung, None, Evaluation]:
        """Rounds count as epochs."""
        began = time.perf_counter()
        dataset, fold, file = self.data.dataset, self.data.fold, configuration.file
        models = [unfitted(file, configuration.settings) for _ in range(int(fold.max()) + 1)]
        flags, forward = self.flags_of(configuration), self.data.forward
        fits = FoldFits(models, dataset, fold, flags, configuration.seed, file.rungs, forward=forward)
        for rung in fits.steps(deadline):
            if self.plan.schedule.rungs:
                sizes = [models[-1].size()] * len(models)  # about: counting the splits of all would take time
                yield self._rung(fits.predictions(), rung, sizes)
        started = time.perf_counter()
        predictions = fits.predictions()[None]
        predicted = time.perf_counter()
        if (models[0].fitted_whole or self.data.one_model) and fits.fits_once_more(started - began, deadline):
            models = [fit_classical(configuration, dataset, flags, fits.usual_rounds())]
        kept, trained = fits.rounds()
        return self._evaluation(
            configuration,
            predictions,
            models,
            seconds=time.perf_counter() - began,
            predict_seconds=predicted - started,
            best_epochs=kept,
            epochs=trained,
            stopped_by_time=fits.stopped_by_time,
            notes=tuple(dict.fromkeys((*fits.notes(), *(note for model in models for note in model.notes())))),
        )

    def _empty(self, seeds: int) -> FloatArray:
        return np.full((seeds, len(self.data.dataset), self.data.dataset.schema.outputs), np.nan)

    def _evaluation(
        self,
        configuration: Configuration,
        predictions: FloatArray,
        models: Sequence[Networks | Classical],
        *,
        seconds: float,
        predict_seconds: float,
        best_epochs: IntArray | None = None,
        epochs: int = 0,
        stopped_by_time: bool = False,
        curve: Curve = (),
        notes: tuple[str, ...] = (),
    ) -> Evaluation:
        """predictions: (seeds, rows, outputs). best_epochs: (folds, seeds). The rest as in `TrialResult`."""
        scored = np.flatnonzero(self.data.fold >= 0)
        if not np.isfinite(predictions[:, scored]).all():
            raise DivergedError("A prediction is not finite; a smaller learning rate may help.")
        mean = predictions.mean(axis=0)
        rows = [np.flatnonzero(self.data.fold == number) for number in range(int(self.data.fold.max()) + 1)]
        over_rows, over_tasks = self._error(mean, scored, "rows"), self._error(mean, scored, "tasks")
        error = over_rows if self.data.average == "rows" else over_tasks
        if not np.isfinite(error):
            raise UndefinedError(f"The metric {self.data.metric} over {self.data.average} is undefined for these rows.")
        latency = 1e6 * predict_seconds / max(len(scored), 1)
        if self.data.one_model:
            models = models[-1:]  # of all rows, or of the last fold; the others know the distant past alone
        sizes = [model.size() for model in models]
        kept = self.data.limits.models_within(sizes, latency)
        size = sum(sizes[:kept], Size(0, 0, 0))
        result = TrialResult(
            architecture=configuration.file.name,
            settings=configuration.all_settings(),
            error=error,
            error_rows=over_rows,
            error_tasks=over_tasks,
            fold_errors=tuple(self._error(mean, each, self.data.average) for each in rows),
            member_errors=tuple(
                tuple(self._error(single, each, self.data.average) for single in predictions) for each in rows
            ),
            best_epochs=() if best_epochs is None else tuple(map(tuple, best_epochs.tolist())),
            size=size,
            seconds=seconds,
            predict_us_per_row=latency * kept,
            models=kept,
            stopped_by_time=stopped_by_time,
            notes=notes,
            epochs=epochs,
        )
        return Evaluation(result, predictions, self.losses.of(mean, epochs, size.total), models, curve)

    def _error(self, prediction: FloatArray, rows: IntArray, average: str) -> float:
        target, task, weight = self.data.dataset.target[rows], self.data.dataset.task[rows], self.data.dataset.weight
        metric, weight = metric_named(self.data.metric), None if weight is None else weight[rows]
        if average == "rows":
            return error_over_rows(metric, target, prediction[rows], weight)
        return error_over_tasks(metric, target, prediction[rows], task, weight)[0]


def fold_members(plan: Plan, seed: int, folds: int) -> list[Member]:
    """Folds within seeds: member index = seed number x folds + fold."""
    return [Member(fold, derive_seed(seed, repeat, fold)) for repeat in range(plan.seeds) for fold in range(folds)]


def train_in_steps(
    configuration: Configuration,
    data: TrainingData,
    members: Sequence[Member],
    plan: Plan,
    deadline: float | None,
    placed: DeviceData | None = None,
) -> Generator[Paused, None, FitResult]:
    """Train the members of one neural configuration in one pack, paused at the rungs of the plan.

    Raises:
        TooLargeError: it has more numbers than can be trained.
        DivergedError: a loss is not finite.
    """
    architecture = configuration.file.load_class()
    settings = make_settings(architecture.Settings, configuration.settings)  # type: ignore[attr-defined]
    traits: Traits = architecture.traits(data.shape, settings)  # type: ignore[attr-defined]

    def build() -> Architecture:
        return architecture(data.shape, settings)  # type: ignore[no-any-return]

    refuse_too_large(configuration.file.name, build, traits, data.shape.tasks, len(members))
    training = Training(
        data,
        build,
        members,
        configuration.training_settings,
        plan.schedule.times(
            configuration.training_settings.batch_factor, configuration.training_settings.patience_factor
        ),
        present_only=traits.cost == "tasks_present",
        deadline=deadline,
        placed=placed,
    )
    return training.steps()


def prepare_process(threads: int = 1) -> None:
    """What a process does once before its first fit, so that no fit's time limit pays for it.

    Two workers of one thread beat one of two (measured), and equal threads give equal sums.
    """
    torch.set_num_threads(threads)
    keep_memory()
