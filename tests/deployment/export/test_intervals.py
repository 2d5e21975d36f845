"""Ends of intervals in a graph are those of `predict`, of tasks known, added and never seen."""

from dataclasses import replace

import numpy as np
import pytest

from mthn_automl.data.dataset import Dataset
from mthn_automl.deployment.export import check, intervals
from mthn_automl.deployment.export.check import TOLERANCE, checked
from mthn_automl.deployment.export.drawn import drawn_rows
from mthn_automl.deployment.export.feeds import feeds_of
from mthn_automl.deployment.export.formats.onnx import written
from mthn_automl.deployment.export.request import Request
from mthn_automl.deployment.export.whole import onnx_model
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import UnsupportedError, UsageError
from tests.contracts import zoo
from tests.contracts.test_export import with_random_tasks
from tests.deployment.export.test_inputs import session
from tests.deployment.few import Animal, predictor, single, with_intervals


def stated(animal: Animal, new: int = 30, power: float = 0.0) -> Predictor:
    """A ridge with intervals."""
    return with_intervals(predictor("ridge", animal), new, power)


def compared(found: Predictor, rows: Dataset, task: int | None = None) -> None:
    tables = [rows, drawn_rows(found, task)]
    difference = checked(onnx_model(found, task, 0.9), found, tables, any_task=task is None, interval=0.9).difference
    assert difference <= TOLERANCE


@pytest.mark.parametrize(
    ("animal", "power"), [(zoo.planted, 0.0), (zoo.several_targets, 0.0), (zoo.counts, 0.5), (zoo.counts, 1.0)]
)
def test_ends_are_those_of_predict(animal: Animal, power: float) -> None:
    found = stated(animal, power=power)
    compared(found, animal())
    rows = animal().take(np.flatnonzero(animal().task == 1))
    compared(found, rows, task=1)


def test_ends_are_columns_of_predict() -> None:
    found, rows = stated(zoo.planted), zoo.planted()
    ends = session(onnx_model(found, None, 0.9)).run(["low", "high"], feeds_of(rows, any_task=True))
    expected = found.predict_rows(rows, 0.9)
    np.testing.assert_allclose(np.hstack(ends), expected[["low", "high"]], rtol=1e-9)


def test_a_task_that_was_added_counts_as_never_seen() -> None:
    rows, found = zoo.planted(), stated(zoo.planted)
    added = with_random_tasks(found, rows, single("ridge", zoo.planted))
    mine = replace(rows, tasks=added.tasks, task=np.full(len(rows), len(rows.tasks)))
    compared(added, mine)
    compared(added, mine, task=len(rows.tasks))


def test_where_new_tasks_are_too_few_their_ends_are_no_numbers_and_that_is_said() -> None:
    found = stated(zoo.planted, new=5)
    sentence = written(Request(found, interval=0.9)).sentences[3]
    assert "low and high: a number lies between them with a probability of 0.9; they are NaN in rows of" in sentence
    assert "at most 0.833 by 5 tasks predicted as never seen" in sentence
    baked = written(Request(found, 2, interval=0.9)).sentences
    assert "Outputs low and high: a number lies between them with a probability of 0.9." in baked


def test_where_one_of_several_targets_has_no_ends_for_new_tasks_the_others_have() -> None:
    found = stated(zoo.several_targets)
    assert found.intervals is not None
    first, *others = found.intervals.targets
    few = replace(found, intervals=replace(found.intervals, targets=(replace(first, new=None, new_tasks=0), *others)))
    compared(few, zoo.several_targets())
    with pytest.raises(UnsupportedError, match="must predict as this one does"):
        checked(onnx_model(found, None, 0.9), few, [drawn_rows(few)], any_task=True, interval=0.9)


def test_a_level_that_the_model_cannot_state_is_refused_as_predict_does() -> None:
    for found, level, task, reason in (
        (stated(zoo.planted), 0.99, None, "at most 0.975 by 40 rows predicted unseen"),
        (stated(zoo.planted), 90.0, None, "must lie between 0 and 1"),
        (predictor("ridge", zoo.planted), 0.9, None, "keeps residuals of rows it had not seen, however this one has"),
        (predictor("ridge", zoo.binary), 0.9, None, "one of numbers, however this model predicts classes"),
        (added_to(stated(zoo.planted, new=5)), 0.9, 12, "at most 0.833 by 5 tasks predicted as never seen"),
    ):
        with pytest.raises(UsageError, match=reason):
            onnx_model(found, task, level)


def added_to(found: Predictor) -> Predictor:
    return with_random_tasks(found, zoo.planted(), single("ridge", zoo.planted))


def test_ends_that_are_not_those_of_predict_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = stated(zoo.planted)
    graph = onnx_model(found, None, 0.8)
    with pytest.raises(UnsupportedError, match="must predict as this one does"):
        checked(graph, found, [zoo.planted()], any_task=True, interval=0.9)
    few = stated(zoo.planted, new=5)
    assert intervals.says_nothing_of_new(few, 0.9)
    with pytest.raises(UnsupportedError, match="must predict as this one does"):
        checked(onnx_model(found, None, 0.9), few, [drawn_rows(few)], any_task=True, interval=0.9)
    monkeypatch.setattr(check, "TOLERANCE", np.inf)
    assert checked(graph, found, [zoo.planted()], any_task=True, interval=0.9).difference > TOLERANCE
