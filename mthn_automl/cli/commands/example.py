"""`mthn-automl example`: a ready-made problem to try things on."""

from pathlib import Path
from typing import Annotated

from typer import Argument

HELP_ORDER = 15


def example(
    name: Annotated[str, Argument(help="cubic, robot_arm or gapminder.")],
    directory: Annotated[Path, Argument(help="Folder for data.csv and meta.csv; made if absent.")],
) -> None:
    """Write a ready-made problem: data.csv and meta.csv."""
    from mthn_automl.data.problems import write_problem

    write_problem(name, directory)
    print(f"mthn-automl search {directory / 'data.csv'} --meta {directory / 'meta.csv'}")
