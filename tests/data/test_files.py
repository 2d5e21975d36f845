from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from mthn_automl.data.csv_lines import line_of
from mthn_automl.data.files import open_file
from mthn_automl.errors import DataError


def read_csv(path: Path, text_columns: Sequence[str]) -> pd.DataFrame:
    return open_file(path).read(text_columns)


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "data.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_text_columns_stay_as_written(tmp_path: Path) -> None:
    frame = read_csv(written(tmp_path, "task,x\n001,1\nNA,2\n,3\n"), ["task"])
    assert frame["task"].iloc[:2].tolist() == ["001", "NA"]
    assert pd.isna(frame["task"].iloc[2])


def test_other_columns_get_the_types_pandas_infers(tmp_path: Path) -> None:
    frame = read_csv(written(tmp_path, "task,x,flag,word\n1,1.5,True,a\n2,NA,False,null\n"), ["task"])
    assert frame["x"].dtype == "float64"
    assert frame["x"].isna().tolist() == [False, True]
    assert frame["flag"].dtype == "bool"
    assert frame["word"].isna().tolist() == [False, True]


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    frame = read_csv(written(tmp_path, b"\xef\xbb\xbftask,x\na,1\n"), ["task"])
    assert list(frame.columns) == ["task", "x"]


def test_a_column_without_a_name_is_left_out(tmp_path: Path) -> None:
    frame = read_csv(written(tmp_path, ",task,x\n0,a,1\n1,b,2\n"), ["task"])
    assert frame.to_dict("list") == {"task": ["a", "b"], "x": [1, 2]}


def test_a_name_that_pandas_would_give_to_a_repeated_column_is_a_name(tmp_path: Path) -> None:
    frame = read_csv(written(tmp_path, "c,c.1\n1,2\n"), [])
    assert list(frame.columns) == ["c", "c.1"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_will_do(tmp_path: Path, end: str) -> None:
    frame = read_csv(written(tmp_path, end.join(["task,x", "a,1", "b,2"])), ["task"])
    assert frame["x"].tolist() == [1, 2]


def test_commas_and_line_breaks_may_stand_in_quotes(tmp_path: Path) -> None:
    frame = read_csv(written(tmp_path, 'task,x\n"a,\nb",1\n"say ""c""",2\n'), ["task"])
    assert frame["task"].tolist() == ["a,\nb", 'say "c"']


def test_line_of_counts_blank_lines_and_line_breaks_in_quotes(tmp_path: Path) -> None:
    path = written(tmp_path, 'task,x\n"a\nb",1\n\n  \nc,2\n')
    assert read_csv(path, ["task"])["x"].tolist() == [1, 2]
    assert [line_of(path, 0), line_of(path, 1)] == [2, 6]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("", "data.csv is empty", id="no content"),
        pytest.param("\n\n", "data.csv is empty", id="blank lines only"),
        pytest.param("task,x\n", "data.csv has a header only", id="header only"),
        pytest.param(
            b"task,x\na,1\nM\xfcller,2\n", "line 3 of .*data.csv is not; save it again as UTF-8", id="latin-1"
        ),
        pytest.param("task,x\na,1\n".encode("utf-16"), "line 1 of .*data.csv is not", id="utf-16"),
        pytest.param("task,x,x\na,1,2\n", "line 1 of .*data.csv has 'x' more than once", id="a name twice"),
        pytest.param("task,x\na,1,2\n", "the header \\(2\\), however line 2 of .*data.csv has 3", id="first row long"),
        pytest.param("task,x\na,1\nb,1,2\n", "line 3 of .*data.csv has 3", id="row too long"),
        pytest.param("task,x\n\na,1\nb\n", "line 4 of .*data.csv has 1", id="row too short after a blank line"),
        pytest.param('task,x\n"a,1\nb,2\n', "line 2 of .*data.csv has 1", id="quote not closed"),
        pytest.param("task;x\na;1\n", "data.csv seems to use semicolons", id="semicolons"),
        pytest.param("task\tx\na\t1\n", "data.csv seems to use tabs", id="tabs"),
        pytest.param("task,x\na,1\nb,-inf\n", "'x' is infinite in line 3 of .*data.csv", id="infinite"),
        pytest.param("task,x\na,1e999\n", "'x' is infinite in line 2", id="too large for a float"),
    ],
)
def test_a_file_that_is_not_clean_is_refused_with_its_place(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_csv(written(tmp_path, content), ["task"])


def test_a_path_to_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent\.csv does not exist"):
        read_csv(tmp_path / "absent.csv", [])


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder"):
        read_csv(tmp_path, [])
