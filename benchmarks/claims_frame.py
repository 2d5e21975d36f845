"""What a simulation of a claim is, and how it is counted."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import binom

FALSE_AT_MOST: Final = 0.05


@dataclass(frozen=True)
class Claim:
    """One thing that is said, and a truth under which it is counted.

    Attributes:
        name: of what is said.
        truth: under which.
        made: of a seed, whether it is said, or the share of what is said that is false.
        false: whether it must not be said under this truth, but for one time in twenty.
        stated: why it may be said oftener, where that is known and told.
    """

    name: str
    truth: str
    made: Callable[[int], float]
    false: bool = True
    stated: str = ""


@dataclass(frozen=True)
class Counted:
    """How often a claim was made.

    Attributes:
        claim: which.
        share: of the seeds in which it was made.
        seeds: how many there were.
    """

    claim: Claim
    share: float
    seeds: int

    @property
    def limit(self) -> float:
        """That a share of one in twenty keeps, within two Monte Carlo standard errors."""
        return FALSE_AT_MOST + 2 * math.sqrt(FALSE_AT_MOST * (1 - FALSE_AT_MOST) / self.seeds)

    @property
    def kept(self) -> bool:
        """Whether false claims are few enough, or the claim is true, or why they are more is told."""
        return not self.claim.false or bool(self.claim.stated) or self.share <= self.limit

    @property
    def possible(self) -> bool:
        """Whether one in twenty may come to this, by more than once in a thousand; also for few seeds."""
        times = math.floor(self.share * self.seeds + 1e-9)
        return not self.claim.false or float(binom.sf(times - 1, self.seeds, FALSE_AT_MOST)) > 1e-3


def count(claim: Claim, seeds: int) -> Counted:
    """Seeds from 0 on."""
    return Counted(claim, float(np.mean([claim.made(seed) for seed in range(seeds)])), seeds)
