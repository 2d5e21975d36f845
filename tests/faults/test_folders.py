"""Model and run folders that somebody has edited: whatever stands in any field, a command ends with a sentence.

Each edit is tried by a process of its own, forked from one that has loaded the libraries, so that a native reader that
runs out of bounds, a hang, or an import of what a file names is seen.
"""

import multiprocessing
import os
import resource
import shutil
import signal
import sys
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from mthn_automl import catalogue
from mthn_automl.data.problems import planted
from tests.command import in_process
from tests.faults.editing import CANARY, edits

OF_EVERY_KIND = (
    *("pooled", "hypernetwork", "gaussian_process", "mixed_effects"),
    *("gradient_boosting", "random_forest", "gpboost", "catboost"),
)
ARCHITECTURES = [name for name in OF_EVERY_KIND if name in catalogue.usable()]
MEMORY = 6 << 30
LONGEST = 20
"""Seconds after which a command is interrupted, as a user would: what is edited may ask for more work, and says so."""

PARTS = {"model": ["model", "models"]}
"""Names in a run folder; all others are of the part `run`."""

TABLES = {"leaderboard.csv", "tradeoff.csv", "ablation.csv", "summary.json"}
STATED, OF_DATA = {"metrics.json", "schema.json"}, {"splits.parquet", "config.resolved.toml", "data_fingerprint.json"}
"""Files that `evaluate` reads more of than others do."""
SAID = {1, 2, 3, 4, 128 + signal.SIGINT}


@dataclass(frozen=True)
class Runs:
    """A run that was made here, whose copies are edited.

    Attributes:
        run: with an architecture of its own search space file.
        rows: to predict.
        outside: a folder that nothing may touch.
        canary: a file that is there once `CANARY` has been imported.
    """

    run: Path
    rows: Path
    outside: Path
    canary: Path

    def copy(self, target: Path) -> Path:
        shutil.copytree(self.run, target)
        return target


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("folders")
    data, meta = planted(tasks=5, rows=14)
    data.to_csv(folder / "data.csv", index=False)
    meta.to_csv(folder / "meta.csv", index=False)
    own = catalogue.read("ridge").path.read_text()
    (folder / "mine.toml").write_text(own)
    asked = [
        "--trials",
        len(ARCHITECTURES) + 2,
        "--runner",
        "local",
        "--folds",
        2,
        "--seeds",
        1,
        "--device",
        "cpu",
        "--no-ablation",
    ]
    names = ("--architectures", ",".join(ARCHITECTURES), "--space", "mine.toml", "--meta", "meta.csv")
    ended = in_process(folder, "search", "data.csv", *names, *asked, "--output", "run")
    assert ended.code == 0, ended.err
    modules = folder / "modules"
    modules.mkdir()
    canary = folder / "imported"
    (modules / f"{CANARY}.py").write_text(f"open({str(canary)!r}, 'w').close()\n")
    (folder / "outside").mkdir()
    (folder / "outside" / "kept").write_text("kept")
    return Runs(folder / "run", folder / "data.csv", folder / "outside", canary)


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.loaded"])
    return context


def attempt(folder: Path, modules: Path, words: tuple[str, ...]) -> None:
    """The command, in a process of its own; its streams go to files in `folder`."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if words[0] == "resume":  # pictures, which a process of its own would draw for seconds, are other tests' business
        os.environ["PYTHONHOME"] = "/nowhere"
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
    sys.path.insert(0, str(modules))
    os.chdir(folder)
    sys.argv = ["mthn-automl", *words]
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupt(number: int, frame: object) -> None:
        signal.alarm(LONGEST)
        os.kill(os.getpid(), signal.SIGINT)

    signal.signal(signal.SIGALRM, interrupt)
    signal.alarm(LONGEST)
    from mthn_automl.cli.app import main

    main()


def ended(processes: ForkServerContext, runs: Runs, folder: Path, *words: str) -> tuple[int, str]:
    """Exit code, and what was said on stderr."""
    process = processes.Process(target=attempt, args=(folder, runs.canary.parent / "modules", words))
    process.start()
    process.join(3 * LONGEST)
    hung = process.is_alive()
    if hung:
        process.kill()
    process.join()
    assert not hung, "it had not ended"
    assert process.exitcode is not None
    return process.exitcode, (folder / "stderr").read_text(errors="replace")


def faults_of(code: int, said: str) -> str:
    """What is wrong with an answer; empty where nothing is."""
    if code < 0:
        return f"ended by signal {-code}"
    if code not in {0, *SAID}:
        return f"exit code {code}"
    if "Traceback" in said:
        return "a traceback"
    if "--debug shows where" in said:
        return "an error that nobody foresaw"
    if code in {1, 2, 3, 4} and "mthn-automl: " not in said:
        return "no sentence"
    return ""


def tried(
    processes: ForkServerContext, runs: Runs, folder: Path, part: str, seed: int, count: int
) -> tuple[list[str], Counter[str]]:
    """All that went wrong in so many edits, and how often each command ended with each exit code."""
    wrong, codes = list[str](), Counter[str]()
    names = PARTS.get(part) or sorted({each.name for each in runs.run.iterdir()} - {*PARTS["model"]})
    before = {path: path.read_bytes() for path in runs.outside.glob("*")}
    for number, (what, edit) in enumerate(islice(edits(runs.run, names, seed), count)):
        work = folder / str(number)
        work.mkdir()
        edit(runs.copy(work / "run"))
        for words in commands(what, runs):
            code, said = ended(processes, runs, work, *words)
            codes[f"{words[0]} {code}"] += 1
            fault = faults_of(code, said)
            if fault:
                wrong.append(f"{words[0]}, {what}: {fault}: {said[-600:]}")
        shutil.rmtree(work)
        if {path: path.read_bytes() for path in runs.outside.glob("*")} != before:
            wrong.append(f"{what}: a file outside was touched")
        if runs.canary.exists():
            runs.canary.unlink()
            wrong.append(f"{what}: what it names was imported")
    return wrong, codes


def commands(what: str, runs: Runs) -> list[tuple[str, ...]]:
    """Those that read the file."""
    parts = Path(what.split()[0]).parts
    if parts[0] in PARTS["model"]:
        folder = Path("run", *parts[: 1 if parts[0] == "model" else 2])
        told = [("evaluate", str(folder), str(runs.rows), "--json")] if parts[-1] in STATED else []
        return [("predict", str(folder), str(runs.rows), "--output", "out.csv"), *told]
    if parts[0] in TABLES:
        return [("leaderboard", "run"), ("resume", "run")]
    of_data = [("evaluate", "run")] if parts[0] in OF_DATA else []
    return [("resume", "run", "--trials", "1"), *of_data]


@pytest.mark.parametrize(("part", "count"), [("model", 36), ("run", 14)], ids=lambda each: str(each))
def test_a_folder_with_one_edit_is_used_or_refused_in_a_sentence(
    part: str, count: int, processes: ForkServerContext, runs: Runs, tmp_path: Path
) -> None:
    wrong, codes = tried(processes, runs, tmp_path, part, seed=0, count=count)
    assert not wrong, "\n".join(wrong)
    assert sum(codes.values()) >= count
    assert len(codes) > 1


@pytest.mark.soak
@pytest.mark.parametrize(("part", "count"), [("model", 700), ("run", 300)], ids=lambda each: str(each))
def test_a_thousand_edits_are(part: str, count: int, processes: ForkServerContext, runs: Runs, tmp_path: Path) -> None:
    wrong, codes = tried(processes, runs, tmp_path, part, seed=1, count=count)
    print(part, dict(sorted(codes.items())))
    assert not wrong, "\n".join(wrong)
