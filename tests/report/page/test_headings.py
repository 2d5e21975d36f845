"""What columns mean is said where their headings are pointed at."""

import re

import pytest

from mthn_automl.analysis import ablation, leaderboard, tasks, trials
from mthn_automl.report.page import headings
from mthn_automl.report.page.page import page
from tests.report.page.planted import found


@pytest.fixture(scope="module")
def html() -> str:
    return page(found(), {})


@pytest.mark.parametrize("title", ["Leaderboard", "Architectures", "Tasks", "Ablation", "Embeddings", "Trials"])
def test_every_column_says_what_it_is_where_it_is_pointed_at(title: str, html: str) -> None:
    part = html[html.index(f'role="region" aria-label="{title}"') :]
    head = part[: part.index("</thead>")]
    named = re.findall(r'<button type="button"( title="[^"]+\.")?>([^<]+)<', head)
    assert [name for told, name in named if not told and not name.startswith("metadata:")] == []
    assert len(named) > 1


@pytest.mark.parametrize("title", headings.MEANINGS)
def test_no_column_is_told_of_that_no_table_has(title: str) -> None:
    tables = {
        "Leaderboard": {*leaderboard.COLUMNS},
        "Architectures": {"architecture", "what it is"},
        "Tasks": {*tasks.COLUMNS},
        "Ablation": {*ablation.COLUMNS},
        "Embeddings": {"task", "x", "y", "umap_x", "umap_y", "spread", "nearest"},
        "Trials": {*trials.COLUMNS},
    }
    assert set(headings.MEANINGS[title]) - tables[title] == set()
