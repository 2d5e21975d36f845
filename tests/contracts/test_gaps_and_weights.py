"""What every architecture must do where some targets are missing and rows do not count alike."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from mthn_automl import catalogue
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.models.base import Classical
from tests.contracts import zoo
from tests.contracts.neural import NAMES as NETWORKS
from tests.contracts.neural import fit_networks
from tests.contracts.settings import class_of, suits

NAMES = catalogue.usable()
every_model = pytest.mark.parametrize("name", NAMES)
EPOCHS = 60


def fit(name: str, dataset: Dataset, epochs: int = EPOCHS) -> Any:
    if name in NETWORKS:
        return fit_networks(name, dataset, epochs=epochs)
    model: Classical = class_of(name)(class_of(name).Settings())
    model.fit(dataset, flags=Flags.of(dataset), seed=0)
    return model


def signal() -> tuple[Dataset, FloatArray]:
    """Rows of one feature x, and its sign."""
    task = np.repeat(np.arange(4), 12)
    x = np.random.default_rng(0).permutation(np.tile([-1.5, -1.0, -0.5, 0.5, 1.0, 1.5], 8))
    dataset = zoo.build(features=zoo.table(x[:, None]), task=task, target=np.sign(x)[:, None])
    return dataset, np.sign(x)


def torn() -> tuple[Dataset, FloatArray]:
    """Each row twice: three times as heavy with the sign of x for a target as with the opposite sign."""
    dataset, sign = signal()
    twice = dataset.take(np.tile(np.arange(len(dataset)), 2))
    target = np.concatenate([sign, -sign])[:, None]
    return replace(twice, target=target, weight=np.repeat([3.0, 1.0], len(dataset))), np.tile(sign, 2)


@cache
def three_targets() -> tuple[Dataset, Dataset]:
    """Three targets, two of which 60 % of the rows miss, and the same without gaps."""
    dataset, sign = signal()
    noisy = sign[:, None] + np.random.default_rng(3).normal(0, 0.1, (len(sign), 3))
    whole = replace(dataset, target=noisy * [1.0, -1.0, 1e3] + [0.0, 10.0, 0.0])
    whole = replace(whole, schema=replace(whole.schema, targets=("a", "b", "c")))
    gaps = np.random.default_rng(1).random((len(sign), 3)) < [0.0, 0.6, 0.6]
    return replace(whole, target=np.where(gaps, np.nan, whole.target)), whole


@every_model
def test_each_target_is_learnt_from_the_rows_that_have_it(name: str) -> None:
    """And foretold for the others: what is missing is no zero and no mean."""
    gappy, whole = three_targets()
    predicted = fit(name, gappy).predict(gappy)
    missing = np.isnan(gappy.target)
    error = np.abs(predicted - whole.target) / whole.target.std(axis=0)
    assert np.isfinite(predicted).all()
    assert error[missing].mean() < 0.5


@every_model
def test_a_row_that_counts_more_is_followed_more(name: str) -> None:
    """Weights of 3 and 1 on opposite targets leave half of the difference; equal weights leave nothing."""
    dataset, sign = torn()
    followed = float((sign * fit(name, dataset).predict(dataset)[:, 0]).mean())
    assert 0.25 < followed < 0.75


@every_model
def test_only_how_weights_compare_matters(name: str, subtests: pytest.Subtests) -> None:
    for animal in filter(lambda each: suits(name, each), (zoo.planted, zoo.binary)):
        with subtests.test(animal.__name__):
            dataset = animal()
            weight = np.random.default_rng(2).uniform(0.5, 2.0, len(dataset))
            one, other = (
                fit(name, replace(dataset, weight=times * weight), epochs=3).predict(dataset) for times in (1.0, 3.0)
            )
            np.testing.assert_allclose(one, other, atol=0.02 * dataset.target.std())
