"""`mthn-automl search`: parse, call `run.job.search`, print. Its options are those of `run.options`."""

from pathlib import Path
from typing import Annotated, Any

from typer import Option

from mthn_automl.cli.written import for_search
from mthn_automl.run.option import accepting
from mthn_automl.run.options import OPTIONS, OUTPUT

HELP_ORDER = 1


@accepting(map(for_search, OPTIONS.values()))
def search(
    *,
    output: Annotated[
        Path | None,
        Option(help="Run folder, new or empty. Default: mthn_runs/<time>-<data name>.", rich_help_panel=OUTPUT),
    ] = None,
    json: Annotated[
        bool, Option("--json", help="Print summary.json in place of the table.", rich_help_panel=OUTPUT)
    ] = False,
    quiet: Annotated[bool, Option("--quiet", help="Show no progress.", rich_help_panel=OUTPUT)] = False,
    show: Annotated[
        bool, Option("--open", help="Open the page of the run in the browser, at the end.", rich_help_panel=OUTPUT)
    ] = False,
    **options: Any,
) -> None:
    """Search for the best model of many related tasks: check, split, search, combine, test, ablate, report, save."""
    from mthn_automl.cli.shown import open_page, show_result, watching

    with watching(quiet) as progress:
        from mthn_automl.run.job import search as run_search

        result = run_search(**options, output=output, progress=progress)
    show_result(result, as_json=json)
    if show:
        open_page(result.page)
