"""A map of tasks that keeps neighbours together: UMAP (McInnes, Healy and Melville 2018), where that is installed."""

from importlib.util import find_spec
from typing import Final
from warnings import catch_warnings, simplefilter

import numpy as np

from mthn_automl.data.arrays import FloatArray

PACKAGE: Final = "umap"
EXTRA: Final = "umap"
NEIGHBOURS: Final = 15
"""As of UMAP's defaults: how many of its nearest a task is to be kept with."""

MOST_TASKS: Final = 10_000
"""Beyond them it takes minutes."""


def neighbourhood_map(points: FloatArray, *, seed: int) -> FloatArray | None:
    """(tasks, 2) places of points (tasks, d); None where umap-learn is not installed, or tasks are too few or too many.

    Who is near whom is kept; how far clusters lie apart, and how large they are, means nothing. One thread, so that a
    seed gives one map.
    """
    if find_spec(PACKAGE) is None or not NEIGHBOURS < len(points) <= MOST_TASKS:
        return None
    with catch_warnings():
        simplefilter("ignore", ImportWarning)  # that a part of it is missing, which is not asked for
        from umap import UMAP  # numba's compiler comes with it, which takes seconds

    fitted = UMAP(n_components=2, n_neighbors=NEIGHBOURS, random_state=seed, n_jobs=1)
    return np.asarray(fitted.fit_transform(points), dtype=np.float64)
