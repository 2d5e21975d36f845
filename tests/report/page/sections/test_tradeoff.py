"""What the page says of limits and of what was searched, from tables alone."""

from dataclasses import replace

import pytest

from mthn_automl import catalogue
from mthn_automl.analysis.leaderboard import Finalist, leaderboard
from mthn_automl.models.base import Size
from mthn_automl.report.page.section import Found
from mthn_automl.report.page.sections import answer, tradeoff
from mthn_automl.tuning.results import TrialResult
from tests.report.page.planted import found


@pytest.fixture(scope="module")
def planted() -> Found:
    return found()


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        pytest.param(
            {"parameters": 20_000},
            " within 20,000 parameters; without drawing this page that took 1 min",
            id="parameters",
        ),
        pytest.param(
            {"parameters": None, "parameters_per_task": 90, "latency": 20.5},
            " within 90 parameters of one task's network and 20.5 microseconds a predicted row; without",
            id="several",
        ),
        pytest.param(
            {"parameters": None, "parameters_per_task": None, "latency": None},
            "22 trials; without drawing this page that took 1 min",
            id="none",
        ),
    ],
)
def test_limits_are_told_and_no_other_is_advised_where_one_was_given(
    planted: Found, limits: dict[str, float | None], words: str
) -> None:
    section = answer.section(replace(planted, summary={**planted.summary, "limits": limits}))
    assert words in section.sentences[0]
    assert any("--max-parameters" in each for each in section.advice) == (" within " not in words)


@pytest.mark.parametrize("limits", [{"parameters": 20_000}, {"parameters": None}])
def test_how_an_ensemble_keeps_a_limit_is_told_with_the_parameters_of_its_members(
    planted: Found, limits: dict[str, float | None]
) -> None:
    section = tradeoff.section(replace(planted, summary={**planted.summary, "limits": limits}))
    assert section is not None
    told = "as there is room for: hypernetwork-0 has 4,000 and ridge-0 has 1,000. The leaderboard, in which"
    assert (told in " ".join(section.sentences)) == (limits["parameters"] is not None)


def test_trials_that_are_never_on_the_line_are_counted(planted: Found) -> None:
    def told(**columns: object) -> str:
        points = planted.table("tradeoff").assign(**columns)
        section = tradeoff.section(replace(planted, tables={**planted.tables, "tradeoff": points}))
        assert section is not None
        return " ".join(section.sentences)

    assert "Never on the line" not in told()
    stopped = told(stopped_by_time=[False, True, False, True], within_limits=[True, True, False, True])
    words = "2 trials that the clock stopped before the training was over and 1 trial beyond a limit."
    assert f"Never on the line, nor in what is said of it: {words}" in stopped


def test_a_table_says_what_each_architecture_of_the_leaderboard_is(planted: Found) -> None:
    section = tradeoff.section(planted)
    assert section is not None
    [listing] = [each for each in section.listings if each.title == "Architectures"]
    assert list(listing.rows["architecture"]) == ["ensemble", "hypernetwork", "ridge"]
    assert listing.rows["what it is"][1] == catalogue.read("hypernetwork").summary


FITTED = "The process fitted its noise to 800 rows of {}."


@pytest.mark.parametrize(
    ("notes", "told"),
    [
        pytest.param((), "", id="none"),
        pytest.param((FITTED.format("1,420"),), "The process fitted its noise to 800 rows of 1,420.", id="one"),
        pytest.param(
            (FITTED.format("1,136"), FITTED.format("1,137"), "It was slow", FITTED.format("1,420")),
            "The process fitted its noise to 800 rows of 1,420. It was slow.",
            id="the same of folds and of all rows",
        ),
    ],
)
def test_notes_of_a_model_are_sentences_and_each_is_told_once(notes: tuple[str, ...], told: str) -> None:
    result = TrialResult("ridge", {}, 1.0, 1.0, 1.0, (0.9, 1.1), (), (), Size(9, 9, 9), 1.0, 0.5, notes=notes)
    assert leaderboard([Finalist("ridge", result)], 0.5)["note"].tolist() == [told]
