"""Errors in the order of their trials, of which the lowest among the first k are known at once."""

from bisect import bisect, insort

KEPT = 4
"""Lowest errors: three spacings between neighbours say how an architecture's errors end."""


class LowestErrors:
    """Kept up as trials end, so that whoever asks does not sort a long history."""

    def __init__(self, errors: tuple[float, ...] = ()) -> None:
        self._numbers: list[int] = []
        self._errors: list[float] = []
        self._lowest: list[tuple[float, ...]] = [()]
        for number, error in enumerate(errors):
            self.add(number, error)

    def add(self, number: int, error: float) -> None:
        """The error of the trial of that number, which may have begun before others that ended earlier."""
        index = bisect(self._numbers, number)
        self._numbers.insert(index, number)
        self._errors.insert(index, error)
        del self._lowest[index + 1 :]
        for later in self._errors[index:]:
            lowest = list(self._lowest[-1])
            insort(lowest, later)
            self._lowest.append(tuple(lowest[:KEPT]))

    def __len__(self) -> int:
        return len(self._errors)

    def lowest(self, first: int | None = None) -> tuple[float, ...]:
        """The four lowest, sorted, of all errors or of the `first` ones; fewer where there are no four."""
        return self._lowest[-1 if first is None else min(first, len(self))]
