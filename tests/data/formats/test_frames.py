import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mthn_automl.data.formats.opening import open_table
from mthn_automl.errors import DataError
from tests.data.formats.kinds import Handed

COLUMNS = {
    "whole": ([1, 2], pa.int64()),
    "small": (np.array([1, 2], np.uint8), pa.uint8()),
    "gaps": (pd.array([1, None], "Int64"), pa.int64()),
    "truth": ([True, False], pa.bool_()),
    "truth with gaps": (pd.array([True, None], "boolean"), pa.bool_()),
    "category": (pd.Categorical(["b", "a"]), pa.dictionary(pa.int32(), pa.large_string())),
    "category of numbers": (pd.Categorical([2, 1]), pa.dictionary(pa.int32(), pa.int64())),
    "zone": (pd.to_datetime(["2020-01-01", None]).tz_localize("Europe/Berlin"), pa.timestamp("us", "Europe/Berlin")),
    "span": ([timedelta(1), None], pa.duration("us")),
    "sparse": (pd.arrays.SparseArray([0.0, 1.0]), pa.float64()),
}
OBJECTS = {
    "mixed": ([1, "a"], ["1", "a"], pa.large_string()),
    "mixed with gaps": (["a", np.nan], ["a", None], pa.large_string()),
    "truth and numbers": ([True, 2], ["True", "2"], pa.large_string()),
    "long": ([2**70, 1], [str(2**70), "1"], pa.large_string()),
    "numbers": ([1, 2.5], [1.0, 2.5], pa.float64()),
    "numbers of numpy": ([np.int32(1), None], [1, None], pa.int64()),
    "truth": ([True, None], [True, None], pa.bool_()),
    "dates": ([date(2020, 1, 1), pd.NaT], [date(2020, 1, 1), None], pa.date32()),
    "moments": ([datetime(2020, 1, 1, 1), None], [datetime(2020, 1, 1, 1), None], pa.timestamp("us")),
    "decimals": ([Decimal("1.10"), None], [Decimal("1.10"), None], pa.decimal128(3, 2)),
    "decimals of all sizes": ([Decimal("1e40"), Decimal("1e-40")], ["1E+40", "1E-40"], pa.large_string()),
    "periods": (pd.period_range("2020", periods=2, freq="Y").astype(object), ["2020", "2021"], pa.large_string()),
    "moments of pandas": ([pd.Timestamp("2020-01-01 01:00"), None], None, pa.timestamp("us")),
    "moments with a zone": ([datetime(2020, 1, 1, tzinfo=UTC), None], None, pa.timestamp("us", "UTC")),
    "identifiers": ([UUID(int=1), None], [str(UUID(int=1)), None], pa.large_string()),
    "paths": ([Path("a"), None], ["a", None], pa.large_string()),
    "nothing": ([None, pd.NA], [None, None], pa.null()),
}


@pytest.mark.parametrize(("values", "kind"), COLUMNS.values(), ids=COLUMNS)
def test_a_column_of_pandas_keeps_its_type(values: object, kind: pa.DataType) -> None:
    found = open_table(pd.DataFrame({"x": values}), "the data").read()["x"]
    assert str(found.type).replace("large_", "") == str(kind).replace("large_", "")
    assert found.null_count == int(pd.Series(values).isna().sum())


@pytest.mark.parametrize(("values", "expected", "kind"), OBJECTS.values(), ids=OBJECTS)
def test_objects_are_what_all_of_them_are_or_else_text(
    values: object, expected: list[object], kind: pa.DataType
) -> None:
    found = open_table(pd.DataFrame({"x": pd.Series(values, dtype=object)}), "the data").read()["x"]
    assert expected is None or found.to_pylist() == expected
    assert found.type == kind


def test_an_index_is_no_column() -> None:
    frame = pd.DataFrame({"x": [1, 2]}, index=pd.Index(["p", "q"], name="person"))
    assert open_table(frame, "the data").names == ("x",)


def test_names_are_text_whatever_they_were() -> None:
    frame = pd.DataFrame([[1, 2, 3]], columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)]))
    assert open_table(frame, "the data").names == ("('a', 1)", "('a', 2)", "('b', 1)")
    assert open_table(pd.DataFrame([[1, 2]]), "the data").read().to_pydict() == {"0": [1], "1": [2]}
    with pytest.raises(DataError, match="the data has '1' more than once"):
        open_table(pd.DataFrame([[1, 2]], columns=[1, "1"]), "the data")


def test_nested_objects_and_complex_numbers_are_named_and_not_read() -> None:
    frame = pd.DataFrame(
        {"x": [1, 2], "lists": [[1], None], "bytes": [b"a", "b"], "complex": [1j, 2j], "sets": [{1}, {2}]}
    )
    table = open_table(frame, "the data")
    assert table.unreadable == {"lists": "list", "bytes": "bytes", "complex": "complex", "sets": "set"}
    assert table.read().column_names == ["x"]


def test_a_frame_without_rows_or_columns_is_refused() -> None:
    for frame in (
        pd.DataFrame(),
        pd.DataFrame({"x": []}),
        pd.DataFrame(index=[1, 2]),
        pa.table({}),
        pa.table({"x": []}),
    ):
        with pytest.raises(DataError, match=r"at least one row|a column of numbers or text"):
            open_table(frame, "the data").read()


def test_forms_that_few_functions_know_become_those_that_all_know() -> None:
    text = pa.array(["a", "b", None])
    for values, kind in (
        (text.cast(pa.string_view()), pa.large_string()),
        (text.cast(pa.string_view()).dictionary_encode(), pa.dictionary(pa.int32(), pa.large_string())),
        (pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), pa.array([1, 2])), pa.int64()),
        (pa.array([0.5, None, 1.5], pa.float16()), pa.float32()),
        (
            pa.DictionaryArray.from_arrays(pa.array([0, 1, 0], pa.uint8()), ["p", "q"]),
            pa.dictionary(pa.int32(), pa.string()),
        ),
    ):
        found = open_table(Handed(pa.table({"x": values})), "the data").read()["x"]
        assert found.type == kind
        assert found.to_pylist() == pa.chunked_array([values]).to_pylist()


def test_a_batch_and_a_reader_of_arrow_are_tables_too() -> None:
    batch = pa.record_batch({"x": [1, 2]})
    for given in (batch, pa.RecordBatchReader.from_batches(batch.schema, [batch, batch])):
        assert open_table(given, "the data").read()["x"].to_pylist()[:2] == [1, 2]


def test_polars_is_not_imported_for_a_file(tmp_path: object) -> None:
    code = "import sys, pandas; from mthn_automl.data.formats.opening import open_table; import pyarrow as pa\n"
    code += "open_table(pa.table({'x': [1]}), 'the data').read(); print({'polars', 'openpyxl'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
