"""Who gets the next trial, and why."""

import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise, permutations
from typing import Any

import pytest

from mthn_automl.tuning.allocation import CHAMPION, FIRST_ROUNDS, TURN, Standing, next_architecture
from mthn_automl.tuning.lowest import LowestErrors

NAMES = ("gradient_boosting", CHAMPION, "pooled", "ridge", "single_task")
FIRST = FIRST_ROUNDS * len(NAMES)

Errors = Callable[[str, int], float | None]


def standing(begun: int, errors: tuple[float, ...], on_front: int = 0) -> Standing:
    return Standing(begun, LowestErrors(errors), on_front)


def simulated(
    errors: Errors, trials: int, names: Sequence[str] = NAMES, *, fronts: Errors | None = None
) -> list[tuple[str, str]]:
    """(architecture, reason) of each trial, when the n-th of `name` has the error `errors(name, n)`, None: none.

    fronts: with several objectives, the share of the complete trials of `name` that are on the front.
    """
    standings = dict.fromkeys(names, Standing(0))
    errors_of: dict[str, tuple[float, ...]] = dict.fromkeys(names, ())
    found: list[tuple[str, str]] = []
    for _ in range(trials):
        name, reason = next_architecture(standings, several=fronts is not None)
        found.append((name, reason))
        before = standings[name]
        error = errors(name, before.begun)
        if error is not None:
            errors_of[name] += (error,)
        share = None if fronts is None else fronts(name, before.begun)
        standings[name] = standing(before.begun + 1, errors_of[name], math.floor(len(errors_of[name]) * (share or 0.0)))
    return found


def chosen(errors: Errors, trials: int, names: Sequence[str] = NAMES, *, fronts: Errors | None = None) -> list[str]:
    return [name for name, _ in simulated(errors, trials, names, fronts=fronts)]


def random_errors(seed: int, failing: float = 0.2) -> Errors:
    """Uniform between 0 and 1, the same for the n-th trial of a name in whatever order they are asked for."""

    def error(name: str, number: int) -> float | None:
        source = random.Random(f"{seed} {name} {number}")
        return None if source.random() < failing else source.random()

    return error


def shifted(by: dict[str, float], seed: int = 0) -> Errors:
    """Random errors without failures, those of the architectures named higher or lower by so much."""
    errors = random_errors(seed, failing=0.0)
    return lambda name, number: (errors(name, number) or 0.0) + by.get(name, 0.0)


def gaps(names: list[str], name: str) -> list[int]:
    """Trials from one of that name to the next, once the first rounds are over."""
    trials = [number for number, chosen in enumerate(names) if chosen == name and number >= FIRST]
    return [later - earlier for earlier, later in pairwise([FIRST - 1, *trials, len(names)])]


def next_name(standings: Mapping[str, Standing], *, several: bool = False) -> str:
    return next_architecture(standings, several=several)[0]


def test_the_first_rounds_go_in_turn_whatever_the_results_and_the_order_of_the_architectures_decides() -> None:
    for order in list(permutations(NAMES[:3]))[::2]:
        for seed in range(2):
            assert chosen(random_errors(seed), FIRST_ROUNDS * 3, order) == list(order) * FIRST_ROUNDS
    for order in list(permutations(("pooled", "ridge", "single_task")))[::2]:
        assert next_name(dict.fromkeys(order, standing(4, (1.0, 2.0, 3.0, 4.0)))) == order[0]


@pytest.mark.parametrize("seed", range(2))
def test_the_hypernetwork_never_starves_however_bad(seed: int) -> None:
    names = chosen(shifted({CHAMPION: 100.0}, seed), FIRST + 480)
    assert Counter(names[FIRST:])[CHAMPION] == 480 / TURN
    assert max(gaps(names, CHAMPION)) <= TURN


@pytest.mark.parametrize("best", ["gradient_boosting", "single_task"])
@pytest.mark.parametrize("champion", [-100.0, 0.0, 100.0], ids=["far ahead", "equal", "far behind"])
def test_the_strongest_rival_never_starves(best: str, champion: float) -> None:
    names = chosen(shifted({best: -2.0, CHAMPION: champion}), FIRST + 480)
    assert Counter(names[FIRST:])[best] >= 480 / TURN
    assert max(gaps(names, best)) <= 2 * TURN


def test_a_new_rival_gets_its_share_without_holding_up_the_others() -> None:
    standings = {
        CHAMPION: standing(60, (1.0, 1.1, 1.2), on_front=20),
        "pooled": standing(60, (2.0, 2.1, 2.2), on_front=40),
        "ridge": standing(20, (1.9, 7.0, 8.0, 9.0)),
    }
    names = list[str]()
    for _ in range(4 * TURN):
        names.append(next_name(standings, several=True))
        standings[names[-1]] = replace(standings[names[-1]], begun=standings[names[-1]].begun + 1)
    assert names.count("ridge") == 4
    assert ("ridge", "ridge") not in list(pairwise(names))


def test_without_the_hypernetwork_the_leader_never_starves() -> None:
    """Its errors are far below all others and all equal, on a front it has no part of."""
    others = ("pooled", "ridge", "single_task")
    fronts: Errors = lambda name, number: 0.0 if name == "ridge" else 0.9  # noqa: E731
    found = simulated(lambda name, number: 0.0 if name == "ridge" else 1.0, 12 + 120, others, fronts=fronts)[12:]
    reasons = [reason for name, reason in found if name == "ridge"]
    assert reasons == ["the leader gets at least one trial in 6"] * (120 // TURN)


def test_the_best_gets_most_trials_and_clear_losers_hardly_any_after_the_first_rounds() -> None:
    for seed in range(2):
        assert chosen(shifted({"pooled": -3.0}, seed), 200).count("pooled") > 100
        losers = Counter(chosen(shifted({"ridge": 50.0, "single_task": 50.0}, seed), 200))
        assert max(losers["ridge"], losers["single_task"]) <= FIRST_ROUNDS + 1


def test_of_equals_none_is_given_up_for_bad_luck_in_the_first_rounds_nor_one_slightly_behind() -> None:
    for seed in range(2):
        count = Counter(chosen(random_errors(seed, failing=0.0), 400))
        assert min(count.values()) >= 3 * FIRST_ROUNDS
        assert max(count.values()) <= 400 / 2
    names = chosen(shifted({"ridge": 0.1}), 400, ("pooled", "ridge"))
    assert 20 < names.count("ridge") < names.count("pooled")


def test_wider_errors_deserve_a_trial_sooner_than_narrow_ones_as_far_behind() -> None:
    standings = {
        "narrow": standing(5, (2.0, 2.01, 2.02, 2.03, 2.04)),
        "wide": standing(5, (2.0, 3.0, 4.0, 5.0, 6.0)),
        "leader": standing(402, (1.0, 1.5, 2.0, 2.5)),
    }
    assert next_name(standings) == "wide"


def test_trials_that_failed_or_were_stopped_count_against_an_architecture() -> None:
    errors = (1.0, 1.2, 1.4, 1.6)
    assert next_name({"often": standing(9, errors), "never": standing(4, errors)}) == "never"
    often, never = standing(20, (1.0, 2.0), on_front=2), standing(5, (1.0, 2.0, 3.0, 4.0), on_front=2)
    assert next_name({"often": often, "never": never}, several=True) == "never"


@pytest.mark.parametrize("several", [False, True], ids=["one objective", "several"])
def test_one_whose_trials_all_failed_is_tried_again_only_rarely_and_in_turn_where_all_have(several: bool) -> None:
    errors = random_errors(0, failing=0.0)
    fronts: Errors | None = (lambda name, number: min(1.0, 2 / (number + 1))) if several else None
    names = chosen(lambda name, number: None if name == "ridge" else errors(name, number), 500, fronts=fronts)
    assert FIRST_ROUNDS < names.count("ridge") <= 25
    none: Errors | None = (lambda name, number: 0.0) if several else None
    count = Counter(chosen(lambda name, number: None, 10 * len(NAMES), fronts=none))
    assert set(count.values()) == {10}


def test_a_hypernetwork_that_has_only_failed_has_no_share_of_its_own() -> None:
    errors = random_errors(0, failing=0.0)
    found = simulated(lambda name, number: None if name == CHAMPION else errors(name, number), 300)
    assert not any(reason.startswith("the hypernetwork") for _, reason in found)
    assert [name for name, _ in found].count(CHAMPION) <= 25


def test_several_objectives_favour_those_with_much_of_the_front() -> None:
    shares = {"pooled": 0.6, "ridge": 0.2}
    count = Counter(chosen(random_errors(0), 300, fronts=lambda name, number: shares.get(name, 0.0)))
    assert count["pooled"] > 300 / 3
    assert count["pooled"] > count["ridge"] >= min(count["single_task"], count["gradient_boosting"])


def test_the_hypernetwork_and_its_rival_keep_their_shares_with_several_objectives() -> None:
    fronts: Errors = lambda name, number: 0.9 if name == "pooled" else 0.0  # noqa: E731
    count = Counter(chosen(shifted({"ridge": -5.0, CHAMPION: 5.0}), FIRST + 240, fronts=fronts)[FIRST:])
    assert count[CHAMPION] == count["ridge"] == 240 / TURN


@pytest.mark.parametrize("scale", [2.0**-40, 1.0, 1000.0])
@pytest.mark.parametrize("shift", [-1.0, -0.5, 0.0, 8.0])
def test_what_matters_is_how_far_errors_lie_apart_not_their_unit_or_sign(scale: float, shift: float) -> None:
    """Errors that stand for a score are negative."""
    errors = random_errors(0)

    def moved(name: str, number: int) -> float | None:
        error = errors(name, number)
        return None if error is None else scale * (error + shift)

    assert chosen(moved, 200) == chosen(errors, 200)


@pytest.mark.parametrize(
    "values",
    [(0.0,), (1.0,), (-1.0,), (1e-308, 0.0), (1.7e308, -1.7e308), (1.7e308, 1e-308, 0.0), (1.0, 1.0 + 1e-15)],
    ids=str,
)
def test_equal_huge_and_tiny_errors_are_no_trouble(values: tuple[float, ...]) -> None:
    found = simulated(lambda name, number: values[(len(name) + number) % len(values)], 200)
    assert not any("nan" in reason or "inf" in reason for _, reason in found)
    assert min(Counter(name for name, _ in found).values()) >= FIRST_ROUNDS


def test_one_complete_trial_is_enough_to_go_by_and_judged_by_how_the_others_spread() -> None:
    alone = {"pooled": standing(4, (2.0,)), "ridge": standing(4, (1.0,)), "single_task": Standing(4)}
    assert next_name(alone) == "ridge"
    assert next_name({"leader": standing(202, (1.0, 2.0, 3.0, 4.0)), "one": standing(4, (1.1,))}) == "one"


def test_the_choice_depends_on_the_standings_alone() -> None:
    standings = {name: standing(7 + index, (1.0 / (1 + index), 2.0)) for index, name in enumerate(NAMES)}
    before = dict(standings)
    assert {next_architecture(standings) for _ in range(20)} == {next_architecture(before)}
    assert standings == before


@pytest.mark.parametrize(
    ("standings", "given", "reason"),
    [
        ({"ridge": Standing(1)}, {}, "round 2 of 4 that all architectures get"),
        ({"ridge": Standing(4)}, {"rounds": 5}, "round 5 of 5 that all architectures get"),
        (
            {"ridge": standing(4, (3.0, 4.0)), CHAMPION: standing(4, (9.0,))},
            {},
            "the hypernetwork gets at least one trial in 6",
        ),
        (
            {"ridge": standing(4, (3.0, 4.0)), CHAMPION: standing(7, (1.0,))},
            {},
            "the strongest rival of the hypernetwork gets at least one trial in 6",
        ),
        ({"ridge": standing(9, (3.0, 4.0))}, {}, "most likely to improve the best (0.1)"),
        ({"ridge": standing(9, (3.0, 4.0), 1)}, {"several": True}, "most likely to add to the Pareto front (0.18)"),
    ],
    ids=["round", "chosen number of rounds", "champion", "rival", "best", "front"],
)
def test_the_reason_says_why(standings: dict[str, Standing], given: dict[str, Any], reason: str) -> None:
    assert next_architecture(standings, **given)[1] == reason


def test_a_single_architecture_gets_everything() -> None:
    assert set(chosen(random_errors(0), 30, ("ridge",))) == {"ridge"}
