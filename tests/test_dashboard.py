"""`optuna-dashboard RUN/study.journal` shows the search, as the README says, and leaves it alone."""

import json
import math
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import pytest

from mthn_automl.tuning.space import build_space
from mthn_automl.tuning.studies import Studies
from tests.faults.head import free_port
from tests.tuning import toys

COMMAND = Path(sysconfig.get_path("scripts"), "optuna-dashboard")
SECONDS_TO_START = 60
SECONDS_TO_SEE = 30
OPEN = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class Viewed:
    """A search of two architectures, and the address of a dashboard that shows it."""

    studies: Studies
    journal: Path
    address: str

    def page(self, path: str) -> str:
        with OPEN.open(f"{self.address}{path}", timeout=30) as answer:
            return answer.read().decode()

    def asked(self, path: str) -> Any:
        """An answer as a browser reads it, which knows neither NaN nor Infinity."""
        return json.loads(self.page(path), parse_constant=refuse)

    def study(self, name: str) -> Any:
        (found,) = (each for each in self.asked("/api/studies")["study_summaries"] if each["study_name"] == name)
        return self.asked(f"/api/studies/{found['study_id']}")


def refuse(constant: str) -> NoReturn:
    raise AssertionError(f"a browser cannot read {constant}")


def begun_search(journal: Path) -> Studies:
    """`first` has a trial of every state; `second` has one that is complete."""
    files = {name: toys.toy_space(journal.parent.parent, name=name) for name in ("first", "second")}
    studies = Studies(journal, {name: build_space(file, has_metadata=True) for name, file in files.items()}, seed=0)
    uneven = toys.result(0.7, fold_errors=(0.5, math.nan))
    first, second = studies["first"], studies["second"]
    first.complete(first.ask("an equal first round").number, uneven, 1.0)
    first.fail(first.ask().number, "the loss is [nan]", 2.0)
    first.stop(first.ask().number, 3, 0.9, "worse at rung 1", 3.0)
    first.ask()
    second.complete(second.ask().number, toys.result(0.6), 4.0)
    return studies


def wait_until_up(viewed: Viewed, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while process.poll() is None and time.monotonic() < end:
        try:
            viewed.page("/api/meta")
        except URLError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"The dashboard must answer, however it said: {log.read_text()}")


@pytest.fixture(scope="module")
def viewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewed]:
    folder = tmp_path_factory.mktemp("viewed")
    journal, log, port = folder / "run" / "study.journal", folder / "dashboard.log", free_port()
    view = Viewed(begun_search(journal), journal, f"http://127.0.0.1:{port}")
    with log.open("wb") as stream:
        command = [COMMAND, journal, "--host", "127.0.0.1", "--port", str(port)]
        process = subprocess.Popen(command, stdout=stream, stderr=stream, start_new_session=True)
    with process:
        try:
            wait_until_up(view, process, log)
            yield view
        finally:
            process.kill()


def test_every_architecture_is_a_study_with_a_page(viewed: Viewed) -> None:
    studies = viewed.asked("/api/studies")["study_summaries"]
    assert [each["study_name"] for each in studies] == ["first", "second"]
    assert [each["directions"] for each in studies] == [["minimize"]] * 2
    assert "<title>Optuna Dashboard</title>" in viewed.page(f"/dashboard/studies/{studies[0]['study_id']}")


def test_trials_are_seen_as_they_ended_and_say_why_they_were_begun_failed_or_stopped(viewed: Viewed) -> None:
    trials = viewed.study("first")["trials"]
    assert [trial["state"] for trial in trials] == ["Complete", "Fail", "Pruned", "Running"]
    assert trials[0]["values"] == [0.7]
    assert trials[2]["intermediate_values"] == [{"step": 3, "value": 0.9}]
    assert {each["name"] for each in trials[0]["params"]} == {"offset", "behaviour"}
    begun, failed, stopped, _ = ({each["key"]: each["value"] for each in trial["user_attrs"]} for trial in trials)
    assert (begun["decision"], failed["reason"]) == ("an equal first round", "the loss is [nan]")
    assert stopped["reason"] == "worse at rung 1"


def test_looking_writes_nothing_and_leaves_no_lock(viewed: Viewed) -> None:
    before = viewed.journal.read_bytes()
    viewed.study("first")
    viewed.study("second")
    assert viewed.journal.read_bytes() == before
    assert [each.name for each in viewed.journal.parent.iterdir()] == ["study.journal"]


def test_a_trial_that_is_told_meanwhile_appears(viewed: Viewed) -> None:
    count = len(viewed.study("second")["trials"])
    second = viewed.studies["second"]
    second.complete(second.ask().number, toys.result(0.5), 5.0)
    end = time.monotonic() + SECONDS_TO_SEE
    states = [""]
    while states[-1] != "Complete" or len(states) == count:
        assert time.monotonic() < end
        time.sleep(0.2)
        states = [trial["state"] for trial in viewed.study("second")["trials"]]
    assert states == ["Complete"] * (count + 1)
