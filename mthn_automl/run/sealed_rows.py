"""The rows of a run that is over, the sealed test rows above all, read again from the files that it was made of."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.splits.parts.choice import development_of, sealed_rows_of
from mthn_automl.data.splits.parts.stored import load_split
from mthn_automl.errors import UsageError
from mthn_automl.run.again import inputs_again
from mthn_automl.run.folder import RunFolder, fingerprint
from mthn_automl.run.options import Options
from mthn_automl.run.parse import STDIN
from mthn_automl.run.prepare import prepare_data
from mthn_automl.tuning.objective import SearchData


@dataclass(frozen=True)
class RunRows:
    """What a run was made of.

    Attributes:
        test: the rows on which models were scored once; None: none were held out.
        data: the rows that the search saw, and their folds.
    """

    test: Dataset | None
    data: SearchData


def sealed_rows(run: Path) -> Dataset:
    """The test rows on which the models of a run were scored once, with targets; tasks are numbered as in its models.

    Raises:
        UsageError: no run, or one without test rows, or whose data were no files. RunError: a file has changed.
        FormatError: the folder is damaged.
    """
    rows = rows_of(run).test
    if rows is None:
        raise UsageError(f"{run} must have sealed test rows, however none were held out; give rows with targets.")
    return rows


def rows_of(run: Path) -> RunRows:
    """All rows of a run. The errors are those of `sealed_rows`."""
    folder, options = RunFolder.existing(run), options_of(run)
    prepared = prepare_data(inputs_again(folder, options, {}), options)
    test, fold = load_split(folder.received, folder.splits.name, prepared.all_rows)
    data = SearchData(development_of(prepared.all_rows, test).without_id(), fold, prepared.metric, options.average)
    if prepared.test_file is not None:
        return RunRows(prepared.test_file, data)
    return RunRows(sealed_rows_of(prepared.all_rows, test) if test.any() else None, data)


def options_of(run: Path) -> Options:
    """What a run was begun with. Raises FormatError: the folder is damaged."""
    folder = RunFolder(run)
    with folder.received.checked(folder.config.name):
        return Options.from_toml(folder.read_config()["options"])


def trained_on(run: Path, data: Any) -> str:
    """A sentence where data are those that a run was searched on; empty where they are not, or that cannot be told.

    run: its folder, or that of a model in it.
    """
    homes = (run, run.absolute().parent, run.absolute().parents[1] if len(run.absolute().parents) > 1 else run)
    folder = next((each for each in map(RunFolder, homes) if each.fingerprint.exists()), RunFolder(run))
    if not folder.fingerprint.exists() or not isinstance(data, str | Path) or str(data) == STDIN:
        return ""
    then, now = folder.read_fingerprint()["data"], fingerprint(data)
    if then is None or now is None or then.sha256 != now.sha256:
        return ""
    return (
        f"{Path(data).name} is what {run} was searched on: models were trained on most of its rows, so that errors on "
        "them flatter; leave it out, and the sealed test rows are taken."
    )
