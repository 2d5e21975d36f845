"""Options as Typer takes them, made from what they say of themselves."""

from inspect import Parameter
from typing import Annotated, Any

import typer

from mthn_automl.run.option import Option


def for_search(option: Option) -> Parameter:
    """As `search` has it."""
    if not option.panel:
        return _parameter(option, option.written, typer.Argument(help=option.help), Parameter.empty)
    # Without its own name, a switch would get a second one: --no-metadata, --no-no-metadata.
    names = (option.flag,) if option.written is bool else ()
    asked = typer.Option(*names, help=option.help, rich_help_panel=option.panel)
    return _parameter(option, option.type_written(optional=option.usual is None), asked, option.usual)


def for_resume(option: Option) -> Parameter:
    """As `resume` has it: what is not written stays as it is."""
    return _parameter(option, option.type_written(optional=True), typer.Option(help=option.again), None)


def _parameter(option: Option, kind: Any, asked: Any, default: Any) -> Parameter:
    return Parameter(option.name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, asked])
