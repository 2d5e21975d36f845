import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from mthn_automl.errors import UsageError
from mthn_automl.run.options import DEFAULT_TIME_LIMIT, Options, absolute, parse_duration


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
    ("given", "message"),
    [
        pytest.param({"average": "row"}, r"--average must be one of rows, tasks; found 'row'", id="average"),
        pytest.param({"runner": "rya"}, r"--runner .* did you mean 'ray'\?", id="runner"),
        pytest.param({"trials": 0}, r"--trials must be at least 1, however it is 0", id="no trials"),
        pytest.param({"folds": -1}, r"--folds must be at least 1, however it is -1", id="folds below zero"),
        pytest.param({"seeds": 0}, r"--seeds must be at least 1", id="no seeds"),
        pytest.param({"workers": 0}, r"--workers must be at least 1", id="no workers"),
        pytest.param({"test_fraction": 1.0}, r"--test-fraction must be .* below 1, however it is 1\.0", id="all test"),
        pytest.param({"test_fraction": -0.1}, r"--test-fraction must be at least 0", id="less than none"),
        pytest.param({"test_fraction": float("nan")}, r"--test-fraction must be", id="a fraction that is no number"),
        pytest.param({"runner": "local", "workers": 2}, r"local runner has one worker", id="two local workers"),
    ],
)
def test_an_option_out_of_range_is_refused_by_its_name(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Options(**given)


def test_the_local_runner_may_be_told_that_it_has_one_worker() -> None:
    assert Options(runner="local", workers=1).workers == 1


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(Options(), id="defaults"),
        pytest.param(Options(time_limit=None, trials=5), id="no time limit"),
        pytest.param(Options(data="/a/ä b.csv", meta="/m.csv", test="/t.csv", space=("/x.toml",)), id="paths"),
        pytest.param(Options(target=("u", "v"), folds=1, seeds=2, workers=3, seed=9), id="numbers and targets"),
        pytest.param(Options(no_metadata=True, no_ablation=True, test_fraction=0.0), id="switches"),
    ],
)
def test_options_survive_toml(options: Options) -> None:
    assert Options.from_toml(tomllib.loads(tomli_w.dumps(options.to_toml()))) == options


def test_the_default_time_limit_is_ten_minutes() -> None:
    assert Options().time_limit == DEFAULT_TIME_LIMIT == 600


def test_paths_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute("data.csv") == str(tmp_path / "data.csv")
    assert absolute(None) is None
