"""A nested value split into plain JSON and named arrays, and put together again."""

from collections.abc import Mapping
from typing import Any

import numpy as np

ARRAY = "$array"
"""An object with this key stands for the array of that name."""


def to_parts(value: Any) -> tuple[Any, dict[str, np.ndarray]]:
    """JSON-like value, and the arrays it names by their path in it."""
    arrays: dict[str, np.ndarray] = {}
    return _plain(value, "state", arrays), arrays


def _plain(value: Any, path: str, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(value, np.ndarray):
        arrays[path] = np.ascontiguousarray(value)
        return {ARRAY: path}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(name): _plain(each, f"{path}.{name}", arrays) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each, f"{path}.{index}", arrays) for index, each in enumerate(value)]
    return value


def from_parts(plain: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """What `to_parts` was given, with lists for tuples.

    Raises:
        KeyError: an array that is named and not there, or twice, by which a small file would become a large value.
    """
    return _whole(plain, dict(arrays))


def _whole(plain: Any, left: dict[str, np.ndarray]) -> Any:
    if isinstance(plain, dict):
        if set(plain) == {ARRAY}:
            return left.pop(plain[ARRAY])
        return {name: _whole(each, left) for name, each in plain.items()}
    if isinstance(plain, list):
        return [_whole(each, left) for each in plain]
    return plain
