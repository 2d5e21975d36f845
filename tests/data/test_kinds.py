"""What every kind of problem must do, by being a file; and what only some do."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from mthn_automl import catalogue
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.kind import kind_of
from mthn_automl.data.scaling import Scaling
from mthn_automl.data.schema import Problem
from mthn_automl.data.scoring import check_metric, error_over_rows, metric_named
from mthn_automl.training.losses import row_loss
from tests.contracts import zoo

every_kind = pytest.mark.parametrize("problem", list(Problem))


def of_kind(problem: Problem) -> Dataset:
    """One of the zoo that is of this kind."""
    return next(dataset for animal in zoo.ZOO if (dataset := animal()).schema.problem is problem)


def trained_on(dataset: Dataset, scaling: Scaling) -> Tensor:
    """(rows, columns) as a network's loss sees the target."""
    columns = [scaling.standardised(dataset.target)]
    if dataset.schema.problem is Problem.COUNT:
        columns.append(dataset.exposures[:, None])
    return torch.from_numpy(np.concatenate(columns, axis=1)).double()


def best_constant(dataset: Dataset, scaling: Scaling) -> FloatArray:
    """(1, outputs) of least loss for all rows alike."""
    schema, target = dataset.schema, trained_on(dataset, scaling)
    output = torch.zeros(1, schema.kind.outputs(len(schema.targets), len(schema.classes))).double().requires_grad_()
    descent = torch.optim.LBFGS([output], max_iter=200, line_search_fn="strong_wolfe", tolerance_grad=1e-10)

    def loss() -> Tensor:
        descent.zero_grad()
        value = row_loss(schema.problem, output.expand(len(target), -1), target).mean()
        value.backward()
        return value

    descent.step(loss)
    return output.detach().numpy()


def test_the_kinds_are_the_files_of_their_folder() -> None:
    assert sorted(catalogue.PROBLEMS) == sorted(Problem)


@every_kind
def test_the_metrics_of_a_kind_suit_it(problem: Problem) -> None:
    kind = kind_of(problem)
    assert check_metric(kind.metric, problem).least <= kind.least
    assert check_metric(kind.loss_metric, problem).least <= kind.least
    assert not metric_named(kind.loss_metric).is_score
    assert kind.has_classes == bool(of_kind(problem).schema.classes)


@every_kind
def test_the_loss_of_rows_that_are_all_alike_is_least_at_their_mean_or_at_the_shares_of_classes(
    problem: Problem,
) -> None:
    dataset = of_kind(problem)
    kind, scaling = dataset.schema.kind, dataset.schema.kind.scaling(dataset)
    found = kind.prediction(best_constant(dataset, scaling), scaling)[0]
    if kind.has_classes:
        expected = np.bincount(dataset.target[:, 0].astype(int), minlength=len(found)) / len(dataset)
    else:
        expected = dataset.target.sum(axis=0) / dataset.exposures.sum()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@every_kind
def test_what_trials_are_compared_by_is_least_there_too(problem: Problem) -> None:
    dataset = of_kind(problem)
    kind, scaling = dataset.schema.kind, dataset.schema.kind.scaling(dataset)
    best, metric = best_constant(dataset, scaling), metric_named(kind.loss_metric)
    moved = [best + 0.3 * step for step in np.vstack([np.eye(best.shape[1]), -np.eye(best.shape[1])])]
    errors = [
        error_over_rows(
            metric, dataset.target, dataset.exposed(np.tile(kind.prediction(each, scaling), (len(dataset), 1)))
        )
        for each in (best, *moved)
    ]
    assert errors[0] < min(errors[1:])


@every_kind
def test_the_loss_is_of_each_row_and_wild_outputs_are_borne(problem: Problem) -> None:
    """In single precision, whatever the leading dimensions."""
    dataset = of_kind(problem)
    kind, scaling = dataset.schema.kind, dataset.schema.kind.scaling(dataset)
    target = trained_on(dataset, scaling).float()
    width = kind.outputs(len(dataset.schema.targets), len(dataset.schema.classes))
    random = np.random.default_rng(0)
    for scale in (1.0, 1e4):
        output = torch.from_numpy(random.normal(0.0, scale, (2, len(target), width))).float().requires_grad_()
        loss = row_loss(problem, output, target.expand(2, -1, -1))
        alone = row_loss(problem, output[1, 3], target[3])
        assert loss.shape == (2, len(target))
        torch.testing.assert_close(loss[1, 3], alone)
        (gradient,) = torch.autograd.grad(loss.sum(), output)
        assert torch.isfinite(loss).all()
        assert torch.isfinite(gradient).all()
        found = kind.prediction(output.detach().numpy(), scaling)
        assert found.shape == (2, len(target), dataset.schema.outputs)
        assert found.dtype == np.float64
        assert np.isfinite(found).all()
        if kind.has_classes:
            assert found.min() >= 0
            np.testing.assert_allclose(found.sum(axis=-1), 1.0, rtol=1e-9)
        assert kind.least == -np.inf or found.min() > kind.least


@every_kind
def test_no_rows_have_a_scale_too(problem: Problem) -> None:
    """As a fold may have that nothing is trained on."""
    dataset = of_kind(problem)
    none = dataset.take(np.zeros(0, dtype=np.int64))
    assert dataset.schema.kind.scaling(none) == Scaling((0.0,) * none.target.shape[1], (1.0,) * none.target.shape[1])


def test_twice_the_exposure_is_twice_the_mean_and_the_same_loss_of_a_rate() -> None:
    dataset = zoo.counts()
    kind = dataset.schema.kind
    double = replace(dataset, target=2 * dataset.target, exposure=2 * dataset.exposures)
    assert kind.scaling(dataset) == kind.scaling(double)
    prediction = np.ones((len(dataset), 1))
    np.testing.assert_array_equal(double.exposed(prediction), 2 * dataset.exposed(prediction))
    losses = [
        row_loss(Problem.COUNT, torch.zeros(len(dataset), 1).double(), trained_on(each, kind.scaling(each)))
        for each in (dataset, double)
    ]
    torch.testing.assert_close(2 * losses[0], losses[1])


def test_classes_in_an_order_are_ordered_by_their_numbers() -> None:
    assert kind_of("ordinal").ordered(["10", "-2.5", "9", "1e1"]) == ("-2.5", "9", "10", "1e1")
    assert "low" in kind_of("ordinal").refuse_names(["1", "low", "2"])
    assert kind_of("ordinal").refuse_names(["1", "2"]) == ""
