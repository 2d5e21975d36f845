"""All seconds of a run count: those before the search are planned with, and what it takes too long is said."""

import re
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mthn_automl.data.problems import planted
from mthn_automl.run import ablation, answer, job, run
from mthn_automl.run.ablation_fits import Case
from mthn_automl.run.job import SearchResult, search
from mthn_automl.tuning.clock import TABLES_AND_FIGURES
from mthn_automl.tuning.runners.runner import Failed
from tests.command import as_process, in_process

LIMIT, READING, DRAWING = 2.0, 0.8, 1.8
DATA, META = planted(4, 10)


@pytest.fixture(scope="module")
def overrun(tmp_path_factory: pytest.TempPathFactory) -> tuple[SearchResult, float]:
    """A run whose data take long to read and whose figures take long to draw, and the seconds that it planned with."""
    planned = []
    prepare, make_plan = job.prepare, run.make_plan

    def read_slowly(*given: Any) -> Any:
        time.sleep(READING)
        return prepare(*given)

    def noted(*given: Any, seconds: float, **more: Any) -> Any:
        planned.append(seconds)
        return make_plan(*given, seconds=seconds, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "prepare", read_slowly)
        patch.setattr(run, "make_plan", noted)
        patch.setattr(answer, "draw", lambda *given: time.sleep(DRAWING))
        folder = tmp_path_factory.mktemp("overrun") / "run"
        given = {"architectures": "ridge", "runner": "local", "no_ablation": True, "time_limit": LIMIT}
        found = search(DATA, META, output=folder, **given)
    return found, planned[0]


def test_a_plan_is_made_for_the_time_that_reading_has_left(overrun: tuple[SearchResult, float]) -> None:
    assert 0 < overrun[1] <= LIMIT - READING


def test_the_time_before_the_search_is_in_the_summary(overrun: tuple[SearchResult, float]) -> None:
    seconds = overrun[0].summary["seconds"]
    assert next(iter(seconds)) == "start"
    assert seconds["start"] >= READING


def test_a_run_that_took_too_long_says_by_how_much_and_what_for(overrun: tuple[SearchResult, float]) -> None:
    last = (overrun[0].folder / "run.log").read_text().splitlines()[-1]
    said = re.search(r"The time limit of 2 s was exceeded by (\d+) s: (.*)\.$", last)
    assert said is not None
    assert int(said[1]) >= 1
    assert re.search(r"figures (\d+) s$", said[2])


def test_a_run_that_kept_its_limit_says_nothing_of_it(tmp_path: Path) -> None:
    given = {"architectures": "ridge", "runner": "local", "no_ablation": True, "trials": 1, "time_limit": 600}
    found = search(DATA, META, output=tmp_path / "run", **given)
    assert "exceeded" not in (found.folder / "run.log").read_text()


def test_where_no_time_is_left_the_ablation_takes_a_moment_at_most() -> None:
    """Five seconds of it were taken all the same, of fits that were then cut off and told nothing."""

    def seconds(left: float | None, start: float = 3.0) -> float | None:
        clock = SimpleNamespace(left=lambda: left)
        return ablation._seconds(SimpleNamespace(clock=clock, worker_start=SimpleNamespace(seconds=start)))

    assert (seconds(None), seconds(0.0), seconds(5.0)) == (None, 1.0, 1.0)
    assert seconds(TABLES_AND_FIGURES + 4.0) == 4.0
    assert seconds(34.0, start=14.0) == 20.0, "figures, too, are slow where workers are slow to start"


def test_time_is_kept_for_predicting_test_rows_by_each_best_trial_and_by_the_ensemble() -> None:
    best = {name: (0, SimpleNamespace(predict_us_per_row=each)) for name, each in (("ridge", 1.0), ("forest", 99.0))}
    for rows, seconds in ((None, 0.0), (range(40_000), 8.0)):
        assert ablation._predicting_seconds(SimpleNamespace(test=rows, best=lambda: best)) == pytest.approx(seconds)


def test_no_further_fit_sends_the_verdict_to_workers_that_start_too_late_for_it() -> None:
    """Ten of them would make two workers quicker, which take 14 of 17 s to start; here both fits have 8.5 s each."""

    def asked(extras: int, seconds: float | None) -> tuple[bool, list[float | None]]:
        """Whether fits are made in this process, and the limits of those that give the verdict, and of others begun."""
        given = list[tuple[bool, list[float | None]]]()

        def made(jobs: list[float | None], *, here: bool, latest: float | None) -> list[object]:
            given.append((here, jobs))
            return [Failed("not made")] * len(jobs)

        run = SimpleNamespace(
            runner=SimpleNamespace(workers=2, run=made),
            worker_start=SimpleNamespace(seconds=14.0),
            interruption=SimpleNamespace(number=1),
        )
        fitting = SimpleNamespace(run=run, seconds=lambda case: 5.0, job=lambda case, seconds=None, ends=None: seconds)
        cases = [Case("hypernetwork", f"variant {number}", "seen") for number in range(2 + extras)]
        ablation.fitted(fitting, cases[:2], cases[2:], seconds)
        return given[0]

    assert asked(0, 17.0) == asked(10, 17.0) == (True, [8.5, 8.5])
    assert asked(10, 24.0) == (False, [10.0, 10.0, *[None] * 10])
    assert asked(10, None) == (False, [None] * 12)


@pytest.mark.ray
@pytest.mark.soak
def test_a_search_with_ray_is_over_in_its_time(tmp_path: Path) -> None:
    """From the first moment of the command to its last, on a machine that does nothing else."""
    assert in_process(tmp_path, "example", "cubic", "cubic").code == 0
    words = ("--meta", "cubic/meta.csv", "--workers", 2, "--architectures", "ridge,hypernetwork", "--output", "run")
    started = time.monotonic()
    ended = as_process(tmp_path, "search", "cubic/data.csv", *words, "--time-limit", "20s")
    assert ended.code == 0, ended.err
    assert time.monotonic() - started <= 20 * 1.1 + 10


def test_a_plan_is_possible_where_nothing_is_left(tmp_path: Path) -> None:
    """A moment is taken all the same, so that there is a model at all."""
    given = {"architectures": "ridge", "runner": "local", "no_ablation": True, "time_limit": 0.01}
    assert search(DATA, META, output=tmp_path / "run", **given).best["architecture"] == "ridge"
