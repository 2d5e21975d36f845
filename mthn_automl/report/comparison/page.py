"""The page of two runs as one HTML file."""

from pathlib import Path

from mthn_automl.report.comparison import charts
from mthn_automl.report.comparison.both import Both
from mthn_automl.report.comparison.sections import SECTIONS
from mthn_automl.report.figures import drawn_from
from mthn_automl.report.page.page import rendered
from mthn_automl.storage import write_text


def write_comparison(path: Path, both: Both) -> None:
    """The page as a file that is there whole, or as it was."""
    write_text(path, comparison(both))


def comparison(both: Both) -> str:
    """HTML that needs nothing beside itself."""
    given = [section for section in (make(both) for make in SECTIONS) if section is not None]
    name = " and ".join(each.name for each in both.runs)
    problem = str(both.runs[0].summary["problem"])
    return rendered(name, given, drawn_from(both.tables, both.metric, charts, average=both.average, problem=problem))
