"""The source of trials and the clock: what is begun first, what no longer fits, and what clocks took from workers."""

import time
from pathlib import Path

import pytest

from mthn_automl.tuning.clock import WorkerSeconds
from mthn_automl.tuning.cost import LEAST_LIMIT, Extent, Foresight
from mthn_automl.tuning.ending import Ending
from mthn_automl.tuning.search import TrialSource
from mthn_automl.tuning.trial import Outcome
from tests.tuning import toys
from tests.tuning.sources import Place, good, recovered, taken

EXTENT = Extent(rows=125, folds=1, seeds=1, batch=16)
SECONDS = {"slow": 20.0, "quick": 1.0, "middling": 5.0}


def foreseen(folder: Path, seconds: dict[str, float] = SECONDS) -> Place:
    """A run folder of toys that are said to take so many seconds a trial, and are not fitted once more on all rows."""
    files = {}
    for name, each in seconds.items():
        text = toys.TOY.format(behaviour="good") + f"rungs = [50]\ncost.regression = {{ 100 = {each} }}\n"
        files[name] = toys.written(folder / f"{name}.toml", text)
    return Place(folder, files)


def source_of(here: Place, left: float | None, **given: object) -> TrialSource:
    """One with so many seconds left."""
    ends = None if left is None else time.time() + left
    return here.source(ends=lambda: ends, foresight=Foresight(here.files.values(), EXTENT), **given)  # type: ignore[arg-type]


def result_in(seconds: float) -> Outcome:
    return Outcome(Ending.COMPLETE, toys.result(seconds=seconds))


def names(source: TrialSource, trials: int) -> list[str]:
    """Architectures of so many trials that are all running at once."""
    return [taken(source).architecture for _ in range(trials)]


@pytest.mark.parametrize("left", [None, 1000.0], ids=["no time limit", "time enough"])
def test_first_trials_go_round_the_architectures_the_quickest_first(tmp_path: Path, left: float | None) -> None:
    source = source_of(foreseen(tmp_path), left, rounds=2)
    assert names(source, 6) == ["quick", "middling", "slow"] * 2


def test_what_would_not_end_in_time_is_not_begun_and_keeps_its_first_trials(tmp_path: Path) -> None:
    source = source_of(foreseen(tmp_path), 30.0, rounds=2)
    assert names(source, 4) == ["quick", "middling"] * 2
    assert source.studies["slow"].records == []
    assert source_of(Place(tmp_path, source.files), None).next() is not None


def test_what_trials_took_decides_what_still_fits(tmp_path: Path) -> None:
    source = source_of(foreseen(tmp_path), 30.0, rounds=1)
    source.finished(taken(source), result_in(4.0))  # four times what was foreseen, so that no other fits
    assert names(source, 3) == ["quick"] * 3


def test_where_nothing_fits_nothing_is_begun_but_for_the_quickest_while_there_is_no_result(tmp_path: Path) -> None:
    source = source_of(foreseen(tmp_path), 0.5)
    first = taken(source)
    assert (first.architecture, source.next()) == ("quick", None)
    source.finished(first, result_in(1.0))
    assert source.next() is None
    assert source.studies["quick"].budget_used == 1


def test_one_that_has_shown_itself_slow_is_no_longer_the_quickest_where_nothing_fits(tmp_path: Path) -> None:
    source = source_of(foreseen(tmp_path, {"quick": 1.0, "middling": 2.0}), 0.5)
    source.finished(taken(source), Outcome(Ending.ABANDONED, reason="too short", by_clock=True))
    assert source.foresight is not None
    source.foresight.learn("quick", {}, 30.0)
    source.foresight.learn("middling", {}, 3.0)
    assert taken(source).architecture == "middling"


def test_where_nothing_fits_what_a_clock_has_shown_to_be_slow_comes_after_what_none_has(tmp_path: Path) -> None:
    source = source_of(foreseen(tmp_path, {"quick": 1.0, "middling": 50.0}), 0.5)
    trial = taken(source)
    source.began(trial)
    source.stopwatch.begun[trial.name] -= 3.0
    source.finished(trial, Outcome(Ending.ABANDONED, reason="too short", by_clock=True))
    assert (trial.architecture, taken(source).architecture) == ("quick", "middling")


def test_only_trials_of_architectures_that_have_shown_what_they_take_have_a_limit(tmp_path: Path) -> None:
    source = source_of(foreseen(tmp_path, {"quick": 1.0}), 1000.0)
    first = taken(source)
    source.finished(first, result_in(1.0))
    assert (first.limit, taken(source).limit) == (None, LEAST_LIMIT)


def test_a_runaway_has_failed_and_is_not_tried_again(tmp_path: Path) -> None:
    source = source_of(foreseen(tmp_path, {"quick": 1.0}), 1000.0)
    source.finished(taken(source), result_in(1.0))
    trial = taken(source)
    source.began(trial)
    source.stopwatch.begun[trial.name] -= 30.0
    source.overdue(trial)
    assert source.studies["quick"].reasons(Ending.FAILED) == [
        "it had not ended after 30 s, many times what such trials take"
    ]
    assert source.foresight is not None
    assert source.foresight.seconds("quick") > 1.0


def test_seconds_of_workers_are_counted_and_those_that_clocks_took_apart(tmp_path: Path) -> None:
    seconds = WorkerSeconds()
    source = source_of(foreseen(tmp_path, {"quick": 1.0}), 1000.0, worker_seconds=seconds)
    outcomes = {
        5.0: good(),
        7.0: Outcome(Ending.ABANDONED, reason="too short", by_clock=True),
        11.0: Outcome.failed("broken"),
        13.0: Outcome(Ending.STOPPED, reason="worse"),
    }
    for taken_seconds, outcome in outcomes.items():
        trial = taken(source)
        source.began(trial)
        source.stopwatch.begun[trial.name] -= taken_seconds
        for _ in range(2):  # what is told twice counts once
            source.finished(trial, outcome)
    late = taken(source)
    source.began(late)
    source.stopwatch.begun[late.name] -= 3.0
    source.overdue(late)
    assert (seconds.all, seconds.lost) == (pytest.approx(39.0, abs=0.5), pytest.approx(10.0, abs=0.5))


def test_what_earlier_sessions_took_is_known_to_the_next(tmp_path: Path) -> None:
    here = foreseen(tmp_path, {"quick": 1.0})
    before = source_of(here, None)
    before.finished(taken(before), result_in(6.0))
    after = source_of(here, None)
    recovered(after)
    assert after.foresight is not None
    assert after.foresight.seconds("quick") == pytest.approx(6.0)
