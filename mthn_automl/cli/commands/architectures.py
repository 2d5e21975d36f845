"""`mthn-automl architectures`: what can be searched."""

import json as json_module
from collections.abc import Mapping
from typing import Annotated, Any

from typer import Argument, Option

from mthn_automl import catalogue
from mthn_automl.catalogue import SpaceFile

HELP_ORDER = 14


def architectures(
    name: Annotated[str | None, Argument(help="Show one architecture whole.", show_default=False)] = None,
    json: Annotated[bool, Option("--json", help="Print a list of objects.")] = False,
) -> None:
    """List what can be searched: family, paper, number of parameters, and the range of every setting."""
    files = [catalogue.read(each) for each in ([name] if name else catalogue.names())]
    if json:
        print(json_module.dumps([_as_object(each) for each in files], indent=2))
    elif name:
        _show(files[0], {**files[0].parameters, **files[0].training})
    else:
        for each in files:
            _show(each, {**each.parameters, **catalogue.own_training(each)})
            print()
        print("The training of every neural architecture, where it says nothing else:")
        _show_ranges(catalogue.shared_training())
        print("\n`search` takes those marked usual; --architectures all, neural, classical or names takes others.")


def _as_object(file: SpaceFile) -> dict[str, Any]:
    return {
        "name": file.name,
        "family": file.family,
        "usual": file.usual,
        "problems": list(file.problems or catalogue.PROBLEMS),
        "missing": file.missing(),
        "summary": file.summary,
        "paper": file.paper,
        "parameter_formula": file.parameter_formula,
        "parameters": {**file.parameters, **file.training},
    }


def _show(file: SpaceFile, tables: Mapping[str, Mapping[str, Any]]) -> None:
    print(f"{file.name} ({file.family}{', usual' if file.usual else ''}): {file.summary}")
    print(f"  paper: {file.paper}")
    print(f"  parameters: {file.parameter_formula}")
    if file.missing():
        print(f"  {file.missing().removeprefix(file.name).lstrip()}")
    if file.problems:
        print(f"  problems: {', '.join(file.problems)}")
    _show_ranges(tables)


def _show_ranges(tables: Mapping[str, Mapping[str, Any]]) -> None:
    width = max((len(each) for each in tables), default=0)
    for name, table in tables.items():
        print(f"  {name:{width}}  {_range(table)}")


def _range(table: Mapping[str, Any]) -> str:
    if table["type"] == "categorical":
        text = ", ".join(
            str(choice).lower() if isinstance(choice, bool) else str(choice) for choice in table["choices"]
        )
    else:
        scale = ", log scale" if table.get("scale") == "log" else ""
        text = f"{table['type']} {table['low']} to {table['high']}{scale}"
    conditions = [f"{key} is {' or '.join(map(str, values))}" for key, values in table.get("only_if", {}).items()]
    conditions += ["the data have metadata"] if "needs" in table else []
    return text + (f" (only if {' and '.join(conditions)})" if conditions else "")
