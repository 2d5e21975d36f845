"""What training rows tell of noise and of how much tasks differ, and what new tasks correct of it, on planted data."""

import numpy as np
import pytest
import torch

from mthn_automl import catalogue
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.data.schema import Problem
from mthn_automl.deployment.adapt.blocks import Rows, blocks_of
from mthn_automl.deployment.adapt.classical import Effects
from mthn_automl.deployment.adapt.descent import fitted, measured_scales
from mthn_automl.deployment.adapt.likelihood import Likelihood
from mthn_automl.deployment.adapt.measure import MOST_VARIANCE, Unseen, spread_of
from mthn_automl.deployment.adapt.prior import prior_of
from mthn_automl.models.base import Classical
from mthn_automl.models.gradient_boosting import GradientBoosting, GradientBoostingSettings
from mthn_automl.models.mixed_effects import MixedEffects, MixedEffectsSettings
from mthn_automl.tuning.trial_model import TrialModel
from tests.contracts import zoo

TASKS, ROWS, NOISE = 60, 12, 0.5


def offsets(between: float, told: bool = False) -> Dataset:
    """Tasks with an offset of that standard deviation, which the metadata tell or not, and a slope that all share."""
    random = np.random.default_rng(3)
    task, own = np.repeat(np.arange(TASKS), ROWS), between * random.normal(size=TASKS)
    features = random.normal(size=(len(task), 1))
    target = own[task] + features[:, 0] + NOISE * random.normal(size=len(task))
    metadata = own[:, None] if told else random.normal(size=(TASKS, 1))
    return zoo.build(
        features=zoo.table(features), task=task, target=target[:, None], metadata=zoo.table(metadata.copy())
    )


def model_of(name: str, model: Classical, rows: Dataset) -> TrialModel:
    model.fit(rows, flags=Flags.of(rows), seed=0)
    return TrialModel(catalogue.read(name), 0, {}, (model,), len(rows.tasks))


def zero_shot(rows: Dataset) -> FloatArray:
    """What is known of a task never seen, with no error: the shared slope."""
    return rows.features.numeric.copy()


def test_noise_is_what_is_left_within_tasks_whatever_lies_between_them() -> None:
    for between in (0.0, 3.0):
        rows = offsets(between)
        trial = model_of("mixed_effects", MixedEffects(MixedEffectsSettings()), rows)
        spread = spread_of(trial, rows, Unseen(zero_shot(rows)))
        assert spread.noise[0] * rows.target.var() == pytest.approx(NOISE**2, rel=0.15)


def test_predictions_of_any_size_leave_a_spread() -> None:
    """Those of a model that diverged, or of a damaged file."""
    rows = offsets(1.0)
    trial = model_of("gradient_boosting", GradientBoosting(GradientBoostingSettings()), rows)
    spread = spread_of(trial, rows, Unseen(1e30 * (1 + np.arange(len(rows), dtype=np.float64)[:, None])))
    assert spread.noise == (MOST_VARIANCE,)


@pytest.mark.parametrize("between", [0.1, 0.5, 2.0])
def test_tasks_held_out_correct_a_variance_that_was_set_wrongly(between: float) -> None:
    rows = offsets(between)
    for variance in (0.02, 20.0):
        settings = MixedEffectsSettings(intercept_variance=variance, random_slopes=False)
        trial = model_of("mixed_effects", MixedEffects(settings), rows)
        spread = spread_of(trial, rows, Unseen(zero_shot(rows), whole_tasks=True))
        found = spread.width * variance * spread.noise[0] * rows.target.var()
        assert between / 2.5 < np.sqrt(found) < 2.5 * between


def test_offsets_of_trees_are_as_large_as_metadata_leave_them() -> None:
    found = {}
    for told in (False, True):
        rows = offsets(2.0, told)
        trial = model_of("gradient_boosting", GradientBoosting(GradientBoostingSettings()), rows)
        spread = spread_of(trial, rows, Unseen(zero_shot(rows)))
        found[told] = spread.offset[0] * rows.target.var()
    assert found[False] == pytest.approx(4.0, rel=0.6)
    assert found[True] < 0.1


def test_an_offset_is_the_best_linear_prediction() -> None:
    """n / (n + noise / between) of the mean residual, which is Henderson's formula."""
    random = np.random.default_rng(0)
    task = np.repeat([0, 1], [3, 9])
    target = random.normal(size=(12, 1)) + 2.0
    rows = Rows(task, np.concatenate([np.zeros((12, 1)), np.ones((12, 1))], axis=1), target, np.ones(12))
    effects = Effects(torch.full((2, 1, 1), 0.5, dtype=torch.float64), 1)
    likelihood = Likelihood(Problem.REGRESSION, torch.tensor([0.8], dtype=torch.float64))
    found = fitted(effects, list(blocks_of(rows)), likelihood, 2, corrected=False).numpy()[:, 0] * 0.5
    means = np.array([target[task == each].mean() for each in (0, 1)])
    counts = np.array([3, 9])
    np.testing.assert_allclose(found, means * counts / (counts + 0.8 / 0.25), rtol=1e-6)


def test_evidence_finds_the_scales_that_drew_the_tasks() -> None:
    random, tasks, rows = np.random.default_rng(1), 80, 10
    task = np.repeat(np.arange(tasks), rows)
    columns = np.stack([np.ones(len(task)), random.normal(size=len(task))], axis=1)
    effects = 3.0 * random.normal(size=(tasks, 2))
    target = (columns * effects[task]).sum(axis=1) + 0.25 * random.normal(size=len(task))
    given = Rows(task, np.concatenate([np.zeros((len(task), 1)), columns], axis=1), target[:, None], np.ones(len(task)))
    outputs = Effects(torch.ones(tasks, 2, 1, dtype=torch.float64), 1)
    likelihood = Likelihood(Problem.REGRESSION, torch.tensor([1.0], dtype=torch.float64))
    scales = measured_scales([(outputs, list(blocks_of(given)))], likelihood)
    assert 9.0 / 4.0 <= scales.width <= 9.0 * 4.0
    assert 0.0625 / 2.0 <= scales.noise <= 0.0625 * 2.0


def test_the_prior_follows_the_metadata_where_these_predict_and_else_the_mean() -> None:
    random = np.random.default_rng(2)
    metadata = random.normal(size=(50, 2))
    told = metadata @ np.array([[1.0, 0.0], [0.5, -2.0]]) + 0.1 * random.normal(size=(50, 2))
    new = np.array([[1.0, 1.0]])
    prior = prior_of(told, metadata, new)
    np.testing.assert_allclose(prior.mean, [[1.5, -2.0]], atol=0.2)
    np.testing.assert_allclose(np.sqrt(np.diag(prior.root @ prior.root.T)), 0.1, rtol=0.5)
    untold = random.normal(size=(50, 2))
    prior = prior_of(untold, metadata, new)
    np.testing.assert_allclose(prior.mean[0], untold.mean(axis=0), atol=0.35)
    np.testing.assert_allclose(prior.root @ prior.root.T, np.cov(untold.T), atol=0.4)


def test_likelihoods_have_the_derivatives_that_they_say() -> None:
    random = np.random.default_rng(4)
    cases = [
        (Likelihood(Problem.REGRESSION, torch.tensor([0.5, 2.0])), 2, random.normal(size=(5, 2))),
        (Likelihood(Problem.COUNT, torch.tensor([0.5])), 1, np.abs(random.normal(size=(5, 2))) + 0.1),
        (Likelihood(Problem.ORDINAL, torch.ones(1)), 3, random.integers(0, 4, (5, 1))),
        (Likelihood(Problem.MULTICLASS, torch.ones(1)), 3, random.integers(0, 3, (5, 1))),
        (Likelihood(Problem.BINARY, torch.ones(1), by_class=True), 1, random.integers(0, 2, (5, 1))),
        (Likelihood(Problem.ORDINAL, torch.ones(1), by_class=True), 4, random.integers(0, 4, (5, 1))),
    ]
    for likelihood, outputs, target in cases:
        output, given = torch.from_numpy(random.normal(size=(5, outputs))), torch.from_numpy(target.astype(float))
        gradient, hessian = likelihood.derivatives(output, given)
        step = 1e-5
        for column in range(outputs):
            moved = output + step * torch.eye(outputs, dtype=torch.float64)[column]
            slope = (likelihood.loss(moved, given) - likelihood.loss(output, given)) / step
            np.testing.assert_allclose(gradient[:, column], slope, atol=1e-4)
        assert (torch.linalg.eigvalsh(hessian) >= -1e-9).all()


def test_a_gap_among_several_targets_says_nothing() -> None:
    likelihood = Likelihood(Problem.REGRESSION, torch.ones(2, dtype=torch.float64))
    output, whole = torch.zeros(1, 2, dtype=torch.float64), torch.tensor([[2.0, 0.0]], dtype=torch.float64)
    gaps = torch.tensor([[2.0, torch.nan]], dtype=torch.float64)
    torch.testing.assert_close(likelihood.loss(output, gaps), likelihood.loss(output, whole))
    assert likelihood.derivatives(output, gaps)[1][0, 1, 1] == 0.0


def test_tasks_with_rows_of_very_different_number_are_fitted_as_each_alone() -> None:
    random = np.random.default_rng(5)
    sizes = [1, 2, 300, 7, 5000]
    task = np.repeat(np.arange(5), sizes)
    target = random.normal(size=(len(task), 1)) + task[:, None]
    features = np.concatenate([np.zeros((len(task), 1)), np.ones((len(task), 1))], axis=1)
    likelihood = Likelihood(Problem.REGRESSION, torch.ones(1, dtype=torch.float64))

    def found(wanted: FloatArray) -> FloatArray:
        rows = Rows(task[wanted], features[wanted], target[wanted], np.ones(int(wanted.sum())))
        effects = Effects(torch.ones(5, 1, 1, dtype=torch.float64), 1)
        return np.asarray(fitted(effects, list(blocks_of(rows)), likelihood, 5, corrected=False)[:, 0])

    together = found(np.ones(len(task), dtype=bool))
    for each in range(5):
        assert together[each] == pytest.approx(found(task == each)[each], abs=1e-6)
