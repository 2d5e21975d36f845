"""Folds as tensors: each is scaled by its own training rows and by nothing else."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.data.scaling import SQUASH
from mthn_automl.data.schema import Problem
from mthn_automl.training.encode import TrainingData, encode, problem_shape
from mthn_automl.training.squash import squashed
from mthn_automl.training.tensors import DeviceData
from tests.contracts import zoo
from tests.training.trained import encode_all, seen

FOLDS = range(3)
every_animal = pytest.mark.parametrize("animal", zoo.ZOO, ids=lambda animal: animal.__name__)


def folds_of(dataset: Dataset) -> IntArray:
    """Three folds; every tenth row always trains."""
    return np.where(np.arange(len(dataset)) % 10 == 9, -1, np.arange(len(dataset)) % 3)


def encoded(dataset: Dataset) -> TrainingData:
    return encode(dataset, folds_of(dataset), Flags.of(dataset))


def with_cells(dataset: Dataset, rows: IntArray, value: float) -> Dataset:
    """The given rows' features and targets are `value`."""
    features, target = dataset.features.numeric.copy(), dataset.target.copy()
    features[rows], target[rows] = value, value
    return replace(dataset, features=zoo.table(features), target=target)


def test_a_fold_validates_on_its_rows_and_trains_on_all_others_and_without_folds_there_is_one_of_every_row() -> None:
    data, folds = encoded(zoo.planted()), folds_of(zoo.planted())
    for fold in FOLDS:
        np.testing.assert_array_equal(data.validation[fold], np.flatnonzero(folds == fold))
        np.testing.assert_array_equal(data.training[fold], np.flatnonzero(folds != fold))
    whole = encode_all(zoo.planted(), Flags.of(zoo.planted()))
    assert (len(whole.training), len(whole.validation), len(whole.encoders)) == (1, 1, 1)
    np.testing.assert_array_equal(whole.training[0], np.arange(len(zoo.planted())))
    assert len(whole.validation[0]) == 0


@pytest.mark.parametrize("way", [lambda data: data, squashed], ids=["standardised", "squashed"])
def test_a_fold_is_scaled_by_its_own_training_rows_and_by_no_other(
    way: Callable[[TrainingData], TrainingData],
) -> None:
    dataset = zoo.planted()
    other = with_cells(dataset, np.flatnonzero(folds_of(dataset) == 0), 1000.0)
    before, after = (way(encoded(each)).encoders for each in (dataset, other))
    for fold, same in ((0, True), (1, False)):
        scales = [np.array(each[fold].features.scaling.scale) for each in (before, after)]
        assert np.allclose(*scales, rtol=1e-4) is same
        assert (before[fold].target == after[fold].target) is same


def test_metadata_are_scaled_by_the_tasks_that_train() -> None:
    dataset = zoo.planted()
    data = encode(dataset, np.where(dataset.task < 6, 0, 1), Flags.of(dataset))
    np.testing.assert_allclose(data.metadata[0, 6:].mean(axis=0), 0.0, atol=1e-6)
    np.testing.assert_allclose(data.metadata[1, :6].mean(axis=0), 0.0, atol=1e-6)
    assert data.metadata.shape == (2, 12, 3)


@every_animal
def test_a_fold_sees_what_its_own_encoder_makes_of_the_rows(animal: Callable[[], Dataset]) -> None:
    """As they are, and squashed, which copies no value; whatever else is on the device."""
    dataset = animal()
    data, rows = encoded(dataset), len(dataset)
    assert problem_shape(dataset) == data.shape
    assert data.features.values.shape == (rows, data.shape.features)
    assert data.metadata.shape == (3, data.shape.tasks, data.shape.metadata)
    targets = dataset.target.shape[1]
    behind = [dataset.exposures] if dataset.schema.problem is Problem.COUNT else []
    assert data.target.values.shape == (rows, targets + len(behind))
    assert np.isfinite(data.metadata).all()
    placed = DeviceData.of(data, torch.device("cpu"))
    everything, folds = torch.arange(rows).expand(3, 1, -1), torch.tensor(FOLDS)
    for given, tolerance in ((data, 2e-5), (squashed(data), 1e-4)):
        assert given.features.values is data.features.values
        found = placed.scaled_as(given).features.take(everything, folds)[:, 0]
        expected = [each.encode_features(dataset.features) for each in given.encoders]
        np.testing.assert_allclose(found, np.stack(expected), rtol=tolerance, atol=tolerance)
    found = placed.target.take(everything, folds)[:, 0]
    for column in behind:
        np.testing.assert_allclose(found[..., targets], np.tile(column, (3, 1)), rtol=1e-6)
    found = found[..., :targets]
    expected = [np.nan_to_num(each.encode_target(dataset.target)) for each in data.encoders]
    np.testing.assert_allclose(found, np.stack(expected), rtol=2e-5, atol=2e-5)


def test_a_mistyped_cell_in_one_fold_costs_the_others_no_digits() -> None:
    features = zoo.planted().features.numeric.copy()
    features[1, 0] = 1e12
    dataset = replace(zoo.planted(), features=zoo.table(features))
    data = encoded(dataset)
    for fold in FOLDS:
        expected = data.encoders[fold].encode_features(dataset.features)
        found = seen(data.features, fold, np.arange(len(dataset)))
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_squashed_a_column_is_scaled_by_its_median_and_quartiles_and_no_value_is_far() -> None:
    dataset = zoo.heavy_tails()
    column = dataset.features.numeric[:, 0]
    low, middle, high = np.quantile(column, (0.25, 0.5, 0.75))
    expected = (column - middle) / ((high - low) / 1.349)
    encoder = squashed(encode_all(dataset, Flags.of(dataset))).encoders[0]
    found = encoder.encode_features(dataset.features)
    np.testing.assert_allclose(found[:, 0], expected / np.sqrt(1 + (expected / SQUASH) ** 2), rtol=1e-3, atol=1e-4)
    assert np.abs(found).max() <= SQUASH


def test_what_counts_has_a_mean_of_1_over_the_training_rows_of_each_fold_and_nothing_where_it_is_missing() -> None:
    assert encoded(zoo.several_targets()).counts is None
    dataset, data = zoo.gaps_and_weights(), encoded(zoo.gaps_and_weights())
    assert data.counts is not None
    assert ((data.counts.values == 0) == np.isnan(dataset.target)).all()
    for fold in FOLDS:
        scaled = data.counts.values * data.counts.scale[fold]
        assert scaled[data.training[fold]].mean() == pytest.approx(1.0)
    only_weights = encoded(replace(zoo.binary(), weight=np.linspace(1.0, 9.0, len(zoo.binary()))))
    assert only_weights.counts is not None
    assert only_weights.counts.values.shape[1] == 1
