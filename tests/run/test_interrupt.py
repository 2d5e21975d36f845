"""A search that is told to stop, as Ctrl-C and `kill` do, ends with its exit code and can go on."""

import json
import os
import signal
import time
from pathlib import Path

import pandas as pd
import pytest

from mthn_automl.data.problems import planted
from tests.command import Ended, in_process, start

pytestmark = [pytest.mark.faults, pytest.mark.slow]
PATIENCE = 60


def finished_trials(run: Path) -> dict[str, str]:
    return {path.parent.name: path.read_text() for path in run.glob("trials/*/result.json")}


def stop_during_search(folder: Path, number: signal.Signals) -> Ended:
    """Start a search that would take minutes, and send the signal once it has finished two trials."""
    planted(4, 16)[0].to_csv(folder / "data.csv", index=False)
    words = ("--runner", "local", "--architectures", "hypernetwork,ridge", "--trials", 500, "--folds", 2, "--seeds", 1)
    with start(folder, "search", "data.csv", *words, "--output", "run") as process:
        ends = time.monotonic() + PATIENCE
        while len(finished_trials(folder / "run")) < 2 and process.poll() is None and time.monotonic() < ends:
            time.sleep(0.05)
        os.kill(process.pid, number)
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except BaseException:
            process.kill()
            raise
    return Ended(process.returncode, out, err)


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [
        pytest.param(signal.SIGINT, 130, "Interrupted", id="SIGINT"),
        pytest.param(signal.SIGTERM, 143, "Terminated", id="SIGTERM"),
    ],
)
def test_a_stopped_search_says_so_and_goes_on(tmp_path: Path, number: signal.Signals, code: int, word: str) -> None:
    stopped = stop_during_search(tmp_path, number)
    assert (stopped.code, stopped.out) == (code, "")
    assert stopped.err.splitlines()[-1] == (
        f"mthn-automl: {word}; `mthn-automl resume RUN` goes on with an unfinished run."
    )
    assert "Traceback" not in stopped.err
    run = tmp_path / "run"
    before = finished_trials(run)
    assert len(before) >= 2
    assert not (run / "summary.json").exists()

    resumed = in_process(tmp_path, "resume", "run", "--trials", 1)
    assert resumed.code == 0, resumed.err
    after = finished_trials(run)
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 1
    trials = pd.read_csv(run / "tradeoff.csv")
    assert sorted(trials["architecture"] + "-" + trials["trial"].astype(str)) == sorted(after)
    assert json.loads((run / "summary.json").read_text())["trials"]["COMPLETE"] == len(after)
