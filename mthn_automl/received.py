"""The door by which files of model and run folders come in, which anybody may have written: they are data, and no more.

What is no regular file, leads out of its folder by a link, is larger than memory, or is no JSON, is refused by name
before it is used. Nothing that is read here can run code.
"""

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mthn_automl.errors import FormatError

if TYPE_CHECKING:
    import numpy as np

MOST_JSON: Final = 1 << 29
"""Bytes of a JSON file, which takes some ten times as much when it is read."""


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
                allowed = _memory() if most is None else most
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
            return json.loads(content.decode("utf-8"), parse_constant=_refuse)

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


def _memory() -> int:
    """Bytes that can be had now."""
    import psutil

    return int(psutil.virtual_memory().available)
