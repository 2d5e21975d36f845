"""`mthn-automl ablate`: parse, call `run.ablating.ablate`, print."""

import json as as_json
from typing import Annotated

from typer import Option

from mthn_automl.cli.run_options import FinishedRun, MovedData, MovedMeta, MovedTest, NoProgress, TrustRun

HELP_ORDER = 12


def ablate(
    run: FinishedRun,
    seeds: Annotated[
        int | None, Option(help="Networks a fold. Default: as many as in the search, at least 3.", show_default=False)
    ] = None,
    columns: Annotated[
        str | None,
        Option(
            help="Columns of the metadata, separated by commas (a name that has one in quotation marks). Default: all.",
            show_default=False,
        ),
    ] = None,
    architectures: Annotated[
        str | None,
        Option(
            help="Names separated by commas. Default: the hypernetwork and those of the answer.", show_default=False
        ),
    ] = None,
    time_limit: Annotated[
        str | None, Option(help="After it no more is fitted, like 10m. Default: none.", show_default=False)
    ] = None,
    runner: Annotated[str, Option(help="ray: worker processes; local: this process alone.")] = "ray",
    workers: Annotated[
        int | None, Option(help="Worker processes. Default: one a usable CPU.", show_default=False)
    ] = None,
    data: MovedData = None,
    meta: MovedMeta = None,
    test: MovedTest = None,
    trust: TrustRun = False,
    json: Annotated[bool, Option("--json", help="Print verdict and table as JSON.")] = False,
    quiet: NoProgress = False,
) -> None:
    """Measure again what the metadata of a run are worth, column by column and with more seeds."""
    from mthn_automl.cli.shown import watching
    from mthn_automl.terminal import inert

    with watching(quiet) as progress:
        from mthn_automl.run.ablating import ablate as run_ablate

        found = run_ablate(
            run,
            seeds=seeds,
            columns=columns,
            architectures=architectures,
            time_limit=time_limit,
            runner=runner,
            workers=workers,
            data=data,
            meta=meta,
            test=test,
            trust=trust,
            progress=progress,
        )
    if json:
        print(as_json.dumps(found.to_json(), indent=2))
        return
    print(inert(found.sentence))
    print(inert(f"The table is in {found.folder / 'ablation.csv'}; the page of the run tells of it."))
