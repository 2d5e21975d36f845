"""Tasks smaller than scikit-learn's least category of ten rows keep predictions of their own."""

from typing import Any

import numpy as np
import pytest

from mthn_automl.data.encoding import Flags
from mthn_automl.data.problems import cubic
from mthn_automl.data.read import read_dataset
from mthn_automl.models.gradient_boosting import GradientBoosting, GradientBoostingSettings


@pytest.mark.parametrize("chosen", [{}, {"task": "category"}, {"task": "category", "min_category_rows": 5}])
def test_tasks_of_eight_rows_do_not_collapse_to_the_mean_of_all(chosen: dict[str, Any]) -> None:
    whole = read_dataset(cubic(tasks=20, rows=40, seed=0)[0])
    row = np.arange(len(whole)) % 40
    training, test = whole.take(np.flatnonzero(row < 8)), whole.take(np.flatnonzero(row >= 8))
    model = GradientBoosting(GradientBoostingSettings(**chosen))
    model.fit(training, flags=Flags.of(training), seed=0)
    error = np.mean((model.predict(test) - test.target) ** 2)
    means = np.array([training.target[training.task == task].mean() for task in range(20)])
    assert error < np.mean((means[test.task] - test.target[:, 0]) ** 2)
    assert error < 0.5 * np.mean((training.target.mean() - test.target) ** 2)
