"""Models that raise, diverge, die, hang or eat memory: each fails with its reason, and the search ends as any other.

One search has an architecture for each behaviour, and an honest one that wins.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from mthn_automl.storage import read_json
from tests.command import Ended
from tests.faults import misbehaving
from tests.faults.misbehaving import Behaviour
from tests.faults.runs import Started, Trials, written

pytestmark = [pytest.mark.faults, pytest.mark.slow]

LIMIT = 6
NOT_FINITE = "DivergedError: A prediction is not finite"
REASONS: Mapping[Behaviour, str] = {
    "raises": "ValueError: the model is broken",
    "undefined": NOT_FINITE,
    "infinite": NOT_FINITE,
    "hangs": f"it had not ended after {LIMIT} s, the time limit of a trial",
    "eats": "MemoryError: Unable to allocate 16.0 MiB",
}
DEADLY: Mapping[Behaviour, str] = {
    "exits": "the worker process ended before the trial did, 4 times",
    "killed": "the worker process ended before the trial did, 4 times",
}


class Searched:
    """A search of all behaviours, a trial each, and what was left of it."""

    def __init__(self, folder: Path, behaviours: Mapping[Behaviour, str], *where: object) -> None:
        spaces = [word for name in behaviours for word in ("--space", misbehaving.space(folder, name))]
        words = (*written(folder), *spaces, "--architectures", ",".join(["ridge", *behaviours]), *where)
        words = (*words, "--trials", 1 + len(behaviours), "--trial-timeout", f"{LIMIT}s", "--folds", 2, "--seeds", 1)
        self.run = folder / "run"
        with Started(*words, "--no-ablation", "--output", self.run) as started:
            self.answer: Ended = started.end()
            self.left = not started.gone()
        self.trials = Trials.of(self.run)

    def ends_normally_with_a_reason_each(self, behaviours: Mapping[Behaviour, str]) -> bool:
        """Asserts it; the reasons are in the journal and told to the user."""
        said = " ".join(self.answer.out.split())
        for behaviour, reason in behaviours.items():
            [failed] = [why for name, why in self.trials.reasons.items() if name.rpartition("-")[0] == behaviour]
            assert failed.startswith(reason)
            assert f"no finished trial: {behaviour} (no trial finished: {reason}" in said
        assert self.answer.code == 0, self.answer.err
        assert "Traceback" not in self.answer.err
        assert not self.left
        summary = read_json(self.run / "summary.json")
        assert summary["finished"]
        assert summary["best"]["architecture"] == "ridge"
        assert (self.trials.complete, self.trials.told) == (["ridge-0"], 1 + len(behaviours))
        assert not self.trials.unfinished
        board = pd.read_csv(self.run / "leaderboard.csv").set_index("architecture")
        assert set(board.index) == {"ridge", *behaviours}
        assert board["test_error"].notna().sum() == 1
        return True


def test_in_process_models_fail_with_a_reason_each_and_the_search_ends_normally(tmp_path: Path) -> None:
    assert Searched(tmp_path, REASONS, "--runner", "local").ends_normally_with_a_reason_each(REASONS)


@pytest.mark.ray
@pytest.mark.soak
def test_in_workers_models_fail_with_a_reason_each_and_the_search_ends_normally(tmp_path: Path) -> None:
    every = {**REASONS, **DEADLY}
    assert Searched(tmp_path, every, "--runner", "ray", "--workers", 2).ends_normally_with_a_reason_each(every)
