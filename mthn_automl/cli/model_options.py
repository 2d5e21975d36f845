"""Arguments and options that commands about a saved model share, with their help."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

_USUAL = "Default: as training was told, where that fits."

ModelOrRun = Annotated[Path, Argument(help="Model folder, or a run, whose winner is taken.")]
MetaOfNew = Annotated[
    Path | None, Option(help="The same, with the metadata of tasks that are new.", show_default=False)
]
Preference = Annotated[
    float | None,
    Option(
        help="From 0, the smallest error, to 1, the smallest network; of a pareto_hypernetwork.", show_default=False
    ),
]
AllowUnknown = Annotated[
    bool, Option("--allow-unknown", help="Go on although a column holds nothing that training has seen.")
]
Sheet = Annotated[str | None, Option(help=f"Of a workbook. {_USUAL}", show_default=False)]
Encoding = Annotated[str | None, Option(help=f"Of text files, like utf-8 or latin-1. {_USUAL}", show_default=False)]
Delimiter = Annotated[str | None, Option(help=f"Character between cells of a text file. {_USUAL}", show_default=False)]
Trust = Annotated[bool, Option("--trust", help="Run the code of architectures that are not of this package.")]
Quiet = Annotated[bool, Option("--quiet", help="Say nothing on stderr.")]
AsJson = Annotated[bool, Option("--json", help="Print one JSON object in place of the table.")]
