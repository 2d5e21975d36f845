"""`mthn-automl predict`: parse, load, predict, print."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from mthn_automl.cli.model_options import (
    AllowUnknown,
    Delimiter,
    Encoding,
    MetaOfNew,
    ModelOrRun,
    Preference,
    Quiet,
    Sheet,
    Trust,
)

HELP_ORDER = 4


def predict(
    model: ModelOrRun,
    data: Annotated[
        Path, Argument(help="File of any format that is read, with the task columns and the features of training.")
    ],
    meta: MetaOfNew = None,
    preference: Preference = None,
    interval: Annotated[
        float | None,
        Option(
            help="Of numbers, a level such as 0.9: each lies between its columns low and high with that probability. "
            "For tasks never seen that may be an estimate and no guarantee, which is then said; where there is none, "
            "both are empty.",
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
    allow_unknown: AllowUnknown = False,
    sheet: Sheet = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    trust: Trust = False,
    quiet: Quiet = False,
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
