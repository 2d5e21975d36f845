"""The other sections of the page of two runs; each gives None where there is nothing to say."""

from collections.abc import Callable
from typing import Final

from mthn_automl.analysis.comparison import OUT_OF_FOLD
from mthn_automl.data.names import counted
from mthn_automl.report.comparison import first
from mthn_automl.report.comparison.both import Both
from mthn_automl.report.page.section import Listing, Section
from mthn_automl.report.theme import told_by
from mthn_automl.report.wording import digits


def architectures(both: Both) -> Section:
    """The leaderboards and trade-offs of both."""
    told = (
        "Seconds are those of training the best trial, and trials those that ran to their end. Where folds or data "
        "differ, so do the rows that errors are of."
    )
    listing = Listing("Architectures side by side", both.architectures)
    return Section("Architectures", (told,), ("tradeoffs",), (listing,))


def tasks(both: Both) -> Section | None:
    """Whom the one answer serves better than the other."""
    table = both.task_errors
    if len(table) < 2:
        return None
    sentences = [f"{counted(len(table), 'task')} are in both runs. {_lower(both)}"]
    gains = both.task_gains
    if len(gains):
        compared, better, worse = gains["p_value"].notna().sum(), gains["helped"].sum(), gains["harmed"].sum()
        sentences.append(
            f"Row by row, B is shown to be better for {counted(int(better), 'task')} and worse for {worse}, of "
            f"{compared} with rows enough to compare; of those named, one in twenty may be so by chance (Benjamini "
            "and Hochberg)."
        )
        sentences += filter(None, [told_by(both.metric, str(both.runs[0].summary["problem"]))])
    elif OUT_OF_FOLD not in both.same.paired:
        sentences.append(
            "Their errors are of other rows or other folds, so that a task alone may differ by the luck of its rows."
        )
    order = table.sort_values("difference", ignore_index=True)
    listing = Listing("Tasks side by side", order.rename(columns=TASK_COLUMNS))
    return Section("Tasks", tuple(sentences), ("task_gains", "task_errors"), (listing,))


TASK_COLUMNS: Final = {"error_a": "error A", "error_b": "error B", "difference": "B less A"}


def _lower(both: Both) -> str:
    difference = both.task_errors["difference"].dropna()
    if difference.empty:
        return "Of none is an error known in both."
    return (
        f"B's error is lower for {int((difference < 0).sum())} of {len(difference)}; in the median of the tasks, B "
        f"less A is {digits(float(difference.median()), 3)}."
    )


def metadata(both: Both) -> Section:
    """What each run says of them."""
    told = tuple(f"{letter}: {each.summary['metadata_sentence']}" for letter, each in both.lettered)
    return Section("Metadata", told)


def made_with(both: Both) -> Section:
    """Options and versions that differ."""
    tables = {"Options that differ": both.options, "Versions and machines that differ": both.made_with}
    listings = tuple(Listing(title, table) for title, table in tables.items() if len(table))
    alike = [f"{title.removesuffix(' that differ')} are alike." for title, table in tables.items() if not len(table)]
    return Section("Options and versions", tuple(alike), listings=listings)


SECTIONS: Final[tuple[Callable[[Both], Section | None], ...]] = (
    first.section,
    architectures,
    tasks,
    metadata,
    made_with,
)
"""In their order on the page."""
