"""`mthn-automl check`: parse, call `run.checking.check`, print. Its options are those of `run.options`."""

from typing import Annotated, Any

from typer import Option

from mthn_automl.cli.written import for_search
from mthn_automl.run.option import accepting
from mthn_automl.run.options import CHECKED

HELP_ORDER = 2


@accepting(map(for_search, CHECKED.values()))
def check(
    *,
    json: Annotated[bool, Option("--json", help="Print one JSON object in place of the screen.")] = False,
    **options: Any,
) -> None:
    """Describe data as search would take them: tasks, columns, doubts, test rows; nothing is trained."""
    from mthn_automl.cli.shown import show_description
    from mthn_automl.data.alarms import refuse
    from mthn_automl.run.checking import check as run_check

    strict = options.pop("strict")  # what is wrong is shown, too
    found = run_check(**options)
    show_description(found, as_json=json)
    if strict:
        refuse(found.alarms)
