"""A search writes intervals whose width for tasks never seen comes of such tasks, or of tasks it is not told."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest

from mthn_automl import search
from mthn_automl.data.problems import planted
from mthn_automl.errors import UnknownWarning
from mthn_automl.run import calibrating
from mthn_automl.run.calibrating import MOST_ROWS, _may_fit, _some_of_each_task, _task_known
from mthn_automl.run.coverage import calibration
from mthn_automl.run.job import SearchResult
from tests.contracts import zoo
from tests.deployment.few import predictor, with_intervals

DATA, META = planted(tasks=18, rows=20)
NEW = planted(tasks=20, rows=20)[0].tail(20).assign(task="never seen")


def searched(folder: Path, **given: Any) -> SearchResult:
    usual = {"architectures": "ridge,gradient_boosting", "trials": 2, "folds": 3, "runner": "local"}
    return search(DATA, META, output=folder / "run", no_ablation=True, **usual, **given)


@pytest.fixture(scope="module")
def within(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    """New rows of known tasks are sealed."""
    with patch.object(calibrating, "MOST_SECONDS", 1e9):  # however busy the machine is
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
    assert stored(within)["new_tasks"] == within.summary["intervals"]["of_new_tasks"] == "measured"
    assert (widths(within, NEW) > widths(within, DATA).mean()).all()
    card = (within.folder / "model" / "README.md").read_text()
    assert (
        "for tasks never seen from 18 tasks held out whole, of which models with the same settings knew no row" in card
    )


def of_noise(tasks: int, columns: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tasks differ in an offset of which their metadata say nothing, though they tell each from all others."""
    random = np.random.default_rng(0)
    offset, names = 2 * random.normal(size=tasks), np.array([f"t{number}" for number in range(tasks)])
    meta = pd.DataFrame(random.normal(size=(tasks, columns))).rename(columns=lambda place: f"m{place}")
    task, x, noise = np.repeat(np.arange(tasks), 12), *random.normal(size=(2, 12 * tasks))
    rows = pd.DataFrame({"task": names[task], "x": x, "target": x + offset[task] + 0.3 * noise})
    return rows, meta.assign(task=names)


@pytest.mark.parametrize(
    ("seconds", "source", "least", "most"), [(1e9, "measured", 0.72, 0.95), (0.0, "estimated", 0.0, 0.65)]
)
def test_where_metadata_tell_tasks_apart_intervals_of_new_ones_hold_as_often_as_they_say_or_say_they_are_estimates(
    seconds: float, source: str, least: float, most: float, tmp_path: Path
) -> None:
    """Models that knew other rows of a task know it by its metadata: their residuals would cover half of the rows."""
    rows, meta = of_noise(60, 12)
    known, asked = rows["task"].isin(meta["task"][:20]), {"runner": "local", "no_ablation": True, "no_ensemble": True}
    with patch.object(calibrating, "MOST_SECONDS", seconds):
        found = search(
            rows[known], meta.head(20), output=tmp_path, architectures="kernel_ridge", trials=1, folds=3, **asked
        )
    assert stored(found)["new_tasks"] == source
    with pytest.warns(UnknownWarning, match="not seen in training") as said:
        table = found.model.predict(rows[~known], meta.tail(40), interval=0.8)
    target = rows["target"][~known]
    assert least < ((table["low"] <= target) & (target <= table["high"])).mean() < most
    estimate = "480 rows of tasks that training has not seen: their intervals are an estimate and no guarantee"
    told = [each for each in said if estimate in str(each.message)]
    assert len(told) == (source == "estimated")
    assert ("an estimate and no guarantee" in (tmp_path / "model" / "README.md").read_text()) == (len(told) > 0)


@pytest.mark.filterwarnings("ignore::mthn_automl.errors.UnknownWarning")
def test_where_whole_tasks_are_held_out_their_rows_tell_and_known_tasks_get_the_same(whole: SearchResult) -> None:
    told = whole.summary["intervals"]
    assert stored(whole)["new_tasks"] == told["of_new_tasks"] == "measured"
    assert [each["known"] for each in stored(whole)["targets"]] == [None]
    assert (told["known_tasks"], told["new_tasks"]) == (None, told["coverage"])
    assert len(np.unique(np.concatenate([widths(whole, NEW), widths(whole, DATA)]).round(9))) == 1


def test_rows_without_an_interval_are_in_no_figure_of_coverage_and_the_others_are() -> None:
    """Half of the rows are of a task never seen, of which five such tasks say too little at the usual level."""
    schema = SimpleNamespace(classes=(), kind=SimpleNamespace(least=-np.inf))
    rows = zoo.planted().take(np.arange(28))
    rows = replace(rows, task=np.where(np.arange(28) < 14, rows.task, 12), tasks=rows.tasks.joined(rows.tasks))
    known = with_intervals(predictor("ridge", zoo.planted), new=5).intervals
    answer: Any = SimpleNamespace(
        run=SimpleNamespace(test=rows, data=SimpleNamespace(dataset=SimpleNamespace(schema=schema, tasks=range(12)))),
        winner="ridge",
        intervals={"ridge": known},
        tested={"ridge": SimpleNamespace(prediction=rows.target)},
    )
    told = calibration(answer)["intervals"]
    assert (told["rows"], told["coverage"], told["known_tasks"], told["new_tasks"]) == (14, 1.0, 1.0, None)
    assert "at most 0.833 by 5 tasks predicted as never seen, however it is 0.9" in told["reason"]
    answer.run.test = rows.take(np.arange(14, 28))
    alone = {"level": 0.9, "reason": known.targets[0].lacking(0.9, new=True) if known else ""}
    answer.tested["ridge"].prediction = answer.run.test.target
    assert calibration(answer)["intervals"] == alone


def test_every_model_of_a_run_states_intervals_and_the_winner_s_are_those_of_the_run(within: SearchResult) -> None:
    models = {each.name: (each / "calibration.json").read_bytes() for each in (within.folder / "models").iterdir()}
    assert {"ridge", "gradient_boosting"} <= set(models)
    winner = within.best["architecture"]
    assert (within.folder / "model" / "calibration.json").read_bytes() == models[winner]


@pytest.mark.parametrize(("usual", "signal", "may"), [(True, None, True), (False, None, False), (True, 15, False)])
def test_trials_are_made_again_where_tasks_may_be_held_out_and_nobody_waits(
    usual: bool, signal: int | None, may: bool
) -> None:
    run: Any = SimpleNamespace(
        options=SimpleNamespace(device="cpu"),
        prepared=SimpleNamespace(sealed=SimpleNamespace(usual=usual)),
        interruption=SimpleNamespace(number=signal),
    )
    assert _may_fit(run) is may


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
