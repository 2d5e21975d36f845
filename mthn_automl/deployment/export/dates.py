"""The parts of dates in a graph, from microseconds since 1970."""

import numpy as np

from mthn_automl.data.columns.dates import MICROSECONDS_A_DAY
from mthn_automl.data.columns.form import Part
from mthn_automl.deployment.export.graph import Graph

MISSING = np.iinfo(np.int64).min
"""What NumPy's NaT is as a whole number."""

CYCLE, CYCLES = 146_097, 25
"""Days of 400 years, which are whole weeks; and how many of them are added, so that all that is divided is positive."""

FROM_MARCH = 719_468
"""Days from the 1st of March of the year 0 to the 1st of January 1970."""


def part_of(graph: Graph, part: Part, microseconds: str) -> str:
    """(rows, 1) whole numbers to (rows, 1) double precision, NaN where missing, as `data.columns.dates.part_of`."""
    missing = graph.add("Equal", microseconds, graph.constant([MISSING]))
    known = graph.add("Where", missing, graph.constant([0]), microseconds)
    found = _Date(graph, known).part(part)
    return graph.add("Where", missing, graph.constant([np.nan]), found)


class _Date:
    """A date on its way through a graph; whole numbers are divided without a rest."""

    def __init__(self, graph: Graph, microseconds: str) -> None:
        self.graph, self.given = graph, microseconds

    def part(self, part: Part) -> str:
        match part.name:
            case "days":
                days = self.divided(self.as_double(self.given), float(MICROSECONDS_A_DAY))
                return self.combined("Sub", days, part.origin)
            case "hour":
                spent = self.combined("Sub", self.moved, self.combined("Mul", self.day, MICROSECONDS_A_DAY))
                return self.divided(self.as_double(spent), MICROSECONDS_A_DAY / 24)
            case "weekday":
                since = self.combined("Add", self.day, 3)
                return self.as_double(self.combined("Add", self.rest(since, 7), 1))
        year, month = self.civil()
        return self.as_double(year if part.name == "year" else month)

    @property
    def moved(self) -> str:
        return self.combined("Add", self.given, CYCLE * CYCLES * MICROSECONDS_A_DAY)

    @property
    def day(self) -> str:
        """Days, counted from CYCLES before 1970."""
        return self.divided(self.moved, MICROSECONDS_A_DAY)

    def civil(self) -> tuple[str, str]:
        """Year and month by Hinnant's algorithm "civil_from_days", whose years begin in March."""
        since = self.combined("Add", self.day, FROM_MARCH)
        cycle, of_cycle = self.divided(since, CYCLE), self.rest(since, CYCLE)
        leap_days = [self.divided(of_cycle, days) for days in (1_460, 36_524, 146_096)]
        even = self.combined("Add", self.combined("Sub", of_cycle, leap_days[0]), leap_days[1])
        year = self.divided(self.combined("Sub", even, leap_days[2]), 365)
        before = self.combined("Add", self.combined("Mul", year, 365), self.divided(year, 4))
        of_year = self.combined("Sub", of_cycle, self.combined("Sub", before, self.divided(year, 100)))
        from_march = self.divided(self.combined("Add", self.combined("Mul", of_year, 5), 2), 153)
        late = self.combined("GreaterOrEqual", from_march, 10)
        month = self.graph.add("Where", late, self.combined("Sub", from_march, 9), self.combined("Add", from_march, 3))
        counted = self.combined("Add", year, self.combined("Mul", cycle, 400))
        counted = self.combined("Add", counted, self.graph.add("Cast", late, to=7))
        return self.combined("Sub", counted, 400 * CYCLES), month

    def divided(self, value: str, by: float) -> str:
        return self.combined("Div", value, by)

    def rest(self, value: str, by: int) -> str:
        return self.combined("Mod", value, by)

    def as_double(self, value: str) -> str:
        return self.graph.add("Cast", value, to=11)

    def combined(self, operator: str, value: str, other: str | float) -> str:
        return self.graph.add(operator, value, other if isinstance(other, str) else self.graph.constant([other]))
