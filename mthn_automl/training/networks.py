"""A neural model that has been trained: networks, their encoder, and predictions for any rows."""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset, Table, TaskTable
from mthn_automl.data.encoding import Encoder
from mthn_automl.data.schema import Problem
from mthn_automl.models.base import Size
from mthn_automl.training.batches import rows_at_once
from mthn_automl.training.losses import to_prediction
from mthn_automl.training.members import Pack
from mthn_automl.training.predict import pack_outputs
from mthn_automl.training.tables import State
from mthn_automl.training.task_networks import OneNetwork, TaskNetworks, apply_network, apply_one, grouped

ROWS_AT_ONCE = 200_000
EMBEDDING = "embedding"
"""How the table is called that describes each task by what is learnt of it."""

PREFERENCE = "preference"
"""The buffer, a scalar, by which an architecture lets its user choose among what one training gave."""


@dataclass(frozen=True)
class Networks:
    """The mean prediction of the members of a pack that share one encoder.

    Attributes:
        pack: the members.
        encoder: of rows and tasks, and back to the target's own scale.
        problem: what is predicted.
        trained: numbers of the tasks that they were trained on, in rising order; None: on all.
        added: rows of the task tables, (members, tasks, ...) by name, of tasks that were added after training; these
            are numbered behind the others.
    """

    pack: Pack
    encoder: Encoder
    problem: Problem
    trained: IntArray | None = None
    added: State | None = None

    def predict(self, rows: Dataset) -> FloatArray:
        """(rows, outputs) float64: the target's own scale, or probabilities. Tasks beyond the known are average."""
        known = self.task_networks
        if known is None:
            return rows.exposed(self._predict_by_pack(rows))
        none = np.zeros((len(self.pack), 0, known.outputs), dtype=np.float32)
        prediction = np.empty((len(rows), self._finish(none).shape[1]))
        new = rows.task >= len(known)
        self._fill(prediction, known, rows.features, rows.task, np.flatnonzero(~new))
        if new.any():
            unseen = known.of_unseen(self._metadata_of_new(rows.tasks), self.added)
            self._fill(prediction, unseen, rows.features, rows.task - len(known), np.flatnonzero(new))
        return rows.exposed(prediction)

    @cached_property
    def task_networks(self) -> TaskNetworks | None:
        """Those of the tasks of training; None where the architecture has none."""
        return TaskNetworks.of(self.pack)

    @property
    def embeddings(self) -> FloatArray | None:
        """(members, tasks, d_e) of the architectures that learn one a task; None of others.

        Of a task that none of these networks was trained on they are what they were at the start.
        """
        found = [name for name in self.pack.task_indexed & self.pack.parameters.keys() if name.endswith(EMBEDDING)]
        return self.pack.parameters[found[0]].detach().numpy().astype(np.float64) if len(found) == 1 else None

    @property
    def has_preference(self) -> bool:
        """Whether one training gave networks for every preference; see `at_preference`."""
        return PREFERENCE in self.pack.buffers

    def at_preference(self, preference: float) -> "Networks":
        """The same networks at a preference in [0, 1], such as 0 for the smallest error and 1 for the smallest size."""
        asked = torch.full_like(self.pack.buffers[PREFERENCE], preference)
        pack = self.pack
        buffers = {**pack.buffers, PREFERENCE: asked}
        return replace(self, pack=Pack(pack.prototype, pack.parameters, buffers, present_only=pack.present_only))

    def with_metadata(self, tasks: TaskTable) -> "Networks":
        """The same networks, where those of training, the first of `tasks`, are described as they are there."""
        pack, known = self.pack, self.pack.buffers["metadata"].shape[1]
        encoded = torch.from_numpy(self.encoder.encode_metadata(tasks.take(np.arange(known))))
        buffers = {**pack.buffers, "metadata": encoded.expand(len(pack), -1, -1)}
        return replace(self, pack=Pack(pack.prototype, pack.parameters, buffers, present_only=pack.present_only))

    def working_parameters(self) -> int | None:
        """Of one task's networks, but for what leads nowhere; None where the architecture has no task networks."""
        if self.task_networks is None:
            return None
        return self.task_networks.working_parameters() + len(self.pack) * self.pack.prototype.category_parameters

    def task_network(self, task: int, tasks: TaskTable) -> OneNetwork | None:
        """What `predict_row` needs of a task, which is one of `tasks`; None where the architecture has none."""
        known = self.task_networks
        if known is None or task < len(known):
            return None if known is None else known.one(task)
        return known.of_unseen(self._metadata_of_new(tasks), self.added).one(task - len(known))

    def predict_row(self, features: Table, network: OneNetwork) -> FloatArray:
        """(outputs,) float64: as `predict` for the one row of a table, of an exposure of 1, at the cost of one row."""
        given = self.encoder.encode_features(features)
        if self.pack.prototype.wide_columns:
            row = torch.from_numpy(given)
            given = torch.stack([self.pack.embedded(row, member) for member in range(len(self.pack))]).numpy()
        outputs = apply_one(given, network, self.pack.prototype.hidden)
        return np.asarray(self._finish(outputs)[0])

    def _fill(
        self, prediction: FloatArray, networks: TaskNetworks, features: Table, task: IntArray, wanted: IntArray
    ) -> None:
        """Write the predictions of the wanted rows to where they belong."""
        for tasks, rows in grouped(task, wanted, self.encoder.feature_width):
            flat = rows.reshape(-1)
            given = torch.from_numpy(self.encoder.encode_features(features.take(flat)))
            blocks = given.reshape(*rows.shape, given.shape[1])
            members, hidden = enumerate(networks.networks(tasks)), self.pack.prototype.hidden
            outputs = torch.stack(
                [apply_network(self.pack.embedded(blocks, index), each, hidden) for index, each in members]
            )
            prediction[flat] = self._finish(outputs.flatten(1, 2).numpy())

    def _finish(self, outputs: FloatArray) -> FloatArray:
        """Mean prediction of the members: (members, rows, outputs) -> (rows, targets or classes)."""
        if self.problem is Problem.REGRESSION and self.encoder.logarithm is None:  # it is linear: the mean comes first
            return to_prediction(self.problem, outputs.sum(axis=0, dtype=np.float64) / len(outputs), self.encoder)
        return np.asarray(to_prediction(self.problem, outputs, self.encoder).mean(axis=0))

    def _metadata_of_new(self, tasks: TaskTable) -> Tensor:
        """(members, new tasks, d_m) of the tasks beyond the known."""
        known = self.pack.buffers["metadata"].shape[1]
        metadata = None if tasks.metadata is None else tasks.metadata.take(np.arange(known, len(tasks)))
        encoded = torch.from_numpy(self.encoder.encode_metadata(TaskTable(tasks.names[known:], metadata)))
        return encoded.expand(len(self.pack), -1, -1)

    def _predict_by_pack(self, rows: Dataset) -> FloatArray:
        """The way for architectures that are no MLP once the task is fixed."""
        pack = self.pack
        if (rows.task >= pack.buffers["metadata"].shape[1]).any():
            metadata = torch.cat([pack.buffers["metadata"], self._metadata_of_new(rows.tasks)], dim=1)
            pack = pack.with_tasks(metadata, self.added)
        step = rows_at_once(ROWS_AT_ONCE, self.encoder.feature_width)
        parts = [
            self._part_by_pack(pack, rows.take(np.arange(start, min(start + step, len(rows)))))
            for start in range(0, max(len(rows), 1), step)
        ]
        return np.concatenate(parts)

    def _part_by_pack(self, pack: Pack, rows: Dataset) -> FloatArray:
        features = torch.from_numpy(self.encoder.encode_features(rows.features)).unsqueeze(0)
        everything = [np.arange(len(rows))] * len(pack)
        return self._finish(torch.stack(pack_outputs(pack, features, rows.task, [0] * len(pack), everything)).numpy())

    @property
    def known(self) -> int:
        """Tasks of training, numbered from 0."""
        return int(self.pack.buffers["metadata"].shape[1])

    @property
    def added_tasks(self) -> int:
        """Tasks that were added after training, numbered from `known` on."""
        return next((each.shape[1] for each in (self.added or {}).values()), 0)

    @property
    def added_parameters(self) -> int:
        """Numbers that the tasks added have brought."""
        return sum(each.numel() for each in (self.added or {}).values())

    def size(self) -> Size:
        return self.pack.prototype.size().times(len(self.pack))

    def __getstate__(self) -> dict[str, Any]:
        """Without the networks of tasks, which are made again faster than they travel between processes."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
