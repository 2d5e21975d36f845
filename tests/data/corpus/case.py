"""What a case of the corpus is, the good rows that cases spoil, and the outcome of one in a line."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from mthn_automl.data import memory
from mthn_automl.run import prepare
from tests.command import Ended

TASKS, ROWS = 6, 8
FREE = 1 << 30
"""Bytes of memory that are left."""
SHOWN = 4
"""Columns and sentences of an outcome; of more, their number."""

Content = bytes | str | Callable[[Path], object]
Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class Case:
    """An input of `check`.

    Attributes:
        data: bytes of the file, or what writes it to a path.
        words: further words of the command.
        name: of the file, which may lie in folders.
        meta, test: further files, given as such where they are there.
    """

    data: Content
    words: tuple[str, ...] = ()
    name: str = "data.csv"
    meta: Content | None = None
    test: Content | None = None

    def written(self, folder: Path) -> list[str]:
        """Write the files, and give the words of the command."""
        words = ["check", self.name, "--json", *self.words]
        _write(folder / self.name, self.data)
        for option, content in (("meta", self.meta), ("test", self.test)):
            if content is not None:
                _write(folder / f"{option}.csv", content)
                words += [f"--{option}", f"{option}.csv"]
        return words


@contextmanager
def on_a_small_machine() -> Iterator[None]:
    """As where so much memory is left for two workers, so that sentences say the same anywhere; and without the search
    space files of all architectures, which take twice the time of all else that a small `check` does.
    """
    with (
        patch.object(memory, "free_bytes", lambda: FREE),
        patch.object(prepare, "fits_at_once", lambda options: 2),
        patch.object(prepare, "chosen_files", lambda options: {}),
    ):
        yield


def _write(path: Path, content: Content) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if callable(content):
        content(path)
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def _good() -> Columns:
    chance, count = Random(0), TASKS * ROWS
    x, y = ([round(chance.gauss(0, 1), 3) for _ in range(count)] for _ in range(2))
    target = [
        round(2 * a * (row % TASKS) - b + chance.gauss(0, 1), 3) for row, (a, b) in enumerate(zip(x, y, strict=True))
    ]
    return {"task": [f"site {'abcdef'[row % TASKS]}" for row in range(count)], "x": x, "y": y, "target": target}


GOOD = _good()
"""48 rows of six tasks, of which nothing is to be said."""


def columns(**changed: Sequence[Any] | Mapping[int, Any] | Callable[[int], Any] | None) -> Columns:
    """The good rows with other columns: a list is repeated, a function is asked by row, a dict changes some cells, and
    None leaves the column out. `__` in a name stands for a blank.
    """
    count, found = TASKS * ROWS, dict(GOOD)
    for given, cells in changed.items():
        name = given.replace("__", " ")
        if cells is None:
            del found[name]
        elif callable(cells):
            found[name] = [cells(row) for row in range(count)]
        elif isinstance(cells, Mapping):
            found[name] = [cells.get(row, cell) for row, cell in enumerate(found.get(name, [""] * count))]
        else:
            found[name] = [cells[row % len(cells)] for row in range(count)]
    return found


def text(rows: Columns, delimiter: str = ",", end: str = "\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    """The rows as CSV."""
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, delimiter=delimiter, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([list(rows), *zip(*rows.values(), strict=True)])
    return sink.getvalue()


def changed(**cells: Any) -> str:
    """CSV of `columns`."""
    return text(columns(**cells))


def outcome(ended: Ended) -> str:
    """One line: the exit code with the sentence, or with what was understood and said."""
    if ended.code:
        return f"**{ended.code}** {_steady(ended.err.removeprefix('mthn-automl: ').strip())}"
    found = json.loads(ended.out)
    said = [each for each in found["notes"] if "more than two distinct values" not in each]
    parts = [f"{found['rows']:,} rows of {found['sizes']['tasks']:,} tasks, {found['problem']}"]
    parts += _some([_column(each) for each in found["columns"] if not _is_good(each)])
    parts += [f"alarm {name}" for name in sorted({each["name"] for each in found["alarms"]})]
    return f"0 {_steady(' · '.join([*parts, *_some(said)]))}"


def _column(found: dict[str, Any]) -> str:
    gaps = f", {found['missing']:,} missing" if found["missing"] else ""
    return f"{_short(found['name'], 30)!r}: {found['role']} {found['kind']}{gaps}"


def _is_good(found: dict[str, Any]) -> bool:
    roles = {"task": ("task", "text"), "target": ("target", "number"), "x": ("feature", "number")}
    roles["y"] = roles["x"]
    return roles.get(found["name"]) == (found["role"], found["kind"]) and not found["missing"]


def _some(parts: list[str]) -> list[str]:
    rest = len(parts) - SHOWN
    return [_short(each, 240) for each in parts[:SHOWN]] + ([f"and {rest:,} more"] if rest > 0 else [])


def _short(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[:most]}..."


def _steady(words: str) -> str:
    """Without what libraries and machines say, and without what Markdown would take for a sign."""
    words = re.sub(r"however /\S*/", "however ", words)  # the folder of a test
    words = re.sub(r"is damaged: .*; copy it again", "is damaged: ...; copy it again", words)
    shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in words)
    return shown.replace("|", r"\|").replace("<", r"\<").replace("*", r"\*")
