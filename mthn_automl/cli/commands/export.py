"""`mthn-automl export`: parse, call `run.exporting.export_model`, print."""

from pathlib import Path
from typing import Annotated

from typer import Option

from mthn_automl.cli.model_options import ModelOrRun, Preference, Quiet, Trust

HELP_ORDER = 8


def export(
    model: ModelOrRun,
    output: Annotated[Path, Option(help="File to write.", show_default=False)],
    format: Annotated[  # noqa: A002
        str,
        Option(
            help="onnx for any model; torch, a program of torch.export, for networks that are plain once the task is "
            "fixed."
        ),
    ] = "onnx",
    task: Annotated[
        str | None, Option(help="The one task that the file is for. Default: any task.", show_default=False)
    ] = None,
    without_unsupported: Annotated[
        bool,
        Option("--without-unsupported", help="Leave out members of an ensemble that cannot be written; say the loss."),
    ] = False,
    preference: Preference = None,
    interval: Annotated[
        float | None,
        Option(
            help="Of numbers, with onnx, a level such as 0.9: each lies between the outputs low and high with that "
            "probability.",
            show_default=False,
        ),
    ] = None,
    trust: Trust = False,
    quiet: Quiet = False,
) -> None:
    """Write a model as one file that predicts from raw columns, without this package.

    The file is compared with predict, on the test rows of a run and on drawn ones, before it is kept.
    """
    from mthn_automl.cli.shown import say
    from mthn_automl.run.exporting import export_model

    found = export_model(
        model,
        output,
        format=format,
        task=task,
        without_unsupported=without_unsupported,
        preference=preference,
        interval=interval,
        trust=trust,
    )
    if not quiet:
        say(found.sentences)
