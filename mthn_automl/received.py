"""The door by which files of model and run folders come in, which anybody may have written: they are data, and no more.

What is no regular file, leads out of its folder by a link, is larger than memory, is no JSON, or has a field that is
missing or of another type, is refused by name before it is used. Nothing that is read here can run code.
"""

import json
import os
import stat
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args

from mthn_automl.errors import FormatError
from mthn_automl.machine import free_bytes

if TYPE_CHECKING:
    import numpy as np

MOST_JSON: Final = 1 << 29
"""Bytes of a JSON file, which takes some ten times as much when it is read."""

MOST_TOML: Final = 1 << 24
"""Bytes of a TOML file, which people write and read."""

KINDS: Final = {"floating": "f", "integer": "iu"}
"""Letters of NumPy's kinds of numbers, by the name of the type in an annotation."""

Typed = TypeVar("Typed")


def typed(value: Any, kind: type[Typed]) -> Typed:
    """A value as it was stored, of JSON and arrays, as an object of a type, mostly a dataclass.

    Lists become tuples where the type says so; a field that the type does not have is ignored.

    Raises:
        ValueError: a field that is missing or of another type, or that the type itself refuses; it is named.
    """
    import msgspec

    try:
        return msgspec.convert(value, kind, dec_hook=_array)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


def _array(kind: Any, value: Any) -> Any:
    """Whether an array holds what its annotation says, which is all that a library for JSON cannot ask."""
    kinds = [KINDS.get(number.__name__) for held in get_args(kind)[1:] for number in get_args(held)]
    found = getattr(getattr(value, "dtype", None), "kind", None)
    if found is not None and kinds and kinds[0] is not None and found not in kinds[0]:
        raise ValueError(f"Expected an array of {get_args(get_args(kind)[1])[0].__name__} numbers, got {value.dtype}")
    return value


class Received:
    """A folder of files.

    what: the folder is called in sentences, such as `a whole model folder`.
    """

    def __init__(self, folder: Path, what: str) -> None:
        self.folder, self.what = folder, what

    def bytes(self, name: str, most: int | None = None) -> bytes:
        """The content of a file.

        most: bytes that it may have; None: as many as there is memory for.

        Raises:
            FormatError: it is not there, no regular file, outside of the folder, too large, or cannot be read.
        """
        path = self.folder / name
        with self.checked(name):
            if not path.resolve(strict=True).is_relative_to(self.folder.resolve()):
                raise ValueError("it is a link out of the folder")
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would wait for a writer
            with open(descriptor, "rb") as stream:
                found = os.fstat(descriptor)
                if not stat.S_ISREG(found.st_mode):
                    raise ValueError("it is no regular file")
                allowed = free_bytes() if most is None else most
                if found.st_size > allowed:
                    raise ValueError(f"it has {found.st_size:,} bytes, and {allowed:,} are allowed")
                return stream.read(found.st_size)

    def json(self, name: str) -> Any:
        """The content of a JSON file, without NaN and infinities, which JSON has not.

        Raises:
            FormatError: as `bytes`, or it is no JSON, or nested too deeply to be read.
        """
        content = self.bytes(name, MOST_JSON)
        with self.checked(name):
            text = content.decode("utf-8")
            found = json.loads(text, parse_constant=_refuse)
            if "\\ud" in text.lower():  # half a character, which no text that is printed may hold
                json.dumps(found, ensure_ascii=False).encode("utf-8")
            return found

    def typed(self, name: str, kind: type[Typed]) -> Typed:
        """The content of a JSON file as an object of a type, mostly a dataclass, as the function `typed`.

        Raises:
            FormatError: as `json`, or a field is missing, of another type or refused by the type.
        """
        content = self.json(name)
        with self.checked(name):
            return typed(content, kind)

    def toml(self, name: str) -> dict[str, Any]:
        """The content of a TOML file.

        Raises:
            FormatError: as `bytes`, or it is no TOML.
        """
        content = self.bytes(name, MOST_TOML)
        with self.checked(name):
            return tomllib.loads(content.decode("utf-8"))

    def array(self, name: str) -> "np.ndarray":
        """The array of a NumPy file.

        Raises:
            FormatError: as `bytes`, or it is no NumPy file of numbers.
        """
        import numpy as np

        content = self.bytes(name)
        with self.checked(name):
            return np.asarray(np.load(BytesIO(content), allow_pickle=False))

    def arrays(self, name: str) -> "dict[str, np.ndarray]":
        """The arrays of a safetensors file, by name.

        Raises:
            FormatError: as `bytes`, or it is no safetensors file.
        """
        from safetensors.numpy import load

        content = self.bytes(name)
        with self.checked(name):
            return dict(load(content))

    @contextmanager
    def checked(self, name: str) -> Iterator[None]:
        """A block in which the content of a file is taken apart; whatever it raises is told as that file's fault.

        Raises:
            FormatError: in place of any other error.
        """
        try:
            yield
        except FormatError:
            raise
        except Exception as error:
            raise FormatError(f"{self.folder} must be {self.what}, however {name} is wrong: {_said(error)}.") from error


def _said(error: Exception) -> str:
    match error:
        case OSError():
            return error.strerror or str(error)
        case KeyError():
            return f"{error} is missing"
        case RecursionError():
            return "it is nested too deeply"
    return str(error) or type(error).__name__


def _refuse(constant: str) -> None:
    raise ValueError(f"it holds {constant}, which is no JSON")
