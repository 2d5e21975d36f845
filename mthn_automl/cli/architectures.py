"""`mthn-automl architectures`: what can be searched."""

import json as json_module
from collections.abc import Mapping
from typing import Annotated, Any

from typer import Argument, Option

from mthn_automl import catalogue
from mthn_automl.catalogue import SearchSpace


def architectures(
    name: Annotated[str | None, Argument(help="Show one architecture whole.", show_default=False)] = None,
    json: Annotated[bool, Option("--json", help="Print a list of objects.")] = False,
) -> None:
    """List what can be searched, with the ranges of every parameter."""
    found = [catalogue.read(each) for each in ([name] if name else catalogue.names())]
    if json:
        print(json_module.dumps([_as_object(each) for each in found], indent=2))
    elif name:
        _show_whole(found[0])
    else:
        width = max(len(each.name) for each in found)
        for each in found:
            print(f"{each.name:{width}}  {each.family:9}  {each.summary}")


def _as_object(space: SearchSpace) -> dict[str, Any]:
    return {
        "name": space.name,
        "family": space.family,
        "summary": space.summary,
        "paper": space.paper,
        "parameter_formula": space.parameter_formula,
        "parameters": {**space.parameters, **space.training},
    }


def _show_whole(space: SearchSpace) -> None:
    print(f"{space.name} ({space.family}): {space.summary}")
    print(f"  paper: {space.paper}")
    print(f"  parameters: {space.parameter_formula}")
    tables = {**space.parameters, **space.training}
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
