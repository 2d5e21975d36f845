"""Data on one screen: tasks, columns as they were read, doubts, and what would be held out."""

from io import StringIO
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from mthn_automl.data.account import ColumnAccount
from mthn_automl.data.description import Description, Sizes
from mthn_automl.data.names import counted, listed
from mthn_automl.terminal import inert

BLOCKS: Final = "▁▂▃▄▅▆▇█"
WIDEST: Final = 120
MOST_COLUMNS: Final = 60
"""That are shown one by one; of more the first, and all of which there is something to say."""


def description_text(found: Description, width: int | None = None) -> str:
    """Plain characters, ending in a newline. width: columns of the terminal; None: as wide as it takes."""
    lines = [_summary(found), _tasks(found.sizes), "", *_columns(found.columns, width)]
    lines += _section("Split", list(found.split.sentences()))
    questions = [f"{question}." for column in found.columns for question in column.questions]
    lines += _section("Decided", [note for note in found.notes if note not in questions])
    lines += _section("To be settled by you", questions)
    lines += _section("Alarms", [str(each) for each in found.alarms])
    if found.alarms_sample:
        lines += ["", f"Alarms were looked for in {found.alarms_sample}."]
    return inert("\n".join(lines) + "\n")


def _summary(found: Description) -> str:
    what = f"{found.problem} on {listed(found.targets)}"
    classes = f", {len(found.classes)} classes" if found.classes else ""
    held_out = f"{found.test_rows:,} rows would be test rows" if found.test_rows else "no row would be a test row"
    return (
        f"{found.rows:,} rows of {counted(found.sizes.tasks, 'task')}; {what}{classes}, by {found.metric}; {held_out}."
    )


def _tasks(sizes: Sizes) -> str:
    most = max(each.tasks for each in sizes.histogram)
    bars = "".join(BLOCKS[round((len(BLOCKS) - 1) * each.tasks / most)] for each in sizes.histogram)
    rows = f"{sizes.smallest:,} to {sizes.largest:,} rows a task, half of them up to {sizes.median:g}"
    metadata = f"; metadata of {sizes.described:,}" if sizes.described else "; no metadata"
    spare = f", and of {counted(sizes.spare, 'task')} without rows" if sizes.spare else ""
    return f"Tasks: {bars}  {rows}{metadata}{spare}."


def _columns(columns: tuple[ColumnAccount, ...], width: int | None) -> list[str]:
    shown = [each for number, each in enumerate(columns) if number < MOST_COLUMNS or not each.plain or each.questions]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading, wraps in (
        ("column", False),
        ("role", False),
        ("read as", True),
        ("missing", False),
        ("example", True),
    ):
        table.add_column(heading, justify="right" if heading == "missing" else "left", no_wrap=not wraps)
    for each in shown:
        missing = f"{each.missing:,}" if each.missing else ""
        table.add_row(each.name, each.role, each.how, missing, each.example[:24])
    console = Console(file=StringIO(), width=width or WIDEST, color_system=None, highlight=False, markup=False)
    with console.capture() as captured:
        console.print(table)
    lines = [line.rstrip() for line in captured.get().splitlines() if line.strip()]
    left = len(columns) - len(shown)
    return lines + ([f"... and {counted(left, 'column')} more of plain numbers or text."] if left else [])


def _section(title: str, sentences: tuple[str, ...] | list[str]) -> list[str]:
    return ["", f"{title}:", *(f"- {each}" for each in sentences)] if sentences else []
