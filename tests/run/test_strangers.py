"""A run folder from somebody else is gone on with only where it can do nothing but hold data."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mthn_automl import catalogue
from mthn_automl.errors import FormatError, MthnError, RunError
from mthn_automl.run.strangers import refuse_foreign

Made = Callable[[Path], None]


def run_folder(folder: Path) -> Path:
    """As a run leaves it."""
    for name in ("models/ridge/config.json", "trials/ridge-0/result.json", "study.journal", "run.lock"):
        (folder / "run" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "run" / name).touch()
    spaces = folder / "run" / "search_spaces"
    spaces.mkdir()
    (spaces / "mine.toml").write_text(catalogue.read("ridge").path.read_text())
    (folder / "outside").mkdir()
    return folder / "run"


def linked(name: str, target: str) -> Made:
    def make(run: Path) -> None:
        if (run / name).is_file():
            (run / name).unlink()
        (run / name).symlink_to(target)

    return make


def naming(class_path: str) -> Made:
    def make(run: Path) -> None:
        text = catalogue.read("ridge").path.read_text()
        (run / "search_spaces" / "ridge.toml").write_text(text.replace("mthn_automl.models.ridge:Ridge", class_path))

    return make


FOREIGN: dict[str, tuple[Made, type[MthnError], str]] = {
    "a lock that is a link": (linked("run.lock", "../outside/a"), RunError, "run.lock is a link"),
    "a journal that is a link": (linked("study.journal", "/etc/hosts"), RunError, "study.journal is a link"),
    "a folder of figures that is a link": (linked("figures", "../outside"), RunError, "figures is a link"),
    "a link deep inside": (linked("models/ridge/config.json", "../../x"), RunError, "config.json is a link"),
    "a pipe": (lambda run: os.mkfifo(run / "run.log"), RunError, "run.log is neither"),
    "code of its own": (naming("os:system"), FormatError, "it names 'os:system', whose code would be run"),
    "code of ours that is no architecture": (
        naming("mthn_automl.cli.app:main"),
        FormatError,
        "mthn_automl.cli.app:main",
    ),
}


def test_a_run_as_it_was_left_is_gone_on_with(tmp_path: Path) -> None:
    refuse_foreign(run_folder(tmp_path), trust=False)


@pytest.mark.parametrize(("make", "error", "said"), FOREIGN.values(), ids=FOREIGN)
def test_what_could_do_more_is_refused_by_name(tmp_path: Path, make: Made, error: type[MthnError], said: str) -> None:
    run = run_folder(tmp_path)
    make(run)
    with pytest.raises(error, match=said):
        refuse_foreign(run, trust=False)


def test_code_is_imported_only_where_it_is_trusted(tmp_path: Path) -> None:
    run = run_folder(tmp_path)
    naming("collections:OrderedDict")(run)
    with pytest.raises(FormatError, match=r"--trust \(trust=True\) imports it"):
        refuse_foreign(run, trust=False)
    refuse_foreign(run, trust=True)


def test_a_run_of_another_user_is_to_be_copied_first(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    run = run_folder(tmp_path)
    os.chown(run, 65534, 65534)
    with pytest.raises(RunError, match=r"belongs to the user 65534; copy it \(`cp -r"):
        refuse_foreign(run, trust=True)
