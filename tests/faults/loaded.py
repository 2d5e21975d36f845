"""Imported by the server that forks processes of `test_folders.py`: what each of them would else load for seconds."""

import importlib

from mthn_automl import catalogue
from mthn_automl.tuning.objective import prepare_process

for module in ("cli.app", "run.job", "deployment.output", "tuning.runners.local"):
    importlib.import_module(f"mthn_automl.{module}")
for name in catalogue.usable():
    catalogue.read(name).load_class()
prepare_process()
