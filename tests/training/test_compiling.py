"""Compiling: decided by an estimate, and the same numbers."""

import pytest
import torch

from mthn_automl.data.encoding import Flags
from mthn_automl.models.hypernetwork import Hypernetwork, HypernetworkSettings
from mthn_automl.training import compiling
from mthn_automl.training.batches import batch_count, deal, lay_out
from mthn_automl.training.compiling import Compiled, compiler_found, worth_compiling
from mthn_automl.training.encode import encode_all
from mthn_automl.training.members import Pack
from mthn_automl.training.settings import TrainingSettings
from mthn_automl.training.tensors import DeviceData
from mthn_automl.training.trainer import Trainer
from tests.contracts import zoo


@pytest.mark.parametrize(
    ("spent", "left", "expected"),
    [
        (10.0, None, False),
        (300.0, None, False),
        (400.0, None, True),
        (400.0, 1000.0, True),
        (400.0, 100.0, False),  # the deadline comes before it has paid
        (4000.0, 0.0, False),
    ],
)
def test_only_a_long_training_with_time_left_is_compiled(
    spent: float, left: float | None, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling, "compiler_found", lambda: True)
    assert worth_compiling(spent, left) is expected


def test_without_a_compiler_nothing_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling.shutil, "which", lambda name: None)
    assert not worth_compiling(1e6, None)


def test_where_compiling_fails_the_function_itself_is_used() -> None:
    def plain(value: int) -> int:
        return value + 1

    compiled = Compiled(plain)

    def fails(value: int) -> int:
        raise RuntimeError("no such compiler")

    compiled._fast = fails
    assert [compiled(1), compiled(2)] == [2, 3]
    assert isinstance(compiled.failure, RuntimeError)


def trainer(members: int) -> Trainer:
    data = encode_all(zoo.planted(), Flags.of(zoo.planted()))
    placed = DeviceData.of(data, torch.device("cpu"))
    settings = HypernetworkSettings(embedding_size=2, width=8, depth=1)
    fold = torch.zeros(members, dtype=torch.int64)
    pack = Pack.build(
        lambda: Hypernetwork(data.shape, settings), range(members), placed.metadata[fold], present_only=True
    )
    return Trainer(placed, pack, fold, TrainingSettings())


@pytest.mark.slow
@pytest.mark.skipif(not compiler_found(), reason="PyTorch needs a C++ compiler to compile for CPUs")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("members", [1, 3])
def test_a_compiled_pack_takes_the_same_steps(members: int) -> None:
    plain, fast = trainer(members), trainer(members)
    fast.compile()
    data = encode_all(zoo.planted(), Flags.of(zoo.planted()))
    layouts = [lay_out(data.training[0], data.task, 5) for _ in range(members)]
    for batch in deal(layouts, batch_count(len(layouts[0]), 5, 64), data.shape.tasks):
        torch.testing.assert_close(fast.step(batch), plain.step(batch), rtol=1e-4, atol=1e-5)
    assert isinstance(fast.losses, Compiled)
    assert fast.losses.failure is None
    for name, value in plain.pack.parameters.items():
        torch.testing.assert_close(fast.pack.parameters[name], value, rtol=1e-3, atol=1e-4)
