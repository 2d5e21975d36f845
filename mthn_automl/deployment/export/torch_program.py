"""Networks as a PyTorch program, from numbers, indices of categories and numbers of tasks to predictions.

Tensors hold no text, so that categories and tasks are given by their places in the lists that lie in the file.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mthn_automl.data.dataset import Table, TaskTable
from mthn_automl.data.encoding import Encoder
from mthn_automl.data.kinds.count import FARTHEST
from mthn_automl.data.kinds.ordinal import LEAST_STEP
from mthn_automl.data.metrics.log_loss import SMALLEST_PROBABILITY
from mthn_automl.data.scaling import drawn_in
from mthn_automl.data.schema import Problem
from mthn_automl.deployment.export.meaning import marks_of
from mthn_automl.deployment.export.members import Part, parts_of, temperature_of
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import UnsupportedError
from mthn_automl.training.networks import Networks
from mthn_automl.training.task_networks import MOST_KEPT


class Program(nn.Module):
    """All networks of a model, or those of one task.

    Shape:
        numbers (rows, numeric features) float64, missing where NaN, infinite or what the user has said to be so;
        categories (rows, others) int64, -1 where missing or unknown; task (rows,) int64, -1 for one never seen
        -> (rows, targets or classes) float64.
    """

    def __init__(self, predictor: Predictor, task: int | None) -> None:
        super().__init__()
        parts = parts_of(predictor.model, len(predictor.tasks), len(predictor.members))
        self.networks = nn.ModuleList(_OfPart(part, predictor, task) for part in parts)
        self.temperature, self.tasks = temperature_of(predictor.model), len(predictor.tasks)
        marks = marks_of(predictor.schema.features, predictor.schema.missing)
        self.marks = len(marks)
        for place, mark in enumerate(marks):
            self.register_buffer(f"mark_{place}", torch.from_numpy(mark))

    def forward(self, numbers: Tensor, categories: Tensor, task: Tensor | None = None) -> Tensor:
        numbers = numbers.masked_fill(numbers.isinf(), torch.nan)
        for place in range(self.marks):
            numbers = numbers.masked_fill(numbers == self.get_buffer(f"mark_{place}"), torch.nan)
        total = torch.zeros((), dtype=torch.float64)
        task = None if task is None else torch.where(task < 0, self.tasks, task)
        for network in self.networks:
            total = total + network(numbers, categories, task)
        if self.temperature == 1.0:
            return total
        return torch.softmax(total.clamp(min=SMALLEST_PROBABILITY).log() / self.temperature, dim=1)


class _OfPart(nn.Module):
    """The networks of one pack, times their weight."""

    def __init__(self, part: Part, predictor: Predictor, task: int | None) -> None:
        super().__init__()
        model = part.model
        reason = cannot_be_written(model)
        if reason or not isinstance(model, Networks):
            raise UnsupportedError(reason)
        self.problem, self.encoder, self.members = predictor.schema.problem, model.encoder, len(model.pack)
        features = self.encoder.features
        self.register_buffer("mean", torch.tensor(features.scaling.mean, dtype=torch.float64))
        self.register_buffer("scale", torch.tensor(features.scaling.scale, dtype=torch.float64))
        self.register_buffer("flagged", torch.tensor(np.flatnonzero(features.flagged), dtype=torch.int64))
        self.squashed = len(features.scaling) if features.scaling.squashed else 0
        shown = slice(None) if task is None else slice(task, task + 1)
        self.register_buffer("weight", torch.tensor(part.weights[shown], dtype=torch.float64))
        for column, seen in enumerate(features.seen):
            known = np.where(seen, np.arange(len(seen)), -2)
            self.register_buffer(f"seen_{column}", torch.tensor(known, dtype=torch.int64))
        layers = _layers(model, predictor.tasks)
        self.depth, self.hidden = len(layers), model.pack.prototype.hidden
        for level, (weight, bias) in enumerate(layers):
            one_for_all = weight.shape[1] == 1
            self.register_buffer(f"layer_{level}", weight if one_for_all else weight[:, shown].contiguous())
            self.register_buffer(f"bias_{level}", bias if bias.shape[1] == 1 else bias[:, shown].contiguous())

    def forward(self, numbers: Tensor, categories: Tensor, task: Tensor | None) -> Tensor:
        features = self._encoded(numbers, categories)
        found = [
            _predicted(self.problem, self.encoder, self._outputs(features, member, task).double())
            for member in range(self.members)
        ]
        weight: Tensor = self.get_buffer("weight")
        own = weight if task is None else weight.index_select(0, task)
        return torch.stack(found).mean(dim=0) * own.unsqueeze(1)

    def _outputs(self, values: Tensor, member: int, task: Tensor | None) -> Tensor:
        for level in range(self.depth - 1):
            units = self.hidden.units(self._layer(values, level, member, task))
            values = values + units if self.hidden.residual and level else units
        return self._layer(values, self.depth - 1, member, task)

    def _layer(self, values: Tensor, level: int, member: int, task: Tensor | None) -> Tensor:
        weight, bias = self.get_buffer(f"layer_{level}")[member], self.get_buffer(f"bias_{level}")[member]
        own = bias if len(bias) == 1 or task is None else bias.index_select(0, task)
        if len(weight) == 1 or task is None:
            return values @ weight[0] + own
        return torch.bmm(values.unsqueeze(1), weight.index_select(0, task)).squeeze(1) + own

    def _encoded(self, numbers: Tensor, categories: Tensor) -> Tensor:
        """As `Preprocessor.transform`."""
        features = self.encoder.features
        scaled = drawn_in((numbers - self.get_buffer("mean")) / self.get_buffer("scale"), torch, squashed=self.squashed)
        parts = [scaled, numbers.index_select(1, self.get_buffer("flagged")).isnan()]
        parts += [
            categories[:, column : column + 1] == self.get_buffer(f"seen_{column}")
            for column in range(len(features.seen))
        ]
        encoded = torch.cat([part.float() for part in parts], dim=1)
        return encoded if features.width else numbers.new_ones(len(numbers), 1, dtype=torch.float32)


def cannot_be_written(model: object) -> str:
    """Why a model is no such program; empty where it is one."""
    if not isinstance(model, Networks):
        return f"{type(model).__name__} is no network, and a PyTorch program is made of networks"
    name, known = type(model.pack.prototype).__name__, model.task_networks
    if known is None:
        return f"{name} is no plain network once the task is fixed, as a PyTorch program must be"
    if model.pack.prototype.wide_columns:
        return f"{name} has columns of too many categories for a PyTorch program"
    if len(model.pack) * len(known) * model.pack.prototype.task_network_parameters() > MOST_KEPT:
        return f"the networks of all tasks of {name} are too large together for a PyTorch program"
    return ""


def _layers(model: Networks, tasks: TaskTable) -> list[tuple[Tensor, Tensor]]:
    """Of each layer weight (members, tasks + 1 or 1, d_in, d_out) and bias, the last of a task never seen."""
    assert model.task_networks is not None
    trained = model.task_networks.networks(np.arange(model.known))
    all_tasks, layers = tasks.joined(TaskTable(("",), _missing(tasks))), []
    others = [model.task_network(number, all_tasks) or [] for number in range(model.known, len(all_tasks))]
    for level in range(len(trained[0])):
        weight, bias = (torch.stack([each[level][place] for each in trained]) for place in (0, 1))
        if weight.shape[1] > 1 or model.known == 1:
            weight = torch.cat([weight, *(torch.from_numpy(each[level][0]).unsqueeze(1) for each in others)], dim=1)
        if bias.shape[1] > 1 or model.known == 1:
            bias = torch.cat([bias, *(torch.from_numpy(each[level][1]) for each in others)], dim=1)
        layers.append((weight, bias))
    return layers


def _missing(tasks: TaskTable) -> Table | None:
    if tasks.metadata is None:
        return None
    numbers, codes = tasks.metadata.numeric.shape[1], tasks.metadata.codes.shape[1]
    return Table(np.full((1, numbers), np.nan), np.full((1, codes), -1))


def _predicted(problem: Problem, encoder: Encoder, outputs: Tensor) -> Tensor:
    """(rows, targets or classes) at an exposure of 1, as `Encoder.prediction`."""
    mean, scale = (torch.from_numpy(each) for each in encoder.target.arrays)
    match problem:
        case Problem.BINARY:
            second = torch.sigmoid(outputs)
            return torch.cat([1.0 - second, second], dim=1)
        case Problem.MULTICLASS:
            return torch.softmax(outputs, dim=1)
        case Problem.ORDINAL:
            return _ordinal(outputs)
        case Problem.COUNT:
            return torch.exp(outputs.clamp(-FARTHEST, FARTHEST)) * scale + mean
    found = outputs * scale + mean
    if encoder.logarithm is None:
        return found
    low, high = (
        torch.tensor(each, dtype=torch.float64) for each in (encoder.logarithm.lowest, encoder.logarithm.highest)
    )
    return torch.exp(torch.minimum(torch.maximum(found, low), high)) - encoder.logarithm.added


def _ordinal(outputs: Tensor) -> Tensor:
    middle = (outputs.shape[1] - 1) // 2
    steps = functional.softplus(torch.cat([outputs[:, :middle], outputs[:, middle + 1 :]], dim=1)) + LEAST_STEP
    none = torch.zeros_like(outputs[:, :1])
    fallen = torch.cat([none, torch.cumsum(steps, dim=1)], dim=1)
    above = torch.sigmoid(outputs[:, middle : middle + 1] + fallen[:, middle : middle + 1] - fallen)
    return torch.cat([none + 1.0, above], dim=1) - torch.cat([above, none], dim=1)
