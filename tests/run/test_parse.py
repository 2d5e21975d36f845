"""What people write for an option."""

from pathlib import Path

import pytest

from mthn_automl.errors import UsageError
from mthn_automl.run.parse import earlier_run, parse_count, parse_duration, parse_names, parse_share, parse_split


def test_a_time_is_read_as_people_write_it() -> None:
    times = {
        "90": 90,
        "90s": 90,
        "10m": 600,
        "1h30m": 5400,
        "1h0m5s": 3605,
        "0.5h": 1800,
        " 2m ": 120,
        90: 90,
        9.5: 9.5,
    }
    assert {text: parse_duration(text) for text in times} == times


def test_what_is_no_time_is_refused() -> None:
    for text in ("", "soon", "0", "0s", "-5", "10 m", "1h30", "30m1", "m", "1d", "10M", "inf", "nan", "1e3", "5,5"):
        with pytest.raises(UsageError, match=rf"like 90s, 10m or 1h30m and be above 0, however it is '{text}'"):
            parse_duration(text)


def test_a_count_is_read_as_people_write_it() -> None:
    counts = {"50000": 50_000, 50_000: 50_000, "50k": 50_000, "50K": 50_000, "1.5M": 1_500_000, "0.001k": 1, " 7 ": 7}
    exact = {"1.001k": 1_001, "1.1m": 1_100_000}  # as binary fractions these would be no whole numbers
    assert {text: parse_count(text) for text in counts | exact} == counts | exact


def test_what_is_no_count_is_refused() -> None:
    wrong = (
        "",
        "many",
        "0",
        0,
        -3,
        "-5",
        "1.5",
        "0.0001k",
        "50 k",
        "5G",
        "k",
        "1e3",
        "50,000",
        "50_000",
        "nan",
        "\u0663",
    )
    for text in wrong:
        with pytest.raises(UsageError, match=rf"like 50000, 50k or 1\.5M and be above 0, however it is '{text}'"):
            parse_count(text)


def test_an_earlier_run_is_named_from_the_root_and_must_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("run", "empty"):
        (tmp_path / folder).mkdir()
    (tmp_path / "run" / "study.journal").touch()
    assert earlier_run("run") == str(tmp_path / "run")
    for name, what in (
        ("absent", "is no folder"),
        ("empty", "has no study.journal"),
        ("run/study.journal", "is no folder"),
    ):
        with pytest.raises(UsageError, match=rf"--warm-start must name the run folder of .* {name} {what}\.$"):
            earlier_run(name)


def test_a_split_is_a_file_where_it_looks_like_one_that_is_there_and_else_a_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("split", "split.csv"):
        (tmp_path / name).touch()
    assert parse_split("split.csv") == str(tmp_path / "split.csv")
    assert parse_split(tmp_path / "split") == str(tmp_path / "split")
    assert [parse_split(each) for each in ("split", "other.csv")] == ["split", "other.csv"]


def test_names_are_parted_by_commas_but_for_those_in_quotation_marks() -> None:
    assert parse_names("error, parameters") == ("error", "parameters")
    assert parse_names('"length, in cm",age') == ("length, in cm", "age")
    assert parse_names(["length, in cm"]) == ("length, in cm",)
    assert [parse_names(each) for each in ("", "\n", "a,\nb", ())] == [("",), ("",), ("a", "b"), ()]


def test_a_share_is_read_as_people_write_it() -> None:
    shares = {"0.2": 0.2, "20%": 0.2, " 12.5 % ": 0.125, 0.3: 0.3, "0": 0.0}
    assert {text: parse_share(text) for text in shares} == shares
    for text in ("", "%", "a fifth", "20%%"):
        with pytest.raises(UsageError, match=f"like 0.2 or 20%, however it is '{text}'"):
            parse_share(text)
