"""The finished searches that tests of whole runs share, each of which runs once a session."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.run.searches import CASES, Finished, run_case, write_files


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("searches")
    write_files(path)
    return path


@pytest.fixture(scope="session")
def finished(folder: Path) -> Callable[[str], Finished]:
    """The finished search of that name, which runs once a session."""
    return cache(lambda name: run_case(folder, name, f"{name}-run"))


@pytest.fixture(params=CASES)
def run(request: pytest.FixtureRequest, finished: Callable[[str], Finished]) -> Finished:
    """A finished search, which answers all questions about it."""
    return finished(request.param)


@pytest.fixture
def small(finished: Callable[[str], Finished]) -> Finished:
    return finished("multiclass")
