"""A model on disk: safetensors and JSON, no pickle anywhere."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save as save_arrays

import mthn_automl
from mthn_automl.catalogue import trusted_class
from mthn_automl.data.dataset import Dataset, Table, TaskTable
from mthn_automl.data.ranges import with_ranges
from mthn_automl.data.schema import Schema
from mthn_automl.deployment.card import model_card
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import FormatError, UsageError
from mthn_automl.models.base import Size
from mthn_automl.received import Received
from mthn_automl.storage import write_bytes, write_json, write_text, writing
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


def read_model(folder: Path, *, trust: bool = False) -> Predictor:
    """Load what `write_model` saved; unknown files are ignored.

    trust: import classes that are not of this package, which runs their code.

    Raises:
        FormatError: a newer format, a file that is missing, damaged or no regular file of the folder, or a class that
            is not trusted.
    """
    given = Received(folder, "a whole model folder")
    config = given.json("config.json")
    with given.checked("config.json"):
        if config["format"] > FORMAT:
            raise FormatError(
                f"{folder} must have model format {FORMAT} or older, however it has {config['format']}; "
                f"install mthn-automl {config['version']} or newer to load it."
            )
        classes = [trusted_class(each["class"], folder / "config.json", trust=trust) for each in config["members"]]
        name, weights = config["architecture"], [_weight(each["weight"]) for each in config["members"]]
    schema_json, tasks_json = given.json("schema.json"), given.json("tasks.json")
    with given.checked("schema.json"):
        schema = Schema.from_json(schema_json)
    with given.checked("tasks.json"):
        tasks, spare = _tasks_from_json(tasks_json, schema)
    arrays = given.arrays("model.safetensors")
    with given.checked("config.json, or model.safetensors,"):
        members = from_parts(config["members"], arrays)
        model = mean_of(
            [_member_from_json(each, known, schema) for each, known in zip(members, classes, strict=True)], weights
        )
    return Predictor(name, schema, tasks, spare, model)


def _weight(stored: Any) -> float:
    if not (isinstance(stored, int | float) and 0.0 < stored <= 1.0):
        raise ValueError(f"a weight must lie between 0 and 1, however one is {stored!r}")
    return float(stored)


def _member_from_json(stored: Mapping[str, Any], architecture: type, schema: Schema) -> Model:
    models = [
        restored_model(architecture, stored["family"], stored["settings"], state, schema) for state in stored["models"]
    ]
    return mean_of(models)


def load_model(path: str | Path, *, trust: bool = False) -> Predictor:
    """Load a model folder, or the winner of a run. A folder is data: nothing in it is run.

    Args:
        path: of the folder.
        trust: import architectures that are not of this package, which the folder names: that runs their code.

    Raises:
        UsageError: neither is there. FormatError: a newer version wrote it, it is damaged, or it names a class that is
            not of this package.
    """
    folder = Path(path)
    for candidate in (folder, folder / "model"):
        if (candidate / "config.json").exists():
            return read_model(candidate, trust=trust)
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
