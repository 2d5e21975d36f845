"""A run's answer is exported, checked on its own test rows; members that cannot be written are weighed out."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest

from mthn_automl import export_model, load_model, search
from mthn_automl.deployment.export import whole
from mthn_automl.errors import UnsupportedError, UsageError
from mthn_automl.models.random_forest import RandomForest
from mthn_automl.report.wording import digits
from mthn_automl.run import exporting
from mthn_automl.run.sealed_rows import RunRows
from mthn_automl.training.mean import Mean, mean_of
from mthn_automl.tuning.ensemble import Candidate, blended, greedy, target_of
from mthn_automl.tuning.objective import SearchData
from tests.contracts import zoo
from tests.deployment.few import predictor
from tests.tuning import toys

WITHOUT_FORESTS = {kind: each for kind, each in whole.CONVERTERS.items() if kind is not RandomForest}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its answer is an ensemble of a linear model and a forest."""
    folder = tmp_path_factory.mktemp("exported")
    random, task = np.random.default_rng(0), np.repeat(np.arange(8), 20)
    line, one, other = random.normal(size=(3, 160))
    steps = 2.0 * (one > 0.3) * (other < 0.2)
    data = pd.DataFrame({"task": task, "line": line, "one": one, "other": other})
    data.assign(target=line + 0.3 * task + steps).to_csv(folder / "data.csv", index=False)
    search(
        folder / "data.csv",
        trials=2,
        folds=2,
        seeds=1,
        architectures="random_forest,mixed_effects",
        runner="local",
        no_ablation=True,
        output=folder / "run",
    )
    assert {each.rpartition("-")[0] for each in load_model(folder / "run").members} == {
        "random_forest",
        "mixed_effects",
    }
    return folder / "run"


def test_the_test_rows_of_the_run_are_compared_too(run: Path, tmp_path: Path) -> None:
    found = export_model(run, tmp_path / "best.onnx")
    assert (tmp_path / "best.onnx").stat().st_size == found.bytes
    assert any("at most, on 232 rows" in each for each in found.sentences)  # a fifth of 160, and those that are drawn


def test_intervals_of_a_run_are_outputs_too(run: Path, tmp_path: Path) -> None:
    found = export_model(run, tmp_path / "best.onnx", interval=0.8)
    assert any("low and high: a number lies between them with a probability of 0.8" in each for each in found.sentences)
    rows = pd.read_csv(run.parent / "data.csv")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(tmp_path / "best.onnx", options)
    given = {name: rows[name].to_numpy()[:, np.newaxis] for name in ("line", "one", "other")}
    given["task"] = rows["task"].astype(str).to_numpy(dtype=object)[:, np.newaxis]
    ends = session.run(["low", "high"], given)
    expected = load_model(run).predict(rows, interval=0.8)
    np.testing.assert_allclose(np.hstack(ends), expected[["low", "high"]], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ("run/model/config.json", "is one; name another"),
        ("run/trials/mixed_effects-0/out_of_fold.npy", "is one; name another"),
        ("data.csv", "is one; name another"),
        ("link.onnx", "is .*tasks.json; name another"),
        ("run/models", "is a folder; name a file in it"),
    ],
)
def test_what_is_read_and_a_folder_are_no_output_and_are_refused_before_the_work(
    output: str, found: str, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "load_model", lambda *_, **__: pytest.fail("the work has begun"))
    link = run.parent / "link.onnx"
    if not link.is_symlink():
        link.symlink_to(run / "model" / "tasks.json")
    path = run.parent / output
    before = None if path.is_dir() else path.read_bytes()
    with pytest.raises(UsageError, match=f"--output must (not )?be a file.*, however .*{found}"):
        export_model(run, path)
    assert before is None or path.read_bytes() == before


def test_where_the_data_are_gone_drawn_rows_are_compared_and_that_is_said(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    config = tmp_path / "run" / "config.resolved.toml"
    config.write_text(config.read_text().replace("data.csv", "gone.csv"))
    found = export_model(tmp_path / "run", tmp_path / "best.onnx")
    assert "drawn ones alone are compared: The data of this run must be where they were" in found.sentences[0]
    assert any("at most, on 200 rows" in each for each in found.sentences)


def test_a_member_that_cannot_be_written_is_named_or_left_out_at_a_loss_that_is_said(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole, "CONVERTERS", WITHOUT_FORESTS)
    with pytest.raises(UnsupportedError, match=r"random_forest-0: models of RandomForest .* leaves it out"):
        export_model(run, tmp_path / "best.onnx")
    assert not (tmp_path / "best.onnx").exists()
    of_run = export_model(run, tmp_path / "best.onnx", without_unsupported=True)
    assert "The others are weighed mixed_effects-0 1.00; on the out-of-fold rows" in of_run.sentences[0]
    with pytest.raises(UsageError, match="--interval must be of a whole model"):
        export_model(run, tmp_path / "other.onnx", without_unsupported=True, interval=0.8)
    alone = export_model(run / "model", tmp_path / "best.onnx", without_unsupported=True)
    assert "what that costs is not known" in alone.sentences[0]
    assert len(np.unique([of_run.bytes, alone.bytes])) == 1


def test_two_of_three_members_are_weighed_anew_as_the_search_weighs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one between them is left out; the others err in opposite ways, one by half as much as the other."""
    rows, names = zoo.planted(), ("ridge-4", "random_forest-0", "mixed_effects-7")
    error, other = np.random.default_rng(0).normal(size=(2, len(rows), 1))
    target, fold = rows.target, np.arange(len(rows)) % 3
    data = SearchData(rows, fold, "rmse", "rows")
    predictions = [target + error + 0.1 * other, target + 0.01 * other, target - 0.5 * error]
    candidates = [Candidate(toys.result(1.0, models=2), number, each) for number, each in enumerate(predictions)]
    monkeypatch.setattr(exporting, "_candidates", lambda *_: candidates)
    found = predictor("ridge", zoo.planted)
    model = mean_of([found.model] * 3, [0.2, 0.5, 0.3], tasks=len(found.tasks))
    whole = replace(found, model=model, members=names)
    given: Any = (None, RunRows(None, data))
    left, said = exporting._without(whole, {1: "trees"}, given, True)
    expected = greedy(target_of(data, np.arange(len(rows))), predictions[::2], candidates[::2])[-1]
    assert len(expected) == 2
    assert isinstance(left.model, Mean)
    weights = dict(zip(left.members, left.model.weights, strict=True))
    assert weights == pytest.approx({"ridge-4": expected[0], "mixed_effects-7": expected[1]})
    assert weights["mixed_effects-7"] == pytest.approx(2 / 3, abs=0.05)
    together = blended(predictions[::2], expected)
    before = blended(predictions, {0: 0.2, 1: 0.5, 2: 0.3})
    now, then = (float(np.sqrt(np.mean((each - target) ** 2))) for each in (together, before))
    assert said == (
        f"Left out: random_forest-0: trees. The others are weighed mixed_effects-7 {expected[1]:.2f}, ridge-4 "
        f"{expected[0]:.2f}; on the out-of-fold rows that chose them, rmse is {digits(now)}, where "
        f"it was {digits(then)}."
    )


def test_a_model_that_cannot_be_written_at_all_is_refused(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole, "CONVERTERS", WITHOUT_FORESTS)
    with pytest.raises(UnsupportedError, match=r"random_forest-0.*take another model, such as one of RUN/models"):
        export_model(run / "models" / "random_forest", tmp_path / "best.onnx", without_unsupported=True)
