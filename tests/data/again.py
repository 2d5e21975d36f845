"""New rows read as those of a training were."""

from typing import Any

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.new_rows import read_rows


def again(
    known: Dataset, data: Any, meta: Any = None, *, need_target: bool = False, allow_unknown: bool = True
) -> Dataset:
    """known: rows of the training; data, meta: files or frames of the new ones."""
    given = {"schema": known.schema, "tasks": known.tasks, "spare": known.spare}
    return read_rows(data, **given, meta=meta, need_target=need_target, allow_unknown=allow_unknown)
