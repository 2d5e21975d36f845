"""Names that may be one, written in two ways: both are said, and neither is ever taken for the other."""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Final

from mthn_automl.data.names import counted, listed

MOST_NAMED: Final = 5
MOST_GROUPS: Final = 3
MOST_COMPARED: Final = 2_000
"""Names that one is compared with letter by letter: of more, only those count that are the same but for their form."""

NEAR: Final = 0.85
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_BETWEEN: Final = re.compile(r"(?<=\w)[\s_\-.,/]+")
_ZEROS: Final = re.compile(r"(?<!\d)0+(?=\d)")


def folded(name: str) -> str:
    """What is left of a name where case, zeros in front, and the signs and blanks between its words do not count."""
    bare = unicodedata.normalize("NFKC", name).casefold().strip()
    if _NUMBER.fullmatch(bare):
        return f"{Decimal(bare).normalize():f}"
    return _ZEROS.sub("", _BETWEEN.sub(" ", bare)).strip()


class Likeness:
    """Known names, among which the nearest to another is looked for.

    Args:
        known: the names.
    """

    def __init__(self, known: Iterable[str]) -> None:
        self._known = tuple(known)

    @cached_property
    def _by_form(self) -> Mapping[str, str]:
        return {folded(name): name for name in reversed(self._known)}

    @cached_property
    def _by_digits(self) -> Mapping[str, list[str]]:
        """The forms; names whose numbers differ are names of different things, however near their letters."""
        found: dict[str, list[str]] = {}
        for form in self._by_form:
            found.setdefault(_digits(form), []).append(form)
        return found

    def nearest(self, name: str, *, by_letters: bool = True) -> str | None:
        """The known name that differs least, if it may well be meant; by_letters: not in its form alone."""
        form = folded(name)
        if form in self._by_form or not by_letters:
            return self._by_form.get(form)
        rivals = self._by_digits.get(_digits(form), [])
        near = difflib.get_close_matches(form, rivals, n=1, cutoff=NEAR) if len(rivals) <= MOST_COMPARED else []
        return self._by_form[near[0]] if near else None

    def question(self, names: Iterable[str], where: str) -> str:
        """`; did you mean '1001' by '01001', as in meta.csv?`, of those that have one near; empty where none has.

        Only the first few names are compared letter by letter, which takes its time. where: what holds the known ones.
        """
        found = [(name, self.nearest(name, by_letters=number < MOST_NAMED)) for number, name in enumerate(names)]
        near = [(name, each) for name, each in found if each is not None]
        if not near:
            return ""
        shown = ", ".join(f"'{each}' by '{name}'" for name, each in near[:MOST_GROUPS])
        more = f" and {len(near) - MOST_GROUPS:,} more" if len(near) > MOST_GROUPS else ""
        return f"; did you mean {shown}{more}, as in {where}?"


def with_rows(names: Sequence[str], rows: Sequence[int]) -> str:
    """The first names in quotes, with how many rows each has."""
    shown = [f"'{name}' ({counted(count, 'row')})" for name, count in zip(names[:MOST_NAMED], rows, strict=False)]
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return ", ".join(shown) + more


def alike_note(table: str, names: Sequence[str], rows: Sequence[int]) -> list[str]:
    """A sentence on tasks of one table that may be one; none where there are no such.

    Args:
        table: what sentences call it.
        names: of its tasks.
        rows: that each has.
    """
    groups: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        groups.setdefault(folded(name), []).append(number)
    alike = [group for group in groups.values() if len(group) > 1]
    if not alike:
        return []
    shown = "; ".join(with_rows([names[k] for k in group], [rows[k] for k in group]) for group in alike[:MOST_GROUPS])
    more = f"; and {len(alike) - MOST_GROUPS:,} more" if len(alike) > MOST_GROUPS else ""
    tasks = counted(sum(map(len, alike)), "task")
    return [
        f"{table}: {tasks} may be {len(alike):,}, each named in several ways: {shown}{more}; they are kept apart: "
        "write them alike where they are one."
    ]


def no_common(ours: Sequence[str], theirs: Sequence[str], data_name: str, meta_name: str) -> str:
    """What is wrong with metadata of which no name is one of the data."""
    question = Likeness(theirs).question(ours[:MOST_NAMED], meta_name)
    return (
        f"Metadata are joined to the data by the name of the task, however no task of {meta_name} "
        f"(such as {listed(theirs[:1])}) is one of {data_name} (such as {listed(ours[:1])})"
        f"{question or '; check the names.'}"
    )


def _digits(form: str) -> str:
    return " ".join(re.findall(r"\d+", form))
