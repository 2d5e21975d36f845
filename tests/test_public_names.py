"""What `mthn_automl` offers is what its README documents, neither more nor less."""

import re
from pathlib import Path

import pytest

import mthn_automl

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
DOCUMENTED = ["MthnError", "load_model", "read_dataset", "search"]


def test_offers_exactly_the_documented_names() -> None:
    assert mthn_automl.__all__ == DOCUMENTED
    assert set(DOCUMENTED) <= set(dir(mthn_automl))


def test_every_name_resolves_on_first_use_and_is_documented() -> None:
    for name in DOCUMENTED:
        assert getattr(mthn_automl, name).__doc__, name
        assert re.search(rf"\b{name}\b", README), name


def test_readme_imports_no_other_names() -> None:
    lines = re.findall(r"^from mthn_automl import (.+)$", README, re.MULTILINE)
    names = {name.strip() for line in lines for name in line.split(",")}
    assert names
    assert names <= set(DOCUMENTED)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(AttributeError, match="no attribute 'serch'; it offers MthnError, load_model"):
        mthn_automl.serch  # noqa: B018


def test_states_its_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", mthn_automl.__version__)
