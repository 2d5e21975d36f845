"""Makes anew the model that lies beside it, and what it predicts: python -m tests.deployment.stored.make

For when the format of model folders has changed; what is stored is of the format before, and would then be refused.
"""

import json
from pathlib import Path

import pandas as pd

from mthn_automl import catalogue
from mthn_automl.data.problems import planted
from mthn_automl.data.read import read_dataset
from mthn_automl.deployment.card import Origin
from mthn_automl.deployment.model_folder import load_model, write_model
from mthn_automl.tuning.objective import Objective
from mthn_automl.tuning.trial_model import TrialModel
from tests.tuning import toys

HERE = Path(__file__).parent
MODEL, ROWS, PREDICTIONS = HERE / "model", HERE / "rows.csv", HERE / "predictions.json"
MEMBERS = {
    "hypernetwork": (0.75, {"task_input": "both", "embedding_size": 2, "width": 8, "depth": 1}),
    "ridge": (0.25, {"alpha": 2.0, "task": "slopes"}),
}


def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows and metadata of four tasks, with columns of every kind: numbers, dates, truth values, categories, gaps."""
    data, meta = planted(tasks=4, rows=12, metadata=1)
    number = range(len(data))
    data["day"] = pd.to_datetime("2024-01-01") + pd.to_timedelta([7 * each % 90 for each in number], unit="D")
    data["colour"] = [("red", "green", None)[each % 3] for each in number]
    data["open"] = [each % 2 == 0 for each in number]
    data.loc[data.index[5], "x1"] = None
    return data, meta.assign(region=["north", "south", "north", "south"])


def make(model: Path) -> None:
    """Trains the members and saves them."""
    dataset = read_dataset(*tables())
    search_data, members = toys.search_data(dataset, metric="rmse"), []
    for number, (name, (weight, settings)) in enumerate(MEMBERS.items()):
        configuration = toys.configuration(name, settings)
        models = Objective(search_data, toys.plan(seeds=1, epochs=20))(configuration).models
        members.append((TrialModel(catalogue.read(name), number, settings, tuple(models), len(dataset.tasks)), weight))
    origin = Origin(("Data: made by tests/deployment/stored/make.py",), (), "none", "No row was held out as test.")
    write_model(model, "ensemble", members, dataset, {"metric": "rmse"}, origin=origin)


def rows() -> pd.DataFrame:
    """Of each task one, and one of a task never seen."""
    data = tables()[0].iloc[[0, 5, 17, 30, 44]]
    return pd.concat([data, data.tail(1).assign(task="elsewhere")]).drop(columns="target")


def main() -> None:
    make(MODEL)
    rows().to_csv(ROWS, index=False)
    predictions = load_model(MODEL).predict(ROWS)["prediction"]
    PREDICTIONS.write_text(json.dumps(predictions.tolist(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
