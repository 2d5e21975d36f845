"""One process at a time works on a run folder, from before its first file."""

import errno
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from mthn_automl.errors import RunError, StorageError, UsageError
from mthn_automl.run.folder import RunFolder
from mthn_automl.storage import read_json, write_text

CHECKOUT = Path(__file__).parents[2]
HOLD = """
import sys, time
from pathlib import Path
from mthn_automl.errors import MthnError
from mthn_automl.run.folder import RunFolder
print("ready", flush=True)
sys.stdin.readline()
try:
    folder = RunFolder.create(Path(sys.argv[1]))
except MthnError as error:
    print(error, flush=True)
else:
    print("mine", flush=True)
    sys.stdin.readline()
"""


class Process:
    """One that makes the run folder when it is told to, says what came of it, and holds it until it is told to end."""

    def __init__(self, path: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(path)],
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.said() == "ready"

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.communicate()

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def said(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return tmp_path / "run"


def begun(run: Path) -> RunFolder:
    """A run that could be gone on with, in the hands of nobody."""
    folder = RunFolder.create(run)
    folder.write_config({})
    folder.release()
    return RunFolder.existing(run)


def test_of_processes_that_make_the_same_run_at_the_same_moment_one_does(run: Path) -> None:
    with Process(run) as first, Process(run) as second, Process(run) as third:
        processes = first, second, third
        for process in processes:
            process.go()
        said = sorted(process.said() for process in processes)
    assert said[2] == "mine"
    assert all(each.startswith(f"Another process is working on {run}") for each in said[:2])


def test_a_process_keeps_others_off_until_it_is_killed_and_what_it_had_begun_is_written_over(run: Path) -> None:
    with Process(run) as process:
        process.go()
        assert process.said() == "mine"
        with pytest.raises(RunError) as refused:
            RunFolder.create(run)
        holder = f"number {process.process.pid} on {socket.gethostname()}"
        assert str(refused.value) == f"Another process is working on {run}, {holder}; wait for it or stop it."
        process.process.send_signal(signal.SIGKILL)
        process.process.wait()
    with RunFolder.create(run).locked():
        assert read_json(run / "run.lock")["pid"] == os.getpid()


def test_a_lock_file_that_says_nothing_yet_refuses_all_the_same(run: Path) -> None:
    folder = begun(run)
    with folder.locked():
        (run / "run.lock").write_bytes(b'{"pid"')
        with pytest.raises(RunError, match=r"is working on .*/run; wait for it or stop it\.$"), begun_again(run):
            pass


def begun_again(run: Path) -> AbstractContextManager[None]:
    return RunFolder.existing(run).locked()


def test_the_lock_file_holds_process_machine_and_a_token_of_this_time(run: Path) -> None:
    folder, tokens = begun(run), []
    with pytest.raises(RuntimeError, match="must be locked before it has a token"):
        _ = folder.token
    for _ in range(2):
        with folder.locked():
            [line] = folder.lock.read_text(encoding="utf-8").splitlines()
            assert json.loads(line) == {"pid": os.getpid(), "host": socket.gethostname(), "token": folder.token}
            tokens.append(folder.token)
    assert len(set(tokens)) == 2
    assert min(map(len, tokens)) == 32


def test_locked_blocks_lie_in_each_other_and_the_outermost_frees_the_run(run: Path) -> None:
    folder = RunFolder.create(run)
    folder.write_config({})
    with folder.locked():
        with folder.locked():
            token = folder.token
        assert folder.token == token
        with pytest.raises(RunError, match="Another process"), begun_again(run):
            pass
    with begun_again(run):
        pass


def test_a_folder_that_nothing_refers_to_any_more_is_free(run: Path) -> None:
    folder = RunFolder.create(run)
    del folder
    RunFolder.create(run).release()


def test_a_start_that_stored_no_run_is_written_over(tmp_path: Path) -> None:
    for index, left in enumerate((["run.log"], ["events.jsonl", "search_spaces/own.toml"], [".environment.json.x1y2"])):
        run = tmp_path / str(index)
        for name in ("run.lock", *left):
            write_text(run / name, "")
        RunFolder.create(run).release()


def test_a_folder_with_something_in_it_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    locked = (["run.lock", "trials/ridge-0/result.json"], ["run.lock", "study.journal"])
    for index, names in enumerate((["notes.txt"], ["environment.json"], *locked)):
        run = tmp_path / str(index)
        for name in names:
            write_text(run / name, "{}")
        before = sorted(run.rglob("*"))
        with pytest.raises(UsageError, match=r"has something in it; name another one\.$"):
            RunFolder.create(run)
        assert sorted(run.rglob("*")) == before


def test_a_run_that_is_there_already_is_to_be_resumed(run: Path) -> None:
    begun(run)
    with pytest.raises(UsageError, match=r"has something in it; `mthn-automl resume .*/run` goes on with it\.$"):
        RunFolder.create(run)


def test_a_file_system_without_locks_is_named(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(RunError, match=r"A run must lie on a file system with locks, however that of .*/run has none"):
        RunFolder.create(run)


def test_a_lock_that_is_no_file_is_refused_in_a_sentence(run: Path) -> None:
    (run / "run.lock").mkdir(parents=True)
    with pytest.raises(RunError, match=r"run\.lock must be a file to lock, however: Is a directory; remove it"):
        RunFolder.create(run)


def full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_ends_a_run_with_how_to_go_on(run: Path) -> None:
    folder = begun(run)
    with pytest.raises(StorageError) as ended, folder.locked(), folder.locked():
        raise full()
    assert str(ended.value) == (
        f"There must be room for {run}, however the system says 'No space left on device'; "
        f"free some space, then `mthn-automl resume {run}` goes on."
    )


def test_what_stored_no_run_yet_cannot_be_gone_on_with(run: Path) -> None:
    with pytest.raises(StorageError, match=r"; free some space\.$"), RunFolder.create(run).locked():
        raise full()


def test_another_error_passes_as_it_is(run: Path) -> None:
    error = FileNotFoundError(errno.ENOENT, "gone", "data.csv")
    with pytest.raises(FileNotFoundError) as ended, begun(run).locked():
        raise error
    assert ended.value is error


def test_names_and_categories_that_look_like_numbers_stay_text_when_a_table_is_read(tmp_path: Path) -> None:
    write_text(tmp_path / "embeddings.csv", "task,x,metadata:state,metadata:area\n01001,0.5,02,3\n1001,0.1,10,4\n")
    table = RunFolder(tmp_path).read_table("embeddings.csv", text=["metadata:state"])
    assert list(table["task"]) == ["01001", "1001"]
    assert list(table["metadata:state"]) == ["02", "10"]
    assert list(table["metadata:area"]) == [3, 4]
