"""`mthn-automl resume`: parse, call `run.job.resume`, print. Its options are those of `run.options`."""

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from mthn_automl.cli.written import for_resume
from mthn_automl.run.option import accepting
from mthn_automl.run.options import CHANGEABLE

HELP_ORDER = 3


@accepting(map(for_resume, CHANGEABLE.values()))
def resume(
    run: Annotated[Path, Argument(help="Run folder of a search that was begun.")],
    *,
    trust: Annotated[
        bool, Option("--trust", help="Run the code of architectures in it that are not of this package.")
    ] = False,
    json: Annotated[bool, Option("--json", help="Print summary.json in place of the table.")] = False,
    quiet: Annotated[bool, Option("--quiet", help="Show no progress.")] = False,
    show: Annotated[bool, Option("--open", help="Open the page of the run in the browser, at the end.")] = False,
    **options: Any,
) -> None:
    """Go on with a run after a crash, a kill, Ctrl-C or a spent budget."""
    from mthn_automl.cli.shown import open_page, show_result, watching

    with watching(quiet) as progress:
        from mthn_automl.run.job import resume as run_resume

        result = run_resume(run, trust=trust, **options, progress=progress)
    show_result(result, as_json=json)
    if show:
        open_page(result.page)
