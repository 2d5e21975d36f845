"""What rows say of outputs: negative log-likelihoods in nats, with their first and second derivatives."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from mthn_automl.data.kind import kind_of
from mthn_automl.data.schema import Problem


@dataclass(frozen=True)
class Likelihood:
    """Of a kind of problem, for what networks write or for what classical models call scores.

    Attributes:
        problem: what is predicted.
        noise: (targets,) variance of standardised targets around the outputs; of counts (1,), one over the unit that
            they are counted in; of classes not used.
        by_class: whether outputs are the scores of a classical model, one of each class present.

    Example:
        >>> gaussian = Likelihood(Problem.REGRESSION, torch.tensor([0.5]))
        >>> gaussian.loss(torch.tensor([[1.0]]), torch.tensor([[2.0]])).tolist()
        [1.0]
    """

    problem: Problem
    noise: Tensor
    by_class: bool = False

    def times(self, noise: float) -> "Likelihood":
        """With so many times the noise; classes and counts have their own and stay as they are."""
        return replace(self, noise=self.noise * noise) if self.has_noise else self

    @property
    def has_noise(self) -> bool:
        """Whether it is a number that data do not say."""
        return self.problem is Problem.REGRESSION

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """(..., outputs), (..., scaled targets, of counts and exposures) -> (...). A target of NaN says nothing."""
        if self.by_class:
            return _of_scores(output, target)
        kind = kind_of(self.problem)
        if not kind.several:
            return kind.loss(output, target).squeeze(-1) / (self.noise[0] if self.problem is Problem.COUNT else 1.0)
        known = ~target.isnan()
        loss = kind.loss(output, torch.where(known, target, output.detach()))
        return (torch.where(known, loss, 0.0) / (2.0 * self.noise)).sum(dim=-1)

    def derivatives(self, output: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """(..., outputs) and (..., outputs, outputs): the gradient, and the Hessian without its negative part."""
        if self.has_noise:
            known = ~target.isnan()
            gradient = torch.where(known, output - target, 0.0) / self.noise
            return gradient, torch.diag_embed(known / self.noise)
        gradient, hessian = self._by_hand(output, target)
        values, vectors = torch.linalg.eigh(hessian)
        return gradient, (vectors * values.clamp(min=0.0).unsqueeze(-2)) @ vectors.transpose(-1, -2)

    def _by_hand(self, output: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """As the rows are independent, the derivatives of a sum over rows are those of each."""
        with torch.enable_grad():
            given = output.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(self.loss(given, target).sum(), given, create_graph=True)
            hessian = [torch.autograd.grad(each.sum(), given, retain_graph=True)[0] for each in gradient.unbind(-1)]
        return gradient.detach(), torch.stack(hessian, dim=-1)


def _of_scores(output: Tensor, target: Tensor) -> Tensor:
    """As `Classes` counts scores: one of two classes, else one each; target: position of the class."""
    if output.shape[-1] == 1:
        output = functional.pad(output, (1, 0))
    picked = functional.log_softmax(output, dim=-1).gather(-1, target.long())
    return -picked.squeeze(-1)
