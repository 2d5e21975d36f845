"""One thread a test process, and a silent Ray: set before anything imports torch or ray, which read these then."""

import os
import subprocess
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

for threads in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[threads] = "1"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_AIR_NEW_OUTPUT"] = "0"
os.environ["TUNE_DISABLE_AUTO_CALLBACK_LOGGERS"] = "1"


@pytest.fixture(scope="module", autouse=True)
def _undrawn(request: pytest.FixtureRequest) -> Iterator[None]:
    """Searches in this process draw no pictures, which take longer than they do, unless a module is about pictures."""
    from mthn_automl.report import drawing

    drawn = SimpleNamespace(returncode=0)
    process = SimpleNamespace(run=lambda *given, **named: drawn, TimeoutExpired=subprocess.TimeoutExpired)
    with pytest.MonkeyPatch.context() as patch:
        if request.node.get_closest_marker("pictures") is None:
            patch.setattr(drawing, "subprocess", process)
        yield
