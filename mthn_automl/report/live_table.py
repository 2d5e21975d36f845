"""What a terminal shows while a run goes on: a heading, a row an architecture, and why trials failed."""

from collections.abc import Mapping
from typing import Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from mthn_automl.report.tally import Seen, Tally, leader, most_telling, together
from mthn_automl.report.wording import digits, duration, workers_text
from mthn_automl.terminal import inert

FAILURES_SHOWN: Final = 3
OTHER_LINES: Final = 3  # the heading, the names of the columns, and the line of the cursor
FEWEST_ROWS: Final = 3


def drawn(seen: Seen, elapsed: float, width: int, height: int) -> Group:
    """The display, no wider and no higher than the terminal, of which it leaves the last line free.

    Args:
        elapsed: seconds of the phase. width, height: of the terminal, in characters.
    """
    if not seen.phase:
        return Group()
    heading = Text(_heading(seen, elapsed), style="bold", no_wrap=True, overflow="ellipsis")
    failures = [_failure(*key, count, width) for key, count in [*seen.failures.items()][-FAILURES_SHOWN:]]
    rows = max(height - OTHER_LINES - len(failures), FEWEST_ROWS)
    table = [_table(seen.tallies, rows)] if seen.tallies else []
    return Group(heading, *table, *failures)


def _heading(seen: Seen, elapsed: float) -> str:
    parts = [seen.phase, duration(elapsed)]
    if seen.seconds_left is not None:
        parts.append(f"{duration(seen.seconds_left - elapsed)} left")
    if seen.workers is not None:
        parts.append(workers_text(seen.workers))
    return "  ".join(parts)


def _failure(architecture: str, reason: str, count: int, width: int) -> Text:
    """One line; of a long reason the beginning, and always the count."""
    times = f" ({count} times)" if count > 1 else ""
    text = Text(inert(f"failed  {architecture}: {reason}"), style="yellow", no_wrap=True, overflow="ellipsis")
    text.truncate(max(width - len(times), 1), overflow="ellipsis")
    return text.append(times)


def _table(tallies: Mapping[str, Tally], rows: int) -> Table:
    """So many rows at most; where there are more architectures, the last row sums up those that are left out."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("architecture", "done", "stopped", "failed", "running", "best so far"):
        table.add_column(heading, justify="left" if heading in ("architecture", "running") else "right", no_wrap=True)
    first = leader(tallies)
    shown = most_telling(tallies, rows if len(tallies) <= rows else rows - 1)
    for name in shown:
        table.add_row(Text(name), *_cells(tallies[name]), style="bold green" if name == first else "")
    left_out = [tally for name, tally in tallies.items() if name not in shown]
    if left_out:
        table.add_row(f"... and {len(left_out)} more", *_cells(together(left_out)), style="dim")
    return table


def _cells(tally: Tally) -> list[str]:
    """Done, stopped, failed, running, best; a count of nothing is left blank."""
    counts = [str(count) if count else "" for count in (tally.done, tally.stopped, tally.failed)]
    return [*counts, _running(tally), digits(tally.best)]


def _running(tally: Tally) -> str:
    """How many, and the rung that the furthest has reached: `2 at rung 3/4`."""
    if not tally.running:
        return ""
    reached = tally.furthest
    return f"{len(tally.running)}" + ("" if reached is None else f" at rung {reached.rung}/{reached.rungs}")
