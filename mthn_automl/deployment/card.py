"""The README of a model folder: what the model is, what it was trained on, how to use it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.names import counted
from mthn_automl.data.schema import Schema
from mthn_automl.deployment.calibration.intervals import Intervals, Source
from mthn_automl.models.base import Size
from mthn_automl.tuning.trial_model import TrialModel


@dataclass(frozen=True)
class Origin:
    """What a run knows of the model that it saves, in words.

    Attributes:
        files: what it was trained on, by name and fingerprint.
        split: sentences about the rows that were trained on, and those that were held out.
        limits: that were asked for.
        error: a sentence with the error on test rows, and its interval.
    """

    files: tuple[str, ...]
    split: tuple[str, ...]
    limits: str
    error: str


def model_card(
    name: str,
    members: Sequence[tuple[TrialModel, float]],
    data: Dataset,
    size: Size,
    metrics: Mapping[str, Any],
    calibrated: str,
    origin: Origin | None = None,
) -> str:
    """Markdown. name: `ensemble`, or the architecture of the one member; members: each with its weight.

    calibrated: as `calibration_line` says it.
    """
    schema = data.schema
    columns = ", ".join(f"`{column.name}`" for column in schema.features) or "none"
    described = ", ".join(f"`{column.name}`" for column in schema.metadata) or "none"
    measured = "\n".join(f"- {name}: {value}" for name, value in metrics.items() if value is not None)
    return f"""# {name}

{_summary(members)}

- Predicts: {", ".join(f"`{name}`" for name in schema.wide or schema.targets)} ({schema.problem.value})
- Features: {columns}
- Task: {_task(schema)}; metadata: {described}{_exposure(schema)}
- Trained on {counted(len(data), "row")} of {counted(len(data.tasks), "task")}{_weighted(data)}
- Training rows in its files: {_stored(members)}
- Parameters: {size.total:,} in all, {size.task_network:,} in one task's network, {size.marginal:,} for one more task
- {calibrated}
{_limits(origin)}
{_data(origin)}{_settings(members)}
## Errors
{_error(origin)}{measured}

## Use
```
mthn-automl predict THIS_FOLDER new.csv --output predictions.csv
```
```python
from mthn_automl import load_model

model = load_model("THIS_FOLDER")
predictions = model.predict("new.csv")
print(predictions)
```

Files: `model.safetensors` (weights), `config.json` (architecture and settings), `schema.json` (columns),
`tasks.json` (tasks and their metadata), `metrics.json`, `adaptation.json` (what `mthn-automl adapt` needs), and
`calibration.json` where the model states intervals. None of them can run code when it is read.
"""


def _limits(origin: Origin | None) -> str:
    return "" if origin is None else f"- Limits asked for: {origin.limits}\n"


def _data(origin: Origin | None) -> str:
    """A section, with how the rows were split."""
    if origin is None:
        return ""
    return "## Data\n" + "\n".join(f"- {each}" for each in (*origin.files, *origin.split)) + "\n\n"


def _error(origin: Origin | None) -> str:
    return "" if origin is None else f"{origin.error}\n\n"


def calibration_line(intervals: Intervals | None, temperature: float) -> str:
    """What intervals and probabilities of a model are made of."""
    if intervals is not None:
        rows = max(each.rows for each in intervals.targets)
        return f"Intervals: from residuals of {counted(rows, 'row')} predicted unseen; {_of_new(intervals)}"
    if temperature != 1.0:
        return f"Probabilities: calibrated, at a temperature of {temperature:.3g}"
    return "Intervals: none; probabilities, where there are any, are as the models say them"


def _of_new(intervals: Intervals) -> str:
    """How those of tasks never seen were found."""
    if intervals.new_tasks == "measured" and any(each.known for each in intervals.targets):
        tasks = counted(max(each.new_tasks for each in intervals.targets), "task")
        return f"for tasks never seen from {tasks} held out whole, of which models with the same settings knew no row"
    return _OF_NEW[intervals.new_tasks]


_OF_NEW: Mapping[Source, str] = {
    "measured": "all of tasks never seen, so that for known tasks they are wider than need be",
    "estimated": "for tasks never seen an estimate and no guarantee, by known tasks that the model is not told: where "
    "metadata tell tasks apart they hold less often than they say; a search with `--holdout-tasks` measures them",
    "unknown": "none for tasks never seen",
}


def _task(schema: Schema) -> str:
    if schema.wide:
        return "each column that is predicted, of one wide table"
    return ", ".join(f"`{name}`" for name in schema.task)


def _exposure(schema: Schema) -> str:
    return "" if schema.offset is None else f"\n- Exposure: `{schema.offset}`, above 0, which every row must have"


def _weighted(data: Dataset) -> str:
    """Of several targets a row may have some; what each row counts."""
    gaps = ", each target on the rows that have it" if np.isnan(data.target).any() else ""
    return gaps + (f"; rows count as `{data.schema.weight}` says" if data.schema.weight else "")


def _summary(members: Sequence[tuple[TrialModel, float]]) -> str:
    if len(members) == 1:
        return members[0][0].file.summary
    return f"The weighted mean of {len(members)} models, chosen by cross-validation."


def _stored(members: Sequence[tuple[TrialModel, float]]) -> str:
    """Whoever gets the folder gets these."""
    found = [f"{model.stored_rows():,} in {model.trial}" for model, _ in members if model.stored_rows()]
    if not found:
        return "none; names and metadata of the tasks are in `tasks.json`"
    return f"{', '.join(found)}: their features, task and metadata can be read; so can the tasks in `tasks.json`"


def _settings(members: Sequence[tuple[TrialModel, float]]) -> str:
    """A section a member."""
    return "\n".join(
        f"## Settings of {model.trial}\n"
        f"Weight {weight:.2f}; the mean of {_counted(model)}. {model.file.summary}\n\n{_listed(model.settings)}\n"
        for model, weight in members
    )


def _counted(model: TrialModel) -> str:
    return f"the models of {len(model.models)} folds" if len(model.models) > 1 else "one fit"


def _listed(settings: Mapping[str, Any]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in settings.items())
