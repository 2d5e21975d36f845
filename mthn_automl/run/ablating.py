"""`ablate`: the metadata ablation of a finished run made again, with more seeds, all columns and architectures."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mthn_automl.analysis.ablation import COLUMNS, beside
from mthn_automl.analysis.verdict import Verdict, metadata_verdict
from mthn_automl.data.names import listed
from mthn_automl.errors import NothingFinishedError, UsageError, did_you_mean
from mthn_automl.run.ablation import Ablation, affordable, embeddings_alone, fitted, say_left_out
from mthn_automl.run.ablation_fits import DRAWS, Case, Fitting
from mthn_automl.run.embeddings import embedded
from mthn_automl.run.ensembling import ENSEMBLE
from mthn_automl.run.evaluating import records
from mthn_automl.run.option import at_least
from mthn_automl.run.page import report
from mthn_automl.run.parse import parse_duration, parse_names
from mthn_automl.run.prepare import Given
from mthn_automl.run.reopening import reopened
from mthn_automl.run.run import Run
from mthn_automl.storage import write_json, write_text
from mthn_automl.training.encode import validation_share
from mthn_automl.tuning.allocation import CHAMPION
from mthn_automl.tuning.events import Watcher

LEAST_SEEDS = 3
"""Networks a fold where nothing else is asked for, unless the run has more."""


@dataclass(frozen=True)
class AblationResult:
    """What `ablate` found.

    Attributes:
        folder: of the run, whose `ablation.csv`, `summary.json` and page have it now.
        table: that of `ablation.csv`.
        verdict: what the metadata are worth, for machines: helped, hurt, did not help, cannot be told, not measured.
        sentence: the same for people.
    """

    folder: Path
    table: pd.DataFrame
    verdict: str
    sentence: str

    def to_json(self) -> dict[str, Any]:
        """Verdict and table; null where something is not known."""
        told = {"run": str(self.folder), "metadata_verdict": self.verdict, "metadata_sentence": self.sentence}
        return {**told, "ablation": records(self.table)}


def ablate(
    run: str | Path,
    *,
    seeds: int | None = None,
    columns: str | Sequence[str] | None = None,
    architectures: str | Sequence[str] | None = None,
    time_limit: str | float | None = None,
    runner: str = "ray",
    workers: int | None = None,
    data: Given | None = None,
    meta: Given | None = None,
    test: Given | None = None,
    trust: bool = False,
    progress: Watcher | None = None,
) -> AblationResult:
    """Measure what the metadata of a finished run are worth: in all, and column by column.

    The best configuration of each architecture is trained again, on the folds of the search and from new seeds: with
    embedding and metadata, with either alone, with the metadata of other tasks, with a column of noise beside them,
    and with each column left out and alone; with settings of each variant's own; and for tasks never seen.
    `ablation.csv`, the verdict in `summary.json`, the tables of embeddings that were told no metadata and the page of
    the run are written anew; what the table has besides, or of more seeds, stays, and so does the architecture that
    gives the verdict.

    Args:
        run: the folder of a finished run.
        seeds: networks a fold; None: as many as in the search, 3 at least, where a time limit allows them.
        columns: of the metadata, that are left out and alone, as text like age,dose or a list; None: all.
        architectures: likewise; None: the hypernetwork and those of the answer.
        time_limit: after which no more is fitted, like 10m; the verdict comes first, then the columns.
        runner, workers: as of `search`.
        data, meta, test: of the run, where its files have moved, or were DataFrames.
        trust: architectures in the run that are not of this package may be imported, which runs their code.
        progress: called with each event of `mthn_automl.tuning.events`.

    Raises:
        UsageError, DataError, RunError: in one sentence; nothing has been written then.
        NothingFinishedError: not even the full model was fitted.

    Example:
        >>> ablate("mthn_runs/demo", seeds=5).sentence  # doctest: +SKIP
    """
    if seeds is not None:
        at_least(1)("--seeds", seeds)
    began, limit = time.time(), None if time_limit is None else parse_duration(time_limit)
    moved = {"data": data, "meta": meta, "test": test}
    with reopened(run, moved, trust=trust, progress=progress, runner=runner, workers=workers) as opened:
        summary, old = _finished_summary(opened), opened.folder.read_table("ablation.csv", COLUMNS)
        names = _named(architectures) or _of_answer(opened, summary)
        fitting = Fitting.of(opened, names, seeds or max(opened.plan.seeds, LEAST_SEEDS))
        wanted = _named(columns)
        _check(fitting, names, wanted)
        left = None if limit is None else began + limit - time.time()
        fitting = fitting if seeds is not None else _within(fitting, left)
        opened.runner.use(opened.data, opened.plan)
        with opened.interruption:
            made = _made(fitting, wanted or None, left)
            opened.interruption.raise_if_asked()
        return _written(opened, summary, made, old)


def _within(fitting: Fitting, seconds: float | None) -> Fitting:
    """With as many seeds as the verdict has time for."""
    wanted = sum(map(fitting.seconds, fitting.kinds(fitting.names[0]))) / fitting.run.runner.workers
    return fitting.with_seeds(affordable(fitting.plan.seeds, seconds, wanted))


def _named(given: str | Sequence[str] | None) -> list[str]:
    return [name for name in parse_names(given or ()) if name]


def _finished_summary(run: Run) -> dict[str, Any]:
    """Raises UsageError: there is no answer yet whose metadata could be judged."""
    if not run.folder.summary.exists():
        raise UsageError(
            f"{run.folder.path} must be a finished run, however it has no summary.json; "
            f"`mthn-automl resume {run.folder.path}`."
        )
    return run.folder.read_summary()


def _of_answer(run: Run, summary: dict[str, Any]) -> list[str]:
    """The hypernetwork where it was searched, then the architectures of the answer."""
    winner = str(summary["best"]["architecture"])
    members = [trial.rpartition("-")[0] for trial in summary.get("ensemble") or ()]
    return [CHAMPION, *(members if winner == ENSEMBLE else [winner])]


def _check(fitting: Fitting, names: Sequence[str], columns: Sequence[str]) -> None:
    """Raises UsageError: there is nothing to ablate, or a name that is not there."""
    run, best = fitting.run, fitting.run.best()
    if run.data.dataset.tasks.metadata is None:
        raise UsageError("A run must have metadata for them to be ablated, however this one has none.")
    for name in names:
        if name not in best and name != CHAMPION:
            raise UsageError(f"No model of '{name}' is in this run; {did_you_mean(name, best)}")
    if not fitting.names:
        raise UsageError(
            f"An architecture that takes metadata must have been searched, however there are only {listed([*best])}; "
            "start a search with the hypernetwork among its --architectures."
        )
    for name in columns:
        if name not in fitting.columns:
            raise UsageError(f"No column of the metadata is named '{name}'; {did_you_mean(name, fitting.columns)}")


def _made(fitting: Fitting, columns: Sequence[str] | None, seconds: float | None) -> Ablation:
    """Raises NothingFinishedError: the full model was not fitted."""
    verdict, *_ = ([*fitting.kinds(name)] for name in fitting.names)
    fits = fitted(fitting, verdict, _beyond(fitting, columns), seconds, seconds)
    say_left_out(fitting, fits.left_out)
    table = fitting.table(fits.done)
    if table.empty and fitting.run.interruption.number is None:
        raise NothingFinishedError("The full model must be fitted, however it was not; give more --time-limit.")
    return Ablation(table, embeddings_alone(fitting, fits.done))


def _beyond(fitting: Fitting, columns: Sequence[str] | None) -> list[Case]:
    """All but what gives the verdict, the most telling first."""
    name, *others = fitting.names
    cases = [*fitting.of_columns(name, columns)]
    for each in others:
        cases += [*fitting.kinds(each), *fitting.of_columns(each, columns)]
    for each in fitting.names:
        cases += fitting.retuned(each, DRAWS)
    for each in fitting.names:
        cases += fitting.of_new_tasks(each)
    return cases


def _written(run: Run, summary: dict[str, Any], made: Ablation, old: pd.DataFrame) -> AblationResult:
    """Tables, verdict and page, each of which is the old one or the new one whatever happens."""
    table = beside(made.table, old)
    share = validation_share(run.data.fold, forward=run.data.forward)
    verdict: Verdict = metadata_verdict(table, test_share=share)
    write_text(run.folder.path / "ablation.csv", table.to_csv(index=False))
    told = {"metadata_verdict": verdict.word, "metadata_sentence": verdict.sentence, **_embedded(run, made)}
    write_json(run.folder.summary, {**summary, **told})
    report(run.folder.path)
    return AblationResult(run.folder.path, table, verdict.word, verdict.sentence)


def _embedded(run: Run, made: Ablation) -> dict[str, Any]:
    """What `summary.json` has of embeddings now, whose tables are written: of networks that were told no metadata."""
    found = None if made.embeddings is None else embedded(run, {}, made.embeddings)
    if found is None or found.summary is None:
        return {}
    for name, table in (("embeddings", found.table), ("reconstruction", found.reconstruction)):
        write_text(run.folder.path / f"{name}.csv", table.to_csv(index=False))
    return {"embeddings": found.summary}
