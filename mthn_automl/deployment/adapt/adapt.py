"""`adapt`: a model folder and labelled rows of tasks that it has never seen in, a model that knows them out."""

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.formats.reading import Reading
from mthn_automl.data.names import counted, listed
from mthn_automl.data.new_rows import read_rows
from mthn_automl.data.source import PLAIN
from mthn_automl.deployment.adapt.blocks import MOST_ROWS
from mthn_automl.deployment.adapt.classical import adapted_classical
from mthn_automl.deployment.adapt.networks import adapted_networks
from mthn_automl.deployment.adapt.spread import Spread, read_spreads
from mthn_automl.deployment.model_folder import StoredModel, model_folder, read_stored
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.deployment.stored_tasks import ModelTasks
from mthn_automl.errors import DataError, UnknownWarning, UsageError
from mthn_automl.models.base import Classical
from mthn_automl.received import Received
from mthn_automl.training.networks import Networks

OneModel = Networks | Classical


@dataclass(frozen=True)
class Adaptation:
    """A model to which tasks were added.

    Attributes:
        stored: the model.
        tasks: how many were added, with `rows` rows in all.
        rows: that were used.
        parameters: numbers that they brought.
        notes: sentences about the rows, and about members that do not adapt.
    """

    stored: StoredModel
    tasks: int
    rows: int
    parameters: int
    notes: tuple[str, ...]

    def __str__(self) -> str:
        """What has been done, as a sentence."""
        return (
            f"Added {counted(self.tasks, 'task')} by {counted(self.rows, 'row')}: "
            f"{counted(self.parameters, 'number')} were fitted, and nothing else was changed."
        )


def adapt(
    model: str | Path,
    data: str | Path | pd.DataFrame,
    meta: str | Path | pd.DataFrame | None = None,
    *,
    output: str | Path | None = None,
    allow_unknown: bool = False,
    sheet: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    trust: bool = False,
) -> Predictor:
    """Add tasks that a model has never seen, by a few labelled rows of each; a search is not needed.

    What is each task's own is fitted: a row of the networks' task tables, the random effects of a mixed model, the
    deviation of a kernel model, an offset of trees. It starts from what the task's metadata predict, and leaves that as
    far as the rows are surer. Everything else stays, so that predictions for all other tasks are the same to the bit.

    Args:
        model: a model folder, or a run, whose winner is taken.
        data: a file or a DataFrame with the task columns, the features and the targets of training; rows of tasks that
            the model knows are left out.
        meta: the same, with the metadata of the new tasks.
        output: folder to write the new model to, which must be new or empty; None: it is not written.
        allow_unknown: whether a column may hold nothing that training has seen.
        sheet, encoding, delimiter: how the files are read. By default as those of training, where that fits.
        trust: import architectures that are not of this package, which the folder names: that runs their code.

    Returns:
        The model with the new tasks. What was left out, and members that cannot adapt, are told in warnings.

    Raises:
        DataError: no row is of a new task, or as `Predictor.read`. UsageError: there is no model, or nothing of it is a
            task's own, or the output is in use. FormatError: the model is damaged.

    Example:
        >>> adapt("mthn_runs/demo", "labelled.csv", output="with_new_tasks").predict("new.csv")  # doctest: +SKIP
    """
    reading = Reading(delimiter, encoding, sheet)
    found = adaptation(model, data, meta, output=output, allow_unknown=allow_unknown, reading=reading, trust=trust)
    for note in found.notes:
        warnings.warn(note, UnknownWarning, stacklevel=2)
    return found.stored.predictor


def adaptation(
    model: str | Path,
    data: str | Path | pd.DataFrame,
    meta: str | Path | pd.DataFrame | None = None,
    *,
    output: str | Path | None = None,
    allow_unknown: bool = False,
    reading: Reading = PLAIN,
    trust: bool = False,
) -> Adaptation:
    """As `adapt`, with what there is to say of it."""
    if output is not None:
        _refuse_used(Path(output))
    folder = model_folder(model)
    stored = read_stored(folder, trust=trust)
    given = Received(folder, "a whole model folder")
    spreads = read_spreads(given, len(stored.models), stored.schema)
    rows, notes = _rows_of_new_tasks(stored, data, meta, allow_unknown, reading)
    found = adapted(stored, rows, spreads)
    found = replace(found, notes=(*notes, *found.notes))
    if output is not None:
        _write(found, given, Path(output))
    return found


def adapted(stored: StoredModel, rows: Dataset, spreads: tuple[Spread, ...]) -> Adaptation:
    """The model with the tasks of the rows, which are numbered behind those that it knows."""
    first = len(stored.tasks.table)
    members = [
        [with_tasks(each, rows, first, spread) for each in models]
        for models, spread in zip(stored.models, spreads, strict=True)
    ]
    lasting = [f"{each.architecture}-{each.trial}" for each in stored.config.members]
    fixed = [name for name, models in zip(lasting, members, strict=True) if None in models]
    if len(fixed) == len(members):
        raise UsageError(
            f"A model must have something that is a task's own to be adapted, however {listed(fixed)} has nothing; it "
            "predicts new tasks from their metadata as it is."
        )
    models = tuple(
        tuple(after or before for before, after in zip(*both, strict=True))
        for both in zip(stored.models, members, strict=True)
    )
    counts = np.bincount(rows.task, minlength=len(rows.tasks))[first:]
    tasks = ModelTasks(
        rows.tasks, rows.spare, (*stored.tasks.rows, *counts.tolist()), stored.tasks.adapted + len(counts)
    )
    parameters = sum(each.added_parameters for each in _flat(models)) - sum(
        each.added_parameters for each in _flat(stored.models)
    )
    return Adaptation(replace(stored, tasks=tasks, models=models), len(counts), len(rows), parameters, _fixed(fixed))


def _flat(models: tuple[tuple[OneModel, ...], ...]) -> list[OneModel]:
    return [each for member in models for each in member]


def with_tasks(model: OneModel, rows: Dataset, first: int, spread: Spread) -> OneModel | None:
    """One model with the tasks of the rows, which are numbered from `first` on; None where nothing is a task's own."""
    if isinstance(model, Classical):
        return adapted_classical(model, rows, first, spread)
    return adapted_networks(model, rows, first, spread)


def _fixed(names: list[str]) -> tuple[str, ...]:
    if not names:
        return ()
    return (
        f"Nothing of {listed(names)} is a task's own: new tasks are predicted by it from their metadata, as before.",
    )


def _rows_of_new_tasks(
    stored: StoredModel, data: Any, meta: Any, allow_unknown: bool, reading: Reading
) -> tuple[Dataset, list[str]]:
    """Those that have a target, with what there is to say of them; their tasks follow those that the model knows."""
    if stored.schema.wide:
        raise UsageError(
            "A model must be of a long table to be adapted, however this one's tasks are the columns of a wide one; "
            "search again with the new columns."
        )
    table = stored.tasks.table
    rows = read_rows(
        data,
        schema=stored.schema,
        tasks=table,
        spare=stored.tasks.spare,
        meta=meta,
        need_target=True,
        allow_unknown=allow_unknown,
        reading=reading,
    )
    new = np.flatnonzero(rows.task >= len(table))
    if len(new) == 0:
        raise DataError(
            f"Rows to adapt to must be of tasks that the model has never seen, however all {len(rows):,} are of tasks "
            "that it knows; `mthn-automl predict` predicts these as it is."
        )
    notes = list(rows.notes)
    if len(new) < len(rows):
        known = counted(len(rows) - len(new), "row")
        notes.append(f"{known} of tasks that the model knows were left out: these stay as they are.")
    present = np.unique(rows.task[new])
    found = rows.take(new).numbered(np.concatenate([np.arange(len(table)), present]))
    many = int((np.bincount(found.task) > MOST_ROWS).sum())
    if many:
        notes.append(f"{counted(many, 'task')} with more than {MOST_ROWS:,} rows: so many of each were used.")
    return found, notes


def _refuse_used(output: Path) -> None:
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise UsageError(f"--output must be a new or empty folder, however {output} is in use; name another.")


def _write(found: Adaptation, given: Received, output: Path) -> None:
    """All files of the old folder, those that the new tasks change anew."""
    files = {each.name: given.bytes(each.name) for each in given.folder.iterdir() if each.is_file()}
    card = files.get("README.md", b"").decode("utf-8", errors="replace")
    files["README.md"] = f"{card}\n## Tasks added after training\n{found}\n".encode()
    found.stored.write(output, {name: each for name, each in files.items() if name != "config.json"})
