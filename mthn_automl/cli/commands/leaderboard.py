"""`mthn-automl leaderboard`: print the table of a finished run."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

HELP_ORDER = 13


def leaderboard(
    run: Annotated[Path, Argument(help="Run folder of a finished search.")],
    json: Annotated[bool, Option("--json", help="Print a list of objects, one an architecture.")] = False,
) -> None:
    """Print the leaderboard of a run."""
    from mthn_automl.analysis.leaderboard import COLUMNS
    from mthn_automl.cli.shown import show_leaderboard
    from mthn_automl.errors import UsageError
    from mthn_automl.run.folder import RunFolder

    folder = RunFolder(run)
    if not folder.summary.exists():
        raise UsageError(f"{run} must be a finished run, however it has no summary.json; `mthn-automl resume {run}`.")
    table = folder.read_table("leaderboard.csv", COLUMNS)
    if json:
        print(table.to_json(orient="records", indent=2))
    else:
        show_leaderboard(table, folder.metric(), folder.average())
