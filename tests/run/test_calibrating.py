"""A search writes intervals whose width for tasks never seen comes of such tasks, or of tasks it is not told."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mthn_automl import search
from mthn_automl.data.problems import planted
from mthn_automl.run.calibrating import MOST_ROWS, _some_of_each_task, _task_known
from mthn_automl.run.job import SearchResult

DATA, META = planted(tasks=18, rows=20)
NEW = planted(tasks=20, rows=20)[0].tail(20).assign(task="never seen")


def searched(folder: Path, **given: Any) -> SearchResult:
    usual = {"architectures": "ridge,gradient_boosting", "trials": 2, "folds": 3, "runner": "local"}
    return search(DATA, META, output=folder / "run", no_ablation=True, **usual, **given)


@pytest.fixture(scope="module")
def within(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    """New rows of known tasks are sealed."""
    return searched(tmp_path_factory.mktemp("within"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    """Whole tasks are sealed, and held out in folds."""
    return searched(tmp_path_factory.mktemp("whole"), holdout_tasks=0.2)


def stored(found: SearchResult) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((found.folder / "model" / "calibration.json").read_text())
    return read


def widths(found: SearchResult, rows: Any) -> np.ndarray:
    table = found.model.predict(rows, interval=0.9)
    return np.asarray(table["high"] - table["low"])


@pytest.mark.filterwarnings("ignore::mthn_automl.errors.UnknownWarning")
def test_a_task_never_seen_gets_wider_intervals_than_the_mean_known_one(within: SearchResult) -> None:
    assert stored(within)["new_tasks"] == within.summary["intervals"]["of_new_tasks"] == "estimated"
    assert (widths(within, NEW) > widths(within, DATA).mean()).all()


@pytest.mark.filterwarnings("ignore::mthn_automl.errors.UnknownWarning")
def test_where_whole_tasks_are_held_out_their_rows_tell_and_known_tasks_get_the_same(whole: SearchResult) -> None:
    told = whole.summary["intervals"]
    assert stored(whole)["new_tasks"] == told["of_new_tasks"] == "measured"
    assert [each["known"] for each in stored(whole)["targets"]] == [None]
    assert (told["known_tasks"], told["new_tasks"]) == (None, told["coverage"])
    assert len(np.unique(np.concatenate([widths(whole, NEW), widths(whole, DATA)]).round(9))) == 1


def test_every_model_of_a_run_states_intervals_and_the_winner_s_are_those_of_the_run(within: SearchResult) -> None:
    models = {each.name: (each / "calibration.json").read_bytes() for each in (within.folder / "models").iterdir()}
    assert {"ridge", "gradient_boosting"} <= set(models)
    winner = within.best["architecture"]
    assert (within.folder / "model" / "calibration.json").read_bytes() == models[winner]


def test_rows_are_of_as_many_tasks_as_there_is_room_for() -> None:
    task = np.concatenate([np.full(5 * MOST_ROWS, 0), np.arange(1, 400).repeat(3)])
    some = _some_of_each_task(task)
    counts = np.bincount(task[some])
    assert len(some) == len(set(some.tolist())) == MOST_ROWS
    assert (counts[1:] == 3).all()
    assert len(_some_of_each_task(np.arange(3 * MOST_ROWS))) == MOST_ROWS
    assert list(_some_of_each_task(np.array([1, 0, 1]))) == [0, 1, 2]


@pytest.mark.parametrize(
    ("fold", "forward", "known"),
    [
        ([0, 1, 0, 1], False, [True, True, True, True]),
        ([0, 0, 1, 1], False, [False, False, False, False]),
        ([0, -1, 0, 0], False, [True, False, False]),
        ([0, 1, -1, 0], True, [False, True, True]),
    ],
    ids=["within tasks", "whole tasks", "one fold", "later rows"],
)
def test_a_task_is_known_where_the_model_of_a_row_had_rows_of_it(
    fold: list[int], forward: bool, known: list[bool]
) -> None:
    data = SimpleNamespace(fold=np.array(fold), forward=forward, dataset=SimpleNamespace(task=np.array([0, 0, 1, 1])))
    assert list(_task_known(SimpleNamespace(data=data))) == known  # type: ignore[arg-type]
