"""What would fill memory is refused before it is taken: memory itself is watched, not the figures of the program."""

import gzip
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mthn_automl.data import memory
from mthn_automl.data.formats import blocks, content, text
from mthn_automl.data.formats.opening import open_table
from mthn_automl.errors import DataError
from mthn_automl.machine import in_words
from tests.data.formats.kinds import KINDS

FREE = 1 << 30


@pytest.fixture(autouse=True)
def little_is_free(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """1.1 GB, of which no more than a fifth is ever taken."""
    monkeypatch.setattr(memory, "free_bytes", lambda: FREE)
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    yield
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert pa.total_allocated_bytes() - before < FREE / 5
    assert most < FREE / 5


def test_text_that_recurs_in_a_small_parquet_is_counted_before_it_is_written_out(tmp_path: Path) -> None:
    path = tmp_path / "bomb.parquet"
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 6_000, pa.int32()), ["x" * 1_000_000])
    pq.write_table(pa.table({"s": text}), path, store_schema=False)
    assert path.stat().st_size < 120_000
    file = open_table(path, "the data")
    with pytest.raises(DataError, match=r"bomb.parquet needs about 6\.0 GB once it is read, and 1\.1 GB are free"):
        file.read()
    with pytest.raises(DataError, match=r"needs about 5\.0 GB"):
        list(file.pieces(5_000))
    assert sum(len(piece) for piece in file.pieces(20)) == 6_000


def test_numbers_that_recur_are_counted_by_their_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: FREE // 10)
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, pa.schema({"x": pa.float64()})) as writer:
        for _ in range(5):
            writer.write_table(pa.table({"x": pa.repeat(1.0, 4_000_000)}))
    path = tmp_path / "data.parquet"
    path.write_bytes(sink.getvalue())
    assert path.stat().st_size < 1_000_000
    with pytest.raises(DataError, match=r"data.parquet needs about 160 MB"):
        open_table(path, "the data").read()


def test_a_feather_file_says_what_it_unpacks_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: FREE // 10)
    path = tmp_path / "data.feather"
    with pa.ipc.new_file(
        path, pa.schema({"x": pa.float64()}), options=pa.ipc.IpcWriteOptions(compression="zstd")
    ) as file:
        for _ in range(5):
            file.write_batch(pa.record_batch({"x": pa.repeat(0.0, 4_000_000)}))
    assert path.stat().st_size < 500_000
    opened = open_table(path, "the data")
    with pytest.raises(DataError, match=r"data.feather needs about 160 MB"):
        opened.read()
    assert len(next(opened.pieces(1_000))) == 1_000


def test_a_csv_file_is_counted_with_what_arrow_adds_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a,b\n" + "1,2\n" * 10_000)
    file = open_table(path, "the data")
    assert len(file.read()) == 10_000
    monkeypatch.setattr(memory, "free_bytes", lambda: 100_000)
    with pytest.raises(
        DataError, match=r"data.csv needs about 1\d\d kB once it is read, and 100 kB are free; give fewer"
    ):
        file.read()
    assert len(file.read(["a"])) == 10_000
    assert sum(map(len, file.pieces(1_000))) == 10_000


def test_packed_nothing_ends_at_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "SUSPICIOUS_BYTES", 1 << 24)
    for name, compress in (("gz", gzip.compress), ("zst", lambda rows: pa.compress(rows, "zstd", asbytes=True))):
        path = tmp_path / f"data.csv.{name}"
        path.write_bytes(compress(b"a,b\n" + b"1,2\n" * 10_000_000))
        with pytest.raises(DataError, match=r"unpacks to more than 2\d MB; unpack it"):
            open_table(path, "the data")


def test_a_line_that_never_ends_is_refused_at_its_bound_whatever_the_file_unpacks_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "LONGEST", 1 << 23)
    path = tmp_path / "data.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"a,b\n")
        for _ in range(100):
            file.write(b"1" * 1_000_000)
    with pytest.raises(
        DataError, match=r"A line must be shorter than 8\.4 MB, however line 2 of data.csv.gz is longer"
    ):
        open_table(path, "the data")


def test_a_parquet_file_that_is_packed_is_unpacked_no_further_than_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: FREE // 10)
    path = tmp_path / "data.bin"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"PAR1")
        for _ in range(100):
            file.write(bytes(1_000_000))
    with pytest.raises(DataError, match=r"data.bin needs about .* once it is read"):
        open_table(path, "the data")


def test_records_longer_than_a_block_are_read_by_longer_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 64)
    path = tmp_path / "data.csv"
    for rows in ('5",1\n"a\n' + "b" * 2_000 + '",2\n', '"a\n' + "b\n" * 900 + '",1\n5",2\n'):
        path.write_text("x,y\n" + "1,2\n" * 500 + rows + "3,4\n" * 500)
        file = open_table(path, "the data")
        assert len(file.read()) == sum(map(len, file.pieces(7))) == 1_002
        assert file.read()["y"].to_pylist()[-1] == "4"


def test_blocks_of_a_line_or_two_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(b"x,y\r\n" + b'1,"a\r\nb"\r\n\r\n  \r\n,""\r\n' * 300)
    whole = open_table(path, "the data").read()
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 16)
    assert open_table(path, "the data").read().combine_chunks().equals(whole.combine_chunks())


def test_a_workbook_is_counted_cell_by_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = KINDS["workbook"].write(pa.table({"x": range(2_000), "y": range(2_000)}), tmp_path / "data.xlsx")
    monkeypatch.setattr(memory, "free_bytes", lambda: 100_000)
    with pytest.raises(DataError, match=r"data.xlsx needs about 100 kB once it is read.*; save it as CSV"):
        open_table(path, "the data")


def test_json_is_counted_by_its_text_where_it_is_a_list_and_by_its_cells_where_it_is_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pa.table({"x": range(2_000)})
    monkeypatch.setattr(memory, "free_bytes", lambda: 10_000)
    with pytest.raises(DataError, match="save it as JSON lines"):
        open_table(KINDS["JSON list"].write(table, tmp_path / "data.json"), "the data")
    file = open_table(KINDS["JSON lines"].write(table, tmp_path / "lines.json"), "the data")
    with pytest.raises(DataError, match=r"lines.json needs about 16 kB"):
        file.read()
    assert sum(map(len, file.pieces(100))) == 2_000


def test_sizes_are_said_with_two_digits() -> None:
    assert [in_words(size) for size in (12, 1_234, 110_000, 6e9, 2.5e12)] == [
        "12 bytes",
        "1.2 kB",
        "110 kB",
        "6.0 GB",
        "2.5 TB",
    ]
