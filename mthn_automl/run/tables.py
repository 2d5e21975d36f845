"""Tables of a run that need what its folder alone does not say: rows by task, families, studies."""

import numpy as np
import pandas as pd

from mthn_automl.analysis.tasks import SINGLE, tasks_table
from mthn_automl.run.run import Run
from mthn_automl.tuning.ending import Ending
from mthn_automl.tuning.importance import importances


def tasks_of(run: Run, predictions: pd.DataFrame, leaderboard: pd.DataFrame, winner: str) -> pd.DataFrame:
    """The table of `tasks.csv`. Where whole tasks are held out, no model of a task alone can be compared with."""
    dataset = run.data.dataset
    counts = np.bincount(dataset.task, minlength=len(dataset.tasks)).tolist()
    ranked = leaderboard[leaderboard["rank"].notna()]["architecture"]
    classical = [name for name in ranked if name in run.files and run.files[name].family == "classical"]
    return tasks_table(
        predictions,
        dict(zip(dataset.tasks.names, counts, strict=True)),
        answer=winner,
        metric=run.prepared.metric,
        problem=dataset.schema.problem,
        own=None if run.options.holdout_tasks is not None else SINGLE,
        classical=classical[0] if classical else None,
        group=None if dataset.group is None else dict(zip(dataset.row.tolist(), dataset.group.tolist(), strict=True)),
    )


def importances_of(run: Run) -> pd.DataFrame:
    """The table of `importances.csv`: architecture, setting, importance, trials."""
    rows = [
        {"architecture": name, "setting": setting, "importance": share, "trials": len(study.ended(Ending.COMPLETE))}
        for name, study in run.studies.items()
        for setting, share in importances(study, seed=run.options.seed).items()
    ]
    return pd.DataFrame(rows, columns=["architecture", "setting", "importance", "trials"])
