"""Tables of other shapes go all the way: searched, resumed, stored, predicted by the command and in Python."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl import load_model
from mthn_automl.run.checking import check
from mthn_automl.run.job import SearchResult, resume, search
from tests.command import in_process
from tests.data import test_task_columns, test_wide

SMALL: dict[str, Any] = {
    "architectures": "ridge",
    "folds": 2,
    "seeds": 1,
    "runner": "local",
    "trials": 1,
    "no_ablation": True,
    "no_ensemble": True,
}
WIDE: dict[str, Any] = {"wide": True, "target": test_wide.ITEMS, "id": "person"}


@pytest.fixture(scope="module", params=[False, True], ids=["numbers", "classes"])
def wide(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    folder = tmp_path_factory.mktemp("wide")
    test_wide.people(request.param).to_csv(folder / "data.csv", index=False)
    return search(folder / "data.csv", test_wide.META, output=folder / "run", **SMALL, **WIDE)


def test_predictions_of_a_wide_table_are_a_wide_table(wide: SearchResult) -> None:
    new = test_wide.people().set_index(pd.Index(np.arange(100, 130), name="key")).drop(columns=list(test_wide.ITEMS))
    table = wide.model.predict(new)
    pd.testing.assert_index_equal(table.index, new.index)
    assert table["person"].tolist() == new["person"].tolist()
    assert [name for name in table if name.startswith("prediction_")] == [f"prediction_{x}" for x in test_wide.ITEMS]
    assert len(table) == 30
    one = wide.model.predict_one(new.iloc[3], task="shout")
    assert one["prediction"] == pytest.approx(table["prediction_shout"].iloc[3])
    if wide.model.schema.classes:
        assert "probability_hit_yes" in table
        np.testing.assert_allclose(table[["probability_hit_yes", "probability_hit_no"]].sum(axis=1), 1.0)
        assert set(table["prediction_hit"]) <= {"yes", "no"}


def test_the_command_predicts_it_wide_and_in_pieces(wide: SearchResult, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, model = wide.folder.parent, load_model(wide.folder)
    monkeypatch.setitem(type(model).stream.__kwdefaults__, "rows_at_once", 20)
    ended = in_process(folder, "predict", "run", "data.csv", "--output", "p.JSONL.gz", "--quiet")
    assert (ended.code, ended.err) == (0, "")
    found = pd.read_json(folder / "p.JSONL.gz", lines=True, compression="gzip")
    expected = model.predict(folder / "data.csv")
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_the_run_keeps_rows_together_and_its_files_name_them(wide: SearchResult) -> None:
    split = pd.read_parquet(wide.folder / "splits.parquet")
    assert (split.groupby("row")["role"].nunique() == 1).all()
    assert (split[split["role"] == "train"].groupby("row")["fold"].nunique() == 1).all()
    stored = pd.read_parquet(wide.folder / "predictions.parquet")
    people = test_wide.people()["person"]
    assert stored["person"].tolist() == people.iloc[stored["row"]].tolist()
    assert set(stored["task"]) == set(test_wide.ITEMS)


@pytest.mark.parametrize("wide", [False], ids=["numbers"], indirect=True)
def test_a_resume_reads_the_same_shape(wide: SearchResult) -> None:
    again = resume(wide.folder, trials=1, meta=test_wide.META)
    assert again.summary["trials"]["COMPLETE"] == 2


def test_tasks_of_several_columns_are_searched_and_predicted_by_their_values(tmp_path: Path) -> None:
    data = test_task_columns.rows()
    meta = pd.DataFrame({"region": list("abc"), "size": [1.0, 2.0, 3.0]})
    data.to_csv(tmp_path / "data.csv", index=False)
    meta.to_csv(tmp_path / "meta.csv", index=False)
    words = ("--task", "region", "--task", "product", "--meta", "meta.csv")
    fixed = (
        "--architectures",
        "ridge",
        "--folds",
        2,
        "--seeds",
        1,
        "--trials",
        1,
        "--runner",
        "local",
        "--no-ablation",
    )
    ended = in_process(tmp_path, "search", "data.csv", *words, *fixed, "--output", "run", "--quiet")
    assert ended.code == 0, ended.err
    ended = in_process(tmp_path, "predict", "run", "data.csv", "--quiet")
    assert ended.out.splitlines()[1].startswith("0,a / p,")
    model = load_model(tmp_path / "run")
    table = model.predict(data)
    row = data.iloc[17]
    expected = pytest.approx(table["prediction"].iloc[17])
    assert model.predict_one(row)["prediction"] == expected
    for task in (("b", "q"), "b / q", [" b", "q "]):
        assert model.predict_one({"x": row["x"]}, task)["prediction"] == expected
    features, named = data[["x"]].to_numpy(), data[["region", "product"]].to_numpy()
    np.testing.assert_allclose(model.predict_arrays(features, named)[:, 0], table["prediction"])
    np.testing.assert_allclose(model.predict_arrays(features, table["task"])[:, 0], table["prediction"])
    new = model.predict_one({"x": 0.5, "region": "c", "product": "new"})["prediction"]
    assert new == model.predict(pd.DataFrame({"x": [0.5], "region": ["c"], "product": ["n"]}))["prediction"][0]


def test_check_says_the_shape() -> None:
    found = check(test_wide.people(), test_wide.META, **WIDE)
    assert (found.rows, found.sizes.tasks, found.sizes.described) == (len(test_wide.long_of(test_wide.people())), 4, 4)
    assert json.dumps(found.to_json())
    assert not [each for each in found.notes if "Alarm" in each]
    several = check(test_task_columns.rows(), task=("region", "product"))
    assert (several.sizes.tasks, [each.role for each in several.columns][:2]) == (6, ["task", "task"])
