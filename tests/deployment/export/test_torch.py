"""Programs of PyTorch: they predict as the networks do that they are made of, and hold their columns."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.read import read_dataset
from mthn_automl.deployment.export.formats.torch import COLUMNS, unsupported, written
from mthn_automl.deployment.export.meaning import meaning_of_column
from mthn_automl.deployment.export.request import Request
from mthn_automl.errors import UnsupportedError, UsageError
from mthn_automl.training.mean import mean_of
from tests.contracts import zoo
from tests.contracts.test_export import with_random_tasks
from tests.contracts.test_task_networks import MLPS, untrained
from tests.deployment.few import frame, predictor, single

KINDS = (zoo.several_targets, zoo.binary, zoo.multiclass, zoo.ordinal, zoo.counts, zoo.missing_values, zoo.no_metadata)


@pytest.mark.parametrize("animal", KINDS)
def test_every_kind_of_problem_is_predicted_the_same(animal: Callable[[], Dataset]) -> None:
    found = written(Request(predictor(MLPS[0], animal), None, [animal()]))
    assert "It differs from predict by" in found.sentences[-1]


@pytest.mark.parametrize(
    ("name", "chosen"),
    [("hypernetwork", {"activation": "gelu", "normalisation": "layer"}), ("learned_context", {"residual": True})],
)
def test_hidden_units_are_those_of_the_network(name: str, chosen: dict[str, Any]) -> None:
    rows = zoo.planted()
    found = replace(predictor(MLPS[0], zoo.planted), model=untrained(name, rows, chosen))
    assert written(Request(found, None, [rows]))


@pytest.mark.parametrize("animal", [zoo.binary, zoo.multiclass])
def test_probabilities_have_the_temperature_of_the_model(animal: Callable[[], Dataset]) -> None:
    found = predictor(MLPS[0], animal)
    assert written(
        Request(replace(found, model=mean_of([found.model], temperature=2.5, tasks=len(found.tasks))), None, [animal()])
    )


def test_tasks_that_were_added_to_a_model_are_predicted_as_it_does() -> None:
    rows = zoo.planted()
    found = with_random_tasks(predictor(MLPS[0], zoo.planted), rows, single(MLPS[0], zoo.planted))
    added = replace(rows, tasks=found.tasks, task=len(rows.tasks) + rows.task % 2)
    assert written(Request(found, None, [added]))


def test_intervals_are_refused() -> None:
    with pytest.raises(UsageError, match="--interval must be with --format onnx, however the format is torch"):
        written(Request(predictor(MLPS[0], zoo.planted), interval=0.9))


def test_a_task_is_baked_into_a_program_without_other_tasks() -> None:
    found = written(Request(predictor(MLPS[0], zoo.missing_values), 1))
    assert "Inputs: 'numbers (float64)', 'categories (int64)'" in found.sentences[1]


def test_the_file_says_what_its_inputs_are() -> None:
    found = written(Request(predictor("ensemble of networks", zoo.missing_values)))
    more = {COLUMNS: ""}
    program = torch.export.load(BytesIO(found.content), extra_files=more).module()
    columns, rows = json.loads(more[COLUMNS]), zoo.missing_values()
    assert columns["tasks"] == list(rows.tasks.names)
    assert (columns["task_never_seen"], columns["exposure"]) == (-1, None)
    assert len(columns["numbers"]) == rows.features.numeric.shape[1]
    assert columns["meaning"]["xc0"]["missing"] == ["-1"]
    assert columns["meaning"]["x0"]["missing"] == ["NaN", "Infinity", "-Infinity"]
    given = torch.from_numpy(rows.features.numeric), torch.from_numpy(rows.features.codes), torch.from_numpy(rows.task)
    assert program(*given).shape == (len(rows), len(columns["outputs"]))


@pytest.mark.filterwarnings("ignore::mthn_automl.errors.UnknownWarning")
@pytest.mark.parametrize("cell", [math.nan, math.inf, -math.inf, -999.0, 0.5])
def test_numbers_that_count_as_missing_are_missing_as_in_predict(cell: float) -> None:
    found = predictor(MLPS[0], zoo.missing_values)
    found = replace(found, schema=replace(found.schema, missing=("n/a", "-999")))
    row = frame(zoo.missing_values).iloc[[3]].assign(x1=cell)
    given = found.read(row, allow_unknown=True)
    numbers = torch.from_numpy(given.features.numeric.copy())
    numbers[0, [each.name for each in found.schema.features if each.numeric].index("x1")] = cell
    program = torch.export.load(BytesIO(written(Request(found)).content)).module()
    told = program(numbers, torch.from_numpy(given.features.codes), torch.from_numpy(given.task)).item()
    assert told == pytest.approx(found.predict(row, allow_unknown=True)["prediction"].item(), abs=1e-6)


def test_the_file_says_what_numbers_of_dates_are_and_what_is_missing() -> None:
    rows = pd.DataFrame({"task": ["a", "b"] * 10, "x": np.arange(20.0), "day": pd.date_range("2020-03-01", periods=20)})
    schema = read_dataset(rows.assign(target=rows["x"]), missing=["-999"]).schema
    found = {each.name: meaning_of_column(each, schema.missing) for each in schema.features}
    assert found["x"].missing == ("NaN", "Infinity", "-Infinity", "-999")
    days = found["day (days)"]
    assert (days.written, days.unit, days.origin) == ("days since the origin, with a fraction", "days", "2020-03-01")
    assert found["day (weekday)"].written == "the day of the week, from 1 for Monday to 7"


@pytest.mark.parametrize("name", ["ensemble of both", "ridge"])
def test_what_is_no_network_is_named(name: str) -> None:
    model = predictor(name, zoo.planted)
    assert list(unsupported(model, None).values()) == ["Ridge is no network, and a PyTorch program is made of networks"]
    with pytest.raises(UnsupportedError, match="Ridge is no network"):
        written(Request(model))
