"""What must be stored of a model so that it predicts the same, and the model back from it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch.nn.modules.module import register_module_parameter_registration_hook

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.encoding import Encoder
from mthn_automl.data.schema import Schema
from mthn_automl.models.base import Architecture, Classical
from mthn_automl.models.parts.frame import refuse_other_tasks
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.received import typed
from mthn_automl.training.losses import network_outputs
from mthn_automl.training.members import Pack, prototype
from mthn_automl.training.networks import Networks
from mthn_automl.training.outline import outline
from mthn_automl.tuning.space import make_settings

LARGE = 10_000
"""Whole numbers of settings up to here are believed; larger ones where there are as many stored numbers."""


def model_state(model: Networks | Classical) -> dict[str, Any]:
    """A nested value of JSON-like things and arrays."""
    if isinstance(model, Classical):
        return model.state()
    pack = model.pack
    return {
        "encoder": asdict(model.encoder),
        "parameters": {name: value.detach().numpy() for name, value in pack.parameters.items()},
        "buffers": {name: value.numpy() for name, value in pack.buffers.items()},
        "present_only": pack.present_only,
        "trained": model.trained,
        "added": None if model.added is None else {name: value.numpy() for name, value in model.added.items()},
    }


@dataclass(frozen=True)
class _StoredNetworks:
    """What `model_state` gives of networks."""

    encoder: Encoder
    parameters: Mapping[str, FloatArray]
    buffers: Mapping[str, np.ndarray]
    present_only: bool
    trained: IntArray | None
    added: Mapping[str, FloatArray] | None = None

    def __post_init__(self) -> None:
        refuse_other_tasks(self.trained)


def restored_models(
    architecture: Any, settings: Mapping[str, Any], states: Sequence[Any], schema: Schema, tasks: int
) -> tuple[Networks | Classical, ...]:
    """The models of one trial whose `model_state` these are. They may be anybody's: all that is stored is checked.

    Args:
        settings: of the architecture, without those of its training.
        tasks: how many it was trained on.

    Raises:
        ValueError, KeyError, UsageError, FormatError: it is no such model.
    """
    if not states:
        raise ValueError("it holds no model")
    kind = architecture.Settings
    chosen = typed(vars(make_settings(kind, settings)), kind)
    if issubclass(architecture, Classical):
        architecture.refuse_states(states)
        return tuple(_restored_classical(architecture(chosen), state) for state in states)
    return tuple(_restored_networks(architecture, chosen, state, schema, tasks) for state in states)


def refuse_other_added(model: Networks | Classical, tasks: int, added: int) -> None:
    """Raise a ValueError where a model has tasks of its own beyond those of training, and not as many as were added."""
    if isinstance(model, Networks):
        found = model.added_tasks or added
    else:
        found = added if model.added is None else len(model.added)
        if model.added is not None and model.added.first != tasks:
            raise ValueError(f"tasks added must follow the {tasks:,} of training, however they do not")
    if found != added:
        raise ValueError(f"{added:,} tasks must have been added, however it knows {found:,}")


def _restored_classical(model: Classical, state: Mapping[str, Any]) -> Classical:
    model.restore(state)
    return model


def _restored_networks(architecture: Any, settings: Any, state: Any, schema: Schema, tasks: int) -> Networks:
    stored = typed(state, _StoredNetworks)
    metadata = stored.buffers["metadata"]
    if metadata.ndim != 3 or metadata.shape[1] != tasks:
        raise ValueError(f"'metadata' must be of {tasks} tasks, however its shape is {metadata.shape}")
    shape = ProblemShape.of(stored.encoder, network_outputs(schema), tasks)
    arrays = {**stored.parameters, **stored.buffers}
    _refuse_large(settings, sum(array.size for array in arrays.values()))

    def build() -> Architecture:
        with _no_more_than(len(arrays)):
            return architecture(shape, settings)  # type: ignore[no-any-return]

    planned = outline(build)  # a network of any size takes little memory so
    _refuse_other(planned, arrays, len(metadata))
    for name, array in stored.parameters.items():
        if not np.isfinite(array).all():
            raise ValueError(f"'{name}' must hold finite numbers, however it does not")
    pack = Pack(
        prototype(lambda given: architecture(given, settings), shape),
        {name: torch.from_numpy(value) for name, value in stored.parameters.items()},
        {name: torch.from_numpy(value) for name, value in stored.buffers.items()},
        present_only=stored.present_only,
    )
    return Networks(pack, stored.encoder, schema.problem, stored.trained, _added(stored.added, planned, len(metadata)))


def _added(stored: Mapping[str, FloatArray] | None, planned: Any, members: int) -> dict[str, torch.Tensor] | None:
    """Rows of the tasks that were added after training: as many of every task table."""
    if stored is None:
        return None
    tables = {name: each for name, each in planned.named_parameters() if name in planned.task_indexed}
    counts = {array.shape[1] if array.ndim > 1 else 0 for array in stored.values()}
    if stored.keys() != tables.keys() or len(counts) != 1:
        raise ValueError("'added' must hold rows of every task table, as many of each, however it does not")
    for name, array in stored.items():
        wanted = members, *counts, *tables[name].shape[1:]
        if array.shape != wanted or array.dtype != np.float32 or not np.isfinite(array).all():
            raise ValueError(f"'{name}' of 'added' must hold finite numbers in the shape {wanted}, however it does not")
    return {name: torch.from_numpy(array) for name, array in stored.items()}


@contextmanager
def _no_more_than(tensors: int) -> Iterator[None]:
    """A block that makes a network; one of more tensors than are stored is given up before it has taken long."""
    made = 0

    def count(module: torch.nn.Module, name: str, parameter: torch.nn.Parameter | None) -> None:
        nonlocal made
        made += 1
        if made > 2 * tensors + 100:  # a few may be made to be replaced
            raise ValueError(f"its settings ask for more than the {tensors:,} tensors that are stored")

    handle = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()


def _refuse_large(settings: Any, numbers: int) -> None:
    """Layers and the like without end would take time and memory before their weights are missed."""
    for name, value in vars(settings).items():
        if isinstance(value, int) and value > max(LARGE, numbers):
            raise ValueError(f"the setting '{name}' must fit the {numbers:,} numbers stored, however it is {value:,}")


def _refuse_other(planned: torch.nn.Module, arrays: Mapping[str, np.ndarray], members: int) -> None:
    """Names, shapes and kinds of numbers."""
    wanted = {**dict(planned.named_parameters()), **dict(planned.named_buffers())}
    differing = sorted(wanted.keys() ^ arrays.keys())
    if differing:
        raise ValueError(f"'{differing[0]}' is {'missing' if differing[0] in wanted else 'no part of the network'}")
    for name, tensor in wanted.items():
        array, shape = arrays[name], (members, *tensor.shape)
        if array.shape != shape or torch.from_numpy(array).dtype is not tensor.dtype:
            found = f"{array.dtype} in {array.shape}"
            raise ValueError(f"'{name}' must hold {tensor.dtype} in the shape {shape}, however it holds {found}")
