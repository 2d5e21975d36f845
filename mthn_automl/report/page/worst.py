"""Which tasks to trust least, and what there is to say of why."""

from collections.abc import Iterator
from typing import Final

import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from mthn_automl.data.names import counted
from mthn_automl.report.page.section import METADATA, Found
from mthn_automl.report.theme import spoken
from mthn_automl.report.wording import digits

WORST: Final = 5
FEW_ROWS: Final = 30
"""Of a task, with fewer of which its error is known to a quarter or worse."""

FAR_OUT: Final = 3.0
"""Times the distance of the quartiles beyond them, from which on a number is far out (Tukey 1977)."""


def worst(found: Found, table: pd.DataFrame) -> str:
    """The tasks with the highest errors; empty where no error of a task is known."""
    known = table[table["error"].notna()]
    if known.empty:
        return ""
    usual = known["error"].median()
    median = f"The cross-validated {spoken(found.metric)} of a task is {digits(usual, 3)} in the median."
    highest = known[known["error"] > usual].nlargest(WORST, "error")
    if highest.empty:
        return f"{median} No task has a higher one."
    told = [
        f"{row['task']} ({digits(row['error'], 3)} in {counted(row['rows'], 'row')})"
        for row in highest.to_dict("records")
    ]
    why = "; ".join([f"Highest, and to be trusted least: {', '.join(told)}", *_why(found, table, highest)])
    return f"{median} {why}."


def _why(found: Found, table: pd.DataFrame, highest: pd.DataFrame) -> Iterator[str]:
    """Few rows, far metadata, or test rows that say otherwise, as far as the tables tell."""
    if highest["rows"].median() < FEW_ROWS:
        yield "errors in so few rows differ by chance, too"
    far = _far(found.table("embeddings"))
    out = [task for task in highest["task"].astype(str) if task in far]
    if out:
        more = len(far) - len(out)
        too = f", as do those of {counted(more, 'task')} more" if more else ""
        yield f"the metadata of {', '.join(out)} lie far from those of the others{too}"
    tested = highest[highest["test_error"].notna()]
    if len(tested):
        tops = table[table["test_error"] == table["test_error"].max()].to_dict("records")
        top = tops[0]
        if len(tops) == 1 and top["task"] not in set(highest["task"]):
            few = f"{digits(top['test_error'], 3)} in {counted(int(top['test_rows']), 'row')}"
            yield f"on the test rows {top['task']} has the highest error ({few})"
        median = table["test_error"].median()
        above = int((tested["test_error"] > median).sum())
        otherwise = (
            "" if 2 * above > len(tested) else ", so that chance may be much of it, or test rows be unlike the others"
        )
        beside = f"above the median of the tasks, too, which is {digits(median, 3)} there"
        yield f"on their test rows {above} of {len(tested)} have an error {beside}{otherwise}"


def _far(places: pd.DataFrame) -> set[str]:
    """The tasks that are far out in a column of numbers of the metadata, which the map of embeddings holds."""
    names = [each for each in map(str, places) if each.startswith(METADATA)]
    numbers = places[[each for each in names if is_numeric_dtype(places[each]) and not is_bool_dtype(places[each])]]
    low, high = numbers.quantile(0.25), numbers.quantile(0.75)
    reach = FAR_OUT * (high - low)
    out = ((numbers < low - reach) | (numbers > high + reach)) & (reach > 0)
    return set(places.loc[out.any(axis=1), "task"].astype(str)) if out.size else set()
