from pathlib import Path

import pandas as pd

from mthn_automl.terminal import inert
from tests.command import in_process

STEERS = "\x1b[2J\u202e"


def test_what_steers_a_terminal_is_shown_as_its_code_and_all_else_as_it_is() -> None:
    assert inert("a\tb\n\x1b]0;title\x07 \x9b1m \u202eltr") == "a\tb\n\\x1b]0;title\\x07 \\x9b1m \\u202eltr"
    for text in ("Zürich", "نیم‌فاصله", "温度 🌡️", "e\u0301"):
        assert inert(text) == text


def test_names_of_columns_and_folders_do_not_steer_it(tmp_path: Path) -> None:
    folder = tmp_path / f"run{STEERS}"
    folder.mkdir()
    missing = in_process(tmp_path, "predict", folder, "data.csv")
    pd.DataFrame({"task": ["a", "b"], STEERS: 1.0}).to_csv(tmp_path / "data.csv", index=False)
    unreadable = in_process(tmp_path, "search", "data.csv", "--target", STEERS)
    for ended in (missing, unreadable):
        assert ended.code in (2, 3)
        assert not {"\x1b", "\u202e"} & {*ended.out, *ended.err}
        assert "\\x1b[2J\\u202e" in ended.err
