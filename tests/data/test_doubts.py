"""What a target might be other than it was taken for is said in every place that speaks of the data."""

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.read import read_dataset
from mthn_automl.errors import DataError, UsageError
from mthn_automl.run.checking import check
from tests.data.again import again

RANDOM = np.random.default_rng(0)
ROWS = 144
WHOLE = RANDOM.integers(1, 6, ROWS)
SHARES = RANDOM.random(ROWS)


def frame(target: object, **columns: object) -> pd.DataFrame:
    task = np.repeat([f"task {number}" for number in range(12)], ROWS // 12)
    return pd.DataFrame({"task": task, "x": np.arange(ROWS) % 7 + 0.5, "target": target, **columns})


def read(target: object, **asked: Any) -> Dataset:
    return read_dataset(frame(target), **asked)


def questions(dataset: Dataset) -> str:
    return " ".join(next(each for each in dataset.account if each.role == "target").questions)


SAID: dict[str, tuple[object, tuple[str, ...], tuple[str, ...]]] = {
    "grades": (WHOLE, ("5 whole numbers alone, from 1 to 5", "--problem ordinal", "--problem multiclass"), ()),
    "counts": (
        RANDOM.choice([0, 1, 2, 7, 30, 31, 32, 33, 34, 35, 36], ROWS),
        ("--problem count", "--offset"),
        ("grad",),
    ),
    "few counts": (RANDOM.choice([0, 1, 2, 7], ROWS), ("--problem count", "--problem ordinal"), ()),
    "shares": (SHARES, ("between 0 and 1", "--problem count", "--offset"), ("skewed",)),
    "long tails": (np.exp(RANDOM.normal(size=ROWS)), ("positive and skewed", "--metric rmsle or mae"), ("count",)),
    "weights in grams": (RANDOM.integers(225, 629, ROWS), (), ("--",)),
    "numbers": (RANDOM.normal(size=ROWS), (), ("--",)),
}


@pytest.mark.parametrize(("target", "said", "unsaid"), SAID.values(), ids=SAID)
def test_numbers_are_predicted_as_numbers_and_what_else_they_may_be_is_said(
    target: object, said: tuple[str, ...], unsaid: tuple[str, ...]
) -> None:
    dataset = read(target)
    assert dataset.schema.problem == "regression"
    assert [words for words in said if words not in questions(dataset)] == []
    assert [words for words in unsaid if words in questions(dataset)] == []
    notes = " ".join(dataset.notes)
    assert [words for words in said if words not in notes] == []


def test_who_has_answered_is_not_asked() -> None:
    assert questions(read(WHOLE, problem="ordinal")) == ""
    assert questions(read(WHOLE, problem="count")) == ""
    assert "1 of 144 are no whole numbers" in questions(
        read(np.where(np.arange(ROWS) == 5, 0.5, WHOLE), problem="count")
    )


def test_check_shows_the_questions() -> None:
    columns = {each.name: each for each in check(frame(WHOLE)).columns}
    assert "--problem ordinal" in " ".join(columns["target"].questions)


NEARLY: dict[str, tuple[list[str], str]] = {
    "numbers with a decimal comma": (
        [f"{each:.3f}".replace(".", ",") for each in SHARES[2:]] + ["n.d.", "n.d."],
        "'n.d.' in row 142 of the data is none of the numbers with a decimal comma, nor is 1 other cell: correct "
        "such cells, or --numeric 'target' counts them as missing",
    ),
    "numbers in two notations": (
        [f"{each:.3f}".replace(".", ".,"[row % 2]) for row, each in enumerate(SHARES)],
        "write all of them one way",
    ),
    "numbers with a unit": ([f"{each:.3f} kg" for each in SHARES], "'kg' stands beside its numbers: --numeric"),
}


@pytest.mark.parametrize(("cells", "said"), NEARLY.values(), ids=NEARLY)
def test_a_target_that_is_nearly_numbers_is_refused_with_what_to_do(cells: list[str], said: str) -> None:
    for problem in ("auto", "regression"):
        with pytest.raises(DataError, match=re.escape(said)):
            read(cells, problem=problem)


def test_a_target_of_few_grades_and_a_word_is_asked_about() -> None:
    found = read([*map(str, WHOLE[1:]), "refused"])
    assert found.schema.problem == "multiclass"
    assert "'refused' in row 143 of the data is no number: correct such cells, or --numeric 'target'" in questions(
        found
    )
    assert read([*map(str, WHOLE[1:]), "refused"], numeric=["target"]).schema.problem == "regression"


def test_many_classes_are_said_and_too_many_refused_before_time_is_spent() -> None:
    names = np.repeat(np.arange(10_001), 2)
    many = pd.DataFrame({"task": "a", "x": 1.0 + np.arange(len(names)), "target": names}).astype({"target": str})
    worded = many.assign(target="c" + many["target"])
    with pytest.raises(
        DataError, match=r"1,000 classes at most, however 'target' of the data has 10,001; it may be a wr"
    ):
        read_dataset(worded)
    with pytest.raises(DataError, match=r"has 10,001; --problem regression takes it for numbers"):
        read_dataset(many.astype({"target": int}), problem="multiclass")
    some = read_dataset(worded.iloc[:600])
    assert "300 classes, which is unusual" in questions(some)


REFUSED: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "words in an order": (
        {"target": RANDOM.choice(["low", "high"], ROWS), "problem": "ordinal"},
        DataError,
        "An ordinal target must hold numbers, whose order is known, however in 'target' of the data 'high' is none",
    ),
    "an order with a class of rare ones": (
        {"target": WHOLE, "problem": "ordinal", "merge_rare": True},
        UsageError,
        "--merge-rare makes a class that has no place in an order",
    ),
    "dates": (
        {"target": [f"2020-01-{row % 17 + 1:02}" for row in range(ROWS)]},
        DataError,
        "must hold numbers or classes, however 'target' of the data holds dates; make a number of it, such as days",
    ),
    "a negative count": (
        {"target": WHOLE - 2, "problem": "count"},
        DataError,
        r"A target of counts must not be below 0, however row \d+ of the data says -1 in 'target'",
    ),
    "a negative value and its logarithm": (
        {"target": RANDOM.normal(size=ROWS), "metric": "rmsle"},
        DataError,
        "A target of the metric rmsle must not be below 0",
    ),
    "an offset of no count": (
        {"target": WHOLE, "problem": "regression", "offset": "x"},
        UsageError,
        "--offset is of counts, however the problem is regression",
    ),
    "an offset that is not there": ({"target": WHOLE, "offset": "y"}, UsageError, "--offset must name a column"),
    "an offset that is a target": ({"target": WHOLE, "offset": "target"}, UsageError, "'target' is a target, too"),
    "a weight that is an offset": (
        {"target": WHOLE, "offset": "x", "weight": "x"},
        UsageError,
        "'x' is the weight, too",
    ),
}


@pytest.mark.parametrize(("given", "error", "said"), REFUSED.values(), ids=REFUSED)
def test_what_a_problem_cannot_be_is_refused(given: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        read(**given)


def test_a_class_that_training_has_in_one_row_or_none_is_refused_in_test_rows_with_the_option_to_take() -> None:
    whole = frame(target=["a", "b"] * (ROWS // 2))
    whole.loc[:1, "target"] = ["c", "d"]
    test = whole[2:8].assign(target=["c", "e", "a", "a", "b", "b"])
    with pytest.raises(DataError, match=r"says 'c'; known: 'a', 'b'. Leave out 2 rows .* --merge-rare"):
        check(whole, test=test)
    found = check(whole, test=test, merge_rare=True)
    assert found.test_rows == 6
    known = read_dataset(whole, merge_rare=True)
    given = again(known, test, need_target=True)
    assert [known.schema.classes[int(code)] for code in given.target[:, 0]] == ["(rare)", "(rare)", *"aabb"]


@pytest.mark.parametrize("flag", ["split", "weight", "offset", "ignore"])
def test_a_feature_that_is_something_else_is_refused(flag: str) -> None:
    with pytest.raises(UsageError, match=f"however 'x' is that of --{flag}, too; leave it out of one"):
        read_dataset(frame(WHOLE), features=("x",), **{flag: ("x",) if flag == "ignore" else "x"})


@pytest.mark.parametrize(
    ("exposure", "said"),
    [
        (np.where(np.arange(ROWS) == 3, 0.0, 1.0), "'e' is 0 in row 3"),
        (np.where(np.arange(ROWS) == 3, np.nan, 1.0), "'e' is missing in row 3"),
        (np.where(np.arange(ROWS) == 3, "many", "1"), "'e' must hold numbers, however row 3 of the data says 'many'"),
    ],
    ids=["zero", "missing", "text"],
)
def test_an_exposure_is_a_number_above_zero_in_every_row(exposure: object, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_dataset(frame(WHOLE, e=exposure), offset="e")


def test_an_offset_makes_a_count_and_is_no_feature() -> None:
    dataset = read_dataset(frame(WHOLE, e=1.0 + np.arange(ROWS)), offset="e")
    assert dataset.schema.problem == "count"
    assert [column.name for column in dataset.schema.features] == ["x"]
    assert {each.name: each.role for each in dataset.account}["e"] == "offset"
    np.testing.assert_array_equal(dataset.take(np.array([2, 0])).exposures, [3.0, 1.0])


def test_a_metric_that_one_problem_alone_has_asks_for_it() -> None:
    assert read(WHOLE, metric="poisson_deviance").schema.problem == "count"
    assert read(WHOLE, metric="quadratic_kappa").schema.problem == "ordinal"
    assert read(WHOLE, metric="rmsle").schema.problem == "regression"
    assert read(WHOLE, metric="accuracy").schema.problem == "multiclass"
