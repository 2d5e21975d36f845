"""A journal that was torn, zeroed or locked by a death opens, has lost one record at most, and goes on."""

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
from tests.tuning import toys

pytestmark = pytest.mark.faults

CHECKOUT = Path(__file__).parents[2]
TWO_RECORDS = 310
"""The longest that the last two records of the journal below may be."""
READ = """
import sys
from pathlib import Path
from optuna import load_study
from mthn_automl.tuning.journal import open_journal
study = load_study(study_name="toy", storage=open_journal(Path(sys.argv[1]))[1])
print(*(trial.state.name for trial in study.trials))
"""


def opened(journal: Path) -> Studies:
    space = build_space(toys.toy_space(journal.parent), has_metadata=True)
    return Studies(journal, {"toy": space}, seed=0)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Three trials that are complete, and one that has failed; how that was recorded comes last."""
    journal = tmp_path_factory.mktemp("whole") / "study.journal"
    studies = opened(journal)
    for error in (0.7, 0.6, 0.5):
        studies.complete("toy", studies.ask("toy").number, toys.result(error), 1.0)
    studies.fail("toy", studies.ask("toy").number, "why", 2.0)
    return journal.read_bytes()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "study.journal"


def records(content: bytes) -> list[bytes]:
    return content.splitlines(keepends=True)


def states(studies: Studies) -> list[str]:
    return [trial.state.name for trial in studies.trials("toy") if trial.state is not TrialState.WAITING]


def assert_goes_on(journal: Path, whole: bytes, lost: int) -> None:
    """All but the last `lost` records are there; the trial they ended can be ended again, and read again."""
    studies = opened(journal)
    assert journal.read_bytes().startswith(b"".join(records(whole)[: -lost or None]))
    assert states(studies) == ["COMPLETE"] * 3 + ["RUNNING" if lost else "FAIL"]
    if lost:
        studies.fail("toy", studies.running()[0][1], "why", 2.0)
    studies.complete("toy", studies.ask("toy").number, toys.result(0.4), 3.0)
    assert states(opened(journal)) == ["COMPLETE"] * 3 + ["FAIL", "COMPLETE"]


def test_the_last_two_records_are_those_of_the_failed_trial(whole: bytes) -> None:
    [elapsed, failed] = [json.loads(line) for line in records(whole)[-2:]]
    assert elapsed["user_attr"] == {"elapsed": 2.0}
    assert failed["state"] == TrialState.FAIL.value
    assert len(b"".join(records(whole)[-2:])) <= TWO_RECORDS


@pytest.mark.parametrize("left", range(TWO_RECORDS))
def test_a_journal_cut_at_any_byte_of_its_last_two_records_goes_on(journal: Path, whole: bytes, left: int) -> None:
    tail = b"".join(records(whole)[-2:])
    journal.write_bytes(whole.removesuffix(tail) + tail[:left])
    assert_goes_on(journal, whole, lost=2 - tail[:left].count(b"\n"))


ZEROS = [1, 512, 4096]


@pytest.mark.parametrize("zeros", ZEROS)
def test_zeros_behind_the_last_record_cost_nothing(journal: Path, whole: bytes, zeros: int) -> None:
    journal.write_bytes(whole + bytes(zeros))
    assert_goes_on(journal, whole, lost=0)


@pytest.mark.parametrize("zeros", ZEROS)
def test_a_last_record_that_is_zeros_in_its_second_half_costs_that_record(
    journal: Path, whole: bytes, zeros: int
) -> None:
    last = records(whole)[-1]
    journal.write_bytes(whole.removesuffix(last) + last[: len(last) // 2] + bytes(zeros))
    assert_goes_on(journal, whole, lost=1)


@pytest.mark.parametrize("end", [b"\n", b'"}\n'], ids=["its end alone is there", "some of its end is there"])
def test_a_last_record_that_begins_with_zeros_costs_that_record(journal: Path, whole: bytes, end: bytes) -> None:
    last = records(whole)[-1]
    journal.write_bytes(whole.removesuffix(last) + bytes(len(last) - len(end)) + end)
    assert_goes_on(journal, whole, lost=1)


@pytest.mark.parametrize("damage", [bytes(40), b'{"op_code"', b"\xff\xfe"], ids=["zeros", "half a record", "no text"])
def test_damage_further_up_is_refused_with_its_place_and_left_as_it_is(
    journal: Path, whole: bytes, damage: bytes
) -> None:
    lines = records(whole)
    damaged = b"".join([*lines[:4], damage + b"\n", *lines[5:]])
    journal.write_bytes(damaged)
    with pytest.raises(RunError, match=r"study\.journal must hold a record a line, however line 5 is none; put back"):
        opened(journal)
    assert journal.read_bytes() == damaged


def test_a_mended_journal_is_read_by_a_fresh_process(journal: Path, whole: bytes) -> None:
    journal.write_bytes(whole[:-3])
    assert_goes_on(journal, whole, lost=1)
    read = subprocess.run(
        [sys.executable, "-c", READ, str(journal)],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert read.stdout.split() == ["COMPLETE"] * 3 + ["FAIL", "COMPLETE"]


@pytest.mark.parametrize("name", ["study.journal.lock", "study.journal.lock1b9d.rename"])
@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_lock_left_by_a_death_is_removed_and_the_first_write_does_not_wait(
    journal: Path, whole: bytes, kind: str, name: str
) -> None:
    journal.write_bytes(whole)
    lock = journal.parent / name
    lock.touch() if kind == "file" else lock.symlink_to(journal)
    started = time.monotonic()
    opened(journal).ask("toy")
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


@pytest.mark.parametrize("part", [0, 1, 60])
def test_a_record_that_finds_no_room_leaves_no_part_of_itself_and_no_lock(
    journal: Path, whole: bytes, part: int
) -> None:
    journal.write_bytes(whole)
    studies = opened(journal)
    before = journal.read_bytes()
    with (
        pytest.raises(
            StorageError, match=r"room for .*/study\.journal, however the system says 'File too large'; free"
        ),
        room_for(len(before) + part),
    ):
        studies.ask("toy")
    assert journal.read_bytes() == before
    assert [each.name for each in journal.parent.glob("*.lock*")] == []
    started = time.monotonic()
    studies.complete("toy", studies.ask("toy").number, toys.result(0.4), 3.0)
    assert time.monotonic() - started < 5
    assert states(opened(journal))[-1] == "COMPLETE"
