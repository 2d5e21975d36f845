"""What users install: the wheel holds all that the checkout does, and works away from it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mthn_automl import catalogue

CHECKOUT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(CHECKOUT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds our package alone; its dependencies come from the environment of the tests."""
    folder = tmp_path_factory.mktemp("installed")
    install = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index", "--target", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", *install, str(wheel)], check=True)
    return folder


def run_away_from_the_checkout(installed: Path, *command: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(command, cwd=installed.parent, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def files_below(folder: Path, pattern: str, *, become: str) -> dict[str, bytes]:
    return {f"{become}/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in folder.rglob(pattern)}


def test_holds_every_module_search_space_and_table_and_the_licence_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    package = CHECKOUT / "mthn_automl"
    expected = files_below(package, "*.py", become="mthn_automl")
    expected |= files_below(CHECKOUT / "search_spaces", "*.toml", become="mthn_automl/search_spaces")
    expected |= files_below(package / "data", "*.csv", become="mthn_automl/data")
    kept = {name: content for name, content in members.items() if Path(name).suffix in (".py", ".toml", ".csv")}
    assert kept == expected
    assert {Path(name).suffix for name in kept} == {".py", ".toml", ".csv"}
    (licence,) = (content for name, content in members.items() if name.endswith("licenses/LICENSE"))
    assert licence == (CHECKOUT / "LICENSE").read_bytes()
    assert {name.split("/")[0].split("-")[0] for name in members} == {"mthn_automl"}
    assert not [name for name in members if "__pycache__" in name or "/tests/" in name]


def test_away_from_the_checkout_it_knows_the_same_architectures_and_its_script_answers(installed: Path) -> None:
    say = "from mthn_automl import catalogue; print(catalogue.__file__); print(*catalogue.names())"
    where, names = run_away_from_the_checkout(installed, sys.executable, "-c", say).splitlines()
    assert Path(where).is_relative_to(installed)
    assert names.split() == catalogue.names()
    assert "search" in run_away_from_the_checkout(installed, str(installed / "bin" / "mthn-automl"), "--help")
