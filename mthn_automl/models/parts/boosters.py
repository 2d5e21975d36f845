"""LightGBM's boosters: grown tree by tree, stopped where a validation loss is lowest, kept as LightGBM's own text."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.dataset import FloatArray, IntArray
from mthn_automl.errors import FormatError

ALWAYS = {
    "num_threads": 1,  # as many workers fit at once; two threads were 30 times slower on busy machines
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
    "min_data_in_bin": 1,  # else categories of fewer rows become one
}
BARREN_ROUNDS = 10  # in a row, after which no draw of rows and columns is expected to give a tree
COUNTED = re.compile(r"^(split_feature|cat_threshold|threshold|leaf_value|leaf_coeff)=(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Labelled:
    """Rows as LightGBM takes them.

    Attributes:
        matrix: (rows, columns), categories first, as whole numbers.
        label: (rows,) float64, or a class each.
    """

    matrix: FloatArray
    label: FloatArray | IntArray


class GrowingBooster:
    """A booster as it grows, and how many of its rounds are the best so far.

    options: LightGBM's. categories: how many of the first columns are. patience: rounds without a lower validation loss
    after which it has ended; without validation rows it grows for as long as it is told to.

    Attributes:
        best: rounds at the lowest validation loss; without validation rows all.
        rounds: so far; a round in which no leaf could be split leaves no tree.
        ended: whether more rounds would be in vain.
    """

    def __init__(
        self,
        options: Mapping[str, Any],
        training: Labelled,
        validation: Labelled | None,
        *,
        categories: int,
        patience: int,
    ) -> None:
        given = {**ALWAYS, **options}
        native = list(range(categories))
        data = lightgbm.Dataset(training.matrix, training.label, categorical_feature=native, params=given)
        self.booster = lightgbm.Booster(given, data)
        if validation is not None:
            self.booster.add_valid(data.create_valid(validation.matrix, validation.label, params=given), "validation")
        self.validates, self.patience = validation is not None, patience
        self.best, self.rounds, self.ended = 0, 0, False
        self._loss, self._barren = math.inf, 0

    def step(self) -> None:
        """One more round."""
        self._barren = self._barren + 1 if self.booster.update() else 0
        self.rounds += 1
        loss = float(self.booster.eval_valid()[0][2]) if self.validates else -float(self.rounds)
        if loss < self._loss:
            self._loss, self.best = loss, self.rounds
            self._kept = self.booster.current_iteration()
        waited = self.rounds - self.best >= self.patience
        self.ended = self._barren >= BARREN_ROUNDS or (self.validates and waited)

    def so_far(self) -> "Boosted":
        """The best there has been; without a further thought for the memory that training takes."""
        return Boosted(self.booster, self._kept)

    def finished(self) -> "Boosted":
        """The best there has been, without the data."""
        return Boosted.of_text(np.frombuffer(self.so_far().text.encode(), dtype=np.uint8))


@dataclass(frozen=True)
class Boosted:
    """A sum of trees.

    Shape:
        matrix (rows, columns) -> (rows, outputs).

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

    @cached_property
    def text(self) -> str:
        """LightGBM's own format."""
        return str(self.booster.model_to_string(num_iteration=self.trees))

    @property
    def parameters(self) -> int:
        """A column and a threshold a split, 32 categories counting as one more threshold; what a leaf adds."""
        found = COUNTED.findall(self.text)
        return sum(len(values.split()) for _, values in found)

    def to_array(self) -> NDArray[np.uint8]:
        """The text, as bytes."""
        return np.frombuffer(self.text.encode(), dtype=np.uint8)

    @classmethod
    def of_text(cls, text: NDArray[np.uint8]) -> "Boosted":
        """The sum whose `to_array` this is.

        Raises:
            FormatError: it is no such text.
        """
        try:
            booster = lightgbm.Booster(model_str=text.tobytes().decode())
        except (UnicodeDecodeError, lightgbm.basic.LightGBMError) as error:
            raise FormatError(f"A stored booster must be LightGBM's text, however: {error}.") from error
        return cls(booster, booster.current_iteration())
