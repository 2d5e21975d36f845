"""How the lines of a text are cells: the delimiter, and lines that are neither names nor rows."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TextIO

from mthn_automl.data.formats.room import LONGEST, printable
from mthn_automl.data.formats.text import Text
from mthn_automl.errors import DataError
from mthn_automl.machine import in_words

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes"}
SAMPLE = 1 << 18
SAMPLE_ROWS = 1_000
MOST_TITLE = 20
"""Records that a title may have."""

LEAST_EVEN = 0.9
"""Share of the records below the names that have as many cells as these, where it is known that some have not."""

_SAYS_ITSELF = re.compile(r'"?sep=([\t !#-/:-@\[-`{-~])"?(\r\n|\r|\n)', re.IGNORECASE)
_MARKED = re.compile(r"\[.{0,30}\]|\(.{0,30}\)|.{0,10}[°%‰µμΩ].{0,10}")
_UNIT = re.compile(r"[^\d\s].{0,15}")
_NO_UNIT = {"", "-", "--", "[-]", "(-)", "[]", "()", "–", "[–]"}
_NUMBER = re.compile(r"[-+]?[\s\d.,'%]*\d[\d.,'%\s]*([eE][-+]?\d+)?")
_GAP = re.compile(r"[^\d]{0,5}")


@dataclass(frozen=True)
class Dialect:
    """What separates cells, and how many records stand before the first row.

    Attributes:
        delimiter: the character between cells.
        skipped: lines before that of names: 1 where the first one says the delimiter.
        names: of the columns, as they stand; empty where there is no line of names.
        units: the cells of a second line that holds units of the columns; empty where it is a row.
    """

    delimiter: str
    skipped: int
    names: tuple[str, ...]
    units: tuple[str, ...]

    @classmethod
    def of(cls, text: Text, wanted: str | None) -> "Dialect":
        """Found out from the beginning of a text, or the delimiter that is wanted."""
        with text.characters() as characters:
            first = characters.readline()
            sample = first + characters.read(max(SAMPLE, 2 * len(first)))
        says = _SAYS_ITSELF.match(sample)
        body = sample[says.end() :] if says else sample
        delimiter = wanted or (says.group(1) if says else _likeliest(body))
        rows = [cells for _, cells in _sample(body, delimiter)]
        if not _are_even(rows):
            _refuse_title(text, body, 1 if says else 0, [delimiter] if wanted else DELIMITERS)
        names, below = tuple(rows[0]) if rows else (), rows[1:]
        units = tuple(below[0]) if below and is_units(below[0], below[1:]) else ()
        return cls(delimiter, 1 if says else 0, names, units)

    @property
    def notes(self) -> tuple[str, ...]:
        word = DELIMITERS.get(self.delimiter, repr(self.delimiter))
        notes = [f"cells are separated by {word}."] if self.delimiter != "," or self.skipped else []
        return (*notes, units_note("second line", self.units)) if self.units else tuple(notes)


def is_units(line: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a line of cells holds units, `[mm]`, `(kg)` or `°C` one at least, above columns of numbers."""
    columns = [k for k, cell in enumerate(line) if cell.strip() not in _NO_UNIT]
    cells = [line[k].strip() for k in columns]
    if not any(map(_MARKED.fullmatch, cells)) or not all(_MARKED.fullmatch(c) or _UNIT.fullmatch(c) for c in cells):
        return False
    return all(_numbers([row[k] for row in below if k < len(row)]) for k in columns)


def units_note(line: str, units: Sequence[str]) -> str:
    """The sentence that says so; `line` names the one that is meant."""
    shown = ", ".join(cell.strip() for cell in units if cell.strip() not in _NO_UNIT)
    return f"the {line} holds units ({printable(shown)}) and is not a row."


def records(characters: TextIO, delimiter: str, skipped: int = 0) -> Iterator[tuple[int, list[str]]]:
    """First line and cells of each record that is not blank, that of the names included; `skipped` lines first.

    Raises:
        csv.Error: a cell longer than all bounds.
    """
    reader, line = _reader(characters, delimiter, skipped), skipped + 1
    for cells in reader:
        if not _blank(cells):
            yield line, cells
        line = skipped + reader.line_num + 1


def refuse_open_quote(text: Text, dialect: Dialect, *, too_long: bool = False) -> None:
    """Raise the DataError of a text that ends within a quote, or has a record which is too long."""
    line = _open_quote(text, dialect)
    if line is not None:
        raise DataError(
            f"Every quote must be closed, however {text.content.name} ends within the one opened in line {line:,}; "
            "close it, or double a quote that is a letter of a cell."
        )
    if too_long:
        raise DataError(
            f"A row must be shorter than {in_words(LONGEST)}, however one of {text.content.name} is longer; look for "
            "quotes that are closed far below."
        )


def _open_quote(text: Text, dialect: Dialect) -> int | None:
    """The line in which a quote begins a cell that never ends, None if there is no such; others are mere letters."""
    with text.characters() as characters:
        reader, line = _reader(characters, dialect.delimiter, dialect.skipped, strict=True), dialect.skipped + 1
        while True:
            try:
                next(reader)
            except StopIteration:
                return None
            except csv.Error as error:
                if "end of data" in str(error) or "field larger" in str(error):
                    return line
            line = dialect.skipped + reader.line_num + 1


def _reader(characters: TextIO, delimiter: str, skipped: int, strict: bool = False) -> Any:
    for _ in range(skipped):
        characters.readline()
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST))  # 131,072 letters unless it is raised
    return csv.reader(characters, delimiter=delimiter, strict=strict)


def _blank(cells: list[str]) -> bool:
    """An empty line has no cells; one that is empty has been written as two quotes."""
    return not cells or (len(cells) == 1 and cells[0].isspace())


def _likeliest(sample: str) -> str:
    """The delimiter by which most rows have as many cells as the names; of several such, the one of most cells."""
    return max(DELIMITERS, key=lambda delimiter: _fit(sample, delimiter))


def _sample(body: str, delimiter: str) -> list[tuple[int, list[str]]]:
    return list(islice(records(io.StringIO(body, newline=""), delimiter), SAMPLE_ROWS))


def _are_even(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first has several cells that are filled, and all others as many as it; the last may be cut off."""
    return not rows or (_filled(rows[0]) > 1 and all(len(row) == len(rows[0]) for row in rows[:-1]))


def _filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _refuse_title(text: Text, body: str, before: int, delimiters: Iterable[str]) -> None:
    """Raise a DataError where lines that are no cells stand above what looks like names of columns.

    before: lines that say the delimiter.
    """
    for delimiter in delimiters:
        rows = _sample(body, delimiter)
        place = _place_of_names([cells for _, cells in rows])
        if place:
            line, names = rows[place][0] + before, rows[place][1]
            shown = printable(", ".join(name.strip() for name in names[:5]))
            raise DataError(
                f"A data file must begin with the line of column names, however in {text.content.name} these seem to "
                f"stand in line {line:,} ({shown}), below a title; remove the lines above it."
            )


def _place_of_names(rows: Sequence[Sequence[str]]) -> int:
    """The first of a few records that has more cells than those above it, as many as the rest, and no number; or 0."""
    for place in range(1, min(MOST_TITLE, len(rows) - 1) + 1):
        names, below = rows[place], rows[place + 1 :]
        wide = len(names) > max(1, *map(_filled, rows[:place]))
        even = sum(len(row) == len(names) for row in below) >= LEAST_EVEN * len(below) > 0
        if wide and even and all(cell.strip() and not _NUMBER.fullmatch(cell.strip()) for cell in names):
            return place if any(_NUMBER.fullmatch(cell.strip()) for row in below for cell in row) else 0
    return 0


def _fit(sample: str, delimiter: str) -> tuple[bool, float, int]:
    rows = islice(records(io.StringIO(sample, newline=""), delimiter), SAMPLE_ROWS)
    widths = [len(cells) for _, cells in rows]
    if not widths:
        return False, 0.0, 0
    if len(widths) > 2:
        widths.pop()  # the sample may end within a row
    same = sum(width == widths[0] for width in widths) / len(widths)
    return widths[0] > 1, same, widths[0]


def _numbers(cells: Sequence[str]) -> bool:
    numbers = [cell for cell in cells if _NUMBER.fullmatch(cell.strip())]
    return bool(numbers) and all(_NUMBER.fullmatch(cell.strip()) or _GAP.fullmatch(cell.strip()) for cell in cells)
