"""A full or read-only disk ends a command with one sentence; nothing is half-written, and a resume goes on.

Each story is one run: begun, out of room at some moment, tried on a read-only disk, and resumed when there is room.
"""

import json
import re
import subprocess
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.problems import cubic
from mthn_automl.storage import read_json
from tests.command import PROGRAM, Ended, in_process, start
from tests.faults.disks import Disk, small_disk
from tests.tuning import toys

pytestmark = pytest.mark.faults

CHECKOUT = Path(__file__).parents[2]
TRIALS = 6
PATIENCE = 120.0
READERS: dict[str, Callable[[Path], Any]] = {
    ".json": read_json,
    ".jsonl": lambda path: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()],
    ".journal": lambda path: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()],
    ".csv": pd.read_csv,
    ".toml": lambda path: tomllib.loads(path.read_text(encoding="utf-8")),
    ".parquet": pd.read_parquet,
    ".npy": np.load,
    ".svg": lambda path: re.fullmatch(r"<svg.*</svg>\s*", path.read_text(encoding="utf-8"), re.DOTALL)[0],
    ".html": lambda path: re.search(r"</html>\s*$", path.read_text(encoding="utf-8"))[0],
}


def results(run: Path) -> dict[str, int]:
    """Trials that have a result, and when it was written."""
    return {each.parent.name: each.stat().st_mtime_ns for each in run.glob("trials/*/result.json")}


MOMENTS: dict[str, Callable[[Path], bool]] = {
    "before its first file": lambda run: True,
    "in the search": lambda run: len(results(run)) >= 2,
    "in the report": lambda run: (run / "leaderboard.csv").exists(),
}


@dataclass
class Story:
    """What each command answered, which files could not be read after it, and which trials had a result when."""

    moment: str
    run: Path
    answers: dict[str, Ended] = field(default_factory=dict)
    unreadable: dict[str, list[str]] = field(default_factory=dict)
    results: dict[str, dict[str, int]] = field(default_factory=dict)
    complete: list[str] = field(default_factory=list)

    def note(self, step: str, ended: Ended) -> None:
        self.answers[step], self.unreadable[step], self.results[step] = ended, unreadable(self.run), results(self.run)


def unreadable(run: Path) -> list[str]:
    """Files of a run that are no whole file of their kind; those in the making, with a dot, are none."""
    files = [path for path in run.rglob("*") if path.is_file()]
    return [path.name for path in files if path.name.startswith(".") or not _readable(path)]


def _readable(path: Path) -> bool:
    try:
        READERS.get(path.suffix, Path.read_bytes)(path)
    except (ValueError, TypeError, EOFError, OSError):
        return False
    return True


def out_of_room(disk: Disk, moment: Callable[[], bool], *words: object) -> Ended:
    """A command whose disk is full from that moment on."""
    with start(disk.folder.parent, *words) as process:
        try:
            ends = time.monotonic() + PATIENCE
            while not moment():
                assert process.poll() is None, process.communicate()[1]
                assert time.monotonic() < ends, "the moment did not come"
                time.sleep(0.005)
            disk.fill(process)
            out, err = process.communicate(timeout=PATIENCE)
        except BaseException:
            process.kill()
            raise
    return Ended(process.returncode, out, err)


def told(folder: Path, kind: Callable[[Path], Any], moment: str) -> Story:
    """The story of a run that gets out of room at `moment`; kind: of the disk."""
    data, meta = cubic(tasks=6, rows=20)
    data.to_csv(folder / "data.csv", index=False)
    meta.to_csv(folder / "meta.csv", index=False)
    space = toys.toy_space(folder, "slow", "slow").path
    words = ("search", "data.csv", "--meta", "meta.csv", "--space", space, "--architectures", "slow,ridge")
    words += ("--trials", str(TRIALS), "--folds", "2", "--seeds", "1", "--no-ablation", "--runner", "local")
    with kind(folder / "disk") as disk:
        run = disk.folder / "run"
        story = Story(moment, run)
        search = (*words, "--output", run)
        story.note("full", out_of_room(disk, lambda: MOMENTS[moment](run), *search))
        disk.make_room()
        again = ("resume", run, "--trust") if (run / "config.resolved.toml").exists() else search
        if moment == "in the search":
            with disk.read_only():
                story.note("read-only", in_process(folder, *again))
        story.note("room", in_process(folder, *again))
        if story.answers["room"].code == 0:
            trials = pd.read_csv(run / "tradeoff.csv").query("architecture != 'ensemble'")
            story.complete = sorted(trials["architecture"] + "-" + trials["trial"].astype(str))
    return story


@contextmanager
def file_size_limit(folder: Path) -> Iterator[Disk]:
    """The other way to run out of room, which is there everywhere."""
    folder.mkdir()
    yield Disk(folder)


IN_THE_SEARCH = pytest.param(("in the search", small_disk), id="in the search")
NO_FILE_MAY_GROW = pytest.param(
    ("in the search", file_size_limit), id="in the search, where no file may grow", marks=pytest.mark.soak
)
OTHERS = ("before its first file", "in the report")
STORIES = [
    *(IN_THE_SEARCH, NO_FILE_MAY_GROW),
    *(pytest.param((moment, small_disk), id=moment, marks=pytest.mark.soak) for moment in OTHERS),
]


@pytest.fixture(scope="module", params=STORIES)
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Story:
    moment, kind = request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(CHECKOUT))
        patch.setenv("TOY_SECONDS", "0.2")
        return told(tmp_path_factory.mktemp("story"), kind, moment)


def sentence(ended: Ended) -> str:
    """The one that the command ended with; what else is on stderr is progress."""
    assert (ended.code, ended.out) == (1, ""), ended.err
    assert "Traceback" not in ended.err
    *progress, last = ended.err.splitlines()
    assert not any(line.startswith("mthn-automl:") for line in progress)
    return last


def test_a_full_disk_ends_the_command_with_what_to_do(story: Story) -> None:
    resumable = story.moment != "before its first file"
    goes_on = f", then `mthn-automl resume {re.escape(str(story.run))}` goes on" if resumable else ""
    assert re.fullmatch(
        rf"mthn-automl: There must be room for {re.escape(str(story.run))}\S*, however the system says "
        rf"'(No space left on device|File too large)'; free some space{goes_on}\.",
        sentence(story.answers["full"]),
    )


@pytest.mark.parametrize("story", [IN_THE_SEARCH, NO_FILE_MAY_GROW], indirect=True)
def test_a_run_on_a_read_only_disk_is_refused_with_what_to_do(story: Story) -> None:
    run = re.escape(str(story.run))
    assert re.fullmatch(
        rf"mthn-automl: {run}\S* must be writable, however the system says '[^']+'; "
        rf"make its folder writable, then `mthn-automl resume {run}` goes on\.",
        sentence(story.answers["read-only"]),
    )
    assert story.results["read-only"] == story.results["full"]


def test_nothing_is_half_written_at_any_time(story: Story) -> None:
    assert {step: names for step, names in story.unreadable.items() if names} == {}


def test_where_there_is_room_again_the_run_is_finished_and_no_finished_trial_is_lost_or_run_again(story: Story) -> None:
    expected = {"before its first file": range(1), "in the search": range(2, TRIALS)}
    assert len(story.results["full"]) in expected.get(story.moment, [TRIALS])  # the moment was met
    assert story.answers["room"].code == 0, story.answers["room"].err
    before, after = story.results["full"], story.results["room"]
    assert {name: after[name] for name in before} == before
    assert sorted(after) == story.complete
    assert len(story.complete) == TRIALS


def test_output_to_a_full_disk_is_a_sentence() -> None:
    """Python itself would end with exit code 120 and a traceback."""
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run([*PROGRAM, "architectures"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.stderr == (
        "mthn-automl: There must be room for what this command writes, however the system says "
        "'No space left on device'; free some space.\n"
    )
    assert ended.returncode == 1
