"""A known crossing is found again, and none is claimed where there is none."""

import numpy as np
import pandas as pd
import pytest

from mthn_automl.analysis.breakeven import FEWEST_TASKS, Breakeven, breakeven

SEEDS = 200


def tasks(
    seed: int, *, count: int = 60, crosses: float | None = None, ahead: float = 0.0, noise: float = 0.25
) -> pd.DataFrame:
    """Tasks of 10 to 1000 rows whose own model is `ahead` of... behind by so much at the smallest size.

    crosses: rows at which the logarithm of the ratio of the errors changes its sign; None: it stays what `ahead` says.
    """
    rng = np.random.default_rng(seed)
    rows = np.exp(rng.uniform(np.log(10), np.log(1000), count)).astype(int)
    ratio = np.full(count, ahead) if crosses is None else 0.3 * np.log(crosses / rows)
    scale = np.exp(rng.normal(size=count))
    own = scale * np.exp(ratio + noise * rng.normal(size=count))
    return pd.DataFrame({"rows": rows, "error": scale, "own_error": own})


def fading(seed: int) -> pd.DataFrame:
    """The answer is less and less ahead, and never behind: what is true of most problems."""
    made = tasks(seed)
    return made.assign(own_error=made["own_error"] * np.exp(5 / made["rows"]))


def found(make: object, **given: object) -> list[Breakeven]:
    return [breakeven(make(seed, **given), seed=seed) for seed in range(SEEDS)]  # type: ignore[operator]


def test_a_known_crossing_is_found_with_its_interval() -> None:
    every = found(tasks, crosses=100.0)
    told = [each for each in every if each.verdict == "crossing"]
    assert len(told) > 0.9 * SEEDS
    rows = np.array([each.rows for each in told], dtype=float)
    assert 80 < np.median(rows) < 125
    inside = [each.low <= 100 <= each.high for each in told if each.low is not None and each.high is not None]
    assert np.mean(inside) > 0.9


def slack(share: float) -> float:
    """Two standard errors of a share of the seeds."""
    return share + 2 * float(np.sqrt(share * (1 - share) / SEEDS))


@pytest.mark.parametrize("make", [tasks, fading])
def test_no_size_is_claimed_to_pay_where_none_does(make: object) -> None:
    claims = [each for each in found(make) if each.verdict in ("crossing", "own")]
    assert len(claims) <= slack(0.05) * SEEDS


def test_where_one_is_always_better_no_crossing_is_claimed() -> None:
    for ahead, verdict in ((0.3, "shared"), (-0.3, "own")):
        verdicts = [each.verdict for each in found(tasks, ahead=ahead)]
        assert verdicts.count(verdict) > 0.9 * SEEDS
        assert verdicts.count("crossing") <= slack(0.05) * SEEDS


def test_what_cannot_be_told_is_said_so() -> None:
    assert breakeven(tasks(0, count=FEWEST_TASKS - 1)).verdict == "too few tasks"
    assert breakeven(tasks(0).assign(rows=50)).verdict == "one size"
    perfect = tasks(0).assign(error=0.0, own_error=0.0)
    assert breakeven(perfect).verdict == "not shown"


def test_tasks_whose_error_is_unknown_are_left_out() -> None:
    made = tasks(0, crosses=100.0)
    made.loc[:9, "own_error"] = np.nan
    assert breakeven(made).tasks == len(made) - 10
