"""A search with Ray's workers loses a worker, then its driver, and is stopped in the search that goes on with it.

What Ray's workers do on other faults, and each phase with its signal, is looked at by `make soak`.
"""

import os
import signal
from dataclasses import dataclass

import pytest

from tests.faults import misbehaving, stopping
from tests.faults.misbehaving import Fit, fits
from tests.faults.runs import Started, Trials, results, search, trials_lost
from tests.faults.stopping import Story

pytestmark = [pytest.mark.faults, pytest.mark.ray, pytest.mark.slow]


@dataclass
class Lost:
    """The run and its stop by a signal, the fit whose process was killed, and the results when the driver was."""

    story: Story
    fit: Fit
    results: dict[str, int]


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Lost:
    folder = tmp_path_factory.mktemp("ray")
    run, noted = folder / "run", folder / "fits"
    noted.mkdir()
    environment = {**stopping.SHORT, "FITS": str(noted)}
    words = search(folder, misbehaving.space(folder, "slow"), "ridge,slow", 6, "--runner", "ray", "--workers", 1)
    with Started(*words, **environment) as started:
        started.wait_for(lambda: bool(fits(noted)))
        fit = fits(noted)[0]
        os.kill(fit.process, signal.SIGKILL)
        started.wait_for(lambda: trials_lost(run) > 0 and len({each.process for each in fits(noted)}) > 1)
        started.kill_driver()
        before = results(run)
    story = Story(run)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FITS", str(noted))
        story.stop(
            "search", signal.SIGTERM, ("resume", run, "--trust"), lambda run: len(results(run)) >= len(before) + 2
        )
    return Lost(story, fit, before)


def test_a_trial_whose_worker_was_killed_is_run_again_and_is_no_fault_of_its_own(lost: Lost) -> None:
    again = [each for each in fits(lost.story.run.parent / "fits") if each.offset == lost.fit.offset]
    assert {each.process for each in again} > {lost.fit.process}
    trials = Trials.of(lost.story.run)
    assert not trials.reasons
    assert ("slow", 0) in trials.roots


def test_what_was_finished_before_the_kill_is_complete_once_and_a_signal_leaves_the_best_so_far(lost: Lost) -> None:
    """And no process."""
    assert lost.results
    now = results(lost.story.run)
    assert {name: now[name] for name in lost.results} == lost.results
    assert lost.story.lost_and_doubled_nothing()
    [stop] = lost.story.stops
    assert stop.left_the_best_so_far()
