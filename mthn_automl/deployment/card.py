"""The README of a model folder: what the model is, what it was trained on, how to use it."""

from collections.abc import Mapping
from typing import Any

from mthn_automl.catalogue import SpaceFile
from mthn_automl.data.dataset import Dataset
from mthn_automl.models.base import Size


def model_card(
    space: SpaceFile, settings: Mapping[str, Any], data: Dataset, size: Size, metrics: Mapping[str, Any]
) -> str:
    """Markdown."""
    schema = data.schema
    columns = ", ".join(f"`{column.name}`" for column in schema.features) or "none"
    described = ", ".join(f"`{column.name}`" for column in schema.metadata) or "none"
    chosen = "\n".join(f"- {name}: {value}" for name, value in settings.items())
    measured = "\n".join(f"- {name}: {value}" for name, value in metrics.items())
    return f"""# {space.name}

{space.summary}

- Predicts: {", ".join(f"`{name}`" for name in schema.targets)} ({schema.problem.value})
- Features: {columns}
- Task column: `{schema.task}`; metadata: {described}
- Trained on {len(data):,} rows of {len(data.tasks):,} tasks
- Parameters: {size.total:,} in all, {size.task_network:,} in one task's network, {size.marginal:,} for one more task

## Settings
{chosen}

## Errors
{measured}

## Use
```
mthn-automl predict THIS_FOLDER new.csv --output predictions.csv
```
```python
from mthn_automl import load_model

predictions = load_model("THIS_FOLDER").predict("new.csv")
```

Files: `model.safetensors` (weights), `config.json` (architecture and settings), `schema.json` (columns),
`tasks.json` (tasks and their metadata), `metrics.json`. None of them can run code when it is read.
"""
