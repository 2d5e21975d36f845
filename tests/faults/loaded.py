"""Imported by the server that forks processes of `test_folders.py`: what each of them would else load for seconds."""

import gc
import importlib

from mthn_automl import catalogue
from mthn_automl.tuning.objective import prepare_process

OURS = ("cli.app", "cli.shown", "run.job", "deployment.output", "tuning.runners.local", "data.formats.text")
OF_OTHERS = ("pydantic", "pyarrow.csv", "pandas.io.formats.csvs", "typer.testing")
for module in (*(f"mthn_automl.{each}" for each in OURS), *OF_OTHERS):
    importlib.import_module(module)
for name in catalogue.usable():
    catalogue.read(name).load_class()
prepare_process()
gc.freeze()  # else each of them looks through all of this memory, and copies it by doing so
