"""What a run says is false no oftener than it promises, in twenty seeds of each that `benchmarks/claims.py` counts.

A claim that would be false is borne as often as one in twenty makes it in one of a thousand such tests.
"""

import pytest
from claims import CLAIMS
from claims_frame import Claim, count

SEEDS = 20
CASES = [pytest.param(each, id=f"{each.name}, {each.truth}") for each in CLAIMS]


@pytest.mark.parametrize("claim", [each for each in CASES if each.values[0].false])
def test_false_claims_are_rare(claim: Claim) -> None:
    assert count(claim, SEEDS).possible


@pytest.mark.parametrize("claim", [each for each in CASES if not each.values[0].false])
def test_true_claims_are_made(claim: Claim) -> None:
    assert count(claim, SEEDS).share > 0
