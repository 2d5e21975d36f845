from dataclasses import replace

import numpy as np
import pytest

from mthn_automl.data.dataset import Dataset, Keys, TaskTable
from mthn_automl.data.splits.parts.account import split_account
from mthn_automl.data.splits.parts.choice import Question, Sealed, development_of, seal, sealed_rows_of
from tests.contracts import zoo

CHOSEN = {
    "nothing": (Question(), [("within_tasks", 0.2)], "within_tasks"),
    "a share": (Question(test_fraction=0.0), [("within_tasks", 0.0)], "within_tasks"),
    "a file": (Question(test_file=True), [("within_tasks", 0.0)], "within_tasks"),
    "tasks": (Question(holdout_tasks=0.3), [("whole_tasks", 0.3), ("within_tasks", 0.0)], "whole_tasks"),
    "both": (
        Question(holdout_tasks=0.3, test_fraction=0.1, group="person"),
        [("whole_tasks", 0.3), ("groups", 0.1)],
        "whole_tasks",
    ),
    "groups": (Question(group="person"), [("groups", 0.2)], "groups"),
    "time": (Question(time="day", test_fraction=0.1), [("time", 0.1)], "time"),
    "named": (Question(split="use", time="day"), [("given", 1.0)], "time"),
}


@pytest.mark.parametrize(("asked", "sealing", "dealing"), CHOSEN.values(), ids=CHOSEN)
def test_what_is_asked_chooses_the_ways(asked: Question, sealing: list[tuple[str, float]], dealing: str) -> None:
    assert (asked.sealing(), asked.dealing()) == (sealing, dealing)


def sealed(holdout: float, share: float | None = None) -> tuple[Dataset, Sealed]:
    dataset = zoo.planted()
    return dataset, seal(dataset, Question(holdout_tasks=holdout, test_fraction=share), 0)


def test_both_answers_are_sealed_rows_of_known_tasks_and_whole_tasks() -> None:
    dataset, found = sealed(0.25, 0.2)
    share = np.bincount(dataset.task, weights=found.test) / 14
    assert sorted(share.round(2).tolist()) == [0.21] * 9 + [1.0] * 3
    account = split_account(dataset, found)
    assert account.new_rows is not None
    assert account.new_tasks is not None
    assert (account.training.tasks, account.new_rows.tasks, account.new_tasks.tasks) == (9, 9, 3)
    assert (account.training.rows, account.new_rows.rows, account.new_tasks.rows) == (99, 27, 42)
    assert list(account.sentences())[2] == "Test, of tasks never seen: 42 rows of 3 tasks."


def test_tasks_held_out_are_none_of_the_search_but_are_described_where_they_are_tested() -> None:
    dataset, found = sealed(0.25, 0.2)
    development, test = development_of(dataset, found.test), sealed_rows_of(dataset, found.test)
    assert len(development.tasks) == 9
    assert set(development.tasks.names) | set(development.spare.names) == set(dataset.tasks.names)
    assert test.tasks.names[:9] == development.tasks.names
    assert (np.bincount(test.task) == [3] * 9 + [14] * 3).all()
    for rows in (development, test):
        assert rows.tasks.metadata is not None
        assert dataset.tasks.metadata is not None
        number = [dataset.tasks.names.index(rows.tasks.names[task]) for task in rows.task]
        assert number == dataset.task[rows.row].tolist()
        np.testing.assert_equal(rows.tasks.metadata.numeric[rows.task], dataset.tasks.metadata.numeric[number])
    development.spare.joined(TaskTable((), None))


def test_a_split_within_tasks_leaves_the_numbers_of_tasks_as_they_are() -> None:
    dataset, found = zoo.planted(), seal(zoo.planted(), Question(), 0)
    assert development_of(dataset, found.test).tasks is dataset.tasks
    assert (sealed_rows_of(dataset, found.test).task == dataset.task[found.test]).all()


def test_an_account_tells_groups_and_dates() -> None:
    dataset = zoo.planted()
    days = np.arange(len(dataset)) * 86_400.0
    dated = replace(dataset, keys=Keys(time=days, dated=True))
    account = split_account(dated, seal(dated, Question(time="day"), 0))
    assert (account.training.first, account.folds) == ("1970-01-01", "the last rows of each task")
    assert str(account.new_rows) == "36 rows of 12 tasks, 1970-01-12 to 1970-06-17"
    grouped = replace(dataset, group=np.arange(len(dataset)) // 2)
    account = split_account(grouped, seal(grouped, Question(group="person"), 0))
    assert str(account.training) == "144 rows of 12 tasks (72 groups)"
