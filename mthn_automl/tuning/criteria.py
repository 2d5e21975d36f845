"""What a search minimises, and the limits that its answers must keep."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # help texts name the objectives, and PyTorch is slow to load
    from mthn_automl.models.base import Size
    from mthn_automl.tuning.results import TrialResult

OBJECTIVES: dict[str, "Callable[[TrialResult], float]"] = {
    "error": lambda result: result.error,
    "parameters": lambda result: float(result.size.total),
    "latency": lambda result: result.predict_us_per_row,
}


def values_of(result: "TrialResult", objectives: Sequence[str]) -> list[float]:
    """One number an objective, lower is better."""
    return [OBJECTIVES[name](result) for name in objectives]


@dataclass(frozen=True)
class Limits:
    """What a model that is saved may have at most; None: no limit.

    Attributes:
        parameters: of the whole model.
        parameters_per_task: of one task's own network.
        latency: microseconds that predicting a row takes.
    """

    parameters: int | None = None
    parameters_per_task: int | None = None
    latency: float | None = None

    def __bool__(self) -> bool:
        return any(limit is not None for limit in (self.parameters, self.parameters_per_task, self.latency))

    def excess(self, size: "Size", latency: float | None = None) -> dict[str, float]:
        """By how many times its limit each limited number is above it; not above 0 where the limit is kept.

        latency: None where it has not been measured.
        """
        found = self._limited(size, latency)
        return {name: number / limit - 1 for name, (number, limit) in found.items()}

    def broken(self, size: "Size", latency: float | None = None) -> str:
        """Which limits are not kept, in a sentence; empty where all are."""
        return "; ".join(
            f"{name.replace('_', ' ')} must be at most {limit:,}, however there are {number:,}"
            if name != "latency"
            else f"predicting a row must take at most {limit:g} us, however it takes {number:.3g}"
            for name, (number, limit) in self._limited(size, latency).items()
            if number > limit
        )

    def models_within(self, sizes: "Sequence[Size]", latency: float | None = None) -> int:
        """How many models, from the first on, keep the limits together; one where not even that does.

        sizes: of the models. latency: of each.
        """
        if not self:
            return len(sizes)
        total, kept = sizes[0], 1
        for size in sizes[1:]:
            total += size
            if self.broken(total, None if latency is None else latency * (kept + 1)):
                break
            kept += 1
        return kept

    def _limited(self, size: "Size", latency: float | None) -> dict[str, tuple[float, float]]:
        """What is limited and known: the number and its limit, by name."""
        pairs = {
            "parameters": (size.total, self.parameters),
            "parameters_per_task": (size.task_network, self.parameters_per_task),
            "latency": (latency, self.latency),
        }
        return {
            name: (number, limit) for name, (number, limit) in pairs.items() if limit is not None and number is not None
        }


NO_LIMITS = Limits()
