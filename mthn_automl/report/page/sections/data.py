"""How the data were read and split."""

from typing import Any, Final

from mthn_automl.data.names import counted
from mthn_automl.report.page.section import Found, Section

ORDER: Final = 7


def section(found: Found) -> Section:
    """What was guessed and noted, and which rows were held out."""
    data = found.summary["data"]
    split = data["split"]
    held = [
        f"{counted(side['rows'], 'row')} of {counted(side['tasks'], 'task')} {what}"
        for what, side in (("as new rows", split["new_rows"]), ("never seen", split["new_tasks"]))
        if side is not None
    ]
    told = f"Held out until the end: {' and '.join(held)}." if held else "Nothing was held out as test."
    sentences = [f"{told} Cross-validated in {found.summary['folds']} folds: {split['folds']}.", *data["notes"]]
    return Section("Data", (*sentences, _versions(found.summary)))


def _versions(summary: Any) -> str:
    return f"Made by mthn-automl {summary['version']}; metric: {summary['metric']}, average over {summary['average']}."
