"""What a classical model says of its size is what it stores: its parameters, and the rows that it keeps."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from lightgbm import Booster

from mthn_automl.data.encoding import Flags
from mthn_automl.models.base import Classical
from mthn_automl.models.gaussian_process import GaussianProcess, GaussianProcessSettings
from mthn_automl.models.gradient_boosting import GradientBoosting, GradientBoostingSettings
from mthn_automl.models.kernel_ridge import KernelRidge, KernelRidgeSettings
from mthn_automl.models.mixed_effects import MixedEffects, MixedEffectsSettings
from mthn_automl.models.random_forest import RandomForest, RandomForestSettings
from mthn_automl.models.ridge import Ridge, RidgeSettings
from tests.contracts import zoo

State = Mapping[str, Any]


def values(stored: Any) -> int:
    """How many all arrays hold."""
    if isinstance(stored, np.ndarray):
        return stored.size
    inner = stored.values() if isinstance(stored, Mapping) else stored if isinstance(stored, list | tuple) else ()
    return sum(values(each) for each in inner)


def of_boosting(state: State) -> int:
    """Each tree has one leaf more than splits; a split of categories has a word for each 32 of them too."""
    trees = [tree for text in state["sums"] for tree in Booster(model_str=decoded(text)).dump_model()["tree_info"]]
    grown = sum(3 * tree["num_leaves"] - 2 + words(tree["tree_structure"]) for tree in trees)
    return grown + values(state["columns"]["means"])


def decoded(text: Any) -> str:
    return text.tobytes().decode()  # type: ignore[no-any-return]


def words(node: Mapping[str, Any]) -> int:
    inner = [words(node[side]) for side in ("left_child", "right_child") if side in node]
    if node.get("decision_type") != "==":
        return sum(inner)
    return sum(inner) + max(map(int, node["threshold"].split("||"))) // 32 + 1


def of_forest(state: State) -> int:
    splits = sum(int((each["column"] >= 0).sum()) for each in state["forests"])
    return 2 * splits + values([each["values"] for each in state["forests"]]) + values(state["columns"]["means"])


def of_linear(state: State) -> int:
    return values([state["coefficients"], state["intercept"]])


def of_kernel(state: State) -> int:
    stored = values([state["stored"][key] for key in ("features", "place", "metadata")])
    return of_linear(state) + stored + values(state.get("hyperparameters"))


@pytest.mark.parametrize(
    ("model", "counted"),
    [
        (Ridge(RidgeSettings()), of_linear),
        (MixedEffects(MixedEffectsSettings()), of_linear),
        (KernelRidge(KernelRidgeSettings()), of_kernel),
        (GaussianProcess(GaussianProcessSettings()), of_kernel),
        (GradientBoosting(GradientBoostingSettings(learning_rate=0.3)), of_boosting),
        (RandomForest(RandomForestSettings(n_estimators=10)), of_forest),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Classical) else "",
)
def test_the_stated_size_is_what_is_stored(model: Classical, counted: Callable[[State], int]) -> None:
    for animal in zoo.ZOO:
        dataset = animal()
        model.fit(dataset, flags=Flags.of(dataset), seed=0)
        assert model.size().total == counted(model.state()), animal.__name__
