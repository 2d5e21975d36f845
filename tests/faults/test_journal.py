"""A journal that was torn, zeroed or locked by a death opens, has lost one record at most, and goes on."""

import itertools
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from optuna.trial import TrialState

from mthn_automl.errors import RunError, StorageError
from mthn_automl.tuning.space import build_space
from mthn_automl.tuning.studies import Studies
from mthn_automl.tuning.study import Study
from tests.tuning import toys

pytestmark = pytest.mark.faults

CHECKOUT = Path(__file__).parents[2]
READ = """
import sys
from pathlib import Path
from optuna import load_study
from mthn_automl.tuning.journal import open_journal
study = load_study(study_name="toy", storage=open_journal(Path(sys.argv[1]))[1])
print(*(trial.state.name for trial in study.trials))
"""


def opened(journal: Path) -> Study:
    space = build_space(toys.toy_space(journal.parent), has_metadata=True)
    return Studies(journal, {"toy": space}, seed=0)["toy"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Three trials that are complete, and one that has failed, of which the last two records tell."""
    journal = tmp_path_factory.mktemp("whole") / "study.journal"
    study = opened(journal)
    for error in (0.7, 0.6, 0.5):
        study.complete(study.ask().number, toys.result(error), 1.0)
    study.fail(study.ask().number, "why", 2.0)
    ending, failed = map(json.loads, records(journal.read_bytes())[-2:])
    assert (ending["user_attr"], failed["state"]) == ({"ending": "failed"}, TrialState.FAIL.value)
    return journal.read_bytes()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "study.journal"


def records(content: bytes) -> list[bytes]:
    return content.splitlines(keepends=True)


def states(study: Study) -> list[str]:
    return [record.state.name for record in study.records]


def goes_on(journal: Path, torn: bytes, whole: bytes, lost: int) -> bool:
    """Asserts that all but the last `lost` records are there, and that what they ended can be ended and read again."""
    journal.write_bytes(torn)
    study = opened(journal)
    assert journal.read_bytes().startswith(b"".join(records(whole)[: -lost or None]))
    assert states(study) == ["COMPLETE"] * 3 + ["RUNNING" if lost else "FAIL"]
    if lost:
        study.fail(3, "why", 2.0)
    study.complete(study.ask().number, toys.result(0.4), 3.0)
    assert states(opened(journal)) == ["COMPLETE"] * 3 + ["FAIL", "COMPLETE"]
    return True


@pytest.mark.parametrize(
    "step", [pytest.param(8, id="at some bytes"), pytest.param(1, id="at every byte", marks=pytest.mark.soak)]
)
def test_a_journal_cut_in_its_last_two_records_loses_no_more_and_goes_on(
    journal: Path, whole: bytes, step: int
) -> None:
    *_, first, last = records(whole)
    tail, ends = first + last, {len(first) - 1, len(first), len(first) + 1, len(first + last) - 1}
    for left in sorted({*range(0, len(tail), step), *ends}):
        torn = whole.removesuffix(tail) + tail[:left]
        assert goes_on(journal, torn, whole, lost=2 - tail[:left].count(b"\n")), f"{left} bytes of them are left"


def test_zeros_of_a_power_cut_cost_the_record_they_stand_in_at_most(journal: Path, whole: bytes) -> None:
    last = records(whole)[-1]
    before = whole.removesuffix(last)
    for zeros in (1, 512, 4096):
        assert goes_on(journal, whole + bytes(zeros), whole, lost=0)
        assert goes_on(journal, before + last[: len(last) // 2] + bytes(zeros), whole, lost=1)
    for end in (b"\n", b'"}\n'):
        assert goes_on(journal, before + bytes(len(last) - len(end)) + end, whole, lost=1)


def test_damage_further_up_is_refused_with_its_line_and_left_as_it_is(journal: Path, whole: bytes) -> None:
    lines = records(whole)
    for damage in (bytes(40), b'{"op_code"', b"\xff\xfe"):
        damaged = b"".join([*lines[:4], damage + b"\n", *lines[5:]])
        journal.write_bytes(damaged)
        with pytest.raises(
            RunError, match=r"study\.journal must hold a record a line, however line 5 is none; put back"
        ):
            opened(journal)
        assert journal.read_bytes() == damaged


def test_a_mended_journal_is_read_by_a_fresh_process(journal: Path, whole: bytes) -> None:
    assert goes_on(journal, whole[:-3], whole, lost=1)
    command, path = [sys.executable, "-c", READ, str(journal)], {"PYTHONPATH": str(CHECKOUT)}
    read = subprocess.run(command, env=os.environ | path, capture_output=True, text=True, check=True, timeout=60)
    assert read.stdout.split() == ["COMPLETE"] * 3 + ["FAIL", "COMPLETE"]


def test_a_lock_left_by_a_death_is_removed_and_the_first_write_does_not_wait(journal: Path, whole: bytes) -> None:
    for name, kind in itertools.product(("study.journal.lock", "study.journal.lock1b9d.rename"), ("file", "link")):
        journal.write_bytes(whole)
        lock = journal.parent / name
        lock.touch() if kind == "file" else lock.symlink_to(journal)
        started = time.monotonic()
        opened(journal).ask()
        assert time.monotonic() - started < 5  # Optuna gives a lock half a minute
        assert not lock.is_symlink()
        assert not lock.exists()


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_record_that_finds_no_room_leaves_no_part_of_itself_and_no_lock(journal: Path, whole: bytes) -> None:
    no_room = r"room for .*/study\.journal, however the system says 'File too large'; free"
    for part in (0, 1, 60):
        journal.write_bytes(whole)
        study = opened(journal)
        before = journal.read_bytes()
        with pytest.raises(StorageError, match=no_room), room_for(len(before) + part):
            study.ask()
        assert journal.read_bytes() == before
        assert [each.name for each in journal.parent.glob("*.lock*")] == []
        started = time.monotonic()
        study.complete(study.ask().number, toys.result(0.4), 3.0)
        assert time.monotonic() - started < 5
        assert states(opened(journal))[-1] == "COMPLETE"
