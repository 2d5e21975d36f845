from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.columns.form import Form, Kind
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.read import read_dataset
from mthn_automl.data.schema import Column, Problem, Schema
from mthn_automl.received import typed
from tests.data.again import again


def frame(rows: int = 12, tasks: int = 3, **columns: Any) -> pd.DataFrame:
    """A small regression with one numeric and one categorical feature, some columns replaced."""
    number = np.arange(rows)
    made = {"task": [f"t{k % tasks}" for k in number], "x": number / 7, "word": np.array(["a", "b"])[number % 2]}
    return pd.DataFrame({**made, "target": number**2 / 3, **columns})


def noted(dataset: Dataset, text: str) -> bool:
    return any(text in note for note in dataset.notes)


def test_features_are_numbers_or_categories_with_gaps() -> None:
    dataset = read_dataset(frame(x=[np.nan, *range(11)], word=[None, "b", "a"] + ["b"] * 9, flag=[True, False] * 6))
    assert dataset.schema.features == (Column("x"), Column("word", ("a", "b")), Column("flag", form=Form(Kind.TRUTH)))
    assert np.isnan(dataset.features.numeric[0, 0])
    assert dataset.features.numeric[:2, 1].tolist() == [1, 0]
    assert dataset.features.codes[:3, 0].tolist() == [-1, 1, 0]


def test_the_frame_given_is_not_changed() -> None:
    given = frame(target=[None, *range(11)], odd=np.array([1, 2] * 6, dtype=object))
    before = given.copy(deep=True)
    read_dataset(given)
    pd.testing.assert_frame_equal(given, before)


TASK_NAMES = {
    "integers": [3, 1, 3, 1],
    "floats": [3.0, 1.0, 3.0, 1.0],
    "text": ["3", "1.0", "3.00", "1"],
    "mixed": [3, "1", "3.0", 1.0],
    "categories": pd.Categorical([3, 1, 3, 1]),
}


def test_task_names_of_any_type_become_the_same_text_but_leading_zeros_in_a_file_count(tmp_path: Path) -> None:
    for case, task in TASK_NAMES.items():
        dataset = read_dataset(frame(rows=4, task=task))
        assert (dataset.tasks.names, dataset.task.tolist()) == (("3", "1"), [0, 1, 0, 1]), case
    frame(rows=4, task=["001", "1", "001", "1"]).to_csv(tmp_path / "data.csv", index=False)
    assert read_dataset(tmp_path / "data.csv").tasks.names == ("001", "1")


def names_of_tasks(given: pd.DataFrame, folder: Path) -> dict[str, tuple[str, ...]]:
    """By format."""
    paths = {ending: folder / f"data.{ending}" for ending in ("csv", "parquet", "feather", "jsonl")}
    given.to_csv(paths["csv"], index=False)
    given.to_parquet(paths["parquet"])
    given.to_feather(paths["feather"])
    given.to_json(paths["jsonl"], orient="records", lines=True, date_format="iso", date_unit="s")
    return {"frame": read_dataset(given).tasks.names} | {
        ending: read_dataset(path).tasks.names for ending, path in paths.items()
    }


MOMENTS = pd.to_datetime(["2022-09-27", "2021-01-03"] * 6)
TYPED_TASKS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "dates": (MOMENTS, ("2022-09-27", "2021-01-03")),
    "python dates": (list(MOMENTS.date), ("2022-09-27", "2021-01-03")),
    "hours": (MOMENTS + pd.Timedelta(hours=5), ("2022-09-27 05:00:00", "2021-01-03 05:00:00")),
    "midnight and noon": (MOMENTS + pd.to_timedelta([0, 12] * 6, unit="h"), ("2022-09-27", "2021-01-03 12:00:00")),
    "large whole numbers": (np.array([10**16, 9007199254740993] * 6), ("10000000000000000", "9007199254740993")),
    "large real numbers": (np.array([1e16, -2.5e17] * 6), ("10000000000000000", "-250000000000000000")),
}


@pytest.mark.parametrize(("task", "names"), TYPED_TASKS.values(), ids=TYPED_TASKS)
def test_a_task_has_one_name_in_every_format_whatever_its_type(
    task: Any, names: tuple[str, ...], tmp_path: Path
) -> None:
    given = frame(task=task)
    if isinstance(task, list):  # which pandas cannot write as JSON of dates
        assert read_dataset(given).tasks.names == names
        return
    assert names_of_tasks(given, tmp_path) == dict.fromkeys(["frame", "csv", "parquet", "feather", "jsonl"], names)


def test_names_that_are_no_numbers_stay_as_they_are() -> None:
    task = ["1e5", "1.25e+01", "2022-09-27T05", "0e+10"]
    assert read_dataset(frame(task=task * 3)).tasks.names == tuple(task)


TARGETS: dict[str, tuple[Any, Problem, tuple[str, ...]]] = {
    "three numbers": ([0.5, 1, 2] * 4, Problem.REGRESSION, ()),
    "two integers": ([1, 0] * 6, Problem.BINARY, ("0", "1")),
    "two floats": ([1.0, 0.0] * 6, Problem.BINARY, ("0", "1")),
    "booleans": ([True, False] * 6, Problem.BINARY, ("False", "True")),
    "two words": (["no", "yes"] * 6, Problem.BINARY, ("no", "yes")),
    "three words": (["10", "b", "2"] * 4, Problem.MULTICLASS, ("2", "10", "b")),
    "numbers as categories": (pd.Categorical([10, 2, 3] * 4), Problem.MULTICLASS, ("2", "3", "10")),
    "numbers as objects": (np.array([1.5, 2, 7] * 4, dtype=object), Problem.REGRESSION, ()),
}


@pytest.mark.parametrize(("target", "problem", "classes"), TARGETS.values(), ids=TARGETS)
def test_the_problem_follows_from_the_target(target: Any, problem: Problem, classes: tuple[str, ...]) -> None:
    dataset = read_dataset(frame(target=target))
    assert (dataset.schema.problem, dataset.schema.classes) == (problem, classes)
    assert noted(dataset, f"The problem is {problem} on 'target'")


OPTIONS: dict[str, tuple[Any, dict[str, str], Problem]] = {
    "metric of numbers": ([1, 0] * 6, {"metric": "mae"}, Problem.REGRESSION),
    "metric of three classes": ([1, 2, 3] * 4, {"metric": "f1"}, Problem.MULTICLASS),
    "metric of two classes": ([1, 2] * 6, {"metric": "log_loss"}, Problem.BINARY),
    "problem wins": ([1, 0] * 6, {"problem": "regression", "metric": "f1"}, Problem.REGRESSION),
    "two classes as multiclass": ([1, 0] * 6, {"problem": "multiclass"}, Problem.MULTICLASS),
    "numbers as classes": ([1, 2, 3] * 4, {"problem": "multiclass"}, Problem.MULTICLASS),
}


@pytest.mark.parametrize(("target", "options", "problem"), OPTIONS.values(), ids=OPTIONS)
def test_an_option_decides_the_problem(target: Any, options: dict[str, str], problem: Problem) -> None:
    assert read_dataset(frame(target=target), **options).schema.problem is problem


def test_targets_are_those_asked_for_or_called_target_or_else_those_that_begin_so() -> None:
    for columns, options, targets in (
        ({"target_b": range(12)}, {}, ("target",)),
        ({"y": range(12)}, {"target": "y"}, ("y",)),
        ({"y": range(12)}, {"target": ["y", "target"]}, ("y", "target")),
    ):
        dataset = read_dataset(frame(**columns), **options)
        assert (dataset.schema.targets, dataset.target.shape) == (targets, (12, len(targets)))
    data = frame(label_b=range(12)).rename(columns={"target": "target1"})
    assert read_dataset(data).schema.targets == ("target1", "label_b")


def test_rows_without_target_are_dropped_and_counted() -> None:
    dataset = read_dataset(frame(target=[None, 1, 2, None, *range(8)]))
    assert noted(dataset, "2 rows dropped because the target is missing")
    assert dataset.row.tolist() == [1, 2, *range(4, 12)]
    assert len(dataset.features) == len(dataset.task) == len(dataset.target) == 10


def test_useless_columns_are_ignored_and_noted() -> None:
    columns = {"five": 5, "word2": "a", "gap": None, "gappy": [1, *[None] * 29], "id": [f"id{k}" for k in range(30)]}
    dataset = read_dataset(frame(rows=30, **columns))
    assert [each.name for each in dataset.schema.features] == ["x", "word", "gappy"]
    assert noted(dataset, "Ignored 2 features, constant: 'five', 'word2'.")
    assert noted(dataset, "Ignored 1 feature, entirely missing: 'gap'.")
    assert noted(dataset, "Ignored 1 feature, no category occurs twice: 'id'.")


MANY = [f"w{number:04}" for number in range(1100)]
WORDS: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "not once among many": (["often", "twice"] * 10 + MANY[:20], ("often", "twice")),
    "once among few": (["often"] * 10 + ["once", "other"], ("often", "once", "other")),
    "the most frequent": (MANY * 2 + ["w1099"] * 5, (*MANY[:999], "w1099")),
}


@pytest.mark.parametrize(("words", "categories"), WORDS.values(), ids=WORDS)
def test_categories_that_tell_something_are_kept(words: list[str], categories: tuple[str, ...]) -> None:
    dataset = read_dataset(frame(rows=len(words), odd=words))
    assert dataset.schema.features[-1].categories == categories
    assert (dataset.features.codes[:, 1] >= 0).tolist() == [word in categories for word in words]


def test_what_is_unusual_is_allowed_and_noted(tmp_path: Path) -> None:
    assert noted(read_dataset(frame(tasks=1)), "one task only")
    small = read_dataset(frame(task=["a", "b", "b", *["c"] * 9]))
    assert noted(small, "2 tasks have fewer than 3 rows: their 3 rows stay in training")
    bare = read_dataset(frame()[["task", "target"]])
    assert bare.features.numeric.shape == (12, 0)
    assert noted(bare, "no usable feature")
    assert noted(read_dataset(frame(target_b=range(12))), "Taken as features in spite of their names: 'target_b'")
    frame().to_csv(tmp_path / "data.csv")
    assert noted(read_dataset(tmp_path / "data.csv"), "data.csv: 1 column without a name ignored")


def test_classes_are_numbered_in_the_order_of_their_names_and_the_schema_survives_json() -> None:
    dataset = read_dataset(frame(target=["b", "a", "c"] * 4))
    assert dataset.target[:3, 0].tolist() == [1, 0, 2]
    assert typed(asdict(dataset.schema), Schema) == dataset.schema


@pytest.mark.parametrize("target", [range(12), ["a", "b", "c"] * 4], ids=["regression", "classes"])
def test_rows_of_training_are_encoded_as_in_training(target: Any) -> None:
    dataset = read_dataset(frame(target=target))
    rows = again(dataset, frame(target=target), need_target=True)
    np.testing.assert_equal(vars(rows.features), vars(dataset.features))
    np.testing.assert_equal((rows.task, rows.target), (dataset.task, dataset.target))
    assert rows.notes == ()


def test_prediction_keeps_every_row_in_order_and_a_test_file_loses_those_without_target_and_says_so() -> None:
    rows = again(read_dataset(frame()), frame(target=None).drop(columns="target").iloc[::-1])
    assert (rows.row.tolist(), rows.target.shape) == (list(range(12)), (12, 0))
    assert rows.features.numeric[0, 0] == pytest.approx(11 / 7)
    rows = again(read_dataset(frame()), frame(target=[None, *range(11)]), need_target=True)
    assert rows.row.tolist() == list(range(1, 12))
    assert noted(rows, "1 row dropped because the target is missing")


def test_unknown_categories_extra_columns_and_missing_numbers_do_no_harm() -> None:
    rows = again(read_dataset(frame()), frame(word=["new", None, *["b"] * 10], extra=range(12), x=None))
    assert rows.features.codes[:3, 0].tolist() == [-1, -1, 1]
    assert np.isnan(rows.features.numeric).all()


def test_new_tasks_follow_the_known_ones_in_order_of_appearance() -> None:
    rows = again(read_dataset(frame()), frame(task=["z", "t1", "y", "z"] * 3))
    assert rows.tasks.names == ("t0", "t1", "t2", "z", "y")
    assert rows.task[:4].tolist() == [3, 1, 4, 3]
    assert noted(rows, "9 rows of 2 tasks not seen in training, 0 of these rows with metadata")


def test_categories_and_classes_that_look_like_numbers_are_found_in_a_file(tmp_path: Path) -> None:
    dataset = read_dataset(frame(word=["01", "b"] * 6, target=[1, 0] * 6))
    frame(word="01", target=[1.0, 0.0] * 6).to_csv(tmp_path / "new.csv", index=False)
    rows = again(dataset, tmp_path / "new.csv", need_target=True)
    assert rows.features.codes[:, 0].tolist() == [0] * 12
    assert rows.target[:2, 0].tolist() == [1, 0]
