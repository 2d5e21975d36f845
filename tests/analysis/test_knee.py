"""What a little more error saves, and where the front bends."""

import pandas as pd

from mthn_automl.analysis.knee import knee, savings, simplest


def front(*points: tuple[str, int, float, int]) -> pd.DataFrame:
    table = pd.DataFrame(points, columns=["architecture", "trial", "cv_error", "parameters"])
    return table.assign(on_front=True)


POINTS = front(
    ("ridge", 3, 2.0, 10), ("pooled", 1, 1.04, 1_000), ("ensemble", 2, 1.005, 50_000), ("ensemble", 5, 1.0, 100_000)
)


def test_the_smallest_model_within_each_tolerance_is_told_once() -> None:
    found = savings(POINTS, 1.0, 100_000)
    assert [(each.name, each.parameters) for each in found] == [
        ("the ensemble of 2 trials", 50_000),
        ("pooled-1", 1_000),
    ]
    assert round(found[1].saved, 2) == 0.99
    assert round(found[1].more_error, 2) == 0.04


def test_what_hardly_saves_anything_is_not_told() -> None:
    assert savings(front(("pooled", 0, 1.0, 90), ("ensemble", 2, 0.99, 100)), 0.99, 100) == []
    nearly = front(("ridge", 3, 1.09, 1_950), ("pooled", 1, 1.04, 2_000), ("ensemble", 5, 1.0, 100_000))
    assert [each.name for each in savings(nearly, 1.0, 100_000)] == ["pooled-1"]
    tiny = front(("ridge", 5, 1.06, 3), ("ridge", 2, 1.004, 4), ("ensemble", 4, 1.0, 99_470))
    assert [each.name for each in savings(tiny, 1.0, 99_470)] == ["ridge-2"]


def test_the_knee_is_where_the_front_bends_and_a_line_has_none() -> None:
    bend = knee(POINTS, 1.0, 100_000)
    assert bend is not None
    assert bend.name == "pooled-1"
    assert knee(front(("a", 0, 4.0, 10), ("a", 1, 2.0, 100), ("a", 2, 1.0, 1000)), 1.0, 1000) is None
    assert knee(POINTS.head(2), 1.0, 100_000) is None


def test_the_smallest_within_one_standard_error_is_told_where_it_saves_much() -> None:
    found = simplest(POINTS, 1.0, 0.05, 100_000)
    assert found is not None
    assert found.name == "pooled-1"
    assert simplest(POINTS, 1.0, 0.001, 100_000) is None
    assert simplest(front(("pooled", 0, 1.0, 90), ("ensemble", 2, 0.99, 100)), 0.99, 0.1, 100) is None
