"""What is known of a cluster before it is joined: a program of its own, since Ray may hang or abort the process.

    python -P -m mthn_automl.tuning.runners.on_ray.probe HOST PORT SECONDS_FOR_THE_PORT SECONDS_FOR_RAY

Prints one line of JSON for each thing found, so that a process that is killed half-way has still told the rest:

    {"answers": true}                          something accepts connections, or the reason why nothing does
    {"ray": "2.60.0", "python": "3.11.7"}      versions of the cluster
    {"here": true}                             whether this machine is a node of it
    {"failed": "RpcError: ..."}                Ray's own words, where it gave any
    {"unable": "cannot import name ..."}       what this version of Ray lacks
"""

import json
import signal
import socket
import sys

from mthn_automl.tuning.runners.on_ray import private


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
        client = private.head_node(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        _tell(**private.versions(client))
        _tell(here=any(_listens(path) for path in private.raylet_sockets(client)))
    except ImportError as error:
        _tell(unable=str(error))
    except Exception as error:
        _tell(failed=f"{type(error).__name__}: {error}")


def _tell(**facts: object) -> None:
    print(json.dumps(facts), flush=True)  # noqa: T201


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
