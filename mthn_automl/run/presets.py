"""How much work a search is worth: times, folds, seeds, first rounds and networks of a refit, under one name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mthn_automl.errors import UsageError, did_you_mean


@dataclass(frozen=True)
class Preset:
    """seconds: of everything, where neither a time limit nor a number of trials is given.

    folds, seeds, networks: the most that a trial or a refit gets; rows and time decide how many. rounds: trials that
    every architecture gets first.
    """

    seconds: float
    folds: int
    seeds: int
    rounds: int
    networks: int


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "quick": Preset(seconds=120.0, folds=3, seeds=1, rounds=2, networks=3),
        "default": Preset(seconds=600.0, folds=5, seeds=3, rounds=4, networks=3),
        "best": Preset(seconds=3600.0, folds=5, seeds=3, rounds=6, networks=5),
    }
)
"""Even `quick` averages networks where it can: of all ways to a smaller error it is the cheapest known."""


def preset_of(name: str) -> Preset:
    """The preset of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in PRESETS:
        raise UsageError(f"--preset must be one of {', '.join(PRESETS)}; found '{name}', {did_you_mean(name, PRESETS)}")
    return PRESETS[name]
