"""Coverage is counted over what is there; the calibration error is how far words are from deeds."""

import numpy as np
import pytest

from mthn_automl.analysis.coverage import coverage, expected_calibration_error


def test_coverage_is_over_rows_targets_and_tasks_that_have_a_value() -> None:
    target = np.array([[0.0, np.nan], [5.0, 0.0], [0.0, 0.0], [0.0, 9.0]])
    low, high = np.full((4, 2), -1.0), np.full((4, 2), [1.0, 3.0])
    found = coverage(0.9, low, high, target, np.array([0, 0, 1, 2]), ["a", "b", "new"], 2)
    assert (found["rows"], found["coverage"]) == (7, pytest.approx(5 / 7))
    assert found["by_target"] == [pytest.approx(3 / 4), pytest.approx(2 / 3)]
    assert found["mean_width"] == [2.0, 4.0]
    assert (found["known_tasks"], found["new_tasks"]) == (pytest.approx(4 / 5), pytest.approx(1 / 2))


def test_the_least_covered_task_is_no_unlucky_row() -> None:
    """One row missed of one is nothing beside five of ten."""
    task = np.repeat([0, 1, 2], [1, 10, 10])
    target = np.where(np.arange(21) < 6, 9.0, 0.0)[:, None]
    found = coverage(0.9, np.full((21, 1), -1.0), np.full((21, 1), 1.0), target, task, ["one", "bad", "good"], 3)
    assert [each["task"] for each in found["least_covered_tasks"]] == ["bad", "one", "good"]
    assert found["least_covered_tasks"][0] == {"task": "bad", "rows": 10, "coverage": 0.5}
    assert found["new_tasks"] is None


def test_the_calibration_error_is_the_mean_distance_of_words_from_deeds() -> None:
    said = np.tile([0.8, 0.2], (10, 1))
    target = np.repeat([0.0, 1.0], [6, 4])[:, None]
    assert expected_calibration_error(said, target) == pytest.approx(0.2)
    assert expected_calibration_error(said, target, np.where(target[:, 0] == 0, 2.0, 1.0)) == pytest.approx(0.05)
    assert expected_calibration_error(np.eye(2), np.array([[0.0], [1.0]])) == 0.0
