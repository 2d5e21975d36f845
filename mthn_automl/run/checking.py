"""Data as a search would take them, described before any time is spent."""

from typing import Any

from mthn_automl.data.description import Description, describe
from mthn_automl.data.memory import too_large
from mthn_automl.data.names import counted
from mthn_automl.run.option import accepting, arguments
from mthn_automl.run.options import CHECKED, Options
from mthn_automl.run.prepare import Given, Inputs, prepare
from mthn_automl.run.workers import fits_at_once


@accepting(arguments(CHECKED.values()))
def check(data: Given, meta: Given | None = None, *, test: Given | None = None, **options: Any) -> Description:
    """Read data, say what each column is taken for and what would be held out; nothing is trained or written.

    Args:
        data: a file or a DataFrame, a row an observation.
        meta: the same, a row a task.
        test: the same, test rows in place of rows held out of the data.
        options: as those of `search` that are about the data.

    Raises:
        UsageError, DataError: in one sentence, as `search` would; too little memory for a search is a note.
    """
    chosen = Options.parsed(data=data, meta=meta, test=test, **options)
    prepared = prepare(Inputs.of(chosen, data, meta, test), chosen, searched=False)
    workers = fits_at_once(chosen)
    beyond = too_large(prepared.all_rows, workers=workers)
    refused = f"A search by {counted(workers, 'worker')} would be refused: {beyond}"
    notes = (*([refused] if beyond else []), *prepared.notes)
    return describe(prepared.all_rows, notes, prepared.split, prepared.metric, prepared.alarms)
