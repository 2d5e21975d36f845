"""A model written for use elsewhere, checked on the test rows of its run."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mthn_automl.data.dataset import Dataset
from mthn_automl.deployment.export.exporting import refuse_missing, unsupported, written_as
from mthn_automl.deployment.export.request import Request, task_number
from mthn_automl.deployment.model_folder import load_model
from mthn_automl.deployment.output import refuse_inputs
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import MthnError, UnsupportedError, UsageError
from mthn_automl.report.wording import digits
from mthn_automl.run.evaluating import files_read
from mthn_automl.run.folder import RunFolder
from mthn_automl.run.sealed_rows import RunRows, rows_of
from mthn_automl.storage import write_bytes
from mthn_automl.training.mean import Mean, Model, mean_of
from mthn_automl.training.temperature import tempered
from mthn_automl.tuning.ensemble import Candidate, Weights, blended, greedy, target_of
from mthn_automl.tuning.trial import read_outcome, read_predictions

_OfRun = tuple[RunFolder, RunRows]


@dataclass(frozen=True)
class Exported:
    """A file that was written.

    Attributes:
        path: of the file.
        bytes: that it has.
        sentences: about its inputs, how near it is to `predict`, and how quick; and what was left out.
    """

    path: Path
    bytes: int
    sentences: tuple[str, ...]


def export_model(
    model: str | Path,
    output: str | Path,
    *,
    format: str = "onnx",  # noqa: A002
    task: str | None = None,
    without_unsupported: bool = False,
    preference: float | None = None,
    interval: float | None = None,
    trust: bool = False,
) -> Exported:
    """Write a model as one file that predicts from raw columns, without this package.

    What is written is compared with `predict` before it is kept: on the test rows of the run where `model` is one and
    its data are where they were, and on rows drawn from what the model knows of its columns.

    Args:
        model: folder of a model, or a run, whose winner is taken.
        output: the file.
        format: onnx for any model; torch, a program of `torch.export`, for networks that are plain once the task is
            fixed.
        task: the one task that the file is for, whose network alone is written; it then has no task among its inputs.
        without_unsupported: leave out members of an ensemble that cannot be written.
        preference: of a model that was trained for all of them; see `Predictor.at_preference`.
        interval: of numbers, the level of intervals, such as 0.9, whose ends are outputs of an ONNX file, too.
        trust: import architectures that are not of this package, which runs their code.

    Raises:
        UsageError: an unknown format or task, a package that is not installed, no model, an interval that it cannot
            state, or an output that is a folder or a file of the model or its run.
        UnsupportedError: the model, or a member that is named, cannot be written, or what was written does not predict
            the same; there is no file.

    Example:
        >>> export_model("mthn_runs/demo", "best.onnx")  # doctest: +SKIP
    """
    refuse_missing(format)
    refuse_inputs(Path(output), files_read(Path(model)))
    predictor = load_model(model, trust=trust)
    if preference is not None:
        predictor = predictor.at_preference(preference)
    predictor.check_interval(interval)
    number = task_number(predictor, task)
    rows, sentences = _rows_of(Path(model), predictor)
    left_out = unsupported(format, predictor, number)
    if left_out:
        predictor, said = _without(predictor, left_out, rows, without_unsupported)
        _refuse_interval_of_others(interval)
        sentences = (*sentences, said)
    written = written_as(format, Request(predictor, number, _tables(rows, number), interval))
    write_bytes(Path(output), written.content)
    return Exported(Path(output), len(written.content), (*sentences, *written.sentences))


def _refuse_interval_of_others(interval: float | None) -> None:
    if interval is not None:
        raise UsageError(
            "--interval must be of a whole model, whose residuals are known, however members are left out; leave out "
            "--interval, or export another model, such as one of RUN/models."
        )


def _tables(rows: _OfRun | None, task: int | None) -> list[Dataset]:
    """The test rows, or those of the one task, where there are any."""
    test = None if rows is None else rows[1].test
    if test is None:
        return []
    test = test if task is None else test.take(np.flatnonzero(test.task == task))
    return [test] if len(test) else []


def _rows_of(path: Path, predictor: Predictor) -> tuple[_OfRun | None, tuple[str, ...]]:
    """None where there is no run, or its data cannot be read, which is said."""
    folder = RunFolder(path)
    if not folder.config.exists():
        return None, ()
    try:
        found = rows_of(path)
    except (MthnError, OSError) as error:
        return None, (f"The rows of the run cannot be read, so that drawn ones alone are compared: {error}",)
    dataset = found.data.dataset
    columns = [each.name for each in dataset.schema.features]
    if columns != list(predictor.columns) or dataset.tasks.names != predictor.tasks.names:
        return None, ("The model is of other rows than those of the run, so that drawn ones alone are compared.",)
    return (folder, found), ()


def _without(
    predictor: Predictor, left_out: Mapping[int, str], rows: _OfRun | None, allowed: bool
) -> tuple[Predictor, str]:
    """The other members, weighed anew, and a sentence about it.

    Raises:
        UnsupportedError: that is not allowed, or there are no others.
    """
    names = predictor.members or (predictor.architecture,)
    reasons = "; ".join(f"{names[index]}: {reason}" for index, reason in left_out.items())
    kept = [index for index in range(len(names)) if index not in left_out]
    if not allowed or not kept or not isinstance(predictor.model, Mean):
        advice = "--without-unsupported leaves it out" if kept else "take another model, such as one of RUN/models"
        raise UnsupportedError(f"Every member of a model must be written, however {reasons}; {advice}.")
    weights, said = _weighed(predictor.model, names, kept, rows)
    models: list[Model] = [predictor.model.models[index] for index in weights]
    left = replace(
        predictor,
        model=mean_of(models, list(weights.values()), predictor.model.temperature, tasks=len(predictor.tasks)),
        intervals=None,
        members=tuple(names[index] for index in weights),
    )
    shares = ", ".join(f"{names[index]} {weight:.2f}" for index, weight in weights.items())
    return left, f"Left out: {reasons}. The others are weighed {shares}; {said}"


def _weighed(model: Mean, names: tuple[str, ...], kept: list[int], rows: _OfRun | None) -> tuple[Weights, str]:
    """Weights by member: out of fold where that is known, else as they were."""
    before = dict(enumerate(model.weights))
    candidates = None if rows is None else _candidates(rows, names)
    if rows is None or candidates is None:
        total = sum(before[index] for index in kept)
        return (
            {index: before[index] / total for index in kept},
            "in proportion as before, since there are no out-of-fold predictions; what that costs is not known.",
        )
    data = rows[1].data
    target = target_of(data, np.flatnonzero(data.fold >= 0))
    predictions = [each.prediction for each in candidates]
    found = greedy(target, [predictions[index] for index in kept], [candidates[index] for index in kept])[-1]
    weights = {kept[place]: weight for place, weight in sorted(found.items(), key=lambda pair: -pair[1])}
    then, now = (target.error(tempered(blended(predictions, each), model.temperature)) for each in (before, weights))
    return (
        weights,
        f"on the out-of-fold rows that chose them, {data.metric} is {digits(now)}, where it was {digits(then)}.",
    )


def _candidates(rows: _OfRun, names: tuple[str, ...]) -> list[Candidate] | None:
    """Of each member what it predicted out of fold; None where that is gone."""
    (run, of_run), found = rows, []
    dataset, fold = of_run.data.dataset, of_run.data.fold
    for name in names:
        folder = run.trials / name
        outcome = read_outcome(folder) if folder.exists() else None
        predicted = read_predictions(folder, len(dataset), dataset.schema.outputs) if outcome else None
        if outcome is None or outcome.result is None or predicted is None:
            return None
        number = int(name.rpartition("-")[2])
        found.append(Candidate(outcome.result, number, predicted[fold >= 0]))
    return found
