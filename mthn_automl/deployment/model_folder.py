"""A model on disk: safetensors and JSON, no pickle anywhere."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file
from safetensors.numpy import save as save_arrays

import mthn_automl
from mthn_automl.catalogue import class_at
from mthn_automl.data.dataset import Dataset, Table, TaskTable
from mthn_automl.data.ranges import with_ranges
from mthn_automl.data.schema import Schema
from mthn_automl.deployment.card import model_card
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import FormatError, UsageError
from mthn_automl.models.base import Size
from mthn_automl.storage import read_json, write_bytes, write_json, write_text, writing
from mthn_automl.training.mean import Model, mean_of
from mthn_automl.tuning.arrays import from_parts, to_parts
from mthn_automl.tuning.state import model_state, restored_model
from mthn_automl.tuning.trial_model import TrialModel

FORMAT = 1


def write_model(
    folder: Path, name: str, members: Sequence[tuple[TrialModel, float]], data: Dataset, metrics: Any
) -> None:
    """Save the weighted mean of the models of some trials, or the model of one.

    config.json is written last: a folder without one is not a model.

    Args:
        name: `ensemble`, or the architecture of the one member.
        members: each with its weight.
        data: the rows they were trained on.
        metrics: goes to metrics.json as it is.
    """
    states = [[model_state(each) for each in model.models] for model, _ in members]
    plain, arrays = to_parts(states)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").unlink(missing_ok=True)  # an earlier model does not stay behind with new weights
    write_bytes(folder / "model.safetensors", save_arrays(arrays))
    write_json(folder / "schema.json", with_ranges(data).to_json())
    write_json(folder / "tasks.json", _tasks_to_json(data))
    write_json(folder / "metrics.json", metrics)
    size = sum((model.size() for model, _ in members), Size(0, 0, 0))
    write_text(folder / "README.md", model_card(name, members, data, size, metrics))
    config = {
        "format": FORMAT,
        "version": mthn_automl.__version__,
        "architecture": name,
        "members": [
            _member_to_json(model, weight, state) for (model, weight), state in zip(members, plain, strict=True)
        ],
    }
    write_json(folder / "config.json", config)


def _member_to_json(model: TrialModel, weight: float, states: Any) -> dict[str, Any]:
    return {
        "architecture": model.name,
        "trial": model.number,
        "weight": weight,
        "family": model.file.family,
        "class": model.file.class_path,
        "settings": dict(model.settings),
        "models": states,
    }


def read_model(folder: Path) -> Predictor:
    """Load what `write_model` saved; unknown files are ignored.

    Raises:
        FormatError: a newer format, or a file that is missing or damaged.
    """
    try:
        config = read_json(folder / "config.json")
        if config["format"] > FORMAT:
            raise FormatError(
                f"{folder} must have model format {FORMAT} or older, however it has {config['format']}; "
                f"install mthn-automl {config['version']} or newer to load it."
            )
        members = from_parts(config["members"], load_file(folder / "model.safetensors"))
        name, weights = config["architecture"], [each["weight"] for each in members]
        schema = Schema.from_json(read_json(folder / "schema.json"))
        tasks, spare = _tasks_from_json(read_json(folder / "tasks.json"), schema)
        model = mean_of([_member_from_json(each, folder, schema) for each in members], weights)
    except (OSError, KeyError, ValueError, TypeError, SafetensorError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(
            f"{folder} must be a whole model folder, however: {type(error).__name__}: {error}."
        ) from error
    return Predictor(name, schema, tasks, spare, model)


def _member_from_json(stored: Mapping[str, Any], folder: Path, schema: Schema) -> Model:
    architecture = class_at(stored["class"], folder / "config.json")
    models = [
        restored_model(architecture, stored["family"], stored["settings"], state, schema) for state in stored["models"]
    ]
    return mean_of(models)


def load_model(path: str | Path) -> Predictor:
    """Load a model folder, or the winner of a run.

    Raises:
        UsageError: neither is there. FormatError: a newer version wrote it, or it is damaged.
    """
    folder = Path(path)
    for candidate in (folder, folder / "model"):
        if (candidate / "config.json").exists():
            return read_model(candidate)
    raise UsageError(
        f"{folder} must be a model folder with a config.json, or a run with a model/, however it is neither; "
        "give the folder that `mthn-automl search --output` wrote."
    )


def _tasks_to_json(data: Dataset) -> dict[str, Any]:
    rows = np.bincount(data.task, minlength=len(data.tasks))
    return {"tasks": {**_table_to_json(data.tasks), "rows": rows.tolist()}, "spare": _table_to_json(data.spare)}


def _table_to_json(tasks: TaskTable) -> dict[str, Any]:
    metadata = tasks.metadata
    if metadata is None:
        return {"names": list(tasks.names), "metadata": None}
    numeric = [[None if np.isnan(cell) else float(cell) for cell in row] for row in metadata.numeric]
    return {"names": list(tasks.names), "metadata": {"numeric": numeric, "codes": metadata.codes.tolist()}}


def _tasks_from_json(stored: Mapping[str, Any], schema: Schema) -> tuple[TaskTable, TaskTable]:
    return _table_from_json(stored["tasks"], schema), _table_from_json(stored["spare"], schema)


def _table_from_json(stored: Mapping[str, Any], schema: Schema) -> TaskTable:
    """The widths come from the schema: a table without tasks has no cell to tell them."""
    names, metadata = tuple(stored["names"]), stored["metadata"]
    if metadata is None:
        return TaskTable(names, None)
    numeric_columns = sum(column.numeric for column in schema.metadata)
    shapes = (len(names), numeric_columns), (len(names), len(schema.metadata) - numeric_columns)
    numeric = np.array(metadata["numeric"], dtype=np.float64).reshape(shapes[0])
    codes = np.array(metadata["codes"], dtype=np.int64).reshape(shapes[1])
    return TaskTable(names, Table(numeric, codes))
