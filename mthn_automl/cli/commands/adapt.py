"""`mthn-automl adapt`: parse, call `deployment.adapt.adapt.adaptation`, say what has been done."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from mthn_automl.cli.model_options import AllowUnknown, Delimiter, Encoding, MetaOfNew, ModelOrRun, Quiet, Sheet, Trust

HELP_ORDER = 7


def adapt(
    model: ModelOrRun,
    data: Annotated[
        Path, Argument(help="File of any format that is read, with the task columns, the features and the targets.")
    ],
    output: Annotated[Path, Option(help="Folder to write the new model to; it must be new or empty.")],
    meta: MetaOfNew = None,
    allow_unknown: AllowUnknown = False,
    sheet: Sheet = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    trust: Trust = False,
    quiet: Quiet = False,
) -> None:
    """Add tasks that a model has never seen, by a few labelled rows of each; nothing else of it changes."""
    from mthn_automl.cli.shown import say
    from mthn_automl.data.formats.reading import Reading
    from mthn_automl.deployment.adapt.adapt import adaptation
    from mthn_automl.run.parse import refuse_stdin_twice

    refuse_stdin_twice({"DATA": data, "--meta": meta})
    reading = Reading(delimiter, encoding, sheet)
    found = adaptation(model, data, meta, output=output, allow_unknown=allow_unknown, reading=reading, trust=trust)
    if not quiet:
        say([*found.notes, str(found)])
