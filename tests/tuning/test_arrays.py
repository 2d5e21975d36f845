"""Nested values survive being split into JSON and named arrays."""

import json
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from mthn_automl.tuning.arrays import ARRAY, from_parts, to_parts

VALUES: dict[str, Any] = {
    "plain": {"text": "a", "number": 1, "share": 0.1, "nothing": None, "flag": True, "empty": [], "none": {}},
    "one array": np.arange(6.0).reshape(2, 3),
    "arrays in depth": {"a": [{"b": np.ones(2)}, {"b": np.zeros((1, 2), dtype=np.float32)}], "c": np.array([1, 2])},
    "dotted names": {"layers.0.weight": np.ones(3), "layers.1.weight": np.zeros(3)},
    "names alike": [{"a": np.array([1.0])}, {"a": np.array([2.0])}],
    "no rows": {"metadata": np.zeros((2, 5, 0), dtype=np.float32), "rows": np.zeros(0, dtype=np.int64)},
    "one number": np.array(3.5),
    "not finite": np.array([np.nan, np.inf, -np.inf]),
    "truths": np.array([True, False]),
    "bytes": np.arange(4, dtype=np.uint8),
}


def through_files(value: Any) -> Any:
    plain, arrays = to_parts(value)
    return from_parts(json.loads(json.dumps(plain, allow_nan=False)), load(save(arrays)))


def test_values_survive_json_and_safetensors() -> None:
    """Arrays that lie across memory too; tuples come back as lists."""
    np.testing.assert_equal(through_files(VALUES), VALUES)
    grid = np.arange(12.0).reshape(3, 4)
    found = through_files([grid.T, grid[:, ::2], np.broadcast_to(grid[0], (2, 4))])
    np.testing.assert_equal(found, [grid.T, grid[:, ::2], np.stack([grid[0], grid[0]])])
    assert through_files({"a": (1, (2, "b"))}) == {"a": [1, [2, "b"]]}


def test_an_array_keeps_its_kind_and_single_values_of_numpy_become_pythons_own() -> None:
    kinds = [np.float32, np.float64, np.int64, np.int32, np.uint8, np.bool_]
    assert [each.dtype for each in through_files([np.ones(3, dtype=kind) for kind in kinds])] == kinds
    plain, arrays = to_parts([np.float64(0.5), np.int64(7), np.bool_(True)])
    assert (plain, [type(each) for each in plain], arrays) == ([0.5, 7, True], [float, int, bool], {})


def test_arrays_are_named_by_their_path_and_one_that_is_missing_is_an_error() -> None:
    plain, arrays = to_parts({"encoder": [1, {"mean": np.ones(1)}]})
    assert list(arrays) == ["state.encoder.1.mean"]
    assert plain == {"encoder": [1, {"mean": {ARRAY: "state.encoder.1.mean"}}]}
    with pytest.raises(KeyError, match=r"state\.encoder\.1\.mean"):
        from_parts(plain, {})
