"""A model folder that was written once is loaded as long as its format is the present one, and predicts the same."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from safetensors.numpy import load as load_arrays

from mthn_automl.deployment.model_folder import FORMAT, load_model
from mthn_automl.errors import FormatError
from mthn_automl.received import Received
from mthn_automl.storage import read_json
from tests.deployment.stored.make import MEMBERS, MODEL, PREDICTIONS, ROWS, make

FILES = sorted(path.name for path in MODEL.iterdir())
AGAIN = "; python -m tests.deployment.stored.make makes it anew"
LARGEST = 60_000


def test_it_predicts_what_it_predicted() -> None:
    model = load_model(MODEL)
    with pytest.warns(UserWarning, match="1 task not seen in training"):
        found = model.predict(ROWS)
    expected = json.loads(PREDICTIONS.read_text(encoding="utf-8"))
    spread = float(np.std(expected))
    np.testing.assert_allclose(found["prediction"], expected, rtol=0, atol=1e-5 * spread)


def test_it_is_small_of_the_present_format_and_of_two_members() -> None:
    config = read_json(MODEL / "config.json")
    assert config["format"] == FORMAT, AGAIN
    assert [each["architecture"] for each in config["members"]] == list(MEMBERS)
    assert sum(path.stat().st_size for path in MODEL.iterdir()) < LARGEST


def shape(content: Any) -> Any:
    """What a value of JSON is, without the numbers and names in it."""
    if isinstance(content, dict):
        return {key: shape(value) for key, value in content.items()}
    if isinstance(content, list):
        return [shape(each) for each in content]
    return "number" if isinstance(content, int | float) else type(content).__name__


def test_a_folder_that_is_written_now_has_the_same_files_fields_and_arrays(tmp_path: Path) -> None:
    """Else the format has changed: it needs another number, and the stored model is to be made anew."""
    make(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES, AGAIN
    for name in (name for name in FILES if name.endswith(".json")):
        assert shape(read_json(tmp_path / name)) == shape(read_json(MODEL / name)), f"{name}{AGAIN}"
    now, then = (load_arrays((folder / "model.safetensors").read_bytes()) for folder in (tmp_path, MODEL))
    assert {name: (each.shape, each.dtype) for name, each in now.items()} == {
        name: (each.shape, each.dtype) for name, each in then.items()
    }, AGAIN


@contextmanager
def opened_below(folder: Path) -> Iterator[set[str]]:
    """Names of the files of a folder that are opened in the block, by whatever library."""
    found, listening = set[str](), [True]

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if listening and event == "open" and isinstance(arguments[0], str | os.PathLike):
            path = Path(os.fspath(arguments[0]))
            if path.is_relative_to(folder):
                found.add(str(path.relative_to(folder)))

    sys.addaudithook(hear)  # it cannot be taken back, only made deaf
    try:
        yield found
    finally:
        listening.clear()


def test_every_file_that_is_read_comes_in_by_the_one_door(tmp_path: Path) -> None:
    """And no link leads out of the folder there."""
    folder, through, whole = tmp_path / "model", set[str](), Received.bytes
    shutil.copytree(MODEL, folder)

    def watched(given: Received, name: str, most: int | None = None) -> bytes:
        through.add(name)
        return whole(given, name, most)

    with patch.object(Received, "bytes", watched), opened_below(folder) as opened:
        load_model(folder)
    assert opened == through == set(FILES) - {"README.md", "metrics.json", "adaptation.json"}
    for name in sorted(through):
        path = folder / name
        moved = path.rename(tmp_path / name)
        path.symlink_to(moved)
        with pytest.raises(FormatError, match=f"however {name} is wrong: it is a link out of the folder"):
            load_model(folder)
        path.unlink()
        moved.rename(path)
    assert load_model(folder).architecture == "ensemble"
