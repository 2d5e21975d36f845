"""An ONNX graph as it is written: every node has a name of its own, and what is the same is computed once."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

OPSET, OPSET_ML, IR_VERSION = 20, 5, 10
"""Of operators, of those of trees and look-ups, and of the format: ONNX Runtime has known all of them since 1.20."""

ML = "ai.onnx.ml"
ROWS = "rows"
"""What the first dimension of inputs and outputs is called."""

TYPES = {"double": TensorProto.DOUBLE, "float": TensorProto.FLOAT, "int64": TensorProto.INT64}
TYPES |= {"string": TensorProto.STRING, "bool": TensorProto.BOOL}


class Graph:
    """Nodes, constants, inputs and outputs. Tensors are called by the names that the methods return.

    Example:
        >>> graph = Graph()
        >>> given = graph.input("x", "double", 1)
        >>> graph.output("y", graph.add("Mul", given, graph.constant([[2.0]])), "double", 1)
        >>> [node.op_type for node in graph.model({}).graph.node]
        ['Mul', 'Identity']
    """

    def __init__(self) -> None:
        self._nodes: list[NodeProto] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], TensorProto] = {}
        self._made: dict[tuple[Any, ...], tuple[str, ...]] = {}
        self._inputs: dict[str, Any] = {}
        self._defaults: list[TensorProto] = []
        self._outputs: list[Any] = []

    def input(self, name: str, kind: str, columns: int | None) -> str:
        """An input (rows, columns), or (rows,) of no columns."""
        shape: list[str | int | None] = [ROWS] if columns is None else [ROWS, columns]
        self._inputs[name] = helper.make_tensor_value_info(name, TYPES[kind], shape)
        return name

    def default(self, value: TensorProto) -> None:
        """What stands for the input of that name where it is not given."""
        self._defaults.append(value)

    def output(self, name: str, tensor: str, kind: str, columns: int) -> None:
        """An output (rows, columns)."""
        self._nodes.append(helper.make_node("Identity", [tensor], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, TYPES[kind], [ROWS, columns]))

    def constant(self, values: ArrayLike, kind: type | None = None) -> str:
        """A tensor of fixed values, of double precision, whole numbers or text where nothing is said."""
        array = np.ascontiguousarray(values, dtype=kind).reshape(np.shape(values))
        array = array.astype(object) if array.dtype.kind == "U" else array
        content = repr(array.tolist()).encode() if array.dtype == object else array.tobytes()
        key = array.dtype.str, array.shape, content
        if key not in self._constants:
            self._constants[key] = numpy_helper.from_array(array, f"/constant_{len(self._constants)}")
        return str(self._constants[key].name)

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """The one output of an operator."""
        return self.add_many(operator, *inputs, outputs=1, domain=domain, **attributes)[0]

    def add_many(
        self, operator: str, *inputs: str, outputs: int, domain: str = "", **attributes: Any
    ) -> tuple[str, ...]:
        """All outputs of an operator; those of the same operator on the same inputs, where there is one."""
        key = operator, domain, inputs, outputs, _attribute_key(attributes)
        if key not in self._made:
            names = tuple(f"/{operator}_{len(self._made)}_{index}" for index in range(outputs))
            self._nodes.append(helper.make_node(operator, inputs, names, domain=domain, **attributes))
            self._made[key] = names
        return self._made[key]

    def inline(self, nodes: Sequence[NodeProto], given: Mapping[str, str], wanted: str) -> str:
        """What a piece of another graph calls `wanted`. given: tensors of this one, by its names for them."""
        known = dict(given)
        for node in nodes:
            attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
            names = self.add_many(
                node.op_type,
                *(known[name] if name else "" for name in node.input),
                outputs=len(node.output),
                domain=node.domain,
                **attributes,
            )
            known.update(zip(node.output, names, strict=True))
        return known[wanted]

    def model(self, metadata: Mapping[str, str]) -> ModelProto:
        """All that leads to an output, with what is said of it."""
        nodes, needed = self._needed()
        constants = [each for each in self._constants.values() if each.name in needed]
        inputs = list(self._inputs.values())
        graph = helper.make_graph(nodes, "mthn_automl", inputs, self._outputs, [*constants, *self._defaults])
        versions = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML, OPSET_ML)]
        model = helper.make_model(graph, opset_imports=versions, ir_version=IR_VERSION, producer_name="mthn-automl")
        helper.set_model_props(model, dict(metadata))
        return model

    def _needed(self) -> tuple[list[NodeProto], set[str]]:
        """Nodes that lead to an output, and the names of all tensors that they need."""
        needed, kept = {each.name for each in self._outputs}, list[NodeProto]()
        for node in reversed(self._nodes):
            if needed & set(node.output):
                needed |= set(node.input)
                kept.append(node)
        return kept[::-1], needed


def _attribute_key(attributes: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple((name, _frozen(value)) for name, value in sorted(attributes.items()))


def _frozen(value: Any) -> Any:
    if isinstance(value, TensorProto):
        return value.SerializeToString(deterministic=True)
    return tuple(value) if isinstance(value, list | tuple | np.ndarray) else value
