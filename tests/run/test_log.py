"""Every event is a sentence in run.log and an object in events.jsonl; a later session appends to both."""

import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from mthn_automl.errors import StorageError
from mthn_automl.run.folder import RunFolder
from mthn_automl.run.log import Log
from mthn_automl.tuning import events
from mthn_automl.tuning.events import (
    Event,
    PhaseFinished,
    PhaseStarted,
    Said,
    TrialAtRung,
    TrialFinished,
    TrialStarted,
    WorkersSeen,
)

LINES: list[tuple[Event, str]] = [
    (Said("Two\nlines are one."), "run       Two lines are one."),
    (WorkersSeen(1, 1), "run       There is 1 worker on 1 node."),
    (PhaseStarted("search", 75.0), "search    The search begins; 1 min 15 s are left."),
    (TrialStarted("ridge", 3), "search    ridge-3 begins."),
    (TrialAtRung("ridge", 3, 1, 4, 12), "search    ridge-3 goes on after rung 1 of 4, epoch 12."),
    (
        TrialFinished("ridge", 3, 0.1234, 0.12, 1.23, "COMPLETE", ending="complete"),
        "search    ridge-3 ends after 1.2 s with error 0.1234, the best so far is 0.1200.",
    ),
    (
        TrialFinished("ridge", 4, 0.15, None, 0.5, "COMPLETE", "9,000 parameters, above 5,000", ending="complete"),
        "search    ridge-4 ends after 0.5 s with error 0.1500, the best so far is -; 9,000 parameters, above 5,000.",
    ),
    (
        TrialFinished("ridge", 5, None, None, 0.5, "PRUNED", "worse.", ending="stopped"),
        "search    ridge-5 is stopped: worse.",
    ),
    (TrialFinished("ridge", 6, None, None, 0.5, "FAIL", "a\nb", ending="failed"), "search    ridge-6 fails: a b."),
    (
        TrialFinished("ridge", 7, None, None, 0.0, "FAIL", "its process is gone", ending="lost"),
        "search    ridge-7 is lost and will run again: its process is gone.",
    ),
    (WorkersSeen(4, 2), "search    There are 4 workers on 2 nodes."),
    (PhaseFinished("search", 61.0), "search    The search is over after 1 min 01 s."),
    (PhaseStarted("ensemble"), "ensemble  The ensemble begins."),
]


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def test_a_line_is_a_time_a_phase_and_a_sentence_for_every_kind_of_event(folder: RunFolder) -> None:
    told: list[Event] = []
    log = Log(folder, told.append)
    for event, _ in LINES:
        log(event)
    lines = folder.run_log.read_text(encoding="utf-8").splitlines()
    assert [re.sub(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  ", "", line) for line in lines] == [line for _, line in LINES]
    assert told == [event for event, _ in LINES]
    assert {type(event) for event in told} == set(events.Event.__args__)


def test_the_same_is_an_object_a_line_with_all_fields_of_the_event(folder: RunFolder) -> None:
    log = Log(folder, None)
    for event, _ in LINES:
        log(event)
    objects = [json.loads(line) for line in folder.events.read_text(encoding="utf-8").splitlines()]
    assert [getattr(events, each["event"])(**each["fields"]) for each in objects] == [event for event, _ in LINES]
    assert [each["phase"] for each in objects] == ["run"] * 2 + ["search"] * 10 + ["ensemble"]
    assert abs(objects[-1]["seconds"] - datetime.now().timestamp()) < 60


def test_what_is_no_finite_number_is_null(folder: RunFolder) -> None:
    Log(folder, None)(
        TrialFinished("ridge", 0, float("nan"), float("inf"), 1.0, "FAIL", "it diverged", ending="failed")
    )
    fields = json.loads(folder.events.read_text(encoding="utf-8"))["fields"]
    assert (fields["error"], fields["best"], fields["seconds"]) == (None, None, 1.0)


def test_a_later_session_appends(folder: RunFolder) -> None:
    for session in ("first", "second"):
        Log(folder, None)(Said(f"The {session} session."))
    assert [line[-15:] for line in folder.run_log.read_text(encoding="utf-8").splitlines()] == [
        " first session.",
        "second session.",
    ]
    assert len(folder.events.read_text(encoding="utf-8").splitlines()) == 2


@pytest.mark.parametrize("name", ["run.log", "events.jsonl"])
def test_a_line_for_which_there_is_no_room_ends_as_every_other_write_does(folder: RunFolder, name: str) -> None:
    (folder.path / name).symlink_to("/dev/full")
    with pytest.raises(StorageError, match=rf"There must be room for .*/{name}, however the system says"):
        Log(folder, None)(Said("A sentence."))


def test_part_of_a_line_that_a_kill_left_is_cut_and_what_is_no_text_is_written_as_its_code(folder: RunFolder) -> None:
    Log(folder, None)(Said("first"))
    for path in (folder.run_log, folder.events):
        path.write_text(path.read_text(encoding="utf-8") + '{"seconds": 1', encoding="utf-8")
    Log(folder, None)(Said("no file caf\udce9.csv"))
    assert [json.loads(line)["fields"]["text"] for line in folder.events.read_text(encoding="utf-8").splitlines()] == [
        "first",
        "no file caf\udce9.csv",
    ]
    assert folder.run_log.read_text(encoding="utf-8").splitlines()[1].endswith(r"no file caf\udce9.csv")
