import io
from collections.abc import Sequence
from itertools import permutations, product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data import csv_file
from mthn_automl.data.cells import MISSING
from mthn_automl.data.csv_lines import check_lines, line_of
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


CONTENTS = {
    "whole numbers": "x,y\n1,2\n3,4\n5,6\n7,8\n",
    "gaps make floats": "x,y\n1,\n,2.5\n007,-.5\n-3,1e3\n",
    "white space and plus signs": "x,y\n 1,2 \n+3,\t4\n5,+6.5\n",
    "a word late in a column of numbers": "x,y\n1,a\n2,b\n3,4\n4,5\nc,6\n",
    "numbers after a word": "x,y\na,1\n2,NaN\n3,null\n4,None\n",
    "truth values": "x,y\nTrue,TRUE\nfalse,true\nFALSE,False\n",
    "truth values with gaps": "x,y\nTrue,\n,true\nNA,FALSE\nFALSE,N/A\n",
    "truth values and numbers": "x,y\ntrue,1\nTRUE,0\n1,True\n0,false\n",
    "dates and times": "x,y\n2020-01-01,12:30\n2021-02-03,13:00:01\n2021-02-04 10:00,1:00\n",
    "what others take for numbers": "x,y\n0x10,NAN\n2,nan\n3,-NAN\n",
    "almost numbers": "x,y\n1_000,1.5.2\n2-3,e5\n--1,+\n",
    "64 bits without a sign": "x,y\n9223372036854775808,1\n1,2\n",
    "64 bits with a sign": "x,y\n-9223372036854775808,1\n9223372036854775807,2\n",
    "tiny numbers": "x,y\n1e-310,1e-999\n2,3\n",
    "quotes": 'x,y\n"1","a\nb"\n"2","say ""c"""\n"","d,e"\n',
    "quotes in odd places": 'x,y\na"b,"c"d\n5"",6\n',
    "lines of Windows": "x,y\r\n1,a\r\n\r\n2,b\r\n",
    "lines of old Macs": "x,y\r1,a\r2,b",
    "names that pandas gives to repeated columns": "c,c.1\n1,2\n",
    "letters of the world": "x,y\n1,\xfc\n2,\u65e5\u672c\n3,\U0001f600\n",
    "nothing but gaps": "x,y\n,\n,\n",
    "a single column with blank lines": "x\n1\n\n2\n  \n3\n",
    "a line of white space": "x,y\n1,2\n   \n3,4\n",
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_columns_are_what_pandas_takes_them_for_however_small_the_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    """With blocks of 40 bytes, which hold a line or two, every decision is first made of a part of the column."""
    for size in (csv_file.BLOCK_BYTES, 40):
        monkeypatch.setattr(csv_file, "BLOCK_BYTES", size)
        found = read_csv(written(tmp_path, content), [])
        pd.testing.assert_frame_equal(found, by_pandas(content), rtol=0, atol=0)


def test_the_order_of_kinds_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for size, cells in product((csv_file.BLOCK_BYTES, 40), permutations(["1", "2.5", "", "True", "word"], 3)):
        monkeypatch.setattr(csv_file, "BLOCK_BYTES", size)
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
    frame = read_csv(written(tmp_path, "task,x\n001,1\nNA,2\n,3\n"), ["task"])
    np.testing.assert_equal(frame["task"].tolist(), ["001", "NA", np.nan])


def test_neither_a_byte_order_mark_nor_a_column_without_a_name_is_part_of_the_frame(tmp_path: Path) -> None:
    frame = read_csv(written(tmp_path, b"\xef\xbb\xbftask,x\na,1\n"), ["task"])
    assert frame.to_dict("list") == {"task": ["a"], "x": [1]}
    frame = read_csv(written(tmp_path, ",task,x\n0,a,1\n1,b,2\n"), ["task"])
    assert frame.to_dict("list") == {"task": ["a", "b"], "x": [1, 2]}


def test_line_of_counts_blank_lines_and_line_breaks_in_quotes(tmp_path: Path) -> None:
    path = written(tmp_path, 'task,x\n"a\nb",1\n\n  \nc,2\n')
    assert read_csv(path, ["task"])["x"].tolist() == [1, 2]
    assert [line_of(path, 0), line_of(path, 1)] == [2, 6]


def test_a_quote_that_is_never_closed_is_refused_and_one_closed_at_the_end_is_not(tmp_path: Path) -> None:
    for end in ('"4\n5,6\n', '"4', '"4""', '"'):
        with pytest.raises(DataError, match="within the one opened in line 3"):
            read_csv(written(tmp_path, f"x,y\n1,2\n3,{end}"), [])
    for end in ('"4"', '""', '"4,"', '"say ""4"""', '""""', '4"', '"4"\n\n', '5""', '"a\n"'):
        path = written(tmp_path, f"x,y\n1,2\n3,{end}")
        check_lines(path, 2)
        assert len(read_csv(path, [])) == 2, end


BAD: dict[str, tuple[str | bytes, str]] = {
    "no content": ("", "data.csv is empty"),
    "blank lines only": ("\n\n", "data.csv is empty"),
    "header only": ("task,x\n", "data.csv has a header only"),
    "latin-1": (b"task,x\na,1\nM\xfcller,2\n", "line 3 of .*data.csv is not; save it again as UTF-8"),
    "utf-16": ("task,x\na,1\n".encode("utf-16"), "line 1 of .*data.csv is not"),
    "a name twice": ("task,x,x\na,1,2\n", "line 1 of .*data.csv has 'x' more than once"),
    "first row long": ("task,x\na,1,2\n", r"the header \(2\), however line 2 of .*data.csv has 3"),
    "row too long": ("task,x\na,1\nb,1,2\n", "line 3 of .*data.csv has 3"),
    "row too short after a blank line": ("task,x\n\na,1\nb\n", "line 4 of .*data.csv has 1"),
    "quote not closed": ('task,x\n"a,1\nb,2\n', "line 2 of .*data.csv has 1"),
    "semicolons": ("task;x\na;1\n", "data.csv seems to use semicolons"),
    "tabs": ("task\tx\na\t1\n", "data.csv seems to use tabs"),
    "infinite": ("task,x\na,1\nb,-inf\n", "'x' is infinite in line 3 of .*data.csv"),
    "too large for a float": ("task,x\na,1e999\n", "'x' is infinite in line 2"),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD)
def test_a_file_that_is_not_clean_is_refused_with_its_line(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_csv(written(tmp_path, content), ["task"])


def test_what_is_wrong_in_a_late_block_is_told_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "BLOCK_BYTES", 256)
    for line, message in (
        (b"1,2,3\n", "line 502 of .* has 3"),
        (b"1\n", "line 502 of .* has 1"),
        (b"1,\xfc\n", "line 502 of .* is not; save it again as UTF-8"),
        (b"1,inf\n", "'y' is infinite in line 502"),
        (b"1,1e101\n", r"'y' is beyond 1e\+100 in line 502"),
    ):
        with pytest.raises(DataError, match=message):
            read_csv(written(tmp_path, b"x,y\n" + b"1,2\n" * 500 + line + b"3,4\n" * 500), [])


def test_a_path_to_nothing_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent\.csv does not exist"):
        read_csv(tmp_path / "absent.csv", [])
    with pytest.raises(DataError, match="is a folder"):
        read_csv(tmp_path, [])
