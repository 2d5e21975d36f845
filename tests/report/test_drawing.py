"""The process that draws: what it could not draw is told by whoever asked it to, and on the page."""

from pathlib import Path

import pytest

from mthn_automl.report.drawing import FIGURES, PAGE, draw
from tests.report.page import planted

pytestmark = pytest.mark.pictures


def test_a_picture_that_fails_is_named_with_its_reason_and_all_else_is_there(tmp_path: Path) -> None:
    tables = planted.tables()
    broken = {**tables, "importances": tables["importances"].drop(columns="setting")}
    missing = draw(tmp_path, broken, planted.summary())
    assert missing is not None
    assert not missing.page
    assert str(missing).startswith("the picture 'importances' could not be drawn (KeyError: ")
    page = (tmp_path / PAGE).read_text()
    assert "<p>Here the picture &#39;importances&#39; could not be drawn (KeyError: " in page
    assert 'id="picture-leaderboard"' in page
    assert (tmp_path / FIGURES / "leaderboard.svg").exists()
    assert not (tmp_path / FIGURES / "importances.svg").exists()


def test_where_there_is_no_page_that_is_told_apart(tmp_path: Path) -> None:
    missing = draw(tmp_path, {}, {"metric": "rmse", "average": "rows", "problem": "regression"})
    assert missing is not None
    assert missing.page
    assert str(missing) == "KeyError: 'data'"
