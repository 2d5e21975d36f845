"""What a signal, a kill or a limit leaves of a run, and how a resume goes on with it."""

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mthn_automl import load_model
from mthn_automl.data.problems import cubic
from mthn_automl.errors import (
    ClusterError,
    FormatError,
    MthnError,
    NothingFinishedError,
    RunError,
    Terminated,
    UsageError,
)
from mthn_automl.run import job
from mthn_automl.run.job import SearchResult, resume, search
from mthn_automl.run.workers import Workers
from mthn_automl.tuning.events import Event, PhaseStarted, TrialFinished

DATA, META = cubic(tasks=4, rows=12)
SMALL: dict[str, Any] = {"architectures": "ridge", "folds": 2, "seeds": 1, "runner": "local"}


def searched(output: Path, **given: Any) -> SearchResult:
    return search(DATA, META, output=output, **{**SMALL, "no_ablation": True, **given})


def resumed(run: Path, **given: Any) -> SearchResult:
    return resume(run, data=DATA, meta=META, **given)


def killed(*given: object, **named: object) -> None:
    raise KeyboardInterrupt


def killed_in(place: str, work: Callable[[], object]) -> None:
    """A kill in the middle of the function named."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, killed)
        with pytest.raises(KeyboardInterrupt):
            work()


RECORDED = "mthn_automl.tuning.study.Study.complete"


def test_what_a_resume_adds_outlives_its_kills_and_is_finished_by_the_next(tmp_path: Path) -> None:
    """Killed before its first trial is recorded, in the search that a resume adds, and in the ensemble after it."""
    run = tmp_path / "run"
    killed_in(RECORDED, lambda: searched(run, trials=5))
    first = resumed(run, trials=2).summary
    assert first["trials"]["COMPLETE"] == 3  # the one that had finished unrecorded is none of the two
    killed_in(RECORDED, lambda: resumed(run, trials=3))
    killed_in("mthn_automl.run.job.blend", lambda: resumed(run))
    assert json.loads((run / "summary.json").read_text()) == {**first, "finished": False}
    assert resumed(run).summary["trials"]["COMPLETE"] == 6
    lines = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    assert [each["fields"].get("name") for each in lines if each["event"] == "PhaseStarted"].count("search") == 5


def test_the_model_of_a_run_that_was_gone_on_with_brings_no_code_along_unless_it_is_trusted(tmp_path: Path) -> None:
    run = searched(tmp_path / "run", trials=1).folder
    config = run / "model" / "config.json"
    config.write_text(config.read_text(encoding="utf-8").replace("mthn_automl.models.ridge:Ridge", "antigravity:Fly"))
    with pytest.raises(FormatError, match="it names 'antigravity:Fly', whose code would be run"):
        _ = resumed(run).model


def test_a_cluster_that_a_folder_names_is_joined_only_where_it_is_named_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder may come from a stranger, whose machine must not be sent a token."""
    run, joined = searched(tmp_path / "run", trials=1).folder, list[str | None]()
    config = run / "config.resolved.toml"
    text = config.read_text(encoding="utf-8").replace('runner = "local"', 'runner = "ray"\naddress = "127.0.0.1:2"')
    config.write_text(text, encoding="utf-8")

    def begun(workers: Workers, *given: object) -> None:
        joined.append(workers.address)
        raise KeyboardInterrupt

    monkeypatch.setattr(job, "make_runner", begun)
    with pytest.raises(KeyboardInterrupt):
        resumed(run, trials=1)
    assert joined == [None]
    with pytest.raises(ClusterError, match=r"127\.0\.0\.1:1"):
        resumed(run, trials=1, address="127.0.0.1:1")


def test_time_is_kept_back_from_what_a_resume_adds_not_from_all_that_was_used(tmp_path: Path) -> None:
    run = searched(tmp_path / "run", trials=1).folder
    journal = run / "study.journal"
    used, told = re.subn(
        r'"user_attr":{"seconds":[0-9.]+', '"user_attr":{"seconds":36000.0', journal.read_text(encoding="utf-8")
    )
    journal.write_text(used, encoding="utf-8")
    assert told == 1
    assert resumed(run, time_limit=8).summary["trials"]["COMPLETE"] > 1


def sends(number: int, after: Callable[[Event], bool]) -> Callable[[Event], None]:
    """A watcher that sends this process a signal, once."""
    left = [number]

    def watch(event: Event) -> None:
        if left and after(event):
            os.kill(os.getpid(), left.pop())

    return watch


def second_trial(event: Event) -> bool:
    return isinstance(event, TrialFinished) and event.number == 1


def begins(phase: str) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, PhaseStarted) and event.name == phase


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    folder = tmp_path_factory.mktemp("uninterrupted") / "run"
    return searched(folder, architectures="ridge,kernel_ridge", trials=6, no_ablation=False)


@pytest.mark.parametrize(
    ("phase", "after", "number", "error"),
    [
        pytest.param("search", second_trial, signal.SIGINT, KeyboardInterrupt, id="search"),
        pytest.param("ensemble", begins("ensemble"), signal.SIGTERM, Terminated, id="ensemble"),
        pytest.param("test", begins("test"), signal.SIGINT, KeyboardInterrupt, id="test"),
        pytest.param("ablation", begins("ablation"), signal.SIGINT, KeyboardInterrupt, id="ablation"),
        pytest.param("report", begins("report"), signal.SIGTERM, Terminated, id="report"),
        pytest.param("figures", begins("figures"), signal.SIGTERM, Terminated, id="figures"),
    ],
)
def test_a_signal_in_any_phase_leaves_the_best_so_far_and_a_resume_ends_as_if_there_had_been_none(
    tmp_path: Path,
    uninterrupted: SearchResult,
    phase: str,
    after: Callable[[Event], bool],
    number: int,
    error: type[BaseException],
) -> None:
    run = tmp_path / "run"
    given = {"architectures": "ridge,kernel_ridge", "trials": 6, "no_ablation": False}
    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(error):
        searched(run, progress=sends(number, after), **given)
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == handlers
    summary = json.loads((run / "summary.json").read_text())
    assert (summary["finished"], summary["stopped_in"]) == (False, phase)
    assert len(load_model(run).predict(DATA)) == len(DATA)
    before = {path: path.read_bytes() for path in (run / "trials").glob("*/result.json")}
    assert before
    end = resumed(run)
    assert (end.summary["finished"], end.summary["stopped_in"]) == (True, None)
    assert {path: path.read_bytes() for path in before} == before
    columns = ["architecture", "cv_error", "test_error", "trials", "settings"]
    assert end.leaderboard[columns].equals(uninterrupted.leaderboard[columns])
    weights = [(each / "model" / "model.safetensors").read_bytes() for each in (run, uninterrupted.folder)]
    assert weights[0] == weights[1]


def test_a_signal_before_any_trial_has_finished_leaves_a_run_that_can_be_resumed(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        searched(tmp_path / "run", trials=2, progress=sends(signal.SIGINT, begins("search")))
    assert not (tmp_path / "run" / "summary.json").exists()
    assert resumed(tmp_path / "run").summary["trials"]["COMPLETE"] == 2


def test_a_run_that_was_killed_before_its_plan_was_stored_is_begun_by_a_resume(tmp_path: Path) -> None:
    killed_in("mthn_automl.run.run.make_plan", lambda: searched(tmp_path / "run", trials=9))
    assert resumed(tmp_path / "run", trials=1).summary["trials"]["COMPLETE"] == 1


@pytest.mark.parametrize(
    ("given", "error", "sentence"),
    [
        pytest.param({"data": DATA[:-1], "meta": META}, RunError, "The data must be those this run", id="other data"),
        pytest.param({"data": DATA}, UsageError, "were a DataFrame; --meta must give them again", id="no metadata"),
        pytest.param({"data": "gone.csv"}, UsageError, "gone.csv is gone; say --data FILE", id="a file that is gone"),
        pytest.param({"trials": 0}, UsageError, "--trials must be at least 1, however it is 0", id="no more trials"),
    ],
)
def test_what_a_resume_cannot_go_on_with_is_said(
    uninterrupted: SearchResult, given: dict[str, Any], error: type[MthnError], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        resume(uninterrupted.folder, **{"trials": 1, **given})


def test_an_architecture_none_of_whose_models_keeps_a_limit_says_so_and_another_wins(
    tmp_path: Path, uninterrupted: SearchResult
) -> None:
    sizes = uninterrupted.leaderboard.set_index("architecture")["parameters"]
    limited = {"architectures": "ridge,hypernetwork", "max_parameters": int(sizes["ridge"]), "trials": 2}
    run = searched(tmp_path / "run", **limited)
    table = run.leaderboard.set_index("architecture")
    assert run.best["architecture"] == "ridge"
    assert table.loc["hypernetwork", "note"].startswith("no trial finished: parameters must be at most")
    assert table["trials"].to_dict() == {"ridge": 2, "hypernetwork": 0}
    assert run.summary["trials"] == {"RUNNING": 0, "COMPLETE": 2, "PRUNED": 0, "FAIL": 0}


@pytest.mark.parametrize(
    ("architecture", "sentence"),
    [
        ("ridge", "No model kept the limits, of 2 that finished"),
        ("pooled", "No model kept the limits, of 0 that finished; parameters must be at most 1, however there are"),
    ],
)
def test_where_no_model_keeps_the_limits_that_is_said(tmp_path: Path, architecture: str, sentence: str) -> None:
    with pytest.raises(NothingFinishedError, match=sentence):
        searched(tmp_path / "run", architectures=architecture, trials=2, max_parameters=1)


def test_an_architecture_that_is_too_large_is_skipped_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mthn_automl.tuning.guard.MOST_OF_A_PACK", 10)
    run = searched(tmp_path / "run", architectures="ridge,single_task", trials=1)
    table = run.leaderboard.set_index("architecture")
    note = table.loc["single_task", "note"]
    assert note.startswith("skipped: single_task must have at most 10 numbers in all networks")
    assert table.loc["single_task", "trials"] == 0
    assert table["rank"].isna().to_dict() == {"ridge": False, "single_task": True}
    again = resumed(run.folder, trials=1).leaderboard.set_index("architecture")
    assert again.loc["single_task", "note"] == note
    with pytest.raises(NothingFinishedError, match="No architecture can be trained on these data: single_task must"):
        searched(tmp_path / "other", architectures="single_task", trials=1)


def test_models_that_hold_training_rows_are_left_out_where_that_is_asked_and_this_is_said(tmp_path: Path) -> None:
    run = searched(tmp_path / "run", architectures="ridge,kernel_ridge", trials=1, no_stored_rows=True)
    table = run.leaderboard.set_index("architecture")
    note = "skipped: models of kernel_ridge hold training rows, and --no-stored-rows leaves such out."
    assert table.loc["kernel_ridge", "note"] == note
    assert table["stored_rows"].fillna(-1).to_dict() == {"ridge": 0, "kernel_ridge": -1}
    assert "Skipped: models of kernel_ridge hold training rows" in (run.folder / "run.log").read_text()
    again = resumed(run.folder, trials=1).leaderboard.set_index("architecture")
    assert again.loc["kernel_ridge", "note"] == note
    with pytest.raises(NothingFinishedError, match="on these data: models of kernel_ridge hold training rows"):
        searched(tmp_path / "other", architectures="kernel_ridge", trials=1, no_stored_rows=True)


def test_how_many_rows_a_model_holds_is_in_the_leaderboard(tmp_path: Path) -> None:
    run = searched(tmp_path / "run", architectures="kernel_ridge", trials=1)
    counts = run.leaderboard.set_index("architecture")["stored_rows"]
    assert counts["kernel_ridge"] == sum(run.summary["stored_rows"].values()) > 0
