"""The page drawn again from a run's folder, by a process that has neither the data nor a model."""

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from mthn_automl.data.problems import planted
from tests.command import as_process, in_process

pytestmark = pytest.mark.pictures

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
    assert (moved / "report.html").read_text() == (run / "report.html").read_text()
