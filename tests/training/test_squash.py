"""Features scaled by medians and quartiles and drawn in."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Encoder, Flags
from mthn_automl.data.preprocess import SQUASH
from mthn_automl.training.encode import TrainingData, encode_all, encode_folds
from mthn_automl.training.squash import squashed
from mthn_automl.training.tensors import DeviceData
from tests.contracts import zoo

every_animal = pytest.mark.parametrize("animal", zoo.ZOO, ids=lambda animal: animal.__name__)


def folds(dataset: Dataset) -> TrainingData:
    return encode_folds(dataset, np.arange(len(dataset)) % 3, Flags.of(dataset))


@every_animal
def test_rows_are_taken_as_the_encoder_of_their_fold_encodes_them(animal: Callable[[], Dataset]) -> None:
    dataset = animal()
    plain = folds(dataset)
    data = squashed(plain)
    assert data.features.values is plain.features.values
    taken = DeviceData.of(plain, torch.device("cpu")).scaled_as(data).features
    rows = torch.arange(len(dataset)).expand(3, 1, -1)
    found = taken.take(rows, torch.arange(3))[:, 0].numpy()
    expected = [each.encode_features(dataset.features) for each in data.encoders]
    np.testing.assert_allclose(found, np.stack(expected), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose([data.features.of_fold(fold) for fold in range(3)], found, rtol=1e-5, atol=1e-6)


def test_a_column_is_scaled_by_its_median_and_quartiles_and_no_number_is_far() -> None:
    dataset = zoo.heavy_tails()
    column = dataset.features.numeric[:, 0]
    low, middle, high = np.quantile(column, (0.25, 0.5, 0.75))
    expected = (column - middle) / ((high - low) / 1.349)
    data = squashed(encode_all(dataset, Flags.of(dataset)))
    found = data.encoders[0].encode_features(dataset.features)
    np.testing.assert_allclose(found[:, 0], expected / np.sqrt(1 + (expected / SQUASH) ** 2), rtol=1e-3, atol=1e-4)
    assert np.abs(found).max() <= SQUASH


def test_rows_that_validate_do_not_move_the_scale() -> None:
    dataset = zoo.planted()
    other = zoo.planted()
    other.features.numeric[::3] *= 100.0
    first, second = (squashed(folds(each)).encoders[0].features for each in (dataset, other))
    np.testing.assert_allclose(first.mean, second.mean, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(first.scale, second.scale, rtol=1e-4)


def test_an_encoder_stored_before_there_was_a_squash_reads_as_one_without() -> None:
    dataset = zoo.planted()
    encoder = Encoder.fit(dataset, Flags.of(dataset))
    stored = encoder.to_json()
    del stored["features"]["squashed"]
    assert Encoder.from_json(stored) == encoder
    squash = squashed(encode_all(dataset, Flags.of(dataset))).encoders[0]
    assert squash.features.squashed
    assert Encoder.from_json(squash.to_json()) == squash
