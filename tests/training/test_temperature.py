"""One number makes probabilities that are too bold, or too shy, what they say; no label changes by it."""

import numpy as np
import pytest

from mthn_automl.data.metrics.log_loss import METRIC as LOG_LOSS
from mthn_automl.training.temperature import calibrated, temperature_of, tempered


def drawn(classes: int, boldness: float, rows: int = 4000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities whose logits are so many times the true ones; the classes that were drawn; groups."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(rows, classes))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    said = np.exp(boldness * logits) / np.exp(boldness * logits).sum(axis=1, keepdims=True)
    target = (true.cumsum(axis=1) < rng.random((rows, 1))).sum(axis=1)[:, None].astype(float)
    return said, target, np.arange(rows) % 5


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("boldness", [0.5, 3.0])
def test_the_temperature_that_was_planted_is_found_and_lowers_the_loss(classes: int, boldness: float) -> None:
    said, target, group = drawn(classes, boldness)
    temperature, held_out = calibrated(said, target, None, group)
    assert temperature == pytest.approx(boldness, rel=0.15)
    assert LOG_LOSS.function(target, held_out) < LOG_LOSS.function(target, said)
    assert (tempered(said, temperature).argmax(axis=1) == said.argmax(axis=1)).all()


def test_a_group_is_tempered_by_the_others() -> None:
    said, target, group = drawn(3, 2.0)
    _, held_out = calibrated(said, target, None, group)
    others = group != 2
    expected = tempered(said[~others], temperature_of(said[others], target[others], None))
    np.testing.assert_allclose(held_out[~others], expected)


def test_what_helps_no_row_that_it_was_not_chosen_by_is_left_alone() -> None:
    """Each group asks for the opposite of what the other does."""
    said, target, _ = drawn(2, 1.0, rows=40)
    target[:20], target[20:] = said[:20].argmax(axis=1)[:, None], said[20:].argmin(axis=1)[:, None]
    temperature, held_out = calibrated(said, target, None, np.repeat([0, 1], 20))
    assert temperature == 1.0
    assert held_out is said


def test_one_group_alone_cannot_tell() -> None:
    said, target, _ = drawn(2, 3.0, rows=100)
    assert calibrated(said, target, None, np.zeros(100, dtype=np.int64))[0] == 1.0


def test_rows_count_by_their_weights() -> None:
    said, target, _ = drawn(2, 3.0)
    right = said.argmax(axis=1) == target[:, 0]
    assert temperature_of(said, target, np.where(right, 3.0, 1.0)) < temperature_of(said, target, None)


def test_probabilities_stay_probabilities_at_any_temperature() -> None:
    edge = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])
    for temperature in (0.05, 0.7, 1.0, 20.0):
        found = tempered(edge, temperature)
        assert np.isfinite(found).all()
        np.testing.assert_allclose(found.sum(axis=1), 1.0)
