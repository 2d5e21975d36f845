"""Seeds that follow from what they are for."""

import subprocess
import sys

import pytest

from mthn_automl.tuning.seeds import derive_seed


def test_a_derived_seed_is_the_same_in_another_process() -> None:
    code = "from mthn_automl.tuning.seeds import derive_seed; print(derive_seed(0, 'ridge', 7))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(found.stdout) == derive_seed(0, "ridge", 7)


@pytest.mark.parametrize("other", [(1, "ridge", 7), (0, "pooled", 7), (0, "ridge", 8), (0, "ridge"), ("0", "rid/ge")])
def test_every_part_changes_a_derived_seed(other: tuple[object, ...]) -> None:
    assert derive_seed(*other) != derive_seed(0, "ridge", 7)


def test_a_derived_seed_is_not_negative_and_fits_into_31_bits() -> None:
    assert all(0 <= derive_seed(number) < 2**31 for number in range(500))
