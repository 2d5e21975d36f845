from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.read import read_dataset, read_rows
from mthn_automl.errors import DataError, MthnError, UsageError

GOOD = "task,x,word,target\na,1,p,1\na,2,q,2\nb,3,p,3\nb,4,q,4.5\n"
META = "task,size\na,1\nb,2\n"
CLASSES = GOOD.replace(",4.5", ",no").replace(",3\n", ",no\n").replace(",2\n", ",yes\n").replace(",1\n", ",yes\n")


def read(folder: Path, data: str, meta: str | None = None, **options: Any) -> Dataset:
    (folder / "data.csv").write_text(data)
    if meta is None:
        return read_dataset(folder / "data.csv", **options)
    (folder / "meta.csv").write_text(meta)
    return read_dataset(folder / "data.csv", folder / "meta.csv", **options)


def test_the_good_file_that_the_bad_ones_come_from_is_read(tmp_path: Path) -> None:
    assert len(read(tmp_path, GOOD, META)) == len(read(tmp_path, CLASSES)) == 4


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        pytest.param("", {}, "data.csv is empty", id="empty file"),
        pytest.param(GOOD.replace("x,word", "x,x"), {}, "'x' more than once", id="a column name twice"),
        pytest.param(
            GOOD.replace("task", "Tasks"), {}, "data.csv must have a column 'task'.*mean 'Tasks'", id="no task column"
        ),
        pytest.param(GOOD, {"task": "wrod"}, "column 'wrod'.* did you mean 'word'", id="task option misspelt"),
        pytest.param(GOOD.replace("target", "Target"), {}, "column 'target'.* did you mean 'Target'", id="no target"),
        pytest.param(GOOD, {"target": ["targte"]}, "column 'targte'.* mean 'target'", id="target option misspelt"),
        pytest.param(GOOD, {"target": ["task"]}, "both are 'task'", id="task as target"),
        pytest.param(
            "task,x,target\na,1,\nb,2,\n", {}, "no row of data.csv has one in 'target'", id="target all missing"
        ),
        pytest.param(
            GOOD.replace("4.5", "abc"), {"problem": "regression"}, "'target'.* line 5 of data.csv says 'abc'", id="text"
        ),
        pytest.param(
            GOOD.replace("4.5", "abc"),
            {"metric": "rmse"},
            "'target'.* line 5 of data.csv says 'abc'",
            id="text, metric",
        ),
        pytest.param(
            GOOD.replace("4.5", "abc"), {}, "for a target of numbers correct line 5 .* says 'abc'", id="text by mistake"
        ),
        pytest.param(
            GOOD.replace(",word", ",target2"), {"target": ["target", "target2"]}, "line 2 .*'p'", id="text of two"
        ),
        pytest.param("task,x,target\na,1,2\n", {}, "a single row", id="a single row"),
        pytest.param("task,x,target\na,1,2\na,1,\n", {}, "a single row", id="a single row with a target"),
        pytest.param("task,x,target\na,1,yes\n", {}, "a single row", id="a single row of a class"),
        pytest.param(GOOD.replace("b,3", ",3"), {}, "line 4 of data.csv has nothing in 'task'", id="no task name"),
        pytest.param(
            CLASSES + "b,5,q,maybe\n", {}, "'maybe' of 'target' occurs once, in line 6 of data.csv", id="class once"
        ),
        pytest.param(GOOD, {"metric": "accuracy"}, "occurs once.*--problem regression", id="numbers as classes"),
        pytest.param(CLASSES.replace("no", "yes"), {}, "'target' is 'yes' in every row", id="one class"),
        pytest.param("task,x,target\na,1,2\nb,2,2\n", {}, "'target' is 2 in every row", id="one value"),
        pytest.param(GOOD, {"problem": "binary"}, "two classes, however .* has 4", id="binary of four"),
        pytest.param(
            GOOD, {"target": ["x", "target"], "problem": "binary"}, "Only regression takes several", id="binary of two"
        ),
    ],
)
def test_bad_data_are_refused(tmp_path: Path, data: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message) as raised:
        read(tmp_path, data, **options)
    assert raised.value.exit_code == 3


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        pytest.param(META + "a,3\n", "'a' has line 2 of meta.csv and line 4 of meta.csv", id="a task twice"),
        pytest.param("task,size\n1,1\n1.0,2\n", "'1' has line 2", id="a task twice, written otherwise"),
        pytest.param(
            META.replace("task", "tsk"), "meta.csv must have a column 'task'.* mean 'tsk'", id="no task column"
        ),
        pytest.param(META + ",3\n", "line 4 of meta.csv has nothing in 'task'", id="no task name"),
        pytest.param(
            "task,size\nA,1\nB,2\n",
            "no task of meta.csv \\(such as 'A'\\) is one of data.csv \\(such as 'a'\\)",
            id="no task in common",
        ),
        pytest.param("task,size\n", "meta.csv has a header only", id="header only"),
    ],
)
def test_bad_metadata_are_refused(tmp_path: Path, meta: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(tmp_path, GOOD, meta)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"problem": "regresion"}, "did you mean 'regression'", id="problem"),
        pytest.param({"metric": "rsme"}, "did you mean 'rmse'", id="metric"),
    ],
)
def test_a_misspelt_option_is_refused(tmp_path: Path, options: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read(tmp_path, GOOD, **options)


def test_the_line_is_right_after_rows_were_dropped(tmp_path: Path) -> None:
    data = "task,x,target\na,1,\n\na,2,1\nb,3,2\nb,4,three\n"
    with pytest.raises(DataError, match=r"line 6 of data\.csv"):
        read(tmp_path, data, metric="mse")


def test_a_frame_is_refused_by_row() -> None:
    data = pd.read_csv(StringIO(GOOD.replace("4.5", "abc")))
    with pytest.raises(DataError, match="row 3 of the data says 'abc'"):
        read_dataset(data, problem="regression")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        pytest.param({"columns": ["task", "x", "x", "target"]}, "the data have 'x' more than once", id="a name twice"),
        pytest.param({"rows": 0}, "the data have none", id="no rows"),
        pytest.param({"x": float("inf")}, "'x' is infinite in row 0 of the data", id="infinite"),
    ],
)
def test_a_bad_frame_is_refused(changed: dict[str, Any], message: str) -> None:
    data = pd.read_csv(StringIO(GOOD)).head(changed.pop("rows", 4))
    data = data.set_axis(changed.pop("columns", data.columns), axis=1).assign(**changed)
    with pytest.raises(DataError, match=message):
        read_dataset(data)


@pytest.mark.parametrize(
    ("training", "new", "need_target", "message"),
    [
        pytest.param(
            GOOD, GOOD.replace("x,", "X,"), False, "column 'x' as in .* did you mean 'X'", id="feature missing"
        ),
        pytest.param(GOOD, GOOD.replace("task", "t"), False, "must have a column 'task'", id="task column missing"),
        pytest.param(
            GOOD, GOOD.replace("b,3", "b,three"), False, "line 4 of new.csv says 'three'", id="text as number"
        ),
        pytest.param(
            GOOD, GOOD.replace("b,3", ",3"), False, "line 4 of new.csv has nothing in 'task'", id="no task name"
        ),
        pytest.param(GOOD, GOOD.replace("target", "tgt"), True, "column 'target' to compare", id="target missing"),
        pytest.param(GOOD, GOOD.replace("4.5", "abc"), True, "line 5 of new.csv says 'abc'", id="target not a number"),
        pytest.param(
            CLASSES,
            CLASSES.replace(",no", ",maybe"),
            True,
            "seen in training, however line 4 of new.csv says 'maybe'; known: 'no', 'yes'",
            id="unknown class",
        ),
    ],
)
def test_new_rows_that_do_not_fit_are_refused(
    tmp_path: Path, training: str, new: str, need_target: bool, message: str
) -> None:
    known = read(tmp_path, training)
    (tmp_path / "new.csv").write_text(new)
    with pytest.raises(DataError, match=message):
        read_rows(
            tmp_path / "new.csv", schema=known.schema, tasks=known.tasks, spare=known.spare, need_target=need_target
        )


def test_every_refusal_is_an_error_of_this_package() -> None:
    assert issubclass(DataError, MthnError)
    assert issubclass(DataError, ValueError)
