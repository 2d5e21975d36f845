"""Names of tasks that may be one are said with both; blanks and Unicode form never make two of one."""

import pandas as pd
import pytest

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.likeness import Likeness, alike_note, folded
from mthn_automl.data.read import read_dataset
from mthn_automl.errors import DataError
from tests.data.again import again

ALIKE = [("01001", "1001"), ("Köln", "KÖLN"), ("St. Louis", "st louis"), ("A_1", "a-01"), ("1.50", "1.5")]
APART = [("1.05", "1.5"), ("-1", "1"), ("1-2", "12"), ("1.5", "15"), ("task 1", "task 2"), ("100", "1")]


def rows_of(*tasks: str) -> pd.DataFrame:
    """Three rows a task."""
    names = [name for name in tasks for _ in range(3)]
    number = pd.Series(range(len(names)), dtype=float)
    return pd.DataFrame({"task": names, "x": number**0.5, "target": number**2})


def meta_of(*tasks: str) -> pd.DataFrame:
    return pd.DataFrame({"task": tasks, "size": [float(k) for k in range(len(tasks))]})


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_case_zeros_in_front_and_signs_between_words_do_not_tell_names_apart(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(("one", "other"), APART)
def test_names_of_other_numbers_are_not_alike(one: str, other: str) -> None:
    assert folded(one) != folded(other)
    assert Likeness([one]).nearest(other) is None


def test_a_slip_in_a_word_has_a_nearest_name_and_another_word_has_none() -> None:
    known = Likeness(["Saxony", "Bavaria", "plot 7 north", "plot 8 north"])
    assert known.nearest("Bavarya") == "Bavaria"
    assert known.nearest("plot 8 noth") == "plot 8 north"
    assert known.nearest("plot 9 north") is None
    assert known.nearest("Hesse") is None


def test_tasks_of_one_table_that_may_be_one_are_said_with_their_rows_and_kept_apart() -> None:
    dataset = read_dataset(rows_of("a1", "A1", "b", "B", "c"))
    assert len(dataset.tasks) == 5
    assert (
        "the data: 4 tasks may be 2, each named in several ways: 'a1' (3 rows), 'A1' (3 rows); 'b' (3 rows), 'B' "
        "(3 rows); they are kept apart: write them alike where they are one."
    ) in dataset.notes
    assert alike_note("the data", ["a", "b"], [1, 1]) == []


@pytest.mark.parametrize("odd", ["  a1", "a1\u00a0", "a1 "])
def test_blanks_and_unicode_form_never_make_two_tasks(odd: str) -> None:
    dataset = read_dataset(rows_of("a1", odd, "Zu\u0308rich"), meta_of(odd, "Z\u00fcrich"))
    assert dataset.tasks.names == ("a1", "Z\u00fcrich")
    assert dataset.tasks.metadata is not None
    assert dataset.tasks.metadata.numeric[:, 0].tolist() == [0.0, 1.0]
    assert again(dataset, rows_of(odd, "Z\u00fcrich\u2003")).task.tolist() == [0, 0, 0, 1, 1, 1]


def test_tasks_without_metadata_are_listed_with_the_names_that_may_be_meant() -> None:
    names = [f"0{k}" for k in range(1, 8)]
    dataset = read_dataset(rows_of(*names, "x"), meta_of("x", *[name.lstrip("0") for name in names]))
    note = next(each for each in dataset.notes if "metadata missing" in each)
    assert note == (
        "7 tasks of the data not in the metadata: metadata missing of '01' (3 rows), '02' (3 rows), '03' (3 rows), "
        "'04' (3 rows), '05' (3 rows) and 2 more; did you mean '1' by '01', '2' by '02', '3' by '03' and 4 more, as "
        "in the metadata?"
    )


def test_metadata_of_no_task_name_the_task_that_may_be_meant() -> None:
    with pytest.raises(
        DataError, match=r"\(such as '1001'\) is one of .*; did you mean '1001' by '01001', .*, as in the metadata"
    ):
        read_dataset(rows_of("01001", "01002"), meta_of("1001", "1002"))


def trained() -> Dataset:
    return read_dataset(rows_of("Saxony", "Bavaria"))


def test_tasks_that_training_has_not_seen_are_listed_with_those_that_may_be_meant() -> None:
    rows = again(trained(), rows_of("SAXONY", "Hesse"))
    assert rows.notes[-1] == (
        "the data: 6 rows of 2 tasks not seen in training, 0 of these rows with metadata: 'SAXONY' (3 rows), 'Hesse' "
        "(3 rows); did you mean 'Saxony' by 'SAXONY', as in training?"
    )
