"""A saved model on rows whose targets are known, with every metric, and what has changed since training."""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mthn_automl.analysis.drift import COLUMNS, drift, sentences
from mthn_automl.analysis.evaluation import Evaluated, joined
from mthn_automl.data import metrics
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.formats.reading import Reading
from mthn_automl.data.labels import Labels
from mthn_automl.data.names import counted
from mthn_automl.data.schema import Schema
from mthn_automl.data.scoring import default_metric, metric_named
from mthn_automl.data.stream import RowStream
from mthn_automl.deployment.model_folder import load_model
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import MthnError, UsageError
from mthn_automl.received import Received
from mthn_automl.run.folder import RunFolder
from mthn_automl.run.prepare import Given
from mthn_automl.run.sealed_rows import options_of, sealed_rows, trained_on
from mthn_automl.storage import write_text


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found.

    Attributes:
        evaluated: rows with targets and predictions, of which the tables are made.
        drift: how each feature differs from training; without rows where these are the run's own.
        notes: sentences on what was left out, what training has not seen, and what has moved.
    """

    evaluated: Evaluated = field(repr=False)
    drift: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def errors(self) -> pd.DataFrame:
        """A row a metric, the usual one first; lower is better. Columns as those of `leaderboard.csv`."""
        return self.evaluated.errors

    @property
    def tasks(self) -> pd.DataFrame:
        """A row a task, with each metric over its rows."""
        return self.evaluated.tasks

    @property
    def targets(self) -> pd.DataFrame:
        """A row a target and metric, where there are several targets."""
        return self.evaluated.targets

    def to_json(self) -> dict[str, Any]:
        """Counts and tables, as lists of objects; null where something is not defined."""
        rows = self.evaluated.rows
        new = rows.task >= self.evaluated.known_tasks
        return {
            "rows": len(rows),
            "tasks": len(np.unique(rows.task)),
            "new_tasks": len(np.unique(rows.task[new])),
            "rows_of_new_tasks": int(new.sum()),
            "errors": records(self.errors),
            "targets": records(self.targets),
            "drift": records(self.drift),
            "notes": list(self.notes),
        }

    def write_tasks(self, path: Path) -> None:
        """The table of tasks as CSV."""
        write_text(path, self.tasks.to_csv(index=False))


def evaluate(
    model: str | Path | Predictor,
    data: Given | None = None,
    meta: Given | None = None,
    *,
    metric: str | None = None,
    seed: int | None = None,
    allow_unknown: bool = False,
    sheet: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    trust: bool = False,
) -> Evaluation:
    """Every metric that suits the problem, of a saved model on rows whose targets are known.

    The file is read and predicted in pieces; targets and predictions alone are held in memory.

    Args:
        model: a model folder, a run, whose winner is taken, or what `load_model` gave.
        data: a file or a DataFrame, with the targets; None: the sealed test rows of the run that `model` is.
        meta: the same, with the metadata of tasks that are new.
        metric: the one that comes first; by default the one that the model was searched by.
        seed: of the bootstrap; by default that of the run, which gives the intervals of its leaderboard, or 0.
        allow_unknown: whether a column may hold nothing that training has seen.
        sheet, encoding, delimiter: how the files are read; as for `predict`.
        trust: import architectures that are not of this package, which runs their code.

    Raises:
        UsageError: no model, no data, a metric that does not suit, or a seed below 0. DataError: no target column, no
            row with a target, or what `predict` refuses.

    Example:
        >>> evaluate("mthn_runs/demo", "labelled.csv").errors  # doctest: +SKIP
    """
    predictor = model if isinstance(model, Predictor) else load_model(model, trust=trust)
    first = metric or usual_metric(model, predictor.schema)
    seed = seed_of(model) if seed is None else seed
    check_seed(seed)
    if data is None:
        rows = rows_of_run(model)
        prediction = predictor.predict_encoded(rows)
        found = Evaluated(rows, prediction, len(predictor.tasks), seed, first)
        said = f"{model}: these are its {counted(len(rows), 'sealed test row')}."
        return Evaluation(found, pd.DataFrame(columns=list(COLUMNS)), (said,))
    stream = labelled(predictor, data, meta, allow_unknown, Reading(delimiter, encoding, sheet))
    rows, prediction = _gone_through(predictor, stream)
    found = Evaluated(rows, prediction, len(predictor.tasks), seed, first)
    moved = drift(stream.unknowns.counts)
    known = "" if isinstance(model, Predictor) else trained_on(Path(model), data)
    return Evaluation(found, moved, (*filter(None, [known]), *stream.notes, *sentences(moved)))


def _gone_through(predictor: Predictor, stream: RowStream) -> tuple[Dataset, np.ndarray]:
    """All rows without their features, and (rows, outputs) that is predicted for them."""
    pieces, predictions = [], []
    for rows in stream:
        predictions.append(predictor.predict_encoded(rows))
        pieces.append(joined([rows]))
    return joined(pieces), np.concatenate(predictions)


def labelled(
    predictor: Predictor,
    data: Given,
    meta: Given | None,
    allow_unknown: bool,
    reading: Reading,
    rows_at_once: int = 200_000,
) -> RowStream:
    """Rows with targets, in pieces; classes that training never saw are numbered on from those that it did."""
    return RowStream(
        data,
        schema=predictor.schema,
        tasks=predictor.tasks,
        spare=predictor.spare,
        meta=meta,
        rows_at_once=rows_at_once,
        allow_unknown=allow_unknown,
        reading=reading,
        labels=Labels(predictor.schema),
    )


def usual_metric(model: str | Path | Predictor, schema: Schema) -> str:
    """The metric that a model was searched by, where its folder says it; else the usual one of the problem."""
    if not isinstance(model, Predictor):
        for folder in (Path(model), Path(model) / "model"):
            if (folder / "metrics.json").exists():
                stored = Received(folder, "a whole model folder").typed("metrics.json", dict[str, Any]).get("metric")
                if stored in metrics.names() and schema.problem in metric_named(str(stored)).problems:
                    return str(stored)
    return default_metric(schema.problem)


def check_seed(seed: Any) -> None:
    """Raises UsageError: it is no start of random numbers."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise UsageError(f"The seed must be a whole number from 0 on, however it is {seed!r}.")


def seed_of(model: str | Path | Predictor) -> int:
    """That of a run; 0 of a model alone."""
    return 0 if isinstance(model, Predictor) or not is_run(model) else options_of(Path(model)).seed


def is_run(model: str | Path) -> bool:
    """Whether a run was given, and not a model alone."""
    return RunFolder(Path(model)).config.exists()


def files_read(model: Path, *given: Path | None) -> list[Path]:
    """What a command reads that is given these: the folder of the model, the data of a run, and the files named."""
    found = [model, *(each for each in given if each is not None)]
    with suppress(MthnError):  # a damaged folder is told of by whoever reads more of it
        if is_run(model):
            stored = RunFolder(model).read_fingerprint().values()
            found += [Path(each.path) for each in stored if each is not None and each.path is not None]
    return found


def rows_of_run(model: str | Path | Predictor) -> Dataset:
    """The sealed test rows where a run was given in place of a model alone."""
    if isinstance(model, Predictor) or not is_run(model):
        given = "a model in memory" if isinstance(model, Predictor) else f"{model} is none"
        raise UsageError(f"Rows with targets must be given unless MODEL is a run with test rows, however {given}.")
    return sealed_rows(Path(model))


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as JSON has them."""
    defined = table.replace([np.inf, -np.inf], np.nan).astype(object)
    lines = defined.where(defined.notna(), None).to_dict("records")
    return [{str(name): value for name, value in line.items()} for line in lines]
