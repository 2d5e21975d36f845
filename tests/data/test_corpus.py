"""Malformed and odd inputs through `check`: each is read, with what was taken said, or refused in one sentence with its
place, as the table of outcomes has it; nothing is left behind, and no input takes more memory than is left.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import in_process
from tests.data.corpus.case import on_a_small_machine, outcome
from tests.data.corpus.large import CASES as LARGE
from tests.data.corpus.large import wide
from tests.data.corpus.outcomes import cases, read, shown

CASES = cases()
OUTCOMES = read()
MOST_MIB = 600
"""Beyond what the process holds before."""
WRITE_ANEW = "python -m tests.data.corpus writes the table anew; look at its diff"


@pytest.fixture(scope="module", autouse=True)
def little_memory() -> Iterator[None]:
    with on_a_small_machine():
        yield


@pytest.mark.parametrize("key", CASES)
def test_an_odd_input_is_read_or_refused_in_one_sentence(key: str, tmp_path: Path) -> None:
    words = CASES[key].written(tmp_path)
    before = set(tmp_path.rglob("*"))
    ended = in_process(tmp_path, *words)
    assert ended.code in (0, 2, 3), ended.err
    if ended.code:
        assert ended.out == ""
        assert re.fullmatch(r"mthn-automl: [^\n]+\n", ended.err), ended.err
        assert ended.err[:-1].isprintable()
        assert len(ended.err) < 800
    else:
        assert ended.err == ""
    assert set(tmp_path.rglob("*")) == before
    assert outcome(ended) == OUTCOMES.get(shown(key)), WRITE_ANEW


def test_what_aims_at_memory_takes_less_than_is_left() -> None:
    """In a process of its own, whose peak is asked for after each."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("the peak of a process is begun anew by Linux alone")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.data.corpus.large"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, tuple[str, int]] = json.loads(done.stdout)
    assert {name: said for name, (said, _) in found.items()} == {
        name: OUTCOMES.get(shown(f"large: {name}")) for name in LARGE
    }, WRITE_ANEW
    assert {name: peak for name, (_, peak) in found.items() if peak > MOST_MIB} == {}


@pytest.mark.soak
def test_a_hundred_thousand_columns_are_described(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(wide(100_000))
    ended = in_process(tmp_path, "check", "data.csv", "--json")
    assert ended.code == 0
    assert len(json.loads(ended.out)["columns"]) == 100_000


def test_the_table_has_all_cases_and_no_other() -> None:
    assert list(OUTCOMES) == [shown(key) for key in (*CASES, *(f"large: {name}" for name in LARGE))]
    assert len(OUTCOMES) >= 150
