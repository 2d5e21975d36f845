"""Whether a run folder may be gone on with: it is the user's own, holds nothing but files, and brings no code along."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from mthn_automl.catalogue import read_file, trusted_class
from mthn_automl.errors import RunError


def refuse_foreign(run: Path, *, trust: bool) -> None:
    """Asked before anything in the folder is believed or written.

    trust: architectures that are not of this package may be imported.

    Raises:
        RunError: the folder is another user's, or something in it is neither a file nor a folder, by which a resume
            would write, or wait, elsewhere. FormatError: an architecture whose code would be run. UsageError: a search
            space file that cannot be read, or whose class cannot be imported.
    """
    refuse_what_leads_elsewhere(run)
    for path in sorted((run / "search_spaces").glob("*.toml")):
        trusted_class(read_file(path).class_path, path, trust=trust)


def refuse_what_leads_elsewhere(run: Path) -> None:
    """Asked before anything is written into a folder that is there.

    Raises:
        RunError: it, or something in it, is another user's, a link, a file with other names elsewhere, or no file.
    """
    own = os.geteuid() if hasattr(os, "geteuid") else None
    for path in (run, *_inside(run)):
        found = path.lstat()
        if own is not None and found.st_uid != own:
            raise RunError(
                f"A run must be your own to be gone on with, however {path} belongs to the user {found.st_uid}; "
                f"copy it (`cp -r --no-preserve=all {run} my-run`), and go on with the copy."
            )
        kind = _kind(found) if path != run else ""
        if kind:
            raise RunError(
                f"A run folder must hold files and folders alone to be gone on with, however {path} is {kind}; put a "
                f"file or folder in its place, or copy the run (`cp -r --no-preserve=all {run} my-run`)."
            )


def _kind(found: os.stat_result) -> str:
    """What it is that could lead elsewhere; empty of a plain file, and of a folder."""
    if stat.S_ISLNK(found.st_mode):
        return "a link"
    if stat.S_ISREG(found.st_mode):
        return "a file with another name elsewhere" if found.st_nlink > 1 else ""
    return "" if stat.S_ISDIR(found.st_mode) else "neither"


def _inside(folder: Path) -> Iterator[Path]:
    """All that is in a folder, at any depth; links are not followed."""
    for root, folders, files in os.walk(folder):
        yield from (Path(root, name) for name in (*folders, *files))
