"""The ablation compares on the same folds and seeds, and its verdict claims no more than was shown."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mthn_automl.analysis.ablation import COLUMNS, ablation_table, empty_ablation, metadata_verdict
from mthn_automl.analysis.statistics import corrected_resampled_t_test, holm
from mthn_automl.data.arrays import FloatArray
from mthn_automl.errors import RunError

INTERFACE = [
    *("architecture", "variant", "error", "se", "difference", "low", "high", "p_value", "p_value_holm"),
    *("folds", "seeds"),
]
BOTH = np.random.default_rng(0).normal(1.0, 0.05, (4, 3))


def shifted(by: float, noise: float = 0.01, seed: int = 1) -> FloatArray:
    return BOTH + by + np.random.default_rng(seed).normal(0.0, noise, BOTH.shape)


def table(**shifts: float) -> pd.DataFrame:
    variants = {name: shifted(by, seed=len(name)) for name, by in shifts.items()}
    return ablation_table("hypernetwork", {**variants, "both": BOTH}, 1 / 3)


def test_both_comes_first_with_no_difference_and_no_p_value() -> None:
    first = table(embedding_only=0.2).iloc[0]
    assert (first["variant"], first["difference"]) == ("both", 0.0)
    assert first[["low", "high", "p_value", "p_value_holm"]].isna().all()


def test_a_variant_is_compared_by_the_paired_test_on_every_fold_and_seed() -> None:
    row = table(embedding_only=0.2).iloc[1]
    paired = corrected_resampled_t_test((shifted(0.2, seed=14) - BOTH).ravel(), 1 / 3)
    expected = [paired.difference, paired.low, paired.high, paired.p_value]
    assert_allclose(row[["difference", "low", "high", "p_value"]].astype(float), expected)
    assert row["difference"] > 0
    assert row[["folds", "seeds"]].tolist() == [4, 3]


def test_the_standard_error_is_over_folds() -> None:
    errors = table(embedding_only=0.2)["se"]
    assert errors[0] == pytest.approx(BOTH.mean(axis=1).std(ddof=1) / 2)


def test_p_values_are_corrected_over_the_variants() -> None:
    rows = table(embedding_only=0.2, permuted=0.0, metadata_only=0.01).iloc[1:]
    assert_allclose(rows["p_value_holm"], holm(rows["p_value"].to_numpy()))
    assert (rows["p_value_holm"] >= rows["p_value"]).all()


def test_the_columns_are_the_interfaces() -> None:
    for made in (table(permuted=0.1), empty_ablation()):
        assert list(made.columns) == INTERFACE
        assert made.dtypes.astype(str).to_dict() == COLUMNS


@pytest.mark.parametrize(
    ("results", "message"),
    [
        pytest.param({"permuted": BOTH}, "needs the variant 'both', however there are only: permuted", id="no both"),
        pytest.param({"both": BOTH, "permuted": BOTH[:, :2]}, r"'permuted' has \(4, 2\)", id="other seeds"),
    ],
)
def test_what_cannot_be_compared_is_refused(results: dict[str, FloatArray], message: str) -> None:
    with pytest.raises(RunError, match=message):
        ablation_table("hypernetwork", results, 1 / 3)


@pytest.mark.parametrize(
    ("made", "word", "said"),
    [
        pytest.param(
            table(embedding_only=0.2, permuted=0.2), "helped", "permuted over tasks were shown to be worse", id="helped"
        ),
        pytest.param(
            table(embedding_only=0.2, permuted=0.0), "helped", "need not come from what they say", id="helped as noise"
        ),
        pytest.param(table(embedding_only=-0.2), "hurt", "Metadata hurt the hypernetwork", id="hurt"),
        pytest.param(table(embedding_only=0.0), "no difference shown", "not shown to help or hurt", id="neither"),
        pytest.param(table(permuted=0.2), "not measured", "was not measured", id="without the variant that tells"),
        pytest.param(empty_ablation(), "not measured", "was not measured", id="no ablation"),
        pytest.param(table(embedding_only=np.nan), "not measured", "was not measured", id="a diverged seed"),
        pytest.param(
            ablation_table("hypernetwork", {"both": BOTH[:1, :1], "embedding_only": BOTH[:1, :1] + 1}, 1 / 3),
            "no difference shown",
            "too few folds and seeds to test",
            id="one fold and seed",
        ),
    ],
)
def test_the_verdict_claims_what_was_shown(made: pd.DataFrame, word: str, said: str) -> None:
    verdict = metadata_verdict(made)
    assert verdict.word == word
    assert said in verdict.sentence


def test_without_metadata_there_is_nothing_to_judge() -> None:
    assert metadata_verdict(empty_ablation(), has_metadata=False).word == "no metadata"


def test_the_verdict_gives_errors_difference_interval_and_p_value() -> None:
    sentence = metadata_verdict(table(embedding_only=0.2)).sentence
    assert "cross-validated error 1" in sentence
    assert "95 % interval +0.1" in sentence
    assert "after Holm" in sentence
