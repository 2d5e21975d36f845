"""The one look of a run's models at the sealed rows."""

from collections.abc import Mapping

from mthn_automl.analysis.sealed import SealedErrors, sealed_errors, timed
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.run.ensembling import ENSEMBLE, Blend
from mthn_automl.run.models import Best, Finished
from mthn_automl.run.run import Run
from mthn_automl.training.mean import Model
from mthn_automl.training.temperature import tempered

Tested = Mapping[str, SealedErrors]
"""By the name of an architecture, or `ensemble`."""


def test(run: Run, best: Best, blend: Blend | None) -> Tested:
    """The errors of each architecture's best model and of the ensemble; nothing where there are no sealed rows.

    What is a member of the ensemble too predicts once.
    """
    rows = run.test
    if rows is None:
        return {}
    known: dict[int, tuple[FloatArray, float]] = {}
    tested = {
        name: _scored(run, *_predicted(each.model.model, rows, known), rows, each.temperature)
        for name, each in best.items()
        if isinstance(each, Finished)
    }
    if blend is not None:
        members = [_predicted(each.model.model, rows, known) for each in blend.members]
        mean = blend.model.of_predictions([prediction for prediction, _ in members], rows.task)
        tested[ENSEMBLE] = _scored(run, mean, sum(microseconds for _, microseconds in members), rows, 1.0)
    return tested


def _predicted(model: Model, rows: Dataset, known: dict[int, tuple[FloatArray, float]]) -> tuple[FloatArray, float]:
    if id(model) not in known:
        known[id(model)] = timed(model.predict, rows)
    return known[id(model)]


def _scored(run: Run, prediction: FloatArray, microseconds: float, rows: Dataset, temperature: float) -> SealedErrors:
    return sealed_errors(
        tempered(prediction, temperature),
        microseconds,
        rows,
        run.prepared.metric,
        run.options.seed,
        known_tasks=len(run.data.dataset.tasks),
        ranked_by_new_tasks=run.options.holdout_tasks is not None,
    )
