"""Files that CatBoost cannot read, or would die of, are read by another process first; other fields are checked too."""

import signal
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mthn_automl.data.encoding import Flags
from mthn_automl.errors import FormatError
from tests.contracts import zoo

catboost = pytest.importorskip("catboost")

from mthn_automl.models.catboost import CatBoost, CatBoostSettings  # noqa: E402
from mthn_automl.models.parts import elsewhere  # noqa: E402


def state_of(dataset: Any, **chosen: Any) -> dict[str, Any]:
    model = CatBoost(CatBoostSettings(**chosen))
    model.fit(dataset, flags=Flags.of(dataset), seed=0, rounds=3)
    return model.state()


@pytest.fixture(scope="module")
def states() -> list[dict[str, Any]]:
    """Of several targets, of classes, of nothing to learn, and with statistics of categories."""
    return [
        state_of(zoo.several_targets()),
        state_of(zoo.multiclass()),
        state_of(zoo.constant_target()),
        state_of(zoo.missing_values(), most_one_hot=2, combined=2),
    ]


def with_model(state: dict[str, Any], model: bytes) -> dict[str, Any]:
    first, *others = state["sums"]
    return {**state, "sums": [{**first, "model": np.frombuffer(model, dtype=np.uint8)}, *others]}


def test_what_this_package_writes_is_read_by_one_process_that_leaves_nothing(
    states: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, run = [], subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda *given, **named: begun.append(given) or run(*given, **named))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    CatBoost.refuse_states(states)
    assert len(begun) == 1
    assert not list(tmp_path.iterdir())


def test_damaged_bytes_are_refused_by_what_catboost_says(states: list[dict[str, Any]]) -> None:
    whole = states[3]["sums"][0]["model"].tobytes()
    with pytest.raises(FormatError, match="must be one that CatBoost can read and predict with, however "):
        CatBoost.refuse_states([states[0], with_model(states[3], whole[: len(whole) // 2])])


def test_a_model_of_other_columns_or_outputs_is_refused(states: list[dict[str, Any]]) -> None:
    of_classes = states[1]["sums"][0]["model"].tobytes()
    with pytest.raises(FormatError, match="it has 5 columns where the rows have 6"):
        CatBoost.refuse_states([with_model(states[0], of_classes)])
    narrower = {**states[1], "classes": {"count": 3, "present": (0, 2)}}
    with pytest.raises(FormatError, match="a tree has more or fewer leaves than its splits make"):
        CatBoost.refuse_states([narrower])


def test_a_process_that_dies_or_takes_too_long_is_told(
    states: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = tmp_path / "reader.py"
    monkeypatch.setattr(elsewhere, "READER", reader)
    reader.write_text(f"import os; os.kill(os.getpid(), {int(signal.SIGSEGV)})")
    with pytest.raises(FormatError, match="the process that read it was ended by SIGSEGV"):
        CatBoost.refuse_states(states)
    reader.write_text("import time; time.sleep(60)")
    with pytest.raises(FormatError, match="reading it took more than 1 seconds"):
        elsewhere.read_elsewhere([elsewhere.Wanted(b"", 1, 1, 1)], seconds=1.0)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("start", np.array([np.nan, 0.0, 0.0]), "must start from 3 finite scores"),
        ("start", np.zeros(2), "must start from 3 finite scores"),
        ("sums", [], "must have 3 sums of trees, however it has 0"),
    ],
)
def test_other_fields_are_checked(states: list[dict[str, Any]], field: str, value: Any, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        CatBoost(CatBoostSettings()).restore({**states[0], field: value})


@pytest.mark.parametrize("count", [-1, 1.5, True])
def test_a_count_of_parameters_is_a_count(states: list[dict[str, Any]], count: Any) -> None:
    sums = [{**each, "parameters": count} for each in states[0]["sums"]]
    with pytest.raises(FormatError, match="must have a count of parameters"):
        CatBoost(CatBoostSettings()).restore({**states[0], "sums": sums})
