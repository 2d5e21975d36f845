"""Which architecture gets the next trial: equal first rounds, then more for those that do better."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

CHAMPION = "hypernetwork"
FIRST_ROUNDS = 4


@dataclass(frozen=True)
class Standing:
    """begun: trials begun, failed ones included. best: lowest error so far; None while nothing has finished."""

    begun: int
    best: float | None


def next_architecture(standings: Mapping[str, Standing], rounds: int = FIRST_ROUNDS) -> tuple[str, str]:
    """The architecture to try next, and why.

    While any architecture has begun fewer than `rounds` trials, the one with the fewest is next. From then on an
    architecture's share is proportional to 1 / root of its rank by best error; the hypernetwork's is never below
    that of rank 2, so that neither it nor its strongest rival starves. A function of the standings alone.
    """
    order = list(standings)
    fewest = min(order, key=lambda name: standings[name].begun)
    if standings[fewest].begun < rounds:
        return fewest, f"round {standings[fewest].begun + 1} of {rounds} that all architectures get"
    ranked = sorted(order, key=lambda name: _error(standings[name]))
    ranks = {name: rank for rank, name in enumerate(ranked, start=1)}
    if CHAMPION in ranks:
        ranks[CHAMPION] = min(ranks[CHAMPION], 2)
    chosen = min(order, key=lambda name: (standings[name].begun + 1) * math.sqrt(ranks[name]))
    return chosen, f"rank {ranked.index(chosen) + 1} by best error so far, behind its share of trials"


def _error(standing: Standing) -> float:
    return float("inf") if standing.best is None else standing.best
