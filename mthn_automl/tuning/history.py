"""What samplers are shown of a study: all of a short one, of a long one the best and the newest trials."""

from bisect import insort
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import islice

from optuna.trial import FrozenTrial

from mthn_automl.tuning.record import TrialRecord

ENDED, RUNNING, BEST = 40, 20, 30
"""Newest trials that have ended and that run, and best ones. What a sampler takes to suggest settings grows with the
trials that it sees: TPE's time doubles from 10 to 200 (measured), and what it learns from a thousandth is little."""


class History:
    """The trials of one study, kept up as they are asked for and end.

    Args:
        frozen: gives a trial as samplers read it.
    """

    def __init__(self, frozen: Callable[[TrialRecord], FrozenTrial]) -> None:
        self._frozen = frozen
        self._records: list[TrialRecord] = []
        self._best: list[tuple[float, int]] = []
        self._running: set[int] = set()
        self._made: dict[int, FrozenTrial] = {}
        self.sampled = 0
        self.parameters: dict[str, None] = {}

    def note(self, record: TrialRecord) -> None:
        """A trial was asked for, or has changed."""
        if record.number == len(self._records):
            self._records.append(record)
            self._running.add(record.number)
            self.sampled += record.sampled
            self.parameters |= dict.fromkeys(record.settings)
        self._records[record.number] = record
        self._made.pop(record.number, None)
        if not record.running:
            self._running.discard(record.number)
            if record.is_answer:
                insort(self._best, (record.values[0], record.number))
                del self._best[BEST:]

    def shown(self, front: Iterable[int] = ()) -> Sequence[FrozenTrial]:
        """In the order of their numbers. front: trials that are good in several objectives, shown as the best are."""
        numbers: Collection[int] = range(len(self._records))
        if len(numbers) > ENDED + RUNNING + BEST:
            ended = (record.number for record in reversed(self._records) if not record.running)
            best = (number for _, number in self._best)
            numbers = {*islice(ended, ENDED), *sorted(self._running)[-RUNNING:], *best, *sorted(front)[-BEST:]}
        self._made = {
            number: self._made.get(number) or self._frozen(self._records[number]) for number in sorted(numbers)
        }
        return list(self._made.values())
