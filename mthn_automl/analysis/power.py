"""How much more data, or how many more seeds, would make a paired difference clear."""

import math
from dataclasses import dataclass
from typing import Final

POWER: Final = 0.8
"""Chance of a clear difference that is asked for."""

MOST_SEEDS: Final = 30
"""More networks a fold are no advice."""


@dataclass(frozen=True)
class Needed:
    """What would make a difference clear.

    Attributes:
        times: as many data, of the same kind, in the same folds and seeds; 1 or less: there are enough.
        seeds: networks a fold, of the same data; None: no number of them would do.
    """

    times: float
    seeds: int | None


def needed(effect: float, standard_error: float, folds: int, seeds: int, test_share: float, level: float) -> Needed:
    """What the corrected resampled t test needs to show an effect with a chance of `POWER`.

    Its variance of the mean is s² (1 / (folds x seeds) + test_share). More data make s² smaller in proportion. More
    seeds make the first term smaller alone: the second is there because all folds are of the same rows.

    Args:
        effect: the difference that is to be shown.
        standard_error: of the difference as it was measured; above zero.
        folds, seeds: it was measured in; at least two together.
        test_share: validation rows over training rows of a fold.
        level: of the test, two-sided.
    """
    count = folds * seeds
    least = _noncentrality(count - 1, level)
    times = (least * standard_error / effect) ** 2
    spread = standard_error / math.sqrt(1 / count + test_share)
    for more in range(seeds, MOST_SEEDS + 1):
        error = spread * math.sqrt(1 / (folds * more) + test_share)
        if effect / error >= _noncentrality(folds * more - 1, level):
            return Needed(times, more)
    return Needed(times, None)


def _noncentrality(freedom: int, level: float) -> float:
    """Effect over its standard error at which a two-sided t test is significant with a chance of `POWER`."""
    from scipy.optimize import brentq
    from scipy.stats import nct, t

    critical = float(t.ppf(1 - level / 2, freedom))
    return float(brentq(lambda shift: nct.sf(critical, freedom, shift) - POWER, 0.0, 40.0 + 10.0 * critical))


def standard_error(low: float, high: float, folds: int, seeds: int, confidence: float) -> float:
    """Of a difference, from its interval."""
    from scipy.stats import t

    return (high - low) / 2 / float(t.ppf((1 + confidence) / 2, folds * seeds - 1))
