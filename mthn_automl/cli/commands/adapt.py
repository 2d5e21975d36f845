"""`mthn-automl adapt`: parse, call `deployment.adapt.adapt.adaptation`, say what has been done."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

HELP_ORDER = 7
USUAL = "Default: as training was told, where that fits."


def adapt(
    model: Annotated[Path, Argument(help="Model folder, or a run, whose winner is taken.")],
    data: Annotated[
        Path, Argument(help="File of any format that is read, with the task columns, the features and the targets.")
    ],
    output: Annotated[Path, Option(help="Folder to write the new model to; it must be new or empty.")],
    meta: Annotated[
        Path | None, Option(help="The same, with the metadata of tasks that are new.", show_default=False)
    ] = None,
    allow_unknown: Annotated[
        bool, Option("--allow-unknown", help="Go on although a column holds nothing that training has seen.")
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
    """Add tasks that a model has never seen, by a few labelled rows of each; nothing else of it changes."""
    from mthn_automl.data.formats.reading import Reading
    from mthn_automl.deployment.adapt.adapt import adaptation
    from mthn_automl.run.parse import refuse_stdin_twice
    from mthn_automl.terminal import inert

    refuse_stdin_twice({"DATA": data, "--meta": meta})
    reading = Reading(delimiter, encoding, sheet)
    found = adaptation(model, data, meta, output=output, allow_unknown=allow_unknown, reading=reading, trust=trust)
    if not quiet:
        with suppress(OSError):  # the model is written; whoever would have read the notes may be gone
            for note in (*found.notes, str(found)):
                print(inert(note), file=sys.stderr)
