"""Boosters stop where the validation loss was lowest, come back from their text, and say nothing."""

import numpy as np
import pytest

from mthn_automl.data.arrays import FloatArray
from mthn_automl.errors import FormatError
from mthn_automl.models.parts.boosters import Boosted, GrowingBooster, Labelled, lightgbm_booster

OPTIONS = {"objective": "regression", "learning_rate": 0.3, "min_data_in_leaf": 2, "min_data_per_group": 1}


def rows(seed: int, count: int = 80) -> Labelled:
    """A category of 40 levels, a number, and a target of both with much noise."""
    random = np.random.default_rng(seed)
    matrix = np.stack([random.integers(0, 40, count), random.normal(size=count)], axis=1).astype(np.float64)
    return Labelled(matrix, matrix[:, 0] % 3 + matrix[:, 1] + random.normal(size=count))


def begun(training: Labelled, validation: Labelled | None, patience: int) -> GrowingBooster:
    booster = lightgbm_booster(OPTIONS, training, validation, categories=training.matrix.shape[1] - 1)
    return GrowingBooster(booster, validates=validation is not None, patience=patience)


def kept(growing: GrowingBooster) -> Boosted:
    return Boosted(growing.booster, growing.kept)


def loss(scores: FloatArray, of: Labelled) -> float:
    return float(np.mean((scores[:, 0] - of.label) ** 2))


def test_what_is_kept_is_best_for_the_validation_rows() -> None:
    growing = begun(rows(0), rows(1), 20)
    losses = []
    while not growing.ended:
        growing.step()
        losses.append(loss(Boosted(growing.booster, growing.rounds).scores(rows(1).matrix), rows(1)))
    assert growing.best == 1 + int(np.argmin(losses))
    assert growing.rounds == growing.best + 20
    made = kept(growing).without_data()
    assert made.trees == growing.best
    assert loss(made.scores(rows(1).matrix), rows(1)) == pytest.approx(min(losses))


def test_the_text_predicts_exactly_the_same_and_a_foreign_text_is_refused() -> None:
    growing = begun(rows(0), None, 1)
    for _ in range(30):
        growing.step()
    assert not growing.ended
    made, matrix = kept(growing).without_data(), rows(2).matrix
    again = Boosted.of_stored(made.to_array(), columns=2, outputs=1)
    np.testing.assert_array_equal(again.scores(matrix), kept(growing).scores(matrix))
    assert again.text == made.text
    for text in (b"no booster", b"\xff\xfe", b""):
        with pytest.raises(FormatError, match="must be LightGBM's text"):
            Boosted.of_stored(np.frombuffer(text, dtype=np.uint8), columns=2, outputs=1)


def test_nothing_to_split_ends_growing_and_predicts_the_mean() -> None:
    constant = Labelled(np.zeros((6, 1)), np.full(6, 2.5))
    growing = begun(constant, None, 1)
    while not growing.ended:
        growing.step()
    np.testing.assert_allclose(kept(growing).without_data().scores(np.ones((2, 1))), 2.5)


def test_fitting_and_predicting_print_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    for count in (2, 80):
        growing = begun(rows(0, count), rows(1), 5)
        while not growing.ended:
            growing.step()
        kept(growing).without_data().scores(rows(2).matrix)
    assert capfd.readouterr() == ("", "")
