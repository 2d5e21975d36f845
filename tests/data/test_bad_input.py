from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.read import read_dataset
from mthn_automl.errors import DataError, MthnError, UsageError
from tests.data.again import again

GOOD = "task,x,word,target\na,1,p,1\na,2,q,2\nb,3,p,3\nb,4,q,4.5\n"
META = "task,size\na,1\nb,2\n"
CLASSES = GOOD.replace(",4.5", ",no").replace(",3\n", ",no\n").replace(",2\n", ",yes\n").replace(",1\n", ",yes\n")
TEXT = GOOD.replace("4.5", "abc")
TWO = GOOD.replace(",word", ",target2")
GAPS = "task,x,target\na,1,\n\na,2,1\nb,3,2\nb,4,three\n"


def read(folder: Path, data: str, meta: str | None = None, **options: Any) -> Dataset:
    (folder / "data.csv").write_text(data)
    if meta is None:
        return read_dataset(folder / "data.csv", **options)
    (folder / "meta.csv").write_text(meta)
    return read_dataset(folder / "data.csv", folder / "meta.csv", **options)


def test_the_good_file_that_the_bad_ones_come_from_is_read(tmp_path: Path) -> None:
    assert len(read(tmp_path, GOOD, META)) == len(read(tmp_path, CLASSES)) == 4


BAD_DATA: dict[str, tuple[str, dict[str, Any], str]] = {
    "no task column": (GOOD.replace("task", "Tasks"), {}, "data.csv must have a column 'task'.*mean 'Tasks'"),
    "task option misspelt": (GOOD, {"task": "wrod"}, "column 'wrod'.* did you mean 'word'"),
    "no target": (GOOD.replace("target", "Target"), {}, "column 'target'.* did you mean 'Target'"),
    "target option misspelt": (GOOD, {"target": ["targte"]}, "column 'targte'.* mean 'target'"),
    "task as target": (GOOD, {"target": ["task"]}, "both are 'task'"),
    "target all missing": ("task,x,target\na,1,\nb,2,\n", {}, "no row of data.csv has one in 'target'"),
    "text": (TEXT, {"problem": "regression"}, "'target'.* line 5 of data.csv says 'abc'"),
    "text, metric": (TEXT, {"metric": "rmse"}, "'target'.* line 5 of data.csv says 'abc'"),
    "text by mistake": (TEXT, {}, "for a target of numbers correct line 5 .* says 'abc'"),
    "text of two": (TWO, {"target": ["target", "target2"]}, "line 2 .*'p'"),
    "text after rows were dropped": (GAPS, {"metric": "mse"}, r"line 6 of data\.csv"),
    "a single row": ("task,x,target\na,1,2\n", {}, "a single row"),
    "a single row with a target": ("task,x,target\na,1,2\na,1,\n", {}, "a single row"),
    "a single row of a class": ("task,x,target\na,1,yes\n", {}, "a single row"),
    "no task name": (GOOD.replace("b,3", ",3"), {}, "line 4 of data.csv has nothing in 'task'"),
    "numbers as classes": (GOOD, {"metric": "accuracy"}, "occur once.*--problem regression"),
    "one class": (CLASSES.replace("no", "yes"), {}, "'target' is 'yes' in every row"),
    "one value": ("task,x,target\na,1,2\nb,2,2\n", {}, "'target' is 2 in every row"),
    "binary of four": (GOOD, {"problem": "binary"}, "two classes, however .* has 4"),
    "binary of two": (GOOD, {"target": ["x", "target"], "problem": "binary"}, "Only regression takes several"),
}


@pytest.mark.parametrize(("data", "options", "message"), BAD_DATA.values(), ids=BAD_DATA)
def test_bad_data_are_refused(tmp_path: Path, data: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message) as raised:
        read(tmp_path, data, **options)
    assert raised.value.exit_code == 3
    assert {MthnError, ValueError} <= set(type(raised.value).__mro__)


BAD_METADATA = {
    "a task twice": (META + "a,3\n", "'a' has line 2 of meta.csv and line 4 of meta.csv"),
    "a task twice, written otherwise": ("task,size\n1,1\n1.0,2\n", "'1' has line 2"),
    "no task column": (META.replace("task", "tsk"), "meta.csv must have a column 'task'.* mean 'tsk'"),
    "no task name": (META + ",3\n", "line 4 of meta.csv has nothing in 'task'"),
    "no task in common": (
        "task,size\nA,1\n",
        r"no task of meta.csv \(such as 'A'\) is one of data.csv \(such as 'a'\)",
    ),
    "header only": ("task,size\n", "at least one row, however meta.csv has none"),
}


@pytest.mark.parametrize(("meta", "message"), BAD_METADATA.values(), ids=BAD_METADATA)
def test_bad_metadata_are_refused(tmp_path: Path, meta: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(tmp_path, GOOD, meta)


def test_a_misspelt_option_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'regression'"):
        read(tmp_path, GOOD, problem="regresion")
    with pytest.raises(UsageError, match="did you mean 'rmse'"):
        read(tmp_path, GOOD, metric="rsme")


def test_a_bad_frame_is_refused_by_row() -> None:
    good = pd.read_csv(StringIO(GOOD))
    for data, message in (
        (pd.read_csv(StringIO(TEXT)), "row 3 of the data says 'abc'"),
        (good.set_axis(["task", "x", "x", "target"], axis=1), "the data has 'x' more than once"),
        (good.head(0), "the data has none"),
        (good.assign(x=1e101), r"column 'x' is beyond in row 0 of the data"),
    ):
        with pytest.raises(DataError, match=message):
            read_dataset(data, problem="regression")


NEW: dict[str, tuple[str, str, bool, str]] = {
    "feature missing": (GOOD, GOOD.replace("x,", "X,"), False, "column 'x' as in .* did you mean 'X'"),
    "task column missing": (GOOD, GOOD.replace("task", "t"), False, "must have a column 'task'"),
    "text as number": (GOOD, GOOD.replace("b,3", "b,three"), False, "line 4 of new.csv says 'three'"),
    "no task name": (GOOD, GOOD.replace("b,3", ",3"), False, "line 4 of new.csv has nothing in 'task'"),
    "target missing": (GOOD, GOOD.replace("target", "tgt"), True, "column 'target' to compare"),
    "target not a number": (GOOD, TEXT, True, "line 5 of new.csv says 'abc'"),
    "unknown class": (
        *(CLASSES, CLASSES.replace(",no", ",maybe"), True),
        "seen in training, however line 4 of new.csv says 'maybe'; known: 'no', 'yes'",
    ),
}


@pytest.mark.parametrize(("training", "new", "need_target", "message"), NEW.values(), ids=NEW)
def test_new_rows_that_do_not_fit_are_refused(
    tmp_path: Path, training: str, new: str, need_target: bool, message: str
) -> None:
    known, path = read(tmp_path, training), tmp_path / "new.csv"
    path.write_text(new)
    with pytest.raises(DataError, match=message):
        again(known, path, need_target=need_target)


def test_a_column_has_no_two_roles_that_contradict_each_other() -> None:
    frame = pd.DataFrame({"task": ["a", "b"] * 6, "x": range(12), "target": [k / 7 for k in range(12)]})
    for asked, is_what in (
        ({"group": "target"}, "--group must name another column, however 'target' is a target"),
        ({"time": "target"}, "--time must name another column"),
        ({"ignore": ["task"]}, "--ignore must name another column, however 'task' is the task"),
    ):
        with pytest.raises(UsageError, match=is_what):
            read_dataset(frame, **asked)
