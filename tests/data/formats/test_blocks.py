"""Blocks end where records end, whatever quotes mean: the standard library's reader of CSV says what is right."""

import csv
import io
import random
from pathlib import Path

import pytest

from mthn_automl.data.formats import blocks
from mthn_automl.data.formats.blocks import last_end
from mthn_automl.data.formats.opening import open_table
from mthn_automl.data.formats.reading import Reading
from mthn_automl.errors import DataError


def records(content: str) -> list[list[str]]:
    return [
        row for row in csv.reader(io.StringIO(content, newline="")) if row and not (len(row) == 1 and row[0].isspace())
    ]


def read(path: Path) -> list[list[str]] | str:
    """The rows, with "" for an empty cell, or the sentence of refusal."""
    try:
        table = open_table(path, "the data", Reading(delimiter=",")).read()
    except DataError as error:
        return str(error)
    return [[cell or "" for cell in row.values()] for row in table.to_pylist()]


def odd(chance: random.Random) -> str:
    """Rows of three cells, some of them with quotes, commas and line breaks where they should not be."""
    lines = ["x,y,z"]
    for _ in range(chance.randint(1, 12)):
        cells = ["".join(chance.choices('ab",\r\n ', [4, 4, 2, 1, 1, 1, 1], k=chance.randint(0, 5))) for _ in range(3)]
        quoted = [f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in cells]
        plain = ["".join(letter for letter in cell if letter not in ",\r\n") for cell in cells]
        lines.append(",".join(chance.choice(pair) for pair in zip(quoted, plain, strict=True)))
    return "".join(line + chance.choice(["\n", "\r\n", "\r"]) for line in lines)


def test_small_blocks_read_what_large_ones_do_and_both_what_the_standard_library_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, same = tmp_path / "data.csv", 0
    for seed in range(150):
        chance = random.Random(seed)
        content = odd(chance)
        path.write_bytes(content.encode())
        monkeypatch.setattr(blocks, "BLOCK_BYTES", 1 << 22)
        whole = read(path)
        monkeypatch.setattr(blocks, "BLOCK_BYTES", chance.randint(1, 40))
        assert read(path) == whole, seed
        if isinstance(whole, list):
            same += 1
            assert whole == records(content)[1:], seed
    assert same > 50


def test_a_block_ends_with_its_last_whole_record() -> None:
    for block, end, is_open in (
        ("a,b\nc", 4, False),
        ("a,b\r\nc", 5, False),
        ("a,b\rc", 4, False),
        ('a,"b\nc', 0, True),
        ('a,"b\nc"\nd', 8, False),
        ('"a""\n', 0, True),
        ('"a""\n"\nb', 7, False),
        ('5",6\n7', 5, False),
        ('5",6\n"7\n8', 5, True),
        ('5"\n"7\n8"\n9"', 9, False),
        ("no end", 0, False),
    ):
        assert last_end(block.encode(), ",") == (end, is_open), block
