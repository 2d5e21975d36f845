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
CLASSES = "task,x,label\n" + "".join(f"{t},{i},{('no', 'yes')[i % 2]}\n" for t in "abc" for i in range(6))
META = "task,size\na,1\nb,2\nc,4\n"
SEARCH = ("search", "data.csv", "--output", "run", "--runner", "local", "--trials", "1", "--architectures", "ridge")
Files = dict[str, str | bytes]


@pytest.fixture(autouse=True)
def _the_good_files(tmp_path: Path) -> None:
    write(tmp_path, {"data.csv": GOOD, "meta.csv": META})


def write(folder: Path, files: Files) -> None:
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def assert_refused(ended: Ended, code: int, message: str) -> None:
    """One line, beginning with the program's name; no traceback; nothing on stdout."""
    assert (ended.code, ended.out) == (code, "")
    assert re.fullmatch(r"mthn-automl: [^\n]+\n", ended.err), ended.err
    assert re.search(message, ended.err), ended.err


BAD_DATA = [
    pytest.param({}, ["search", "absent.csv"], r"absent\.csv does not exist", id="no such file"),
    pytest.param({}, ["search", "."], r"is a folder", id="a folder in place of a file"),
    pytest.param({"data.csv": ""}, SEARCH, r"data\.csv is empty", id="an empty file"),
    pytest.param({"data.csv": "task,x,target\n"}, SEARCH, r"data\.csv has a header only", id="a header only"),
    pytest.param(
        {"data.csv": GOOD.replace("task", "taks", 1)},
        SEARCH,
        r"data\.csv must have a column 'task' .* did you mean 'taks'\?",
        id="no task column",
    ),
    pytest.param({}, [*SEARCH, "--task", "wrod"], r"column 'wrod' .* did you mean 'word'\?", id="--task misspelt"),
    pytest.param(
        {"data.csv": GOOD.replace("target", "y", 1)}, SEARCH, r"data\.csv must have a column 'target'", id="no target"
    ),
    pytest.param({}, [*SEARCH, "--target", "tarqet"], r"'tarqet' .* mean 'target'\?", id="--target misspelt"),
    pytest.param(
        {"data.csv": "task,x,target\na,1,\nb,2,\n"},
        SEARCH,
        r"no row of data\.csv has one in 'target'",
        id="a target that is all missing",
    ),
    pytest.param(
        {"data.csv": GOOD.replace("16.5", "high", 1)},
        [*SEARCH, "--problem", "regression"],
        r"'target' .* line 6 of data\.csv says 'high'",
        id="text in the target of an explicit regression",
    ),
    pytest.param(
        {"data.csv": GOOD.replace("16.5", "high", 1)},
        [*SEARCH, "--metric", "mae"],
        r"'target' .* line 6 of data\.csv says 'high'",
        id="text in the target of a regression metric",
    ),
    pytest.param({"data.csv": "task,x,target\na,1,2\n"}, SEARCH, r"data\.csv has a single row", id="a single row"),
    pytest.param(
        {"meta.csv": META + "b,3\n"},
        [*SEARCH, "--meta", "meta.csv"],
        r"'b' has line 3 of meta\.csv and line 5 of meta\.csv",
        id="a task twice in the metadata",
    ),
    pytest.param(
        {"meta.csv": "task,size\nA,1\nB,2\n"},
        [*SEARCH, "--meta", "meta.csv"],
        r"no task of meta\.csv \(such as 'A'\) is one of data\.csv \(such as 'a'\)",
        id="metadata that match no task",
    ),
    pytest.param({}, [*SEARCH, "--meta", "absent.csv"], r"absent\.csv does not exist", id="no such metadata"),
    pytest.param(
        {"data.csv": GOOD.replace("x,word", "x,x", 1)},
        SEARCH,
        r"line 1 of .*data\.csv has 'x' more than once",
        id="a column name twice",
    ),
    pytest.param(
        {"data.csv": CLASSES + "a,9,maybe\n"},
        SEARCH,
        r"'maybe' of 'label' occurs once, in line 20 of data\.csv",
        id="a class that occurs once",
    ),
    pytest.param(
        {"data.csv": GOOD.replace("p", "\xe9", 1).encode("latin-1")},
        SEARCH,
        r"line 2 of .*data\.csv is not; save it again as UTF-8",
        id="not UTF-8",
    ),
    pytest.param({"data.csv": GOOD + "a,1\n"}, SEARCH, r"line 17 of .*data\.csv has 2", id="a line with too few cells"),
    pytest.param(
        {"data.csv": GOOD.replace("a,0", ",0", 1)}, SEARCH, r"line 2 of data\.csv has nothing in 'task'", id="no name"
    ),
    pytest.param(
        {"test.csv": "task,x,target\na,1,1\n"}, [*SEARCH, "--test", "test.csv"], r"test\.csv .*'word'", id="t"
    ),
    pytest.param({}, [*SEARCH, "--test", "absent.csv"], r"absent\.csv does not exist", id="no such test file"),
]


@pytest.mark.parametrize(("files", "words", "message"), BAD_DATA)
def test_bad_data_end_in_one_sentence_and_exit_code_3(
    tmp_path: Path, files: Files, words: Sequence[str], message: str
) -> None:
    write(tmp_path, files)
    before = files_in(tmp_path)
    assert_refused(in_process(tmp_path, *words, "--quiet"), 3, message)
    assert files_in(tmp_path) == before
    assert {path.name for path in tmp_path.iterdir()} == set(before)


def test_without_quiet_the_sentence_comes_last(tmp_path: Path) -> None:
    ended = in_process(tmp_path, "search", "absent.csv")
    said = ended.err.splitlines()
    assert (ended.code, ended.out) == (3, "")
    assert [line.startswith("mthn-automl: ") for line in said] == [False] * (len(said) - 1) + [True]
    assert not (tmp_path / "mthn_runs").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["serach"], r"No such command 'serach'.* 'search'", id="unknown command"),
        pytest.param(["search"], r"Missing argument 'data'", id="no data"),
        pytest.param([*SEARCH, "--trails", "3"], r"No such option: --trails .*--trials", id="unknown option"),
        pytest.param([*SEARCH, "--trials", "many"], r"'--trials'.* integer", id="trials that are no number"),
        pytest.param([*SEARCH, "--trials", "0"], r"--trials must be at least 1, however it is 0", id="no trials"),
        pytest.param([*SEARCH, "--folds", "0"], r"--folds must be at least 1, however it is 0", id="no folds"),
        pytest.param([*SEARCH, "--seeds", "0"], r"--seeds must be at least 1", id="no seeds"),
        pytest.param([*SEARCH, "--workers", "0"], r"--workers must be at least 1", id="no workers"),
        pytest.param([*SEARCH, "--workers", "2"], r"local runner has one worker", id="a local runner of two"),
        pytest.param([*SEARCH, "--architectures", "hypernet"], r"did you mean 'hypernetwork'\?", id="architecture"),
        pytest.param([*SEARCH, "--architectures", ","], r"At least one architecture", id="no architecture"),
        pytest.param([*SEARCH, "--time-limit", "soon"], r"90s, 10m or 1h30m .*'soon'", id="time limit in words"),
        pytest.param([*SEARCH, "--time-limit", "0"], r"above 0, however it is '0'", id="no time"),
        pytest.param([*SEARCH, "--metric", "rsme"], r"did you mean 'rmse'\?", id="unknown metric"),
        pytest.param([*SEARCH, "--average", "row"], r"--average .* did you mean 'rows'\?", id="unknown average"),
        pytest.param([*SEARCH, "--problem", "regresion"], r"did you mean 'regression'\?", id="unknown problem"),
        pytest.param(
            [*SEARCH, "--runner", "nonsense"], r"--runner must be one of ray, local; found 'nonsense'", id="r"
        ),
        pytest.param([*SEARCH, "--test-fraction", "1"], r"--test-fraction must be .* below 1", id="all rows as test"),
        pytest.param(
            [*SEARCH, "--problem", "regression", "--metric", "f1"],
            r"--metric must suit the problem, however 'f1' is not for regression; known: rmse",
            id="a metric for classes of a regression",
        ),
        pytest.param([*SEARCH, "--space", "absent.toml"], r"absent\.toml must be a readable TOML file", id="no space"),
        pytest.param(["architectures", "ridg"], r"did you mean 'ridge'\?", id="an unknown architecture shown"),
        pytest.param(["example", "cubik", "new"], r"did you mean 'cubic'\?", id="an unknown example"),
        pytest.param(["resume", "absent"], r"absent must be a run folder", id="resume of no run"),
        pytest.param(["leaderboard", "absent"], r"absent must be a finished run", id="leaderboard of no run"),
    ],
)
def test_wrong_use_ends_in_one_sentence_and_exit_code_2(tmp_path: Path, words: Sequence[str], message: str) -> None:
    before = files_in(tmp_path)
    quiet = ["--quiet"] if words[:1] == ["search"] and len(words) > 1 else []
    assert_refused(in_process(tmp_path, *words, *quiet), 2, message)
    assert files_in(tmp_path) == before
    assert {path.name for path in tmp_path.iterdir()} == set(before)


SPACE = 'format = 1\nfamily = "classical"\narchitecture = "mthn_automl.models.ridge:Ridge"\n'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("format = \n", r"mine\.toml must be a readable TOML file", id="not TOML"),
        pytest.param(SPACE.replace("1", "7"), r"mine\.toml: format must be 1, however it is 7", id="a newer format"),
        pytest.param(SPACE.replace("classical", "new"), r"mine\.toml: family .*'new'", id="unknown family"),
        pytest.param(SPACE.replace("ridge:R", "rigde:R"), r"mine\.toml: .*mthn_automl\.models\.rigde", id="no module"),
        pytest.param(SPACE.replace(":Ridge", ":Rigde"), r"mine\.toml: .*Rigde", id="no such class"),
        pytest.param(
            SPACE + '[parameters.alpha]\ntype = "flaot"\n', r"mine\.toml.*alpha.*type must be .*'flaot'", id="type"
        ),
        pytest.param(
            SPACE + '[parameters.alpha]\ntype = "float"\nlow = 2.0\nhigh = 1.0\n', r"alpha.* low < high", id="range"
        ),
    ],
)
def test_a_bad_search_space_ends_in_one_sentence_and_exit_code_2(tmp_path: Path, content: str, message: str) -> None:
    write(tmp_path, {"mine.toml": content})
    before = files_in(tmp_path)
    ended = in_process(tmp_path, *SEARCH[:-1], "mine", "--space", "mine.toml", "--quiet")
    assert_refused(ended, 2, message)
    assert files_in(tmp_path) == before
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("inside", "advice"),
    [
        pytest.param("notes.txt", "name another one", id="something else"),
        pytest.param("config.resolved.toml", "`mthn-automl resume run` goes on with it", id="a run"),
    ],
)
def test_an_output_folder_with_something_in_it_is_not_touched(tmp_path: Path, inside: str, advice: str) -> None:
    (tmp_path / "run").mkdir()
    write(tmp_path / "run", {inside: "mine"})
    before = files_in(tmp_path)
    assert_refused(in_process(tmp_path, *SEARCH, "--quiet"), 2, f"run has something in it; {advice}")
    assert files_in(tmp_path) == before


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fitted")
    write(folder, {"data.csv": GOOD, "meta.csv": META})
    ended = in_process(folder, *SEARCH, "--meta", "meta.csv", "--folds", "2", "--quiet")
    assert (ended.code, ended.err) == (0, "")
    return folder / "run"


@pytest.mark.parametrize(
    ("files", "words", "message"),
    [
        pytest.param({"new.csv": GOOD.replace(",x,", ",X,", 1)}, [], r"new\.csv .*'x' .*mean 'X'\?", id="no feature"),
        pytest.param({"new.csv": GOOD.replace("task", "t", 1)}, [], r"new\.csv .* column 'task'", id="no task column"),
        pytest.param({"new.csv": GOOD.replace("b,3", "b,?")}, [], r"line 10 of new\.csv says '\?'", id="text"),
        pytest.param({}, [], r"new\.csv does not exist", id="no such file"),
        pytest.param(
            {"new.csv": GOOD.replace("a,", "z,"), "m.csv": "task,mass\nz,1\n"},
            ["--meta", "m.csv"],
            r"m\.csv .* column 'size'",
            id="metadata of other columns",
        ),
    ],
)
def test_predict_refuses_bad_data_with_exit_code_3(
    run: Path, tmp_path: Path, files: Files, words: Sequence[str], message: str
) -> None:
    write(tmp_path, files)
    ended = in_process(tmp_path, "predict", run, "new.csv", "--output", "predictions.csv", *words)
    assert_refused(ended, 3, message)
    assert not (tmp_path / "predictions.csv").exists()


def test_predict_refuses_a_folder_that_is_no_model(tmp_path: Path) -> None:
    ended = in_process(tmp_path, "predict", tmp_path, "data.csv")
    assert_refused(ended, 2, r"must be a model folder with a config\.json, or a run with a model/")


def test_predict_refuses_a_newer_format(run: Path, tmp_path: Path) -> None:
    config = json.loads((run / "model" / "config.json").read_text())
    write(tmp_path, {"config.json": json.dumps({**config, "format": 99, "version": "9.9"})})
    assert_refused(in_process(tmp_path, "predict", tmp_path, "data.csv"), 1, r"install mthn-automl 9\.9 or newer")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        pytest.param(
            {"data.csv": re.sub(r"^[bc],.*\n", "", GOOD, flags=re.MULTILINE)},
            "There is one task only, so there is nothing to share between tasks.",
            id="one task only",
        ),
        pytest.param(
            {"data.csv": GOOD.replace("16.5", "", 2)},
            "data.csv: 2 rows dropped because the target is missing.",
            id="rows without a target",
        ),
        pytest.param(
            {"data.csv": GOOD + "d,1,p,3\nd,2,q,4\ne,1,p,5\n"},
            "2 tasks have fewer than 3 rows: their 3 rows stay in training.",
            id="tasks of fewer than three rows",
        ),
    ],
)
def test_what_is_allowed_is_said_and_searched(tmp_path: Path, files: Files, said: str) -> None:
    write(tmp_path, files)
    ended = in_process(tmp_path, *SEARCH, "--folds", "2")
    assert ended.code == 0, ended.err
    assert said in ended.err.splitlines()
    assert said in json.loads((tmp_path / "run" / "summary.json").read_text())["data"]["notes"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        pytest.param(["search", "absent.csv", "--quiet"], 3, r"absent\.csv does not exist", id="bad data"),
        pytest.param(["search", "data.csv", "--time-limit", "soon", "--quiet"], 2, "'soon'", id="wrong use"),
        pytest.param(["predict", ".", "data.csv"], 2, r"config\.json", id="no model"),
    ],
)
def test_the_installed_command_ends_the_same_way(tmp_path: Path, words: Sequence[str], code: int, message: str) -> None:
    before = files_in(tmp_path)
    assert_refused(as_process(tmp_path, *words), code, message)
    assert files_in(tmp_path) == before


def test_debug_adds_the_traceback_before_the_sentence(tmp_path: Path) -> None:
    ended = in_process(tmp_path, "--debug", "search", "absent.csv", "--quiet")
    assert ended.code == 3
    assert ended.err.startswith("Traceback ")
    assert ended.err.splitlines()[-1].startswith("mthn-automl: ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["--seed", "-1"], r"--seed must be at least 0", id="seed below 0"),
        pytest.param(["--output", "given/data.csv/run"], r"must be a folder to write in", id="output below a file"),
    ],
)
def test_what_only_the_system_could_refuse_is_wrong_use(tmp_path: Path, words: Sequence[str], message: str) -> None:
    assert in_process(tmp_path, "example", "cubic", "given").code == 0
    ended = in_process(tmp_path, "search", "given/data.csv", "--runner", "local", "--quiet", *words)
    assert_refused(ended, 2, message)
