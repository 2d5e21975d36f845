"""`mthn-automl evaluate`: parse, call `run.evaluating.evaluate`, print."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from mthn_automl.cli.model_options import (
    AllowUnknown,
    AsJson,
    Delimiter,
    Encoding,
    MetaOfNew,
    ModelOrRun,
    Quiet,
    Sheet,
    Trust,
)

HELP_ORDER = 5


def evaluate(
    model: ModelOrRun,
    labelled: Annotated[
        Path | None,
        Argument(
            help="File of any format that is read, with targets. Default: the sealed test rows, where MODEL is a run.",
            show_default=False,
        ),
    ] = None,
    meta: MetaOfNew = None,
    output: Annotated[
        Path | None, Option(help="CSV file to write, a row a task with each metric.", show_default=False)
    ] = None,
    metric: Annotated[
        str | None,
        Option(help="The one to show first. Default: the one that the model was searched by.", show_default=False),
    ] = None,
    seed: Annotated[
        int | None, Option(help="Of the bootstrap. Default: that of the run, or 0.", min=0, show_default=False)
    ] = None,
    allow_unknown: AllowUnknown = False,
    sheet: Sheet = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    trust: Trust = False,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show every metric on rows with targets, over rows and over tasks, with intervals, and what has moved."""
    from mthn_automl.cli.shown import print_json, say
    from mthn_automl.deployment.output import refuse_inputs
    from mthn_automl.report.evaluation import evaluation_text
    from mthn_automl.run.evaluating import evaluate as run_evaluate
    from mthn_automl.run.evaluating import files_read
    from mthn_automl.run.parse import refuse_stdin_twice

    refuse_stdin_twice({"LABELLED": labelled, "--meta": meta})
    if output is not None:
        refuse_inputs(output, files_read(model, labelled, meta))
    found = run_evaluate(
        model,
        labelled,
        meta,
        metric=metric,
        seed=seed,
        allow_unknown=allow_unknown,
        sheet=sheet,
        encoding=encoding,
        delimiter=delimiter,
        trust=trust,
    )
    if output is not None:
        found.write_tasks(output)
    if json:
        print_json(found.to_json())
    else:
        print(evaluation_text(found.errors, found.targets).rstrip("\n"))
    if not quiet:
        say(found.notes)
