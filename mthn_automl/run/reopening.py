"""A run that has ended, opened to work with what it found."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from mthn_automl.run.again import inputs_again
from mthn_automl.run.folder import RunFolder
from mthn_automl.run.log import Log
from mthn_automl.run.option import parsed
from mthn_automl.run.options import CHANGEABLE, Options
from mthn_automl.run.prepare import prepare
from mthn_automl.run.run import Added, Run
from mthn_automl.run.strangers import refuse_foreign
from mthn_automl.run.workers import Workers, device_here, make_runner
from mthn_automl.tuning.events import Watcher
from mthn_automl.tuning.runners.interruption import Interruption


@contextmanager
def reopened(
    run: str | Path,
    moved: Mapping[str, Any],
    *,
    trust: bool = False,
    progress: Watcher | None = None,
    runner: str = "local",
    workers: int | None = None,
) -> Iterator[Run]:
    """The run, locked; nothing more is searched.

    Args:
        run: its folder.
        moved: data, meta and test, where the files are elsewhere now, or were DataFrames; None where they are not.
        trust: architectures in it that are not of this package may be imported, which runs their code.
        progress: called with each event.
        runner, workers: of fits, as of a search: this process, unless others are asked for.

    Raises:
        UsageError: no such run. RunError: other data, another process at work on it, another user's folder, or one
            with links. FormatError: an architecture that is not trusted.
    """
    folder = RunFolder.existing(Path(run))
    refuse_foreign(folder.path, trust=trust)
    config = folder.read_config()
    with folder.received.checked(folder.config.name):
        stored = Options.from_toml(config["options"])
    here = {"runner": runner, "address": None, "workers": workers, "gpus_per_trial": None, "cpus_per_trial": 1.0}
    spaces = tuple(str(each) for each in sorted(folder.spaces.glob("*.toml")))
    paths = parsed(CHANGEABLE, moved)
    options = replace(stored, device=device_here(stored.device), space=spaces, **{**here, **paths})
    with folder.locked():
        prepared = prepare(inputs_again(folder, options, moved), options)
        interruption = Interruption()
        chosen = make_runner(Workers.of(options), options, folder, prepared.files.values(), interruption)
        with chosen:
            yield Run(folder, options, prepared, chosen, interruption, Log(folder, progress), time.time(), Added())
