"""A model on disk: safetensors and JSON, no pickle anywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from safetensors.numpy import save as save_arrays

import mthn_automl
from mthn_automl.catalogue import trusted_class
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.ranges import with_ranges
from mthn_automl.data.schema import Schema
from mthn_automl.deployment.adapt.measure import Unseen, spread_of
from mthn_automl.deployment.adapt.spread import FILE as SPREADS
from mthn_automl.deployment.adapt.spread import spreads_to_json
from mthn_automl.deployment.calibration.intervals import Intervals
from mthn_automl.deployment.calibration.stored import read_intervals, write_intervals
from mthn_automl.deployment.card import Origin, calibration_line, model_card
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.deployment.stored_tasks import ModelTasks, read_tasks, tasks_of, tasks_to_json
from mthn_automl.errors import FormatError, UsageError
from mthn_automl.models.base import Classical, Size
from mthn_automl.received import Received, typed
from mthn_automl.storage import write_bytes, write_json, write_text, writing
from mthn_automl.training.mean import mean_of
from mthn_automl.training.networks import Networks
from mthn_automl.training.proof import prove
from mthn_automl.training.temperature import LEAST, MOST
from mthn_automl.tuning.arrays import from_parts, to_parts
from mthn_automl.tuning.state import model_state, refuse_other_added, restored_models
from mthn_automl.tuning.trial_model import TrialModel

FORMAT = 1


def write_model(
    folder: Path,
    name: str,
    members: Sequence[tuple[TrialModel, float]],
    data: Dataset,
    metrics: Any,
    *,
    origin: Origin | None = None,
    unseen: Mapping[str, Unseen] = MappingProxyType({}),
    intervals: Intervals | None = None,
    temperature: float = 1.0,
) -> None:
    """Save the weighted mean of the models of some trials, or the model of one.

    config.json is written last: a folder without one is not a model.

    Args:
        name: `ensemble`, or the architecture of the one member.
        members: each with its weight.
        data: the rows they were trained on.
        metrics: goes to metrics.json as it is.
        origin: what the card says of the run; None: nothing.
        unseen: by trial, what its folds predicted for rows of `data` that they had not seen.
        intervals: goes to calibration.json; None: the model states none.
        temperature: of the probabilities; 1 of numbers.
    """
    states = [[model_state(each) for each in model.models] for model, _ in members]
    plain, arrays = to_parts(states)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").unlink(missing_ok=True)  # an earlier model does not stay behind with new weights
    write_bytes(folder / "model.safetensors", save_arrays(arrays))
    write_json(folder / "schema.json", asdict(with_ranges(data)))
    write_json(folder / "tasks.json", tasks_to_json(tasks_of(data)))
    spreads = [spread_of(model, data, unseen.get(model.trial)) for model, _ in members]
    write_json(folder / SPREADS, spreads_to_json(spreads))
    write_json(folder / "metrics.json", metrics)
    size = sum((model.size() for model, _ in members), Size(0, 0, 0))
    write_intervals(folder, intervals)
    calibrated = calibration_line(intervals, temperature)
    write_text(folder / "README.md", model_card(name, members, data, size, metrics, calibrated, origin))
    stored = tuple(_member(model, weight, states) for (model, weight), states in zip(members, plain, strict=True))
    write_json(folder / "config.json", asdict(_Config(FORMAT, mthn_automl.__version__, name, stored, temperature)))


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
        temperature: of the probabilities of their mean.
    """

    format: int
    version: str
    architecture: str
    members: tuple[_Member, ...]
    temperature: float

    def __post_init__(self) -> None:
        if not self.members:
            raise ValueError("there must be a member, however there is none")
        if not LEAST <= self.temperature <= MOST:
            raise ValueError(f"a temperature must lie between {LEAST} and {MOST}, however it is {self.temperature}")


@dataclass(frozen=True)
class StoredModel:
    """What lies in a model folder.

    Attributes:
        config: its members, with their states as they lie there.
        schema: the columns of training.
        tasks: that it knows.
        models: of each member, in the order of `config`.
        intervals: that it states; None: none. To them a task that was added is one never seen.
    """

    config: _Config
    schema: Schema
    tasks: ModelTasks
    models: tuple[tuple[Networks | Classical, ...], ...]
    intervals: Intervals | None

    @property
    def predictor(self) -> Predictor:
        """The weighted mean of the members, ready to predict."""
        weights, count = [each.weight for each in self.config.members], len(self.tasks.table)
        each = [mean_of(models, tasks=count) for models in self.models]
        model = mean_of(each, weights, self.config.temperature, tasks=count)
        tasks, name = self.tasks, self.config.architecture
        members = tuple(f"{each.architecture}-{each.trial}" for each in self.config.members)
        return Predictor(name, self.schema, tasks.table, tasks.spare, model, self.intervals, members)

    def write(self, folder: Path, files: Mapping[str, bytes]) -> None:
        """Into a folder, with other files beside it; config.json comes last, as of `write_model`."""
        plain, arrays = to_parts([[model_state(each) for each in models] for models in self.models])
        members = [replace(each, models=tuple(states)) for each, states in zip(self.config.members, plain, strict=True)]
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write_bytes(folder / name, content)
        write_bytes(folder / "model.safetensors", save_arrays(arrays))
        write_json(folder / "tasks.json", tasks_to_json(self.tasks))
        write_json(folder / "config.json", asdict(replace(self.config, members=tuple(members))))


def read_stored(folder: Path, *, trust: bool = False) -> StoredModel:
    """Load what `write_model` saved; unknown files are ignored.

    trust: import classes that are not of this package, which runs their code.

    Raises:
        FormatError: another format, a file that is missing, damaged or no regular file of the folder, or a class that
            is not trusted.
    """
    given = Received(folder, "a whole model folder")
    config = _read_config(given)
    classes = [trusted_class(each.class_path, folder / "config.json", trust=trust) for each in config.members]
    schema = given.typed("schema.json", Schema)
    tasks = read_tasks(given, schema)
    arrays, members = given.arrays("model.safetensors"), list[tuple[Networks | Classical, ...]]()
    for number, (member, known) in enumerate(zip(config.members, classes, strict=True)):
        with given.checked(f"config.json, or model.safetensors, of members[{number}]"):
            states = from_parts(list(member.models), arrays)
            trained = len(tasks.table) - tasks.adapted
            models = restored_models(known, member.settings, states, schema, trained)
            for model in models:
                refuse_other_added(model, trained, tasks.adapted)
            prove(models, schema, tasks.table, tasks.spare)
            members.append(models)
    with given.checked("config.json"):
        if config.temperature != 1.0 and not schema.classes:
            raise ValueError("a temperature must be that of probabilities, however the model predicts numbers")
    intervals = read_intervals(given, schema, len(tasks.table) - tasks.adapted)
    return StoredModel(config, schema, tasks, tuple(members), intervals)


def read_model(folder: Path, *, trust: bool = False) -> Predictor:
    """The predictor of a folder, as `read_stored` loads it."""
    return read_stored(folder, trust=trust).predictor


def _read_config(given: Received) -> _Config:
    """The version comes first: a newer format may have other fields."""
    stored = given.json("config.json")
    with given.checked("config.json"):
        if stored["format"] != FORMAT:
            later = "or newer " if stored["format"] > FORMAT else ""
            raise FormatError(
                f"{given.folder} must have model format {FORMAT}, however it has {stored['format']}; "
                f"install mthn-automl {stored['version']} {later}to load it."
            )
        return typed(stored, _Config)


def load_model(path: str | Path, *, trust: bool = False) -> Predictor:
    """Load a model folder, or the winner of a run. A folder is data: nothing in it is run.

    Args:
        path: of the folder.
        trust: import architectures that are not of this package, which the folder names: that runs their code.

    Raises:
        UsageError: neither is there. FormatError: it is of another format, damaged, or names a class that is not of
            this package.
    """
    return read_model(model_folder(path), trust=trust)


def model_folder(path: str | Path) -> Path:
    """The folder itself, or that of the winner of a run.

    Raises:
        UsageError: it is neither.
    """
    folder = Path(path)
    for candidate in (folder, folder / "model"):
        if (candidate / "config.json").exists():
            return candidate
    raise UsageError(
        f"{folder} must be a model folder with a config.json, or a run with a model/, however it is neither; "
        "give the folder that `mthn-automl search --output` wrote."
    )
