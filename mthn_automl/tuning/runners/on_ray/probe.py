"""What is known of a cluster before it is joined: a program of its own, since Ray may hang or abort the process.

    python -P probe.py HOST PORT SECONDS_FOR_THE_PORT SECONDS_FOR_RAY

Prints one line of JSON for each thing found, so that a process that is killed half-way has still told the rest:

    {"answers": true}                          something accepts connections, or the reason why nothing does
    {"started": true}                          Ray was imported; what follows is about the cluster
    {"ray": "2.60.0", "python": "3.11.7"}      versions of the cluster
    {"here": true}                             whether this machine is a node of it
    {"failed": "RpcError: ..."}                Ray's own words, where it gave any

It imports nothing of this package, so that it can be run as a file.
"""

import json
import signal
import socket
import sys
from typing import Any


def main(host: str, port: int, for_port: int, for_ray: int) -> None:
    """Print what is found; for_port, for_ray: seconds after which the process is ended."""
    signal.alarm(for_port)  # no handler: the kernel ends the process wherever it hangs, in C or in Python
    try:
        socket.create_connection((host, port), timeout=for_port).close()
    except OSError as error:
        return _tell(answers=error.strerror or str(error))
    _tell(answers=True)
    signal.alarm(for_ray)
    try:
        client = _client(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        _tell(**_versions(client))
        _tell(here=any(_listens(path) for path in _raylets(client)))
    except Exception as error:
        _tell(failed=f"{type(error).__name__}: {error}")


def _tell(**facts: object) -> None:
    print(json.dumps(facts), flush=True)  # noqa: T201


def _client(address: str) -> Any:
    """Ray's client of the head node's tables. Private: everything public joins the cluster first."""
    from ray._raylet import GcsClient  # type: ignore[attr-defined]

    _tell(started=True)
    return GcsClient(address=address)


def _versions(client: Any) -> dict[str, str]:
    """Versions of Ray and Python that the head node was started with. Private: Ray compares them as it joins."""
    from ray._common.usage.usage_lib import get_cluster_metadata

    metadata = get_cluster_metadata(client)
    return {"ray": metadata["ray_version"], "python": metadata["python_version"]}


def _raylets(client: Any) -> list[str]:
    """Unix sockets of the nodes' raylets, each on its own machine. Private: `ray.nodes` must have joined."""
    return [node.raylet_socket_name for node in client.get_all_node_info(timeout=10).values()]


def _listens(path: str) -> bool:
    """Whether a process of this machine listens there: a driver talks to the cluster through such a socket."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(path)
        except OSError:
            return False
    return True


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
