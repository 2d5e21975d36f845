"""AdamW over a pack, where a step costs nothing for tasks that are not in it.

Source: Loshchilov and Hutter: Decoupled Weight Decay Regularization, ICLR 2019.

A task without a gradient still moves under AdamW: its moments fade, momentum carries it on, its weights decay. All
three have a closed form over any number of steps, so a task's row is left alone until it is next needed and is then
caught up in one go. The result is that of AdamW over all rows at every step (to rounding; the epsilon in the
denominator of a row without gradients is held at its last weight).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.optim.adamw import adamw

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.training.settings import TrainingSettings

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8
MEMORY = 160
"""Steps over which momentum is summed; what is left out is 1e-7 of it."""


@dataclass
class Moments:
    """What AdamW remembers of some values.

    Attributes:
        first: running mean of their gradients, of the shape of the values.
        second: running mean of the squared gradients, likewise.
        step: () number of steps behind them.
    """

    first: Tensor
    second: Tensor
    step: Tensor

    @classmethod
    def none(cls, values: Tensor) -> "Moments":
        return cls(torch.zeros_like(values), torch.zeros_like(values), torch.zeros((), device=values.device))

    def of_members(self, kept: Tensor) -> "Moments":
        return Moments(self.first[kept], self.second[kept], self.step)


class PackOptimiser:
    """One AdamW for all members of a pack: `whole` tensors (members, ...) at every step, `rows` when fetched."""

    def __init__(self, whole: Sequence[Tensor], rows: "TaskRows | None", settings: TrainingSettings) -> None:
        self.whole, self.rows, self.settings = list(whole), rows, settings
        self.moments = [Moments.none(each) for each in self.whole]

    def step(self, gradients: Sequence[Tensor], fetched: "Fetched | None") -> None:
        """gradients: of `whole`, then of the fetched rows."""
        values, moments = list(self.whole), list(self.moments)
        if fetched is not None:
            values.append(fetched.values)
            moments.append(fetched.moments)
        with torch.no_grad():
            adamw(
                values,
                list(gradients),
                [each.first for each in moments],
                [each.second for each in moments],
                [],
                [each.step for each in moments],
                fused=True,
                amsgrad=False,
                beta1=BETA_1,
                beta2=BETA_2,
                lr=self.settings.learning_rate,
                weight_decay=self.settings.weight_decay,
                eps=EPSILON,
                maximize=False,
            )
        if fetched is not None and self.rows is not None:
            self.rows.put_back(fetched)

    def take_over(self, other: "PackOptimiser", kept: Tensor) -> None:
        """Go on with the moments of the members of another pack that are kept here."""
        self.moments = [each.of_members(kept) for each in other.moments]
        if self.rows is not None and other.rows is not None:
            self.rows.take_over(other.rows, kept)


@dataclass
class Fetched:
    """Rows of the table taken out for one step.

    Attributes:
        values: (rows, width), which require a gradient.
        moments: of these values.
        rows: (rows,) int64, their indices in the table.
        index: the same on the table's device.
    """

    values: Tensor
    moments: Moments
    rows: IntArray
    index: Tensor


class TaskRows:
    """The table's rows with their moments side by side, (members x (tasks + 1), width), and when each was current."""

    def __init__(self, values: Tensor, settings: TrainingSettings) -> None:
        self.values = values.flatten(0, 1)
        self.first, self.second = torch.zeros_like(self.values), torch.zeros_like(self.values)
        self.current = np.zeros(len(self.values), dtype=np.int64)
        self.members, self.steps = len(values), 0
        self.settings = settings

    def fetch(self, rows: IntArray) -> Fetched:
        """The given rows, brought up to the present step; only those that are nobody's may be repeated."""
        index = torch.from_numpy(rows).to(self.values.device)
        values, first, second = (each.index_select(0, index) for each in (self.values, self.first, self.second))
        skipped = self.steps - self.current[rows]
        if skipped.any():
            self._catch_up(values, first, second, skipped)
        step = torch.tensor(float(self.steps), device=values.device)
        return Fetched(values.requires_grad_(), Moments(first, second, step), rows, index)

    def put_back(self, fetched: Fetched) -> None:
        """After the step: the rows as they are now."""
        self.steps += 1
        self.values.index_copy_(0, fetched.index, fetched.values.detach())
        self.first.index_copy_(0, fetched.index, fetched.moments.first)
        self.second.index_copy_(0, fetched.index, fetched.moments.second)
        self.current[fetched.rows] = self.steps

    def settle(self) -> None:
        """Bring every row up to the present step."""
        skipped = self.steps - self.current
        skipped.reshape(self.members, -1)[:, -1] = 0
        if skipped.any():
            self._catch_up(self.values, self.first, self.second, skipped)
            self.current[:] = self.steps

    def take_over(self, other: "TaskRows", kept: Tensor) -> None:
        for name in ("first", "second"):
            stacked = getattr(other, name).unflatten(0, (other.members, -1))
            setattr(self, name, stacked[kept].flatten(0, 1))
        self.current = other.current.reshape(other.members, -1)[kept.cpu().numpy()].reshape(-1)
        self.steps = other.steps

    def _catch_up(self, values: Tensor, first: Tensor, second: Tensor, skipped: IntArray) -> None:
        """In place: what AdamW does to rows in `skipped` steps without a gradient, the last being the present one."""
        kinds, which = np.unique(skipped, return_inverse=True)
        with np.errstate(over="ignore"):
            factors = torch.from_numpy(self._factors(kinds)[which].astype(np.float32)).to(values.device)
        decay, tail, fade_first, fade_second, root = factors.unsqueeze(2).unbind(1)
        with torch.no_grad():
            denominator = second.sqrt().add_(EPSILON * root)
            values.mul_(decay).sub_(tail * first / denominator)
            first.mul_(fade_first)
            second.mul_(fade_second)

    def _factors(self, skipped: IntArray) -> FloatArray:
        """(lengths of absence, 5): of the weights, of momentum over root of the second moment, of both moments, and
        the bias correction of epsilon.

        Momentum: sum over j = 1..k of c^(k - j) r^j b_(t - k + j) with c = 1 - learning rate x weight decay,
        r = beta_1 / sqrt(beta_2), b_s = sqrt(1 - beta_2^s) / (1 - beta_1^s).
        """
        count = skipped.astype(np.float64)[:, None]
        keep = 1.0 - self.settings.learning_rate * self.settings.weight_decay
        ahead = np.arange(1, min(int(skipped.max()), MEMORY) + 1)[None, :]
        step = self.steps - count + ahead
        with np.errstate(all="ignore"):
            correction = np.sqrt(1.0 - BETA_2**step) / (1.0 - BETA_1**step)
            terms = keep ** (count - ahead) * (BETA_1 / BETA_2**0.5) ** ahead * correction
        momentum = self.settings.learning_rate * np.where(ahead <= count, terms, 0.0).sum(axis=1)
        before = self.steps - count[:, 0]
        count = count[:, 0]
        root = np.sqrt(1.0 - BETA_2 ** np.maximum(before, 1.0))
        return np.stack([keep**count, momentum, BETA_1**count, BETA_2**count, root], axis=1)
