"""What people write for an option."""

from pathlib import Path

import pytest

from mthn_automl.errors import UsageError
from mthn_automl.run.parse import absolute, earlier_run, parse_count, parse_duration, parse_objectives, time_limit_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("1h0m5s", 3605), ("0.5h", 1800), (" 2m ", 120)],
)
def test_a_time_is_read_as_people_write_it(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("number", [90, 90.0])
def test_a_number_is_seconds(number: float) -> None:
    assert parse_duration(number) == 90


@pytest.mark.parametrize(
    "text", ["", "soon", "0", "0s", "-5", "10 m", "1h30", "30m1", "m", "1d", "10M", "inf", "nan", "1e3", "5,5"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"like 90s, 10m or 1h30m and be above 0, however it is '"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("50000", 50_000),
        pytest.param(50_000, 50_000, id="a number"),
        ("50k", 50_000),
        ("50K", 50_000),
        ("1.5M", 1_500_000),
        ("0.001k", 1),
        ("1.001k", 1_001),
        ("1.1m", 1_100_000),
        (" 7 ", 7),
    ],
)
def test_a_count_is_read_as_people_write_it(text: str | int, count: int) -> None:
    assert parse_count(text) == count


@pytest.mark.parametrize(
    "text",
    [
        "",
        "many",
        "0",
        pytest.param(0, id="number 0"),
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
    ],
)
def test_what_is_no_count_is_refused(text: str | int) -> None:
    with pytest.raises(UsageError, match=r"like 50000, 50k or 1\.5M and be above 0, however it is '"):
        parse_count(text)


def test_no_count_stays_none() -> None:
    assert parse_count(None) is None


@pytest.mark.parametrize(
    "given", ["error,parameters", " error , parameters ", ["error", "parameters"]], ids=["text", "spaces", "list"]
)
def test_objectives_are_one_text_or_several_names(given: str | list[str]) -> None:
    assert parse_objectives(given) == ("error", "parameters")


@pytest.mark.parametrize(
    ("preset", "given", "trials", "seconds"),
    [
        pytest.param("quick", None, None, 120.0, id="quick"),
        pytest.param("default", None, None, 600.0, id="default"),
        pytest.param("best", None, None, 3600.0, id="best"),
        pytest.param("quick", "1h", None, 3600.0, id="a given one wins"),
        pytest.param("best", None, 20, None, id="trials alone"),
        pytest.param("quick", None, 20, None, id="trials alone, quick"),
        pytest.param("best", "90s", 20, 90.0, id="trials and a given one"),
    ],
)
def test_the_preset_sets_the_time_limit_unless_time_or_trials_are_given(
    preset: str, given: str | None, trials: int | None, seconds: float | None
) -> None:
    assert time_limit_of(preset, given, trials) == seconds


def test_an_earlier_run_is_named_from_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "study.journal").touch()
    monkeypatch.chdir(tmp_path)
    assert earlier_run("run") == str(tmp_path / "run")
    assert earlier_run(None) is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent", r"--warm-start must name the run folder .* absent is no folder\.$"),
        ("folder", r"--warm-start must name .* folder has no study\.journal\.$"),
        ("folder/file", r"folder/file is no folder\.$"),
    ],
)
def test_what_is_no_earlier_run_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=message):
        earlier_run(name)


def test_paths_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute("data.csv") == str(tmp_path / "data.csv")
    assert absolute(None) is None
