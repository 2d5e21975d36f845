"""A model on disk: safetensors and JSON, no pickle anywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors.numpy import save as save_arrays

import mthn_automl
from mthn_automl.catalogue import trusted_class
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.ranges import with_ranges
from mthn_automl.data.schema import Schema
from mthn_automl.deployment.card import model_card
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.deployment.stored_tasks import read_tasks, tasks_to_json
from mthn_automl.errors import FormatError, UsageError
from mthn_automl.models.base import Size
from mthn_automl.received import Received, typed
from mthn_automl.storage import write_bytes, write_json, write_text, writing
from mthn_automl.training.mean import Model, mean_of
from mthn_automl.training.proof import prove
from mthn_automl.tuning.arrays import from_parts, to_parts
from mthn_automl.tuning.state import model_state, restored_models
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
    write_json(folder / "schema.json", asdict(with_ranges(data)))
    write_json(folder / "tasks.json", tasks_to_json(data))
    write_json(folder / "metrics.json", metrics)
    size = sum((model.size() for model, _ in members), Size(0, 0, 0))
    write_text(folder / "README.md", model_card(name, members, data, size, metrics))
    stored = tuple(_member(model, weight, states) for (model, weight), states in zip(members, plain, strict=True))
    write_json(folder / "config.json", asdict(_Config(FORMAT, mthn_automl.__version__, name, stored)))


def _member(model: TrialModel, weight: float, states: Any) -> "_Member":
    file = model.file
    return _Member(model.name, model.number, weight, file.class_path, dict(model.settings), tuple(states))


@dataclass(frozen=True)
class _Member:
    """Of a stored model: one trial, with its weight.

    Attributes:
        architecture: its name.
        trial: its number.
        weight: in the mean of all members.
        class_path: `package.module:Class`.
        settings: of the architecture.
        models: their states, without arrays.
    """

    architecture: str
    trial: int
    weight: float
    class_path: str
    settings: Mapping[str, Any]
    models: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not 0.0 < self.weight <= 1.0:
            raise ValueError(f"a weight must lie between 0 and 1, however one is {self.weight}")


@dataclass(frozen=True)
class _Config:
    """What config.json holds.

    Attributes:
        format: version of the format.
        version: of this package, that wrote it.
        architecture: `ensemble`, or that of the one member.
        members: at least one.
    """

    format: int
    version: str
    architecture: str
    members: tuple[_Member, ...]

    def __post_init__(self) -> None:
        if not self.members:
            raise ValueError("there must be a member, however there is none")


def read_model(folder: Path, *, trust: bool = False) -> Predictor:
    """Load what `write_model` saved; unknown files are ignored.

    trust: import classes that are not of this package, which runs their code.

    Raises:
        FormatError: a newer format, a file that is missing, damaged or no regular file of the folder, or a class that
            is not trusted.
    """
    given = Received(folder, "a whole model folder")
    config = _read_config(given)
    classes = [trusted_class(each.class_path, folder / "config.json", trust=trust) for each in config.members]
    schema = given.typed("schema.json", Schema)
    tasks, spare = read_tasks(given, schema)
    arrays, members = given.arrays("model.safetensors"), list[Model]()
    for number, (member, known) in enumerate(zip(config.members, classes, strict=True)):
        with given.checked(f"config.json, or model.safetensors, of members[{number}]"):
            states = from_parts(list(member.models), arrays)
            models = restored_models(known, member.settings, states, schema, len(tasks))
            prove(models, schema, tasks, spare)
            members.append(mean_of(models, tasks=len(tasks)))
    model = mean_of(members, [each.weight for each in config.members], tasks=len(tasks))
    return Predictor(config.architecture, schema, tasks, spare, model)


def _read_config(given: Received) -> _Config:
    """The version comes first: a newer format may have other fields."""
    stored = given.json("config.json")
    with given.checked("config.json"):
        if stored["format"] > FORMAT:
            raise FormatError(
                f"{given.folder} must have model format {FORMAT} or older, however it has {stored['format']}; "
                f"install mthn-automl {stored['version']} or newer to load it."
            )
        return typed(stored, _Config)


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
