"""The ablation compares on the same folds and seeds."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mthn_automl.analysis.ablation import COLUMNS, ablation_table, beside, compared_group, empty_ablation, joined
from mthn_automl.analysis.statistics import corrected_resampled_t_test, holm
from mthn_automl.data.arrays import FloatArray
from mthn_automl.errors import RunError

INTERFACE = [
    *(
        "architecture",
        "variant",
        "tasks",
        "tuned",
        "changed",
        "error",
        "se",
        "difference",
        "low",
        "high",
        "p_value",
        "p_value_holm",
    ),
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


def test_single_columns_take_nothing_from_the_verdict() -> None:
    few, many = (
        table(embedding_only=0.02, permuted=0.0),
        table(embedding_only=0.02, permuted=0.0, noise=0.0, **{f"without:{each}": 0.0 for each in "abcdef"}),
    )
    whole = many["variant"].isin(["both", "embedding_only", "permuted"])
    pd.testing.assert_frame_equal(many[whole].reset_index(drop=True), few)
    columns = many[~whole]
    assert_allclose(columns["p_value_holm"], holm(columns["p_value"].to_numpy()))


def test_the_verdict_is_about_the_first_architecture_with_settings_of_each_variants_own() -> None:
    tuned = ablation_table("hypernetwork", {"both": BOTH, "embedding_only": BOTH + 0.5}, 1 / 3, tuned=True)
    other = ablation_table("ridge", {"both": BOTH, "embedding_only": BOTH + 9.0}, 1 / 3)
    rows = compared_group(joined([table(embedding_only=0.2, permuted=0.3), tuned, other]))
    assert rows["embedding_only"]["difference"] == pytest.approx(0.5)
    assert rows["permuted"]["difference"] == pytest.approx(0.3, abs=0.02)
    assert compared_group(empty_ablation()) == {}


def test_what_is_made_again_loses_nothing_and_leaves_the_verdict_with_the_architecture_that_gave_it() -> None:
    old = table(embedding_only=0.3, permuted=0.2)
    fewer = ablation_table("hypernetwork", {"both": BOTH[:, :1], "noise": BOTH[:, :1] + 0.1}, 1 / 3)
    other = ablation_table("ridge", {"both": BOTH, "embedding_only": BOTH + 0.1}, 1 / 3)
    found = beside(joined([other, fewer]), old)
    names = list(found["architecture"] + " " + found["variant"])
    assert names == [
        *(f"hypernetwork {each}" for each in ("both", "embedding_only", "permuted", "noise")),
        *("ridge both", "ridge embedding_only"),
    ]
    assert list(found["seeds"]) == [3, 3, 3, 1, 3, 3]
    assert beside(empty_ablation(), old).equals(old)


def test_columns_asked_about_one_by_one_are_corrected_as_if_they_had_been_asked_about_together() -> None:
    results = {"both": BOTH, **{f"without:c{each}": shifted(0.01, 0.02, seed=each) for each in range(12)}}
    together, found = ablation_table("hypernetwork", results, 0.25), empty_ablation()
    for name in list(results)[1:]:
        found = beside(ablation_table("hypernetwork", {"both": BOTH, name: results[name]}, 0.25), found)
    pd.testing.assert_frame_equal(found, together)
    assert together["p_value_holm"].min() == pytest.approx(12 * together["p_value"].min())
