"""One trial: what a worker is given, what it sends at rungs and at the end, and what lies in the trial's folder."""

import json
import math
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.errors import OutOfTimeError, StorageError
from mthn_automl.received import Received, typed
from mthn_automl.storage import write_bytes, write_json
from mthn_automl.tuning.ending import Ending
from mthn_automl.tuning.evaluation import Evaluation
from mthn_automl.tuning.objective import Configuration, Objective
from mthn_automl.tuning.results import TrialResult
from mthn_automl.tuning.rungs import Rung, rung_from_json, rung_to_json
from mthn_automl.tuning.runners.interruption import let_interruptions_pass
from mthn_automl.tuning.trial_model import MODEL_FILES, model_files

PREDICTIONS, CURVE, RESULT, RUNGS, PARAMS = (
    "out_of_fold.npy",
    "curve.jsonl",
    "result.json",
    "rungs.json",
    "params.json",
)

FOLDER = "the whole folder of a trial"


@dataclass(frozen=True)
class Trial:
    """One trial to run.

    Attributes:
        configuration: what is trained.
        number: within the study of its architecture.
        root: number of the first execution of the same trial, which may be its own.
        reason: why it is run.
        folder: where its files go.
        deadline: the end of the search, in seconds since the epoch; None: never.
        limit: seconds after which it is taken for a runaway; None: it never is.
        lock: a file of the run, by which a worker on another machine can tell whether `folder` is the same there.
        token: what `lock` holds.
    """

    configuration: Configuration
    number: int
    root: int
    reason: str
    folder: Path
    deadline: float | None
    limit: float | None = None
    lock: Path | None = None
    token: str = ""

    @property
    def architecture(self) -> str:
        return self.configuration.file.name

    @property
    def name(self) -> str:
        return f"{self.architecture}-{self.number}"

    def sees_its_folder(self) -> bool:
        """Whether this process writes where the search reads."""
        if self.lock is None:
            return True
        try:
            return self.token in self.lock.read_text(encoding="utf-8")
        except OSError:
            return False


@dataclass(frozen=True)
class Outcome:
    """What became of a trial, as its worker tells it.

    Attributes:
        ending: complete, failed, stopped at a rung, or abandoned where the end of the search left it without a result.
        result: of a complete trial.
        reason: why there is no result.
        last: what it ended with, for later trials to be compared with.
        files: by name, what its folder must hold and does not, because the worker does not see that folder.
        by_clock: whether a clock is why there is no result.
    """

    ending: Ending
    result: TrialResult | None = None
    reason: str = ""
    last: Rung | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    by_clock: bool = False

    @classmethod
    def failed(cls, reason: str) -> "Outcome":
        return cls(Ending.FAILED, reason=reason)


def trial_steps(trial: Trial, objective: Objective) -> Generator[Rung, None, Outcome]:
    """Evaluate, pausing at every rung, and leave the outcome in the trial's folder before anyone is told.

    It outlives a killed driver there. Whatever the model raises is the configuration's failure, never the search's.
    """
    runaway = math.inf
    try:
        trial.configuration.file.load_class()
        runaway = math.inf if trial.limit is None else time.time() + trial.limit
        deadline = min(runaway, math.inf if trial.deadline is None else trial.deadline)
        evaluation = yield from objective.steps(trial.configuration, deadline if deadline < math.inf else None)
        outcome = Outcome(Ending.COMPLETE, evaluation.result, last=evaluation.last)
        files = {**_files_of(evaluation), RESULT: _json(outcome_to_json(outcome))}
    except Exception as error:
        let_interruptions_pass(error)
        outcome = Outcome.failed(f"{type(error).__name__}: {error}".rstrip(": "))
        if isinstance(error, OutOfTimeError):
            outcome = replace(outcome, by_clock=True, reason=str(error))
            if trial.deadline is not None and trial.deadline <= runaway:
                return replace(outcome, ending=Ending.ABANDONED)
        files = {RESULT: _json(outcome_to_json(outcome))}
    if trial.sees_its_folder():
        with suppress(StorageError):  # the driver will meet it too, and can say so
            write_files(trial.folder, files)
            return outcome
    return replace(outcome, files=files)


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """result.json last, so that whoever finds it finds the others."""
    for name in sorted(files, key=lambda each: each == RESULT):
        write_bytes(folder / name, files[name])


def copy_files(source: Path, target: Path) -> None:
    """What a trial left in one folder, into another."""
    names = [name for name in (PREDICTIONS, *MODEL_FILES, CURVE, RUNGS, RESULT) if (source / name).exists()]
    write_files(target, {name: (source / name).read_bytes() for name in names})


def write_params(trial: Trial) -> None:
    """What the trial is to run, and why: for people, since the journal has it too."""
    content = {
        "architecture": trial.architecture,
        "number": trial.number,
        "root": trial.root,
        "reason": trial.reason,
        "seed": trial.configuration.seed,
        "settings": trial.configuration.all_settings(),
    }
    write_json(trial.folder / PARAMS, content, on_disk=False)


def _files_of(evaluation: Evaluation) -> dict[str, bytes]:
    """Predictions, models, and how the losses fell: a line a check of networks, a line a fold of other models."""
    stream = BytesIO()
    np.save(stream, evaluation.out_of_fold())
    lines: list[dict[str, object]] = [
        {"epoch": epoch, "validation_loss": [None if math.isnan(each) else each for each in loss]}
        for epoch, loss in evaluation.curve
    ]
    if not lines:
        folds = evaluation.result.to_json()["fold_errors"]
        lines = [{"fold": number, "error": error} for number, error in enumerate(folds)]
    curve = "".join(json.dumps(line) + "\n" for line in lines)
    return {PREDICTIONS: stream.getvalue(), **model_files(evaluation.models), CURVE: curve.encode()}


def _json(content: object) -> bytes:
    return (json.dumps(content, indent=2, allow_nan=False) + "\n").encode()


def outcome_to_json(outcome: Outcome) -> dict[str, object]:
    """What result.json holds."""
    state = outcome.ending.state.name
    if outcome.result is None:
        return {"state": state, "reason": outcome.reason}
    last = {} if outcome.last is None else {"last": rung_to_json(outcome.last)}
    return {"state": state, "result": outcome.result.to_json(), **last}


_ENDINGS = {each.state.name: each for each in (Ending.COMPLETE, Ending.FAILED, Ending.STOPPED)}


def read_outcome(folder: Path) -> Outcome | None:
    """What a trial left behind; None when it never finished.

    Raises:
        FormatError: it is damaged.
    """
    if not (folder / RESULT).exists():
        return None
    given = Received(folder, FOLDER)
    stored = given.json(RESULT)
    with given.checked(RESULT):
        result = TrialResult.from_json(stored["result"]) if "result" in stored else None
        last = rung_from_json(stored["last"]) if "last" in stored else None
        ending = _ENDINGS[stored["state"]]
        if (ending is Ending.COMPLETE) is not (result is not None):
            raise ValueError("a trial must have a result if, and only if, it is complete")
        return Outcome(ending, result, typed(stored.get("reason", ""), str), last)


def write_rungs(folder: Path, seen: Sequence[Rung]) -> None:
    """What a trial has shown so far."""
    write_json(folder / RUNGS, [rung_to_json(each) for each in seen])


def read_rungs(folder: Path) -> list[Rung]:
    """What a trial showed, rung by rung; nothing where it reached none.

    Raises:
        FormatError: it is damaged.
    """
    if not (folder / RUNGS).exists():
        return []
    given = Received(folder, FOLDER)
    stored = given.json(RUNGS)
    with given.checked(RUNGS):
        return [rung_from_json(each) for each in stored]


def read_predictions(folder: Path, rows: int, outputs: int) -> FloatArray | None:
    """(rows, outputs) float64 that a trial predicted out of fold, NaN where it did not; None where it left none.

    Raises:
        FormatError: it is damaged, or of other data.
    """
    if not (folder / PREDICTIONS).exists():
        return None
    given = Received(folder, FOLDER)
    found = given.array(PREDICTIONS)
    with given.checked(PREDICTIONS):
        if found.shape != (rows, outputs) or found.dtype.kind != "f":
            raise ValueError(
                f"it must hold numbers in the shape {(rows, outputs)}, and holds {found.dtype} in {found.shape}"
            )
        return found.astype(np.float64)
