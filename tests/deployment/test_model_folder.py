"""A model folder is plain files: whole, without pickle, and refused with a sentence where it cannot be read."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

import mthn_automl
from mthn_automl import catalogue
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.ranges import with_ranges
from mthn_automl.deployment.model_folder import FORMAT, load_model, read_model, write_model
from mthn_automl.errors import FormatError, UsageError
from mthn_automl.models.base import Size
from mthn_automl.storage import read_json, write_json
from mthn_automl.tuning.objective import Objective
from mthn_automl.tuning.trial_model import TrialModel
from tests.contracts import zoo
from tests.deployment.few import members_of
from tests.tuning import toys

FILES = {
    "README.md",
    "adaptation.json",
    "config.json",
    "metrics.json",
    "model.safetensors",
    "schema.json",
    "tasks.json",
}
SETTINGS: dict[str, dict[str, Any]] = {
    "hypernetwork": {"task_input": "both", "embedding_size": 3, "width": 16, "depth": 1},
    "ridge": {"alpha": 2.0, "task": "slopes"},
    "kernel_ridge": {"alpha": 0.5},
}
WEIGHTS = {
    "hypernetwork": {"hypernetwork": 1.0},
    "ridge": {"ridge": 1.0},
    "kernel_ridge": {"kernel_ridge": 1.0},
    "ensemble": {"hypernetwork": 0.6, "ridge": 0.4},
}
STORED = {"kernel_ridge": "40 in kernel_ridge-0: their features, task and metadata can be read"}
"""Training rows in the files, as the card says it; of the others none."""

every_kind = pytest.mark.parametrize("name", WEIGHTS)
METRICS = {"rmse": 0.25, "rows": 168}


def trial_of(name: str, dataset: Dataset, number: int) -> TrialModel:
    """What a trial keeps: a network of each of two folds and two seeds, or one fit of all rows."""
    configuration = toys.configuration(name, SETTINGS[name])
    data = toys.search_data(dataset, metric="log_loss" if dataset.schema.classes else "rmse")
    models = Objective(data, toys.plan(seeds=2, epochs=2))(configuration).models
    return TrialModel(configuration.file, number, SETTINGS[name], tuple(models), len(dataset.tasks))


def write(folder: Path, name: str, dataset: Dataset) -> list[tuple[TrialModel, float]]:
    weights = WEIGHTS[name]
    members = [(trial_of(each, dataset, number), weights[each]) for number, each in enumerate(weights)]
    write_model(folder, name, members, dataset, METRICS)
    return members


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder of each kind; not to be changed."""
    folders = {name: tmp_path_factory.mktemp(name) for name in WEIGHTS}
    for name, folder in folders.items():
        write(folder, name, zoo.missing_values())
    return folders


@pytest.fixture
def folder(written: dict[str, Path], tmp_path: Path) -> Path:
    """A copy of that of the ensemble, inside the folder of a run."""
    return Path(shutil.copytree(written["ensemble"], tmp_path / "model"))


@every_kind
def test_a_folder_is_plain_files_that_say_what_the_model_is(name: str, written: dict[str, Path]) -> None:
    """No pickle, no archive, no NaN in JSON."""

    def refuse(word: str) -> None:
        raise AssertionError(word)

    folder = written[name]
    assert {path.name for path in folder.iterdir()} == FILES
    starts = {path.name: path.read_bytes()[:2] for path in folder.iterdir()}
    assert not [file for file, start in starts.items() if start[:1] == b"\x80" or start == b"PK"]
    assert all(json.loads(path.read_text(), parse_constant=refuse) for path in folder.glob("*.json"))
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert f"- Training rows in its files: {STORED.get(name, 'none')}" in card
    config = read_json(folder / "config.json")
    told = (config["format"], config["version"], config["architecture"])
    assert told == (FORMAT, mthn_automl.__version__, name)
    assert {each["architecture"]: each["weight"] for each in config["members"]} == WEIGHTS[name]
    for number, member in enumerate(config["members"]):
        space = catalogue.read(member["architecture"])
        assert (member["class_path"], member["trial"]) == (space.class_path, number)
        assert member["settings"] == SETTINGS[space.name]
        assert len(member["models"]) == {"neural": 2, "classical": 1}[space.family]
    assert read_json(folder / "metrics.json") == METRICS
    text = (folder / "README.md").read_text()
    words = ("`target0` (regression)", "`x0`", "`m0`", "`xc0`", "40 rows of 5 tasks", "- rmse: 0.25", "load_model(")
    words += tuple(f"## Settings of {each}-{number}" for number, each in enumerate(WEIGHTS[name]))
    assert [word for word in words if word not in text] == []


@every_kind
@pytest.mark.parametrize(
    "animal",
    [zoo.missing_values, zoo.several_targets, zoo.binary, zoo.multiclass, zoo.ordinal, zoo.counts, zoo.no_metadata],
    ids=lambda animal: animal.__name__,
)
def test_a_model_comes_back_with_its_columns_and_tasks(
    name: str, animal: Callable[[], Dataset], tmp_path: Path
) -> None:
    dataset = animal()
    members = write(tmp_path, name, dataset)
    loaded = read_model(tmp_path)
    assert (loaded.architecture, loaded.schema, loaded.tasks.names) == (name, with_ranges(dataset), dataset.tasks.names)
    assert (loaded.tasks.metadata is None) is (dataset.tasks.metadata is None)
    if dataset.tasks.metadata is not None:
        np.testing.assert_equal(vars(loaded.tasks.metadata), vars(dataset.tasks.metadata))
    expected = sum(weight * model.predict(dataset) for model, weight in members)
    np.testing.assert_array_equal(loaded.model.predict(dataset), expected)
    assert loaded.model.size() == sum((model.size() for model, _ in members), Size(0, 0, 0))


def test_files_and_keys_that_are_not_known_are_ignored(folder: Path) -> None:
    (folder / "notes.txt").write_text("my own")
    (folder / "model.pkl").write_bytes(b"\x80\x04.")
    write_json(folder / "config.json", {**read_json(folder / "config.json"), "added_later": [1]})
    assert read_model(folder).architecture == "ensemble"


@pytest.mark.parametrize(("other", "remedy"), [(FORMAT + 1, "9.1.0 or newer"), (FORMAT - 1, "9.1.0")])
def test_another_format_is_refused_with_a_sentence(other: int, remedy: str, folder: Path) -> None:
    config = read_json(folder / "config.json")
    write_json(folder / "config.json", {**config, "format": other, "version": "9.1.0"})
    with pytest.raises(FormatError) as caught:
        read_model(folder)
    assert str(caught.value) == (
        f"{folder} must have model format {FORMAT}, however it has {other}; install mthn-automl {remedy} to load it."
    )


@pytest.mark.parametrize("name", sorted(FILES - {"README.md", "metrics.json", "adaptation.json"}))
def test_a_file_that_is_missing_or_damaged_is_refused(name: str, folder: Path) -> None:
    whole = (folder / name).read_bytes()
    (folder / name).unlink()
    for content in (None, b"", b"{", b"[]", b"\x80\x04\xff\xfe", b"null", whole[:-9]):
        if content is not None:
            (folder / name).write_bytes(content)
        with pytest.raises(FormatError, match="must be a whole model folder, however"):
            read_model(folder)


def without(content: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name != key}


def test_weights_of_another_model_and_a_configuration_that_lacks_something_are_refused(
    folder: Path, written: dict[str, Path]
) -> None:
    config = read_json(folder / "config.json")
    lacking = {key: without(config, key) for key in ("format", "architecture", "members")}
    for key in ("weight", "class_path", "settings", "models"):
        lacking[key] = {**config, "members": [*config["members"][:1], without(config["members"][1], key)]}
    for key, content in lacking.items():
        write_json(folder / "config.json", content)
        with pytest.raises(
            FormatError, match=f"must be a whole model folder, however config.json is wrong: .*['`]{key}['`]"
        ):
            read_model(folder)
    write_json(folder / "config.json", config)
    shutil.copy(written["ridge"] / "model.safetensors", folder)
    with pytest.raises(
        FormatError,
        match=r"however config.json, or model.safetensors, of members\[0\] is wrong: .* is missing",
    ):
        read_model(folder)


def changed(folder: Path, file: str, change: Callable[[Any], None]) -> None:
    """A JSON file after a change of its content; or a safetensors file."""
    if file.endswith(".json"):
        content = read_json(folder / file)
        change(content)
        write_json(folder / file, content)
    else:
        arrays = dict(load_arrays((folder / file).read_bytes()))
        change(arrays)
        (folder / file).write_bytes(save_arrays(arrays))


def put(*path: str | int, value: Any) -> Callable[[Any], None]:
    """A change that puts a value where the path leads; a function of the value that is there makes it."""

    def change(content: Any) -> None:
        for step in path[:-1]:
            content = content[step]
        content[path[-1]] = value(content[path[-1]]) if callable(value) else value

    return change


EMBEDDING = "state.0.0.parameters.description.embedding"
WRONG: dict[str, tuple[str, Callable[[Any], None], str]] = {
    "a weight of no number": (
        "config.json",
        put("members", 1, "weight", value="0.4"),
        r"Expected `float`.*members\[1\]",
    ),
    "a negative weight": ("config.json", put("members", 0, "weight", value=-1), "between 0 and 1"),
    "a width without end": ("config.json", put("members", 0, "settings", "width", value=10**12), "'width' must fit"),
    "a width of text": ("config.json", put("members", 0, "settings", "width", value="16"), "Expected `int`"),
    "another width": ("config.json", put("members", 0, "settings", "width", value=17), "must hold torch.float32 in"),
    "no such setting": ("config.json", put("members", 0, "settings", "breadth", value=1), "no setting 'breadth'"),
    "a name of no text": ("schema.json", put("features", 0, "name", value=3), r"Expected `str`.*features\[0\]\.name"),
    "a range upside down": ("schema.json", put("features", 0, "range", value=[2.0, 1.0]), "numbers in order"),
    "classes of a regression": ("schema.json", put("classes", value=["a", "b"]), "classes of a regression problem"),
    "an offset of a regression": ("schema.json", put("offset", value="x0"), "an offset is of counts"),
    "one target more": ("schema.json", put("targets", value=["target0", "b"]), "must hold torch.float32 in"),
    "a column less": ("schema.json", put("features", value=lambda columns: columns[1:]), "config.json, or model"),
    "no column that names a task": ("schema.json", put("task", value=[]), "tasks must be named by columns"),
    "metadata by another column": ("schema.json", put("described_by", value=["b"]), "tasks must be named by columns"),
    "tasks that are no columns": ("schema.json", put("wide", value=["a", "b"]), "must be one of its columns"),
    "a task less": (
        "tasks.json",
        put("tasks", "names", value=lambda names: names[1:]),
        "a number of rows for each task",
    ),
    "a task twice": (
        "tasks.json",
        put("tasks", "names", value=lambda names: [names[0], *names[:-1]]),
        "differ from each other",
    ),
    "no such category": ("tasks.json", put("tasks", "metadata", "codes", 0, 0, value=99), "of the categories"),
    "weights that are none": ("model.safetensors", put(EMBEDDING, value=lambda w: w * np.nan), "finite numbers"),
    "weights of another kind": (
        "model.safetensors",
        put(EMBEDDING, value=lambda w: w.astype(np.int64)),
        "Expected an array of floating",
    ),
    "weights of fewer tasks": (
        "model.safetensors",
        put(EMBEDDING, value=lambda w: w[:, :-1]),
        "must hold torch.float32 in",
    ),
}


@pytest.mark.parametrize(("file", "change", "reason"), WRONG.values(), ids=WRONG)
def test_a_field_that_does_not_fit_the_others_is_refused_by_name(
    file: str, change: Callable[[Any], None], reason: str, folder: Path
) -> None:
    changed(folder, file, change)
    with pytest.raises(FormatError, match=rf"must be a whole model folder, however .*{reason}"):
        read_model(folder)


def test_a_run_folder_gives_the_model_inside_and_one_without_is_refused(folder: Path) -> None:
    assert load_model(folder.parent).architecture == load_model(folder).architecture
    shutil.rmtree(folder)
    with pytest.raises(UsageError, match=r"must be a model folder with a config\.json"):
        load_model(folder.parent)


def test_the_card_names_the_exposure_that_every_row_must_have(tmp_path: Path) -> None:
    cards = []
    for animal in (zoo.counts, zoo.planted):
        write_model(tmp_path / animal.__name__, "ridge", members_of("ridge", animal), animal(), {})
        cards.append((tmp_path / animal.__name__ / "README.md").read_text(encoding="utf-8"))
    assert ["- Exposure: `exposure`, above 0, which every row must have" in card for card in cards] == [True, False]
