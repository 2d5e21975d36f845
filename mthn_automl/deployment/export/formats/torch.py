"""A program of `torch.export`, for networks that are plain once the task is fixed; no code of this package is in it."""

import json
import warnings
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import torch
from torch.export import Dim, ExportedProgram

from mthn_automl.data.dataset import Dataset, Table
from mthn_automl.data.names import listed
from mthn_automl.deployment.export.check import TOLERANCE, differences
from mthn_automl.deployment.export.drawn import drawn_rows
from mthn_automl.deployment.export.meaning import meaning_of_column
from mthn_automl.deployment.export.members import parts_of
from mthn_automl.deployment.export.request import Request, Written
from mthn_automl.deployment.export.torch_program import Program, cannot_be_written
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.deployment.tables import prediction_names
from mthn_automl.errors import UnsupportedError, UsageError
from mthn_automl.machine import in_words

Tensors = tuple[torch.Tensor, ...]
NEVER_SEEN = -1
COLUMNS = "columns.json"
"""In the file, what its inputs and outputs are; `torch.export.load(..., extra_files={"columns.json": ""})` gives it."""


def unsupported(predictor: Predictor, task: int | None) -> dict[int, str]:
    """By the number of a member, why it cannot be written."""
    parts = parts_of(predictor.model, len(predictor.tasks), len(predictor.members))
    reasons = {part.trial: cannot_be_written(part.model) for part in reversed(parts)}
    return {trial: reason for trial, reason in reasons.items() if reason}


def written(request: Request) -> Written:
    """The program, with a list of columns, categories and tasks in the same file.

    Raises:
        UsageError: intervals are asked for.
        UnsupportedError: a network is no plain one, or the program does not predict the same.
    """
    predictor, task = request.predictor, request.task
    if request.interval is not None:
        raise UsageError("--interval must be with --format onnx, however the format is torch; leave it out.")
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        tables = [_without_new_metadata(predictor, each) for each in (*request.tables, drawn_rows(predictor, task))]
        given = [_given(predictor, each, task) for each in tables]
        program = _exported(Program(predictor, task), given[-1])
        run = program.module()
        found = [rows.exposed(run(*each).numpy()) for rows, each in zip(tables, given, strict=True)]
        pairs = zip(tables, found, strict=True)
        largest = max(float(differences(predictor, rows, each).max()) for rows, each in pairs)
        if not largest <= TOLERANCE:
            raise UnsupportedError(f"A program must predict as the model does, however it differs by {largest:.2g}.")
        stream = BytesIO()
        torch.export.save(program, stream, extra_files={COLUMNS: json.dumps(_columns(predictor, task))})
    names = ["numbers (float64)", "categories (int64)", *([] if task is not None else ["task (int64)"])]
    content = stream.getvalue()
    return Written(
        content,
        (
            f"A program of torch.export {torch.__version__}, {in_words(len(content))}.",
            f"Inputs: {listed(names, 3)}; {COLUMNS} in the file says in which order, and what they mean."
            f"{_of_new(task)}{_of_exposure(predictor)}",
            f"It differs from predict by {largest:.1g} at most, on {sum(map(len, tables)):,} rows.",
        ),
    )


def _of_new(task: int | None) -> str:
    return "" if task is not None else f" A task never seen is {NEVER_SEEN}, and is predicted without its metadata."


def _of_exposure(predictor: Predictor) -> str:
    offset = predictor.schema.offset
    return "" if offset is None else f" Outputs are at an exposure of 1: multiply them by '{offset}'."


def _exported(program: Program, given: Tensors) -> ExportedProgram:
    count = Dim("rows")
    return torch.export.export(program, given, dynamic_shapes=tuple({0: count} for _ in given))


def _given(predictor: Predictor, rows: Dataset, task: int | None) -> Tensors:
    features = torch.from_numpy(rows.features.numeric), torch.from_numpy(rows.features.codes)
    if task is not None:
        return features
    return (*features, torch.from_numpy(np.where(rows.task < len(predictor.tasks), rows.task, NEVER_SEEN)))


def _without_new_metadata(predictor: Predictor, rows: Dataset) -> Dataset:
    """The same rows, those of tasks never seen without what is known of these."""
    metadata, known = rows.tasks.metadata, len(predictor.tasks)
    if metadata is None:
        return rows
    numeric, codes = metadata.numeric.copy(), metadata.codes.copy()
    numeric[known:], codes[known:] = np.nan, -1
    return replace(rows, tasks=replace(rows.tasks, metadata=Table(numeric, codes)))


def _columns(predictor: Predictor, task: int | None) -> dict[str, Any]:
    """What is in the file of its inputs and outputs; `meaning` has the names of numbers and categories."""
    schema = predictor.schema
    return {
        "numbers": [each.name for each in schema.features if each.numeric],
        "categories": {each.name: each.categories for each in schema.features if not each.numeric},
        "meaning": {each.name: vars(meaning_of_column(each, schema.missing)) for each in schema.features},
        "tasks": list(predictor.tasks.names) if task is None else [predictor.tasks.names[task]],
        "task_never_seen": NEVER_SEEN if task is None else None,
        "exposure": schema.offset,
        "outputs": list(schema.classes or prediction_names(schema)),
    }
