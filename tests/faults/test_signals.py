"""Ctrl-C and `kill` end a search soon, in every phase: the best so far is there, and nothing finished is lost."""

import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pytest

from mthn_automl.storage import read_json
from tests.command import Ended
from tests.faults import misbehaving, stopping
from tests.faults.runs import (
    Started,
    Trials,
    call,
    call_apart,
    phases_begun,
    phases_ended,
    results,
    search,
    trials_begun,
)
from tests.faults.stopping import CODES, TRIALS, WORDS, Moment, Story

pytestmark = [pytest.mark.faults, pytest.mark.slow]

SOME: tuple[Moment, ...] = (("search", signal.SIGHUP), ("figures", signal.SIGTERM))
ALL: tuple[Moment, ...] = (*SOME, ("ablation", signal.SIGINT))
OTHER = {signal.SIGINT: signal.SIGHUP, signal.SIGTERM: signal.SIGINT, signal.SIGHUP: signal.SIGTERM}
MIRRORED = tuple((phase, OTHER[number]) for phase, number in ALL)
TWO = ("--architectures", "ridge,slow", "--no-ablation")
THREE = ("--architectures", "ridge,hypernetwork,slow")
LOCAL, RAY = (*THREE, "--runner", "local"), (*THREE, "--runner", "ray", "--workers", 2)
WITH_RAY = [pytest.mark.ray, pytest.mark.soak]
STORIES = [
    pytest.param(((*TWO, "--runner", "local"), SOME), id="in process"),
    pytest.param((LOCAL, ALL), id="in process in every phase", marks=pytest.mark.soak),
    pytest.param((LOCAL, MIRRORED), id="in process in every phase by the other signal", marks=pytest.mark.soak),
    pytest.param((RAY, ALL), id="with Ray in every phase", marks=WITH_RAY),
    pytest.param((RAY, MIRRORED), id="with Ray in every phase by the other signal", marks=WITH_RAY),
]


@pytest.fixture(scope="module", params=STORIES)
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Story:
    options, moments = request.param
    return stopping.told(tmp_path_factory.mktemp("story"), options, moments)


def test_every_stop_is_soon_and_leaves_the_best_so_far_and_no_process(story: Story) -> None:
    print(f"\nseconds from signal to end: {[(stop.phase, round(stop.seconds, 1)) for stop in story.stops]}")
    assert all(stop.left_the_best_so_far() for stop in story.stops)


def test_a_run_that_was_stopped_again_and_again_is_finished_by_a_resume(story: Story) -> None:
    assert story.end is not None
    assert story.end.code == 0, story.end.err
    summary = read_json(story.run / "summary.json")
    assert summary["finished"]
    assert summary["trials"]["COMPLETE"] + summary["trials"]["PRUNED"] == TRIALS
    board = pd.read_csv(story.run / "leaderboard.csv")
    assert {"ridge", "slow"} <= set(board["architecture"])
    assert board["test_error"].notna().all()
    assert "hypernetwork" not in set(board["architecture"]) or len(pd.read_csv(story.run / "ablation.csv"))


def test_stops_lose_no_finished_trial_and_run_none_again(story: Story) -> None:
    assert story.lost_and_doubled_nothing()
    trials = Trials.of(story.run)
    assert (trials.told, trials.unfinished) == (TRIALS, 0)
    assert not trials.reasons  # a trial that a signal broke off is run again, and has no fault of its own
    begun = trials_begun(story.run)
    assert len(begun) == len(set(begun)) >= TRIALS + 1


def only_slow(folder: Path, *where: object) -> list[object]:
    return search(folder, misbehaving.space(folder, "slow"), "slow", 2, *where)


def stopped(words: list[object], seconds: float, moments: Sequence[tuple[Callable[[], bool], int]]) -> Ended:
    """Send signals, each at its moment; seconds: that a fit takes."""
    with Started(*words, SLOW_SECONDS=str(seconds)) as started:
        for moment, number in moments:
            started.wait_for(moment)
            started.signal(number)
        ended = started.end()
        assert started.gone()
    return ended


def finishes(run: Path, runner: str = "local") -> bool:
    again = (call if runner == "local" else call_apart)("resume", run, "--trust", SLOW_SECONDS="0")
    trials = Trials.of(run)
    assert again.code == 0, again.err
    assert (len(trials.complete), trials.told, trials.unfinished) == (2, 2, 0)
    return True


@pytest.mark.parametrize(
    ("runner", "number"),
    [
        pytest.param("local", signal.SIGINT, id="in the first trial"),
        pytest.param("ray", signal.SIGTERM, id="while Ray starts", marks=WITH_RAY),
    ],
)
def test_before_anything_has_finished_a_signal_leaves_a_run_that_can_be_resumed(
    tmp_path: Path, runner: str, number: signal.Signals
) -> None:
    run = tmp_path / "run"
    words = only_slow(tmp_path, "--runner", runner, "--workers", 1)
    answer = stopped(
        words, 60, [(lambda: (run / "ray.log").exists() if runner == "ray" else bool(trials_begun(run)), number)]
    )
    assert (answer.code, answer.out) == (CODES[number], "")
    assert answer.err.splitlines()[-1].startswith(f"mthn-automl: {WORDS[number]};")
    assert "Traceback" not in answer.err
    assert not results(run)
    assert not (run / "summary.json").exists()
    assert finishes(run, runner)


def test_a_second_signal_ends_the_command_at_once_and_the_run_can_still_be_resumed(tmp_path: Path) -> None:
    """The second signal finds the pictures of the first one's report being drawn."""
    run = tmp_path / "run"
    moments = [
        (lambda: bool(results(run)), signal.SIGINT),
        (lambda: bool(phases_begun(run, "figures")), signal.SIGTERM),
    ]
    answer = stopped(only_slow(tmp_path, "--runner", "local"), 1, moments)
    assert answer.code == 143
    assert answer.err.splitlines()[-1].startswith("mthn-automl: Terminated;")
    assert "Traceback" not in answer.err
    assert not phases_ended(run, "figures")
    before = results(run)
    assert finishes(run)
    assert {name: results(run)[name] for name in before} == before


def test_where_hanging_up_was_ignored_from_the_start_a_search_goes_on(tmp_path: Path) -> None:
    """As `nohup` makes it."""
    run = tmp_path / "run"
    with Started(*only_slow(tmp_path, "--runner", "local"), SLOW_SECONDS="1", NOHUP="1") as started:
        started.wait_for(lambda: bool(results(run)))
        started.signal(signal.SIGHUP)
        answer = started.end()
    assert answer.code == 0, answer.err
    assert len(results(run)) == 2
