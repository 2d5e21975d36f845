"""What the card of a model says of the run that made it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from mthn_automl.data.formats.room import printable
from mthn_automl.deployment.card import Origin
from mthn_automl.run.folder import RunFolder
from mthn_automl.run.run import Run
from mthn_automl.run.stated import test_sentence
from mthn_automl.tuning.criteria import Limits

WORDS = {"data": "Data", "meta": "Metadata", "test": "Test rows", "split": "Split"}


def origin_of(run: Run, errors: Mapping[str, float | None]) -> Origin:
    """errors: of the model."""
    split, prepared = run.prepared.split, run.prepared
    sentence = test_sentence(split, errors, prepared.metric, run.options.average, "The model's")
    return Origin(tuple(_files(run.folder)), tuple(split.sentences()), limits_said(run.limits), sentence)


def _files(folder: RunFolder) -> Iterator[str]:
    """Names without folders, which are nobody's business who gets a model."""
    for name, found in folder.read_fingerprint().items():
        if found is not None:
            path = found.path
            shown = (
                "a DataFrame"
                if path is None
                else "standard input"
                if path == "-"
                else f"`{printable(Path(path).name)}`"
            )
            yield f"{WORDS[name]}: {shown}, SHA-256 `{found.sha256}`"


def limits_said(limits: Limits) -> str:
    """Each with its unit."""
    said = [] if limits.parameters is None else [f"{limits.parameters:,} parameters"]
    if limits.parameters_per_task is not None:
        said.append(f"{limits.parameters_per_task:,} parameters in one task's network")
    if limits.latency is not None:
        said.append(f"{limits.latency:g} us to predict a row")
    return ", ".join(said) or "none"
