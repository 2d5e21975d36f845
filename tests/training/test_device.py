"""Devices: what is asked for is what is used, and a step leaves nothing behind on the CPU.

No test needs a GPU. MTHN_TEST_DEVICE=cuda runs those of this file that train on the device named.
"""

import os

import numpy as np
import pytest
import torch

from mthn_automl import catalogue
from mthn_automl.data.encoding import Flags
from mthn_automl.errors import UsageError
from mthn_automl.models.base import Architecture, Cost
from mthn_automl.training import tensors
from mthn_automl.training.batches import Batch, deal, lay_out
from mthn_automl.training.device import choose_device, holds
from mthn_automl.training.encode import TrainingData, encode
from mthn_automl.training.fit import Schedule
from mthn_automl.training.members import Member, Pack
from mthn_automl.training.settings import TrainingSettings
from mthn_automl.training.tensors import DeviceData
from mthn_automl.training.trainer import Trainer
from tests.contracts import zoo
from tests.training.trained import encode_all, fit

DEVICE = torch.device(os.environ.get("MTHN_TEST_DEVICE", "cpu"))
every_model = pytest.mark.parametrize("name", catalogue.names("neural"))


def test_auto_takes_cuda_before_mps_before_the_cpu_and_a_device_that_is_not_there_is_wrong_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = []
    for cuda, mps in ((True, True), (False, True), (False, False)):
        monkeypatch.setattr(torch.cuda, "is_available", lambda answer=cuda: answer)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda answer=mps: answer)
        found.append(choose_device("auto").type)
    assert found == ["cuda", "mps", "cpu"]
    with pytest.raises(UsageError, match=r"--device must be auto or a device of this machine \(.*cpu\)"):
        choose_device("cuda")


def test_data_that_take_more_than_half_of_a_device_stay_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1000, 2000))
    asked = (("cuda", 500), ("cuda", 501), ("cpu", 10**15))
    assert [holds(torch.device(device), size) for device, size in asked] == [True, False, True]


def encoded() -> TrainingData:
    """Three folds with gaps, so that everything that is done to a batch is done."""
    dataset = zoo.missing_values()
    return encode(dataset, np.arange(len(dataset)) % 3, Flags.of(dataset))


def build(name: str, data: TrainingData) -> Architecture:
    architecture = catalogue.read(name).load_class()
    return architecture(data.shape, architecture.Settings())  # type: ignore[attr-defined, no-any-return]


def cost(name: str, data: TrainingData) -> Cost:
    architecture = catalogue.read(name).load_class()
    return architecture.traits(data.shape, architecture.Settings()).cost  # type: ignore[attr-defined, no-any-return]


def first_batch(data: TrainingData, members: int) -> Batch:
    layouts = [lay_out(data.training[each % 3], data.task, 4) for each in range(members)]
    return next(deal(layouts, 2, data.shape.tasks))


@every_model
def test_a_step_mixes_no_devices(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PyTorch's device without memory; one member, data on the device, and a pack, data brought to it."""
    data, meta = encoded(), torch.device("meta")
    for members, fits in ((1, True), (3, False)):
        monkeypatch.setattr(tensors, "holds", lambda device, size, fits=fits: fits)
        placed = DeviceData.of(data, meta)
        fold = torch.arange(members) % 3
        metadata = torch.zeros(members, data.shape.tasks, data.shape.metadata, device=meta)
        present_only = cost(name, data) == "tasks_present"
        pack = Pack.build(lambda: build(name, data), range(members), metadata, present_only=present_only).to(meta)
        trainer = Trainer(placed, pack, fold.to(meta), TrainingSettings())
        losses = [trainer.step(first_batch(data, members)), trainer.loss(first_batch(data, members))]
        assert [loss.device.type for loss in losses] == ["meta", "meta"]


def test_the_device_without_memory_refuses_tensors_of_another() -> None:
    """Else the test above could not fail."""
    with pytest.raises(RuntimeError, match="expected device meta"):
        torch.zeros(3, device="meta") + torch.zeros(3)


@every_model
def test_training_on_the_device_gives_weights_on_the_cpu(name: str) -> None:
    data = encode_all(zoo.planted(), Flags.of(zoo.planted()))
    schedule = Schedule(batch=64, max_epochs=3, patience=3, check_every=1)
    given = data, lambda: build(name, data), [Member(0, 1), Member(0, 2)], TrainingSettings(), schedule
    present_only = cost(name, data) == "tasks_present"
    found, expected = (
        fit(*given, present_only=present_only, placed=placed).pack.parameters
        for placed in (DeviceData.of(data, DEVICE), None)
    )
    for key, value in found.items():
        assert value.device.type == "cpu"
        torch.testing.assert_close(value, expected[key], rtol=1e-3, atol=1e-3)
