"""Arguments and options that commands about a finished run share, with their help."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

FinishedRun = Annotated[Path, Argument(help="Folder of a finished run.")]
MovedData = Annotated[Path | None, Option(help="The data file, if it has moved.", show_default=False)]
MovedMeta = Annotated[Path | None, Option(help="The metadata file, if it has moved.", show_default=False)]
MovedTest = Annotated[Path | None, Option(help="The file of test rows, if it has moved.", show_default=False)]
TrustRun = Annotated[bool, Option("--trust", help="Run the code of architectures in it that are not of this package.")]
NoProgress = Annotated[bool, Option("--quiet", help="Show no progress.")]
