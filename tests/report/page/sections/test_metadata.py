"""What the page says of the metadata, from tables alone."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl.analysis.ablation import ablation_table, empty_ablation, joined
from mthn_automl.analysis.verdict import PERMUTED_UNMEASURED, metadata_verdict
from mthn_automl.report.page.sections.metadata import section
from tests.report.page import planted

BOTH = np.random.default_rng(0).normal(1.0, 0.05, (4, 3))


def shifted(by: float, seed: int) -> Any:
    return BOTH + by + np.random.default_rng(seed).normal(0.0, 0.005, BOTH.shape)


def table(architecture: str = "hypernetwork", **more: Any) -> pd.DataFrame:
    shifts = {"embedding_only": 0.2, "without:len1": 0.04, "without:len2": 0.0, "only:len1": 0.1, "noise": 0.0}
    shifts |= {"permuted": 0.2, "metadata_only": 0.3}
    results = {name: shifted(by, seed) for seed, (name, by) in enumerate(shifts.items())}
    return ablation_table(architecture, {"both": BOTH, **results}, 1 / 3, **more)


def said(rows: pd.DataFrame, columns: int = 1, verdict: str | None = None) -> str:
    """columns: how many the metadata have. verdict: None: the planted one."""
    found = planted.found()
    given = {} if verdict is None else {"metadata_sentence": verdict}
    summary = {**found.summary, **given, "data": {**found.summary["data"], "metadata": columns}}
    made = section(replace(found, summary=summary, tables={**found.tables, "ablation": rows}))
    assert made is not None
    return " ".join(made.sentences)


def test_a_column_has_a_sentence_with_its_change_and_interval_beside_what_noise_does() -> None:
    text = said(table())
    assert "Without `len1` the error is 4" in text
    assert " % higher (" in text
    assert "; without `len2` the error is" in text
    assert "; with a column of noise added the error is" in text
    assert text.index("`len1`") < text.index("`len2`")
    assert text.count("which may be chance") == 2


def test_an_interval_without_zero_that_is_not_shown_after_holm_is_no_contradiction() -> None:
    rows = table()
    rows.loc[rows["variant"] == "without:len1", ["p_value_holm"]] = 0.06
    assert "4.5 %), which may be chance among as many comparisons; without `len2`" in said(rows)


def test_it_says_why_the_full_model_has_another_error_than_the_leaderboard() -> None:
    assert "in the leaderboard: that is the lowest of all its trials, which is lucky in part" in said(table())
    assert "in the leaderboard: that is the error over all rows; here" in said(table("ridge"))


def test_it_tells_of_tasks_never_seen_and_of_further_architectures() -> None:
    text = said(joined([table(), table(tasks="held out"), table("ridge")]))
    assert "For tasks never seen, without the metadata the error is 2" in text
    assert "(ridge)." in text


def test_a_small_difference_of_a_column_is_not_said_to_mean_nothing() -> None:
    assert "may stand in for a column that is left out" in said(table())
    few = ablation_table("hypernetwork", {"both": BOTH, "embedding_only": BOTH + 0.1}, 1 / 3)
    assert "may stand in" not in said(few)


def test_of_a_best_trial_that_looks_at_the_metadata_alone_their_worth_is_told_from_there() -> None:
    """Its full model, which is made to look at the task too, may be far worse than it."""
    changed = {"both": "task_share = 0.5", "embedding_only": "task_share = 0.5"}
    text = said(joined([table(), table("ridge", changed=changed)]))
    assert (
        "The best trial of ridge looks at the metadata alone, and is `metadata only`; "
        "its full model has `task_share = 0.5` instead." in text
    )
    assert "without the metadata the error is 1.201 in place of 1.303 with them alone, as the best trial has it" in text
    assert "The best trial of hypernetwork" not in text
    neither = said(table(changed={"both": "bias = own", "metadata_only": "bias = own", "embedding_only": "rank = 2"}))
    assert "The best trial of hypernetwork does not look at both; its full model has `bias = own` instead." in neither


def test_what_the_embeddings_are_worth_beside_the_metadata_is_said() -> None:
    assert "From the metadata alone, with nothing that is learnt of each task, the error is 30 % higher (" in said(
        table()
    )


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ("embedding_only", "The best trial (`embedding only`) has RMSE 1.201 here and 1.250 in the leaderboard"),
        ("metadata_only", "The best trial (`metadata only`) has RMSE 1.303 here and 1.250 in the leaderboard"),
    ],
)
def test_the_leaderboard_is_held_against_what_the_best_trial_is(own: str, words: str) -> None:
    changed = {name: "rank = 2" for name in ("both", "embedding_only", "metadata_only") if name != own}
    assert words in said(table(changed=changed))
    unknown = dict.fromkeys(("both", "embedding_only", "metadata_only"), "rank = 2")
    assert "in the leaderboard" not in said(table(changed=unknown))


def test_members_of_the_answer_of_which_nothing_was_measured_are_named() -> None:
    told = "Part of the answer, and not measured here or without metadata: ridge."
    alone = ablation_table("ridge", {"both": BOTH}, 1 / 3)
    assert told in said(table())
    assert told in said(joined([table(), alone]))  # of which no difference is known
    assert "Part of the answer" not in said(joined([table(), table("ridge")]))


@pytest.mark.parametrize("whole", [False, True])
def test_what_was_not_measured_is_said_with_the_command_that_measures_it(whole: bool) -> None:
    few = ablation_table("hypernetwork", {"both": BOTH, "embedding_only": BOTH + 0.1}, 1 / 3)
    tuned = ablation_table("hypernetwork", {"both": BOTH, "embedding_only": BOTH + 0.1}, 1 / 3, tuned=True)
    text = said(joined([table(), tuned, table(tasks="held out")]) if whole else few)
    assert ("`mthn-automl ablate RUN` measures" in text) == (not whole)


def test_what_is_not_known_is_named_and_never_nan() -> None:
    rows = table()
    rows.loc[rows["variant"] == "without:len1", ["error", "difference", "low", "high", "p_value_holm"]] = np.nan
    text = said(rows)
    assert "What differs from the full model is not known of `without:len1`." in text
    assert "Without `len2` the error is" in text
    assert "nan" not in text


def test_a_change_is_a_share_of_the_full_model_of_its_own_seeds() -> None:
    rows = table()
    rows.loc[rows["variant"] == "without:len1", ["error", "difference"]] = [2.2, 0.2]
    assert "Without `len1` the error is 10 % higher" in said(rows)


@pytest.mark.parametrize(
    ("left_out", "columns", "words"),
    [
        ("permuted", 1, "Not measured here: the metadata of other tasks (`permuted`), "),
        ("metadata_only", 1, "Not measured here: no embeddings (`metadata only`), "),
        ("noise", 1, "Not measured here: a column of noise, "),
        ("without:len1", 2, "Not measured here: 1 of 2 single columns left out, 1 of 2 single columns alone, "),
        ("", 4, "Not measured here: 2 of 4 single columns left out ('north', 'kind'), 3 of 4 single columns alone, "),
    ],
)
def test_each_variant_and_column_that_was_not_fitted_is_named(left_out: str, columns: int, words: str) -> None:
    rows = table()
    assert words in said(rows[rows["variant"] != left_out], columns)


def test_only_variants_that_the_table_has_are_explained() -> None:
    few = ablation_table("hypernetwork", {"both": BOTH, "embedding_only": shifted(0.1, 1)}, 1 / 3)
    assert "as the full model (`both`): without the metadata (`embedding only`)." in said(few)
    text = said(table())
    assert "with the metadata of other tasks (`permuted`), with a column left out (`without`), with a column" in text
    assert "and with one more column of `noise`, which shows" in text


@pytest.mark.parametrize("told", [True, False])
def test_what_the_verdict_says_was_not_measured_is_not_said_again(told: bool) -> None:
    few = ablation_table("hypernetwork", {"both": BOTH, "embedding_only": shifted(0.1, 1)}, 1 / 3)
    verdict = metadata_verdict(few).sentence if told else ""
    assert (PERMUTED_UNMEASURED in verdict) == told
    assert ("the metadata of other tasks (`permuted`)" in said(few, verdict=verdict)) != told


def test_of_several_architectures_it_is_said_of_which_something_was_not_measured() -> None:
    rows = table()
    few = joined([rows[rows["variant"] != "noise"], table("ridge")])
    assert "Not measured here of the hypernetwork: a column of noise, " in said(few)


def test_an_empty_table_leaves_the_verdict_alone() -> None:
    assert said(empty_ablation()) == planted.summary()["metadata_sentence"]
