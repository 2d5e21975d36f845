"""What training has seen in a column is told in few numbers, which a damaged folder cannot make senseless."""

from typing import Any

import numpy as np
import pytest

from mthn_automl.data.seen import Seen


def test_points_are_the_deciles_and_shares_are_exact_where_values_repeat() -> None:
    values = np.array([0.0] * 70 + [1.0] * 20 + [5.0] * 10 + [np.nan] * 25)
    seen = Seen.of_numbers(values)
    assert seen == Seen(125, 25, (0.0, 1.0, 5.0), (0.7, 0.9, 1.0))
    assert seen.missing == 0.2
    random = np.random.default_rng(0).normal(size=1000)
    many = Seen.of_numbers(random)
    assert len(many.points) == 11
    assert (many.points[0], many.points[-1]) == (random.min(), random.max())
    np.testing.assert_allclose(many.below, [0.001, *np.linspace(0.1, 1.0, 10)], atol=0.002)


def test_a_column_may_be_empty() -> None:
    assert Seen.of_numbers(np.full(3, np.nan)) == Seen(3, 3)
    assert Seen.of_codes(np.array([-1, 0, 2])) == Seen(3, 1)
    assert np.isnan(Seen.of_codes(np.array([], dtype=np.int64)).missing)


@pytest.mark.parametrize(
    "wrong",
    [
        {"cells": 1, "empty": 2},
        {"points": (1.0,), "below": ()},
        {"points": (2.0, 1.0), "below": (0.5, 1.0)},
        {"points": (1.0, np.inf), "below": (0.5, 1.0)},
        {"points": (1.0, 2.0), "below": (0.7, 0.5)},
        {"points": (1.0,), "below": (1.5,)},
        {"points": (1.0,), "below": (np.nan,)},
    ],
    ids=["more empty than cells", "unpaired", "falling", "infinite", "shares fall", "above 1", "no number"],
)
def test_numbers_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"however|found"):
        Seen(**{"cells": 10, "empty": 0, **wrong})
