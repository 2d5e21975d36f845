"""What single precision makes of a number is the same number, and no other is."""

import numpy as np

from mthn_automl.data.precision import same


def test_a_number_is_the_same_as_what_single_precision_makes_of_it_and_of_no_other() -> None:
    single = float(np.float32(0.1))
    found = same(np.array([0.1, single, 0.1 + 1e-9, 0.13, np.nan, np.inf, 1e300]), 0.1)
    assert found.tolist() == [True, True, False, False, False, False, False]
    assert same(np.array([0.1]), np.array([single])).tolist() == [True]


def test_whole_numbers_are_exact_however_large() -> None:
    seconds = np.array([1_700_000_031.0, 1_700_000_033.0, 1_700_000_200.0])
    assert same(seconds, 1_700_000_031.0).tolist() == [True, False, False]
    assert same(np.array([39_538_224]), np.array([39_538_223])).tolist() == [False]
