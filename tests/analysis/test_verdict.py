"""The verdict on the metadata claims no more than was shown, and says what would show more."""

import numpy as np
import pandas as pd
import pytest

from mthn_automl.analysis.ablation import ablation_table, empty_ablation
from mthn_automl.analysis.verdict import metadata_verdict
from mthn_automl.data.arrays import FloatArray

BOTH = np.random.default_rng(0).normal(1.0, 0.05, (4, 3))


def table(noise: float = 0.01, **shifts: float) -> pd.DataFrame:
    variants = {name: shifted(by, noise, seed=len(name)) for name, by in shifts.items()}
    return ablation_table("hypernetwork", {**variants, "both": BOTH}, 1 / 3)


def shifted(by: float, noise: float, seed: int) -> FloatArray:
    return BOTH + by + np.random.default_rng(seed).normal(0.0, noise, BOTH.shape)


def few(*shape: int, noise: float) -> pd.DataFrame:
    drawn = np.random.default_rng(3).normal(0.02, noise, shape)
    return ablation_table("hypernetwork", {"both": BOTH[: shape[0], : shape[1]], "embedding_only": 1 + drawn}, 1 / 3)


@pytest.mark.parametrize(
    ("made", "word", "said"),
    [
        pytest.param(
            table(embedding_only=0.2, permuted=0.2), "helped", "permuted over tasks were shown to be worse", id="helped"
        ),
        pytest.param(
            table(embedding_only=0.2, permuted=0.0), "helped", "need not come from what they say", id="helped as noise"
        ),
        pytest.param(
            table(embedding_only=0.2, permuted=0.05),
            "helped",
            "which is 23% of the gain: the rest may come of any numbers.",
            id="helped in part by what they say",
        ),
        pytest.param(table(embedding_only=-0.2), "hurt", "Metadata hurt the hypernetwork", id="hurt"),
        pytest.param(table(0.001, embedding_only=0.0), "did not help", "a gain of 1% is ruled out", id="no gain"),
        pytest.param(table(0.1, embedding_only=0.0), "cannot be told", "with this much data", id="cannot be told"),
        pytest.param(table(permuted=0.2), "not measured", "was not measured", id="without the variant that tells"),
        pytest.param(empty_ablation(), "not measured", "was not measured", id="no ablation"),
        pytest.param(table(embedding_only=np.nan), "not measured", "was not measured", id="a diverged seed"),
        pytest.param(few(1, 1, noise=0.0), "cannot be told", "too few folds and seeds to test", id="one network"),
    ],
)
def test_the_verdict_claims_what_was_shown(made: pd.DataFrame, word: str, said: str) -> None:
    verdict = metadata_verdict(made)
    assert verdict.word == word
    assert said in verdict.sentence


def test_where_the_rows_are_the_bound_it_says_how_many_times_as_many() -> None:
    sentence = metadata_verdict(table(0.1, embedding_only=0.0)).sentence
    assert "to be clear four times in five, about " in sentence
    assert "times as many rows would be needed, of the same tasks or of further ones like them; more" in sentence
    assert "more seeds alone would not do" in sentence


def test_where_more_seeds_would_tell_it_says_how_many() -> None:
    without = BOTH[:3, :1] + np.array([[0.01], [0.05], [0.06]])
    made = ablation_table("hypernetwork", {"both": BOTH[:3, :1], "embedding_only": without}, 0.05)
    assert (
        "networks a fold would do (`mthn-automl ablate RUN --seeds " in metadata_verdict(made, test_share=0.05).sentence
    )


def test_without_metadata_there_is_nothing_to_judge() -> None:
    assert metadata_verdict(empty_ablation(), has_metadata=False).word == "no metadata"


def test_the_verdict_gives_errors_difference_interval_and_p_value() -> None:
    sentence = metadata_verdict(table(embedding_only=0.2)).sentence
    assert "cross-validated error 1" in sentence
    assert "95 % interval +0.1" in sentence
    assert "after Holm" in sentence
