"""The page drawn again from a run's folder, by a process that has neither the data nor a model."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mthn_automl.data.problems import planted
from mthn_automl.run.folder import RunFolder
from mthn_automl.storage import write_json
from tests.command import as_process, in_process

pytestmark = pytest.mark.pictures

COMPARED = """
import sys
from mthn_automl.run.comparing import compare
compare(*sys.argv[1:], output="page.html")
print([name for name in ("torch", "ray", "optuna") if name in sys.modules])
"""
LOADED = "import sys, mthn_automl.run.page; print([name for name in ('torch', 'ray', 'optuna') if name in sys.modules])"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    data, meta = planted(tasks=9, rows=14)
    data.to_csv(folder / "data.csv", index=False)
    meta.to_csv(folder / "meta.csv", index=False)
    words = ("--architectures", "ridge,mixed_effects,single_task", "--trials", 3, "--runner", "local", "--folds", 2)
    ended = in_process(folder, "search", "data.csv", "--meta", "meta.csv", *words, "--output", "run", "--no-ablation")
    assert ended.code == 0, ended.err
    return folder / "run"


def copy(run: Path, folder: Path) -> Path:
    shutil.copytree(run, folder / "run")
    return folder / "run"


def test_a_search_leaves_a_page_that_tells_of_its_tasks_and_of_what_is_usual(run: Path) -> None:
    page = (run / "report.html").read_text()
    assert "LightGBM with its defaults, the task as a category and the metadata joined has" in page
    assert "network of each task&#39;s own" in page
    tasks = pd.read_csv(run / "tasks.csv")
    assert len(tasks) == 9
    assert tasks["own_error"].notna().all()


def test_the_page_is_drawn_again_the_same_from_the_folder_alone(run: Path, tmp_path: Path) -> None:
    moved = copy(run, tmp_path)
    for needless in ("model", "models", "trials", "figures"):
        shutil.rmtree(moved / needless)
    (moved / "report.html").unlink()
    ended = as_process(tmp_path, "report", "run")
    assert (ended.code, ended.out.strip(), ended.err) == (0, str(Path("run", "report.html")), "")
    assert (moved / "report.html").read_text() == (run / "report.html").read_text()
    assert (moved / "figures" / "tradeoff.svg").exists()


def test_drawing_it_needs_no_library_that_trains() -> None:
    assert subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_what_is_no_run_or_is_damaged_is_said_and_the_old_page_stays(run: Path, tmp_path: Path) -> None:
    ended = in_process(tmp_path, "report", "nowhere")
    assert ended.code == 2
    assert "nowhere must be a finished run, however it has no summary.json" in ended.err
    moved = copy(run, tmp_path)
    (moved / "tasks.csv").write_text("task,rows\na,many\n")
    ended = in_process(tmp_path, "report", "run")
    assert ended.code == 1
    assert "tasks.csv" in ended.err
    assert "Traceback" not in ended.err
    (moved / "tasks.csv").unlink()
    ended = in_process(tmp_path, "report", "run")
    assert ended.code == 1
    assert "tasks.csv is wrong: No such file" in ended.err
    assert (moved / "report.html").read_text() == (run / "report.html").read_text()


@pytest.fixture
def two(run: Path, tmp_path: Path) -> Path:
    """A folder with the run, and a copy of it that says it was asked with another seed."""
    copy(run, tmp_path)
    shutil.copytree(run, tmp_path / "other")
    RunFolder(tmp_path / "other").keep_options(seed=1)
    return tmp_path


def change(folder: Path, **changed: Any) -> None:
    """In summary.json."""
    other = RunFolder(folder)
    write_json(other.summary, {**other.read_summary(), **changed})


def test_two_runs_are_put_side_by_side_on_a_page_of_their_own(two: Path) -> None:
    ended = in_process(two, "report", "run", "--compare", "other")
    assert (ended.code, ended.out.strip(), ended.err) == (0, str(Path("run", "compare-other.html")), "")
    page = (two / "run" / "compare-other.html").read_text()
    assert "A is run and B is other. They have the same data file, the same folds and the same test rows." in page
    assert "--seed (0 in A, 1 in B)." in page
    assert "They predict alike." in page
    ended = in_process(two, "report", "run", "--compare", "other", "--output", "elsewhere/page.html")
    assert (ended.code, ended.out.strip()) == (0, "elsewhere/page.html")
    assert (two / "elsewhere" / "page.html").read_text() == page


def test_comparing_needs_no_library_that_trains(two: Path) -> None:
    words = [sys.executable, "-c", COMPARED, "run", "other"]
    assert subprocess.run(words, capture_output=True, text=True, check=True, cwd=two).stdout == "[]\n"


def unfinished(folder: Path) -> None:
    (folder / "summary.json").unlink()


def stopped(folder: Path) -> None:
    change(folder, finished=False)


def of_another_metric(folder: Path) -> None:
    change(folder, metric="mae")


def of_other_targets(folder: Path) -> None:
    change(folder, data={**RunFolder(folder).read_summary()["data"], "targets": ["weight"]})


@pytest.mark.parametrize(
    ("make", "told"),
    [
        pytest.param(unfinished, "must be finished, however other has no summary.json", id="unfinished"),
        pytest.param(stopped, "must be finished, however other was stopped before its end", id="stopped"),
        pytest.param(of_another_metric, "same metric, however run has rmse and other has mae", id="metric"),
        pytest.param(of_other_targets, "targets, however run has 'target' and other has 'weight'", id="targets"),
    ],
)
def test_runs_that_cannot_be_compared_are_refused_in_a_sentence(
    make: Callable[[Path], None], told: str, two: Path
) -> None:
    make(two / "other")
    ended = in_process(two, "report", "run", "--compare", "other")
    assert ended.code == 3
    assert told in " ".join(ended.err.split())
    assert not (two / "run" / "compare-other.html").exists()


def test_a_run_is_not_compared_with_itself_and_output_belongs_to_compare(two: Path) -> None:
    for words, told in ((("--compare", "run/"), "must name another run"), (("--output", "x"), "page of --compare")):
        ended = in_process(two, "report", "run", *words)
        assert ended.code == 2
        assert told in ended.err
    before = (two / "run/summary.json").read_bytes()
    for name in ("run/summary.json", "other/report.html"):
        ended = in_process(two, "report", "run", "--compare", "other", "--output", name)
        assert ended.code == 2
        assert "must name a page of its own that ends in .html" in ended.err
    assert (two / "run/summary.json").read_bytes() == before
