"""Small data, search spaces and a model that misbehaves on purpose; worker processes can import all of it."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from mthn_automl import catalogue
from mthn_automl.catalogue import SpaceFile
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.problems import cubic
from mthn_automl.data.read import read_dataset
from mthn_automl.data.splits import within_tasks
from mthn_automl.models.base import Classical, Size, Traits
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.training.fit import Schedule
from mthn_automl.tuning.objective import Configuration, Objective, SearchData
from mthn_automl.tuning.plan import Plan
from mthn_automl.tuning.results import TrialResult
from mthn_automl.tuning.rungs import Rung

Behaviour = Literal["good", "raises", "dies", "dies once", "slow", "hangs", "infinite"]
HOUR = 3600.0


@dataclass(frozen=True)
class ToySettings:
    """offset: what is added to the mean, so that the best one is 0."""

    offset: float = 0.0
    behaviour: Behaviour = "good"


class Toy(Classical):
    """Predicts the mean plus an offset; what else it does as it learns, its behaviour says.

    `dies once` needs a folder in TOY_FOLDER, `slow` takes TOY_SECONDS a fit, `hangs` an hour.
    """

    Settings: ClassVar[type] = ToySettings

    @classmethod
    def traits(cls, shape: ProblemShape, settings: ToySettings) -> Traits:
        return Traits(uses_task=False, uses_metadata=False)

    def learn(self, training: Dataset, *, seed: int) -> None:
        match self.settings.behaviour:
            case "raises":
                raise ValueError("the toy is broken")
            case "dies":
                os._exit(1)
            case "dies once":
                _die_once(Path(os.environ["TOY_FOLDER"]) / "died")
            case "slow":
                time.sleep(float(os.environ.get("TOY_SECONDS", "0.2")))
            case "hangs":
                time.sleep(HOUR)
        self.mean = training.target.mean(axis=0) + self.settings.offset

    def scores(self, rows: Dataset) -> FloatArray:
        value = self.mean + (np.inf if self.settings.behaviour == "infinite" else 0.0)
        return np.tile(self.encoder.target.standardised(value), (len(rows), 1))

    def size(self) -> Size:
        return Size(1, 1, 0)

    def learnt(self) -> dict[str, Any]:
        return {"mean": self.mean}

    def take_over(self, learnt: Mapping[str, Any]) -> None:
        self.mean = learnt["mean"]


def _die_once(mark: Path) -> None:
    if not mark.exists():
        mark.touch()
        os._exit(1)


TOY = """
format = 1
architecture = "tests.tuning.toys:Toy"
family = "classical"
parameters.offset = {{ type = "float", low = 0.0, high = 1.0 }}
parameters.behaviour = {{ type = "categorical", choices = ["{behaviour}"] }}
first_trials = [{{ offset = 0.5 }}]
"""

QUICK_POOLED = """
format = 1
architecture = "mthn_automl.models.pooled:Pooled"
family = "neural"
first_trials = [{starts}]
parameters.use_metadata = {{ type = "categorical", choices = [true, false], needs = "metadata" }}
parameters.width = {{ type = "categorical", choices = [8, 16] }}
training.learning_rate = {{ type = "float", low = {low}, high = {high}, scale = "log" }}
"""


def written(path: Path, text: str) -> SpaceFile:
    """The text as a search space file, read."""
    path.write_text(text, encoding="utf-8")
    return catalogue.read_file(path)


def toy_space(folder: Path, behaviour: Behaviour = "good", name: str = "toy") -> SpaceFile:
    return written(folder / f"{name}.toml", TOY.format(behaviour=behaviour))


def rates_space(folder: Path, rates: Sequence[float], name: str = "rates") -> SpaceFile:
    """A quick network whose first trials have these learning rates, in turn."""
    starts = ", ".join(f"{{ width = 8, learning_rate = {rate} }}" for rate in rates)
    return written(folder / f"{name}.toml", QUICK_POOLED.format(starts=starts, low=min(rates), high=max(rates)))


def pooled_space(folder: Path, low: float = 1e-3, high: float = 1e-1, name: str = "quick_pooled") -> SpaceFile:
    return written(folder / f"{name}.toml", QUICK_POOLED.format(starts="", low=low, high=high))


def cubic_dataset(tasks: int = 4, rows: int = 12, *, metadata: bool = True) -> Dataset:
    data, meta = cubic(tasks=tasks, rows=rows)
    return read_dataset(data, meta if metadata else None)


def search_data(dataset: Dataset | None = None, folds: int = 2, metric: str = "rmse") -> SearchData:
    rows = cubic_dataset() if dataset is None else dataset
    return SearchData(rows, within_tasks.deal(rows, folds, 0), metric, "rows")


def plan(folds: int = 2, seeds: int = 1, epochs: int = 8) -> Plan:
    return Plan(folds, seeds, Schedule(batch=16, max_epochs=epochs, patience=4, check_every=1))


def plan_with_rungs(*rungs: int, epochs: int) -> Plan:
    """One in which every network trains for all epochs, so that every rung is reached."""
    return Plan(2, 1, Schedule(batch=16, max_epochs=epochs, patience=epochs, check_every=1, rungs=rungs))


def endless_plan() -> Plan:
    """One that only a deadline ends."""
    return Plan(2, 1, Schedule(batch=16, max_epochs=1_000_000, patience=1_000_000, check_every=1))


def configuration(
    space: SpaceFile | str, settings: Mapping[str, Any] = {}, training: Mapping[str, Any] = {}, seed: int = 0
) -> Configuration:
    file = catalogue.read(space) if isinstance(space, str) else space
    return Configuration(file, dict(settings), dict(training), seed)


def result(error: float = 1.0, architecture: str = "toy", **changed: Any) -> TrialResult:
    """A result as an objective would give it."""
    values: dict[str, Any] = {
        "architecture": architecture,
        "settings": {"offset": 0.5, "behaviour": "good"},
        "error": error,
        "error_rows": error,
        "error_tasks": error,
        "fold_errors": (error, error),
        "member_errors": ((error,), (error,)),
        "best_epochs": (),
        "size": Size(1, 1, 0),
        "seconds": 0.1,
        "predict_us_per_row": 1.0,
    }
    return TrialResult(**{**values, **changed})


def rung(epoch: int, cells: Sequence[Sequence[float]] | FloatArray, parameters: int = 10) -> Rung:
    """What a trial shows at a rung, its error being the mean of its cells."""
    values = np.array(cells, dtype=np.float64)
    return Rung(epoch, float(np.nanmean(values)), values, parameters)


def seven(objective: Objective) -> int:
    """A job."""
    return 7


def rows_seen(objective: Objective) -> tuple[int, int]:
    """A job: rows of the data and folds of the plan."""
    return len(objective.data.dataset), objective.plan.folds


def hangs(objective: Objective) -> None:
    """A job that takes an hour."""
    time.sleep(HOUR)


def breaks(objective: Objective) -> None:
    """A job that raises."""
    raise ArithmeticError("the job is broken")


def dies(objective: Objective) -> None:
    """A job that ends its process."""
    os._exit(1)
