"""How much work a search is worth: time, folds, seeds and first rounds, under one name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Preset:
    """How much work.

    Attributes:
        seconds: of everything, where neither a time limit nor a number of trials is given.
        folds: of a trial at most; rows and time decide how many.
        seeds: of a fold at most, likewise.
        rounds: trials that every architecture gets first at most, likewise.
    """

    seconds: float
    folds: int
    seeds: int
    rounds: int

    @property
    def time(self) -> str:
        """The seconds as people write them: `2m`, `1h`."""
        return f"{self.seconds / 60:g}m" if self.seconds < 3600 else f"{self.seconds / 3600:g}h"


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "quick": Preset(seconds=120.0, folds=5, seeds=1, rounds=2),
        "default": Preset(seconds=600.0, folds=5, seeds=3, rounds=4),
        "best": Preset(seconds=3600.0, folds=5, seeds=3, rounds=6),
    }
)
