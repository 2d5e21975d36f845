"""A model written for use elsewhere, checked on the test rows of its run."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.splits.parts.choice import development_of, sealed_rows_of
from mthn_automl.data.splits.parts.stored import load_split
from mthn_automl.deployment.export.exporting import refuse_missing, unsupported, written_as
from mthn_automl.deployment.export.request import Request, task_number
from mthn_automl.deployment.model_folder import load_model
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import MthnError, UnsupportedError
from mthn_automl.report.wording import digits
from mthn_automl.run.again import inputs_again
from mthn_automl.run.folder import RunFolder
from mthn_automl.run.options import Options
from mthn_automl.run.prepare import prepare
from mthn_automl.run.strangers import refuse_foreign
from mthn_automl.storage import write_bytes
from mthn_automl.training.mean import Mean, Model, mean_of
from mthn_automl.tuning.ensemble import Candidate, Weights, blended, greedy, target_of
from mthn_automl.tuning.objective import SearchData
from mthn_automl.tuning.trial import read_outcome, read_predictions


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
        trust: import architectures that are not of this package, which runs their code.

    Raises:
        UsageError: an unknown format or task, a package that is not installed, or no model.
        UnsupportedError: the model, or a member that is named, cannot be written, or what was written does not predict
            the same; there is no file.

    Example:
        >>> export_model("mthn_runs/demo", "best.onnx")  # doctest: +SKIP
    """
    refuse_missing(format)
    predictor = load_model(model, trust=trust)
    if preference is not None:
        predictor = predictor.at_preference(preference)
    number = task_number(predictor, task)
    rows, sentences = _rows_of(Path(model), predictor, trust)
    left_out = unsupported(format, predictor, number)
    if left_out:
        predictor, said = _without(predictor, left_out, rows, without_unsupported)
        sentences = (*sentences, said)
    written = written_as(format, Request(predictor, number, _tables(rows, number)))
    write_bytes(Path(output), written.content)
    return Exported(Path(output), len(written.content), (*sentences, *written.sentences))


def _tables(rows: "_OfRun | None", task: int | None) -> list[Dataset]:
    """The test rows, or those of the one task, where there are any."""
    if rows is None or rows.test is None:
        return []
    test = rows.test if task is None else rows.test.take(np.flatnonzero(rows.test.task == task))
    return [test] if len(test) else []


@dataclass(frozen=True)
class _OfRun:
    """Rows of a run, and its folder. test: None where no row was held out."""

    folder: RunFolder
    data: SearchData
    test: Dataset | None


def _rows_of(path: Path, predictor: Predictor, trust: bool) -> tuple[_OfRun | None, tuple[str, ...]]:
    """None where there is no run, or its data cannot be read, which is said."""
    folder = RunFolder(path)
    if not folder.config.exists():
        return None, ()
    try:
        found = _opened(folder, trust)
    except (MthnError, OSError) as error:
        return None, (f"The rows of the run cannot be read, so that drawn ones alone are compared: {error}",)
    columns = [each.name for each in found.data.dataset.schema.features]
    if columns != list(predictor.columns) or found.data.dataset.tasks.names != predictor.tasks.names:
        return None, ("The model is of other rows than those of the run, so that drawn ones alone are compared.",)
    return found, ()


def _opened(folder: RunFolder, trust: bool) -> _OfRun:
    refuse_foreign(folder.path, trust=trust)
    config = folder.read_config()
    with folder.received.checked(folder.config.name):
        stored = Options.from_toml(config["options"])
    options = replace(stored, space=tuple(str(each) for each in sorted(folder.spaces.glob("*.toml"))))
    prepared = prepare(inputs_again(folder, options, {}), options)
    sealed, fold = load_split(folder.received, folder.splits.name, prepared.all_rows)
    development = development_of(prepared.all_rows, sealed)
    test = prepared.test_file
    if test is None and sealed.any():
        test = sealed_rows_of(prepared.all_rows, sealed)
    data = SearchData(development.without_id(), fold, prepared.metric, options.average)
    return _OfRun(folder, data, test if test is not None and len(test) else None)


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
    validated = np.flatnonzero(rows.data.fold >= 0)
    target = target_of(rows.data, validated)
    predictions = [each.prediction for each in candidates]
    found = greedy(target, [predictions[index] for index in kept], [candidates[index] for index in kept])[-1]
    weights = {kept[place]: weight for place, weight in sorted(found.items(), key=lambda pair: -pair[1])}
    then, now = (target.error(blended(predictions, each)) for each in (before, weights))
    return (
        weights,
        f"on the out-of-fold rows that chose them, {rows.data.metric} is {digits(now)}, where it was {digits(then)}.",
    )


def _candidates(rows: _OfRun, names: tuple[str, ...]) -> list[Candidate] | None:
    """Of each member what it predicted out of fold; None where that is gone."""
    dataset, found = rows.data.dataset, []
    for name in names:
        folder = rows.folder.trials / name
        outcome = read_outcome(folder) if folder.exists() else None
        predicted = read_predictions(folder, len(dataset), dataset.schema.outputs) if outcome else None
        if outcome is None or outcome.result is None or predicted is None:
            return None
        number = int(name.rpartition("-")[2])
        found.append(Candidate(outcome.result, number, predicted[rows.data.fold >= 0]))
    return found
