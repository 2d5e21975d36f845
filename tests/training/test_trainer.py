"""One pack in training: members leave, and the others go on as if nobody had."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.models.base import Architecture
from mthn_automl.models.hard_sharing import HardSharing, HardSharingSettings
from mthn_automl.models.hypernetwork import Hypernetwork, HypernetworkSettings
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.training import trainer as module
from mthn_automl.training.batches import deal, lay_out
from mthn_automl.training.members import Pack
from mthn_automl.training.settings import TrainingSettings
from mthn_automl.training.tensors import DeviceData
from mthn_automl.training.trainer import Trainer
from tests.contracts import zoo
from tests.training.trained import encode_all

MEMBERS, TASKS = 4, 30
BUILD: dict[str, Callable[[ProblemShape], Architecture]] = {
    "hard_sharing": lambda shape: HardSharing(shape, HardSharingSettings(width=8, depth=1)),
    "hypernetwork": lambda shape: Hypernetwork(shape, HypernetworkSettings(embedding_size=4, width=8, depth=1)),
}


def dataset() -> Dataset:
    random = np.random.default_rng(0)
    task = np.repeat(np.arange(TASKS), 6)
    features = random.normal(size=(len(task), 2))
    return zoo.build(features=zoo.table(features), task=task, target=features[:, :1] * (task[:, None] % 3))


def run(name: str, kept: list[int] | None, steps: tuple[int, int] = (4, 4)) -> Trainer:
    """Steps of all members, then of those that are kept; the kept ones see the same rows in either case."""
    data = encode_all(dataset(), Flags.of(dataset()))
    placed, fold = DeviceData.of(data, torch.device("cpu")), torch.zeros(MEMBERS, dtype=torch.int64)
    pack = Pack.build(lambda: BUILD[name](data.shape), range(MEMBERS), placed.metadata[fold], present_only=True)
    trainer = Trainer(placed, pack, fold, TrainingSettings(learning_rate=1e-2))
    present = list(range(MEMBERS))
    for number, count in enumerate(steps):
        if number and kept is not None:
            trainer.settle()
            trainer, present = trainer.select(torch.tensor(kept)), kept
        layouts = [lay_out(data.training[0], data.task, 3, np.random.default_rng(each)) for each in present]
        for batch in list(deal(layouts, 6, TASKS))[:count]:
            trainer.step(batch)
    trainer.settle()
    return trainer


@pytest.mark.parametrize("few", [0.0, 0.75, 9.0], ids=["rows are fetched", "few when some have left", "always few"])
@pytest.mark.parametrize("name", BUILD)
def test_members_go_on_as_before_when_others_leave(name: str, few: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the tables of those that stay would count as few, and those of all did not."""
    table = run(name, None, (0, 0)).table
    assert table is not None
    monkeypatch.setattr(module, "FEW_VALUES", few * table.values.numel())
    everyone, some = run(name, None), run(name, [1, 3])
    assert some.dense == everyone.dense
    for key, value in everyone.pack.parameters.items():
        torch.testing.assert_close(some.pack.parameters[key], value[[1, 3]], rtol=1e-3, atol=1e-4)
