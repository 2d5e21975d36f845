"""Predictions with a loaded hypernetwork of 1,000 tasks: a million rows from arrays, and one row as a dict."""

import tempfile
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from figures import Found
from made_data import made_dataset
from measuring import Spread, Taken, Way, interleaved, timed
from stepping import EMBEDDING, PAPER

from mthn_automl import catalogue
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.deployment.model_folder import load_model, write_model
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.models.hypernetwork import Hypernetwork
from mthn_automl.training.encode import encode
from mthn_automl.training.members import Pack
from mthn_automl.training.networks import Networks
from mthn_automl.tuning.trial_model import TrialModel

TASKS = 1_000
SEVERAL, FOLDS = 3, 5
SETTINGS = {"task_input": "embedding", "embedding_size": EMBEDDING, "extractor_layers": 1, "width": 32, "depth": 3}


@cache
def loaded(networks: int, folds: int = 1) -> Predictor:
    """The mean of so many networks of each fold, saved and loaded again; they are untrained, which costs the same."""
    dataset = made_dataset(20 * TASKS, TASKS)
    data = encode(dataset, np.full(len(dataset), -1), Flags.of(dataset))
    metadata = torch.zeros(networks, TASKS, 0)
    pack = Pack.build(lambda: Hypernetwork(data.shape, PAPER), range(networks), metadata, present_only=True)
    models = (Networks(pack, data.encoders[0], data.problem),) * folds
    trial = TrialModel(catalogue.read("hypernetwork"), 0, SETTINGS, models, TASKS)
    with tempfile.TemporaryDirectory() as folder:
        write_model(Path(folder) / "model", trial.name, [(trial, 1.0)], dataset, _METRICS)
        return load_model(Path(folder))


_METRICS: dict[str, Any] = {"metric": "rmse", "cv_error": 1.0, "test_error": None}


def predict_rows_per_second(quick: bool) -> Found:
    """From arrays in double precision, tasks as numbers and in no order."""
    given = made_dataset(20_000 if quick else 1_000_000, TASKS)
    ways = {
        "one network": _predicting(loaded(1), given, given.task),
        "mean of three": _predicting(loaded(SEVERAL), given, given.task),
        "mean of five folds of three": _predicting(loaded(SEVERAL, FOLDS), given, given.task),
        "one network, tasks by name": _predicting(loaded(1), given, np.array(given.tasks.names, object)[given.task]),
    }
    found = {name: _a_second(each, len(given)) for name, each in interleaved(ways, 2 if quick else 7).items()}
    return Found.of(found.pop("one network"), found)


def _predicting(predictor: Predictor, given: Dataset, task: Any) -> Way:
    work = partial(predictor.predict_arrays, given.features.numeric, task)
    work()
    return Way(partial(timed, work), 1)


def _a_second(taken: list[Taken], rows: int) -> Spread:
    return Spread.of([rows / each.wall for each in taken])


def single_row_microseconds(quick: bool) -> Found:
    """`predict_one` of a dict, each time another of 100 rows of 100 tasks, which have been asked for before."""
    given = made_dataset(TASKS, TASKS)
    rows = [_as_dict(given, number) for number in range(100)]
    seconds = 0.02 if quick else 0.2
    ways = {
        "mean of three": Way.filling(_one_by_one(loaded(SEVERAL), rows), seconds),
        "mean of five folds of three": Way.filling(_one_by_one(loaded(SEVERAL, FOLDS), rows), seconds),
        "one network": Way.filling(_one_by_one(loaded(1), rows), seconds),
        "an array, one network": Way.filling(_one_by_one(loaded(1), rows, as_array=True), seconds),
    }
    taken = interleaved(ways, 2 if quick else 11)
    found = {name: Spread.of([1e6 * each.wall / len(rows) for each in times]) for name, times in taken.items()}
    return Found.of(found.pop("mean of three"), found)


def _as_dict(given: Dataset, number: int) -> dict[str, Any]:
    names = (column.name for column in given.schema.features)
    values = dict(zip(names, given.features.numeric[number].tolist(), strict=True))
    return {"task": given.tasks.names[given.task[number]], **values}


def _one_by_one(predictor: Predictor, rows: list[dict[str, Any]], as_array: bool = False) -> Any:
    arrays = [(np.array([value for name, value in row.items() if name != "task"]), row["task"]) for row in rows]

    def work() -> None:
        if as_array:
            for values, task in arrays:
                predictor.predict_one(values, task)
        else:
            for row in rows:
                predictor.predict_one(row)

    return work
