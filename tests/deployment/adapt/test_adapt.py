"""A model folder and labelled rows of new tasks in, a folder that knows them out; every other answer stays the same."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mthn_automl import adapt, catalogue, load_model
from mthn_automl.data.dataset import Dataset, TaskTable
from mthn_automl.deployment.adapt.adapt import adaptation
from mthn_automl.deployment.model_folder import write_model
from mthn_automl.errors import DataError, FormatError, UnknownWarning, UsageError
from mthn_automl.models.base import Classical
from mthn_automl.storage import read_json, write_json
from mthn_automl.training.mean import Mean
from mthn_automl.tuning.trial_model import TrialModel
from tests.command import in_process
from tests.contracts import zoo
from tests.deployment.few import frame, members_of
from tests.deployment.fitted import ridge_of

NAMES = ("hypernetwork", "ridge", "gradient_boosting", "ensemble of both")
every_folder = pytest.mark.parametrize("name", NAMES)


def saved(folder: Path, name: str, dataset: Dataset | None = None) -> Path:
    write_model(folder / "model", name, members_of(name, zoo.planted), dataset or zoo.planted(), {"metric": "rmse"})
    return folder / "model"


def labelled() -> pd.DataFrame:
    """Rows of training with their targets."""
    return frame(zoo.planted).assign(target0=zoo.planted().target[:, 0])


def of_new_task(name: str = "newcomer", shift: float = 3.0) -> pd.DataFrame:
    """As those of task 0, all higher."""
    rows = labelled().iloc[:14]
    return rows.assign(task=name, target0=rows["target0"] + shift)


def metadata(*names: str) -> pd.DataFrame:
    table = zoo.planted().tasks.metadata
    assert table is not None
    values = np.tile(table.numeric[:1], (len(names), 1))
    return pd.DataFrame({"task": names, **{f"m{index}": values[:, index] for index in range(3)}})


@every_folder
@pytest.mark.filterwarnings("ignore::mthn_automl.errors.UnknownWarning")
def test_the_new_folder_predicts_the_new_task_better_and_all_others_the_same(name: str, tmp_path: Path) -> None:
    folder, rows = saved(tmp_path, name), of_new_task()
    known, never = frame(zoo.planted), rows.assign(task="never seen").drop(columns="target0")
    found = adapt(folder, rows, metadata("newcomer"), output=tmp_path / "more")
    before, after = load_model(folder), load_model(tmp_path / "more")
    for old in (known, never):
        pd.testing.assert_frame_equal(after.predict(old), before.predict(old), check_exact=True)
    asked = rows.drop(columns="target0")
    pd.testing.assert_frame_equal(after.predict(asked), found.predict(asked), check_exact=True)
    zero = before.predict(asked, metadata("newcomer"))["prediction"] - rows["target0"]
    assert (after.predict(asked)["prediction"] - rows["target0"]).pow(2).mean() < 0.8 * zero.pow(2).mean()
    assert after.tasks.names == (*before.tasks.names, "newcomer")


@every_folder
@pytest.mark.filterwarnings("ignore::mthn_automl.errors.UnknownWarning")
def test_one_row_of_an_added_task_is_predicted_as_the_table_is(name: str, tmp_path: Path) -> None:
    found = adapt(saved(tmp_path, name), of_new_task(), metadata("newcomer"))
    row = of_new_task().drop(columns="target0").iloc[3]
    whole = found.predict(pd.DataFrame([row]))["prediction"].item()
    assert found.predict_one(row.to_dict())["prediction"] == pytest.approx(whole, rel=1e-5)
    arrays = found.predict_arrays([[row["x0"], row["x1"]]], ["newcomer"])
    assert arrays[0, 0] == pytest.approx(whole, rel=1e-5)
    encoded = found.read(pd.DataFrame([row]))
    assert encoded.tasks.metadata is not None
    otherwise = TaskTable(
        encoded.tasks.names, replace(encoded.tasks.metadata, numeric=encoded.tasks.metadata.numeric + 1)
    )
    told = replace(encoded, tasks=otherwise)
    twice = found.predict_encoded(told.take(np.array([0, 0])))
    np.testing.assert_allclose(found.predict_encoded(told), twice[:1], rtol=1e-5)


@pytest.mark.filterwarnings("ignore::mthn_automl.errors.UnknownWarning")
def test_tasks_are_added_to_what_has_been_added_to(tmp_path: Path) -> None:
    for name in ("hypernetwork", "ridge"):
        (tmp_path / name).mkdir()
        folder, twice = saved(tmp_path / name, name), tmp_path / name / "twice"
        adapt(folder, of_new_task("one"), metadata("one"), output=tmp_path / name / "once")
        adapt(tmp_path / name / "once", of_new_task("two", -3.0), metadata("two"), output=twice)
        once, found = load_model(tmp_path / name / "once"), load_model(twice)
        one = of_new_task("one").drop(columns="target0")
        pd.testing.assert_frame_equal(found.predict(one), once.predict(one), check_exact=True)
        two = found.predict(one.assign(task="two"))["prediction"]
        assert two.mean() < found.predict(one)["prediction"].mean()
        stored = read_json(twice / "tasks.json")
        assert (stored["adapted"], stored["tasks"]["names"][-2:]) == (2, ["one", "two"])
        assert stored["tasks"]["rows"][-2:] == [14, 14]


def test_rows_of_known_tasks_are_left_out_and_that_is_said(tmp_path: Path) -> None:
    folder = saved(tmp_path, "ridge")
    rows = pd.concat([labelled().iloc[20:30], of_new_task()])
    found = adaptation(folder, rows, metadata("newcomer"))
    assert "10 rows of tasks that the model knows were left out: these stay as they are." in found.notes
    assert str(found).startswith("Added 1 task by 14 rows: ")
    alone = adaptation(folder, of_new_task(), metadata("newcomer"))
    asked = of_new_task().drop(columns="target0")
    pd.testing.assert_frame_equal(
        found.stored.predictor.predict(asked), alone.stored.predictor.predict(asked), check_exact=True
    )


def test_in_python_what_there_is_to_say_is_a_warning(tmp_path: Path) -> None:
    with pytest.warns(UnknownWarning, match="14 rows of 1 task not seen in training"):
        adapt(saved(tmp_path, "ridge"), of_new_task(), metadata("newcomer"))


def test_what_cannot_be_added_is_refused_with_what_to_do(tmp_path: Path) -> None:
    folder = saved(tmp_path, "ridge")
    with pytest.raises(DataError, match="however all 168 are of tasks that it knows"):
        adapt(folder, labelled())
    with pytest.raises(DataError, match="target0"):
        adapt(folder, frame(zoo.planted))
    with pytest.raises(UsageError, match="must be a new or empty folder, however"):
        adapt(folder, of_new_task(), metadata("newcomer"), output=folder)
    wide = read_json(folder / "schema.json") | {"wide": list(zoo.planted().tasks.names)}
    write_json(folder / "schema.json", wide)
    with pytest.raises(UsageError, match="the columns of a wide one"):
        adapt(folder, of_new_task(), metadata("newcomer"))


@pytest.mark.filterwarnings("ignore::mthn_automl.errors.UnknownWarning")
def test_a_member_without_anything_of_a_tasks_own_goes_on_zero_shot(tmp_path: Path) -> None:
    from tests.contracts.test_task_networks import untrained

    settings = {"use_task": False, "use_metadata": True}
    file, model = members_of("pooled", zoo.planted)[0][0].file, untrained("pooled", zoo.planted(), settings)
    fixed = TrialModel(file, 7, settings, (model,), len(zoo.planted().tasks))
    write_model(tmp_path / "alone", "pooled", [(fixed, 1.0)], zoo.planted(), {})
    with pytest.raises(UsageError, match="however 'pooled-7' has nothing"):
        adapt(tmp_path / "alone", of_new_task(), metadata("newcomer"))
    members = [(model, 0.5) for model, _ in members_of("ridge", zoo.planted)]
    write_model(tmp_path / "both", "ensemble", [*members, (fixed, 0.5)], zoo.planted(), {})
    found = adaptation(tmp_path / "both", of_new_task(), metadata("newcomer"))
    assert any("Nothing of 'pooled-7' is a task's own" in note for note in found.notes)
    model = found.stored.predictor.model
    assert isinstance(model, Mean)
    assert [each.added_parameters > 0 for each in model.models if isinstance(each, Classical)] == [True]


@pytest.mark.filterwarnings("ignore::mthn_automl.errors.UnknownWarning")
def test_with_folds_of_whole_tasks_a_member_that_does_not_adapt_keeps_its_weight(tmp_path: Path) -> None:
    write_model(tmp_path / "model", "ensemble", _of_whole_tasks(), zoo.planted(), {})
    found = adaptation(tmp_path / "model", of_new_task(), metadata("newcomer")).stored.predictor
    model, added, old = found.model, len(found.tasks) - 1, np.arange(len(found.tasks) - 1)
    assert isinstance(model, Mean)
    np.testing.assert_allclose(model.weights_of(np.array([added, added + 1])), [[0.3, 0.3], [0.7, 0.7]])
    before = load_model(tmp_path / "model").model
    assert isinstance(before, Mean)
    np.testing.assert_array_equal(model.weights_of(old), before.weights_of(old))
    rows = found.read(of_new_task().drop(columns="target0"))
    adaptable, fixed = (each.predict(rows) for each in model.models)
    np.testing.assert_allclose(model.predict(rows), 0.3 * adaptable + 0.7 * fixed, rtol=1e-12)
    np.testing.assert_array_equal(fixed, before.models[1].predict(rows))
    assert np.abs(adaptable - before.models[0].predict(rows)).max() > 1.0


def _of_whole_tasks() -> list[tuple[TrialModel, float]]:
    """Two members of two folds each, a model of which was trained on half of the tasks; the second cannot adapt."""
    from tests.contracts.test_task_networks import untrained

    rows, settings = zoo.planted(), {"use_task": False, "use_metadata": True}
    halves = [np.flatnonzero(np.arange(len(rows.tasks)) % 2 == half) for half in (0, 1)]
    ridges = tuple(ridge_of(rows.take(np.flatnonzero(np.isin(rows.task, half)))).model for half in halves)
    pooled = tuple(replace(untrained("pooled", rows, settings), trained=half) for half in halves)
    tasks = len(rows.tasks)
    return [
        (TrialModel(catalogue.read("ridge"), 1, {}, ridges, tasks), 0.3),
        (TrialModel(catalogue.read("pooled"), 2, settings, pooled, tasks), 0.7),
    ]


def test_the_model_card_says_what_was_added(tmp_path: Path) -> None:
    adaptation(saved(tmp_path, "ridge"), of_new_task(), metadata("newcomer"), output=tmp_path / "more")
    card = (tmp_path / "more" / "README.md").read_text()
    assert "## Tasks added after training\nAdded 1 task by 14 rows: 3 numbers were fitted" in card
    assert read_json(tmp_path / "more" / "metrics.json") == {"metric": "rmse"}


@pytest.mark.filterwarnings("ignore::mthn_automl.errors.UnknownWarning")
def test_a_folder_whose_added_tasks_are_damaged_is_refused(tmp_path: Path) -> None:
    for name in ("hypernetwork", "ridge"):
        (tmp_path / name).mkdir()
        adapt(saved(tmp_path / name, name), of_new_task(), metadata("newcomer"), output=tmp_path / name / "more")
        stored = read_json(tmp_path / name / "more" / "tasks.json")
        for wrong in ({"adapted": 2}, {"adapted": 0}, {"adapted": -1}, {"adapted": 13}):
            write_json(tmp_path / name / "more" / "tasks.json", stored | wrong)
            with pytest.raises(FormatError):
                load_model(tmp_path / name / "more")


def test_a_damaged_adaptation_file_is_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path, "ridge")
    for wrong in ([], [{"noise": [0.0], "offset": []}], [{"noise": [1.0, 1.0], "offset": []}], [{"noise": [1.0]}]):
        write_json(folder / "adaptation.json", {"members": wrong})
        with pytest.raises(FormatError, match=r"adaptation\.json is wrong"):
            adapt(folder, of_new_task(), metadata("newcomer"))


def test_the_command_writes_a_folder_and_says_what_it_did(tmp_path: Path) -> None:
    saved(tmp_path, "ridge")
    of_new_task().to_csv(tmp_path / "new.csv", index=False)
    metadata("newcomer").to_csv(tmp_path / "meta.csv", index=False)
    words = ("adapt", "model", "new.csv", "--meta", "meta.csv", "--output")
    ended = in_process(tmp_path, *words, "more")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.endswith("Added 1 task by 14 rows: 3 numbers were fitted, and nothing else was changed.\n")
    assert in_process(tmp_path, *words, "quiet", "--quiet").err == ""
    assert in_process(tmp_path, *words, "more").code == 2
    assert in_process(tmp_path, "adapt", "model", "new.csv").code == 2
    of_new_task().drop(columns="target0").to_csv(tmp_path / "bare.csv", index=False)
    assert in_process(tmp_path, "adapt", "model", "bare.csv", "--output", "other").code == 3
    assert not (tmp_path / "other").exists()


def test_weights_count_in_the_fit(tmp_path: Path) -> None:
    dataset = replace(zoo.planted(), schema=replace(zoo.planted().schema, weight="w"))
    folder = saved(tmp_path, "ridge", dataset)
    low, high = of_new_task(shift=-3.0).assign(w=1e-3), of_new_task(shift=3.0).assign(w=1.0)
    rows = pd.concat([low, high])
    found = adaptation(folder, rows, metadata("newcomer")).stored.predictor
    even = adaptation(folder, rows.assign(w=1.0), metadata("newcomer")).stored.predictor
    asked = of_new_task().drop(columns="target0")
    assert found.predict(asked)["prediction"].mean() > even.predict(asked)["prediction"].mean() + 1.0
