"""`mthn-automl report`: draw the page of a run again."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

HELP_ORDER = 11


def report(
    run: Annotated[Path, Argument(help="Run folder of a finished search.")],
    show: Annotated[bool, Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Draw the figures and the page of a run again, from its tables."""
    from mthn_automl.cli.shown import open_page
    from mthn_automl.run.page import report as run_report

    page = run_report(run)
    print(page)
    if show:
        open_page(page)
