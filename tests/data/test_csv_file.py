import io
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data import csv_file
from mthn_automl.data.cells import MISSING
from mthn_automl.data.csv_lines import check_lines
from mthn_automl.data.files import open_file
from mthn_automl.errors import DataError


def read_csv(path: Path, text_columns: Sequence[str]) -> pd.DataFrame:
    return open_file(path).read(text_columns)


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "data.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def column(folder: Path, *cells: str) -> pd.Series:
    """A column of these cells beside another one."""
    rows = "".join(f'1,"{cell.replace(chr(34), 2 * chr(34))}"\n' for cell in cells)
    return read_csv(written(folder, f"other,x\n{rows}"), [])["x"]


def by_pandas(content: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(content, newline=""), na_values=list(MISSING), keep_default_na=False)


@pytest.fixture(params=[None, 40], ids=["one block", "many blocks"])
def _blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With blocks of 40 bytes, which hold a line or two, every decision is first made of a part of the column."""
    if request.param is not None:
        monkeypatch.setattr(csv_file, "BLOCK_BYTES", request.param)


@pytest.mark.usefixtures("_blocks")
@pytest.mark.parametrize(
    "content",
    [
        pytest.param("x,y\n1,2\n3,4\n5,6\n7,8\n" * 1, id="whole numbers"),
        pytest.param("x,y\n1,\n,2.5\n007,-.5\n-3,1e3\n", id="gaps make floats"),
        pytest.param("x,y\n 1,2 \n+3,\t4\n5,+6.5\n", id="white space and plus signs"),
        pytest.param("x,y\n1,a\n2,b\n3,4\n4,5\nc,6\n", id="a word late in a column of numbers"),
        pytest.param("x,y\na,1\n2,NaN\n3,null\n4,None\n", id="numbers after a word"),
        pytest.param("x,y\nTrue,TRUE\nfalse,true\nFALSE,False\n", id="truth values"),
        pytest.param("x,y\nTrue,\n,true\nNA,FALSE\nFALSE,N/A\n", id="truth values with gaps"),
        pytest.param("x,y\ntrue,1\nTRUE,0\n1,True\n0,false\n", id="truth values and numbers"),
        pytest.param("x,y\n2020-01-01,12:30\n2021-02-03,13:00:01\n2021-02-04 10:00,1:00\n", id="dates and times"),
        pytest.param("x,y\n0x10,NAN\n2,nan\n3,-NAN\n", id="what others take for numbers"),
        pytest.param("x,y\n1_000,1.5.2\n2-3,e5\n--1,+\n", id="almost numbers"),
        pytest.param("x,y\n9223372036854775808,1\n1,2\n", id="64 bits without a sign"),
        pytest.param("x,y\n-9223372036854775808,1\n9223372036854775807,2\n", id="64 bits with a sign"),
        pytest.param("x,y\n1e-310,1e-999\n2,3\n", id="tiny numbers"),
        pytest.param('x,y\n"1","a\nb"\n"2","say ""c"""\n"","d,e"\n', id="quotes"),
        pytest.param('x,y\na"b,"c"d\n5"",6\n', id="quotes in odd places"),
        pytest.param("x,y\r\n1,a\r\n\r\n2,b\r\n", id="lines of Windows"),
        pytest.param("x,y\n1,\xfc\n2,\u65e5\u672c\n3,\U0001f600\n", id="letters of the world"),
        pytest.param("x,y\n,\n,\n", id="nothing but gaps"),
        pytest.param("x\n1\n\n2\n  \n3\n", id="a single column with blank lines"),
        pytest.param("x,y\n1,2\n   \n3,4\n", id="a line of white space"),
    ],
)
def test_columns_are_what_pandas_takes_them_for(tmp_path: Path, content: str) -> None:
    found = read_csv(written(tmp_path, content), [])
    pd.testing.assert_frame_equal(found, by_pandas(content), rtol=0, atol=0)


@pytest.mark.usefixtures("_blocks")
def test_the_order_of_kinds_does_not_matter(tmp_path: Path) -> None:
    for cells in permutations(["1", "2.5", "", "True", "word"], 3):
        content = "y,x\n" + "".join(f"1,{cell}\n" * 5 for cell in cells)
        pd.testing.assert_series_equal(read_csv(written(tmp_path, content), [])["x"], by_pandas(content)["x"])


def test_random_files_are_read_as_pandas_reads_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: list[list[Any]] = [[1, 2, -3], [0.5, "1e3", "5."], ["True", "false"], ["a b", 'q"r', "s,t", "u\nv"], [" 7"]]
    for seed in range(20):
        random = np.random.default_rng(seed)
        monkeypatch.setattr(csv_file, "BLOCK_BYTES", int(random.choice([64, 256, 1 << 21])))
        columns = {}
        for name in "abcd":
            pool = [str(cell) for k in random.choice(len(kinds), random.integers(1, 3)) for cell in kinds[k]]
            columns[name] = random.choice([*pool, *random.choice(MISSING, 2)], 30)
        content = pd.DataFrame(columns).to_csv(index=False)
        found = read_csv(written(tmp_path, content), [])
        pd.testing.assert_frame_equal(found, by_pandas(content), rtol=1e-15, obj=f"the file of seed {seed}")


def test_numbers_are_rounded_to_the_nearest_float(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).normal(size=200) * 10.0 ** np.arange(-100, 100)
    assert column(tmp_path, *(repr(float(each)) for each in numbers)).tolist() == numbers.tolist()


def test_gaps_beside_integers_of_more_than_64_bits_are_missing(tmp_path: Path) -> None:
    found = column(tmp_path, "99999999999999999999", "", "NA", "1")
    assert found.isna().tolist() == [False, True, True, False]
    assert found.iloc[0] == "99999999999999999999"


def test_a_line_of_white_space_in_a_long_file_loses_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "BLOCK_BYTES", 64)
    content = "x,y\n" + "".join(f"{k},{k}\n" for k in range(100)) + "  \n" + "".join(f"{k},a\n" for k in range(100))
    found = read_csv(written(tmp_path, content), [])
    assert found["x"].tolist() == [*range(100), *range(100)]
    assert found["y"].tolist() == [*map(str, range(100)), *["a"] * 100]


def test_text_is_kept_as_it_is_written_however_late_or_long_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_file, "BLOCK_BYTES", 64)
    assert column(tmp_path, *["007"] * 50, "x").tolist() == ["007"] * 50 + ["x"]
    assert column(tmp_path, "a", "b" * 1000, "c").tolist() == ["a", "b" * 1000, "c"]


@pytest.mark.parametrize("end", ['"4\n5,6\n', '"4', '"4""', '"'], ids=["lines", "a cell", "a pair", "nothing"])
def test_a_quote_that_is_never_closed_is_refused_whatever_comes_after_it(tmp_path: Path, end: str) -> None:
    with pytest.raises(DataError, match="within the one opened in line 3"):
        read_csv(written(tmp_path, f"x,y\n1,2\n3,{end}"), [])


def test_a_quote_that_is_closed_at_the_end_is_none(tmp_path: Path) -> None:
    for end in ('"4"', '""', '"4,"', '"say ""4"""', '""""', '4"', '"4"\n\n', '5""', '"a\n"'):
        path = written(tmp_path, f"x,y\n1,2\n3,{end}")
        check_lines(path, 2)
        assert len(read_csv(path, [])) == 2, end


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param(b"1,2,3\n", "line 502 of .* has 3", id="too many cells"),
        pytest.param(b"1\n", "line 502 of .* has 1", id="too few cells"),
        pytest.param(b"1,\xfc\n", "line 502 of .* is not; save it again as UTF-8", id="not UTF-8"),
        pytest.param(b"1,inf\n", "'y' is infinite in line 502", id="infinite"),
        pytest.param(b"1,1e101\n", r"'y' is beyond 1e\+100 in line 502", id="too large"),
    ],
)
def test_what_is_wrong_in_a_late_block_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: bytes, message: str
) -> None:
    monkeypatch.setattr(csv_file, "BLOCK_BYTES", 256)
    with pytest.raises(DataError, match=message):
        read_csv(written(tmp_path, b"x,y\n" + b"1,2\n" * 500 + line + b"3,4\n" * 500), [])
