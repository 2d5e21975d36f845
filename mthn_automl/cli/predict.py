"""`mthn-automl predict`: parse, load, predict, print."""

import sys
from pathlib import Path
from typing import Annotated

from typer import Argument, Option


def predict(
    model: Annotated[Path, Argument(help="Model folder, or a run, whose winner is taken.")],
    data: Annotated[Path, Argument(help="CSV file with the task column and the features of training.")],
    meta: Annotated[
        Path | None, Option(help="CSV file with the metadata of tasks that are new.", show_default=False)
    ] = None,
    output: Annotated[Path | None, Option(help="CSV file to write. Default: stdout.", show_default=False)] = None,
    quiet: Annotated[bool, Option("--quiet", help="Say nothing on stderr.")] = False,
) -> None:
    """Predict rows as CSV, in the order of the input; tasks never seen are predicted from their metadata."""
    from mthn_automl.deployment.model_folder import load_model
    from mthn_automl.storage import write_text

    predictor = load_model(model)
    rows = predictor.read(data, meta)
    if not quiet:
        for note in rows.notes:
            print(note, file=sys.stderr)
    text = predictor.predict_rows(rows).to_csv(index=False)
    if output is None:
        sys.stdout.write(text)
    elif output.is_symlink() or (output.exists() and not output.is_file()):
        output.write_text(text, encoding="utf-8")  # a link, pipe or device stays what it is
    else:
        write_text(output, text)
