"""Seeds that follow from what they are for."""

import subprocess
import sys

from mthn_automl.tuning.seeds import derive_seed


def test_a_derived_seed_is_the_same_in_another_process() -> None:
    code = "from mthn_automl.tuning.seeds import derive_seed; print(derive_seed(0, 'ridge', 7))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(found.stdout) == derive_seed(0, "ridge", 7)


def test_every_part_changes_a_derived_seed_of_31_bits() -> None:
    parts: list[tuple[object, ...]] = [(0, "ridge", 7), (1, "ridge", 7), (0, "pooled", 7), (0, "ridge", 8)]
    parts += [(0, "ridge"), ("0", "rid/ge"), *((number,) for number in range(500))]
    seeds = [derive_seed(*each) for each in parts]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**31 for seed in seeds)
