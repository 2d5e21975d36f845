"""The best settings of an earlier run, to begin a new one with."""

import math
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from mthn_automl.errors import UsageError
from mthn_automl.tuning.space import SearchSpace, reduced_start

MOST = 3

Settings = dict[str, Any]


def warm_starts(
    journal: Path, spaces: Mapping[str, SearchSpace], most: int = MOST
) -> tuple[dict[str, list[Settings]], list[str]]:
    """Settings of an earlier run's best trials by architecture, and sentences that say what was taken or left out.

    Args:
        journal: of the earlier run, which may be running or on read-only storage: nothing there is changed.
        spaces: of the new run. most: settings an architecture; those with the lowest errors, each once.

    Raises:
        UsageError: a file that is no journal, or that has no complete trial within the limits of its run.
    """
    found = {name: best for name, trials in _read(journal).items() if (best := _best_first(trials))}
    if not found:
        raise _unusable(journal, "has none")
    starts: dict[str, list[Settings]] = {}
    sentences: list[str] = []
    for name, space in spaces.items():
        if name not in found:
            sentences.append(f"{name}: the earlier run has no finished trial of it.")
            continue
        taken, outside, unknown = _fitting(found[name], space, most)
        if taken:
            starts[name] = taken
        sentences.extend(_sentences(name, taken, outside, unknown))
    return starts, sentences + [f"{name}: it is not searched now." for name in found if name not in spaces]


def _fitting(
    trials: Iterable[FrozenTrial], space: SearchSpace, most: int
) -> tuple[list[Settings], dict[str, int], dict[str, None]]:
    """Settings within the present ranges, best first; how many were not, by parameter; names that are unknown now."""
    known = {each.name for each in space.parameters}
    taken: list[Settings] = []
    outside: dict[str, int] = {}
    unknown: dict[str, None] = {}
    for trial in trials:
        if len(taken) == most:
            break
        start, beyond = reduced_start(space, trial.params)
        unknown |= dict.fromkeys(name for name in trial.params if name not in known)
        if beyond:
            outside[beyond[0]] = outside.get(beyond[0], 0) + 1
        elif start and start not in taken:
            taken.append(start)
    return taken, outside, unknown


def _sentences(name: str, taken: list[Settings], outside: Mapping[str, int], unknown: Iterable[str]) -> Iterator[str]:
    yield f"{name}: {len(taken)} of the best settings of the earlier run are tried first."
    for parameter, count in outside.items():
        yield f"{name}: {count} of them left out, since '{parameter}' lies outside of its present range."
    for parameter in unknown:
        yield f"{name}: '{parameter}' is left out, since it is no parameter now."


def _best_first(trials: Iterable[FrozenTrial]) -> list[FrozenTrial]:
    """Complete ones that keep the limits of their run, by their first value; of equals the earlier one first."""
    usable = [
        trial
        for trial in trials
        if trial.state is TrialState.COMPLETE
        and math.isfinite(_error(trial))
        and all(value <= 0 for value in trial.constraints.values())
    ]
    return sorted(usable, key=lambda trial: (_error(trial), trial.number))


def _error(trial: FrozenTrial) -> float:
    return trial.values[0] if trial.values else math.nan


def _read(journal: Path) -> dict[str, list[FrozenTrial]]:
    """All trials by name of study, read from a copy: opening a journal itself would leave locks beside it."""
    try:
        content = journal.read_bytes()
    except OSError as error:
        raise _unusable(journal, "cannot be read") from error
    with tempfile.TemporaryDirectory(prefix="mthn-") as folder:
        copy = Path(folder) / "study.journal"
        # The last line has no end yet where the earlier run is just writing it, or was killed then.
        copy.write_bytes(content[: content.rfind(b"\n") + 1])
        try:
            return _studies(copy)
        except Exception as error:  # whatever Optuna makes of records that say what they cannot
            raise _unusable(journal, "is no journal of a run") from error


def _studies(journal: Path) -> dict[str, list[FrozenTrial]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        storage = JournalStorage(JournalFileBackend(str(journal)))
    names = [study.study_name for study in storage.get_all_studies()]
    return {name: storage.get_all_trials(storage.get_study_id_from_name(name)) for name in names}


def _unusable(journal: Path, what: str) -> UsageError:
    return UsageError(
        f"--warm-start must name a run with finished trials, however {journal} {what}; name another, or leave it out."
    )
