"""Networks: those of any task as PyTorch exports them, that of a single task as its layers."""

import numpy as np
import torch

from mthn_automl.data.dataset import TaskTable
from mthn_automl.data.schema import Schema
from mthn_automl.deployment.export.encoding import encoded_features, encoded_metadata
from mthn_automl.deployment.export.graph import Graph
from mthn_automl.deployment.export.inputs import Rows
from mthn_automl.deployment.export.targets import predicted
from mthn_automl.deployment.export.traced import Traced
from mthn_automl.models.parts.hidden import GAINS, LAYER_EPSILON, Hidden
from mthn_automl.training.members import rows_of_new
from mthn_automl.training.networks import Networks
from mthn_automl.training.tables import State

OPERATORS = {"relu": "Relu", "gelu": "Gelu", "tanh": "Tanh"}


class NetworkConverter:
    """Networks of one trial, whose architecture is traced once.

    rows: what they are told. schema: of the data. tasks: that the model knows.
    """

    def __init__(self, rows: Rows, schema: Schema, tasks: TaskTable) -> None:
        self.rows, self.schema, self.tasks = rows, schema, tasks
        self._traced: Traced | None = None

    def convert(self, model: Networks) -> str:
        """(rows, outputs) predictions: the mean of what the members of the pack predict.

        Raises:
            UnsupportedError: PyTorch cannot export the architecture.
        """
        graph, classes = self.rows.graph, len(self.schema.classes)
        outputs = self._baked(model) or self._of_any_task(model)
        found = [predicted(graph, model.problem, classes, model.encoder, each) for each in outputs]
        if len(found) == 1:
            return found[0]
        return graph.add("Div", graph.add("Sum", *found), graph.constant([float(len(found))]))

    def _of_any_task(self, model: Networks) -> list[str]:
        graph, pack = self.rows.graph, model.pack
        features = encoded_features(self.rows, model.encoder)
        if self._traced is None:
            self._traced = Traced.of(pack, model.encoder.feature_width)
        state: State = {**pack.parameters, **pack.buffers}
        of_tasks, found = pack.prototype.task_indexed, []
        metadata = self._metadata(model)
        for member in range(len(pack)):
            given = {}
            for name, value in state.items():
                values = value[member].detach()
                if name == "metadata":
                    given[name] = metadata
                else:
                    given[name] = (
                        self._of_tasks(model, name, member)
                        if name in of_tasks
                        else graph.constant(values.numpy(), values.numpy().dtype.type)
                    )
            found.append(self._traced.placed(graph, self.rows.count, given, features))
        return found

    def _of_tasks(self, model: Networks, name: str, member: int) -> str:
        """Rows of a task table, of the task of each row; a task never seen has the mean of all, one added its own."""
        state: State = {**model.pack.parameters, **model.pack.buffers}
        table = state[name].detach()
        new = rows_of_new(name, table, self.rows.known + 1 - model.known, model.added)
        return self.rows.of_tasks(torch.cat([table[member], new[member]]).numpy())

    def _metadata(self, model: Networks) -> str:
        if model.encoder.metadata_width == 0:
            return self.rows.repeated(np.zeros(0, dtype=np.float32))
        return encoded_metadata(self.rows, model.encoder)

    def _baked(self, model: Networks) -> list[str]:
        """The layers of the one task; none where it is not one task, or no plain network."""
        fixed, pack = self.rows.fixed, model.pack
        if fixed is None or model.task_networks is None or pack.prototype.wide_columns:
            return []
        layers = model.task_network(fixed, self.tasks)
        assert layers is not None
        features = encoded_features(self.rows, model.encoder)
        of_members = [[(weight[member], bias[member]) for weight, bias in layers] for member in range(len(pack))]
        return [_applied(self.rows.graph, features, each, pack.prototype.hidden) for each in of_members]


def _applied(graph: Graph, values: str, layers: list[tuple[np.ndarray, np.ndarray]], hidden: Hidden) -> str:
    """An MLP; weight (d_in, d_out), bias (1, d_out)."""
    *inner, last = layers
    for level, layer in enumerate(inner):
        units = _units(graph, _product(graph, values, *layer), len(layer[1][0]), hidden)
        values = graph.add("Add", values, units) if hidden.residual and level else units
    return _product(graph, values, *last)


def _product(graph: Graph, values: str, weight: np.ndarray, bias: np.ndarray) -> str:
    product = graph.add("MatMul", values, graph.constant(weight, np.float32))
    return graph.add("Add", product, graph.constant(bias, np.float32))


def _units(graph: Graph, values: str, width: int, hidden: Hidden) -> str:
    """As `Hidden.units`, of (rows, width)."""
    if hidden.normalisation == "layer":
        ones = graph.constant(np.ones(width), np.float32)
        values = graph.add("LayerNormalization", values, ones, axis=-1, epsilon=LAYER_EPSILON)
    if hidden.activation == "silu":
        result = graph.add("Mul", values, graph.add("Sigmoid", values))
    else:
        result = graph.add(OPERATORS[hidden.activation], values)
    return result if hidden.activation == "relu" else _scaled(graph, result, GAINS[hidden.activation])


def _scaled(graph: Graph, values: str, factor: float) -> str:
    return graph.add("Mul", values, graph.constant([factor], np.float32))
