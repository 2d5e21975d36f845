"""A run's answer is exported, checked on its own test rows; members that cannot be written are weighed out."""

import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import pytest

from mthn_automl import export_model, load_model, search
from mthn_automl.deployment.export import whole
from mthn_automl.errors import UnsupportedError, UsageError
from mthn_automl.models.random_forest import RandomForest

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


def test_a_model_that_cannot_be_written_at_all_is_refused(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole, "CONVERTERS", WITHOUT_FORESTS)
    with pytest.raises(UnsupportedError, match=r"random_forest-0.*take another model, such as one of RUN/models"):
        export_model(run / "models" / "random_forest", tmp_path / "best.onnx", without_unsupported=True)
