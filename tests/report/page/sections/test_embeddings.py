"""What the page says of embeddings, from tables alone."""

from dataclasses import replace

import pytest

from mthn_automl.report.page.sections.embeddings import section
from tests.report.page.planted import found


@pytest.mark.parametrize(
    ("alike", "words"),
    [
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
