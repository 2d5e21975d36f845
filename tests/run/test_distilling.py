"""A run that is distilled: a small model of its own, and what it says of itself."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest

from mthn_automl import distill, load_model, search
from mthn_automl.data.problems import planted
from mthn_automl.data.read import read_dataset
from mthn_automl.errors import DataError, NothingFinishedError, RunError, UsageError
from mthn_automl.run import distilling
from mthn_automl.run.distilling import gain_kept
from mthn_automl.tuning import plan
from mthn_automl.tuning.distillation import soft
from tests.command import in_process

FEW = {"architectures": "hypernetwork,kernel_ridge,gradient_boosting", "trials": 3, "folds": 2, "seeds": 1}
ALWAYS = {"runner": "local", "no_ablation": True}


@pytest.fixture(scope="module", autouse=True)
def few_steps() -> Iterator[None]:
    with patch.object(plan, "STEPS_WANTED", 60):
        yield


@pytest.fixture(scope="module", params=["numbers", "classes"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of files, which it remembers."""
    folder = tmp_path_factory.mktemp(request.param)
    data, meta = planted(6, 20)
    if request.param == "classes":
        data["target"] = pd.cut(data["target"], [-9, -0.5, 0.5, 9], labels=["low", "mid", "high"]).astype(str)
    data.to_csv(folder / "data.csv", index=False)
    meta.to_csv(folder / "meta.csv", index=False)
    return search(folder / "data.csv", folder / "meta.csv", output=folder / "run", **FEW, **ALWAYS).folder


def test_leaves_a_model_within_the_limit_whose_errors_are_those_of_its_predictions(run: Path) -> None:
    ended = in_process(run.parent, "distill", run, "--max-parameters", "4k", "--trials", 2, "--json")
    assert ended.code == 0, ended.err
    said = json.loads(ended.out)
    folder = Path(said["model"])
    assert folder == run / "distilled"
    assert said["parameters"] <= 4000
    assert json.loads((folder / "config.json").read_text())["architecture"] == "hypernetwork"
    stored = pd.read_parquet(run / "predictions.parquet")
    test = stored[(stored["role"] == "test") & (stored["architecture"] == said["single"])]
    rows = pd.read_csv(run.parent / "data.csv").iloc[test["row"]]
    found = load_model(folder).predict(rows)
    if said["metric"] == "rmse":
        error = np.sqrt(np.mean((found["prediction"].to_numpy() - test["target"].to_numpy()) ** 2))
    else:
        chosen = [found[f"probability_{name}"].iloc[place] for place, name in enumerate(test["target"])]
        error = -np.log(chosen).mean()
    assert error == pytest.approx(said["test_error"], rel=1e-4)
    board = pd.read_csv(run / "leaderboard.csv").set_index("architecture")
    assert said["single_test_error"] == pytest.approx(board.loc[said["single"], "test_error"])
    assert said["teacher_test_error"] == pytest.approx(board.loc[said["teacher"], "test_error"])
    assert said["teacher_cv_error"] == pytest.approx(board.loc[said["teacher"], "cv_error"])
    assert json.loads((folder / "metrics.json").read_text())["test_error"] == said["test_error"]
    again = in_process(run.parent, "distill", run)
    assert again.code == 2
    assert "must be a new folder or an empty one" in again.err


def test_the_student_states_what_a_model_of_the_run_states(run: Path, tmp_path: Path) -> None:
    """Its card, intervals of numbers, the temperature of probabilities, and a latency that it keeps."""
    with patch.object(distilling, "calibrated", lambda probability, *_: (2.0, probability)):
        found = distill(run, max_parameters="4k", max_latency=1e6, trials=1, output=tmp_path / "student")
    card = (tmp_path / "student" / "README.md").read_text()
    assert 0 < found.summary["predict_us_per_row"] < 1e6
    assert "- Limits asked for: 4,000 parameters, 1e+06 us to predict a row" in card
    assert "## Data\n- Data: `data.csv`, SHA-256 `" in card
    assert re.search(r"The model's (rmse|log_loss) is [0-9.]+ \[.*\] on 2\d new rows of 6 known tasks", card)
    rows = pd.read_csv(run.parent / "data.csv")
    if found.summary["metric"] == "rmse":
        assert "Intervals: from residuals of" in card
        split = pd.read_parquet(run / "splits.parquet")
        table = found.model.predict(rows.iloc[split["row"][split["role"] == "test"]], interval=0.8)
        assert (table["low"] < table["high"]).all()
    else:
        assert not (tmp_path / "student" / "calibration.json").exists()
        assert "Probabilities: calibrated, at a temperature of 2" in card
        assert json.loads((tmp_path / "student" / "config.json").read_text())["temperature"] == 2.0


def test_a_last_student_that_takes_too_long_is_not_kept(run: Path, tmp_path: Path) -> None:
    """Students of the folds were quick enough, one by one, and that of all rows is not."""
    taken = iter([1.0, 1.0, 9.0, 9.0])
    with (
        patch.object(distilling, "_microseconds", lambda *_: next(taken)),
        pytest.raises(NothingFinishedError, match="must take at most 5 us, however it takes 9; widen them"),
    ):
        distill(run, max_latency=5.0, trials=2, output=tmp_path / "student")
    assert not (tmp_path / "student").exists()
    taken = iter([1.0, 2.0, 9.0, 3.0])
    with patch.object(distilling, "_microseconds", lambda *_: next(taken)):
        found = distill(run, max_latency=5.0, trials=2, output=tmp_path / "student")
    assert found.summary["predict_us_per_row"] == 3.0  # that of the next best recipe


def test_refuses_what_cannot_be_and_writes_nothing(run: Path, tmp_path: Path) -> None:
    with pytest.raises(NothingFinishedError, match="keeps the limits"):
        distill(run, max_parameters=3, output=tmp_path / "student")
    with pytest.raises(UsageError, match="--trials must be at least 1"):
        distill(run, trials=0, output=tmp_path / "student")
    with pytest.raises(UsageError, match="--max-latency must be above 0"):
        distill(run, max_latency=0.0, output=tmp_path / "student")
    data = pd.read_csv(run.parent / "data.csv")
    with pytest.raises(RunError):
        distill(run, data=data.iloc[1:], output=tmp_path / "student")
    assert not (tmp_path / "student").exists()


def test_folds_in_time_are_refused_with_a_sentence(tmp_path: Path) -> None:
    data, meta = planted(4, 20)
    data["day"] = np.tile(np.arange(20.0), 4)
    found = search(data, meta, time="day", output=tmp_path / "run", **{**FEW, "trials": 1}, **ALWAYS)
    with pytest.raises(DataError, match="folds roll forward in time"):
        distill(found.folder, data=data, meta=meta)
    shutil.rmtree(found.folder)


@pytest.mark.parametrize(("classes", "kept"), [(300, 200), (3, 3)])
def test_a_teacher_that_is_sure_of_no_class_teaches_the_likeliest(classes: int, kept: int) -> None:
    """Of three hundred classes none of which has half a per cent; and of three."""
    data = pd.DataFrame({"task": "a", "x": np.arange(2.0 * classes), "target": [f"c{n}" for n in range(classes)] * 2})
    rows = read_dataset(data, problem="multiclass")
    probability = np.linspace(1.0, 1.1, classes)[None] / np.linspace(1.0, 1.1, classes).sum()
    copies = soft(rows, np.repeat(probability, len(rows), axis=0), np.ones(len(rows)))
    assert copies.weight is not None
    assert (len(copies), copies.weight.sum()) == (kept * len(rows), pytest.approx(len(rows)))
    assert set(copies.target[:, 0]) == set(range(classes - kept, classes))


def test_the_share_of_a_gain_is_of_what_the_teacher_is_better_by() -> None:
    assert gain_kept(0.9, 0.8, 1.0) == pytest.approx(0.5)
    assert gain_kept(1.1, 0.8, 1.0) == pytest.approx(-0.5)
    assert gain_kept(0.9, 1.0, 1.0) is None
