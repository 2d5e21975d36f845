"""What the page says of embeddings, from tables alone."""

from dataclasses import replace

import pytest

from mthn_automl.report.page.sections.embeddings import section
from tests.report.page.planted import found


@pytest.mark.parametrize(
    ("alike", "words"),
    [
        pytest.param(0.49, "hardly more alike than by chance, though that little is shown.", id="neither"),
        pytest.param(0.51, "hardly more alike than by chance, though that little is shown.", id="hardly"),
        pytest.param(0.62, "the description is stable.", id="much"),
    ],
)
def test_networks_that_agree_hardly_more_than_by_chance_are_not_called_stable(alike: float, words: str) -> None:
    given = found()
    known = {**given.summary["embeddings"], "alike": alike, "alike_by_chance": 0.47}
    made = section(replace(given, summary={**given.summary, "embeddings": known}))
    assert made is not None
    text = " ".join(made.sentences)
    assert f"(p = 0.005): {words}" in text
    assert ("the description is stable" in text) == ("stable" in words)


@pytest.mark.parametrize(("r2", "told"), [(0.2, True), (0.009, False), (-0.0002, False)])
def test_a_column_that_is_told_to_no_use_is_not_said_to_be_told_however_sure_that_is(r2: float, told: bool) -> None:
    given = found()
    table = given.table("reconstruction").assign(p_value_holm=0.01, r2=r2)
    made = section(replace(given, tables={**given.tables, "reconstruction": table}))
    assert made is not None
    text = " ".join(made.sentences)
    assert ("these columns of the metadata can be told better than chance" in text) == told
    assert ("and to any use (R² of 0.01)." in text) != told


def test_networks_that_are_more_alike_than_by_chance_and_far_from_the_same_are_not_called_stable() -> None:
    given = found()
    known = {**given.summary["embeddings"], "alike": 0.39, "alike_by_chance": 0.25}
    made = section(replace(given, summary={**given.summary, "embeddings": known}))
    assert made is not None
    assert "(p = 0.005): more alike than by chance, and far from the same. " in " ".join(made.sentences)
