"""LightGBM with its defaults: what somebody has without this package, on any data."""

from collections.abc import Callable

import lightgbm
import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.problems import gapminder
from mthn_automl.data.read import read_dataset
from mthn_automl.models.parts.usual import usual_predictions
from tests.contracts.zoo import ZOO, of_new_tasks


@pytest.mark.parametrize("animal", ZOO, ids=lambda each: each.__name__)
def test_it_predicts_any_rows_of_any_data(animal: Callable[[], Dataset]) -> None:
    dataset = animal()
    for predicted in usual_predictions(dataset, [dataset, of_new_tasks(dataset)], seed=0):
        assert predicted.shape == (len(dataset), dataset.schema.outputs)
        assert np.isfinite(predicted).all()
        if dataset.schema.classes:
            assert predicted.sum(axis=1) == pytest.approx(np.ones(len(dataset)))


def test_it_is_what_lightgbm_gives_for_the_joined_table() -> None:
    data, meta = gapminder()
    dataset = read_dataset(data, meta)
    joined = data.merge(meta, on="task")
    features = [column.name for column in (*dataset.schema.features, *dataset.schema.metadata)]
    frame = joined[features].assign(task=pd.Categorical(joined["task"], categories=dataset.tasks.names))
    for name in features:
        if joined[name].dtype.kind not in "if":
            frame[name] = joined[name].astype("category")
    model = lightgbm.LGBMRegressor(n_jobs=1, verbosity=-1).fit(frame, joined["target"])
    assert np.corrcoef(usual_predictions(dataset, [dataset], seed=0)[0][:, 0], model.predict(frame))[0, 1] > 0.999
