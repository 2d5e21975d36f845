"""AutoML for many related small tabular tasks: multi-task networks and honest baselines in one search."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mthn_automl.data.read import read_dataset
    from mthn_automl.deployment.adapt.adapt import adapt
    from mthn_automl.deployment.model_folder import load_model
    from mthn_automl.errors import MthnError
    from mthn_automl.estimators.classifier import MultiTaskClassifier
    from mthn_automl.estimators.regressor import MultiTaskRegressor
    from mthn_automl.estimators.search import MultiTaskSearch
    from mthn_automl.run.ablating import ablate
    from mthn_automl.run.distilling import distill
    from mthn_automl.run.evaluating import evaluate
    from mthn_automl.run.explaining import explain
    from mthn_automl.run.exporting import export_model
    from mthn_automl.run.job import search

__version__ = "0.1.0"

__all__ = [
    "MthnError",
    "MultiTaskClassifier",
    "MultiTaskRegressor",
    "MultiTaskSearch",
    "ablate",
    "adapt",
    "distill",
    "evaluate",
    "explain",
    "export_model",
    "load_model",
    "read_dataset",
    "search",
]

# Looked up on first use, so that `import mthn_automl` and `mthn-automl --help` load neither torch nor pandas.
_HOMES = {
    "MthnError": "mthn_automl.errors",
    "MultiTaskClassifier": "mthn_automl.estimators.classifier",
    "MultiTaskRegressor": "mthn_automl.estimators.regressor",
    "MultiTaskSearch": "mthn_automl.estimators.search",
    "ablate": "mthn_automl.run.ablating",
    "adapt": "mthn_automl.deployment.adapt.adapt",
    "distill": "mthn_automl.run.distilling",
    "evaluate": "mthn_automl.run.evaluating",
    "explain": "mthn_automl.run.explaining",
    "export_model": "mthn_automl.run.exporting",
    "load_model": "mthn_automl.deployment.model_folder",
    "read_dataset": "mthn_automl.data.read",
    "search": "mthn_automl.run.job",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mthn_automl' has no attribute '{name}'; it offers {', '.join(__all__)}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
