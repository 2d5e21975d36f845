"""What a user of this machine can do to a search that has a Ray of its own: its owner, or nobody in particular.

python -m tests.faults.stranger owner|nobody TMPDIR PROCESS,... PORT,...     prints what succeeded, as JSON
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

NOBODY = 65534


def main(user: str, temporary: Path, processes: list[int], ports: list[int]) -> None:
    """temporary: where Ray's folder lies. processes: of the search. ports: on which these listen; it asks one after the
    other until one answers.
    """
    from mthn_automl.tuning.runners.on_ray import private

    folders = list(temporary.glob("mthn-ray-*"))
    if user == "nobody":
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    done = [f"listed {len(each)} files" for each in map(_listed, folders) if each]
    token = next(filter(None, map(_token, processes)), None)
    if token:
        done.append("read the token")
        os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=token)
    asked = next((port for port in ports if _answers(private, port)), None)
    done += [] if asked is None else [f"asked {asked}"]
    print(json.dumps(done))


def _listed(folder: Path) -> list[str]:
    with suppress(OSError):
        return os.listdir(folder)
    return []


def _token(process: int) -> str | None:
    with suppress(OSError):
        variables = Path(f"/proc/{process}/environ").read_text().split("\0")
        return next((each.partition("=")[2] for each in variables if each.startswith("RAY_AUTH_TOKEN=")), None)
    return None


def _answers(private: object, port: int) -> bool:
    with suppress(Exception):
        return bool(private.versions(private.head_node(f"127.0.0.1:{port}")))  # type: ignore[attr-defined]
    return False


def _numbers(words: str) -> Iterator[int]:
    yield from map(int, words.split(","))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), list(_numbers(sys.argv[3])), list(_numbers(sys.argv[4])))
