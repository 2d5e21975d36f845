"""The page as text: what is said of planted tables, and that nothing in them can become code."""

import json
import re
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from mthn_automl.analysis.breakeven import Breakeven
from mthn_automl.report.figures import drawn_from, picture_names
from mthn_automl.report.page import page as pages
from mthn_automl.report.page.pictures import ENLARGED, ZOOMED
from mthn_automl.report.page.section import MOST_ROWS, Found, Listing, Section
from mthn_automl.report.page.sections import answer, embeddings, search, tasks, tradeoff
from tests.report.page.planted import EVIL, found, over_tasks


@pytest.fixture(scope="module")
def planted() -> Found:
    return found()


@pytest.fixture(scope="module")
def html(planted: Found) -> str:
    return pages.page(planted, drawn_from(planted.tables, planted.metric))


def said(section: Any) -> str:
    return " ".join([*section.alarms, *section.sentences, *section.advice])


def test_the_first_paragraph_says_what_was_asked_what_is_best_and_by_how_much(planted: Found) -> None:
    first = answer.section(planted).sentences[0]
    for part in (
        "'target' was to be predicted for 3 tasks with 60 rows altogether, 2 features and 1 column of metadata",
        "an ensemble of 2 trials: cross-validated RMSE 1.000 ± 0.10 (one standard error over folds).",
        "20 % less than the 1.250 of hypernetwork, which comes next: a difference that is shown",
        "LightGBM with its defaults, the task as a category and the metadata joined has 2.000 on the same test rows; "
        "the answer has 45 % less (95 % interval of what is saved: 30 % to 60 %). LightGBM's cross-validated error, in "
        "the same folds, is 1.500 beside the 1.000 by which the answer was chosen.",
    ):
        assert part in first


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, "The answer's 90 % intervals (`predict --interval 0.9`) held 83 % of the 12 test rows."),
        ({"intervals": {"level": 0.9, "reason": "out-of-fold predictions are lost"}}, "on 12 new rows."),
        (
            {"intervals": None, "probabilities": {"expected_calibration_error": 0.021}},
            "how often it is right by 2.1 % (expected calibration error).",
        ),
    ],
)
def test_how_far_intervals_and_probabilities_hold_is_said_where_it_is_known(
    planted: Found, told: dict[str, Any], words: str
) -> None:
    tested = answer.section(replace(planted, summary={**planted.summary, **told})).sentences[1]
    assert tested.endswith(words)


def test_several_targets_are_named_and_a_worth_of_metadata_is_said_to_be_of_no_member(planted: Found) -> None:
    data = {**planted.summary["data"], "targets": ["a", "b"]}
    of_ridges = {"ridge-0": 0.6, "ridge-1": 0.4}
    given = replace(planted, summary={**planted.summary, "data": data, "ensemble": of_ridges})
    asked, _, metadata, *_ = answer.section(given).sentences
    assert asked.startswith("'a' and 'b' were to be predicted for 3 tasks")
    assert metadata.endswith("No hypernetwork is part of the answer.")
    assert "part of the answer" not in said(answer.section(planted))
    alone = replace(planted, summary={**planted.summary, "best": {**planted.summary["best"], "architecture": "ridge"}})
    assert "No hypernetwork is part of the answer." in said(answer.section(alone))


def test_a_difference_that_is_not_shown_is_not_claimed(planted: Found) -> None:
    board = planted.table("leaderboard").assign(tied_with_best=True)
    first = answer.section(replace(planted, tables={**planted.tables, "leaderboard": board})).sentences[0]
    assert "a difference that is not shown to be more than chance" in first


def test_what_may_be_chance_beside_the_usual_tool_is_not_claimed(planted: Found) -> None:
    usual = {**planted.summary["usual"], "saving": {"ensemble": {"less": 0.45, "low": -0.1, "high": 0.6}}}
    first = answer.section(replace(planted, summary={**planted.summary, "usual": usual})).sentences[0]
    assert "-10 % to 60 %, so that chance may be all of it" in first


def test_where_the_usual_tool_is_better_or_was_not_measured_that_is_said(planted: Found) -> None:
    worse = {"saving": {"ensemble": {"less": -1.2, "low": -2.0, "high": -0.4}}}
    better = {**planted.summary["usual"], "test_error": 0.5, **worse}
    advice = answer.section(replace(planted, summary={**planted.summary, "usual": better})).advice
    assert [each for each in advice if each.startswith("LightGBM with its defaults has the lower error")]
    section = answer.section(replace(planted, summary={**planted.summary, "usual": None}))
    assert "What LightGBM with its defaults would give was not measured" in section.sentences[0]
    assert not [each for each in section.advice if "LightGBM" in each]


@pytest.mark.parametrize(
    ("usual", "told", "advised"),
    [
        pytest.param(
            {"test_error": 2.0, "saving": {"ensemble": {"less": 0.45, "low": None, "high": None}}},
            "on the same test rows; the answer has 45 % less; how sure that is cannot be told from these rows.",
            "",
            id="no interval is known",
        ),
        pytest.param(
            {"test_error": 1.0, "saving": {"ensemble": {"less": -0.1, "low": -0.3, "high": 0.1}}},
            "has 10 % more (95 % interval of what is saved: -30 % to 10 %, so that chance may be all of it).",
            "LightGBM with its defaults may be better, as its error on the test rows is lower: more time may change",
            id="it may be better",
        ),
        pytest.param(
            {"test_error": 0.0, "saving": {}},
            "has 0.000 on the same test rows; the answer has 1.100; how sure",
            "LightGBM with its defaults may be better",
            id="it makes no error",
        ),
    ],
)
def test_no_more_is_claimed_of_the_usual_tool_than_is_shown(
    planted: Found, usual: dict[str, Any], told: str, advised: str
) -> None:
    section = answer.section(replace(planted, summary={**planted.summary, "usual": {"cv_error": 1.5, **usual}}))
    assert told in section.sentences[0]
    assert [each.startswith(advised) for each in section.advice if "LightGBM" in each] == ([True] if advised else [])


def test_a_run_that_ranks_by_the_mean_over_tasks_is_told_by_it_throughout(planted: Found) -> None:
    section = answer.section(over_tasks(planted))
    assert "cross-validated RMSE over tasks 1.000" in section.sentences[0]
    assert (
        "has 1.000 on the same test rows; the answer has 50 % less (95 % interval of what is saved: 20 % to 70 %)."
        in (section.sentences[0])
    )
    assert not [each for each in section.advice if "LightGBM" in each or "interval" in each]
    board = tradeoff.section(over_tasks(planted))
    assert board is not None
    assert [name for name in board.listings[0].rows if name.startswith("test")] == list(
        over_tasks(planted).test_columns
    )


@pytest.mark.parametrize(
    ("errors", "names", "words"),
    [
        pytest.param((1.0, 1.0), ("ridge", "pooled"), "Next comes pooled, which has the same error.", id="a tie"),
        pytest.param((0.0, 0.0), ("ensemble", "ridge"), "Next comes ridge, which has the same error.", id="no error"),
        pytest.param((1.0, 0.9), ("ensemble", "ridge"), "which flatters it as the best of many", id="a lower one"),
    ],
)
def test_the_second_is_flattered_only_where_it_is_lower_than_an_ensemble(
    planted: Found, errors: tuple[float, ...], names: tuple[str, ...], words: str
) -> None:
    board = planted.table("leaderboard").head(2).assign(architecture=names, cv_error=errors)
    best = {**planted.summary["best"], "architecture": names[0]}
    given = replace(planted, summary={**planted.summary, "best": best}, tables={**planted.tables, "leaderboard": board})
    first = answer.section(given).sentences[0]
    assert words in first
    assert ("flatters" in first) == ("flatters" in words)


def test_an_architecture_whose_trials_all_failed_was_tried_and_refused_trials_never_began(planted: Found) -> None:
    asked = {"hypernetwork": 10, "ridge": 0, "pooled": 0}
    refused = pd.DataFrame(
        {"architecture": ["pooled"], "trial": 0, "ending": "refused", "reason": "", "settings": "{}"}
    )
    trials = pd.concat([planted.table("trials"), refused], ignore_index=True)
    summary = {**planted.summary, "trials_by_architecture": asked}
    given = replace(planted, summary=summary, tables={**planted.tables, "trials": trials})
    assert "2 architectures were searched in 22 trials (1 more was not tried)" in answer.section(given).sentences[0]
    assert "7 trials were begun: 5 complete, 2 failed; 1 more was refused before it began." in said(
        search.section(given)
    )


def test_tasks_that_were_held_out_whole_are_counted_with_their_rows(planted: Found) -> None:
    sides = {"training": {"rows": 28}, "new_tasks": {"rows": 20, "tasks": 2}}
    split = {**planted.summary["data"]["split"], **sides}
    data = {**planted.summary["data"], "split": split}
    first = answer.section(replace(planted, summary={**planted.summary, "data": data})).sentences[0]
    assert "for 5 tasks with 60 rows altogether" in first


def test_each_of_several_targets_has_a_row(planted: Found) -> None:
    assert answer.section(planted).listings == ()
    targets = pd.DataFrame({"architecture": "ensemble", "target": ["a", "b"], "cv_error": [1.0, 2.0]})
    section = answer.section(replace(planted, tables={**planted.tables, "targets": targets}))
    [listing] = section.listings
    assert (listing.file, list(listing.rows["target"])) == ("targets.csv", ["a", "b"])


def test_alarms_come_first_and_make_the_first_advice(planted: Found) -> None:
    section = answer.section(planted)
    assert section.alarms == ("A column follows the target.",)
    assert section.advice[0].startswith("Look at the alarms")
    data = {**planted.summary["data"], "alarms": []}
    calm = answer.section(replace(planted, summary={**planted.summary, "data": data}))
    assert calm.alarms == ()
    assert not calm.advice[0].startswith("Look at the alarms")


def test_what_accuracy_costs_is_said_in_words(planted: Found) -> None:
    assert "The answer has 5,000 parameters; 4 % more error saves 80 % of them (ridge-0, 1,000)." in said(
        answer.section(planted)
    )


def test_how_well_the_error_is_known_is_said_beside_what_is_saved(planted: Found) -> None:
    text = said(answer.section(planted))
    assert "The standard error over folds is 10 % of the error; the smallest within that is ridge-0: 1,000 para" in text
    sure = {**planted.summary, "best": {**planted.summary["best"], "cv_error_se": 0.01}}
    assert "no model that is much smaller is within that" in said(answer.section(replace(planted, summary=sure)))


def test_what_is_saved_is_never_all_of_it_and_no_bend_is_told_twice(planted: Found) -> None:
    best = {**planted.summary["best"], "parameters": 3_000_000}
    front = planted.table("tradeoff").assign(parameters=[3_000_000, 4_000, 1_000, 900])
    given = replace(planted, summary={**planted.summary, "best": best}, tables={**planted.tables, "tradeoff": front})
    text = said(answer.section(given))
    assert "saves 99.9 % of them" in text
    assert "bends most" not in text


def test_tasks_to_distrust_and_tasks_that_are_harmed_are_named(planted: Found) -> None:
    text = said(tasks.section(planted))
    assert "Highest, and to be trusted least: c (3.00 in 20 rows)" in text
    assert "better for 1 task (a) and worse for 1 (c), of 3" in text
    assert "errors in so few rows differ by chance, too" in text


@pytest.mark.parametrize(
    ("tested", "words"),
    [
        pytest.param(3.1, "1 of 1 have an error above the median of the tasks, too, which is 2.10 there.", id="again"),
        pytest.param(1.0, "the median of the tasks, too, which is 1.10 there, so that chance", id="not again"),
        pytest.param(float("nan"), "differ by chance, too.", id="no test rows"),
    ],
)
def test_whether_the_test_rows_agree_on_the_worst_tasks_is_said(planted: Found, tested: float, words: str) -> None:
    table = planted.table("tasks").assign(test_error=[1.1, 2.1, tested])
    assert words in said(tasks.section(replace(planted, tables={**planted.tables, "tasks": table})))


def test_a_task_that_is_worst_on_test_rows_alone_is_named_too(planted: Found) -> None:
    table = planted.table("tasks").assign(test_error=[9.2, 2.1, 3.1])
    told = "on the test rows a has the highest error (9.20 in 4 rows); on their test rows 0 of 1"
    assert told in said(tasks.section(replace(planted, tables={**planted.tables, "tasks": table})))


def test_of_the_worst_tasks_those_with_far_metadata_are_named(planted: Found) -> None:
    far = planted.table("embeddings").assign(**{"metadata:north": [0.0, 0.1, 9.0, 0.1, 0.0, -0.1, 0.0, 0.1]})
    told = "the metadata of c lie far from those of the others;"
    assert told in said(tasks.section(replace(planted, tables={**planted.tables, "embeddings": far})))
    assert told not in said(tasks.section(planted))


def test_where_no_task_is_told_apart_that_contradicts_nothing_that_is_shown_of_all(planted: Found) -> None:
    table = planted.table("tasks").assign(helped=False, harmed=False)
    text = said(tasks.section(replace(planted, tables={**planted.tables, "tasks": table})))
    assert "better or worse for none of the 3 tasks with rows enough to compare: the rows of a single task are" in text
    assert "better for 0 tasks" not in text


def test_ties_are_no_losses(planted: Found) -> None:
    assert "has the lower error for 1 of 3 tasks, as high a one for 1:" in said(tasks.section(planted))
    none = planted.table("tasks").assign(own_error=9.0)
    told = said(tasks.section(replace(planted, tables={**planted.tables, "tasks": none})))
    assert "has the lower error for 3 of 3 tasks:" in told


@pytest.mark.parametrize(("metric", "told"), [("roc_auc", True), ("accuracy", False)])
def test_the_loss_that_tasks_are_compared_by_is_named_where_the_metric_has_none(
    planted: Found, metric: str, told: bool
) -> None:
    given = replace(planted, summary={**planted.summary, "metric": metric, "problem": "binary"})
    assert ("Losses are those of log loss, since ROC AUC is of no single row." in said(tasks.section(given))) == told


def test_of_tasks_with_too_few_rows_to_be_tested_all_together_are_told(planted: Found) -> None:
    few = planted.table("tasks").assign(p_value=float("nan"), helped=False, harmed=False)
    text = said(tasks.section(replace(planted, tables={**planted.tables, "tasks": few})))
    assert "has the lower error for 1 of 3 tasks" in text
    assert "Task by task nothing is tested, since none has rows enough: 5 that both have predicted." in text
    assert "no model of each task alone" not in text


def test_where_no_task_stands_out_none_is_named(planted: Found) -> None:
    alike = planted.table("tasks").assign(error=0.0)
    given = replace(planted, tables={**planted.tables, "tasks": alike})
    assert "is 0.00 in the median. No task has a higher one." in said(tasks.section(given))


@pytest.mark.parametrize(
    ("trials", "words"),
    [
        pytest.param({}, "--architectures with single_task gives one", id="it was not searched"),
        pytest.param({"single_task": 0}, "no trial of single_task was begun and finished", id="it did not finish"),
        pytest.param({"single_task": 3}, "single_task predicted too few of the same rows", id="other rows"),
        pytest.param({"single_task": 4}, "the folds are of whole tasks", id="whole tasks"),
        pytest.param({"ridge": 4}, "the folds are of whole tasks", id="whole tasks, without it"),
    ],
)
def test_why_tasks_are_not_compared_is_said(planted: Found, trials: dict[str, int], words: str) -> None:
    alone = planted.table("tasks").assign(p_value=float("nan"), own_error=float("nan"))
    split = {"folds": "whole tasks" if 4 in trials.values() else "rows within each task"}
    data = {**planted.summary["data"], "split": split}
    summary = {**planted.summary, "trials_by_architecture": trials, "data": data}
    given = replace(planted, summary=summary, tables={**planted.tables, "tasks": alone})
    assert words in said(tasks.section(given))


def test_what_embeddings_mean_is_said_as_far_as_it_is_shown(planted: Found) -> None:
    text = said(embeddings.section(planted))
    assert "their correlation is 0.90, and 0.30 with the tasks permuted (p = 0.005): the description is stable." in text
    assert "agree on what chance put into these rows, too, so that this alone does not show that it means" in text
    assert "better than chance (p < 0.05 after Holm): north (R² 0.80); of 1 more that is not shown." in text
    chance = {**planted.summary, "embeddings": {**planted.summary["embeddings"], "alike_p_value": 0.3}}
    assert "(p = 0.3): that the description is stable is not shown." in said(
        embeddings.section(replace(planted, summary=chance))
    )


def test_which_maps_there_are_is_said(planted: Found) -> None:
    assert "behind it follows one by UMAP" in said(embeddings.section(planted))
    table = planted.table("embeddings").drop(columns=["umap_x", "umap_y"])
    without = replace(planted, tables={**planted.tables, "embeddings": table})
    assert "is made by searches with more than 15 tasks where umap-learn is installed" in said(
        embeddings.section(without)
    )


def test_from_how_many_rows_a_model_of_ones_own_pays_is_said_as_far_as_it_is_shown(planted: Found) -> None:
    assert "cannot be told from 3 tasks; that takes 20 at the least" in said(tasks.section(planted))
    for each, told in (
        (Breakeven("crossing", 60, 900, 103.0, 78.0, 131.0), "more than about 100 rows is better served by a"),
        (Breakeven("own", 60, 900, 250.0), "with 250 rows and more, a network of its own is shown to be better"),
        (Breakeven("shared", 60, 900, 30.0), "In no size of task seen here does a network of its own pay"),
        (Breakeven("shared", 60, 900, 900.0), "over 60 tasks of up to 900 rows; in all of them together the answer is"),
        (Breakeven("not shown", 60, 900), "In no size of task seen here is a network of its own, or the answer, shown"),
        (Breakeven("one size", 60, 900), "cannot be told, since most have about equally many."),
    ):
        assert told in tasks.paying(each)


@pytest.mark.parametrize(("lost", "words"), [(0.0, ""), (2.0, ", of which 2 s were lost to clocks and lost processes")])
def test_seconds_that_were_lost_are_told_where_there_are_any(planted: Found, lost: float, words: str) -> None:
    given = replace(planted, summary={**planted.summary, "seconds_lost": lost})
    assert f"They took 1 min 30 s of the workers' time{words}." in said(search.section(given))


def test_the_search_tells_of_failures_with_their_reasons(planted: Found) -> None:
    assert "Failed: 2 x out of memory." in said(search.section(planted))


def test_a_section_without_anything_to_say_is_left_out(planted: Found) -> None:
    bare = replace(planted, tables={name: planted.tables[name] for name in ("leaderboard", "tradeoff")})
    assert [each.section(bare) for each in (tasks, embeddings, search)] == [None, None, None]
    assert answer.section(bare).sentences


def test_every_picture_of_a_run_stands_on_the_page_with_its_numbers(planted: Found, html: str) -> None:
    drawn = re.findall(r'id="picture-(\w+)"', html)
    assert set(drawn) == set(picture_names()) - {"preferences", "breakeven"}
    for text in re.findall(r'class="specification">(.*?)</script>', html, re.DOTALL):
        specification = json.loads(text)
        assert {"layer", "spec", "concat"} & set(specification)
    for text in re.findall(r'class="points">(.*?)</script>', html, re.DOTALL):
        assert json.loads(text).count("\n") > 1


def test_the_page_needs_no_network_and_stays_small(html: str) -> None:
    own = html[: html.index('<script type="module">')]
    assert not re.findall(r'(?:src|href)="(?!#|data:)', own)
    assert "connect-src" not in html
    assert "default-src 'none'" in html
    assert len(html.encode()) < 6_000_000


def test_what_comes_from_the_data_never_becomes_code(html: str) -> None:
    assert EVIL not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_commands_stand_out_and_a_name_with_a_backtick_takes_nothing_with_it() -> None:
    section = Section("Told", ("Use `mthn-automl ablate RUN`.", "Of `tick, use `--id`.", "Of <b>` alone."))
    told = pages.rendered("run", [section], {})
    assert "Use <code>mthn-automl ablate RUN</code>." in told
    assert "Of `tick, use `--id`." in told
    assert "Of &lt;b&gt;` alone." in told


def test_what_a_picture_offers_is_said_below_it(html: str) -> None:
    hints = dict(re.findall(r'id="picture-(\w+)".*?class="hint">(.*?)</span>', html, re.DOTALL))
    assert hints["tradeoff"] == ZOOMED
    assert {name for name, hint in hints.items() if hint == ENLARGED} == {"sizes", "embeddings", "neighbourhoods"}


def test_long_tables_are_cut_and_that_is_said(planted: Found) -> None:
    many = pd.DataFrame({"task": [f"t{number}" for number in range(MOST_ROWS + 7)], "rows": 1})
    listing = Listing("Tasks", many, "tasks.csv")
    assert (len(listing.shown), listing.left_out) == (MOST_ROWS, 7)
