"""The gradient of the Gaussian process's likelihood, and that its maximum is where the data were drawn."""

from dataclasses import replace
from itertools import product
from typing import get_args

import numpy as np
import pytest
from scipy.optimize import check_grad
from scipy.stats import multivariate_normal

from mthn_automl.data.arrays import FloatArray
from mthn_automl.models.parts.kernel_machine import KernelMachine
from mthn_automl.models.parts.kernels import Kernel, KernelShape, MetadataKernel, Points
from mthn_automl.models.parts.marginal_likelihood import SPREAD, Hyperparameters, Observed

SHAPES: tuple[KernelShape, ...] = ("rbf", "matern")
every_shape = pytest.mark.parametrize("shape", SHAPES)
every_metadata_kernel = pytest.mark.parametrize("of_metadata", get_args(MetadataKernel))


def drawn_points(rows: int, tasks: int, metadata: int) -> Points:
    random = np.random.default_rng(0)
    place = np.arange(rows) % tasks
    return Points(random.normal(size=(rows, 3)), place, np.arange(tasks), random.normal(size=(tasks, metadata)))


def drawn_target(rows: int, outputs: int) -> FloatArray:
    return np.random.default_rng(1).normal(size=(rows, outputs))


def machine_of(family: Hyperparameters, points: Points, target: FloatArray) -> KernelMachine:
    vector = family.best(points, target)
    return KernelMachine.fit_regression(family.kernel(vector), points, target, alpha=family.noise(vector), seed=0)


@every_metadata_kernel
@every_shape
def test_the_gradient_is_that_of_the_loss(shape: KernelShape, of_metadata: MetadataKernel) -> None:
    for (features, metadata), task in product([(3, 2), (1, 1), (3, 0)], [True, False]):
        family = Hyperparameters(shape, features, metadata, task, 1e-3, of_metadata)
        points, target = drawn_points(24, 5, 2 if metadata else 0), drawn_target(24, 2)
        known, weight = np.arange(3, 20), np.linspace(0.5, 2.0, 17)
        parts = [Observed(points, target), Observed(points.take(known), drawn_target(17, 1), weight)]
        lengths = np.linspace(-0.4, 0.6, features + metadata)
        error = check_grad(
            lambda at, family=family, parts=parts: family.loss(at, parts)[0],
            lambda at, family=family, parts=parts: family.loss(at, parts)[1],
            np.array([*lengths, *[0.4] * task, 0.3, -1.0]),
        )
        assert error < 1e-6


@every_metadata_kernel
@every_shape
def test_the_loss_is_the_density_at_the_best_signal_variance(shape: KernelShape, of_metadata: MetadataKernel) -> None:
    family = Hyperparameters(shape, 3, 2, True, 1e-3, of_metadata)
    vector = np.array([0.1, -0.2, 0.3, 0.2, 0.0, 0.4, 0.3, -1.0])
    points, target = drawn_points(24, 5, 2), drawn_target(24, 1)
    covariance = family.kernel(vector).gram(points) + family.noise(vector) * np.eye(24)
    signal = target[:, 0] @ np.linalg.solve(covariance, target[:, 0]) / 24
    density = multivariate_normal(cov=signal * covariance).logpdf(target[:, 0])
    prior = 0.5 * np.sum((vector[:5] / SPREAD) ** 2)
    expected = (prior - density) / 24 - 0.5 * (1.0 + np.log(2.0 * np.pi))
    assert family.loss(vector, [Observed(points, target)])[0] == pytest.approx(expected)


def test_a_column_without_influence_gets_the_longer_length() -> None:
    points = drawn_points(60, 3, 0)
    vector = Hyperparameters("rbf", 3, 0, False, 1e-4).best(points, np.sin(2.0 * points.features[:, :1]))
    assert vector[0] < vector[1] - 1.0
    assert vector[0] < vector[2] - 1.0


def test_noise_is_found_and_never_below_its_floor() -> None:
    points, family = drawn_points(200, 4, 0), Hyperparameters("rbf", 1, 0, False, 0.05)
    smooth = np.sin(points.features[:, :1])
    assert family.noise(family.best(points, smooth)) == pytest.approx(0.05)
    assert 0.5 < family.noise(family.best(points, smooth + drawn_target(200, 1))) < 10.0


def test_offsets_of_tasks_are_found_where_the_features_say_nothing() -> None:
    points, family = drawn_points(120, 6, 0), Hyperparameters("rbf", 1, 0, True, 1e-3)
    offsets = drawn_target(6, 1)[points.place] + 0.1 * drawn_target(120, 1)
    curves = np.sin(2.0 * points.features[:, :1])
    assert family.kernel(family.best(points, offsets)).constant > 0.8
    assert family.kernel(family.best(points, curves)).constant < 0.1


def test_functions_that_change_linearly_with_the_metadata_are_told_beyond_what_was_seen() -> None:
    """A stationary kernel falls back to the mean there."""
    points = drawn_points(120, 12, 2)
    target = (np.sin(points.features[:, 0]) * (points.metadata @ [1.0, -2.0])[points.place])[:, None]
    errors = {}
    for of_metadata in get_args(MetadataKernel):
        family = Hyperparameters("rbf", 1, 2, False, 1e-3, of_metadata)
        machine = machine_of(family, points, target)
        beyond = replace(points, metadata=3.0 * points.metadata)
        errors[of_metadata] = np.abs(machine.scores(beyond) - 3.0 * target).mean()
    assert errors["linear"] < 0.2 * errors["stationary"]


@every_metadata_kernel
def test_what_tasks_leave_open_of_a_new_one_is_its_variance_less_what_they_explain(of_metadata: MetadataKernel) -> None:
    known, new = np.random.default_rng(2).normal(size=(2, 6, 3))
    kernel = Kernel("rbf", 1.0, 1.5, 0.2, of_metadata=of_metadata)
    both = np.concatenate([known, new])
    numbers = np.arange(12)
    between = kernel.gram(Points(np.zeros((12, 1)), numbers, numbers, both))
    explained = between[6:, :6] @ np.linalg.solve(between[:6, :6], between[:6, 6:])
    assert kernel.left_to_tasks(new, known) == pytest.approx(np.diag(between[6:, 6:] - explained), rel=1e-4)


@pytest.mark.parametrize(
    ("vector", "told"),
    [
        pytest.param([0.0, 0.0, 1e9, 0.1, 0.0], "within the bounds", id="a share above one"),
        pytest.param([0.0, 0.0, np.nan, 0.1, 0.0], "within the bounds", id="no number"),
        pytest.param([0.0, 0.0, 0.1, 0.1], "must be 5 numbers", id="too few"),
    ],
)
def test_hyperparameters_that_no_fit_finds_are_refused(vector: list[float], told: str) -> None:
    family = Hyperparameters("rbf", 1, 1, True, 1e-3)
    points = drawn_points(20, 4, 2)
    family.refuse_other(family.best(points, drawn_target(20, 1)))
    with pytest.raises(ValueError, match=told):
        family.refuse_other(np.array(vector))
