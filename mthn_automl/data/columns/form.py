"""How the cells of a column are written: all that is needed to read other cells as those of training were.

It is stored in schemas, so that nothing heavy is imported here.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

Decimal = Literal[".", ","]
Thousands = Literal["", ",", ".", " ", "'"]
Composed = Literal["", "duration", "tolerance", "range", "fraction"]


class Kind(StrEnum):
    """What a column holds."""

    NUMBER = "number"
    TRUTH = "truth"
    DATE = "date"
    TEXT = "text"


COMPOSED: Final[dict[Composed, str]] = {
    "": "numbers",
    "duration": "seconds of durations (hours:minutes:seconds)",
    "tolerance": "numbers without the tolerance behind them",
    "range": "middles of ranges (of open ones the limit)",
    "fraction": "quotients of fractions",
}
"""What is made of cells that have more than one number in them."""


@dataclass(frozen=True)
class Notation:
    """How numbers are written.

    Attributes:
        decimal: mark before the fraction.
        thousands: mark between groups of three digits; empty: there is none, a blank: any kind of blank.
        affix: unit or currency beside the digits, in every cell; empty: none.
        composed: what each cell has more than one number in; empty: it is a number.
    """

    decimal: Decimal = "."
    thousands: Thousands = ""
    affix: str = ""
    composed: Composed = ""

    @property
    def called(self) -> str:
        """`numbers with a decimal comma`."""
        marks = str(self)
        return f"{COMPOSED[self.composed]}{f' with {marks}' if marks else ''}"

    def __str__(self) -> str:
        """What is special about its marks; empty of plain numbers."""
        parts = [] if self.decimal == "." else ["a decimal comma"]
        named = {",": "commas", ".": "dots", " ": "blanks", "'": "apostrophes"}
        parts += [f"{named[self.thousands]} between thousands"] if self.thousands else []
        parts += [f"'{self.affix}' beside them"] if self.affix else []
        return " and ".join(parts)


PLAIN: Final = Notation()


@dataclass(frozen=True)
class Form:
    """How the cells of a column are written.

    Attributes:
        kind: what they hold.
        notation: of numbers.
        date: format of dates; empty where they had a type.
    """

    kind: Kind
    notation: Notation = PLAIN
    date: str = ""


@dataclass(frozen=True)
class Part:
    """One number made of a date.

    Attributes:
        name: of `mthn_automl.data.columns.dates.PARTS`.
        origin: of days, the day that is 0, counted from 1970.
    """

    name: str
    origin: float = 0.0
