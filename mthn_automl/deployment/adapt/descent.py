"""The likeliest numbers of new tasks under a normal prior: Levenberg's and Marquardt's steps, for all tasks at once."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mthn_automl.deployment.adapt.blocks import Block
from mthn_automl.deployment.adapt.likelihood import Likelihood

MOST_STEPS = 30
FEWEST_GAINED = 1e-3
"""Nats of the loss of a task below which it has arrived."""

MOST_DAMPED = 1e8
WIDTHS = 4.0 ** torch.arange(-2, 5, dtype=torch.float64)
NOISES = 2.0 ** torch.arange(-3, 4, dtype=torch.float64)
"""Times the variance of the prior, and the noise, among which the new tasks choose."""

ROUNDS = 3
DOUBT_OF_WIDTH, DOUBT_OF_NOISE = 1.0, 0.5
"""Standard deviations of the logarithms of these, before the new tasks are looked at."""


class Outputs(ABC):
    """What a model writes for rows of new tasks, by what is each task's own: numbers whose prior is standard normal."""

    @property
    @abstractmethod
    def width(self) -> int:
        """How many numbers a task has."""

    @abstractmethod
    def of(self, block: Block, own: Tensor) -> Tensor:
        """(tasks, rows, outputs); own: (tasks, width)."""

    @abstractmethod
    def slopes(self, block: Block, own: Tensor) -> Iterator[tuple[slice, Tensor]]:
        """Slices of rows, and the derivatives of their outputs by `own`: (tasks, rows, outputs, width)."""


@dataclass(frozen=True)
class Curvature:
    """What the rows say near some numbers, as a quadratic function: loss, gradient, (tasks, width, width) Hessian."""

    loss: Tensor
    gradient: Tensor
    hessian: Tensor


def fitted(
    outputs: Outputs, blocks: Sequence[Block], likelihood: Likelihood, tasks: int, *, corrected: bool = True
) -> Tensor:
    """(tasks, outputs.width) the likeliest numbers of all new tasks; zeros of tasks without rows.

    corrected: whether the width of the prior and the noise, which come from training, are corrected by the new tasks
        together.
    """
    own = [torch.zeros(len(each.tasks), outputs.width, dtype=torch.float64) for each in blocks]
    scales = Scales()
    for last in (False, True) if corrected else (True,):
        noisy = likelihood.times(scales.noise)
        own = [likeliest(outputs, *each, noisy, scales.width) for each in zip(blocks, own, strict=True)]
        if not last:
            scales = likeliest_scales(outputs, blocks, likelihood, own)
    whole = torch.zeros(tasks, outputs.width, dtype=torch.float64)
    for block, each in zip(blocks, own, strict=True):
        whole[block.tasks] = each
    return whole


def likeliest(outputs: Outputs, block: Block, own: Tensor, likelihood: Likelihood, width: float) -> Tensor:
    """(tasks, outputs.width) that minimise the loss of the rows + |own|^2 / (2 width), from `own` on."""
    damping = torch.full((len(own),), 1e-3, dtype=torch.float64)
    unit = torch.eye(outputs.width, dtype=torch.float64) / width
    found = curvature(outputs, block, likelihood, own)
    loss = found.loss + _penalty(own, width)
    for _ in range(MOST_STEPS):
        damped = found.hessian + (1.0 + damping[:, None, None]) * unit
        step = torch.linalg.solve(damped, found.gradient + own / width)
        tried = own - step
        then = loss_of(outputs, block, likelihood, tried) + _penalty(tried, width)
        better = then < loss
        gained = torch.where(better, loss - then, torch.where(damping < MOST_DAMPED, torch.inf, 0.0))
        own = torch.where(better[:, None], tried, own)
        loss = torch.where(better, then, loss)
        damping = torch.where(better, damping / 10.0, damping * 10.0)
        if not bool((gained > FEWEST_GAINED).any()):
            break
        if bool(better.any()):
            found = curvature(outputs, block, likelihood, own)
    return own


def _penalty(own: Tensor, width: float) -> Tensor:
    return own.square().sum(dim=1) / (2.0 * width)


def loss_of(outputs: Outputs, block: Block, likelihood: Likelihood, own: Tensor) -> Tensor:
    """(tasks,) of all rows of each."""
    with torch.no_grad():
        found = likelihood.loss(outputs.of(block, own), block.target)
        return torch.where(block.weight > 0, found * block.weight, 0.0).nan_to_num(nan=torch.inf).sum(dim=1)


def curvature(outputs: Outputs, block: Block, likelihood: Likelihood, own: Tensor) -> Curvature:
    """By Gauss and Newton: the Hessian of the loss by outputs between their slopes."""
    with torch.no_grad():
        written = outputs.of(block, own)
        gradient, hessian = likelihood.derivatives(written, block.target)
        gradient, hessian = gradient * block.weight[..., None], hessian * block.weight[..., None, None]
        down = torch.zeros(*own.shape, dtype=torch.float64)
        curved = torch.zeros(*own.shape, own.shape[1], dtype=torch.float64)
        for rows, slopes in outputs.slopes(block, own):
            down += torch.einsum("tnj,tnjr->tr", gradient[:, rows], slopes)
            half = torch.einsum("tnij,tnjr->tnir", hessian[:, rows], slopes)
            curved += half.flatten(1, 2).transpose(1, 2) @ slopes.flatten(1, 2)
    return Curvature(loss_of(outputs, block, likelihood, own), down, curved)


@dataclass(frozen=True)
class Scales:
    """Times the prior's variance, and times the noise."""

    width: float = 1.0
    noise: float = 1.0


def likeliest_scales(
    outputs: Outputs, blocks: Sequence[Block], likelihood: Likelihood, own: Sequence[Tensor]
) -> Scales:
    """Those under which the rows of all new tasks together are likeliest, doubted as the constants above say.

    The evidence of MacKay: Bayesian Interpolation, Neural Computation 1992, with the loss taken as quadratic around
    `own`, numbers that are likely. likelihood: with the noise of training.
    """
    noises = _noises(likelihood)
    doubt = (WIDTHS.log()[:, None] / DOUBT_OF_WIDTH) ** 2 + (noises.log()[None] / DOUBT_OF_NOISE) ** 2
    return _best(_evidence_of_all(outputs, blocks, likelihood, own, 1.0) - 0.5 * doubt, noises)


def measured_scales(given: Sequence[tuple[Outputs, Sequence[Block]]], likelihood: Likelihood) -> Scales:
    """The same without doubt and from afar, of tasks that are as many as those of training."""
    scales, noises = Scales(), _noises(likelihood)
    for _ in range(ROUNDS):
        noisy, total = likelihood.times(scales.noise), torch.zeros(len(WIDTHS), len(noises), dtype=torch.float64)
        for outputs, blocks in given:
            start = [torch.zeros(len(each.tasks), outputs.width, dtype=torch.float64) for each in blocks]
            own = [likeliest(outputs, *each, noisy, scales.width) for each in zip(blocks, start, strict=True)]
            total += _evidence_of_all(outputs, blocks, noisy, own, scales.width)
        found = _best(total, noises)
        scales = Scales(scales.width * found.width, scales.noise * found.noise)
    return scales


def _noises(likelihood: Likelihood) -> Tensor:
    return NOISES if likelihood.has_noise else torch.ones(1, dtype=torch.float64)


def _best(total: Tensor, noises: Tensor) -> Scales:
    """total: (widths, noises)."""
    best = int(total.argmax())
    return Scales(float(WIDTHS[best // len(noises)]), float(noises[best % len(noises)]))


def _evidence_of_all(
    outputs: Outputs, blocks: Sequence[Block], likelihood: Likelihood, own: Sequence[Tensor], width: float
) -> Tensor:
    """(widths, noises), the widths times `width`."""
    noises = _noises(likelihood)
    total = torch.zeros(len(WIDTHS), len(noises), dtype=torch.float64)
    for block, each in zip(blocks, own, strict=True):
        total += _evidence(curvature(outputs, block, likelihood, each), each, _observed(block), noises, width)
    return total


def _observed(block: Block) -> Tensor:
    """(tasks,) numbers that the rows of each give."""
    known = (~block.target.isnan()) & (block.weight > 0)[..., None]
    return known.sum(dim=(1, 2)).double()


def _evidence(found: Curvature, own: Tensor, observed: Tensor, noises: Tensor, unit: float) -> Tensor:
    """(widths, noises) log evidence of all tasks."""
    values, vectors = torch.linalg.eigh(found.hessian)
    values = values.clamp(min=0.0)
    at = (vectors.transpose(1, 2) @ own[..., None])[..., 0]
    pull = values * at - (vectors.transpose(1, 2) @ found.gradient[..., None])[..., 0]
    base = found.loss + (pull * at - 0.5 * values * at**2).sum(dim=1)  # of the quadratic function at zero
    width, noise = unit * WIDTHS[:, None, None, None], noises[None, :, None, None]
    sharp = values / noise + 1.0 / width
    gained = 0.5 * ((pull / noise) ** 2 / sharp).sum(dim=3) - 0.5 * (sharp * width).log().sum(dim=3)
    found_of_all: Tensor = gained - base / noise[..., 0] - 0.5 * observed * noise[..., 0].log()
    return found_of_all.sum(dim=2)
