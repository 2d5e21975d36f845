"""What every classical model must do beside what all architectures do."""

from dataclasses import replace

import numpy as np
import pytest

from mthn_automl import catalogue
from mthn_automl.data.dataset import TaskTable
from tests.contracts import zoo
from tests.contracts.classical import fit_classical

every_model = pytest.mark.parametrize("name", catalogue.names("classical"))


@every_model
def test_a_class_without_rows_is_improbable_and_what_is_constant_is_predicted(name: str) -> None:
    lacking, single, constant = zoo.class_without_rows(), zoo.single_class(), zoo.constant_target()
    assert fit_classical(name, lacking).predict(lacking)[:, 1].max() < 1e-5
    assert fit_classical(name, single).predict(single)[:, 2].min() > 1 - 1e-5
    np.testing.assert_allclose(fit_classical(name, constant).predict(constant), 7.5, rtol=1e-6)


@every_model
def test_one_more_task_costs_what_is_stated(name: str) -> None:
    """A task without rows: trees and kernels, which grow with rows, stay as they are."""
    dataset = zoo.planted()
    emptied = dataset.take(np.flatnonzero(dataset.task < 11))
    one_fewer = TaskTable(emptied.tasks.names[:-1], emptied.tasks.metadata.take(np.arange(11)))
    size, without = (fit_classical(name, rows).size() for rows in (emptied, replace(emptied, tasks=one_fewer)))
    assert size.total - without.total == size.marginal
