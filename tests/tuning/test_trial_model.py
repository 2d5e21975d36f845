"""The model that a trial leaves predicts elsewhere what it predicted here, or is refused in a sentence."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from mthn_automl import catalogue
from mthn_automl.catalogue import SpaceFile
from mthn_automl.errors import FormatError
from mthn_automl.models.base import Size
from mthn_automl.training.networks import Networks
from mthn_automl.tuning.objective import Objective
from mthn_automl.tuning.trial import write_files
from mthn_automl.tuning.trial_model import ARRAYS, MODEL_FILES, PLAIN, TrialModel, model_files, read_trial_model
from tests.contracts import zoo
from tests.tuning import toys

SETTINGS = {"hypernetwork": {"width": 16, "depth": 1, "embedding_size": 2}, "ridge": {"task": "slopes"}}
MODELS = {"hypernetwork": 3, "ridge": 1}
"""Of each fold one, or of all rows."""

every_family = pytest.mark.parametrize("name", SETTINGS)


@dataclass(frozen=True)
class Left:
    """A trial that has ended: its folder, which is not to be changed, and what it predicts with."""

    folder: Path
    models: TrialModel

    @property
    def file(self) -> SpaceFile:
        return self.models.file

    def read(self, folder: Path | None = None) -> TrialModel:
        settings = self.models.settings
        return read_trial_model(folder or self.folder, self.file, 7, settings, zoo.missing_values())


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Left]:
    """A trial of each family, of networks with three folds and two seeds."""
    folder = tmp_path_factory.mktemp("trials")
    objective = Objective(toys.search_data(zoo.missing_values(), folds=3), toys.plan(folds=3, seeds=2, epochs=2))
    found = {}
    for name, settings in SETTINGS.items():
        models = tuple(objective(toys.configuration(name, settings)).models)
        write_files(folder / name, model_files(models))
        found[name] = Left(
            folder / name, TrialModel(catalogue.read(name), 7, settings, models, len(zoo.missing_values().tasks))
        )
    return found


@every_family
def test_a_model_that_is_read_predicts_and_is_as_large_as_the_one_that_was_written(
    name: str, trials: dict[str, Left]
) -> None:
    left, rows = trials[name], zoo.of_new_tasks(zoo.missing_values())
    assert {path.name for path in left.folder.iterdir()} == set(MODEL_FILES)
    read = left.read()
    assert (read.name, read.number, len(read.models)) == (name, 7, MODELS[name])
    assert (read.size(), read.settings) == (left.models.size(), SETTINGS[name])
    np.testing.assert_array_equal(read.predict(rows), left.models.predict(rows))
    mean = np.mean([model.predict(rows) for model in left.models.models], axis=0)
    np.testing.assert_allclose(read.predict(rows), mean, rtol=1e-12)


IN_A_NEW_PROCESS = """
import sys
from pathlib import Path
import numpy
from mthn_automl import catalogue
from mthn_automl.tuning.trial_model import read_trial_model
from tests.contracts import zoo
from tests.tuning.test_trial_model import SETTINGS
rows = zoo.missing_values()
for folder in map(Path, sys.argv[1:]):
    name = folder.name
    model = read_trial_model(folder, catalogue.read(name), 7, SETTINGS[name], rows)
    numpy.save(folder.with_suffix(".npy"), model.predict(rows))
"""


def test_a_new_process_predicts_the_same(trials: dict[str, Left]) -> None:
    command = [sys.executable, "-c", IN_A_NEW_PROCESS, *(str(left.folder) for left in trials.values())]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2])
    for left in trials.values():
        found = np.load(left.folder.with_suffix(".npy"))
        np.testing.assert_allclose(found, left.models.predict(zoo.missing_values()), rtol=1e-6, atol=1e-7)


def test_fewer_folds_are_a_smaller_model_of_the_first_of_them(trials: dict[str, Left]) -> None:
    whole, rows = trials["hypernetwork"].models, zoo.missing_values()
    assert whole.of_folds(3) is whole
    two = whole.of_folds(2)
    assert two.size() == sum((model.size() for model in whole.models[:2]), Size(0, 0, 0))
    np.testing.assert_allclose(two.predict(rows), np.mean([each.predict(rows) for each in whole.models[:2]], axis=0))
    assert isinstance(whole.of_folds(1).model, Networks)


@every_family
@pytest.mark.parametrize("damaged", MODEL_FILES)
def test_a_file_that_is_missing_or_damaged_is_said_with_its_folder(
    name: str, damaged: str, trials: dict[str, Left], tmp_path: Path
) -> None:
    left = trials[name]
    whole = {file: (left.folder / file).read_bytes() for file in MODEL_FILES}
    for content in (None, b"", b"{", b"[]", b"\x80\x04\xff\xfe", b"null", whole[damaged][:-9]):
        write_files(tmp_path, whole)
        (tmp_path / damaged).unlink() if content is None else (tmp_path / damaged).write_bytes(content)
        with pytest.raises(FormatError, match="must be the folder of a trial with its model, however ") as caught:
            left.read(tmp_path)
        assert str(tmp_path) in str(caught.value)


def test_the_arrays_of_another_trial_and_settings_that_there_are_not_are_refused(
    trials: dict[str, Left], tmp_path: Path
) -> None:
    one, other = trials["hypernetwork"], trials["ridge"]
    write_files(tmp_path, {PLAIN: (one.folder / PLAIN).read_bytes(), ARRAYS: (other.folder / ARRAYS).read_bytes()})
    with pytest.raises(FormatError, match=r"must be the folder of a trial with its model, however .* is missing"):
        one.read(tmp_path)
    with pytest.raises(FormatError, match="has no setting 'gone'"):
        read_trial_model(one.folder, one.file, 7, {"gone": 1}, zoo.missing_values())
