"""`mthn-automl report`: draw the page of a run again."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

HELP_ORDER = 11


def report(
    run: Annotated[Path, Argument(help="Run folder of a finished search.")],
    compare: Annotated[
        Path | None, Option(help="Run folder of a second finished search, to put beside the first on one page.")
    ] = None,
    output: Annotated[
        Path | None, Option(help="Page of --compare. Default: compare-<name of the second run>.html in RUN.")
    ] = None,
    show: Annotated[bool, Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Draw the figures and the page of a run again, from its tables; or, with --compare, a page of two runs."""
    from mthn_automl.cli.shown import open_page

    page = _drawn(run, compare, output)
    print(page)
    if show:
        open_page(page)


def _drawn(run: Path, other: Path | None, output: Path | None) -> Path:
    from mthn_automl.errors import UsageError
    from mthn_automl.run.comparing import compare
    from mthn_automl.run.page import report

    if other is not None:
        return compare(run, other, output=output)
    if output is not None:
        raise UsageError("--output is where the page of --compare is written; that of one run is RUN/report.html.")
    return report(run)
