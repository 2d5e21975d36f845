"""LightGBM, CatBoost and GPBoost by their defaults: rounds chosen by a fifth of the training rows, then all rows.

All have the same columns: the features, the metadata of the row's task, and the task, which GPBoost takes as the group
of a random effect and the others as a category. One thread each.
"""

import importlib.metadata
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from accuracy_methods import Job, Outcome

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.schema import Problem
from mthn_automl.data.splits import within_tasks

MOST_ROUNDS: Final = 5000
PATIENCE: Final = 50
"""Rounds without progress on the held-out fifth after which no more are tried."""

RATES: Final = {0.1: PATIENCE, 0.01: 200, 0.001: 500}
"""GPBoost's learning rates, the first its default, and the rounds without progress after which each is given up."""

HOLD_OUT: Final = 1
SMALLEST: Final = 1e-12


@dataclass(frozen=True)
class Columns:
    """Rows as boosting takes them.

    Attributes:
        numbers: (n, columns), NaN where missing.
        codes: (n, columns) of categories, -1 where missing.
        task: (n,) task numbers.
    """

    numbers: FloatArray
    codes: IntArray
    task: IntArray

    @classmethod
    def of(cls, rows: Dataset) -> "Columns":
        """Features, then the metadata of each row's task."""
        parts = [rows.features, *([] if rows.tasks.metadata is None else [rows.tasks.metadata.take(rows.task)])]
        return cls(
            np.concatenate([each.numeric for each in parts], axis=1),
            np.concatenate([each.codes for each in parts], axis=1),
            rows.task,
        )

    def take(self, rows: IntArray) -> "Columns":
        return Columns(self.numbers[rows], self.codes[rows], self.task[rows])

    def with_task(self) -> "Columns":
        return Columns(self.numbers, np.column_stack([self.codes, self.task]), self.task)

    def matrix(self) -> FloatArray:
        """(n, columns): the numbers, then the codes as numbers, NaN where missing."""
        return np.concatenate([self.numbers, np.where(self.codes < 0, np.nan, self.codes)], axis=1)

    def categories(self) -> list[int]:
        """Which columns of `matrix` hold codes."""
        return list(range(self.numbers.shape[1], self.numbers.shape[1] + self.codes.shape[1]))


@dataclass(frozen=True)
class Known:
    """Rows with their values of one target. classes: how many there are; 0: numbers."""

    columns: Columns
    target: FloatArray
    classes: int

    def take(self, rows: IntArray) -> "Known":
        return Known(self.columns.take(rows), self.target[rows], self.classes)


Predict = Callable[[Columns], FloatArray]
"""(n,) numbers, or (n, classes) probabilities."""

Fit = Callable[[Known, Known | None, Any, int], tuple[Predict, Any]]
"""Fit rows; with rows to stop by as the second argument, what it returns beside the model says how to fit again."""


def run(job: Job) -> dict[str, Outcome]:
    fit = {"lightgbm": lightgbm, "catboost": catboost, "gpboost": gpboost}[job.name]
    known = job.given.dataset()
    test = job.given.tested(known)
    # A file may have rows without a target, which are not tested: they keep the prediction of zero that nobody reads.
    prediction = np.zeros((len(job.given.rows), known.schema.outputs))
    hold_out = within_tasks.deal(known, HOLD_OUT, job.split)
    found, rounds = predicted(fit, known, test, hold_out, job)
    prediction[test.row] = found
    ended = time.time()
    note = f"Rounds (and learning rate): {'; '.join(', '.join(f'{each:g}' for each in again) for again in rounds)}."
    return {
        job.name: Outcome(prediction, ended, notes=(note,), packages={job.name: importlib.metadata.version(job.name)})
    }


def predicted(fit: Fit, known: Dataset, test: Dataset, hold_out: IntArray, job: Job) -> tuple[FloatArray, list[Any]]:
    """(test rows, outputs), and the rounds of each model: one a target, or one a class where `fit` knows two only."""
    columns, asked = Columns.of(known), Columns.of(test)
    if fit is not gpboost:
        columns, asked = columns.with_task(), asked.with_task()
    problem, classes = known.schema.problem, len(known.schema.classes)
    if problem is Problem.MULTICLASS and fit is gpboost:
        targets = [(known.target[:, 0] == number).astype(np.float64) for number in range(classes)]
        classes = 2
    else:
        targets = list(known.target.T)
    outputs, rounds = [], []
    for target in targets:
        rows = Known(columns, target, classes)
        _, again = fit(
            rows.take(np.flatnonzero(hold_out != 0)), rows.take(np.flatnonzero(hold_out == 0)), None, job.split
        )
        model, _ = fit(rows, None, again, job.split)
        outputs.append(model(asked))
        rounds.append(again)
    if problem is Problem.MULTICLASS and fit is gpboost:
        each = np.maximum(np.column_stack([output[:, 1] for output in outputs]), SMALLEST)
        return each / each.sum(axis=1, keepdims=True), rounds
    return (outputs[0] if classes else np.column_stack(outputs)), rounds


def lightgbm(rows: Known, stopping: Known | None, again: Any, seed: int) -> tuple[Predict, Any]:
    """again: (rounds,)."""
    import lightgbm as library

    objective = {0: "regression", 2: "binary"}.get(rows.classes, "multiclass")
    settings = {"objective": objective, "verbosity": -1, "num_threads": 1, "seed": seed}
    if rows.classes > 2:
        settings["num_class"] = rows.classes

    def table(known: Known) -> Any:
        columns = known.columns
        return library.Dataset(columns.matrix(), known.target, categorical_feature=columns.categories())

    training, more = table(rows), {}
    if stopping is not None:
        more = {
            "valid_sets": [table(stopping).set_reference(training)],
            "callbacks": [library.early_stopping(PATIENCE, verbose=False)],
        }
    model = library.train(settings, training, again[0] if again else MOST_ROUNDS, **more)
    used = max(model.best_iteration, 1) if stopping is not None else again[0]
    return lambda asked: _both(model.predict(asked.matrix()), rows.classes), (used,)


def catboost(rows: Known, stopping: Known | None, again: Any, seed: int) -> tuple[Predict, Any]:
    """again: (rounds, learning rate), since the default learning rate would follow the rounds."""
    import catboost as library

    settings: dict[str, Any] = {"thread_count": 1, "random_seed": seed, "allow_writing_files": False, "verbose": False}
    if again:
        settings |= {"iterations": again[0], "learning_rate": again[1]}
    kind = library.CatBoostClassifier if rows.classes else library.CatBoostRegressor
    if rows.classes:
        settings |= {"classes_count": rows.classes} if rows.classes > 2 else {}
        settings["loss_function"] = "MultiClass" if rows.classes > 2 else "Logloss"
    model = kind(**settings)

    def table(columns: Columns) -> pd.DataFrame:
        numbers, codes = pd.DataFrame(columns.numbers), pd.DataFrame(columns.codes.astype(np.int64))
        frame = pd.concat([numbers, codes], axis=1)
        return frame.set_axis([f"column{number}" for number in range(frame.shape[1])], axis=1)

    target = rows.target.astype(np.int64) if rows.classes else rows.target
    more = {}
    if stopping is not None:
        more = {"eval_set": (table(stopping.columns), stopping.target), "early_stopping_rounds": PATIENCE}
    model.fit(table(rows.columns), target, cat_features=rows.columns.categories(), **more)
    used = model.tree_count_ if stopping is not None else again[0]
    ask = model.predict_proba if rows.classes else model.predict
    return lambda asked: np.asarray(ask(table(asked))), (max(used, 1), model.learning_rate_)


def gpboost(rows: Known, stopping: Known | None, again: Any, seed: int) -> tuple[Predict, Any]:
    """again: (rounds, learning rate).

    Targets are standardised, since its steps depend on their scale (an error of 34 in place of 17 on flight delays),
    and it stops by squared error: by its own default, the likelihood, it does after a few rounds. Small data need a
    smaller learning rate than the default one; which, is chosen by the rows to stop by, too. Classes have the default
    one, since their fits take minutes.
    """
    if again:
        return _boosted(rows, None, again, 0, seed)[:2]
    rates = list(RATES)[: 1 if rows.classes else None]
    tried = [_boosted(rows, stopping, (MOST_ROUNDS, rate), RATES[rate], seed) for rate in rates]
    return min(tried, key=lambda each: each[2])[:2]


def _boosted(
    rows: Known, stopping: Known | None, so: tuple[int, float], patience: int, seed: int
) -> tuple[Predict, tuple[int, float], float]:
    """One fit, the rounds and learning rate to fit again with, and its least error on the rows to stop by.

    A task's random effect is known to the rows to stop by, as it is to test rows.
    """
    import gpboost as library

    effect = library.GPModel(group_data=rows.columns.task, likelihood="bernoulli_logit" if rows.classes else "gaussian")
    settings: dict[str, Any] = {"verbose": -1, "num_threads": 1, "seed": seed, "learning_rate": so[1]}
    middle, scale = (0.0, 1.0) if rows.classes else (float(rows.target.mean()), float(rows.target.std()) or 1.0)
    if not rows.classes:
        settings["metric"] = "rmse"

    def table(known: Known, reference: Any = None) -> Any:
        columns, target = known.columns, (known.target - middle) / scale
        return library.Dataset(columns.matrix(), target, categorical_feature=columns.categories(), reference=reference)

    training, found, more = table(rows), dict[str, Any](), dict[str, Any]()
    if stopping is not None:
        effect.set_prediction_data(group_data_pred=stopping.columns.task)
        more = {
            "valid_sets": table(stopping, training),
            "early_stopping_rounds": patience,
            "use_gp_model_for_validation": True,
            "evals_result": found,
        }
    model = library.train(settings, training, so[0], gp_model=effect, verbose_eval=False, **more)

    def predict(asked: Columns) -> FloatArray:
        said = model.predict(data=asked.matrix(), group_data_pred=asked.task, predict_var=False, pred_latent=False)
        return _both(middle + scale * np.asarray(said["response_mean"]), rows.classes)

    if stopping is None:
        return predict, so, float("nan")
    errors = next(iter(next(iter(found.values())).values()))
    return predict, (max(model.best_iteration, 1), so[1]), min(errors)


def _both(prediction: Any, classes: int) -> FloatArray:
    """The probabilities of both classes, where a library gives that of the second."""
    found = np.asarray(prediction, dtype=np.float64)
    return np.column_stack([1 - found, found]) if classes == 2 else found
