"""`mthn-automl architectures`: what can be searched."""

import json as json_module
from collections.abc import Mapping
from typing import Annotated, Any

from typer import Argument, Option

from mthn_automl import catalogue
from mthn_automl.catalogue import SpaceFile

HELP_ORDER = 5


def architectures(
    name: Annotated[str | None, Argument(help="Show one architecture whole.", show_default=False)] = None,
    json: Annotated[bool, Option("--json", help="Print a list of objects.")] = False,
) -> None:
    """List what can be searched: family, paper, number of parameters, and the range of every setting."""
    found = [catalogue.read(each) for each in ([name] if name else catalogue.names())]
    if json:
        print(json_module.dumps([_as_object(each) for each in found], indent=2))
    elif name:
        _show(found[0], {**found[0].parameters, **found[0].training})
    else:
        for each in found:
            _show(each, {**each.parameters, **catalogue.own_training(each)})
            print()
        print("The training of every neural architecture, where it says nothing else:")
        _show_ranges(catalogue.shared_training())
        print("\n`search` takes those marked usual; --architectures all, neural, classical or names takes others.")


def _as_object(space: SpaceFile) -> dict[str, Any]:
    return {
        "name": space.name,
        "family": space.family,
        "usual": space.usual,
        "summary": space.summary,
        "paper": space.paper,
        "parameter_formula": space.parameter_formula,
        "parameters": {**space.parameters, **space.training},
    }


def _show(space: SpaceFile, tables: Mapping[str, Mapping[str, Any]]) -> None:
    print(f"{space.name} ({space.family}{', usual' if space.usual else ''}): {space.summary}")
    print(f"  paper: {space.paper}")
    print(f"  parameters: {space.parameter_formula}")
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
