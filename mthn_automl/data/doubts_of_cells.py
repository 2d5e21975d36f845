"""What the cells of a column might be other than they were taken for, in sentences that name the option."""

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.columns.form import Kind
from mthn_automl.data.columns.numbers import ZEROS
from mthn_automl.data.columns.text import Names
from mthn_automl.data.names import counted, short
from mthn_automl.data.source import Source

FEW_CELLS: Final = 0.25
"""Share up to which cells that are no numbers are better missing than rewritten."""

CLOCK: Final = "[0-9]+:[0-5][0-9]"

FEWEST_SENTINELS, LEAST_SHARE = 3, 0.01
"""Cells, and their share, from which on a number far from all others is asked about."""


def doubts_of_sentinels(source: Source, name: str) -> tuple[str, ...]:
    """Of numbers of which one, made of nines or below zero where no other is, repeats far from all others.

    Whoever made the data knew of it where another column says in which cells it stands: nothing is then asked.
    """
    cells = source.columns[name]
    if cells.form.kind is not Kind.NUMBER or cells.numbers is None:
        return ()
    known = cells.numbers[cells.known]
    for value in (known.min(), known.max()) if len(known) else ():
        rest = known[known != value]
        count = len(known) - len(rest)
        if count < max(FEWEST_SENTINELS, LEAST_SHARE * len(known)) or not len(rest):
            continue
        low, high = float(rest.min()), float(rest.max())
        is_code = set(f"{abs(value):g}") == {"9"} or value < 0 <= low
        far = max(low - value, value - high) > high - low > 0
        if is_code and far and not _told_elsewhere(source, name, cells.numbers == value):
            return (
                f"{value:g} in {counted(count, 'cell')} of '{name}' lies far from all others, which are from {low:g} "
                f"to {high:g}: where it stands for a missing value, --missing={value:g} says so",
            )
    return ()


def _told_elsewhere(source: Source, name: str, there: NDArray[np.bool_]) -> bool:
    """Whether another column has one value in these rows, and one other value in all others."""
    others = [cells for each, cells in source.columns.items() if each != name]
    return any(_splits(cells.text.codes if cells.text else cells.numbers, there) for cells in others)


def _splits(values: FloatArray | IntArray | None, there: NDArray[np.bool_]) -> bool:
    if values is None:
        return False
    inside, outside = values[there], values[~there]
    return bool(inside[0] != outside[0] and (inside == inside[0]).all() and (outside == outside[0]).all())


def doubts_of_text(source: Source, name: str) -> tuple[str, ...]:
    """Of a column that would be numbers, or dates, but for a few cells."""
    cells = source.columns[name]
    if cells.text is None:
        return ()
    if cells.nearly is None:
        return _doubts_of_clocks(cells.text, name)
    form, strange = cells.nearly.form, set(cells.nearly.strange)
    known = np.flatnonzero(cells.text.counts)
    wrong = [int(code) for code in known if cells.text.names[code] in strange]
    if not wrong:
        if form.notation.composed:
            example, what = short(cells.text.names[known[0]]), form.notation.called
            return (f"'{name}' is text, such as '{example}': --numeric '{name}' takes the {what}",)
        if not form.notation.affix:
            return ()
        return (f"'{name}' is text, since '{form.notation.affix}' stands beside its numbers: {_numeric(name)}",)
    said, where = cells.text.names[wrong[0]], source.at(cells.text.first(wrong[0]))
    count = int(cells.text.counts[wrong].sum())
    others = f", nor {'is' if count == 2 else 'are'} {counted(count - 1, 'other cell')}" if count > 1 else ""
    found = f"'{name}' is text, since '{short(said)}' in {where}"
    if form.kind is Kind.DATE:
        return (f"{found} is no date ({form.date}){others}: correct such cells, or leave them empty",)
    if all(re.match(ZEROS, cells.text.names[code]) for code in wrong):
        zeros = f", as {counted(count - 1, 'other cell')}" if count > 1 else ""
        return (f"{found} has zeros in front{zeros}: {_numeric(name)}",)
    none = f"no {form.notation.composed}" if form.notation.composed else "no number"
    none = f"none of the {form.notation.called}" if str(form.notation) else none
    if count > FEW_CELLS * cells.text.counts.sum():
        usual = next(cells.text.names[code] for code in known if cells.text.names[code] not in strange)
        return (f"{found} is not written as '{short(usual)}' is{others}: write all of them one way for numbers",)
    return (f"{found} is {none}{others}: correct such cells, or --numeric '{name}' counts them as missing",)


def _doubts_of_clocks(text: Names, name: str) -> tuple[str, ...]:
    """Of cells such as 36:15, which are no times of a day."""
    found = [text.names[code] for code in np.flatnonzero(text.counts)]
    if not found or not all(re.fullmatch(CLOCK, each) for each in found):
        return ()
    return (
        f"'{name}' is text, since '{short(found[0])}' may be hours and minutes or minutes and seconds: durations are "
        "written as 36:15:00",
    )


def _numeric(name: str) -> str:
    return f"--numeric '{name}' takes it for numbers"
