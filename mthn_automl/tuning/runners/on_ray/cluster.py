"""Joining a Ray cluster that runs already: what is wrong with an address is said before Ray can hang on it."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ray

import mthn_automl
from mthn_automl.errors import ClusterError
from mthn_automl.tuning.runners.on_ray import private, probe
from mthn_automl.tuning.runners.on_ray.alone import set_up
from mthn_automl.tuning.runners.on_ray.code import shipped

SECONDS_FOR_THE_PORT, SECONDS_FOR_RAY = 8, 25
"""An address that drops packets, and a port that answers without being Ray's, cost so long at most."""

_MUST = "--address must name a running Ray cluster, however"
_SET_TOKEN = (
    "set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN to the cluster's token (or keep it in the file ~/.ray/auth_token)"
)


@dataclass(frozen=True)
class Resources:
    """What a cluster has in all, as Ray counts it.

    Attributes:
        cpus: processors; fractions are possible.
        gpus: graphics cards; fractions are possible.
        nodes: machines, or containers, that are alive.
    """

    cpus: float
    gpus: float
    nodes: int


def check_cluster(address: str) -> str:
    """HOST:PORT of a cluster that can be joined: `address` itself, or what `auto` stands for.

    `auto` is RAY_ADDRESS or else the cluster that was last started on this machine. Answers within 40 seconds, within
    15 where nothing listens. Nothing is joined: a process of its own asks the cluster for its versions.

    Raises:
        ClusterError: the address is none, nothing or something else than Ray answers, the token is missing or wrong,
            the versions of Ray or Python differ, or this machine is no node of the cluster.
    """
    cluster = _remembered() if address == "auto" else address
    host, port = _host_and_port(cluster)
    _expect_a_token_in_token_mode()
    facts = _probe(host, port)
    _expect_ray(facts, cluster)
    _expect_equal("Ray", ray.__version__, facts["ray"], cluster)
    _expect_equal("Python", _compared(platform.python_version()), _compared(facts["python"]), cluster)
    _expect_this_machine(facts, cluster)
    return cluster


def join(address: str, code: Sequence[str]) -> None:
    """Join a cluster that `check_cluster` found good.

    code: names of modules or packages that the workers import; see `shipped` for which of them are sent along.

    Raises:
        ClusterError: code that cannot be sent, or a cluster that went away or refuses.
    """
    modules = [str(path) for path in shipped(code)]
    set_up(loopback=False)
    try:
        ray.init(address=address, log_to_driver=False, logging_level="CRITICAL", runtime_env={"py_modules": modules})
    except Exception as error:
        ray.shutdown()
        raise ClusterError(
            f"The cluster {address} must let a search join, however Ray says: {_in_one_line(error)}; "
            f"look at `ray status --address={address}`."
        ) from error


def resources() -> Resources:
    """What the cluster has that was joined."""
    total = ray.cluster_resources()
    return Resources(total.get("CPU", 0.0), total.get("GPU", 0.0), sum(bool(node["Alive"]) for node in ray.nodes()))


def _remembered() -> str:
    """What `auto` stands for."""
    named = os.environ.get("RAY_ADDRESS", "")
    if named not in ("", "auto"):
        return named
    last = private.last_started()
    if not last:
        raise ClusterError(
            "--address auto must find a Ray cluster that was started on this machine, however RAY_ADDRESS is not set "
            "and Ray remembers none; name HOST:PORT as `ray start --head` printed it."
        )
    return last


def _host_and_port(address: str) -> tuple[str, int]:
    if address.startswith("ray://"):
        raise ClusterError(
            f"--address must be HOST:PORT, however '{address}' is of a Ray Client, whose driver stands outside the "
            "cluster, where it would neither share its data with the workers nor outlive a lost connection; start the "
            "search on a node of the cluster, and name the port that `ray start --head` printed (usually 6379)."
        )
    try:
        parts = urlsplit(f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    plain = not set(address) & set("/@?# ")
    if not (plain and host and port):
        raise ClusterError(
            f"--address must be HOST:PORT, such as 10.0.0.1:6379, or auto, however it is '{address}'; name it as "
            "`ray start --head` printed it."
        )
    return host, port


def _in_token_mode() -> bool:
    return os.environ.get("RAY_AUTH_MODE", "").lower() == "token"


def _expect_a_token_in_token_mode() -> None:
    """Ray aborts the process when it finds none. It looks into the first of these places that is set, and no further.

    Source: https://docs.ray.io/en/latest/ray-security/token-auth.html
    """
    if not _in_token_mode() or os.environ.get("RAY_AUTH_TOKEN"):
        return
    named = os.environ.get("RAY_AUTH_TOKEN_PATH")
    file = Path(named) if named else Path("~/.ray/auth_token").expanduser()
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError):
        token = ""
    if not token:
        raise ClusterError(
            f"RAY_AUTH_MODE=token must come with a token, however RAY_AUTH_TOKEN is not set and no token can be read "
            f"in {file}; {_SET_TOKEN}."
        )


def _probe(host: str, port: int) -> dict[str, Any]:
    """What the probe found; a fact that is absent is one that it did not live to see.

    It imports this package, wherever it lies, behind what the user has put on PYTHONPATH.
    """
    folders = [os.environ.get("PYTHONPATH", ""), str(Path(mthn_automl.__file__).parents[1])]
    words = [sys.executable, "-P", "-m", probe.__name__, host, port, SECONDS_FOR_THE_PORT, SECONDS_FOR_RAY]
    done = subprocess.run(
        [str(word) for word in words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, folders))},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    facts: dict[str, Any] = {}
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            facts |= json.loads(line)
    return facts


def _expect_ray(facts: dict[str, Any], address: str) -> None:
    answers, failed = facts.get("answers", f"no answer within {SECONDS_FOR_THE_PORT} seconds"), facts.get("failed", "")
    if answers is not True:
        raise ClusterError(
            f"{_MUST} nothing answers at {address} ({answers}); start one with `ray start --head` "
            "or name the address that it printed."
        )
    if "unable" in facts:
        raise ClusterError(
            f"A cluster must be looked at before it is joined, however Ray {ray.__version__} is no version that this "
            f"package knows ({facts['unable']}); install one that it names among its dependencies."
        )
    if "InvalidAuthToken" in failed or "Unauthenticated" in failed:
        raise ClusterError(_about_the_token(address))
    if "python" not in facts:
        reason = f" ({_in_one_line(failed)})" if failed else ""
        raise ClusterError(
            f"{_MUST} what answers at {address} does not speak as Ray's head node does{reason}; name the address that "
            "`ray start --head` printed (usually port 6379; not 8265, the dashboard, nor 10001, the Ray Client)."
        )


def _expect_this_machine(facts: dict[str, Any], address: str) -> None:
    if "here" not in facts:
        reason = _in_one_line(facts.get("failed", "nothing"))
        raise ClusterError(
            f"The cluster {address} must name its nodes, however Ray says: {reason}; "
            f"look at `ray status --address={address}`."
        )
    if not facts["here"]:
        raise ClusterError(
            "A search must be started on a node of its cluster, however this machine is none of the nodes of "
            f"{address}; start it on the head node or on a worker, or make this machine a node: "
            f"`ray start --address={address}`."
        )


def _about_the_token(address: str) -> str:
    if not _in_token_mode():
        return (
            f"The cluster {address} asks for a token, however RAY_AUTH_MODE is "
            f"'{os.environ.get('RAY_AUTH_MODE', '')}'; {_SET_TOKEN}."
        )
    return (
        f"The token must be that of the cluster {address}, however the cluster refuses it; {_SET_TOKEN}. "
        "RAY_AUTH_TOKEN goes before RAY_AUTH_TOKEN_PATH, and both before the file."
    )


def _compared(python: str) -> str:
    """The part of Python's version that Ray compares."""
    level = os.environ.get("RAY_DEFAULT_PYTHON_VERSION_MATCH_LEVEL", "patch")
    return ".".join(python.split(".")[:2]) if level == "minor" else python


def _expect_equal(what: str, here: str, there: str, address: str) -> None:
    if here != there:
        raise ClusterError(
            f"{what} must have one version on all nodes, however it is {there} on the cluster {address} and {here} "
            f"here; run the search with {what} {there}, or start the cluster with {here}."
        )


def _in_one_line(error: object) -> str:
    return " ".join(str(error).split())[:300].rstrip(".")
