"""Whoever looks at a search may go away, and what draws it may fail: the work is done and the model is there."""

import shlex
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from mthn_automl.storage import read_json
from tests.command import PROGRAM
from tests.faults.runs import CHECKOUT, written

pytestmark = [pytest.mark.faults, pytest.mark.slow]

STREAMS = [
    pytest.param("2>&-", 0, id="stderr is closed", marks=pytest.mark.soak),
    pytest.param(">&-", 0, id="stdout is closed", marks=pytest.mark.soak),
    pytest.param(">&- 2>&-", 0, id="both are closed"),
    pytest.param("2> >(head -c 1 > /dev/null)", 0, id="who reads stderr goes"),
    pytest.param("2>&1 | head -1; exit ${PIPESTATUS[0]}", 1, id="who reads both goes"),
]
SMALL = ("--architectures", "ridge", "--trials", 3, "--runner", "local", "--no-ablation", "--folds", 2, "--seeds", 1)


def in_the_shell(words: tuple[object, ...], streams: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = f"{shlex.join(map(str, (*PROGRAM, *words)))} {streams}"
    given = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(CHECKOUT), **environment}
    return subprocess.run(["bash", "-c", command], env=given, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize(("streams", "code"), STREAMS)
def test_a_stream_that_is_closed_or_breaks_ends_no_search(tmp_path: Path, streams: str, code: int) -> None:
    done = in_the_shell((*written(tmp_path), *SMALL, "--output", tmp_path / "run"), streams)
    assert (done.returncode, "Traceback" in done.stdout + done.stderr) == (code, False)
    assert read_json(tmp_path / "run" / "summary.json")["finished"]
    assert (tmp_path / "run" / "model" / "config.json").exists()
    assert {each.suffix for each in (tmp_path / "run" / "figures").iterdir()} == {".svg", ".png", ".csv"}


def test_a_library_that_cannot_draw_ends_no_search_and_notes_stay_out_of_the_predictions(tmp_path: Path) -> None:
    """Notes of unknown tasks go to a stderr that is closed, whose number the next file that is opened would get."""
    (tmp_path / "broken" / "altair").mkdir(parents=True)
    (tmp_path / "broken" / "altair" / "__init__.py").write_text("raise MemoryError('no room to draw')")
    words = (*written(tmp_path), *SMALL, "--output", tmp_path / "run")
    done = in_the_shell(words, "", PYTHONPATH=f"{tmp_path / 'broken'}:{CHECKOUT}")
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert "Figures or the page are missing, everything else is there: MemoryError: no room to draw." in done.stderr
    assert read_json(tmp_path / "run" / "summary.json")["finished"]
    rows = pd.read_csv(tmp_path / "data.csv").assign(task="never seen")
    rows.to_csv(tmp_path / "new.csv", index=False)
    done = in_the_shell(("predict", tmp_path / "run", tmp_path / "new.csv", "--output", tmp_path / "p.csv"), "2>&-")
    assert (done.returncode, len(pd.read_csv(tmp_path / "p.csv"))) == (0, len(rows))
