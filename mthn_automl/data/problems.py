"""Ready-made problems from their formulae, and one shipped with the package: data and metadata as DataFrames."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mthn_automl.data.arrays import FloatArray
from mthn_automl.errors import UsageError, did_you_mean
from mthn_automl.storage import write_text

Frames = tuple[pd.DataFrame, pd.DataFrame]

NOISE = 0.1


def cubic(tasks: int = 20, rows: int = 100, seed: int = 0) -> Frames:
    """A task is a cubic polynomial, y = a x^3 + b x^2 + c x + d + noise (sd 0.1), and its metadata are a, b, c, d.

    All coefficients and x are uniform in [-1, 1].
    """
    rng = np.random.default_rng(seed)
    coefficients = rng.uniform(-1, 1, (tasks, 4))
    task = np.repeat(np.arange(tasks), rows)
    x = rng.uniform(-1, 1, tasks * rows)
    a, b, c, d = coefficients[task].T
    target = ((a * x + b) * x + c) * x + d + rng.normal(0, NOISE, len(x))
    return _frames(task, {"x": x, "target": target}, dict(zip("abcd", coefficients.T, strict=True)))


def robot_arm(tasks: int = 20, rows: int = 100, seed: int = 0) -> Frames:
    """A task is a planar arm of three links: from the position of its end, tell its three joint angles.

    Each angle is relative to the link before: x = sum of l_k cos(t_1 + ... + t_k), y likewise with sin; lengths
    are uniform in [0, 1], the first two angles in [-pi, 0], the third in [-pi / 2, pi / 2]. Several angles reach
    one position, so that an error remains whatever the model.
    """
    rng = np.random.default_rng(seed)
    lengths = rng.uniform(0, 1, (tasks, 3))
    task = np.repeat(np.arange(tasks), rows)
    angles = rng.uniform([-np.pi, -np.pi, -np.pi / 2], [0, 0, np.pi / 2], (tasks * rows, 3))
    x, y = arm_end(angles, lengths[task])
    columns = {"x": x, "y": y} | {f"target{k + 1}": angles[:, k] for k in range(3)}
    return _frames(task, columns, {f"l{k + 1}": lengths[:, k] for k in range(3)})


def arm_end(angles: FloatArray, lengths: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Forward kinematics: x and y, each (rows,), of arms with angles and lengths of links (rows, 3)."""
    direction = np.cumsum(angles, axis=1)
    return (lengths * np.cos(direction)).sum(axis=1), (lengths * np.sin(direction)).sum(axis=1)


def planted(tasks: int = 12, rows: int = 30, seed: int = 0, *, features: int = 2, metadata: int = 2) -> Frames:
    """A task is linear in its features; its intercept and slopes are linear in its metadata, but for little noise.

    The coefficients of the tasks have sd 1, of which the metadata leave 0.2 unexplained; the noise of a row is 0.1.
    """
    rng = np.random.default_rng(seed)
    described = rng.normal(size=(tasks, metadata))
    effect = rng.normal(size=(metadata, features + 1)) / np.sqrt(max(metadata, 1))
    coefficients = described @ effect + rng.normal(0, 0.2, (tasks, features + 1))
    task = np.repeat(np.arange(tasks), rows)
    x = rng.normal(size=(tasks * rows, features))
    of_row = coefficients[task]
    target = of_row[:, 0] + (of_row[:, 1:] * x).sum(axis=1) + rng.normal(0, NOISE, len(x))
    columns = {f"x{k + 1}": x[:, k] for k in range(features)} | {"target": target}
    return _frames(task, columns, {f"m{k + 1}": described[:, k] for k in range(metadata)})


def with_gaps(
    tasks: int = 12, rows: int = 12, seed: int = 0, *, missing: Sequence[float] = (0.0, 0.6, 0.6)
) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """Several targets, linear in two features as each task has it, of each of which a share is missing; and where."""
    rng, targets = np.random.default_rng(seed), len(missing)
    task = np.repeat(np.arange(tasks), rows)
    x = rng.normal(size=(len(task), 2))
    slopes = rng.normal(size=(tasks, 2, targets))
    target = np.einsum("rf,rft->rt", x, slopes[task]) + rng.normal(0, NOISE, (len(task), targets))
    gaps = rng.random((len(task), targets)) < np.asarray(missing)
    columns: dict[str, FloatArray] = {"x1": x[:, 0], "x2": x[:, 1]}
    columns |= {f"target{k + 1}": np.where(gaps[:, k], np.nan, target[:, k]) for k in range(targets)}
    return _frames(task, columns, {})[0], gaps


def gapminder() -> Frames:
    """A task is a country: life expectancy from year, income and population; its metadatum is the continent."""
    folder = Path(__file__).parent / "gapminder"
    return pd.read_csv(folder / "data.csv"), pd.read_csv(folder / "meta.csv")


PROBLEMS: Mapping[str, Callable[[], Frames]] = MappingProxyType(
    {"cubic": cubic, "robot_arm": robot_arm, "gapminder": gapminder}
)


def write_problem(name: str, folder: Path) -> None:
    """Write data.csv and meta.csv of a problem into a folder, made if need be.

    Raises:
        UsageError: an unknown name, or a file that is already there.
    """
    if name not in PROBLEMS:
        raise UsageError(
            f"The problem must be a ready-made one, however '{name}' is not; {did_you_mean(name, PROBLEMS)}"
        )
    paths = folder / "data.csv", folder / "meta.csv"
    for path in paths:
        if path.exists():
            raise UsageError(f"The example must not overwrite anything, however {path} exists; take another folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"The example must go into a folder, however {folder} cannot be one: {error}.") from error
    for frame, path in zip(PROBLEMS[name](), paths, strict=True):
        write_text(path, frame.to_csv(index=False))


def _frames(task: np.ndarray, columns: dict[str, FloatArray], metadata: dict[str, FloatArray]) -> Frames:
    names = [str(number) for number in range(int(task.max()) + 1)]
    return pd.DataFrame({"task": np.array(names)[task], **columns}), pd.DataFrame({"task": names, **metadata})
