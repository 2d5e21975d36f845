"""`mthn-automl explain`: parse, call `run.explaining.explain`, print."""

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

HELP_ORDER = 6


def explain(
    model: ModelOrRun,
    data: Annotated[
        Path | None,
        Argument(
            help="File of any format that is read, with targets, of rows that the model was not trained on. Default: "
            "the sealed test rows, where MODEL is a run.",
            show_default=False,
        ),
    ] = None,
    meta: MetaOfNew = None,
    output: Annotated[
        Path | None, Option(help="CSV file to write, with what is printed to all digits.", show_default=False)
    ] = None,
    repeats: Annotated[int, Option(help="Permutations, over which errors are averaged.", min=1)] = 5,
    by_task: Annotated[bool, Option("--by-task", help="Tell it of each task as well.")] = False,
    group: Annotated[
        list[str] | None,
        Option(
            help="Columns to permute together as well, like a,b,c; the task column stands for the task's identity. "
            "Repeatable.",
            show_default=False,
        ),
    ] = None,
    row: Annotated[
        list[int] | None,
        Option(
            help="Position of a row, from 0 in DATA or in the data of the run, whose predictions are taken apart by "
            "Shapley values instead; it needs no target. Repeatable; needs the extra explain.",
            show_default=False,
        ),
    ] = None,
    metric: Annotated[
        str | None, Option(help="To measure errors by. Default: that of the search.", show_default=False)
    ] = None,
    max_rows: Annotated[int, Option(help="Of more, so many are drawn.", min=2)] = 20_000,
    seed: Annotated[int, Option(help="Of what is random.", min=0)] = 0,
    allow_unknown: AllowUnknown = False,
    sheet: Sheet = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    trust: Trust = False,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show how much the error grows without a feature, a metadata column or the task's identity, with intervals."""
    from mthn_automl.cli.shown import print_json, say
    from mthn_automl.deployment.output import refuse_inputs
    from mthn_automl.report.explanation import importance_text, shapley_text
    from mthn_automl.run.evaluating import files_read
    from mthn_automl.run.explaining import explain as run_explain
    from mthn_automl.run.parse import refuse_stdin_twice

    refuse_stdin_twice({"DATA": data, "--meta": meta})
    if output is not None:
        refuse_inputs(output, files_read(model, data, meta))
    found = run_explain(
        model,
        data,
        meta,
        rows=row or (),
        groups=group or (),
        repeats=repeats,
        by_task=by_task,
        metric=metric,
        max_rows=max_rows,
        seed=seed,
        allow_unknown=allow_unknown,
        sheet=sheet,
        encoding=encoding,
        delimiter=delimiter,
        trust=trust,
    )
    if output is not None:
        found.write(output)
    if json:
        print_json(found.to_json())
    elif row:
        print(shapley_text(found.shapley).rstrip("\n"))
    else:
        for table in (found.importance, *([found.tasks] if by_task else [])):
            print(importance_text(table, found.metric).rstrip("\n"))
    if not quiet:
        say(found.notes)
