"""A model written in a format, if all that the format needs is installed."""

from importlib import import_module
from pathlib import Path
from typing import Any

from mthn_automl.catalogue import members
from mthn_automl.deployment.export.request import Request, Written
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import UsageError, did_you_mean, extra_line

FORMATS = Path(__file__).parent / "formats"

PACKAGES = {"onnx": ("onnx", "onnxruntime", "onnxscript")}
"""That a format needs, beside those that are always there."""


def refuse_missing(format: str) -> None:  # noqa: A002
    """Raise a UsageError where a format is unknown, or what it needs is not installed."""
    known = members(FORMATS)
    if format not in known:
        raise UsageError(f"--format must be a known one, however it is '{format}'; {did_you_mean(format, known)}")
    for package in PACKAGES.get(format, ()):
        try:
            import_module(package)
        except ModuleNotFoundError:
            raise UsageError(
                f"Export to {format.upper()} needs the package {package}, however it is not installed: "
                f"{extra_line('onnx')}."
            ) from None


def unsupported(format: str, predictor: Predictor, task: int | None) -> dict[int, str]:  # noqa: A002
    """By the number of a member, why it cannot be written."""
    found: dict[int, str] = _format(format).unsupported(predictor, task)
    return found


def written_as(format: str, request: Request) -> Written:  # noqa: A002
    """The content of a file.

    Raises:
        UnsupportedError: as the format says.
    """
    found: Written = _format(format).written(request)
    return found


def _format(name: str) -> Any:
    """Its file, which loads what the format needs."""
    return import_module(f"mthn_automl.deployment.export.formats.{name}")
