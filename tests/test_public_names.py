"""What `mthn_automl` offers is what its README documents, neither more nor less."""

import re
from pathlib import Path

import pytest

import mthn_automl

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
DOCUMENTED = [
    "MthnError",
    "MultiTaskClassifier",
    "MultiTaskRegressor",
    "MultiTaskSearch",
    "ablate",
    "adapt",
    "distill",
    "evaluate",
    "explain",
    "export_model",
    "load_model",
    "read_dataset",
    "search",
]


def test_offers_exactly_the_documented_names_which_resolve_on_first_use() -> None:
    assert mthn_automl.__all__ == DOCUMENTED
    assert set(DOCUMENTED) <= set(dir(mthn_automl))
    for name in DOCUMENTED:
        assert getattr(mthn_automl, name).__doc__, name
        assert re.search(rf"\b{name}\b", README), name
    lines = re.findall(r"^from mthn_automl import (.+)$", README, re.MULTILINE)
    assert set() < {name.strip() for line in lines for name in line.split(",")} <= set(DOCUMENTED)
    with pytest.raises(AttributeError, match="no attribute 'serch'; it offers MthnError, MultiTaskClassifier"):
        mthn_automl.serch  # noqa: B018


def test_states_its_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", mthn_automl.__version__)
