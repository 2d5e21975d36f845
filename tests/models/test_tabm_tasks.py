"""Each implicit member computes its formula; training takes the mean of their losses, prediction their mean."""

from collections.abc import Callable
from itertools import product

import pytest
import torch
from torch import Tensor

from mthn_automl.data.dataset import Dataset
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.models.tabm_tasks import TabmTasks, TabmTasksSettings
from mthn_automl.training.losses import row_loss
from mthn_automl.training.members import Outputs
from mthn_automl.training.trainer import losses
from tests.contracts import zoo
from tests.contracts.neural import encoded, whole_batch

SETTINGS = TabmTasksSettings(implicit_members=4, width=16, depth=2)
SHAPE = ProblemShape(features=3, outputs=2, tasks=5, metadata=2)
TASK = torch.tensor([4, 0, 0])


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def network() -> TabmTasks:
    made = TabmTasks(SHAPE, SETTINGS)
    made.metadata = torch.randn(SHAPE.tasks, SHAPE.metadata)
    return made


def of_member(network: TabmTasks, member: int, features: Tensor, task: int) -> Tensor:
    """One row after the formula: features (d_x,) -> (outputs,)."""
    z = torch.cat([network.description.embedding[task], network.metadata[task]])
    values = network.start[member] + network.adapters[member] + z @ network.of_task[:, member]
    *layers, bias = values.split(network.sizes)
    hidden = features
    for level, weight in enumerate(network.weights):
        r, s, b = layers[3 * level : 3 * level + 3]
        hidden = torch.relu(s * ((r * hidden) @ weight) + b)
    return hidden @ network.head_weight[member] + bias


def test_each_member_computes_its_formula() -> None:
    model, features = network(), torch.randn(3, 4, 3)
    found = model.training_outputs(features, TASK)
    assert found.shape == (4, 3, 4, 2)
    for member, block, row in product(range(4), range(3), range(4)):
        expected = of_member(model, member, features[block, row], int(TASK[block]))
        torch.testing.assert_close(found[member, block, row], expected)


def test_a_prediction_is_the_mean_of_the_members() -> None:
    model, features = network(), torch.randn(3, 4, 3)
    for training in (True, False):
        expected = model.train(training).training_outputs(features, TASK).mean(dim=0)
        torch.testing.assert_close(model(features, TASK), expected)


def test_members_start_apart_by_signs_of_the_features_alone() -> None:
    signs, rest = network().start[:, : SHAPE.features], network().start[:, SHAPE.features :]
    assert set(signs.flatten().tolist()) == {-1.0, 1.0}
    assert (rest == rest[0]).all()


@pytest.mark.parametrize("animal", [zoo.planted, zoo.binary, zoo.multiclass], ids=lambda animal: animal.__name__)
@torch.no_grad()
def test_the_training_loss_is_the_mean_of_the_losses_of_the_members(animal: Callable[[], Dataset]) -> None:
    data = encoded(animal())
    rows, model = whole_batch(data), TabmTasks(data.shape, SETTINGS).train()
    state = dict(model.named_parameters()), dict(model.named_buffers())
    loss, _, _ = losses(Outputs(model), data.problem, *state, rows)
    kept = rows.mask[0] > 0
    outputs = model.training_outputs(rows.features[0], rows.place[0])
    expected = [row_loss(data.problem, output, rows.target[0])[kept].mean() for output in outputs]
    torch.testing.assert_close(loss[0], torch.stack(expected).mean(), rtol=1e-5, atol=1e-6)
