"""`mthn-automl resume`: parse, call `run.job.resume`, print."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option


def resume(
    run: Annotated[Path, Argument(help="Run folder of a search that was begun.")],
    time_limit: Annotated[
        str | None,
        Option(help="So much time from now, like 10m. Default: the time that was left.", show_default=False),
    ] = None,
    trials: Annotated[
        int | None, Option(help="As many more trials. Default: those that were left.", show_default=False)
    ] = None,
    data: Annotated[Path | None, Option(help="The data file, if it has moved.", show_default=False)] = None,
    meta: Annotated[Path | None, Option(help="The metadata file, if it has moved.", show_default=False)] = None,
    test: Annotated[Path | None, Option(help="The file of test rows, if it has moved.", show_default=False)] = None,
    address: Annotated[
        str | None,
        Option(
            help="HOST:PORT of another Ray cluster, auto, or local for this machine. Default: as before.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int | None, Option(help="Trials at the same time. Default: as before.", show_default=False)
    ] = None,
    trial_timeout: Annotated[
        str | None,
        Option(help="A trial that takes longer is ended and has failed. Default: as before.", show_default=False),
    ] = None,
    json: Annotated[bool, Option("--json", help="Print summary.json in place of the table.")] = False,
    quiet: Annotated[bool, Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Go on with a run after a crash, a kill, Ctrl-C or a spent budget."""
    from mthn_automl.cli.show import show_result, watching

    with watching(quiet) as progress:
        from mthn_automl.run.job import resume as run_resume

        result = run_resume(
            run,
            trials=trials,
            time_limit=time_limit,
            data=data,
            meta=meta,
            test=test,
            address=address,
            workers=workers,
            trial_timeout=trial_timeout,
            progress=progress,
        )
    show_result(result, as_json=json)
