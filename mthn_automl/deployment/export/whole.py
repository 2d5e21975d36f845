"""A model as one ONNX graph, from raw columns to predictions."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import ModelProto

import mthn_automl
from mthn_automl.data.schema import Schema
from mthn_automl.deployment.export.converters import boosting, forests, kernels, linear
from mthn_automl.deployment.export.converters.added import with_added
from mthn_automl.deployment.export.converters.networks import NetworkConverter
from mthn_automl.deployment.export.graph import Graph
from mthn_automl.deployment.export.inputs import InputReader, Rows
from mthn_automl.deployment.export.intervals import interval_ends
from mthn_automl.deployment.export.meaning import meaning_of_input
from mthn_automl.deployment.export.members import Part, parts_of, temperature_of
from mthn_automl.deployment.export.names import wanted_inputs
from mthn_automl.deployment.export.targets import class_probabilities, predicted, tempered
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.deployment.tables import prediction_names
from mthn_automl.errors import UnsupportedError
from mthn_automl.models.base import Classical
from mthn_automl.models.gaussian_process import GaussianProcess
from mthn_automl.models.gpboost import GPBoost
from mthn_automl.models.gradient_boosting import GradientBoosting
from mthn_automl.models.kernel_ridge import KernelRidge
from mthn_automl.models.parts.linear import LinearModel
from mthn_automl.models.random_forest import RandomForest
from mthn_automl.training.networks import Networks


def onnx_model(predictor: Predictor, task: int | None = None, interval: float | None = None) -> ModelProto:
    """The graph of all that predicts.

    Args:
        predictor: the model.
        task: the number of the one task that all rows are of; None: each row names its own.
        interval: the level of the intervals whose ends are outputs, too; None: there are none.

    Raises:
        UnsupportedError: a part that cannot be exported; it is named.
        UsageError: an interval that the model cannot state.
    """
    whole = _Whole.of(predictor, task)
    prediction, graph = whole.prediction(), whole.rows.graph
    _outputs(graph, predictor.schema, prediction)
    predictor.check_interval(interval)
    if interval is not None and predictor.intervals is not None:
        least, targets = predictor.schema.kind.least, len(predictor.schema.targets)
        ends = interval_ends(whole.rows, predictor.intervals, prediction, interval, least)
        for name, end in zip(("low", "high"), ends, strict=True):
            graph.output(name, end, "double", targets)
    return graph.model(_metadata(predictor, task, interval))


def unsupported_members(predictor: Predictor, task: int | None) -> dict[int, str]:
    """By the number of a member of the model, why it cannot be exported."""
    whole, found = _Whole.of(predictor, task), dict[int, str]()
    for part in parts_of(predictor.model, len(predictor.tasks), len(predictor.members)):
        if part.trial not in found:
            try:
                whole.of_part(part)
            except UnsupportedError as error:
                found[part.trial] = str(error)
    return found


@dataclass
class _Whole:
    """All parts of a model, in one graph."""

    predictor: Predictor
    rows: Rows

    @classmethod
    def of(cls, predictor: Predictor, task: int | None) -> "_Whole":
        """Of a new graph."""
        return cls(predictor, InputReader(Graph(), predictor.schema, predictor.tasks, predictor.spare, task).rows())

    def __post_init__(self) -> None:
        self._networks: dict[int, NetworkConverter] = {}

    def prediction(self) -> str:
        """(rows, targets or classes): the sum of the parts' predictions, each times its weight for the row's task."""
        predictor, graph = self.predictor, self.rows.graph
        parts = parts_of(predictor.model, len(predictor.tasks), len(predictor.members))
        found = []
        for part in parts:
            of_part = self.of_part(part)
            same = bool((part.weights == part.weights[0]).all())
            weight = graph.constant(part.weights[:1]) if same else self.rows.of_tasks(part.weights[:, np.newaxis])
            found.append(graph.add("Mul", of_part, weight))
        total = found[0] if len(found) == 1 else graph.add("Sum", *found)
        total = tempered(graph, total, temperature_of(predictor.model))
        return total if self.rows.exposure is None else graph.add("Mul", total, self.rows.exposure)

    def of_part(self, part: Part) -> str:
        """The predictions of a single model at an exposure of 1.

        Raises:
            UnsupportedError: it cannot be exported.
        """
        model, schema = part.model, self.predictor.schema
        if isinstance(model, Networks):
            if part.trial not in self._networks:
                self._networks[part.trial] = NetworkConverter(self.rows, schema, self.predictor.tasks)
            return self._networks[part.trial].convert(model)
        scores = with_added(self.rows, model, _scores(self.rows, model))
        if model.classes is not None:
            return class_probabilities(self.rows, model.classes, scores)
        assert scores is not None
        return predicted(self.rows.graph, schema.problem, len(schema.classes), model.encoder, scores)


CONVERTERS: Mapping[Any, Callable[[Rows, Any], str | None]] = {
    LinearModel: linear.scores,
    KernelRidge: kernels.scores,
    GaussianProcess: kernels.scores,
    GradientBoosting: boosting.gradient_boosting_scores,
    GPBoost: boosting.gpboost_scores,
    RandomForest: forests.scores,
}
"""Of a class, and of those made from it, what gives (rows, scores); None where training held a single class."""


def can_be_exported(kind: type[Networks | Classical]) -> bool:
    """Whether models of a class are known here; of networks PyTorch decides."""
    return not issubclass(kind, Classical) or issubclass(kind, tuple(CONVERTERS))


def _scores(rows: Rows, model: Classical) -> str | None:
    for kind, convert in CONVERTERS.items():
        if isinstance(model, kind):
            return convert(rows, model)
    raise UnsupportedError(f"models of {type(model).__name__} cannot be written as ONNX")


def _outputs(graph: Graph, schema: Schema, prediction: str) -> None:
    """`prediction`, and of classes `probabilities`."""
    if not schema.classes:
        graph.output("prediction", prediction, "double", len(schema.targets))
        return
    chosen = graph.add("ArgMax", prediction, axis=1, keepdims=1)
    graph.output("prediction", graph.add("Gather", graph.constant(list(schema.classes)), chosen), "string", 1)
    graph.output("probabilities", prediction, "double", len(schema.classes))


def _metadata(predictor: Predictor, task: int | None, interval: float | None) -> dict[str, str]:
    """What is stored in the file of its inputs and outputs, as JSON."""
    schema = predictor.schema
    said: dict[str, Any] = {
        "mthn_automl": mthn_automl.__version__,
        "architecture": predictor.architecture,
        "problem": schema.problem.value,
        "inputs": [
            {**vars(each), **vars(meaning_of_input(schema, each))}
            for each in wanted_inputs(schema, any_task=task is None)
        ],
    }
    said |= {"classes": list(schema.classes)} if schema.classes else {"predictions": list(prediction_names(schema))}
    said |= {} if task is None else {"task": predictor.tasks.names[task]}
    said |= {} if interval is None else {"interval": interval}
    return {name: each if isinstance(each, str) else json.dumps(each) for name, each in said.items()}
