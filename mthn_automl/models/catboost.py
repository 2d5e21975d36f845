"""CatBoost over features, metadata and the task as a category; an extra, as its package is large."""

import json
import tempfile
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import catboost
import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.errors import FormatError
from mthn_automl.models.base import Size, Traits
from mthn_automl.models.parts.boosters import most_rounds, patience
from mthn_automl.models.parts.elsewhere import Wanted, read_elsewhere
from mthn_automl.models.parts.frame import Frame
from mthn_automl.models.parts.gaps import means_of, rows_with, weight_of
from mthn_automl.models.parts.grown import Grown
from mthn_automl.models.parts.growth import Growth
from mthn_automl.models.parts.held_out import checking, labels
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.models.parts.tree_columns import TreeColumns
from mthn_automl.received import typed

LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class CatBoostSettings:
    """What is searched; the ranges are in `search_spaces/catboost.toml`.

    Attributes:
        task: whether there is a column of the task.
        use_metadata: whether there are columns of metadata.
        learning_rate: share of a tree's correction that is added.
        depth: of a tree, all of whose nodes of a level are split alike.
        l2: penalty on the values of leaves.
        column_share: of the columns that a level chooses from.
        most_one_hot: categories up to which a column is split by single categories, without statistics.
        combined: categorical columns, and splits of numbers, that are combined to one category at most.
    """

    task: Literal["none", "category"] = "category"
    use_metadata: bool = True
    learning_rate: float = 0.1
    depth: int = 4
    l2: float = 3.0
    column_share: float = 1.0
    most_one_hot: int = 100
    combined: int = 1


class CatBoost(Grown):
    """CatBoost (Prokhorenkova et al. 2018): a sum of oblivious trees for each target, or one for all classes.

    Categories, the task among them, become target statistics of the rows before each in random orders, which do not
    leak a row's own target. Missing numbers are the smallest. A task never seen has the statistics of no rows.
    Validation rows say how many trees are kept.

    Size: a column and a threshold a split, the values of the leaves, and the counts that the statistics are made of.
    One task's network is the whole model; a task without rows adds nothing.

    Shape:
        rows -> (rows, targets), or (rows, classes).

    Example:
        >>> from mthn_automl.data.encoding import Flags
        >>> from mthn_automl.data.problems import cubic
        >>> from mthn_automl.data.read import read_dataset
        >>> rows = read_dataset(cubic(tasks=3, rows=6)[0])
        >>> model = CatBoost(CatBoostSettings())
        >>> model.fit(rows, flags=Flags.of(rows), seed=0, rounds=2)
        >>> model.predict(rows).shape
        (18, 1)
    """

    Settings: ClassVar[type] = CatBoostSettings

    settings: CatBoostSettings

    @classmethod
    def traits(cls, shape: ProblemShape, settings: CatBoostSettings) -> Traits:
        return Traits(settings.task != "none", settings.use_metadata and shape.metadata > 0)

    def learn_in_steps(self, training: Dataset, growth: Growth, *, seed: int) -> Generator[int, None, bool]:
        """`seed` draws columns and the orders of rows. CatBoost fits in one go, so that there are no rungs."""
        target, settings = self.encoded_target(training), self.settings
        self.columns = TreeColumns.fit(training, target, task=settings.task, use_metadata=settings.use_metadata)
        held_out, late = checking(self, growth.validation), _Late(growth.deadline)
        matrix = self.columns.transform(training)
        self.start = np.zeros(1) if self.counting else self._start(means_of(target, training.weight))
        self.sums: list[_Sum] = []
        for index, label in enumerate(labels(self, training) if target.shape[1] else []):
            rows, known = rows_with(label)
            if self._is_constant(matrix[rows]) or np.ptp(known) == 0:
                self.sums.append(_Sum.nothing())
                continue
            check = None if held_out is None else self._check(held_out, labels(self, held_out)[index])
            rounds = (replace(growth, validation=None) if check is None else growth).of_sum(index)
            fitted = catboost.CatBoost({**self._options(rounds, seed), **self._objective()})
            pool = self._pool(matrix[rows], known, weight_of(training.weight, rows))
            fitted.fit(pool, eval_set=check, use_best_model=check is not None, callbacks=[late])
            self.sums.append(_Sum.of(fitted))
        yield from ()
        self.rounds_of_sums = tuple(each.trees for each in self.sums)
        self.rounds = max(self.rounds_of_sums, default=0), late.rounds
        return late.passed

    def _check(self, held_out: Dataset, label: FloatArray) -> catboost.Pool | None:
        """Rows that say when to stop; None where none has the label."""
        if np.isnan(label).all():
            return None
        rows, known = rows_with(label)
        return self._pool(self.columns.transform(held_out)[rows], known, weight_of(held_out.weight, rows))

    def _start(self, mean: FloatArray) -> FloatArray:
        """(scores,) of a row of which nothing is known, which CatBoost does not fit: the mean, or the log odds."""
        if self.classes is None or len(mean) == 0:
            return mean
        return np.asarray(np.log(mean / (1.0 - mean) if len(mean) == 1 else mean))

    def _is_constant(self, matrix: FloatArray) -> bool:
        """Whether no column tells two rows apart."""
        known = np.nan_to_num(matrix, nan=LARGEST)
        return bool((known == known[:1]).all())

    def _options(self, growth: Growth, seed: int) -> dict[str, Any]:
        settings = self.settings
        return {
            "iterations": most_rounds(growth, settings.learning_rate),
            "od_type": "Iter",
            "od_wait": patience(settings.learning_rate),
            "learning_rate": settings.learning_rate,
            "depth": settings.depth,
            "l2_leaf_reg": settings.l2,
            "rsm": settings.column_share,
            "one_hot_max_size": settings.most_one_hot,
            "max_ctr_complexity": settings.combined,
            "random_seed": seed,
            "thread_count": 1,
            "allow_writing_files": False,
            "logging_level": "Silent",
        }

    def _objective(self) -> dict[str, Any]:
        if self.counting:
            return {"loss_function": "Poisson"}
        if self.classes is None:
            return {"loss_function": "RMSE"}
        if self.classes.scores == 1:
            return {"loss_function": "Logloss"}
        return {"loss_function": "MultiClass", "classes_count": self.classes.scores}

    def _pool(
        self, matrix: FloatArray, label: FloatArray | None = None, weight: FloatArray | None = None
    ) -> catboost.Pool:
        """Categories, the first columns, are text to CatBoost; numbers are of single precision."""
        native = len(self.columns.levels)
        text = np.array([[str(value).encode() for value in row] for row in matrix[:, :native]], dtype=object)
        numbers = np.clip(matrix[:, native:], -LARGEST, LARGEST).astype(np.float32)
        features = catboost.FeaturesData(
            num_feature_data=numbers if numbers.shape[1] else None,
            cat_feature_data=text.reshape(len(matrix), native) if native else None,
        )
        return catboost.Pool(features, label, weight=weight)

    def scores(self, rows: Dataset) -> FloatArray:
        width = len(self.start)
        if len(rows) == 0 or width == 0:
            return np.zeros((len(rows), width))
        pool, found = self._pool(self.columns.transform(rows)), np.tile(self.start, (len(rows), 1))
        for index, each in enumerate(self.sums):
            if each.trees:
                part = slice(None) if len(self.sums) == 1 else slice(index, index + 1)
                found[:, part] = each.scores(pool, len(rows))
        return found

    def size(self) -> Size:
        total = sum(each.parameters for each in self.sums) + len(self.start)
        return Size(total, total, 0)

    def learnt(self) -> dict[str, Any]:
        return {
            "columns": self.columns.to_state(),
            "start": self.start,
            "sums": [{"model": each.model, "parameters": each.parameters} for each in self.sums],
        }

    def take_over(self, learnt: Mapping[str, Any]) -> None:
        self.columns = TreeColumns.from_state(learnt["columns"])
        self.start = learnt["start"]
        scores = len(self.encoder.target) if self.classes is None else self.classes.scores
        if self.start.shape != (scores,) or not np.isfinite(self.start).all():
            raise FormatError(f"A stored model must start from {scores} finite scores, however it has {self.start}.")
        sums, expected = learnt["sums"], scores if self.classes is None else min(1, scores)
        if len(sums) != expected:
            raise FormatError(f"A stored model must have {expected} sums of trees, however it has {len(sums)}.")
        self.sums = [_Sum(each["model"], each["parameters"]) for each in sums]

    @classmethod
    def refuse_states(cls, states: Sequence[Mapping[str, Any]]) -> None:
        """CatBoost's reader trusts its files, so that one process reads all models of `states` first and may die."""
        read_elsewhere([wanted for state in states for wanted in _wanted(state)])


def _wanted(state: Mapping[str, Any]) -> Iterator[Wanted]:
    """Each model of a state, and what it must be like."""
    frame, columns = typed(state, Frame), TreeColumns.from_state(state["columns"])
    wide, native = columns.width(len(frame.encoder.features.scaling)), len(columns.ranks)
    outputs = 1 if frame.classes is None else frame.classes.scores
    for each in state["sums"]:
        if len(each["model"]):
            yield Wanted(each["model"].tobytes(), wide, wide - native, outputs)


class _Late:
    """CatBoost's callback: counts rounds, and ends a fit at the deadline."""

    def __init__(self, deadline: float | None) -> None:
        self.deadline, self.rounds, self.passed = deadline, 0, False

    def after_iteration(self, info: Any) -> bool:
        """Whether the fit goes on."""
        self.rounds = max(self.rounds, int(info.iteration))
        self.passed |= self.deadline is not None and time.time() > self.deadline
        return not self.passed


class _Sum:
    """One sum of trees. model: CatBoost's own format, as bytes; empty where nothing could be learnt."""

    def __init__(self, model: NDArray[np.uint8], parameters: int) -> None:
        if type(parameters) is not int or parameters < 0:
            raise FormatError(f"A stored model must have a count of parameters, however it has {parameters!r}.")
        self.model, self.parameters, self.trees = model, parameters, 0
        if len(model):
            self.fitted = catboost.CatBoost()
            try:
                self.fitted.load_model(blob=model.tobytes())
            except catboost.CatBoostError as error:
                raise FormatError(f"A stored model must be CatBoost's, however: {error}.") from error
            self.trees = int(self.fitted.tree_count_)

    @classmethod
    def nothing(cls) -> "_Sum":
        """Of data that say nothing."""
        return cls(np.zeros(0, dtype=np.uint8), 0)

    @classmethod
    def of(cls, fitted: catboost.CatBoost) -> "_Sum":
        """CatBoost saves to files only."""
        with tempfile.TemporaryDirectory() as folder:
            model, text = Path(folder) / "model", Path(folder) / "text"
            fitted.save_model(str(model), format="cbm")
            fitted.save_model(str(text), format="json")
            content = json.loads(text.read_text(encoding="utf-8"))
            return cls(np.frombuffer(model.read_bytes(), dtype=np.uint8), _parameters(content))

    def scores(self, pool: catboost.Pool, rows: int) -> FloatArray:
        """(rows, outputs)."""
        found = self.fitted.predict(pool, prediction_type="RawFormulaVal", thread_count=1)
        return np.asarray(found, dtype=np.float64).reshape(rows, -1)


def _parameters(content: Mapping[str, Any]) -> int:
    """content: CatBoost's JSON. The first of the `hash_stride` numbers of a statistic says what it is of."""
    trees = content["oblivious_trees"]
    grown: int = sum(2 * len(each["splits"] or ()) + len(each["leaf_values"]) for each in trees)
    tables = content.get("ctr_data", {}).values()
    counts: int = sum(len(each["hash_map"]) // each["hash_stride"] * (each["hash_stride"] - 1) for each in tables)
    return grown + counts
