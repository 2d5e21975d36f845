"""Logarithms of targets are searched where they may help, and come back from training rows alone."""

from dataclasses import replace

import numpy as np
import pytest

from mthn_automl import catalogue
from mthn_automl.data.encoding import Encoder, Flags
from mthn_automl.data.logarithm import ADDED, Logarithm, can_help
from mthn_automl.training.encode import encode
from mthn_automl.training.log_target import with_log_target
from mthn_automl.training.squash import squashed
from mthn_automl.tuning.space import build_space
from tests.contracts import zoo


def test_they_may_help_usual_errors_of_long_tails_and_always_those_of_logarithms() -> None:
    normal, several = zoo.planted(), zoo.several_targets()
    skewed = replace(normal, target=np.exp(normal.target))
    gaps = replace(several, target=np.exp(np.tile(normal.target[: len(several)], (1, 3))))
    gaps.target[::3, 1] = np.nan
    assert [can_help(each, "mae") for each in (skewed, gaps, normal, several)] == [True, True, False, False]
    assert not can_help(replace(skewed, target=skewed.target - skewed.target.min()), "mae")
    assert can_help(normal, "rmsle")
    assert not any(can_help(skewed, metric) for metric in ("rmse", "mse", "r2"))
    assert not can_help(zoo.counts(), "rmsle")


def test_what_was_taken_is_undone_and_what_lies_far_outside_is_kept_near() -> None:
    target = np.array([[1.0, np.nan], [10.0, 100.0], [100.0, 1000.0]])
    for added in ADDED.values():
        logarithm = Logarithm.of(target, added)
        np.testing.assert_allclose(logarithm.undone(logarithm.taken(target)), target, rtol=1e-12)
        far = logarithm.undone(np.array([[-1e3, -1e3], [1e3, 1e3]]))
        assert (far[0] > -added).all()
        assert (far[0] < [1.0, 100.0]).all()
        assert (far[1] > [100.0, 1000.0]).all()
        assert (far[1] < [200.0, 2000.0]).all()


def test_a_fold_takes_the_range_of_its_own_training_rows_and_features_are_not_copied() -> None:
    dataset = replace(zoo.planted(), target=np.exp(zoo.planted().target))
    dataset.target[0] = 1e6
    fold, flags = np.arange(len(dataset)) % 2, replace(Flags.of(dataset), added=0.0)
    plain = encode(dataset, fold, Flags.of(dataset))
    data = with_log_target(plain, dataset, flags)
    assert data.features is plain.features
    assert squashed(data).target is data.target
    seen = [each.logarithm.highest[0] > np.log(1e5) for each in data.encoders if each.logarithm is not None]
    assert seen == [False, True]
    for encoder, rows in zip(data.encoders, data.training, strict=True):
        expected = Encoder.fit(dataset.take(rows), flags)
        assert (encoder.target, encoder.logarithm) == (expected.target, expected.logarithm)
        standard = encoder.encode_target(dataset.target[rows])
        assert abs(float(standard.mean())) < 1e-5
        assert float(standard.std()) == pytest.approx(1.0, rel=1e-4)


@pytest.mark.parametrize("name", ["ridge", "hypernetwork"])
def test_a_space_asks_for_it_only_where_it_may_help(name: str) -> None:
    file = catalogue.read(name)
    spaces = [build_space(file, True, log_target=asked) for asked in (False, True)]
    assert ["target_scale" in {each.name for each in space.parameters} for space in spaces] == [False, True]
    assert all(start["target_scale"] == "log" for start in spaces[1].starts)
    assert spaces[1].split({"target_scale": "log"}) == ({}, {"target_scale": "log"})
