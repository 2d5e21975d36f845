"""What the embeddings of a run mean: its tables, from networks that were not told the metadata where there are such."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from mthn_automl.analysis.embeddings import (
    FEWEST_TASKS,
    RECONSTRUCTION,
    embedding_table,
    metadata_columns,
    reconstruction,
    stability,
)
from mthn_automl.data.arrays import FloatArray
from mthn_automl.run.models import Best, Finished
from mthn_automl.run.run import Run
from mthn_automl.tuning.ablation.fits import embeddings_of
from mthn_automl.tuning.allocation import CHAMPION


@dataclass(frozen=True)
class Embedded:
    """What is known of the embeddings.

    Attributes:
        table: that of `embeddings.csv`.
        reconstruction: that of `reconstruction.csv`.
        summary: what `summary.json` has of them; None: there are none.
    """

    table: pd.DataFrame
    reconstruction: pd.DataFrame
    summary: dict[str, Any] | None


def embedded(run: Run, best: Best, alone: FloatArray | None) -> Embedded:
    """alone: (networks, tasks, d_e) of the ablation, which were told no metadata; None: those of the best are taken."""
    tasks, columns = run.data.dataset.tasks, run.data.dataset.schema.metadata
    champion = best.get(CHAMPION)
    embeddings = alone
    if embeddings is None and isinstance(champion, Finished):
        embeddings = embeddings_of(champion.model.models)
    told = alone is None and _told_metadata(run, champion)
    if embeddings is None or len(tasks) < FEWEST_TASKS or len(embeddings) < 2:
        return Embedded(pd.DataFrame(), _none_reconstructed(), None)
    alike = stability(embeddings, seed=run.options.seed)
    found = _none_reconstructed()
    if not told:
        found = reconstruction(embeddings, metadata_columns(tasks, columns), seed=run.options.seed)
    summary = {
        "networks": alike.networks,
        "size": embeddings.shape[2],
        "alike": alike.alike,
        "alike_by_chance": alike.by_chance,
        "alike_p_value": alike.p_value,
        "told_metadata": told,
        "text": [f"metadata:{each.name}" for each in columns if each.categories is not None],
    }
    return Embedded(embedding_table(embeddings, tasks, columns, seed=run.options.seed), found, summary)


def _told_metadata(run: Run, champion: Any) -> bool:
    """Whether the best hypernetwork was shown the metadata, so that finding them in it would say nothing."""
    if run.data.dataset.tasks.metadata is None or not isinstance(champion, Finished):
        return False
    return champion.model.settings.get("task_input") != "embedding"


def _none_reconstructed() -> pd.DataFrame:
    return pd.DataFrame(columns=list(RECONSTRUCTION)).astype(RECONSTRUCTION)
