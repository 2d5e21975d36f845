"""Scikit-learn's own checks, without tasks, which they do not know: all rows are one task then."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from mthn_automl import MultiTaskClassifier, MultiTaskRegressor, MultiTaskSearch
from mthn_automl.tuning import plan

EXCUSED = {
    "check_sample_weight_equivalence_on_dense_data": "what the folds' held-out rows choose, a penalty or a number of "
    "epochs, is another where a row is repeated: copies validate what copies have trained, and a weight does not"
}
QUICK = {"architectures": "ridge", "trials": 1, "runner": "local", "no_ensemble": True, "no_ablation": True}


@pytest.fixture(autouse=True)
def few_steps() -> Iterator[None]:
    with patch.object(plan, "STEPS_WANTED", 100):
        yield


def excused(estimator: Any) -> dict[str, str]:
    return EXCUSED


@parametrize_with_checks(
    [MultiTaskRegressor("ridge", refit=True), MultiTaskClassifier("ridge", refit=True)],
    expected_failed_checks=excused,
)
def test_keeps_what_scikit_learn_asks_of_an_estimator(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.soak
@parametrize_with_checks(
    [
        MultiTaskRegressor(folds=2),
        MultiTaskClassifier(folds=2),
        MultiTaskSearch(problem="regression", **QUICK),
        MultiTaskSearch(problem="multiclass", **QUICK),
    ],
    expected_failed_checks=excused,
)
def test_networks_and_searches_keep_it_too(estimator: Any, check: Any) -> None:
    check(estimator)
