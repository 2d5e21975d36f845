"""Signals in every phase of a run: those that `make test` leaves out, with Ray's workers and in process."""

import signal

import pytest

from tests.faults.runs import phases_begun
from tests.faults.test_signals import LOCAL, SOON, Story, loses_and_doubles_nothing, says_how_to_go_on, told
from tests.faults.test_signals import started_search as search_words

pytestmark = [pytest.mark.faults, pytest.mark.ray, pytest.mark.slow]

OTHER = {signal.SIGINT: signal.SIGTERM, signal.SIGTERM: signal.SIGINT}
MIRRORED = tuple((phase, OTHER[number]) for phase, number in LOCAL)
STORIES = [
    pytest.param((("--runner", "local"), MIRRORED), id="in process, each phase with the other signal"),
    pytest.param((("--runner", "ray", "--workers", 2), LOCAL), id="with Ray"),
    pytest.param((("--runner", "ray", "--workers", 2), MIRRORED), id="with Ray, each phase with the other signal"),
]


@pytest.fixture(scope="module", params=STORIES)
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Story:
    where, moments = request.param
    folder = tmp_path_factory.mktemp("story")
    return told(folder / "run", search_words(folder, *where), moments)


def test_every_stop_leaves_the_best_so_far(story: Story) -> None:
    print(f"\nseconds from signal to end: {[(each.phase, round(each.seconds, 1)) for each in story.stops]}")
    for stop in story.stops:
        assert says_how_to_go_on(stop)
        assert stop.seconds < SOON
        assert {"model", "leaderboard.csv", "summary.json"} <= set(stop.files)
        assert (stop.summary["finished"], stop.summary["stopped_in"]) == (False, stop.phase)
        assert stop.predicted.code == 0
        assert not stop.left_processes


def test_the_run_is_finished_and_nothing_is_lost(story: Story) -> None:
    assert story.end is not None
    assert story.end.code == 0, story.end.err
    assert phases_begun(story.run, "report") == 1 + len(story.stops)
    assert loses_and_doubles_nothing(story)
