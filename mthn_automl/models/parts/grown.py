"""What models that are made in rounds have in common."""

from abc import abstractmethod
from collections.abc import Generator
from typing import ClassVar, final

from mthn_automl.data.dataset import Dataset
from mthn_automl.models.base import Classical
from mthn_automl.models.parts.growth import Growth


class Grown(Classical):
    """A model that is made in rounds, such as trees: it pauses at rungs, and validation rows may say when to stop.

    A trial's model is therefore the mean of its folds: one fit on all rows would have nothing to be stopped by.

    Shape:
        rows -> (rows, targets), or (rows, classes), as of any `Classical`.

    Example:
        >>> from mthn_automl.data.encoding import Flags
        >>> from mthn_automl.data.problems import cubic
        >>> from mthn_automl.data.read import read_dataset
        >>> from mthn_automl.models.random_forest import RandomForest, RandomForestSettings
        >>> rows, forest = read_dataset(cubic(tasks=3, rows=6)[0]), RandomForest(RandomForestSettings())
        >>> fit = forest.fit_in_steps(rows, Growth(rounds=20, rungs=(10,)), flags=Flags.of(rows), seed=0)
        >>> next(fit), forest.predict(rows).shape, list(fit), forest.rounds
        (10, (18, 1), [], (20, 20))
    """

    fitted_whole: ClassVar[bool] = False

    @final
    def learn(self, training: Dataset, *, seed: int) -> None:
        for _ in self.learn_in_steps(training, Growth(), seed=seed):
            pass

    @abstractmethod
    def learn_in_steps(self, training: Dataset, growth: Growth, *, seed: int) -> Generator[int, None, bool]:
        """As `Classical.learn_in_steps`; `rounds` are kept up."""
