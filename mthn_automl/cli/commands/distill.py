"""`mthn-automl distill`: parse, call `run.distilling.distill`, print."""

import json as as_json
from pathlib import Path
from typing import Annotated

from typer import Option

from mthn_automl.cli.run_options import FinishedRun, MovedData, MovedMeta, MovedTest, NoProgress, TrustRun

HELP_ORDER = 9


def distill(
    run: FinishedRun,
    max_parameters: Annotated[str, Option(help="Most parameters of the network, like 20k.")] = "20k",
    max_latency: Annotated[
        float | None, Option(help="Most microseconds that predicting a row may take.", show_default=False)
    ] = None,
    trials: Annotated[int, Option(help="Settings that are tried, each in all folds.")] = 8,
    time_limit: Annotated[
        str | None, Option(help="After it no more settings are tried, like 5m. Default: none.", show_default=False)
    ] = None,
    output: Annotated[
        Path | None, Option(help="Folder of the model. Default: distilled, in the run.", show_default=False)
    ] = None,
    data: MovedData = None,
    meta: MovedMeta = None,
    test: MovedTest = None,
    trust: TrustRun = False,
    json: Annotated[bool, Option("--json", help="Print errors and sizes as JSON.")] = False,
    quiet: NoProgress = False,
) -> None:
    """Make one small hypernetwork of the answer of a run, and tell what it keeps of the ensemble's gain."""
    from mthn_automl.cli.shown import watching
    from mthn_automl.terminal import inert

    with watching(quiet) as progress:
        from mthn_automl.run.distilling import distill as run_distill

        found = run_distill(
            run,
            max_parameters=max_parameters,
            max_latency=max_latency,
            trials=trials,
            time_limit=time_limit,
            output=output,
            data=data,
            meta=meta,
            test=test,
            trust=trust,
            progress=progress,
        )
    if json:
        print(as_json.dumps({"model": str(found.folder), **found.summary}, indent=2))
        return
    for sentence in found.sentences():
        print(inert(sentence))
    print(inert(f"It is in {found.folder}; to predict new rows:\n\n    mthn-automl predict {found.folder} new.csv"))
