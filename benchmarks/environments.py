"""Virtual environments of their own, for what cannot, or must not, share ours."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

STAMP: Final = "installed"


def python(folder: Path) -> Path:
    """The interpreter of the environment in `folder`."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def made(folder: Path, *requirements: str, torch_index: str | None = None) -> Path:
    """An environment with what is asked for, and its interpreter; one that was begun and not ended is made anew.

    torch_index: as `TORCH_INDEX` of make.

    Raises:
        subprocess.CalledProcessError: pip could not install it, and has said why.
    """
    stamp, wanted = folder / STAMP, "\n".join(requirements)
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        more = ["--extra-index-url", torch_index] if torch_index else []
        install = [str(python(folder)), "-m", "pip", "install", "--quiet", *more, *requirements]
        subprocess.run(install, env=bare(), check=True)
        stamp.write_text(wanted)
    return python(folder)


def bare() -> dict[str, str]:
    """This process's variables without those that point Python to our packages or limit threads."""
    return {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "OMP_NUM_THREADS"}}
