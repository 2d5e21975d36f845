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
from mthn_automl.catalogue import SpaceFile
from mthn_automl.deployment.model_folder import load_model
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import NothingFinishedError, UsageError
from mthn_automl.run.folder import RunFolder, check_fingerprint, write_identity
from mthn_automl.run.options import Options
from mthn_automl.run.parse import absolute, earlier_run, parse_count, parse_duration, parse_objectives, time_limit_of
from mthn_automl.run.prepare import Inputs, Prepared, build_spaces, chosen_files, prepare
from mthn_automl.run.session import Session
from mthn_automl.run.workers import Workers, device_here, make_runner
from mthn_automl.storage import read_json
from mthn_automl.tuning.events import Event, Said, Watcher
from mthn_automl.tuning.plan import Plan
from mthn_automl.tuning.runners.interruption import Interruption
from mthn_automl.tuning.samplers.parts.sampler import check_sampler
from mthn_automl.tuning.warm_start import warm_starts

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
    objectives: str | Sequence[str] = "error",
    test: Given | None = None,
    test_fraction: float = 0.2,
    no_metadata: bool = False,
    no_ablation: bool = False,
    preset: str = "default",
    architectures: str | Sequence[str] = "usual",
    space: str | Path | Sequence[str | Path] = (),
    sampler: str = "tpe",
    scheduler: str = "asha",
    warm_start: str | Path | None = None,
    max_parameters: str | int | None = None,
    max_parameters_per_task: str | int | None = None,
    max_latency: float | None = None,
    trials: int | None = None,
    time_limit: str | float | None = None,
    folds: int | None = None,
    seeds: int | None = None,
    runner: str = "ray",
    address: str | None = None,
    workers: int | None = None,
    cpus_per_trial: float = 1.0,
    device: str = "auto",
    gpus_per_trial: float | None = None,
    trial_timeout: str | float | None = None,
    seed: int = 0,
    output: str | Path | None = None,
    progress: Watcher | None = None,
) -> SearchResult:
    """Search architectures and their settings for many related small tasks, and keep the best model.

    Every argument but `progress` is an option of `mthn-automl search`, which describes it.

    Args:
        data: a CSV file or a DataFrame, a row an observation. meta: the same, a row a task.
        objectives: names, or text like error,parameters; the first is error, by which the winner is chosen.
        time_limit: seconds, or text like 10m; by default the preset's, or none where `trials` is given.
        trial_timeout: seconds, or text like 10m. max_latency: microseconds a row.
        max_parameters, max_parameters_per_task: numbers, or text like 50k or 1.5M.
        warm_start: the run folder of an earlier search, which is only read.
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
        objectives=parse_objectives(objectives),
        test_fraction=test_fraction,
        no_metadata=no_metadata,
        no_ablation=no_ablation,
        preset=preset,
        architectures=architectures if isinstance(architectures, str) else ",".join(architectures),
        space=tuple(str(absolute(each)) for each in ([space] if isinstance(space, str | Path) else space)),
        sampler=sampler,
        scheduler=scheduler,
        warm_start=earlier_run(warm_start),
        max_parameters=parse_count(max_parameters),
        max_parameters_per_task=parse_count(max_parameters_per_task),
        max_latency=max_latency,
        trials=trials,
        time_limit=time_limit_of(preset, time_limit, trials),
        folds=folds,
        seeds=seeds,
        runner=runner,
        address=address,
        workers=workers,
        cpus_per_trial=cpus_per_trial,
        device=device,
        gpus_per_trial=gpus_per_trial,
        trial_timeout=None if trial_timeout is None else parse_duration(trial_timeout),
        seed=seed,
    )
    check_sampler(options.sampler, len(options.objectives))
    there = Workers.of(options)
    files = chosen_files(options)
    watch = progress or _ignore
    inputs = Inputs(options.data or data, None if no_metadata else options.meta or meta, options.test or test)
    prepared = prepare(inputs, options)
    warm, notes = _warm_starts(options, files, prepared)
    folder = RunFolder.create(Path(output) if output else _default_output(options))
    with folder.locked():
        for note in notes:
            watch(Said(note))
        folder.keep_warm_starts(warm)
        folder.keep_spaces({file.name: file.path for file in files.values() if str(file.path) in options.space})
        write_identity(folder, {"data": inputs.data, "meta": inputs.meta, "test": inputs.test})
        folder.write_config({"options": options.to_toml()})
        return _work(folder, options, files, prepared, there, watch, started)


def _warm_starts(
    options: Options, files: dict[str, SpaceFile], prepared: Prepared
) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
    """Settings to begin with, by architecture, and what there is to say of them; read before anything is written."""
    if options.warm_start is None:
        return {}, []
    spaces = build_spaces(files, prepared.all_rows)
    return warm_starts(RunFolder(Path(options.warm_start)).journal, spaces)


def _work(
    folder: RunFolder,
    options: Options,
    files: dict[str, SpaceFile],
    prepared: Prepared,
    workers: Workers,
    watch: Watcher,
    started: float,
    *,
    more_trials: int | None = None,
    more_seconds: float | None = None,
) -> SearchResult:
    """One process's work on a run; what a signal stops is written before the signal's exception is raised."""
    with Interruption() as interruption:
        try:
            with make_runner(workers, options, folder, files.values(), interruption) as runner:
                plan = folder.read_config().get("plan")
                if plan is None and (more_trials is not None or more_seconds is not None):
                    options = replace(options, trials=more_trials, time_limit=more_seconds)
                if plan is None:
                    session = Session.begin(folder, options, files, prepared, started, watch, workers=runner.workers)
                else:
                    session = Session.again(
                        folder,
                        options,
                        files,
                        prepared,
                        started,
                        watch,
                        plan=Plan.from_toml(plan),
                        more_trials=more_trials,
                        more_seconds=more_seconds,
                    )
                session.run(runner, interruption)
        except NothingFinishedError:
            interruption.raise_if_asked()
            raise
        interruption.raise_if_asked()
    return _read(folder)


def resume(
    run: str | Path,
    *,
    trials: int | None = None,
    time_limit: str | float | None = None,
    data: Given | None = None,
    meta: Given | None = None,
    test: Given | None = None,
    workers: int | None = None,
    address: str | None = None,
    trial_timeout: str | float | None = None,
    progress: Watcher | None = None,
) -> SearchResult:
    """Go on with a run after a crash, a kill, Ctrl-C or a spent budget; a finished one is returned as it is.

    Args:
        trials: as many more. time_limit: so much more time, in place of what was left.
        data, meta, test: where the files have moved to; their content must be the same.
        workers, address, trial_timeout: in place of those the run began with; address: `local` for no cluster.

    Raises:
        UsageError: no such run. RunError: other data, a changed search space, or another process at work on it.
    """
    started = time.time()
    watch = progress or _ignore
    folder = RunFolder.existing(Path(run))
    if _is_finished(folder) and trials is None and time_limit is None:
        watch(Said(f"{folder.path} is finished; --time-limit or --trials would add to it."))
        return _read(folder)
    if trials is not None and trials < 1:
        raise UsageError(f"--trials must be at least 1, however it is {trials}.")
    options = Options.from_toml(folder.read_config()["options"])
    spaces = tuple(str(each) for each in sorted(folder.spaces.glob("*.toml")))
    elsewhere = _not_none(
        workers=workers,
        address=address,
        trial_timeout=None if trial_timeout is None else parse_duration(trial_timeout),
    )
    if address == "local":
        options, elsewhere = replace(options, address=None), {**elsewhere, "address": None}
    options = replace(options, device=device_here(options.device), space=spaces, **elsewhere)
    with folder.locked():
        there = Workers.of(options)
        prepared = prepare(_inputs_again(folder, options, data, meta, test), options)
        folder.keep_options(**elsewhere, **_moved(data=data, meta=meta, test=test))
        return _work(
            folder,
            options,
            chosen_files(options),
            prepared,
            there,
            watch,
            started,
            more_trials=trials,
            more_seconds=None if time_limit is None else parse_duration(time_limit),
        )


def _moved(**given: Given | None) -> dict[str, str | None]:
    """Where files are from now on."""
    files = {name: each for name, each in given.items() if not isinstance(each, pd.DataFrame)}
    return {name: absolute(each) for name, each in files.items() if each is not None}


def _is_finished(folder: RunFolder) -> bool:
    """Runs of older versions did not say so: there, only a finished one had a summary."""
    return folder.summary.exists() and bool(read_json(folder.summary).get("finished", True))


def _not_none(**given: Any) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _inputs_again(
    folder: RunFolder, options: Options, data: Given | None, meta: Given | None, test: Given | None
) -> Inputs:
    stored = read_json(folder.fingerprint)
    inputs = Inputs(
        _given_or(data, options.data, "--data"),
        _given_or(meta, options.meta, "--meta") if stored["meta"] else None,
        _given_or(test, options.test, "--test") if stored["test"] else None,
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
