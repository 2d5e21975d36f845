"""`mthn-automl predict`: parse, load, predict, print."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

HELP_ORDER = 4
USUAL = "Default: as training was told, where that fits."


def predict(
    model: Annotated[Path, Argument(help="Model folder, or a run, whose winner is taken.")],
    data: Annotated[
        Path, Argument(help="File of any format that is read, with the task columns and the features of training.")
    ],
    meta: Annotated[
        Path | None, Option(help="The same, with the metadata of tasks that are new.", show_default=False)
    ] = None,
    preference: Annotated[
        float | None,
        Option(
            help="From 0, the smallest error, to 1, the smallest network; of a pareto_hypernetwork.", show_default=False
        ),
    ] = None,
    interval: Annotated[
        float | None,
        Option(
            help="Of numbers, a level such as 0.9: each lies between its columns low and high with that probability.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        Option(
            help="File to write, of the format of its ending: .csv, .tsv, .jsonl, .json, .parquet, .feather or .xlsx, "
            "perhaps with .gz, .zst, .bz2, .xz or .zip behind it. Default: stdout, as CSV.",
            show_default=False,
        ),
    ] = None,
    allow_unknown: Annotated[
        bool, Option("--allow-unknown", help="Predict although a column holds nothing that training has seen.")
    ] = False,
    sheet: Annotated[str | None, Option(help=f"Of a workbook. {USUAL}", show_default=False)] = None,
    encoding: Annotated[
        str | None, Option(help=f"Of text files, like utf-8 or latin-1. {USUAL}", show_default=False)
    ] = None,
    delimiter: Annotated[
        str | None, Option(help=f"Character between cells of a text file. {USUAL}", show_default=False)
    ] = None,
    trust: Annotated[
        bool, Option("--trust", help="Run the code of architectures that are not of this package.")
    ] = False,
    quiet: Annotated[bool, Option("--quiet", help="Say nothing on stderr.")] = False,
) -> None:
    """Predict rows as CSV, in the order of the input; tasks never seen are predicted from their metadata.

    The file is read and predicted in pieces, so it may be larger than memory.
    """
    from mthn_automl.cli.shown import say
    from mthn_automl.deployment.model_folder import load_model
    from mthn_automl.deployment.output import write_predictions
    from mthn_automl.run.parse import refuse_stdin_twice

    refuse_stdin_twice({"DATA": data, "--meta": meta})
    predictor = load_model(model, trust=trust)
    if preference is not None:
        predictor = predictor.at_preference(preference)
    predictions = predictor.stream(
        data, meta, allow_unknown=allow_unknown, sheet=sheet, encoding=encoding, delimiter=delimiter, interval=interval
    )
    write_predictions(predictions, output, [each for each in (model, data, meta) if each is not None])
    if not quiet:
        say(predictions.notes)
