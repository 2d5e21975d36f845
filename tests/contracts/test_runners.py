"""What every runner must do: the same trials, scores and values, and an end whatever the models do.

Starting Ray takes seconds, so that each runner is started once, does everything in turn and is then looked at.
"""

import json
import math
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from mthn_automl import catalogue
from mthn_automl.catalogue import SpaceFile
from mthn_automl.tuning.ablation.fits import AblationFit
from mthn_automl.tuning.budget import Budget
from mthn_automl.tuning.ending import Ending
from mthn_automl.tuning.events import Event, TrialAtRung, TrialFinished, TrialStarted
from mthn_automl.tuning.rungs import FEWEST_COMPARED
from mthn_automl.tuning.runners.local import LocalRunner
from mthn_automl.tuning.runners.runner import Failed, Runner
from mthn_automl.tuning.search import TrialSource
from mthn_automl.tuning.space import build_space
from mthn_automl.tuning.studies import Studies
from mthn_automl.tuning.trial import CURVE, PREDICTIONS, RESULT, Outcome, Trial
from mthn_automl.tuning.trial_model import MODEL_FILES
from tests.tuning import toys
from tests.tuning.sources import waiting

NAMES = ("ridge", "kernel_ridge", "quick_pooled", "broken", "diverging")
ROOT = Path(__file__).parents[2]
TRIALS = 10
RATES = (*(0.03 - 0.005 * place for place in range(FEWEST_COMPARED + 1)), 1e-6, 2e-6)
"""Learning rates in turn: some that are good, and two with which next to nothing is learnt."""

RUNGS = toys.plan_with_rungs(10, 20, epochs=30)
TIMEOUT = 3.0
LOCAL, RAY = pytest.param("local"), pytest.param("ray", marks=pytest.mark.ray)
with_ray = pytest.mark.ray


@dataclass
class Searched:
    """One search: its studies at the end, its events, what its workers sent, and seconds until the first worked."""

    studies: Studies
    events: list[Event]
    folder: Path
    sent: dict[str, set[str]]
    start: float

    def stopped(self) -> list[TrialFinished]:
        return [each for each in self.events if isinstance(each, TrialFinished) and each.state == "PRUNED"]

    def names(self, state: str) -> list[str]:
        """Of all trials that ended in a state."""
        return [record.name for record in self.studies.records if record.state.name == state]

    def settings(self) -> list[tuple[str, int, dict[str, Any]]]:
        return [(each.architecture, each.number, dict(each.settings)) for each in self.studies.records]

    def results(self) -> list[Any]:
        """All of the results but how long they took."""
        found = [(record.name, record.result) for record in self.studies.records if record.result is not None]
        return [(name, replace(result, seconds=0.0, predict_us_per_row=0.0)) for name, result in found]


@dataclass
class Played:
    """All that a runner did, what it printed and what it left behind."""

    searches: dict[str, Searched] = field(default_factory=dict)
    values: list[Any] = field(default_factory=list)
    late: list[Any] = field(default_factory=list)
    after_death: list[Any] = field(default_factory=list)
    printed: bytes = b""
    left: set[str] = field(default_factory=set)


def play(runner: Runner, folder: Path, *, deadly: bool) -> Played:
    """Searches and jobs of every kind; deadly: also those that end the process that runs them."""
    played, data = Played(), toys.search_data()
    broken = toys.toy_space(folder, "raises", "broken")
    diverging = toys.pooled_space(folder, low=1e30, high=1e31, name="diverging")
    files = [*map(catalogue.read, ("ridge", "kernel_ridge")), toys.pooled_space(folder), broken, diverging]
    with _caught(folder / "printed") as caught, runner:
        runner.use(data, toys.plan())
        played.searches["whole"] = searched(runner, folder / "whole", files, TRIALS)
        fit = AblationFit("permuted", toys.configuration("hypernetwork", {"width": 16}), toys.plan(epochs=2), None)
        fitted, *played.values = runner.run([fit, toys.seven, toys.breaks, toys.rows_seen])
        played.values.append(fitted.result.member_errors)
        runner.use(data, toys.plan(folds=1))
        played.values += runner.run([toys.rows_seen])
        _play_rungs(played, runner, folder)
        _play_what_ends_badly(played, runner, folder, deadly=deadly)
        if deadly:
            played.after_death = [*runner.run([toys.dies, toys.seven]), *runner.run([toys.seven])]
    played.printed = caught.read_bytes()
    return played


def _play_rungs(played: Played, runner: Runner, folder: Path) -> None:
    """Here the workers take the folder of the run for another one than the driver's."""
    runner.use(toys.search_data(toys.cubic_dataset(tasks=12, rows=8)), RUNGS)
    lock = folder / "run.lock"
    lock.write_text("another run")
    files, given = [toys.rates_space(folder, RATES)], {"rungs": RUNGS.schedule.rungs, "lock": (lock, "mine")}
    played.searches["rungs"] = searched(runner, folder / "rungs", files, len(RATES), **given)


def _play_what_ends_badly(played: Played, runner: Runner, folder: Path, *, deadly: bool) -> None:
    """The time is up when what hangs has begun, however long this machine takes to start a worker."""
    runner.use(toys.search_data(), toys.plan())
    hanging = toys.toy_space(folder, "hangs", "hanging")
    files = [hanging, toys.toy_space(folder), *([toys.toy_space(folder, "dies once", "unlucky")] if deadly else [])]
    played.searches["bad ends"] = searched(runner, folder / "bad ends", files, len(files), timeout=TIMEOUT)
    enough = 2 * played.searches["bad ends"].start + 1
    played.searches["end"] = searched(runner, folder / "end", [hanging], None, ends=time.time() + enough)
    runner.run([toys.seven])  # its worker is kept for the next
    played.late = [*runner.run([toys.seven, toys.hangs], latest=time.time() + enough), *runner.run([toys.seven])]


class Watched(TrialSource):
    """Keeps which files the workers sent, by the name of the trial, and when the first of them set to work."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.sent: dict[str, set[str]] = {}
        self.since = time.time()
        self.start = math.inf

    def began(self, trial: Trial) -> None:
        self.start = min(self.start, time.time() - self.since)
        super().began(trial)

    def finished(self, trial: Trial, outcome: Outcome) -> None:
        self.sent[trial.name] = set(outcome.files)
        super().finished(trial, outcome)


def searched(
    runner: Runner,
    folder: Path,
    files: list[SpaceFile],
    trials: int | None,
    *,
    ends: float | None = None,
    timeout: float | None = None,
    **given: Any,
) -> Searched:
    spaces = {file.name: build_space(file, has_metadata=True) for file in files}
    studies, events = Studies(folder / "study.journal", spaces, seed=3), list[Event]()
    source = Watched(
        studies,
        {file.name: file for file in files},
        folder / "trials",
        Budget(trials, lambda: ends, timeout=timeout),
        clock=lambda: 1.0,
        report=events.append,
        **given,
    )
    runner.search(source)
    assert not source.live
    return Searched(studies, events, folder / "trials", source.sent, source.start)


@contextmanager
def _caught(file: Path) -> Iterator[Path]:
    """File descriptors 1 and 2 lead to a file: what processes write to them is not seen by `capsys`."""
    kept = os.dup(1), os.dup(2)
    with file.open("wb") as stream:
        os.dup2(stream.fileno(), 1), os.dup2(stream.fileno(), 2)
        try:
            yield file
        finally:
            os.dup2(kept[0], 1), os.dup2(kept[1], 2)
            os.close(kept[0]), os.close(kept[1])


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(LocalRunner(), tmp_path_factory.mktemp("local"), deadly=False)


@pytest.fixture(scope="module")
def on_ray(tmp_path_factory: pytest.TempPathFactory) -> Played:
    from mthn_automl.tuning.runners.on_ray.runner import Place, RayRunner

    folder = tmp_path_factory.mktemp("ray")
    temporary, results = folder / "temporary", Path.home() / "ray_results"
    temporary.mkdir()
    before = set(results.glob("*"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("TOY_FOLDER", str(folder))
        patch.setattr(tempfile, "tempdir", str(temporary))
        played = play(RayRunner(Place(workers=1), folder / "ray.log"), folder, deadly=True)
    played.left = {each.name for each in (*temporary.iterdir(), *(set(results.glob("*")) - before))}
    return played


@pytest.fixture
def played(request: pytest.FixtureRequest) -> Played:
    return request.getfixturevalue({"local": "local", "ray": "on_ray"}[request.param])  # type: ignore[no-any-return]


either = pytest.mark.parametrize("played", [LOCAL, RAY], indirect=True)


@either
def test_a_search_uses_its_budget_ends_and_tells_of_each_trial_exactly_once(played: Played) -> None:
    search = played.searches["whole"]
    assert {name: study.budget_used for name, study in search.studies.items()} == dict.fromkeys(NAMES, 2)
    begun = [(each.architecture, each.number) for each in search.events if isinstance(each, TrialStarted)]
    over = [(each.architecture, each.number) for each in search.events if isinstance(each, TrialFinished)]
    assert begun == over
    assert len(set(over)) == len(over) == TRIALS


@either
def test_good_architectures_have_results_and_broken_ones_their_reasons(played: Played) -> None:
    studies = played.searches["whole"].studies
    for name in ("ridge", "kernel_ridge", "quick_pooled"):
        found = studies[name].ended(Ending.COMPLETE)
        assert [record.number for record in found] == [0, 1]
        assert all(math.isfinite(record.values[0]) for record in found)
    reasons = {"broken": "ValueError: the toy is broken", "diverging": "DivergedError: The loss is not finite"}
    for name, reason in reasons.items():
        assert [found.startswith(reason) for found in studies[name].reasons(Ending.FAILED)] == [True, True]
        assert (studies[name].count(Ending.COMPLETE), waiting(studies[name])) == (0, 0)


@either
def test_what_is_clearly_worse_is_stopped_at_its_first_rung_and_the_rest_goes_on_to_its_end(played: Played) -> None:
    search, good = played.searches["rungs"], FEWEST_COMPARED + 1
    complete, pruned = search.names("COMPLETE"), search.names("PRUNED")
    assert (len(complete), pruned) == (good, [f"rates-{number}" for number in range(good, len(RATES))])
    assert all("at rung 1 of 2 (epoch 10, p = " in each.reason for each in search.stopped())
    assert search.studies["rates"].budget_used == len(RATES)
    assert [each.result.epochs for each in search.studies["rates"].records if each.result] == [30] * good
    last = [(search.folder / name / CURVE).read_text().splitlines()[-1] for name in complete]
    assert [json.loads(line)["epoch"] for line in last] == [30] * good
    assert not any((search.folder / name / PREDICTIONS).exists() for name in pruned)
    passed = [(each.number, each.epoch) for each in search.events if isinstance(each, TrialAtRung)]
    assert passed == [(number, epoch) for number in range(good) for epoch in (10, 20)]


@either
def test_only_a_worker_that_does_not_see_the_run_sends_its_files_and_they_are_there(played: Played) -> None:
    search, near = played.searches["rungs"], played.searches["whole"]
    for name in search.names("COMPLETE"):
        assert search.sent[name] == {PREDICTIONS, *MODEL_FILES, CURVE, RESULT}
        assert {path.name for path in (search.folder / name).iterdir()} >= search.sent[name]
    assert [len(files) for files in near.sent.values()] == [0] * TRIALS


@either
def test_jobs_give_values_in_order_for_the_data_in_use_and_a_reason_where_one_raised_or_hung(played: Played) -> None:
    assert played.values[:3] == [7, Failed("ArithmeticError: the job is broken"), (48, 2)]
    assert played.values[-1] == (48, 1)
    assert played.late == [7, Failed("it had not ended when the time was up"), 7]


@either
def test_a_trial_that_takes_too_long_has_failed_and_the_search_goes_on(played: Played) -> None:
    studies = played.searches["bad ends"].studies
    assert studies["hanging"].reasons(Ending.FAILED) == ["it had not ended after 3 s, the time limit of a trial"]
    assert [record.state.name for record in studies["hanging"].records] == ["FAIL"]
    assert [record.state.name for record in studies["toy"].records] == ["COMPLETE"]
    assert waiting(studies["hanging"]) == 0


@either
def test_the_end_of_the_search_ends_a_trial_that_hangs_and_queues_it_again(played: Played) -> None:
    search = played.searches["end"]
    assert search.names("FAIL") == ["hanging-0"]
    assert (search.studies["hanging"].budget_used, waiting(search.studies["hanging"])) == (0, 1)
    reasons = [each.reason for each in search.events if isinstance(each, TrialFinished)]
    assert reasons == ["the time of the search was up before this trial ended"]


@either
def test_nothing_is_printed_or_left_behind(played: Played) -> None:
    assert played.printed == b""
    assert played.left == set()


@with_ray
def test_both_runners_run_and_stop_the_same_trials_with_the_same_results(local: Played, on_ray: Played) -> None:
    for name in ("whole", "rungs"):
        one, other = local.searches[name], on_ray.searches[name]
        assert one.settings() == other.settings()
        assert one.results() == other.results()
        assert one.stopped() == other.stopped()
    assert local.values == on_ray.values


@with_ray
def test_a_trial_whose_process_ended_is_run_again_and_counts_once(on_ray: Played) -> None:
    studies = on_ray.searches["bad ends"].studies
    lost, again = studies["unlucky"].records
    assert (lost.settings, lost.ending, again.ending) == (again.settings, Ending.LOST, Ending.COMPLETE)
    assert studies["unlucky"].budget_used == 1


@with_ray
def test_a_job_that_ends_its_process_has_failed_and_others_have_their_values(on_ray: Played) -> None:
    assert isinstance(on_ray.after_death[0], Failed)
    assert on_ray.after_death[0].reason.startswith("the worker process ended")
    assert on_ray.after_death[1:] == [7, 7]
