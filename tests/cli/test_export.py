"""`mthn-automl export` writes a file that is checked, says what it is, and writes nothing where it cannot."""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest

from mthn_automl import load_model
from mthn_automl.deployment.export import check
from mthn_automl.deployment.model_folder import write_model
from tests.command import in_process
from tests.contracts import zoo
from tests.deployment.few import frame, members_of, spared


def model(folder: Path, name: str = "ridge") -> Path:
    write_model(folder / "model", name, members_of(name, zoo.planted), spared(zoo.planted()), {})
    return folder


def predicted(file: Path, rows: pd.DataFrame) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(file, options)
    given = {each.name: rows[each.name].to_numpy()[:, np.newaxis] for each in session.get_inputs()}
    return np.asarray(session.run(["prediction"], given)[0])


def test_the_file_predicts_as_predict_does_and_says_what_it_takes(tmp_path: Path) -> None:
    rows = frame(zoo.planted)
    ended = in_process(model(tmp_path, "ensemble of both"), "export", "model", "--output", "best.onnx")
    assert (ended.code, ended.out) == (0, "")
    assert "ONNX, opset 20 and ai.onnx.ml 5" in ended.err
    assert "Inputs, (rows, 1) each: x0 (double), x1 (double), task (string); of tasks never seen also m0" in ended.err
    assert "standard deviations of the target at most, on 200 rows" in ended.err
    assert "microseconds for a row" in ended.err
    expected = load_model(tmp_path / "model").predict(rows)["prediction"]
    np.testing.assert_allclose(predicted(tmp_path / "best.onnx", rows)[:, 0], expected, rtol=0, atol=1e-6)
    stored = {each.key: each.value for each in onnx.load(tmp_path / "best.onnx").metadata_props}
    assert (stored["problem"], json.loads(stored["predictions"])) == ("regression", ["prediction"])
    assert [each["name"] for each in json.loads(stored["inputs"])] == ["x0", "x1", "task", "m0", "m1", "m2"]


def test_a_task_is_baked_into_a_small_network_without_other_tasks(tmp_path: Path) -> None:
    ended = in_process(model(tmp_path, "hypernetwork"), "export", "model", "--output", "t.onnx", "--task", "task 3")
    rows = frame(zoo.planted)
    assert (ended.code, "Inputs, (rows, 1) each: x0 (double), x1 (double).\n" in ended.err) == (0, True)
    expected = load_model(tmp_path / "model").predict(rows.assign(task="task 3"))["prediction"]
    np.testing.assert_allclose(predicted(tmp_path / "t.onnx", rows)[:, 0], expected, rtol=0, atol=1e-6)
    operators = {node.op_type for node in onnx.load(tmp_path / "t.onnx").graph.node}
    assert operators.isdisjoint({"Gather", "Expand", "LabelEncoder", "Einsum"})


def test_what_does_not_predict_the_same_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "TOLERANCE", -1.0)
    ended = in_process(model(tmp_path), "export", "model", "--output", "best.onnx")
    assert (ended.code, (tmp_path / "best.onnx").exists()) == (1, False)
    assert "An exported model must predict as this one does" in ended.err


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_package_that_is_not_installed_is_named(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    ended = in_process(model(tmp_path), "export", "model", "--output", "best.onnx")
    assert (ended.code, (tmp_path / "best.onnx").exists()) == (2, False)
    assert f"needs the package {package}, however it is not installed: `pip install '.[onnx]'` in a clone" in ended.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--format", "onx"], "--format must be a known one, however it is 'onx'; did you mean 'onnx'?"),
        (["--task", "task3"], "--task must name a task that the model was trained on, however it is 'task3'"),
        (["--interval", "0.9"], "An interval needs a model that keeps residuals of rows it had not seen, however"),
        (["--interval", "9"], "The level of an interval must lie between 0 and 1, such as 0.9, however it is 9."),
        (["--preference", "0.5"], "A preference needs a model that was trained for all of them"),
    ],
)
def test_wrong_use_is_refused(words: list[str], sentence: str, tmp_path: Path) -> None:
    ended = in_process(model(tmp_path), "export", "model", "--output", "best.onnx", *words)
    assert (ended.code, (tmp_path / "best.onnx").exists()) == (2, False)
    assert sentence in ended.err
