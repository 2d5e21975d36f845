from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.read import read_dataset, read_rows
from mthn_automl.data.schema import Column, Problem, Schema


def frame(rows: int = 12, tasks: int = 3, **columns: Any) -> pd.DataFrame:
    """A small regression with one numeric and one categorical feature, some columns replaced."""
    number = np.arange(rows)
    made = {"task": [f"t{k % tasks}" for k in number], "x": number / 7, "word": np.array(["a", "b"])[number % 2]}
    return pd.DataFrame({**made, "target": number**2 / 3, **columns})


def again(dataset: Dataset, data: Any, need_target: bool = False, meta: Any = None) -> Dataset:
    return read_rows(
        data, schema=dataset.schema, tasks=dataset.tasks, spare=dataset.spare, meta=meta, need_target=need_target
    )


def noted(dataset: Dataset, text: str) -> bool:
    return any(text in note for note in dataset.notes)


def test_features_are_numbers_or_categories_with_gaps() -> None:
    dataset = read_dataset(frame(x=[np.nan, *range(11)], word=[None, "b", "a"] + ["b"] * 9, flag=[True, False] * 6))
    assert dataset.schema.features == (Column("x"), Column("word", ("a", "b")), Column("flag"))
    assert np.isnan(dataset.features.numeric[0, 0])
    assert dataset.features.numeric[:2, 1].tolist() == [1, 0]
    assert dataset.features.codes[:3, 0].tolist() == [-1, 1, 0]


def test_the_frame_given_is_not_changed() -> None:
    given = frame(target=[None, *range(11)], odd=np.array([1, 2] * 6, dtype=object))
    before = given.copy(deep=True)
    read_dataset(given)
    pd.testing.assert_frame_equal(given, before)


@pytest.mark.parametrize(
    "task",
    [
        pytest.param([3, 1, 3, 1], id="integers"),
        pytest.param([3.0, 1.0, 3.0, 1.0], id="floats"),
        pytest.param(["3", "1.0", "3.00", "1"], id="text"),
        pytest.param([3, "1", "3.0", 1.0], id="mixed"),
        pytest.param(pd.Categorical([3, 1, 3, 1]), id="categories"),
    ],
)
def test_task_names_of_any_type_become_the_same_text(task: Any) -> None:
    dataset = read_dataset(frame(rows=4, task=task))
    assert dataset.tasks.names == ("3", "1")
    assert dataset.task.tolist() == [0, 1, 0, 1]


def test_leading_zeros_of_task_names_in_a_file_count(tmp_path: Path) -> None:
    frame(rows=4, task=["001", "1", "001", "1"]).to_csv(tmp_path / "data.csv", index=False)
    assert read_dataset(tmp_path / "data.csv").tasks.names == ("001", "1")


@pytest.mark.parametrize(
    ("target", "problem", "classes"),
    [
        pytest.param([0.5, 1, 2] * 4, Problem.REGRESSION, (), id="three numbers"),
        pytest.param([1, 0] * 6, Problem.BINARY, ("0", "1"), id="two integers"),
        pytest.param([1.0, 0.0] * 6, Problem.BINARY, ("0", "1"), id="two floats"),
        pytest.param([True, False] * 6, Problem.BINARY, ("False", "True"), id="booleans"),
        pytest.param(["no", "yes"] * 6, Problem.BINARY, ("no", "yes"), id="two words"),
        pytest.param(["10", "b", "2"] * 4, Problem.MULTICLASS, ("2", "10", "b"), id="three words"),
        pytest.param(pd.Categorical([10, 2, 3] * 4), Problem.MULTICLASS, ("2", "3", "10"), id="numbers as categories"),
        pytest.param(np.array([1.5, 2, 7] * 4, dtype=object), Problem.REGRESSION, (), id="numbers as objects"),
    ],
)
def test_the_problem_follows_from_the_target(target: Any, problem: Problem, classes: tuple[str, ...]) -> None:
    dataset = read_dataset(frame(target=target))
    assert dataset.schema.problem is problem
    assert dataset.schema.classes == classes
    assert noted(dataset, f"The problem is {problem} on 'target'")


@pytest.mark.parametrize(
    ("target", "options", "problem"),
    [
        pytest.param([1, 0] * 6, {"metric": "mae"}, Problem.REGRESSION, id="metric of numbers"),
        pytest.param([1, 2, 3] * 4, {"metric": "f1"}, Problem.MULTICLASS, id="metric of three classes"),
        pytest.param([1, 2] * 6, {"metric": "log_loss"}, Problem.BINARY, id="metric of two classes"),
        pytest.param([1, 0] * 6, {"problem": "regression", "metric": "f1"}, Problem.REGRESSION, id="problem wins"),
        pytest.param([1, 0] * 6, {"problem": "multiclass"}, Problem.MULTICLASS, id="two classes as multiclass"),
        pytest.param([1, 2, 3] * 4, {"problem": "multiclass"}, Problem.MULTICLASS, id="numbers as classes"),
    ],
)
def test_an_option_decides_the_problem(target: Any, options: dict[str, str], problem: Problem) -> None:
    assert read_dataset(frame(target=target), **options).schema.problem is problem


@pytest.mark.parametrize(
    ("columns", "options", "targets"),
    [
        pytest.param({"target_b": range(12)}, {}, ("target",), id="target alone where it is there"),
        pytest.param({"y": range(12)}, {"target": "y"}, ("y",), id="one asked for as text"),
        pytest.param({"y": range(12)}, {"target": ["y", "target"]}, ("y", "target"), id="two asked for"),
    ],
)
def test_targets_are_those_asked_for_or_named_target(
    columns: dict[str, Any], options: dict[str, Any], targets: tuple[str, ...]
) -> None:
    dataset = read_dataset(frame(**columns), **options)
    assert dataset.schema.targets == targets
    assert dataset.target.shape == (12, len(targets))


def test_without_target_all_columns_that_begin_like_one_are_targets() -> None:
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


@pytest.mark.parametrize(
    ("words", "categories"),
    [
        pytest.param(
            ["often", "twice"] * 10 + [f"once{k}" for k in range(20)], ("often", "twice"), id="not once among many"
        ),
        pytest.param(["often"] * 10 + ["once", "other"], ("often", "once", "other"), id="once among few"),
        pytest.param(
            [f"w{k:04}" for k in range(1100)] * 2 + ["w1099"] * 5,
            (*(f"w{k:04}" for k in range(999)), "w1099"),
            id="the most frequent",
        ),
    ],
)
def test_categories_that_tell_something_are_kept(words: list[str], categories: tuple[str, ...]) -> None:
    dataset = read_dataset(frame(rows=len(words), odd=words))
    assert dataset.schema.features[-1].categories == categories
    kept = [word in categories for word in words]
    assert (dataset.features.codes[:, 1] >= 0).tolist() == kept


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
    assert Schema.from_json(dataset.schema.to_json()) == dataset.schema


@pytest.mark.parametrize("target", [range(12), ["a", "b", "c"] * 4], ids=["regression", "classes"])
def test_rows_of_training_are_encoded_as_in_training(target: Any) -> None:
    dataset = read_dataset(frame(target=target))
    rows = again(dataset, frame(target=target), need_target=True)
    np.testing.assert_array_equal(rows.features.numeric, dataset.features.numeric)
    np.testing.assert_array_equal(rows.features.codes, dataset.features.codes)
    np.testing.assert_array_equal(rows.task, dataset.task)
    np.testing.assert_array_equal(rows.target, dataset.target)
    assert rows.notes == ()


def test_prediction_keeps_every_row_in_order_without_a_target() -> None:
    rows = again(read_dataset(frame()), frame(target=None).drop(columns="target").iloc[::-1])
    assert rows.row.tolist() == list(range(12))
    assert rows.target.shape == (12, 0)
    assert rows.features.numeric[0, 0] == pytest.approx(11 / 7)


def test_a_test_file_loses_rows_without_target_and_says_so() -> None:
    rows = again(read_dataset(frame()), frame(target=[None, *range(11)]), need_target=True)
    assert rows.row.tolist() == list(range(1, 12))
    assert noted(rows, "1 row dropped because the target is missing")


def test_unknown_categories_and_extra_columns_do_no_harm() -> None:
    rows = again(read_dataset(frame()), frame(word=["new", None, *["b"] * 10], extra=range(12)))
    assert rows.features.codes[:3, 0].tolist() == [-1, -1, 1]


def test_new_tasks_follow_the_known_ones_in_order_of_appearance() -> None:
    rows = again(read_dataset(frame()), frame(task=["z", "t1", "y", "z"] * 3))
    assert rows.tasks.names == ("t0", "t1", "t2", "z", "y")
    assert rows.task[:4].tolist() == [3, 1, 4, 3]
    assert noted(rows, "9 rows of 2 tasks not seen in training, 0 of these rows with metadata")


def test_a_category_that_looks_like_a_number_is_found_in_a_file(tmp_path: Path) -> None:
    dataset = read_dataset(frame(word=["01", "b"] * 6))
    frame(word="01").to_csv(tmp_path / "new.csv", index=False)
    assert again(dataset, tmp_path / "new.csv").features.codes[:, 0].tolist() == [0] * 12


def test_classes_written_as_floats_are_those_written_as_integers(tmp_path: Path) -> None:
    dataset = read_dataset(frame(target=[1, 0] * 6))
    frame(target=[1.0, 0.0] * 6).to_csv(tmp_path / "test.csv", index=False)
    assert again(dataset, tmp_path / "test.csv", need_target=True).target[:2, 0].tolist() == [1, 0]


def test_a_numeric_feature_may_be_missing_throughout_the_new_rows() -> None:
    rows = again(read_dataset(frame()), frame(x=None))
    assert np.isnan(rows.features.numeric).all()
