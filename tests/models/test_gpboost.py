"""Random effects are GPBoost's own, slopes go to the features that matter, and two classes are all it knows."""

from typing import Any

import numpy as np
import pytest

from mthn_automl.data.encoding import Flags
from mthn_automl.errors import FormatError, UsageError
from tests.contracts import zoo

gpboost = pytest.importorskip("gpboost")

from mthn_automl.models.gpboost import GPBoost, GPBoostSettings, most_related  # noqa: E402


def test_slopes_go_to_what_moves_with_the_target_within_tasks() -> None:
    random = np.random.default_rng(0)
    task = np.repeat(np.arange(6), 30)
    between, inner, noise, constant = task / 6.0, random.normal(size=180), random.normal(size=180), np.ones(180)
    features = np.stack([between, noise, inner, constant], axis=1)
    target = (10 * between + inner + 0.3 * noise)[:, None]
    assert most_related(features, task, target, 1).tolist() == [2]
    assert most_related(features, task, target, 4).tolist() == [1, 2]
    assert most_related(features[:, :0], task, target, 2).tolist() == []


def test_tasks_that_differ_in_intercept_and_slope_alone_are_told_apart() -> None:
    dataset = zoo.planted()
    errors = {}
    for slopes in (0, 2):
        model = GPBoost(GPBoostSettings(use_metadata=False, slopes=slopes))
        model.fit(dataset, flags=Flags.of(dataset), seed=0, rounds=30)
        assert model.effects.shape == (1, 13, 1 + slopes)
        assert (model.effects[:, -1] == 0).all()  # of a task never seen
        errors[slopes] = np.mean((model.predict(dataset) - dataset.target) ** 2)
    assert errors[2] < 0.05 < 0.2 < errors[0]


def test_more_than_two_classes_are_refused() -> None:
    dataset = zoo.multiclass()
    with pytest.raises(UsageError, match="can tell two classes apart only"):
        GPBoost(GPBoostSettings()).fit(dataset, flags=Flags.of(dataset), seed=0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("start", np.zeros(2)),
        ("effects", np.zeros((1, 13, 1))),
        ("sloped", np.array([99, 100])),
        ("sums", {"1": np.zeros(0, dtype=np.uint8)}),
    ],
)
def test_stored_parts_that_do_not_belong_together_are_refused(field: str, value: Any) -> None:
    dataset, model = zoo.planted(), GPBoost(GPBoostSettings(slopes=2))
    model.fit(dataset, flags=Flags.of(dataset), seed=0, rounds=2)
    GPBoost(model.settings).restore(model.state())
    with pytest.raises(FormatError, match="must have a start and effects for 1 scores and"):
        GPBoost(model.settings).restore({**model.state(), field: value})


def test_its_trees_are_checked_as_those_of_lightgbm_are() -> None:
    dataset, model = zoo.planted(), GPBoost(GPBoostSettings())
    model.fit(dataset, flags=Flags.of(dataset), seed=0, rounds=2)
    state = model.state()
    text = state["sums"]["0"].tobytes().replace(b"\nleft_child=1", b"\nleft_child=0")
    with pytest.raises(FormatError, match="tree 0 is damaged: left_child does not point to a later split"):
        GPBoost(model.settings).restore({**state, "sums": {"0": np.frombuffer(text, dtype=np.uint8)}})
