"""Maps that are turned, circles that are recovered, and noise that tells nothing."""

import numpy as np
import pytest

from mthn_automl.analysis import neighbourhoods
from mthn_automl.analysis.embeddings import aligned, embedding_table, reconstruction, stability
from mthn_automl.analysis.neighbourhoods import neighbourhood_map
from mthn_automl.data.dataset import TaskTable

ANGLE = np.linspace(0, 2 * np.pi, 24, endpoint=False)
CIRCLE = np.stack([np.cos(ANGLE), np.sin(ANGLE)], axis=1)


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    angle = np.deg2rad(degrees)
    return 3 * points @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) + 5


def test_embeddings_that_are_turned_scaled_and_shifted_are_the_same() -> None:
    found = np.stack([CIRCLE, turned(CIRCLE, 70)])
    same = stability(found, seed=0)
    assert same.alike == pytest.approx(1.0)
    assert same.by_chance < 0.6
    assert same.p_value == 1 / 200
    one, other = aligned(found)
    assert one == pytest.approx(other)


def test_embeddings_without_anything_in_common_are_as_alike_as_chance() -> None:
    rng = np.random.default_rng(0)
    found = stability(rng.normal(size=(6, 40, 4)), seed=1)
    assert abs(found.alike - found.by_chance) < 0.1
    assert found.p_value > 0.05


def test_a_circle_of_tasks_is_recovered_with_its_neighbours() -> None:
    names = tuple(f"t{number:02}" for number in range(len(ANGLE)))
    table = embedding_table(np.stack([CIRCLE, turned(CIRCLE, 200)]), TaskTable(names, None), ())
    radius = np.hypot(table["x"], table["y"])
    assert radius.to_numpy() == pytest.approx(np.full(len(ANGLE), radius[0]))
    assert {"t01", "t23"} < set(table.loc[0, "nearest"].split(", "))


def test_what_embeddings_hold_is_told_from_them_and_what_they_do_not_is_not() -> None:
    rng = np.random.default_rng(0)
    embeddings = np.stack([turned(CIRCLE, 30), turned(CIRCLE, 250)]) + 0.1 * rng.normal(size=(2, 24, 2))
    side = np.where(CIRCLE[:, 0] > 0, "east", "west").astype(object)
    metadata = {"north": CIRCLE[:, 1], "side": side, "noise": rng.normal(size=24)}
    table = reconstruction(embeddings, metadata, seed=0).set_index("column")
    assert table.loc["north", "r2"] > 0.9
    assert table.loc["side", "r2"] > 0.5
    assert (table.loc[["north", "side"], "p_value_holm"] < 0.05).all()
    assert table.loc["noise", "p_value"] > 0.05
    assert table.loc["noise", "r2"] < 0.2


def test_a_column_of_noise_is_found_in_embeddings_no_more_often_than_said() -> None:
    rng = np.random.default_rng(3)
    p_values = [
        reconstruction(rng.normal(size=(1, 16, 3)), {"noise": rng.normal(size=16)}, seed=seed)["p_value"].iloc[0]
        for seed in range(200)
    ]
    assert np.mean(np.array(p_values) <= 0.05) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 200)


def test_of_many_columns_one_that_is_held_is_still_told_after_correction() -> None:
    rng = np.random.default_rng(0)
    metadata = {"north": CIRCLE[:, 1], **{f"noise {number}": rng.normal(size=24) for number in range(29)}}
    table = reconstruction(np.stack([CIRCLE, turned(CIRCLE, 70)]), metadata, seed=0).set_index("column")
    assert table.loc["north", "p_value_holm"] < 0.05


def test_columns_that_never_vary_and_too_few_tasks_are_left_out() -> None:
    metadata = {"same": np.ones(24), "missing": np.where(np.arange(24) < 5, 1.0 * np.arange(24), np.nan)}
    assert reconstruction(CIRCLE[None], metadata, seed=0).empty


def test_of_many_tasks_and_categories_a_sample_and_the_usual_ones_are_told() -> None:
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(1, 3_000, 2))
    kind = np.where(embeddings[0, :, 0] > 0, "right", [f"rare {number % 90}" for number in range(3_000)]).astype(object)
    table = reconstruction(embeddings, {"kind": kind}, seed=0)
    assert table["tasks"].tolist() == [2_000]
    assert table.loc[0, "r2"] > 0.2


def grouped() -> np.ndarray:
    """(2 networks, 40 tasks, 4) of two groups of tasks, far apart."""
    rng = np.random.default_rng(0)
    centres = np.repeat([[0.0] * 4, [9.0] * 4], 20, axis=0)
    return centres + rng.normal(size=(2, 40, 4))


def test_the_table_has_a_map_by_umap_where_that_is_installed_and_tasks_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    names = tuple(f"t{number}" for number in range(40))
    monkeypatch.setattr(neighbourhoods, "find_spec", lambda name: None)
    assert "umap_x" not in embedding_table(grouped(), TaskTable(names, None), ())


def test_umap_keeps_groups_together_and_gives_the_same_map_again() -> None:
    pytest.importorskip("umap")
    mean = grouped().mean(axis=0)
    found = neighbourhood_map(mean, seed=0)
    assert found is not None
    assert found.shape == (40, 2)
    assert neighbourhood_map(mean, seed=0) == pytest.approx(found)
    centre = found.mean(axis=0)
    side = (found - centre) @ (found[:20].mean(axis=0) - centre) > 0
    assert side[:20].all()
    assert not side[20:].any()
    assert neighbourhood_map(mean[:15], seed=0) is None
