"""The main job as one function: check, split, search, ensemble, test, ablate, tables, pictures, model."""

import time
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from mthn_automl.analysis.leaderboard import COLUMNS
from mthn_automl.deployment.model_folder import load_model
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import NothingFinishedError
from mthn_automl.run.ablation import ablation, answering
from mthn_automl.run.again import inputs_again
from mthn_automl.run.answer import Answer
from mthn_automl.run.embeddings import embedded
from mthn_automl.run.ensembling import blend
from mthn_automl.run.folder import RunFolder, write_identity
from mthn_automl.run.live import LivePage, Shown
from mthn_automl.run.log import Log
from mthn_automl.run.models import best_models
from mthn_automl.run.option import accepting, arguments, parsed
from mthn_automl.run.options import CHANGEABLE, OPTIONS, Options
from mthn_automl.run.parse import STDIN
from mthn_automl.run.prepare import Given, Inputs, Prepared, build_spaces, prepare
from mthn_automl.run.run import Added, Run, check_files
from mthn_automl.run.searching import search as search_phase
from mthn_automl.run.strangers import refuse_foreign
from mthn_automl.run.summary import summarise
from mthn_automl.run.testing import test as test_phase
from mthn_automl.run.usual import usual
from mthn_automl.run.workers import Workers, device_here, make_runner
from mthn_automl.storage import write_json
from mthn_automl.tuning.events import Said, Watcher, WorkersSeen
from mthn_automl.tuning.runners.interruption import Interruption
from mthn_automl.tuning.samplers.parts.sampler import check_sampler
from mthn_automl.tuning.warm_start import warm_starts


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes:
        folder: of the run.
        leaderboard, tradeoff, ablation: as in its CSV files.
        summary: as in summary.json.
        trusted: whether classes that are not of this package may be imported: this process has made it with them, or
            was told so.
    """

    folder: Path
    leaderboard: pd.DataFrame
    tradeoff: pd.DataFrame
    ablation: pd.DataFrame
    summary: dict[str, Any]
    trusted: bool = False

    @property
    def page(self) -> Path:
        """What was found, for people: one HTML file."""
        return RunFolder(self.folder).page

    @property
    def best(self) -> dict[str, Any]:
        """Architecture, errors and size of the winner."""
        return dict(self.summary["best"])

    @cached_property
    def model(self) -> Predictor:
        """The winner, loaded from the run folder."""
        return load_model(self.folder, trust=self.trusted)


@accepting(arguments(OPTIONS.values()))
def search(
    data: Given,
    meta: Given | None = None,
    *,
    test: Given | None = None,
    output: str | Path | None = None,
    progress: Watcher | None = None,
    **options: Any,
) -> SearchResult:
    """Search architectures and their settings for many related small tasks, and keep the best model.

    Every argument but `progress` is an option of `mthn-automl search`, which describes it. Times may be text like 10m
    or seconds, counts text like 50k or numbers; architectures and objectives may be text like ridge,pooled or a list,
    `target` and `space` one or a list.

    Args:
        data: a file of any of the formats, or a DataFrame, a row an observation.
        meta: the same, a row a task.
        test: the same, test rows in place of rows held out of the data.
        output: the run folder, new or empty.
        progress: called with each event of `mthn_automl.tuning.events`.

    Raises:
        UsageError, DataError: in one sentence; nothing has been written then.
        NothingFinishedError: no trial finished within the budget.

    Example:
        >>> search("data.csv", "meta.csv", time_limit="2m").leaderboard  # doctest: +SKIP
    """
    started = time.time()
    chosen = Options.parsed(data=data, meta=meta, test=test, **options)
    check_sampler(chosen.sampler, len(chosen.objectives))
    workers = Workers.of(chosen)
    inputs = Inputs.of(chosen, data, meta, test)
    inputs = replace(inputs, meta=None) if chosen.no_metadata else inputs
    prepared = prepare(inputs, chosen)
    warm, notes = _warm_starts(chosen, prepared)
    folder = RunFolder.create(Path(output) if output else _default_output(chosen))
    with folder.locked():
        run = _run(folder, chosen, prepared, workers, progress, started, Added())
        for note in notes:
            run.say(note)
        folder.keep_warm_starts(warm)
        folder.keep_spaces({file.name: file.path for file in prepared.files.values() if str(file.path) in chosen.space})
        write_identity(folder, vars(inputs))
        folder.write_config({"options": chosen.to_toml()})
        return _work(run, trusted=True)


def _warm_starts(options: Options, prepared: Prepared) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
    """Settings to begin with, by architecture, and what there is to say of them; read before anything is written."""
    if options.warm_start is None:
        return {}, []
    spaces = build_spaces(prepared.files, prepared)
    return warm_starts(RunFolder(Path(options.warm_start)).journal, spaces)


@accepting(arguments(CHANGEABLE.values()))
def resume(run: str | Path, *, trust: bool = False, progress: Watcher | None = None, **changed: Any) -> SearchResult:
    """Go on with a run after a crash, a kill, Ctrl-C or a spent budget; a finished one is returned as it is.

    Args:
        run: the folder of a run that was begun.
        trust: architectures in it that are not of this package may be imported, which runs their code.
        progress: called with each event of `mthn_automl.tuning.events`.
        changed: trials: as many more. time_limit: so much more time, in place of what was left. data, meta, test,
            split: where the files have moved to, or the same DataFrames; their content must be the same. workers,
            trial_timeout: in place of those the run began with. address: of a cluster to join; the one that the run
            began on is joined only when it is named again, since a folder may come from a stranger.

    Raises:
        UsageError: no such run. RunError: other data, a changed search space, another process at work on it, another
            user's folder, or one with links. FormatError: an architecture that is not trusted.
    """
    started = time.time()
    folder = RunFolder.existing(Path(run))
    refuse_foreign(folder.path, trust=trust)
    new = parsed(CHANGEABLE, changed)
    added = Added(new.pop("trials", None), new.pop("time_limit", None))
    if _is_finished(folder) and added == Added():
        if progress is not None:
            progress(Said(f"{folder.path} is finished; --time-limit or --trials would add to it."))
        return _read(folder, trust)
    config = folder.read_config()
    with folder.received.checked(folder.config.name):
        stored = Options.from_toml(config["options"])
    spaces = tuple(str(each) for each in sorted(folder.spaces.glob("*.toml")))
    options = replace(stored, device=device_here(stored.device), space=spaces, **{"address": None, **new})
    with folder.locked():
        workers = Workers.of(options)
        prepared = prepare(inputs_again(folder, options, changed), options)
        folder.keep_options(**new)
        session = _run(folder, options, prepared, workers, progress, started, added)
        if stored.address and not options.address:
            session.say(
                f"This session searches on this machine: the cluster that the run began on, {stored.address}, is "
                "joined only where --address names it again."
            )
        return _work(session, trust)


def _run(
    folder: RunFolder,
    options: Options,
    prepared: Prepared,
    workers: Workers,
    progress: Watcher | None,
    started: float,
    added: Added,
) -> Run:
    interruption = Interruption()
    runner = make_runner(workers, options, folder, prepared.files.values(), interruption)
    watch: Watcher = Log(folder, progress)
    if options.live:
        watch = LivePage(folder, watch, Shown(prepared, options.average, started))
    return Run(folder, options, prepared, runner, interruption, watch, started, added)


def _work(run: Run, trusted: bool) -> SearchResult:
    """All phases; what a signal stops is written before the signal's exception is raised."""
    page = run.watch if isinstance(run.watch, LivePage) else nullcontext()
    with page, run.interruption:
        try:
            with run.runner:
                _all_phases(run)
        except NothingFinishedError:
            run.interruption.raise_if_asked()
            raise
        run.interruption.raise_if_asked()
    return _read(run.folder, trusted)


def _all_phases(run: Run) -> None:
    """summary.json is written behind models and tables, and says whether the phases were all there was to do.

    After a signal, the best so far is written, without an ablation.

    Raises:
        NothingFinishedError: no architecture has a finished trial, or a model.
    """
    check_files(run)
    run.studies.running()  # a journal that cannot be gone on with is refused before anything is touched
    _mark_unfinished(run.folder)
    run.runner.use(run.data, run.plan)
    run.watch(WorkersSeen(run.runner.workers, run.runner.nodes))
    run.phases.seconds["start"] = time.time() - run.started
    search_phase(run)
    with run.phase("ensemble"):
        best = best_models(run)
        found = blend(run, best)
    with run.phase("test"):
        tested = test_phase(run, best, found)
    with run.phase("usual"):
        beside = usual(run, tested)
    with run.phase("ablation"):
        ablated = ablation(run, answering(best, found))
    with run.phase("report"):
        answer = Answer(run, best, found, tested, ablated.table, beside, embedded(run, best, ablated.embeddings))
        answer.write()
    write_json(run.folder.summary, summarise(answer))
    with run.phase("figures"):
        answer.draw()
    write_json(run.folder.summary, summarise(answer))
    if run.phases.stopped_in is not None:
        run.say(
            f"Stopped in the phase {run.phases.stopped_in}; the best so far is in {run.folder.model}, and "
            f"`mthn-automl resume {run.folder.path}` goes on."
        )
    else:
        run.say_if_late()


def _mark_unfinished(folder: RunFolder) -> None:
    """Should this session be killed, the run is to be gone on with; what an earlier one found stays to be read."""
    if folder.summary.exists():
        write_json(folder.summary, {**folder.read_summary(), "finished": False})


def _is_finished(folder: RunFolder) -> bool:
    return folder.summary.exists() and folder.read_summary().get("finished") is True


def _default_output(options: Options) -> Path:
    path = Path({None: "frame", STDIN: "stdin"}.get(options.data, options.data or ""))
    stem = (path.parent.name if path.stem == "data" else "") or path.stem
    return Path("mthn_runs") / f"{datetime.now():%Y%m%d-%H%M%S}-{stem}"


def _read(folder: RunFolder, trusted: bool) -> SearchResult:
    return SearchResult(
        folder=folder.path,
        leaderboard=folder.read_table("leaderboard.csv", COLUMNS),
        tradeoff=folder.read_table("tradeoff.csv"),
        ablation=folder.read_table("ablation.csv"),
        summary=folder.read_summary(),
        trusted=trusted,
    )
