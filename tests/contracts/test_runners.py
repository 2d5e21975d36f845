"""What every runner must do: the same trials, scores and values, and an end whatever the models do.

Starting Ray takes seconds, so that each runner is started once, does everything in turn and is then looked at.
"""

import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from mthn_automl import catalogue
from mthn_automl.catalogue import SearchSpace
from mthn_automl.tuning.events import Event, TrialFinished, TrialStarted
from mthn_automl.tuning.final import Refit
from mthn_automl.tuning.local import LocalRunner
from mthn_automl.tuning.runners import Failed, Runner
from mthn_automl.tuning.search import Budget, TrialSource
from mthn_automl.tuning.space import build_space
from mthn_automl.tuning.study import Studies
from tests.tuning import toys

NAMES = ("ridge", "kernel_ridge", "quick_pooled", "broken", "diverging")
ROOT = Path(__file__).parents[2]
TRIALS = 10
LOCAL, RAY = pytest.param("local"), pytest.param("ray", marks=pytest.mark.ray)
with_ray = pytest.mark.ray


@dataclass
class Searched:
    """One search: its studies when it was over, and what was reported of it."""

    studies: Studies
    events: list[Event]

    def settings(self) -> list[tuple[str, int, dict[str, Any]]]:
        return [(name, each.number, each.params) for name in self.studies.spaces for each in self.studies.trials(name)]

    def results(self) -> list[Any]:
        """All of the results but how long they took."""
        found = [(name, *each) for name in self.studies.spaces for each in self.studies.results(name)]
        return [(name, number, replace(each, seconds=0.0, predict_us_per_row=0.0)) for name, number, each in found]


@dataclass
class Played:
    """All that a runner did, what it printed and what it left behind."""

    searches: dict[str, Searched] = field(default_factory=dict)
    values: list[Any] = field(default_factory=list)
    after_death: list[Any] = field(default_factory=list)
    printed: bytes = b""
    left: set[str] = field(default_factory=set)


def play(runner: Runner, folder: Path, *, deadly: bool) -> Played:
    """Searches and jobs of every kind. deadly: also those that end the process that runs them."""
    played, data = Played(), toys.search_data()
    broken = toys.toy_space(folder, "raises", "broken")
    diverging = toys.pooled_space(folder, low=1e30, high=1e31, name="diverging")
    files = {"whole": [*map(catalogue.read, ("ridge", "kernel_ridge")), toys.pooled_space(folder), broken, diverging]}
    if deadly:
        deadly_ones = toys.toy_space(folder, "dies", "deadly"), toys.toy_space(folder, "dies once", "unlucky")
        files["dying"] = [catalogue.read("ridge"), *deadly_ones]
    budget = {"whole": TRIALS, "dying": 3}
    with _caught(folder / "printed") as caught, runner:
        runner.use(data, toys.plan())
        for name, chosen in files.items():
            played.searches[name] = searched(runner, folder / name, chosen, budget[name])
        best = Refit(toys.configuration("ridge", {"alpha": 0.1}), (), 1, None)
        refit, *played.values = runner.run([best, toys.seven, toys.breaks, toys.rows_seen])
        played.values.append(refit.predict(data.dataset).tolist())
        runner.use(data, toys.plan(folds=1))
        played.values += runner.run([toys.rows_seen])
        if deadly:
            played.after_death = [*runner.run([toys.dies, toys.seven]), *runner.run([toys.seven])]
    played.printed = caught.read_bytes()
    return played


def searched(runner: Runner, folder: Path, files: list[SearchSpace], trials: int) -> Searched:
    spaces = {file.name: build_space(file, has_metadata=True) for file in files}
    studies, events = Studies(folder / "study.journal", spaces, seed=3), list[Event]()
    source = TrialSource(
        studies,
        {file.name: file for file in files},
        folder / "trials",
        Budget(trials, lambda: None),
        clock=lambda: 1.0,
        report=events.append,
    )
    runner.search(source)
    assert not source.live
    return Searched(studies, events)


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
    from mthn_automl.tuning.on_ray.runner import RayRunner

    folder = tmp_path_factory.mktemp("ray")
    temporary, results = folder / "temporary", Path.home() / "ray_results"
    temporary.mkdir()
    before = set(results.glob("*"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("TOY_FOLDER", str(folder))
        patch.setattr(tempfile, "tempdir", str(temporary))
        played = play(RayRunner(1, folder / "ray.log"), folder, deadly=True)
    played.left = {each.name for each in (*temporary.iterdir(), *(set(results.glob("*")) - before))}
    return played


@pytest.fixture
def played(request: pytest.FixtureRequest) -> Played:
    return request.getfixturevalue({"local": "local", "ray": "on_ray"}[request.param])  # type: ignore[no-any-return]


either = pytest.mark.parametrize("played", [LOCAL, RAY], indirect=True)


@either
def test_a_search_uses_its_budget_and_ends(played: Played) -> None:
    studies = played.searches["whole"].studies
    assert {name: studies.told(name) for name in studies.spaces} == dict.fromkeys(NAMES, 2)


@either
def test_the_source_is_told_of_each_trial_exactly_once(played: Played) -> None:
    events = played.searches["whole"].events
    begun = [(each.architecture, each.number) for each in events if isinstance(each, TrialStarted)]
    over = [(each.architecture, each.number) for each in events if isinstance(each, TrialFinished)]
    assert begun == over
    assert len(set(over)) == len(over) == TRIALS


@either
@pytest.mark.parametrize("name", ["ridge", "kernel_ridge", "quick_pooled"])
def test_a_good_architecture_has_a_result_a_trial(played: Played, name: str) -> None:
    found = played.searches["whole"].studies.results(name)
    assert [number for number, _ in found] == [0, 1]
    assert all(math.isfinite(result.error) for _, result in found)


@either
@pytest.mark.parametrize(
    ("name", "reason"),
    [("broken", "ValueError: the toy is broken"), ("diverging", "DivergedError: The loss is not finite")],
)
def test_a_model_that_fails_does_so_with_its_reason_and_the_search_goes_on(
    played: Played, name: str, reason: str
) -> None:
    studies = played.searches["whole"].studies
    assert [each.startswith(reason) for each in studies.failures(name)] == [True, True]
    assert (studies.results(name), studies.retries_queued(name)) == ([], 0)


@either
def test_jobs_give_their_values_in_order_and_a_reason_where_one_raised(played: Played) -> None:
    assert played.values[:3] == [7, Failed("ArithmeticError: the job is broken"), (48, 2)]


@either
def test_jobs_see_the_data_and_plan_that_are_in_use(played: Played) -> None:
    assert played.values[-1] == (48, 1)


@either
def test_nothing_is_printed(played: Played) -> None:
    assert played.printed == b""


@either
def test_nothing_is_left_behind(played: Played) -> None:
    assert played.left == set()


@with_ray
def test_both_runners_run_the_same_trials(local: Played, on_ray: Played) -> None:
    assert local.searches["whole"].settings() == on_ray.searches["whole"].settings()


@with_ray
def test_both_runners_give_the_same_results(local: Played, on_ray: Played) -> None:
    assert local.searches["whole"].results() == on_ray.searches["whole"].results()


@with_ray
def test_both_runners_give_the_same_values(local: Played, on_ray: Played) -> None:
    assert local.values == on_ray.values


@with_ray
def test_a_configuration_that_ends_its_process_is_tried_four_times_and_the_search_goes_on(on_ray: Played) -> None:
    studies = on_ray.searches["dying"].studies
    assert studies.failures("deadly") == ["the worker process ended before the trial did, 4 times"]
    settings = [trial.params for trial in studies.trials("deadly")]
    assert settings == settings[:1] * 4
    assert len(studies.results("ridge")) == 1


@with_ray
def test_a_trial_whose_process_ended_once_is_run_again_and_counts_once(on_ray: Played) -> None:
    studies = on_ray.searches["dying"].studies
    lost, again = studies.trials("unlucky")
    assert [number for number, _ in studies.results("unlucky")] == [1]
    assert (lost.params, lost.state.name, studies.told("unlucky")) == (again.params, "FAIL", 1)


@with_ray
def test_a_job_that_ends_its_process_has_failed_and_others_have_their_values(on_ray: Played) -> None:
    assert isinstance(on_ray.after_death[0], Failed)
    assert on_ray.after_death[0].reason.startswith("the worker process ended")
    assert on_ray.after_death[1:] == [7, 7]
