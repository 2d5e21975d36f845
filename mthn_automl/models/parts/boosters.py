"""LightGBM's boosters: grown tree by tree, stopped where a validation loss is lowest, kept as LightGBM's own text."""

import math
import re
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.errors import FormatError
from mthn_automl.models.parts.booster_text import END, check_booster_text
from mthn_automl.models.parts.growth import Growth

ALWAYS = {
    "num_threads": 1,  # as many workers fit at once; two threads were 30 times slower on busy machines
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
    "min_data_in_bin": 1,  # else categories of fewer rows become one
}
MOST_ROUNDS = 1000
LONGEST, USUAL, PATIENCE = 50.0, 10.0, 3.0
"""Sums of learning rates: of all rounds at most, of as many as are usual without validation rows, and of those without
a lower loss after which no better is expected."""

LEAST_WEIGHT = 1e-6  # of a leaf, in means of a row
BARREN_ROUNDS = 10  # in a row, after which no draw of rows and columns is expected to give a tree
COUNTED = re.compile(r"^(split_feature|cat_threshold|threshold|leaf_value|leaf_coeff)=(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Labelled:
    """Rows as LightGBM takes them.

    Attributes:
        matrix: (rows, columns), categories first, as whole numbers.
        label: (rows,) float64, or a class each.
        weight: (rows,) what each counts; None: all alike.
    """

    matrix: FloatArray
    label: FloatArray | IntArray
    weight: FloatArray | None = None


def lightgbm_booster(
    options: Mapping[str, Any], training: Labelled, validation: Labelled | None, *, categories: int
) -> lightgbm.Booster:
    """One that has not grown yet. options: LightGBM's. categories: how many of the first columns are."""
    given, native = {**ALWAYS, **options}, list(range(categories))
    data = lightgbm.Dataset(
        training.matrix, training.label, weight=training.weight, categorical_feature=native, params=given
    )
    booster = lightgbm.Booster(given, data)
    if validation is not None:
        checks = data.create_valid(validation.matrix, validation.label, weight=validation.weight, params=given)
        booster.add_valid(checks, "validation")
    return booster


def least_sum(weight: FloatArray | None) -> float:
    """Of a leaf's weights in a regression: more than rounding, and less than any row's.

    LightGBM guesses from weights how many rows a leaf has, and would make leaves of none.
    """
    return 0.0 if weight is None else max(0.5 * float(weight.min()), LEAST_WEIGHT)


class GrowingBooster:
    """A booster as it grows, and which of its rounds was best so far.

    booster: LightGBM's or GPBoost's. validates: whether it has validation rows. patience: rounds without a lower
    validation loss after which it has ended. most: rounds after which it has ended without validation rows, such as one
    of a target that none of these has.

    Attributes:
        rounds: so far.
        best: round of the lowest validation loss; without validation rows the last.
        kept: iterations up to there; a round in which no leaf could be split leaves none.
        ended: whether more rounds would be in vain.
    """

    def __init__(self, booster: Any, *, validates: bool, patience: int, most: float = math.inf) -> None:
        self.booster, self.validates, self.patience, self.most = booster, validates, patience, most
        self.rounds, self.best, self.kept, self.ended = 0, 0, 0, False
        self._loss, self._barren = math.inf, 0

    def step(self) -> None:
        """One more round."""
        self._barren = self._barren + 1 if self.booster.update() else 0
        self.rounds += 1
        loss = float(self.booster.eval_valid()[0][2]) if self.validates else -float(self.rounds)
        if loss < self._loss:
            self._loss, self.best, self.kept = loss, self.rounds, self.booster.current_iteration()
        done = self.rounds - self.best >= self.patience if self.validates else self.rounds >= self.most
        self.ended = self._barren >= BARREN_ROUNDS or done


def grow(
    growing: Sequence[GrowingBooster], most: int, learning_rate: float, growth: Growth, take: Callable[[], None]
) -> Generator[int, None, bool]:
    """At most so many rounds of all that have not ended; whether the deadline ended them.

    Rungs are counted in rounds of a learning rate of 0.1, so that a smaller one is given more. At each, `take` is
    called.
    """
    marks = {max(1, round(0.1 * rung / learning_rate)): rung for rung in growth.rungs}
    for done in range(1, most + 1):
        for booster in growing:
            if not booster.ended:
                booster.step()
        if growth.deadline is not None and time.time() > growth.deadline:
            return True
        if all(booster.ended for booster in growing):
            break
        if done in marks and done < most:
            take()
            yield marks[done]
    return False


def most_rounds(growth: Growth, learning_rate: float) -> int:
    """As the caller says, else by the learning rate."""
    if growth.validation is None:
        return unchecked_rounds(growth, learning_rate)
    return _rounds(growth, LONGEST / learning_rate)


def unchecked_rounds(growth: Growth, learning_rate: float) -> int:
    """Of what no validation rows check: as the caller says, else by the learning rate."""
    return _rounds(growth, USUAL / learning_rate)


def _rounds(growth: Growth, usual: float) -> int:
    return min(MOST_ROUNDS, max(1, round(usual))) if growth.most is None else growth.most


def patience(learning_rate: float) -> int:
    """Rounds without a lower validation loss after which no better one is expected."""
    return max(10, round(PATIENCE / learning_rate))


@dataclass(frozen=True)
class Boosted:
    """A sum of trees.

    Shape:
        matrix (rows, columns) -> (rows, outputs).

    Example:
        >>> rows = Labelled(np.eye(40, 3), np.arange(40.0))
        >>> growing = GrowingBooster(
        ...     lightgbm_booster({"objective": "regression"}, rows, None, categories=0), validates=False, patience=1
        ... )
        >>> growing.step()
        >>> Boosted(growing.booster, growing.kept).scores(np.eye(4, 3)).shape
        (4, 1)

    Attributes:
        booster: LightGBM's.
        trees: rounds of it that count.
    """

    booster: lightgbm.Booster
    trees: int

    def scores(self, matrix: FloatArray) -> FloatArray:
        """Predictions of a regression, logits of classes."""
        if len(matrix) == 0:
            return np.zeros((0, self.booster.num_model_per_iteration()))
        found = self.booster.predict(matrix, num_iteration=self.trees, raw_score=True, num_threads=1)
        return np.asarray(found, dtype=np.float64).reshape(len(matrix), -1)

    def without_data(self) -> "Boosted":
        """The same, without the memory that training took."""
        return Boosted.of_own(self.text)

    @cached_property
    def text(self) -> str:
        """LightGBM's own format, without what it says of the fit behind the trees."""
        return up_to_trees(str(self.booster.model_to_string(num_iteration=self.trees)))

    @property
    def parameters(self) -> int:
        """A column and a threshold a split, 32 categories counting as one more threshold; what a leaf adds."""
        found = COUNTED.findall(self.text)
        return sum(len(values.split()) for _, values in found)

    def to_array(self) -> NDArray[np.uint8]:
        """The text, as bytes."""
        return np.frombuffer(self.text.encode(), dtype=np.uint8)

    @classmethod
    def of_own(cls, text: str) -> "Boosted":
        """The sum of a text that LightGBM, or GPBoost, has just written."""
        booster = lightgbm.Booster(model_str=text)
        return cls(booster, booster.current_iteration())

    @classmethod
    def of_stored(cls, text: NDArray[np.uint8], *, columns: int, outputs: int) -> "Boosted":
        """The sum whose `to_array` this may be.

        columns: of the matrix that it predicts from. outputs: that it gives a row.

        Raises:
            FormatError: it is no such text.
        """
        try:
            checked = text.tobytes().decode("ascii")
            check_booster_text(checked, columns=columns, outputs=outputs)
            return cls.of_own(checked)
        except (UnicodeDecodeError, lightgbm.basic.LightGBMError) as error:
            raise FormatError(f"A stored booster must be LightGBM's text, however {error}.") from error


def up_to_trees(text: str) -> str:
    """LightGBM's or GPBoost's text without importances and parameters, which no prediction needs."""
    return text[: text.index(END) + len(END)]
