"""The examples run as their own texts say."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from mthn_automl.data.problems import planted
from tests.command import in_process

EXAMPLES = Path(__file__).parents[1] / "examples"
OWN = EXAMPLES / "own_architecture"


def run(folder: Path, *words: object, path: Path | None = None) -> str:
    """What the program prints on stdout."""
    environment = {**os.environ, **({} if path is None else {"PYTHONPATH": str(path)})}
    command = [sys.executable, *map(str, words)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_quick_start_prints_a_leaderboard_and_predictions(tmp_path: Path) -> None:
    printed = run(tmp_path, EXAMPLES / "quick_start.py")
    assert not [name for name in ("hypernetwork", "pooled", "ridge") if f" {name} " not in printed]
    assert "prediction_target1" in printed
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def own_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    data, _ = planted(4, 12)
    data.to_csv(folder / "data.csv", index=False)
    words = ("--space", OWN / "mine.toml", "--architectures", "mine,ridge", "--runner", "local", "--trials", 2)
    words = (*words, "--folds", 2, "--seeds", 1, "--output", "run")
    run(folder, "-m", "mthn_automl.cli.app", "search", "data.csv", *words, path=OWN)
    return folder / "run"


def test_an_own_architecture_is_searched_beside_the_others(own_run: Path) -> None:
    table = pd.read_csv(own_run / "leaderboard.csv").set_index("architecture")
    assert {"mine", "ridge"} <= set(table.index) <= {"mine", "ridge", "ensemble"}
    found = json.loads(table.loc["mine", "settings"])
    assert found.items() >= {"shared": True, "learning_rate": 0.01, "weight_decay": 0.001, "squash": False}.items()
    assert table.loc["mine", "parameters"] == 2 * (4 * 3 + 3)  # a network of each fold
    assert (own_run / "search_spaces" / "mine.toml").read_bytes() == (OWN / "mine.toml").read_bytes()


def test_its_saved_model_predicts(own_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(OWN))
    words = ("predict", own_run / "models" / "mine", own_run.parent / "data.csv")
    refused = in_process(own_run.parent, *words)
    assert (refused.code, "--trust (trust=True) imports it" in refused.err) == (1, True)
    predicted = in_process(own_run.parent, *words, "--trust")
    lines = predicted.out.splitlines()
    assert lines[0] == "row,task,prediction"
    assert len(lines) == 1 + 4 * 12
