"""Every architecture can learn the logarithm of its targets: it then predicts the exponential of what it else would."""

from dataclasses import replace

import numpy as np
import pytest

from mthn_automl import catalogue
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.tuning.objective import Configuration, Objective, SearchData
from mthn_automl.tuning.plan import Plan, schedule_of
from mthn_automl.tuning.state import model_state, restored_models
from tests.contracts import zoo
from tests.contracts.settings import asked, defaults

FOLD = np.arange(len(zoo.planted())) % 2
every_model = pytest.mark.parametrize("name", catalogue.usable())


def logged() -> Dataset:
    return zoo.planted()


def skewed() -> Dataset:
    return replace(logged(), target=np.exp(logged().target))


def searched(name: str, dataset: Dataset, **training: str) -> tuple[FloatArray, object]:
    """Out-of-fold predictions, and the first of the models."""
    file = catalogue.read(name)
    own = {key: value for key, value in asked(name, defaults(name)).items() if key in file.parameters}
    schedule = replace(schedule_of(len(dataset)), max_epochs=3, patience=3, check_every=1)
    objective = Objective(SearchData(dataset, FOLD, "mae", "rows"), Plan(2, 1, schedule))
    found = objective(Configuration(file, own, dict(training), seed=0))
    return found.out_of_fold(), found.models[0]


@every_model
def test_a_logarithm_is_learnt_as_any_target_and_what_is_predicted_is_its_exponential(name: str) -> None:
    """Within a tenth of the range of training on either side; and so it is after it was stored."""
    plain, _ = searched(name, logged())
    found, model = searched(name, skewed(), target_scale="log")
    low, high = np.log(found.min()), np.log(found.max())
    np.testing.assert_allclose(np.log(found), np.clip(plain, low, high), rtol=1e-4, atol=1e-4)
    assert low > logged().target.min() - 0.2 * np.ptp(logged().target)
    assert high < logged().target.max() + 0.2 * np.ptp(logged().target)
    file, dataset = catalogue.read(name), skewed()
    own = {key: value for key, value in asked(name, defaults(name)).items() if key in file.parameters}
    states = [model_state(model)]  # type: ignore[arg-type]
    (again,) = restored_models(file.load_class(), own, states, dataset.schema, len(dataset.tasks))
    np.testing.assert_array_equal(again.predict(dataset), model.predict(dataset))  # type: ignore[attr-defined]
