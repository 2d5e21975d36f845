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
    if hasattr(os, "geteuid") and run.stat().st_uid != os.geteuid():
        raise RunError(
            f"A run must be your own to be gone on with, however {run} belongs to the user {run.stat().st_uid}; "
            f"copy it (`cp -r --no-preserve=all {run} my-run`), and go on with the copy."
        )
    for entry in _inside(run):
        kind = entry.stat(follow_symlinks=False).st_mode
        if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
            raise RunError(
                f"A run folder must hold files and folders alone to be gone on with, however {entry.path} is "
                f"{'a link' if stat.S_ISLNK(kind) else 'neither'}; put a file or folder in its place."
            )
    for path in sorted((run / "search_spaces").glob("*.toml")):
        trusted_class(read_file(path).class_path, path, trust=trust)


def _inside(folder: Path) -> Iterator[os.DirEntry[str]]:
    """All that is in a folder, at any depth; links are not followed."""
    with os.scandir(folder) as entries:
        for entry in entries:
            yield entry
            if entry.is_dir(follow_symlinks=False):
                yield from _inside(Path(entry.path))
