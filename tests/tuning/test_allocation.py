"""Who gets the next trial."""

import random
from collections import Counter
from collections.abc import Callable
from itertools import permutations

import pytest

from mthn_automl.tuning.allocation import CHAMPION, FIRST_ROUNDS, Standing, next_architecture

NAMES = ("gradient_boosting", CHAMPION, "pooled", "ridge", "single_task")

LONGEST_WAIT = 60  # of 500 trials: a new leader first catches up with what its rank deserves


def simulated(errors: Callable[[str, int], float | None], trials: int, names: tuple[str, ...] = NAMES) -> list[str]:
    """The architectures chosen, when the n-th trial of one has the error `errors(name, n)`, None for a failure."""
    standings = dict.fromkeys(names, Standing(0, None))
    chosen: list[str] = []
    for _ in range(trials):
        name, _ = next_architecture(standings)
        chosen.append(name)
        before = standings[name]
        found = [each for each in (before.best, errors(name, before.begun)) if each is not None]
        standings[name] = Standing(before.begun + 1, min(found, default=None))
    return chosen


def random_errors(seed: int) -> Callable[[str, int], float | None]:
    source = random.Random(seed)
    return lambda name, number: None if source.random() < 0.2 else source.random()


@pytest.mark.parametrize("seed", range(10))
def test_the_first_rounds_are_equal_whatever_the_results(seed: int) -> None:
    chosen = simulated(random_errors(seed), FIRST_ROUNDS * len(NAMES))
    assert set(Counter(chosen).values()) == {FIRST_ROUNDS}


@pytest.mark.parametrize("order", list(permutations(NAMES[:3])), ids="-".join)
def test_the_first_rounds_go_in_turn_in_any_order_of_architectures(order: tuple[str, ...]) -> None:
    chosen = simulated(lambda name, number: len(name), FIRST_ROUNDS * len(order), order)
    assert chosen == list(order) * FIRST_ROUNDS


@pytest.mark.parametrize("seed", range(5))
def test_the_hypernetwork_never_starves_however_bad(seed: int) -> None:
    errors = random_errors(seed)
    chosen = simulated(lambda name, number: 10.0 if name == CHAMPION else errors(name, number), 500)
    assert Counter(chosen)[CHAMPION] >= 500 / 8
    assert max(gaps(chosen, CHAMPION)) <= LONGEST_WAIT


@pytest.mark.parametrize("best", [name for name in NAMES if name != CHAMPION])
@pytest.mark.parametrize("champion_error", [0.0, 0.2, 9.0])
def test_the_strongest_rival_never_starves(best: str, champion_error: float) -> None:
    errors = {**{name: 1.0 + len(name) for name in NAMES}, best: 0.1, CHAMPION: champion_error}
    chosen = simulated(lambda name, number: errors[name], 500)
    assert Counter(chosen)[best] >= 500 / 6
    assert max(gaps(chosen, best)) <= LONGEST_WAIT


@pytest.mark.parametrize("seed", range(3))
def test_nobody_is_left_out_for_ever(seed: int) -> None:
    chosen = simulated(random_errors(seed), 500)
    assert min(Counter(chosen).values()) >= 500 / 20


def gaps(chosen: list[str], name: str) -> list[int]:
    """Trials from one of that name to the next, once the first rounds are over."""
    places = [place for place, each in enumerate(chosen) if each == name]
    return [later - earlier for earlier, later in zip(places, [*places[1:], len(chosen)], strict=True)]


def test_the_better_ones_get_more() -> None:
    errors = {name: float(place) for place, name in enumerate(NAMES)}
    count = Counter(simulated(lambda name, number: errors[name], 300))
    assert sorted(NAMES, key=lambda name: -count[name]) == list(NAMES)


def test_one_whose_trials_all_failed_ranks_last() -> None:
    count = Counter(simulated(lambda name, number: None if name == "ridge" else 1.0, 300))
    assert count["ridge"] == min(count.values())


def test_the_choice_depends_on_the_standings_alone() -> None:
    standings = {name: Standing(7 + place, 1.0 / (1 + place)) for place, name in enumerate(NAMES)}
    before = dict(standings)
    assert {next_architecture(standings) for _ in range(20)} == {next_architecture(before)}
    assert standings == before


def test_the_reason_tells_the_round_and_later_the_rank() -> None:
    assert next_architecture({"ridge": Standing(1, None)}) == ("ridge", "round 2 of 4 that all architectures get")
    later = {"ridge": Standing(9, 0.5), "pooled": Standing(4, 0.1)}
    assert next_architecture(later) == ("pooled", "rank 1 by best error so far, behind its share of trials")


def test_a_single_architecture_gets_everything() -> None:
    assert set(simulated(random_errors(0), 30, ("ridge",))) == {"ridge"}
