"""What every format must do, whatever it is; a new one joins by its line in `kinds.py`."""

from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mthn_automl.data.formats import readers
from mthn_automl.data.formats.formats import formats
from mthn_automl.data.formats.opening import open_table
from mthn_automl.data.formats.table_file import TableFile
from mthn_automl.errors import DataError
from tests.data.formats.kinds import KINDS, Kind

TABLE = pa.table(
    {
        "whole": [1, -2, None, 2**53],
        "real": [0.1, 1e-300, None, -2.5],
        "text": ['say "a", b; c\td|e', "line\nbreak", None, "\u65e5\u672c \U0001f600 \xfc "],
        "truth": [True, False, None, True],
        "day": pa.array([date(2020, 2, 29), date(1970, 1, 1), None, date(2099, 12, 31)]),
        "moment": pa.array([datetime(2020, 2, 29, 23, 59, 59), datetime(2001, 1, 1, 1), None, datetime(1999, 9, 9)]),
        "last": ["a", "b", "c", "d"],
    }
)


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param


def opened(kind: Kind, folder: Path, table: pa.Table = TABLE) -> TableFile:
    """The name of the file says nothing: the format follows from the content."""
    return open_table(kind.write(table, folder / "data.bin"), "the data")


def assert_same(found: pa.Table, wanted: pa.Table) -> None:
    assert found.column_names == wanted.column_names
    for name in wanted.column_names:
        assert found[name].to_pylist() == wanted[name].to_pylist(), name
        assert family(found[name].type) == family(wanted[name].type), name


def family(kind: pa.DataType) -> str:
    """Text may be of either width."""
    return str(kind).removeprefix("large_").partition("[")[0]


def test_what_was_written_is_read(kind: Kind, tmp_path: Path) -> None:
    assert_same(opened(kind, tmp_path).read(), kind.expected(TABLE))


def test_the_pieces_are_the_whole_and_have_its_types(kind: Kind, tmp_path: Path) -> None:
    table = pa.concat_tables([TABLE] * 60)
    file = opened(kind, tmp_path, table)
    whole = file.read()
    for rows in (7, 100, 1_000):
        pieces = list(file.pieces(rows))
        assert [len(piece) for piece in pieces[:-1]] == [rows] * (len(pieces) - 1)
        assert all(piece.schema == whole.schema for piece in pieces)
        assert pa.concat_tables(pieces).equals(whole)


def test_only_the_columns_that_are_asked_for_are_read_and_one_at_least(kind: Kind, tmp_path: Path) -> None:
    file, expected = opened(kind, tmp_path), kind.expected(TABLE)
    assert file.names == tuple(TABLE.column_names)
    for only, names in ((["truth", "whole"], ["whole", "truth"]), (["nothing of it"], ["whole"]), (["last"], ["last"])):
        assert_same(file.read(only), expected.select(names))
        assert_same(pa.concat_tables(file.pieces(3, only)), expected.select(names))


def test_a_row_is_found_where_it_stands(kind: Kind, tmp_path: Path) -> None:
    file = opened(kind, tmp_path)
    file.read()
    assert file.place(2) == kind.place


def test_what_was_detected_is_said_and_nothing_else(kind: Kind, tmp_path: Path) -> None:
    notes = opened(kind, tmp_path).notes
    assert len(notes) == bool(kind.note)
    assert all(kind.note in note for note in notes)


def test_a_name_given_twice_is_refused(kind: Kind, tmp_path: Path) -> None:
    twice = TABLE.rename_columns(["whole", "real", "whole", *TABLE.column_names[3:]])
    with pytest.raises(DataError, match=r"'whole'.* more than once"):
        opened(kind, tmp_path, twice)


def test_a_column_without_a_name_is_counted_and_not_read(kind: Kind, tmp_path: Path) -> None:
    file = opened(kind, tmp_path, TABLE.rename_columns(["", *TABLE.column_names[1:]]))
    assert file.names[0] == ""
    assert file.notes[-1].endswith(": 1 column without a name ignored.")
    assert file.read().column_names == TABLE.column_names[1:]


def test_no_rows_are_refused(kind: Kind, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"at least one row|is empty"):
        opened(kind, tmp_path, TABLE.slice(0, 0)).read()
    with pytest.raises(DataError, match=r"at least one row|is empty"):
        list(opened(kind, tmp_path, TABLE.slice(0, 0)).pieces(5))


def test_an_empty_cell_is_missing_and_a_blank_is_not(kind: Kind, tmp_path: Path) -> None:
    table = pa.table({"a": ["x", None, " ", "y"], "b": ["1", "2", "3", "4"]})
    assert opened(kind, tmp_path, table).read()["a"].to_pylist() == ["x", None, " ", "y"]


def test_every_file_of_the_folder_is_a_format_and_one_of_them_takes_what_is_left() -> None:
    found = list(formats())
    assert len(found) == len(readers.names())
    assert [each.last for each in found] == [False] * (len(found) - 1) + [True]


def test_a_typed_column_keeps_its_type(tmp_path: Path) -> None:
    table = pa.table(
        {
            "small": pa.array([1, 2], pa.int8()),
            "exact": pc.cast(pa.array(["1.10", "2.25"]), pa.decimal128(10, 2)),
            "half": pa.array([0.5, 1.5], pa.float16()),
            "category": pa.array(["a", "b"]).dictionary_encode(),
            "span": pa.array([1, 2], pa.duration("s")),
            "zone": pa.array([1, 2], pa.timestamp("us", "UTC")),
        }
    )
    for name in ("Parquet", "Feather", "Arrow stream", "Arrow table", "polars"):
        found = opened(KINDS[name], tmp_path, table).read()
        assert found.schema.field("half").type == pa.float32(), name
        assert pa.types.is_dictionary(found.schema.field("category").type), name
        for column in ("small", "exact", "zone"):
            assert found.schema.field(column).type == table.schema.field(column).type, name
        assert found.drop_columns("span").to_pylist() == table.drop_columns("span").to_pylist()


def test_nested_and_binary_columns_are_named_and_not_read(tmp_path: Path) -> None:
    table = pa.table(
        {"list": [[1], [2]], "x": [1, 2], "bytes": [b"a", b"b"], "struct": [{"x": 1}, {"x": 2}], "y": [3, 4]}
    )
    for name in ("Parquet", "Feather", "Arrow stream", "Arrow table"):
        file = opened(KINDS[name], tmp_path, table)
        assert file.read().to_pydict() == {"x": [1, 2], "y": [3, 4]}
        assert file.read(["y"]).to_pydict() == {"y": [3, 4]}
        assert file.unreadable["list"].startswith("list<")
        assert "3 columns of neither numbers nor text ignored: 'list', 'bytes', 'struct'" in file.notes[0]
        assert sum(len(piece) for piece in file.pieces(1)) == 2
