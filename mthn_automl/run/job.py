"""The main job as one function: check, split, search, refit, test, ablate, tables, pictures, model."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from mthn_automl.analysis.leaderboard import read_leaderboard
from mthn_automl.deployment.model_folder import load_model
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import UsageError
from mthn_automl.run.folder import RunFolder, check_fingerprint, write_identity
from mthn_automl.run.options import DEFAULT_TIME_LIMIT, Options, absolute, parse_duration
from mthn_automl.run.prepare import Inputs, chosen_files, prepare
from mthn_automl.run.session import Session
from mthn_automl.run.workers import Workers, device_here
from mthn_automl.storage import read_json
from mthn_automl.tuning.events import Event, PhaseFinished, Said, Watcher
from mthn_automl.tuning.plan import Plan

Given = str | Path | pd.DataFrame


@dataclass(frozen=True)
class SearchResult:
    """What a search found. leaderboard, tradeoff, ablation: as in the CSV files of the run folder."""

    folder: Path
    leaderboard: pd.DataFrame
    tradeoff: pd.DataFrame
    ablation: pd.DataFrame
    summary: dict[str, Any]

    @property
    def best(self) -> dict[str, Any]:
        """Architecture, errors and size of the winner."""
        return dict(self.summary["best"])

    @cached_property
    def model(self) -> Predictor:
        """The winner, loaded from the run folder."""
        return load_model(self.folder)


def search(
    data: Given,
    meta: Given | None = None,
    *,
    task: str = "task",
    target: str | Sequence[str] = (),
    problem: str = "auto",
    metric: str | None = None,
    average: str = "rows",
    test: Given | None = None,
    test_fraction: float = 0.2,
    no_metadata: bool = False,
    no_ablation: bool = False,
    architectures: str | Sequence[str] = "usual",
    space: str | Path | Sequence[str | Path] = (),
    trials: int | None = None,
    time_limit: str | float | None = None,
    folds: int | None = None,
    seeds: int | None = None,
    runner: str = "ray",
    workers: int | None = None,
    device: str = "auto",
    gpus_per_trial: float | None = None,
    seed: int = 0,
    output: str | Path | None = None,
    progress: Watcher | None = None,
) -> SearchResult:
    """Search architectures and their settings for many related small tasks, and keep the best model.

    Every argument but `progress` is an option of `mthn-automl search`, which describes it.

    Args:
        data: a CSV file or a DataFrame, a row an observation. meta: the same, a row a task.
        time_limit: seconds, or text like 10m; by default 10m, or none where `trials` is given.
        progress: called with each event of `mthn_automl.tuning.events`.

    Raises:
        UsageError, DataError: in one sentence; nothing has been written then.
        NothingFinishedError: no trial finished within the budget.

    Example:
        >>> search("data.csv", "meta.csv", time_limit="2m").leaderboard  # doctest: +SKIP
    """
    started = time.time()
    options = Options(
        data=None if isinstance(data, pd.DataFrame) else absolute(data),
        meta=None if isinstance(meta, pd.DataFrame) else absolute(meta),
        test=None if isinstance(test, pd.DataFrame) else absolute(test),
        task=task,
        target=(target,) if isinstance(target, str) else tuple(target),
        problem=problem,
        metric=metric,
        average=average,
        test_fraction=test_fraction,
        no_metadata=no_metadata,
        no_ablation=no_ablation,
        architectures=architectures if isinstance(architectures, str) else ",".join(architectures),
        space=tuple(str(absolute(each)) for each in ([space] if isinstance(space, str | Path) else space)),
        trials=trials,
        time_limit=_time_limit(time_limit, trials),
        folds=folds,
        seeds=seeds,
        runner=runner,
        workers=workers,
        device=device,
        gpus_per_trial=gpus_per_trial,
        seed=seed,
    )
    Workers.of(options)
    files = chosen_files(options)
    watch = progress or _ignore
    inputs = Inputs(options.data or data, None if no_metadata else options.meta or meta, options.test or test)
    prepared = prepare(inputs, options)
    folder = RunFolder.create(Path(output) if output else _default_output(options))
    folder.keep_spaces({file.name: file.path for file in files.values() if str(file.path) in options.space})
    write_identity(folder, {"data": inputs.data, "meta": inputs.meta, "test": inputs.test})
    session = Session.begin(folder, options, files, prepared, started, watch)
    session.seconds["check"] = time.time() - started
    watch(PhaseFinished("check", session.seconds["check"]))
    return _read(session.run())


def resume(
    run: str | Path,
    *,
    trials: int | None = None,
    time_limit: str | float | None = None,
    data: Given | None = None,
    meta: Given | None = None,
    progress: Watcher | None = None,
) -> SearchResult:
    """Go on with a run after a crash, a kill, Ctrl-C or a spent budget; a finished one is returned as it is.

    Args:
        trials: as many more. time_limit: so much more time, in place of what was left.
        data, meta: where the files have moved to; their content must be the same.

    Raises:
        UsageError: no such run. RunError: other data, a changed search space, or another process at work on it.
    """
    started = time.time()
    watch = progress or _ignore
    folder = RunFolder.existing(Path(run))
    if folder.summary.exists() and trials is None and time_limit is None:
        watch(Said(f"{folder.path} is finished; --time-limit or --trials would add to it."))
        return _read(folder)
    if trials is not None and trials < 1:
        raise UsageError(f"--trials must be at least 1, however it is {trials}.")
    config = folder.read_config()
    options = Options.from_toml(config["options"])
    spaces = tuple(str(each) for each in sorted(folder.spaces.glob("*.toml")))
    options = replace(options, device=device_here(options.device), space=spaces)
    inputs = _inputs_again(folder, options, data, meta)
    prepared = prepare(inputs, options)
    session = Session.again(
        folder,
        options,
        chosen_files(options),
        prepared,
        started,
        watch,
        plan=Plan.from_toml(config["plan"]),
        more_trials=trials,
        more_seconds=None if time_limit is None else parse_duration(time_limit),
    )
    return _read(session.run())


def _inputs_again(folder: RunFolder, options: Options, data: Given | None, meta: Given | None) -> Inputs:
    inputs = Inputs(
        _given_or(data, options.data, "--data"),
        _given_or(meta, options.meta, "--meta") if read_json(folder.fingerprint)["meta"] else None,
        options.test,
    )
    check_fingerprint(folder, "data", inputs.data)
    check_fingerprint(folder, "meta", inputs.meta)
    check_fingerprint(folder, "test", inputs.test)
    return inputs


def _given_or(given: Given | None, stored: str | None, option: str) -> Given:
    found = stored if given is None else given
    if found is None:
        raise UsageError(f"This run's data were a DataFrame; {option} must give them again.")
    if not isinstance(found, pd.DataFrame) and not Path(found).exists():
        raise UsageError(f"The data of this run must be where they were, however {found} is gone; say {option} FILE.")
    return found


def _time_limit(given: str | float | None, trials: int | None) -> float | None:
    if given is not None:
        return parse_duration(given)
    return DEFAULT_TIME_LIMIT if trials is None else None


def _default_output(options: Options) -> Path:
    name = Path(options.data).parent.name if options.data and Path(options.data).stem == "data" else None
    stem = name or (Path(options.data).stem if options.data else "frame")
    return Path("mthn_runs") / f"{datetime.now():%Y%m%d-%H%M%S}-{stem}"


def _read(folder: RunFolder) -> SearchResult:
    return SearchResult(
        folder=folder.path,
        leaderboard=read_leaderboard(folder.path / "leaderboard.csv"),
        tradeoff=pd.read_csv(folder.path / "tradeoff.csv"),
        ablation=pd.read_csv(folder.path / "ablation.csv"),
        summary=read_json(folder.summary),
    )


def _ignore(event: Event) -> None:
    """Nobody watches."""
