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

LIMIT = 8
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
EVERYWHERE = [pytest.param(behaviour, id=behaviour) for behaviour in REASONS]
WITH_RAY = [pytest.param(behaviour, id=behaviour) for behaviour in {**REASONS, **DEADLY}]


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

    def reason(self, architecture: str) -> str:
        """Why its only configuration failed."""
        [reason] = [reason for name, reason in self.trials.reasons.items() if name.rpartition("-")[0] == architecture]
        return reason

    def ends_normally(self, behaviours: Mapping[Behaviour, str]) -> bool:
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


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Searched:
    return Searched(tmp_path_factory.mktemp("local"), REASONS, "--runner", "local")


@pytest.fixture(scope="module")
def with_ray(tmp_path_factory: pytest.TempPathFactory) -> Searched:
    return Searched(tmp_path_factory.mktemp("ray"), {**REASONS, **DEADLY}, "--runner", "ray", "--workers", 2)


@pytest.mark.parametrize("behaviour", EVERYWHERE)
def test_in_process_a_model_fails_with_its_reason(local: Searched, behaviour: Behaviour) -> None:
    assert local.reason(behaviour).startswith(REASONS[behaviour])


def test_in_process_the_search_ends_normally(local: Searched) -> None:
    assert local.ends_normally(REASONS)


@pytest.mark.ray
@pytest.mark.parametrize("behaviour", WITH_RAY)
def test_in_a_worker_a_model_fails_with_its_reason(with_ray: Searched, behaviour: Behaviour) -> None:
    assert with_ray.reason(behaviour).startswith({**REASONS, **DEADLY}[behaviour])


@pytest.mark.ray
def test_in_workers_the_search_ends_normally(with_ray: Searched) -> None:
    assert with_ray.ends_normally({**REASONS, **DEADLY})


@pytest.mark.ray
def test_the_user_is_told_why_an_architecture_has_no_answer(with_ray: Searched) -> None:
    for behaviour, reason in {**REASONS, **DEADLY}.items():
        assert f"no finished trial: {behaviour} (no trial finished: {reason}" in " ".join(with_ray.answer.out.split())
