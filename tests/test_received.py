"""Files of folders that anybody may have written: what is not plainly a file of the folder is refused by name."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from mthn_automl import received
from mthn_automl.data.arrays import FloatArray
from mthn_automl.errors import FormatError
from mthn_automl.received import Received, typed


def given(folder: Path) -> Received:
    return Received(folder, "a whole folder")


def refused(path: Path, reason: str) -> str:
    return rf"^{path.parent} must be a whole folder, however {path.name} is wrong: .*{reason}.*\.$"


def test_a_file_and_a_link_that_ends_inside_the_folder_are_read(tmp_path: Path) -> None:
    arrays = {"a": np.arange(3.0)}
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "real.json").write_text('{"a": [1, null]}')
    (tmp_path / "link.json").symlink_to("deep/real.json")
    (tmp_path / "a.safetensors").write_bytes(save(arrays))
    assert given(tmp_path).json("deep/real.json") == given(tmp_path).json("link.json") == {"a": [1, None]}
    np.testing.assert_equal(given(tmp_path).arrays("a.safetensors"), arrays)


def test_links_out_of_the_folder_pipes_devices_and_folders_are_refused_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "outside.json").write_text("{}")
    (folder / "out").symlink_to("../outside.json")
    (folder / "zero").symlink_to("/dev/zero")
    (folder / "gone").symlink_to("nowhere")
    (folder / "round").symlink_to("round")
    (folder / "inside").mkdir()
    os.mkfifo(folder / "pipe")
    reasons = {
        "out": "a link out of the folder",
        "zero": "a link out of the folder",
        "gone": "No such file",
        "round": "(symbolic link|Symlink)",
        "inside": "(no regular file|Is a directory)",
        "pipe": "no regular file",
        "absent": "No such file",
        "../outside.json": "a link out of the folder",
    }
    for name, reason in reasons.items():
        with pytest.raises(FormatError, match=rf"however {name} is wrong: .*{reason}"):
            given(folder).json(name)


NO_JSON = {
    "text": (b"{", "Expecting"),
    "no UTF-8": (b'{"a": "\xff"}', "utf-8"),
    "NaN": (b'{"a": NaN}', "it holds NaN, which is no JSON"),
    "infinity": (b"[-Infinity]", "it holds -Infinity, which is no JSON"),
    "deep": (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
    "a number of many digits": (b"[" + b"9" * 10_000 + b"]", "digits"),
}


@pytest.mark.parametrize(("content", "reason"), NO_JSON.values(), ids=NO_JSON)
def test_what_is_no_json_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=refused(path, reason)):
        given(tmp_path).json("a.json")


def test_what_is_larger_than_allowed_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of holes, which takes no room on the disk."""
    for name in ("a.json", "a.safetensors"):
        with (tmp_path / name).open("wb") as stream:
            stream.truncate(1 << 43)
    monkeypatch.setattr(received, "MOST_JSON", 1 << 20)
    with pytest.raises(FormatError, match=r"8,796,093,022,208 bytes, and 1,048,576 are allowed"):
        given(tmp_path).json("a.json")
    with pytest.raises(FormatError, match=r"8,796,093,022,208 bytes, and .* are allowed"):
        given(tmp_path).arrays("a.safetensors")


def test_whatever_goes_wrong_in_a_checked_block_is_told_as_that_files_fault(tmp_path: Path) -> None:
    for error, said in (
        (KeyError("a"), "'a' is missing"),
        (ValueError("no"), "no"),
        (AssertionError(), "AssertionError"),
    ):
        with pytest.raises(FormatError, match=f"however a.json is wrong: {said}"), given(tmp_path).checked("a.json"):
            raise error


@dataclass(frozen=True)
class Point:
    """As a file may hold it."""

    name: str
    at: tuple[float, ...]
    weights: FloatArray | None = None

    def __post_init__(self) -> None:
        if len(self.at) > 2:
            raise ValueError("a point lies in a plane")


MISFITS = {
    "no object": ([], "Expected `object`, got `array`"),
    "a field that is missing": ({"name": "a"}, "missing required field `at`"),
    "a field of another type": ({"name": "a", "at": [1, "2"]}, r"Expected `float`, got `str` - at `\$\.at\[1\]`"),
    "what the type refuses": ({"name": "a", "at": [1, 2, 3]}, "a point lies in a plane"),
    "no array": ({"name": "a", "at": [], "weights": 3}, r"got `int` - at `\$\.weights`"),
    "an array of another kind": ({"name": "a", "at": [], "weights": np.arange(3)}, r"floating.*at `\$\.weights`"),
}


@pytest.mark.parametrize(("content", "reason"), MISFITS.values(), ids=MISFITS)
def test_a_field_that_does_not_fit_its_type_is_named(content: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        typed(content, Point)


def test_what_fits_its_type_is_an_object_of_it(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"name": "a", "at": [1, 2.5], "later": 0}')
    assert given(tmp_path).typed("a.json", Point) == Point("a", (1.0, 2.5))
    weights = np.ones(2)
    assert typed({"name": "a", "at": [], "weights": weights}, Point).weights is weights


def test_toml_and_numpy_files_are_read_or_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("a = [1]")
    np.save(tmp_path / "a.npy", np.arange(3.0))
    assert given(tmp_path).toml("a.toml") == {"a": [1]}
    np.testing.assert_array_equal(given(tmp_path).array("a.npy"), np.arange(3.0))
    np.save(tmp_path / "a.npy", np.array([{}]), allow_pickle=True)
    (tmp_path / "a.toml").write_text("a = [")
    for read in (given(tmp_path).toml, given(tmp_path).array):
        with pytest.raises(FormatError, match=r"however a\.(toml|npy) is wrong"):
            read(f"a.{'toml' if read.__name__ == 'toml' else 'npy'}")


def test_arrays_that_are_none_are_refused(tmp_path: Path) -> None:
    for content in (b"", b"\x00" * 64, json.dumps({}).encode(), save({"a": np.zeros(3)})[:-1]):
        (tmp_path / "a.safetensors").write_bytes(content)
        with pytest.raises(FormatError, match=r"a\.safetensors is wrong"):
            given(tmp_path).arrays("a.safetensors")
