"""Raw columns as an exported model takes them: dates, names of several columns, metadata of new tasks."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest

from mthn_automl.data.columns.dates import PARTS
from mthn_automl.data.columns.dates import part_of as part_by_numpy
from mthn_automl.data.columns.form import Part
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.data.read import read_dataset
from mthn_automl.deployment.export.dates import MISSING, part_of
from mthn_automl.deployment.export.formats.onnx import written
from mthn_automl.deployment.export.graph import Graph
from mthn_automl.deployment.export.names import TaskNames, wanted_inputs
from mthn_automl.deployment.export.request import Request
from mthn_automl.deployment.export.whole import onnx_model
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.models.ridge import Ridge, RidgeSettings

DAYS = [
    "1000-01-01",
    "1582-10-15",
    "1600-02-29",
    "1899-12-31",
    "1900-03-01",
    "1969-12-31T23:59:59.999999",
    "1970-01-01",
]
DAYS += ["2000-02-29T13:45", "2023-12-31T23:59:59", "2024-02-29", "2024-03-01T00:00:00.000001", "9999-12-31T12"]


def session(model: Any) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


def stored(model: Any) -> dict[str, str]:
    """What is kept in the file beside the graph."""
    return {each.key: each.value for each in model.metadata_props}


@pytest.mark.parametrize("name", PARTS)
def test_parts_of_dates_are_those_of_training(name: str) -> None:
    random = np.random.default_rng(0).integers(-30_000_000, 250_000_000, 2000) * 1_000_000_007
    dates = np.concatenate([np.array([*DAYS, "NaT"], dtype="datetime64[us]"), random.view("datetime64[us]")])
    part, graph = Part(name, 19_000.0 if name == "days" else 0.0), Graph()
    graph.output("y", part_of(graph, part, graph.input("x", "int64", 1)), "double", 1)
    found = session(graph.model({})).run(None, {"x": dates.astype(np.int64)[:, np.newaxis]})[0]
    np.testing.assert_array_equal(found[:, 0], part_by_numpy(part, dates))
    assert np.datetime64("NaT", "us").astype(np.int64) == MISSING


def table(seed: int, tasks: pd.DataFrame, rows: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    chosen = tasks.loc[np.repeat(np.arange(len(tasks)), rows)].reset_index(drop=True)
    day = pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 900, len(chosen)), unit="D")
    return chosen.assign(
        x=random.normal(size=len(chosen)),
        day=day,
        colour=random.choice(["red", "green", "blue"], len(chosen)),
        target=random.normal(size=len(chosen)) + chosen.index % 5,
    )


TASKS = pd.DataFrame([(region, product) for region in ("n", "s / e", "w") for product in ("a", "b", "c")])
TASKS.columns = pd.Index(["region", "product"])
REGIONS = pd.DataFrame({"region": ["n", "s / e", "w", "far"], "rain": [1.0, 2.5, 4.0, 9.0], "soil": list("pqpq")})


def fitted(rows: Dataset) -> Predictor:
    model = Ridge(RidgeSettings(interactions=True))
    model.fit(rows, flags=Flags.of(rows), seed=0)
    return Predictor("ridge", rows.schema, rows.tasks, rows.spare, model, ("ridge-0",))


def inputs(predictor: Predictor, frame: pd.DataFrame, **more: Any) -> Mapping[str, Any]:
    found = dict(more)
    for each in wanted_inputs(predictor.schema, any_task=True):
        if each.column in frame:
            column = frame[each.column]
            values = column.astype("datetime64[us]").astype(np.int64) if each.kind == "int64" else column
            found[each.name] = values.to_numpy().astype(each.dtype)[:, np.newaxis]
    return found


@pytest.fixture(scope="module")
def of_regions() -> Predictor:
    """Tasks are named by two columns, and described by one of them."""
    return fitted(read_dataset(table(0, TASKS, 8), REGIONS, task=("region", "product"), target="target"))


@pytest.fixture(scope="module")
def new() -> pd.DataFrame:
    """Known tasks, new ones of known groups, and new groups."""
    others = pd.DataFrame([("n", "d"), ("far", "a"), ("nowhere", "a"), ("s / e", "z")], columns=TASKS.columns)
    rows = table(1, pd.concat([TASKS, others], ignore_index=True), 3).drop(columns="target")
    rows.loc[rows.index % 7 == 0, "x"] = np.nan
    return rows


def test_tasks_of_several_columns_dates_and_metadata_of_groups_are_as_in_predict(
    of_regions: Predictor, new: pd.DataFrame
) -> None:
    expected = of_regions.predict(new)["prediction"].to_numpy()
    found = session(onnx_model(of_regions)).run(None, inputs(of_regions, new))[0]
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-9)


@pytest.fixture(scope="module")
def odd() -> tuple[Predictor, pd.DataFrame]:
    """Cells that stand for other numbers, and cells that the user says are missing, in columns of every kind."""
    random, rows = np.random.default_rng(5), table(0, TASKS, 8).drop(columns="colour")
    rows = rows.assign(
        x=rows["x"].round(0),
        day=rows["day"] + pd.to_timedelta(random.integers(0, 3, len(rows)), unit="h"),
        flag=random.choice([True, False], len(rows)),
        clock=[f"{hour:02d}:30" for hour in random.integers(0, 24, len(rows))],
        age=random.choice(["10-20", "20-30", "65+"], len(rows)),
        share=[f"{value:.1f}%" for value in random.uniform(0, 100, len(rows))],
    )
    rows.loc[::7, "x"], rows.loc[::11, "day"] = -999.0, pd.Timestamp("2019-12-31")
    missing = ["0", "-999", "2019-12-31"]
    return fitted(read_dataset(rows, task=("region", "product"), target="target", missing=missing)), rows


def test_what_the_user_says_is_missing_is_so_in_columns_of_every_kind_and_in_no_part_of_a_date(
    odd: tuple[Predictor, pd.DataFrame],
) -> None:
    """Midnight is the hour 0, and false is the number 0, which are not the cell `0`."""
    predictor, rows = odd
    made = {"flag": rows["flag"].astype(float), "share": rows["share"].str.rstrip("%").astype(float)}
    made["age"] = rows["age"].map({"10-20": 15.0, "20-30": 25.0, "65+": 65.0})
    clock = pd.to_datetime("1900-01-01 " + rows["clock"])
    found = session(onnx_model(predictor)).run(None, inputs(predictor, rows.assign(**made, clock=clock)))[0]
    np.testing.assert_allclose(found[:, 0], predictor.predict(rows)["prediction"], rtol=1e-9)


def test_the_file_says_what_its_numbers_stand_for(odd: tuple[Predictor, pd.DataFrame]) -> None:
    """What is drawn to compare it by may be what is missing, too."""
    predictor, _ = odd
    told = {each["name"]: each for each in json.loads(stored(onnx_model(predictor))["inputs"])}
    assert {name: (each["written"], each["unit"]) for name, each in told.items() if each["kind"] == "double"} == {
        "x": ("numbers", None),
        "flag": ("1 for true, 0 for false", None),
        "age": ("middles of ranges (of open ones the limit)", None),
        "share": ("numbers", "%"),
    }
    assert (told["day"]["unit"], told["day"]["origin"]) == ("microseconds", "1970-01-01")
    assert "a time alone being one of 1900-01-01" in told["clock"]["written"]
    assert told["x"]["missing"] == ["NaN", "Infinity", "-Infinity", "-999", "0"]
    assert told["day"]["missing"] == [str(MISSING), str(pd.Timestamp("2019-12-31").value // 1000)]
    assert (told["region"]["role"], told["region"]["missing"]) == ("task", [])
    said = written(Request(predictor)).sentences[3]
    assert said.startswith("What to give: 'day': microseconds since 1970-01-01")
    assert "'age': middles of ranges" in said
    assert said.endswith("missing in 'x', 'day', 'clock', 'age', 'share', too. In the file `inputs` says it of each.")


def test_metadata_that_are_given_describe_new_tasks_and_leave_known_ones_alone(
    of_regions: Predictor, new: pd.DataFrame
) -> None:
    described = pd.DataFrame(
        {"region": ["nowhere", "n", "s / e", "w"], "rain": [3.0, 7.0, 7.0, 7.0], "soil": list("qqqq")}
    )
    expected = of_regions.predict(new, described)["prediction"].to_numpy()
    given = new.assign(**{name: new["region"].map(described.set_index("region")[name]) for name in ("rain", "soil")})
    given["soil"] = given["soil"].fillna("")
    run = session(onnx_model(of_regions))
    found = run.run(None, inputs(of_regions, given))[0][:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    without = run.run(None, inputs(of_regions, new))[0][:, 0]
    known = new.merge(TASKS, how="left", indicator=True)["_merge"].eq("both").to_numpy()
    np.testing.assert_array_equal(found[known], without[known])
    assert not np.allclose(found[~known], without[~known])


def test_an_input_that_would_have_the_name_of_another_is_named_after_its_role() -> None:
    rows = table(0, TASKS, 8).rename(columns={"x": "prediction"})
    found = wanted_inputs(read_dataset(rows, task=("region", "product"), target="target").schema, any_task=True)
    assert [each.name for each in found] == ["feature:prediction", "day", "colour", "region", "product"]


def test_names_of_tasks_are_looked_up_column_by_column() -> None:
    book = TaskNames.of(("one", "two"), ("a / x", "b / x", "a / y"))
    assert (book.parts, book.pairs) == ((("a", "b"), ("x", "y")), ({0: 0, 3: 1, 1: 2},))
    assert book.order == (0, 1, 2)
