"""Training: best weights are restored, time is kept, hooks act, and what is searched of the optimiser matters."""

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.errors import DivergedError
from mthn_automl.models.base import Architecture, Traits
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.models.pooled import Pooled, PooledSettings
from mthn_automl.training.encode import TrainingData, encode
from mthn_automl.training.fit import FitResult, Paused, Schedule, Training, drained
from mthn_automl.training.losses import row_loss
from mthn_automl.training.members import Member, Pack
from mthn_automl.training.predict import fold_outputs
from mthn_automl.training.settings import TrainingSettings
from mthn_automl.training.stopping import BestSoFar
from mthn_automl.training.trainer import Trainer
from tests.contracts import zoo
from tests.training.trained import encode_all, fit, seen

MEMBERS = (Member(0, 1), Member(1, 2), Member(2, 3), Member(0, 4))
USUAL = Schedule(batch=64, max_epochs=6, patience=100, check_every=2)


def noisy() -> Dataset:
    """Half of the target is noise, so that networks overfit soon."""
    dataset = zoo.planted()
    noise = np.random.default_rng(0).normal(size=dataset.target.shape)
    return replace(dataset, target=dataset.target + noise)


def with_folds(dataset: Dataset) -> TrainingData:
    return encode(dataset, np.arange(len(dataset)) % 3, Flags.of(dataset))


def without_validation(dataset: Dataset) -> TrainingData:
    return encode_all(dataset, Flags.of(dataset))


def training(
    data: TrainingData,
    settings: TrainingSettings,
    schedule: Schedule,
    members: Sequence[Member],
    deadline: float | None,
) -> Training:
    def build() -> Architecture:
        return Pooled(data.shape, PooledSettings(width=16, depth=2))

    return Training(data, build, members, settings, schedule, deadline=deadline)


def fitted(
    data: TrainingData,
    settings: TrainingSettings | None = None,
    schedule: Schedule = USUAL,
    *,
    members: Sequence[Member] = MEMBERS,
    deadline: float | None = None,
) -> FitResult:
    return drained(training(data, settings or TrainingSettings(), schedule, members, deadline).steps())


def losses_of(data: TrainingData, result: FitResult | Paused, members: Sequence[Member] = MEMBERS) -> list[float]:
    """Validation losses of the weights that were returned, by the path that predictions take."""
    rows = [data.validation[each.fold] for each in members]
    outputs = fold_outputs(result.pack, data, members, rows)
    targets = [seen(data.target, each.fold, of_member) for each, of_member in zip(members, rows, strict=True)]
    return [float(row_loss(data.problem, *each).mean()) for each in zip(outputs, targets, strict=True)]


OVERFITTING = Schedule(batch=64, max_epochs=120, patience=12, check_every=3)


@pytest.fixture(scope="module")
def overfitted() -> tuple[TrainingData, FitResult]:
    data = with_folds(noisy())
    return data, fitted(data, TrainingSettings(learning_rate=1e-2), OVERFITTING)


def test_members_stop_early_each_at_an_epoch_of_its_own_with_its_best_weights(
    overfitted: tuple[TrainingData, FitResult],
) -> None:
    data, result = overfitted
    assert losses_of(data, result) == pytest.approx(result.loss, rel=1e-4)
    assert max(result.epochs) < OVERFITTING.max_epochs - OVERFITTING.patience
    assert len(set(result.epochs)) > 1
    assert all(epoch % OVERFITTING.check_every == 0 for epoch in result.epochs)
    assert result.epochs_trained == result.curve[-1][0] < OVERFITTING.max_epochs
    assert not result.stopped_by_time


def test_more_patience_finds_weights_that_are_no_worse() -> None:
    data, settings = with_folds(noisy()), TrainingSettings(learning_rate=1e-2)
    short, long = (
        fitted(data, settings, replace(OVERFITTING, patience=patience), members=MEMBERS[:1]) for patience in (3, 40)
    )
    assert short.epochs[0] <= long.epochs[0]
    assert short.loss[0] >= long.loss[0]


def test_the_last_epoch_is_always_checked() -> None:
    data, settings = with_folds(zoo.planted()), TrainingSettings(learning_rate=3e-4)
    for check_every in (1, 4, 100):
        assert fitted(data, settings, replace(USUAL, max_epochs=7, check_every=check_every)).epochs == (7, 7, 7, 7)


def test_without_validation_rows_it_trains_for_all_epochs_however_often_it_looks() -> None:
    data, weights = without_validation(noisy()), []
    for check_every in (1, 3, 100):
        schedule = Schedule(batch=64, max_epochs=8, patience=1, check_every=check_every)
        result = fitted(data, schedule=schedule, members=[Member(0, 1), Member(0, 2)])
        assert result.epochs == (8, 8)
        weights.append(result.pack.parameters["first.weight"])
    assert all(torch.equal(weights[0], other) for other in weights[1:])


@pytest.mark.parametrize("encode", [with_folds, without_validation])
def test_a_deadline_returns_the_best_so_far_marked_and_in_time(encode: Any) -> None:
    """One that has passed gives weights of one epoch; one that is not reached leaves no mark."""
    data, members = encode(noisy()), [Member(0, 1)]
    endless = Schedule(batch=64, max_epochs=10**9, patience=10**9, check_every=5)
    started = time.time()
    result = fitted(data, schedule=endless, members=members, deadline=started + 0.3)
    assert time.time() - started < 3
    late, early = (fitted(data, members=members, deadline=time.time() + seconds) for seconds in (-1, 1000))
    assert (result.stopped_by_time, late.stopped_by_time, early.stopped_by_time) == (True, True, False)
    assert result.epochs[0] >= 1 == late.epochs[0]
    assert all(each.isfinite().all() for part in (result, late) for each in part.pack.parameters.values())
    if encode is with_folds:
        assert losses_of(data, result, members) == pytest.approx(result.loss, rel=1e-4)
        assert np.isfinite(late.loss).all()


@pytest.mark.parametrize("encode", [with_folds, without_validation])
def test_a_learning_rate_that_diverges_is_an_error(encode: Any) -> None:
    with pytest.raises(DivergedError, match="not finite after 2 epochs; a smaller learning rate"):
        fitted(encode(zoo.planted()), TrainingSettings(learning_rate=1e38), members=MEMBERS[:1])


def test_learning_rate_and_weight_decay_matter_and_decay_shrinks_weights() -> None:
    data, schedule = with_folds(zoo.planted()), replace(USUAL, max_epochs=20, check_every=20)
    usual, slower, tight = (
        fitted(data, TrainingSettings(rate, decay), schedule).pack.parameters["first.weight"]
        for rate, decay in ((3e-2, 0.0), (1e-2, 0.0), (3e-2, 3.0))
    )
    assert (usual - slower).abs().max() > 1e-3
    assert tight.norm() < 0.5 * usual.norm()


def test_members_differ_by_their_seeds_equal_ones_agree_and_those_of_unequal_rows_all_finish() -> None:
    dataset = zoo.planted()
    data = encode(dataset, np.where(np.arange(len(dataset)) % 14 < 10, 0, 1), Flags.of(dataset))
    result = fitted(data, members=[Member(0, 1), Member(0, 1), Member(0, 2), Member(1, 1)])
    weight = result.pack.parameters["first.weight"]
    torch.testing.assert_close(weight[0], weight[1], rtol=1e-5, atol=1e-5)
    assert (weight[0] - weight[2]).abs().max() > 1e-2
    assert np.isfinite(result.loss).all()
    assert result.epochs == (6, 6, 6, 6)


class Hooked(Architecture):
    """One level for all rows, drawn to a `goal` by its penalty; `seen` is the level after each epoch."""

    Settings: ClassVar[type] = object

    def __init__(self, shape: ProblemShape, strength: float) -> None:
        super().__init__(shape)
        self.strength = strength
        self.level = nn.Parameter(torch.randn(shape.outputs))
        self.register_buffer("goal", 3.0 + torch.randn(shape.outputs))
        self.register_buffer("seen", torch.zeros(shape.outputs))
        self.register_buffer("epochs", torch.zeros(()))

    @classmethod
    def traits(cls, shape: ProblemShape, settings: Any) -> Traits:
        return Traits(uses_task=False, uses_metadata=False)

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        return 0.0 * features.sum(dim=2, keepdim=True) + self.level

    def penalty(self) -> Tensor:
        return self.strength * (self.level - self.goal).square().sum()

    def after_epoch(self) -> Mapping[str, Tensor]:
        return {"seen": self.level.detach(), "epochs": self.epochs + 1}

    def task_network_parameters(self) -> int:
        return 1


def hooked(data: TrainingData, strength: float, *, patience: int = 1000) -> FitResult:
    schedule = Schedule(batch=64, max_epochs=60, patience=patience, check_every=1)
    members = [Member(each.fold % len(data.training), each.seed) for each in MEMBERS]
    return fit(data, lambda: Hooked(data.shape, strength), members, TrainingSettings(0.1, 0.0), schedule)


def test_a_penalty_and_renewed_buffers_are_each_members_own_to_the_last_epoch() -> None:
    """Without validation rows, so that the last weights are kept."""
    pack = hooked(without_validation(zoo.planted()), 100.0).pack
    assert len(torch.unique(pack.buffers["goal"])) == len(MEMBERS)
    torch.testing.assert_close(pack.parameters["level"], pack.buffers["goal"], rtol=0.03, atol=0.03)
    assert pack.buffers["epochs"].tolist() == [60.0] * len(MEMBERS)


def test_a_penalty_is_not_part_of_the_validation_loss() -> None:
    """Within few epochs the members are at their goals; a loss that held the penalty would say so."""
    data = with_folds(zoo.planted())
    result = hooked(data, 100.0)
    assert losses_of(data, result) == pytest.approx(result.loss, rel=1e-4)


def test_buffers_are_renewed_after_each_epoch_and_restored_with_the_weights() -> None:
    result = hooked(with_folds(zoo.planted()), 0.0, patience=5)
    assert result.pack.buffers["epochs"].tolist() == list(result.epochs)
    torch.testing.assert_close(result.pack.buffers["seen"], result.pack.parameters["level"])
    assert len(torch.unique(result.pack.buffers["seen"])) == len(MEMBERS)


RUNGS = replace(USUAL, max_epochs=18, rungs=(2, 6, 18))


def in_steps(
    data: TrainingData, schedule: Schedule = RUNGS, *, learning_rate: float = 3e-3
) -> Generator[Paused, None, FitResult]:
    return training(data, TrainingSettings(learning_rate=learning_rate), schedule, MEMBERS, None).steps()


def watched(steps: Generator[Paused, None, FitResult]) -> tuple[list[Paused], FitResult]:
    """All that a training yields, and what it returns."""
    pauses: list[Paused] = []
    while True:
        try:
            pauses.append(next(steps))
        except StopIteration as end:
            return pauses, end.value


def test_a_training_pauses_at_its_rungs_but_not_at_its_end() -> None:
    pauses, result = watched(in_steps(with_folds(zoo.planted())))
    assert [each.epoch for each in pauses] == [2, 6]
    assert result.epochs_trained == 18


def test_a_training_that_is_paused_and_looked_at_ends_as_one_that_is_not(
    overfitted: tuple[TrainingData, FitResult],
) -> None:
    """It pauses no more once it has stopped by itself."""
    data, alone = overfitted
    rows = [data.validation[each.fold] for each in MEMBERS]
    steps = in_steps(data, replace(OVERFITTING, rungs=tuple(range(3, 120, 3))), learning_rate=1e-2)
    fold_outputs(next(steps).pack, data, MEMBERS, rows)
    pauses, result = watched(steps)
    assert [each.epoch for each in pauses] == list(range(6, alone.epochs_trained, 3))
    assert (result.epochs, result.loss, result.epochs_trained) == (alone.epochs, alone.loss, alone.epochs_trained)
    assert result.pack.parameters.keys() == alone.pack.parameters.keys()
    assert all(torch.equal(value, alone.pack.parameters[name]) for name, value in result.pack.parameters.items())


def test_at_a_rung_every_member_is_at_its_best_so_far() -> None:
    data = with_folds(noisy())
    steps = in_steps(data, replace(OVERFITTING, rungs=(30,)), learning_rate=1e-2)
    paused = next(steps)
    so_far = losses_of(data, paused)
    curve = drained(steps).curve
    best = np.nanmin([losses for epoch, losses in curve if epoch <= 30], axis=0)
    assert so_far == pytest.approx(best, rel=1e-4)
    assert not np.allclose(best, next(losses for epoch, losses in curve if epoch == 30))


def test_nothing_is_trained_before_it_is_asked_for_nor_after_a_stop_at_a_rung(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    step = Trainer.step

    def counted(self: Trainer, *given: Any) -> Any:
        taken.append(1)
        return step(self, *given)

    monkeypatch.setattr(Trainer, "step", counted)
    data = with_folds(zoo.planted())
    steps = in_steps(data)
    assert not taken
    next(steps)
    at_the_rung = len(taken)
    steps.close()
    drained(in_steps(data))
    assert len(taken) - at_the_rung == 9 * at_the_rung  # 18 epochs, where the rung was at 2


def test_members_that_learn_late_wait_longer_but_no_longer_than_five_times_the_patience() -> None:
    build, members = (lambda: Pooled(ProblemShape(1, 1, 1), PooledSettings(width=2, depth=1))), torch.arange(3)
    best = BestSoFar(Pack.build(build, [0, 1, 2], torch.zeros(3, 1, 0), present_only=False))
    best.epoch = torch.tensor([5, 20, 1000])
    for waited, expected in {9: [1, 1, 1], 10: [0, 1, 1], 16: [0, 0, 1], 49: [0, 0, 1], 50: [0, 0, 0]}.items():
        waiting = [best.waiting(members, int(epoch) + waited, 10, 0.8)[place] for place, epoch in enumerate(best.epoch)]
        assert [int(each) for each in waiting] == expected, waited
