"""An architecture as ONNX operators, by PyTorch's own exporter, for any number of rows.

The exporter is shown one row, mapped by `vmap` over many: an architecture then sees a single block of a single row,
whatever it decides by their number. What is traced so is fixed to the number of rows, MARKED. That is a prime which no
width has, so that wherever a shape of the graph holds a multiple of it, the number of rows at hand is put.
"""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from onnx import NodeProto, helper, numpy_helper
from torch import Tensor, nn
from torch.func import vmap

from mthn_automl.deployment.export.graph import OPSET, Graph
from mthn_automl.errors import UnsupportedError
from mthn_automl.training.members import Outputs, Pack
from mthn_automl.training.tables import State

MARKED = 999_983
EXPORTER = "torch.onnx"
"""Its logger, which reports on packages for pictures."""


@dataclass(frozen=True)
class Traced:
    """The computation of an architecture.

    Attributes:
        nodes: in their order.
        inputs: what the nodes call each tensor of the architecture, by its name there.
        features: what they call encoded rows, (rows, encoded columns).
        output: what they call the outputs, (rows, outputs).
        constants: by the names that the nodes have for them.
    """

    nodes: tuple[NodeProto, ...]
    inputs: Mapping[str, str]
    features: str
    output: str
    constants: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, pack: Pack, width: int) -> "Traced":
        """Of the architecture of a pack. width: encoded columns.

        Raises:
            UnsupportedError: it cannot be exported.
        """
        names = [*pack.parameters, *pack.buffers]
        of_tasks = pack.task_indexed
        shown = {name: _shown(_first(pack, name), by_row=name in of_tasks) for name in names}
        row = _Row(pack, tuple(names))
        with _quietly(type(pack.prototype).__name__):
            program = torch.export.export(row, ([shown[name] for name in names], _shown(torch.zeros(1, width), True)))
            exported = torch.onnx.export(program, dynamo=True, verbose=False, opset_version=OPSET, optimize=False)
        assert exported is not None
        graph = exported.model_proto.graph
        *states, features = [each.name for each in graph.input]
        constants = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
        return cls(tuple(graph.node), dict(zip(names, states, strict=True)), features, graph.output[0].name, constants)

    def placed(self, graph: Graph, count: str, state: Mapping[str, str], features: str) -> str:
        """The outputs in another graph. count: (1,) of rows. state: the tensors of a member by name."""
        given = {self.inputs[name]: tensor for name, tensor in state.items()} | {self.features: features}
        given |= {name: graph.constant(value, value.dtype.type) for name, value in self.constants.items()}
        kept = []
        for node in self.nodes:
            fixed = _whole_numbers(node)
            if fixed is None or not (fixed % MARKED == 0)[fixed != 0].any():
                kept.append(node)
                continue
            by_rows = np.where(fixed != 0, np.where(fixed % MARKED == 0, fixed // MARKED, 0), 0)
            others = np.where(by_rows != 0, 0, fixed)
            of_rows = graph.add("Mul", graph.constant(by_rows, np.int64), count)
            given[node.output[0]] = graph.add("Add", graph.constant(others, np.int64), of_rows)
        return graph.inline(kept, given, self.output)


class _Row(nn.Module):
    """The outputs of rows, each of which has the rows of the task tables that belong to its task."""

    def __init__(self, pack: Pack, names: tuple[str, ...]) -> None:
        super().__init__()
        self.outputs, self.names = Outputs(pack.prototype), names
        self.by_row = [name in pack.task_indexed for name in names]

    def forward(self, state: list[Tensor], features: Tensor) -> Tensor:
        dimensions = [0 if each else None for each in self.by_row]
        mapped: Tensor = vmap(self._of_row, in_dims=(dimensions, 0))(state, features)
        return mapped

    def _of_row(self, state: list[Tensor], features: Tensor) -> Tensor:
        one = [value.unsqueeze(0) if each else value for value, each in zip(state, self.by_row, strict=True)]
        with self.outputs.given(dict(zip(self.names, one, strict=True)), {}) as inner:
            rows = inner.embedded(features.reshape(1, 1, -1))
            return inner(rows, torch.zeros(1, dtype=torch.int64)).reshape(-1)  # type: ignore[no-any-return]


def _first(pack: Pack, name: str) -> Tensor:
    state: State = {**pack.parameters, **pack.buffers}
    return state[name][0].detach()


def _shown(value: Tensor, by_row: bool) -> Tensor:
    """One row as MARKED rows, which take no memory."""
    return value[:1].expand(MARKED, *value.shape[1:]) if by_row else value


def _whole_numbers(node: NodeProto) -> Any:
    """What a node holds that is a constant of whole numbers; None of any other."""
    if node.op_type != "Constant":
        return None
    attribute = node.attribute[0]
    value = helper.get_attribute_value(attribute)
    if attribute.name in ("value_ints", "value_int"):
        return np.array(value, dtype=np.int64)
    if attribute.name == "value":
        array = numpy_helper.to_array(value)
        return array if array.dtype == np.int64 else None
    return None


@contextmanager
def _quietly(name: str) -> Iterator[None]:
    """Raises UnsupportedError where PyTorch cannot export what is done within."""
    logger = logging.getLogger(EXPORTER)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            yield
    except (RuntimeError, TypeError, ValueError, NotImplementedError, AssertionError) as error:
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UnsupportedError(f"PyTorch cannot export {name}: {said}") from error
    finally:
        logger.setLevel(level)
