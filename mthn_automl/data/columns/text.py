"""Text cells as names: without blanks around them, in one Unicode form, each name once."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mthn_automl.data.arrays import IntArray


@dataclass(frozen=True)
class Names:
    """A column of text.

    Attributes:
        codes: (rows,) int64 index into `names`, -1 where the cell is null.
        names: each once, in order of appearance.
    """

    codes: IntArray
    names: tuple[str, ...]

    @classmethod
    def of(cls, cells: pa.ChunkedArray) -> "Names":
        """Of text cells. Those that differ in blanks around them, or in their Unicode form (NFC), are one name."""
        encoded = pc.dictionary_encode(cells).combine_chunks()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.chunk(0) if encoded.num_chunks else pa.array([], pa.string()).dictionary_encode()
        codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        names = encoded.dictionary.to_pylist()
        if _are_tidy(encoded.dictionary):
            return cls(codes, tuple(names))
        return cls(codes, ()).renamed([tidy(name) for name in names])

    def renamed(self, names: list[str]) -> "Names":
        """The same cells by other names, in the order of the present ones; equal ones become one."""
        places: dict[str, int] = {}
        moved = [places.setdefault(name, len(places)) for name in names]
        return Names(np.array([*moved, -1], dtype=np.int64)[self.codes], tuple(places))

    def without(self, wrong: list[bool]) -> "Names":
        """The same cells, null where the name is one of those."""
        if not any(wrong):
            return self
        kept = np.cumsum([not each for each in wrong]) - 1
        moved = [-1 if each else int(place) for each, place in zip(wrong, kept, strict=True)]
        names = tuple(name for name, each in zip(self.names, wrong, strict=True) if not each)
        return Names(np.array([*moved, -1], dtype=np.int64)[self.codes], names)

    @cached_property
    def array(self) -> pa.Array:
        """The names, as Arrow has them."""
        return pa.array(self.names, pa.string())

    @cached_property
    def counts(self) -> IntArray:
        """(names,) how many cells each has."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.names))

    def first(self, name: int) -> int:
        """The first row of a name."""
        return int((self.codes == name).argmax())


WHOLE: Final = re.compile(r"(-?[0-9]+)\.(?:00?|0{4,})")
"""But for three zeros: 1.000 may be a thousand."""
EXPONENT: Final = re.compile(r"(-?)([1-9])(?:\.([0-9]+))?[eE]\+([0-9]{2})")
"""As programs write real numbers of many digits; identifiers such as 1e5 have no plus sign."""
MOMENT: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:(\.[0-9]*?)0*)?")
REWRITTEN: Final = "^(?:" + "|".join(each.pattern for each in (WHOLE, EXPONENT, MOMENT)) + ")$"
BLANKS: Final = re.compile("[\u00a0\u2000-\u200a\u202f\u205f\u3000]")
CLEAN: Final = "^[!-~](?:[ -~]*[!-~])?$"
"""Printable letters of ASCII without blanks around them."""


def _are_tidy(names: pa.Array) -> bool:
    """Whether `tidy` would change none of these, seen without looking at one after the other in Python."""
    clean, rewritten = (pc.match_substring_regex(names, each) for each in (CLEAN, REWRITTEN))
    return bool(pc.all(clean).as_py() and not pc.any(rewritten).as_py())


def tidy(name: str) -> str:
    """Without blanks around it, with every blank in it the plain one (a no-break space is one), in Unicode's composed
    form, and with 3.0 written as 3: whole numbers become real ones where a cell of theirs is missing. For the same
    reason 1e+16 has all its digits, and a time of day is left out where it is midnight, and else follows a blank.
    """
    bare = name.strip() if name.isascii() else BLANKS.sub(" ", unicodedata.normalize("NFC", name)).strip()
    whole = WHOLE.fullmatch(bare)
    return whole[1] if whole else _rewritten(bare)


def _rewritten(bare: str) -> str:
    exponent, moment = EXPONENT.fullmatch(bare), MOMENT.fullmatch(bare)
    if exponent:
        sign, first, rest, power = exponent.groups(default="")
        return f"{sign}{first}{rest:0<{int(power)}}" if len(rest) <= int(power) else bare
    if moment:
        day, clock, fraction = moment.groups(default="")
        clock += "" if fraction == "." else fraction
        return day if clock == "00:00:00" else f"{day} {clock}"
    return bare
