"""What a column is, decided from all of its cells; each case is a sentence of the rule."""

import datetime
import decimal
import io
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mthn_automl.data.columns.again import read_again
from mthn_automl.data.columns.form import Form, Kind, Notation
from mthn_automl.data.columns.nearly import Nearly
from mthn_automl.data.columns.rule import Cells, Told, read_cells

D, N, T, X = Kind.DATE, Kind.NUMBER, Kind.TRUTH, Kind.TEXT
NAN = np.nan


def text(*cells: str | None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(cells[:1], pa.string()), pa.array(cells[1:], pa.string())])


def values(found: Cells) -> list[Any]:
    if found.text is not None:
        return [None if code < 0 else found.text.names[code] for code in found.text.codes]
    if found.dates is not None:
        return [None if np.isnat(each) else str(each.astype("datetime64[s]")) for each in found.dates]
    assert found.numbers is not None
    return [None if np.isnan(each) else float(each) for each in found.numbers]


WRITTEN: dict[str, tuple[tuple[str | None, ...], Kind, list[Any]]] = {
    "numbers": (("1", "-2.5", "+3", "1e3", ".5", "7."), N, [1, -2.5, 3, 1000, 0.5, 7]),
    "numbers with gaps": (("1", None, "NA", "nan"), N, [1, None, None, None]),
    "blanks around numbers": ((" 1", "2 ", "\u00a03"), N, [1, 2, 3]),
    "another minus": (("−1", "2"), N, [-1, 2]),
    "marks of a gap": (("1", "?", ".", "-", "n/a"), N, [1, None, None, None, None]),
    "beyond a limit": (("1", "<5", ">= 7"), N, [1, None, None]),
    "infinities": (("1", "inf", "-Infinity", "1e999"), N, [1, None, None, None]),
    "a decimal comma": (("0,126", "1,5", "12"), N, [0.126, 1.5, 12]),
    "a decimal comma before three digits": (("0,126", "0,500", "12,250"), N, [0.126, 0.5, 12.25]),
    "commas between thousands": (("1,234.5", "12", "1,234,567"), N, [1234.5, 12, 1234567]),
    "dots between thousands": (("1.234,5", "12"), N, [1234.5, 12]),
    "dots before three zeros": (("1.000,5", "2.000"), N, [1000.5, 2000]),
    "blanks between thousands": (("1 234,5", "1\u00a0000", "1\u202f234\u202f567"), N, [1234.5, 1000, 1234567]),
    "apostrophes between thousands": (("1'234.5", "2’000"), N, [1234.5, 2000]),
    "a share": (("12%", "13.5 %"), N, [12, 13.5]),
    "a currency": (("$1,200", "-$3", "$4"), N, [1200, -3, 4]),
    "a currency behind": (("5 €", "6,50€"), N, [5, 6.5]),
    "truth values": (("true", "False", None), T, [1, 0, None]),
    "zeros in front": (("01001", "2"), X, ["01001", "2"]),
    "words": (("a", " a ", "b", None), X, ["a", "a", "b", None]),
    "blanks of two kinds": (("a b", "a\u00a0b"), X, ["a b", "a b"]),
    "two forms of a letter": (("é", "e\u0301"), X, ["é", "é"]),
    "numbers and a word": (("1", "2", "low"), X, ["1", "2", "low"]),
    "units in some cells alone": (("12%", "13"), X, ["12%", "13"]),
    "marks of gaps alone": (("-", "?"), X, ["-", "?"]),
    "hexadecimal numbers": (("0x1F", "0x2A"), X, ["0x1F", "0x2A"]),
    "nothing": ((None, "NA"), N, [None, None]),
    "dates": (("2020-01-31", None, "2021-12-01"), D, ["2020-01-31T00:00:00", None, "2021-12-01T00:00:00"]),
    "times": (("2020-01-31T10:30", "2020-01-31 11:00:01.5"), D, ["2020-01-31T10:30:00", "2020-01-31T11:00:01"]),
    "times of a zone": (
        ("2020-01-31T10:30:00Z", "2020-01-31T10:30:00+01:00"),
        D,
        ["2020-01-31T10:30:00", "2020-01-31T10:30:00"],
    ),
    "dates with dots": (("31.12.2020", "1.2.2021"), D, ["2020-12-31T00:00:00", "2021-02-01T00:00:00"]),
    "years of two digits": (("31.12.69", "1.2.05"), D, ["1969-12-31T00:00:00", "2005-02-01T00:00:00"]),
    "dates of America": (("12/31/2020", "1/2/2021 13:45"), X, ["12/31/2020", "1/2/2021 13:45"]),
    "dates that cannot be days first": (("12/31/2020", "1/2/2021"), D, ["2020-12-31T00:00:00", "2021-01-02T00:00:00"]),
    "dates with a gap": (("2020-01-31", "-"), D, ["2020-01-31T00:00:00", None]),
    "a day that there is not": (("2020-02-30", "2020-02-01"), X, ["2020-02-30", "2020-02-01"]),
    "months": (("2020-01", "2020-12"), D, ["2020-01-01T00:00:00", "2020-12-01T00:00:00"]),
    "durations of more than a day": (("36:15:00", "0:00:01.5", "-1:00:00"), N, [130_500, 1.5, -3600]),
    "durations of less": (("12:15:00", "0:00:01"), D, ["1900-01-01T12:15:00", "1900-01-01T00:00:01"]),
    "durations as programs print them": (
        ("1 days 12:15:00", "-1 days +23:00:00", "1 day, 0:00:01", "2 days"),
        N,
        [130_500, -3600, 86_401, 172_800],
    ),
    "hours and minutes or minutes and seconds": (("36:15", "7:30"), X, ["36:15", "7:30"]),
    "tolerances": (("0.5 ± 0.1", "-1.5±2", "3 +/- 1", "4"), N, [0.5, -1.5, 3, 4]),
    "tolerances with a decimal comma": (("0,5 ± 0,1", "1,25 ± 1"), N, [0.5, 1.25]),
    "ranges": (("10-20", "20 – 30", "?", "30 to 40"), N, [15, 25, None, 35]),
    "ranges with open ends": (("<18", "18-24", "25-64", "65+"), N, [18, 21, 44.5, 65]),
    "ranges with zeros in front": (("00-04", "05-09", "10-14"), N, [2, 7, 12]),
    "ranges below zero": (("-10--5", "-5-0", "0-5"), N, [-7.5, -2.5, 2.5]),
    "ranges of a unit": (("10-20 %", "20-30 %"), N, [15, 25]),
    "numbers up to a limit": (("1", "2", "3", "4+"), N, [1, 2, 3, 4]),
    "ranges of what may be thousands": (("1,000-2,000", "2,000-5,000"), X, ["1,000-2,000", "2,000-5,000"]),
    "tolerances of three digits": (("0,125 ± 0,001", "1,25 ± 0,1"), N, [0.125, 1.25]),
    "above and below one limit": (("<50", ">50"), X, ["<50", ">50"]),
    "results of games": (("1-2", "0-3", "2-1"), X, ["1-2", "0-3", "2-1"]),
    "ranges that overlap": (("555-1234", "555-1299"), X, ["555-1234", "555-1299"]),
    "fractions, which may be days": (("1/2", "3/4"), X, ["1/2", "3/4"]),
    "names of months": (("12 Mar 2020", "1 Apr 2021"), D, ["2020-03-12T00:00:00", "2021-04-01T00:00:00"]),
}


@pytest.mark.parametrize(("cells", "kind", "wanted"), WRITTEN.values(), ids=WRITTEN)
def test_text_is_what_all_of_its_cells_are(cells: tuple[str | None, ...], kind: Kind, wanted: list[Any]) -> None:
    found = read_cells(text(*cells))
    assert (found.form.kind, values(found)) == (kind, wanted)


NOON = datetime.datetime(2020, 1, 31, 12)
TYPED: dict[str, tuple[pa.Array, Kind, list[Any]]] = {
    "whole numbers": (pa.array([1, None, 3]), N, [1, None, 3]),
    "numbers": (pa.array([1.5, np.inf, np.nan]), N, [1.5, None, None]),
    "decimals": (pa.array([decimal.Decimal("1.25"), None]), N, [1.25, None]),
    "truth values": (pa.array([True, None, False]), T, [1, None, 0]),
    "days": (pa.array([NOON.date(), None]), D, ["2020-01-31T00:00:00", None]),
    "times": (pa.array([NOON, None]), D, ["2020-01-31T12:00:00", None]),
    "times of a zone": (pa.array([NOON]).cast(pa.timestamp("us", "Europe/Berlin")), D, ["2020-01-31T13:00:00"]),
    "times of day": (pa.array([NOON.time()]), D, ["1970-01-01T12:00:00"]),
    "durations": (pa.array([datetime.timedelta(days=1.5)]), N, [129_600]),
    "categories": (pa.array(["01", " 1", "1"]).dictionary_encode(), X, ["01", "1", "1"]),
    "categories that are numbers": (pa.array([3, 5, 3]).dictionary_encode(), X, ["3", "5", "3"]),
    "large text": (pa.array(["1", "x"], pa.large_string()), X, ["1", "x"]),
}


@pytest.mark.parametrize(("cells", "kind", "wanted"), TYPED.values(), ids=TYPED)
def test_a_column_with_a_type_keeps_it(cells: pa.Array, kind: Kind, wanted: list[Any]) -> None:
    found = read_cells(pa.chunked_array([cells]))
    assert (found.form.kind, values(found)) == (kind, wanted)


@pytest.mark.parametrize(("cells", "kind", "wanted"), WRITTEN.values(), ids=WRITTEN)
def test_the_same_cells_are_read_again_as_they_were(
    cells: tuple[str | None, ...], kind: Kind, wanted: list[Any]
) -> None:
    again = read_again(text(*cells), read_cells(text(*cells)).form)
    assert (values(again.cells), again.wrong) == (wanted, None)


FORMS: dict[str, tuple[Form, pa.Array, list[Any], int | None]] = {
    "a type of numbers for text": (Form(N, Notation(",")), pa.array([1, None]), [1, None], None),
    "text for a type of numbers": (Form(N), pa.array(["1", "?"]), [1, None], None),
    "truth values for numbers": (Form(N), pa.array([True, False]), [1, 0], None),
    "numbers for truth values": (Form(T), pa.array([1, 0]), [1, 0], None),
    "text for a type of dates": (Form(D), pa.array(["2020-01-31"]), ["2020-01-31T00:00:00"], None),
    "a type of dates for text": (Form(D, date="%d.%m.%Y"), pa.array([NOON]), ["2020-01-31T12:00:00"], None),
    "numbers for names": (Form(X), pa.array([3, 1]), ["3", "1"], None),
    "real numbers for names": (Form(X), pa.array([3.0, None, 1.5]), ["3", None, "1.5"], None),
    "a word for a number": (Form(N), pa.array(["1", "low", "2"]), [1, None, 2], 1),
    "another notation": (Form(N, Notation(",")), pa.array(["1,5", "1.5"]), [1.5, None], 1),
    "no date": (Form(D, date="%d.%m.%Y"), pa.array(["1.2.2020", "2020-02-01"]), ["2020-02-01T00:00:00", None], 1),
    "a date for a number": (Form(N), pa.array([NOON]), [None], 0),
    "a number for a date": (Form(D), pa.array([3]), [None], 0),
    "no truth value": (Form(T), pa.array(["true", "yes"]), [1, None], 1),
}


@pytest.mark.parametrize(("form", "cells", "wanted", "wrong"), FORMS.values(), ids=FORMS)
def test_other_cells_are_read_in_the_form_of_training_or_the_first_that_is_not_is_named(
    form: Form, cells: pa.Array, wanted: list[Any], wrong: int | None
) -> None:
    again = read_again(pa.chunked_array([cells]), form)
    assert (values(again.cells), again.wrong) == (wanted, wrong)


def test_what_counts_as_missing_is_counted_by_its_spelling() -> None:
    found = read_cells(text("1", "?", "?", "n/a", "<5", None, "", "2"))
    assert dict(found.missing) == {"?": 2, "n/a": 1, "<5": 1}


def test_notations_that_cannot_be_told_apart_are_named_and_the_user_decides() -> None:
    cells = text("1,234", "45,120")
    found = read_cells(cells)
    assert (values(found), [each.notation.decimal for each in found.others]) == ([1234, 45120], [","])
    assert values(read_cells(cells, Told(decimal=","))) == [1.234, 45.12]
    assert read_cells(cells, Told(decimal=",")).others == ()
    assert [each.date for each in read_cells(text("1/2/2020", "3/4/2020")).others] == ["%m/%d/%Y"]


def test_dots_before_three_digits_are_asked_about_and_the_user_decides() -> None:
    cells = text("46.675", "120", "1.000")
    found = read_cells(cells)
    assert (values(found), [each.notation.thousands for each in found.others]) == ([46.675, 120, 1], ["."])
    assert values(read_cells(cells, Told(thousands="."))) == [46675, 120, 1000]
    assert values(read_cells(cells, Told(decimal=","))) == [46675, 120, 1000]
    assert read_cells(cells, Told(decimal=".")).others == read_cells(cells, Told(thousands=",")).others == ()
    assert values(read_cells(text("46.675", "0.5"), Told(thousands="."))) == [46.675, 0.5]
    assert read_cells(text("46.675", "0.500")).others == read_cells(text("46", "120")).others == ()


def test_a_mark_that_the_user_names_decides_only_where_there_is_a_doubt() -> None:
    assert values(read_cells(text("1.5", "-0.076"), Told(decimal=","))) == [1.5, -0.076]
    assert values(read_cells(text("1,5", "2"), Told(decimal="."))) == [1.5, 2]
    assert read_cells(text("1,5", "x"), Told(decimal=".")).form.kind is X


def test_text_that_is_nearly_dates_says_which_cells_are_none() -> None:
    found = read_cells(text(*(f"2020-02-{day}" for day in range(10, 31))))
    assert (found.form.kind, found.nearly) == (X, Nearly(Form(D, date="ISO 8601"), ("2020-02-30",)))


def test_text_that_is_nearly_numbers_says_which_cells_are_none() -> None:
    cells = text("1", "2", "3", "4", "5", "6", "low", "7")
    assert read_cells(cells).nearly == Nearly(Form(N), ("low",))
    forced = read_cells(cells, Told(numeric=True))
    assert (values(forced), dict(forced.missing)) == ([1, 2, 3, 4, 5, 6, None, 7], {"low": 1})
    assert read_cells(text("a", "b", "1")).nearly is None


NEARLY: dict[str, tuple[list[str], Notation, tuple[str, ...]]] = {
    "decimal commas": (["0,25", "1,5", *["2,75"] * 8, "n.d."], Notation(","), ("n.d.",)),
    "a word in few cells of few kinds": ([*"123" * 10, "refused", "refused"], Notation(), ("refused",)),
    "zeros in front": ([*"123456789", "007"], Notation(), ("007",)),
    "percent": (["1%", "2.5%", *["3%"] * 8, "4", "x"], Notation(affix="%"), ("4", "x")),
    "two notations": (["1.5", "1,5", "2.5", "2,5", "3.5"], Notation(), ("1,5", "2,5")),
    "two currencies": (["$1.5", "€1.5", "$2"], Notation(affix="$"), ("€1.5",)),
    "brackets": (["12.5", "(12.50)", "3", "(1)", "7"], Notation(), ("(12.50)", "(1)")),
    "a minus behind": (["12.5", "12.50-", "3", "1-", "7"], Notation(), ("12.50-", "1-")),
    "a unit": (["0.17 kg", "2 kg", "3kg"], Notation(affix="kg"), ()),
    "degrees": (["0.17 °C", "-2 °C"], Notation(affix="°C"), ()),
    "fractions": (["1/2", "1 3/4", "2"], Notation(composed="fraction"), ()),
    "ranges and a word": (["10-20", "20-30", *["30-40"] * 8, "old"], Notation(composed="range"), ("old",)),
    "durations and a word": (["36:15:00", *["7:30:00"] * 9, "late"], Notation(composed="duration"), ("late",)),
}


@pytest.mark.parametrize(("cells", "notation", "strange"), NEARLY.values(), ids=NEARLY)
def test_text_that_is_nearly_numbers_of_any_notation_says_so(
    cells: list[str], notation: Notation, strange: tuple[str, ...]
) -> None:
    assert read_cells(text(*cells)).nearly == Nearly(Form(N, notation), strange)
    forced = read_cells(text(*cells), Told(numeric=True))
    assert (forced.form.kind, set(forced.missing)) == (N, set(strange) - {"007"})
    assert read_again(text(*cells[:1]), forced.form).wrong is None


@pytest.mark.parametrize(
    "cells", ["01001 02134", "10.0.0.1 10.0.0.2", "1a 2b 3c", "a1 a2", "1.2.3 1.2.4", "3-8 1-2 2-4"]
)
def test_names_that_have_digits_in_them_are_text(cells: str) -> None:
    assert read_cells(text(*cells.split())).nearly is None


def test_the_user_may_say_that_numbers_are_names_and_names_numbers() -> None:
    found = read_cells(text("1", "2"), Told(categorical=True))
    assert (found.form.kind, values(found)) == (X, ["1", "2"])
    found = read_cells(pa.chunked_array([pa.array([1, 2])]), Told(categorical=True))
    assert (found.form.kind, values(found)) == (X, ["1", "2"])
    assert values(read_cells(text("01", "02"), Told(numeric=True))) == [1, 2]


def test_the_user_may_say_that_ranges_are_names_and_fractions_numbers() -> None:
    ranges = text("10-20", "20-30")
    assert [each.kind for each in read_cells(ranges).others] == [X]
    assert read_cells(ranges, Told(numeric=True)).others == ()
    assert values(read_cells(ranges, Told(categorical=True))) == ["10-20", "20-30"]
    assert values(read_cells(text("1/2", "1 3/4", "2"), Told(numeric=True))) == [0.5, 1.75, 2]
    assert values(read_cells(text("1-2", "0-3"), Told(numeric=True))) == [1.5, 1.5]


def test_a_column_with_a_zone_and_its_own_text_are_of_the_same_hours() -> None:
    """Those of the clock on the wall, also where it is changed; each is read in the form of the other."""
    moments = pd.Series(pd.date_range("2024-03-30T22:15", periods=6, freq="7h", tz="Europe/Berlin"))
    typed = pa.chunked_array([pa.Array.from_pandas(moments)])
    as_csv = pd.read_csv(io.StringIO(moments.rename("day").to_csv(index=False)), dtype=str)["day"]
    written = text(*as_csv)
    expected = values(read_cells(typed))
    assert expected[:2] == ["2024-03-30T22:15:00", "2024-03-31T06:15:00"]
    assert values(read_cells(written)) == expected
    for one, other in ((typed, written), (written, typed)):
        again = read_again(other, read_cells(one).form)
        assert again.wrong is None
        assert values(again.cells) == expected
