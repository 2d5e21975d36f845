"""The page of two runs as text: what is said of planted tables."""

import re
from dataclasses import replace

import pandas as pd
import pytest

from mthn_automl.analysis.comparison import OUT_OF_FOLD, PAIRED, TEST, Same
from mthn_automl.report.comparison import charts, first, sections
from mthn_automl.report.comparison.both import Both
from mthn_automl.report.comparison.page import comparison
from mthn_automl.report.figures import picture_names
from mthn_automl.report.page.section import Section
from tests.report.page.planted import EVIL, found, over_tasks

SAME = Same(data=True, metadata=True, folds=True, rows=frozenset({TEST, OUT_OF_FOLD}))


def differences(low: float, high: float) -> pd.DataFrame:
    rows = [("the answer", role, 1.1, 1.0, -0.1, low, high, 12, 3) for role in (TEST, OUT_OF_FOLD)]
    return pd.DataFrame(rows, columns=list(PAIRED)).astype(PAIRED)


@pytest.fixture
def both() -> Both:
    one = found()
    other = replace(one, name="second", summary={**one.summary, "data": {**one.summary["data"], "alarms": []}})
    table = pd.DataFrame({"option": ["--seed"], "A": ["0"], "B": ["1"]})
    made = pd.DataFrame({"what": ["mthn-automl", "torch"], "A": ["0", "2"], "B": ["1", "3"]})
    return Both((one, other), SAME, differences(-0.2, -0.01), one.table("tasks"), table, made)


def said(section: Section | None) -> str:
    assert section is not None
    return " ".join([*section.alarms, *section.sentences])


def test_the_first_paragraph_says_what_is_shared_and_which_is_shown_to_be_better(both: Both) -> None:
    told = first.section(both).sentences[0]
    assert told.startswith(
        f"A is run {EVIL} and B is second. They have the same data file, the same folds and the same "
    )
    assert "On the same 12 test rows RMSE is 1.100 in A and 1.000 in B: B less A -0.100" in told
    assert told.endswith("B is shown to be better.")


@pytest.mark.parametrize(
    ("interval", "told"), [((-0.2, 0.1), "No difference is shown."), ((0.1, 0.2), "A is shown to be better.")]
)
def test_no_more_is_claimed_than_the_interval_shows(interval: tuple[float, float], told: str, both: Both) -> None:
    assert first.section(replace(both, differences=differences(*interval))).sentences[0].endswith(told)


def test_what_differs_is_named_with_its_values_and_alarms_with_their_run(both: Both) -> None:
    text = said(first.section(both))
    assert "other options: --seed (0 in A, 1 in B)." in text
    assert "Mthn-automl 0 made A and 1 made B and other versions or machines: torch." in text
    assert "A: A column follows the target." in text


def test_errors_of_other_rows_are_not_compared_as_paired_and_that_is_said(both: Both) -> None:
    same = Same(data=False, metadata=False, folds=False, rows=frozenset())
    apart = replace(both, same=same, differences=differences(0, 0).iloc[:0], task_gains=pd.DataFrame())
    told = first.section(apart).sentences[0]
    for part in (
        "The content of their data files differs, their metadata differ (A: 1 column, B: 1 column), their folds differ",
        "are not compared as paired, since their folds differ and the answers did not predict the same test rows",
    ):
        assert part in told
    assert "shown to be better" not in said(first.section(apart))
    assert "may differ by the luck of its rows" in said(sections.tasks(apart))


def test_tasks_that_gain_and_lose_are_counted(both: Both) -> None:
    assert "B is shown to be better for 1 task and worse for 1, of 3" in said(sections.tasks(both))


def test_architectures_stand_side_by_side_with_their_difference(both: Both) -> None:
    table = both.architectures
    assert table["architecture"].tolist() == ["ensemble", "hypernetwork", "ridge"]
    assert (table["cv error, B less A"] == 0).all()
    assert {"parameters A", "parameters B", "seconds A", "seconds B", "trials A", "trials B"} <= set(table)


def test_runs_ranked_over_tasks_are_told_by_errors_over_tasks(both: Both) -> None:
    runs = [over_tasks(each) for each in both.runs]
    ranked = replace(both, runs=(runs[0], runs[1]))
    assert "RMSE over tasks 1.000 ± 0.10 by cross-validation, 0.5000 [0.4000, 0.6000] on its test rows" in said(
        first.section(ranked)
    )
    assert ranked.architectures["test error A"].eq(0.5).all()


def test_the_loss_that_tasks_are_compared_by_is_named_where_the_metric_has_none(both: Both) -> None:
    one, other = (replace(each, summary={**each.summary, "metric": "r2"}) for each in both.runs)
    told = "Losses are those of RMSE, since R² is of no single row."
    assert told in said(sections.tasks(replace(both, runs=(one, other))))
    assert told in comparison(replace(both, runs=(one, other)))
    assert told not in said(sections.tasks(both))


def test_every_picture_of_two_stands_on_the_page_and_nothing_becomes_code(both: Both) -> None:
    html = comparison(both)
    assert set(re.findall(r'id="picture-(\w+)"', html)) == set(picture_names(charts))
    assert EVIL not in html
