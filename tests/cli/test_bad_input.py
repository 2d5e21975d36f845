"""Bad input through the real command: one sentence on stderr, the right exit code, nothing on stdout, nothing written.

What exactly each sentence says of the data is tested in tests/data/test_bad_input.py.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.command import Ended, as_process, in_process

GOOD = "task,x,word,target\n" + "".join(f"{t},{i},{'pq'[i % 2]},{i * i + 0.5}\n" for t in "abc" for i in range(5))
META = "task,size\na,1\nb,2\nc,4\n"
SEARCH = ("search", "data.csv", "--output", "run", "--runner", "local", "--trials", "1", "--architectures", "ridge")
Files = dict[str, str | bytes]


def given(folder: Path, files: Files) -> Path:
    """The folder with good data and metadata, but for these files."""
    for name, content in {"data.csv": GOOD, "meta.csv": META, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def assert_refused(ended: Ended, code: int, message: str) -> None:
    """One line, beginning with the program's name; no traceback; nothing on stdout."""
    assert (ended.code, ended.out) == (code, "")
    assert re.fullmatch(r"mthn-automl: [^\n]+\n", ended.err), ended.err
    assert re.search(message, ended.err), ended.err


BAD_DATA: list[tuple[Files, Sequence[str], str]] = [
    ({}, ["search", "absent.csv"], r"absent\.csv does not exist"),
    ({}, ["search", "."], r"is a folder"),
    ({"data.csv": ""}, SEARCH, r"data\.csv is empty"),
    (
        {"data.csv": GOOD.replace("task", "taks", 1)},
        SEARCH,
        r"data\.csv must have a column 'task' .* did you mean 'taks'\?",
    ),
    ({}, [*SEARCH, "--target", "tarqet"], r"'tarqet' .* mean 'target'\?"),
    (
        {"data.csv": GOOD.replace("16.5", "high", 1)},
        [*SEARCH, "--metric", "mae"],
        r"'target' .* line 6 of data\.csv says 'high'",
    ),
    (
        {"meta.csv": META + "b,3\n"},
        [*SEARCH, "--meta", "meta.csv"],
        r"'b' has line 3 of meta\.csv and line 5 of meta\.csv",
    ),
    ({}, [*SEARCH, "--meta", "absent.csv"], r"absent\.csv does not exist"),
    (
        {"data.csv": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)},
        SEARCH,
        r"data\.csv is an Excel file of version 97",
    ),
    ({"test.csv": "task,x,target\na,1,1\n"}, [*SEARCH, "--test", "test.csv"], r"test\.csv .*'word'"),
    ({}, [*SEARCH, "--test", "absent.csv"], r"absent\.csv does not exist"),
]


def test_bad_data_end_in_one_sentence_and_exit_code_3_and_write_nothing(tmp_path: Path) -> None:
    for index, (files, words, message) in enumerate(BAD_DATA):
        folder = given(tmp_path / str(index), files)
        before = files_in(folder)
        assert_refused(in_process(folder, *words, "--quiet"), 3, message)
        assert files_in(folder) == before
        assert {path.name for path in folder.iterdir()} == set(before)


def test_without_quiet_the_sentence_comes_last(tmp_path: Path) -> None:
    ended = in_process(tmp_path, "search", "absent.csv")
    said = ended.err.splitlines()
    assert (ended.code, ended.out) == (3, "")
    assert [line.startswith("mthn-automl: ") for line in said] == [False] * (len(said) - 1) + [True]
    assert not (tmp_path / "mthn_runs").exists()


WRONG_USE: list[tuple[list[str], str]] = [
    (["serach"], r"No such command 'serach'.* 'search'"),
    (["search"], r"Missing argument 'data'"),
    ([*SEARCH, "--trails", "3"], r"No such option: --trails .*--trials"),
    ([*SEARCH, "--trials", "many"], r"'--trials'.* integer"),
    ([*SEARCH, "--trials", "0"], r"--trials must be at least 1, however it is 0"),
    ([*SEARCH, "--workers", "2"], r"local runner has one worker"),
    ([*SEARCH, "--architectures", "hypernet"], r"did you mean 'hypernetwork'\?"),
    ([*SEARCH, "--architectures", ","], r"At least one architecture"),
    ([*SEARCH, "--time-limit", "soon"], r"90s, 10m or 1h30m .*'soon'"),
    ([*SEARCH, "--metric", "rsme"], r"did you mean 'rmse'\?"),
    ([*SEARCH, "--problem", "regresion"], r"did you mean 'regression'\?"),
    (
        [*SEARCH, "--problem", "regression", "--metric", "f1"],
        r"--metric must suit the problem, however 'f1' is not for regression; known: mae",
    ),
    ([*SEARCH, "--space", "absent.toml"], r"absent\.toml must be a readable TOML file"),
    (["architectures", "ridg"], r"did you mean 'ridge'\?"),
    (["example", "cubik", "new"], r"did you mean 'cubic'\?"),
    (["resume", "absent"], r"absent must be a run folder"),
    (["leaderboard", "absent"], r"absent must be a finished run"),
]


def test_wrong_use_ends_in_one_sentence_and_exit_code_2_and_writes_nothing(tmp_path: Path) -> None:
    before = files_in(given(tmp_path, {}))
    for words, message in WRONG_USE:
        quiet = ["--quiet"] if words[:1] == ["search"] and len(words) > 1 else []
        assert_refused(in_process(tmp_path, *words, *quiet), 2, message)
        assert files_in(tmp_path) == before
        assert {path.name for path in tmp_path.iterdir()} == set(before)


SPACE = 'format = 1\nfamily = "classical"\narchitecture = "mthn_automl.models.ridge:Ridge"\n'


BAD_SPACES = [
    ("format = \n", r"mine\.toml must be a readable TOML file"),
    (SPACE.replace("1", "7"), r"mine\.toml: format must be 1, however it is 7"),
    (SPACE.replace("classical", "new"), r"mine\.toml: family .*'new'"),
    (SPACE.replace("ridge:R", "rigde:R"), r"mine\.toml: .*mthn_automl\.models\.rigde"),
    (SPACE.replace(":Ridge", ":Rigde"), r"mine\.toml: .*Rigde"),
    (SPACE + '[parameters.alpha]\ntype = "flaot"\n', r"mine\.toml.*alpha.*type must be .*'flaot'"),
    (SPACE + '[parameters.alpha]\ntype = "float"\nlow = 2.0\nhigh = 1.0\n', r"alpha.* low < high"),
]


def test_a_bad_search_space_ends_in_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    for content, message in BAD_SPACES:
        before = files_in(given(tmp_path, {"mine.toml": content}))
        ended = in_process(tmp_path, *SEARCH[:-1], "mine", "--space", "mine.toml", "--quiet")
        assert_refused(ended, 2, message)
        assert files_in(tmp_path) == before
        assert not (tmp_path / "run").exists()


def test_an_output_folder_with_something_in_it_is_not_touched(tmp_path: Path) -> None:
    advice = {"notes.txt": "name another one", "config.resolved.toml": "`mthn-automl resume run` goes on with it"}
    for index, (inside, sentence) in enumerate(advice.items()):
        folder = given(tmp_path / str(index), {f"run/{inside}": "mine"})
        before = files_in(folder)
        assert_refused(in_process(folder, *SEARCH, "--quiet"), 2, f"run has something in it; {sentence}")
        assert files_in(folder) == before


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fitted")
    ended = in_process(given(folder, {}), *SEARCH, "--meta", "meta.csv", "--folds", "2", "--quiet")
    assert (ended.code, ended.err) == (0, "")
    return folder / "run"


BAD_ROWS: list[tuple[Files, list[str], str]] = [
    ({"new.csv": GOOD.replace(",x,", ",X,", 1)}, [], r"new\.csv .*'x' .*mean 'X'\?"),
    ({"new.csv": GOOD.replace("task", "t", 1)}, [], r"new\.csv .* column 'task'"),
    ({"new.csv": GOOD.replace("b,3", "b,low")}, [], r"line 10 of new\.csv says 'low'"),
    ({}, [], r"new\.csv does not exist"),
    (
        {"new.csv": GOOD.replace("a,", "z,"), "m.csv": "task,mass\nz,1\n"},
        ["--meta", "m.csv"],
        r"m\.csv .* column 'size'",
    ),
]


def test_predict_refuses_bad_data_with_exit_code_3(run: Path, tmp_path: Path) -> None:
    for index, (files, words, message) in enumerate(BAD_ROWS):
        folder = given(tmp_path / str(index), files)
        ended = in_process(folder, "predict", run, "new.csv", "--output", "predictions.csv", *words)
        assert_refused(ended, 3, message)
        assert not (folder / "predictions.csv").exists()


def test_predict_refuses_a_folder_that_is_no_model(tmp_path: Path) -> None:
    ended = in_process(tmp_path, "predict", tmp_path, "data.csv")
    assert_refused(ended, 2, r"must be a model folder with a config\.json, or a run with a model/")


def test_predict_refuses_a_newer_format(run: Path, tmp_path: Path) -> None:
    config = json.loads((run / "model" / "config.json").read_text())
    given(tmp_path, {"config.json": json.dumps({**config, "format": 99, "version": "9.9"})})
    assert_refused(in_process(tmp_path, "predict", tmp_path, "data.csv"), 1, r"install mthn-automl 9\.9 or newer")


ALLOWED = {
    re.sub(r"[bc],.*\n", "", GOOD): ["There is one task only, so there is nothing to share between tasks."],
    GOOD.replace("16.5", "", 2) + "d,1,p,3\nd,2,q,4\ne,1,p,5\n": [
        "data.csv: 2 rows dropped because the target is missing.",
        "2 tasks have fewer than 3 rows: their 3 rows stay in training, unless whole tasks are held out.",
    ],
}


def test_what_is_allowed_is_said_and_searched(tmp_path: Path) -> None:
    for index, (content, sentences) in enumerate(ALLOWED.items()):
        folder = given(tmp_path / str(index), {"data.csv": content})
        ended = in_process(folder, *SEARCH, "--folds", "2")
        assert ended.code == 0, ended.err
        notes = json.loads((folder / "run" / "summary.json").read_text())["data"]["notes"]
        assert [each for each in sentences if each not in ended.err.splitlines() or each not in notes] == []


def test_the_installed_command_ends_the_same_way(tmp_path: Path) -> None:
    before = files_in(given(tmp_path, {}))
    assert_refused(as_process(tmp_path, "search", "absent.csv", "--quiet"), 3, r"absent\.csv does not exist")
    assert files_in(tmp_path) == before


def test_debug_adds_the_traceback_before_the_sentence(tmp_path: Path) -> None:
    ended = in_process(tmp_path, "--debug", "search", "absent.csv", "--quiet")
    assert ended.code == 3
    assert ended.err.startswith("Traceback ")
    assert ended.err.splitlines()[-1].startswith("mthn-automl: ")


def test_what_only_the_system_could_refuse_is_wrong_use(tmp_path: Path) -> None:
    given(tmp_path, {})
    assert_refused(in_process(tmp_path, *SEARCH, "--seed", "-1", "--quiet"), 2, r"--seed must be at least 0")
    words = ("search", "data.csv", "--runner", "local", "--output", "data.csv/run", "--quiet")
    assert_refused(in_process(tmp_path, *words), 2, r"must be a folder to write in")
