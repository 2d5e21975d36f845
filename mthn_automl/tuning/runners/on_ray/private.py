"""Every private name of Ray that this package uses, and what happens where a version of Ray lacks it.

| name | what it is for | without it |
|---|---|---|
| `ray._private.utils.read_ray_address` | `--address auto` | no cluster is remembered: the user is asked for HOST:PORT |
| `ray._raylet.GcsClient` | looking at a cluster before joining it | `--address` is refused with the reason |
| `ray._common.usage.usage_lib.get_cluster_metadata` | the cluster's versions | `--address` is refused with the reason |
| `ray._private.ray_constants.ENABLE_RAY_CLUSTER` | a search after Ray was imported | it asks for a new Python |
| `ray._raylet.Config`, `ray._raylet.AuthenticationTokenLoader` | the same | the same |
| `ray._private.worker._global_node` | ending Ray's own processes at once | the end of a search takes seconds longer |

Ray is imported inside the functions, since a process that only asks for an address may hang or abort by it.
"""

from contextlib import suppress
from typing import Any

import psutil

from mthn_automl.errors import ClusterError


def last_started() -> str | None:
    """HOST:PORT of the last `ray start` on this machine; nothing public looks it up without joining."""
    try:
        from ray._private.utils import read_ray_address
    except ImportError:
        return None
    return read_ray_address()  # type: ignore[no-any-return]


def head_node(address: str) -> Any:
    """A client of the tables of the head node at HOST:PORT; everything public joins the cluster first.

    Raises:
        ImportError: this version of Ray has no such client.
    """
    from ray._raylet import GcsClient  # type: ignore[attr-defined]

    return GcsClient(address=address)


def versions(client: Any) -> dict[str, str]:
    """Versions of Ray and Python that the head node was started with; Ray compares them as it joins.

    Raises:
        ImportError: this version of Ray keeps them elsewhere.
    """
    from ray._common.usage.usage_lib import get_cluster_metadata

    metadata = get_cluster_metadata(client)
    return {"ray": metadata["ray_version"], "python": metadata["python_version"]}


def raylet_sockets(client: Any) -> list[str]:
    """Unix sockets of the nodes' raylets, each on its own machine; the public `ray.nodes` must have joined."""
    return [node.raylet_socket_name for node in client.get_all_node_info(timeout=10).values()]


def read_environment_again(*, loopback: bool) -> None:
    """Make Ray forget what it read of the environment when it was imported: interfaces, and tokens.

    Raises:
        ClusterError: this version of Ray keeps them elsewhere.
    """
    try:
        from ray._private import ray_constants
        from ray._raylet import AuthenticationTokenLoader, Config  # type: ignore[attr-defined]

        if not hasattr(ray_constants, "ENABLE_RAY_CLUSTER"):
            raise ImportError("ENABLE_RAY_CLUSTER")
    except ImportError as error:
        raise ClusterError(
            "A search must have a Ray of its own, however Ray was imported before in this process, and this version "
            f"cannot be set up again ({error}); start the search in a new Python."
        ) from error
    ray_constants.ENABLE_RAY_CLUSTER = not loopback
    Config.initialize("")
    AuthenticationTokenLoader.instance().reset_cache()


def kill_processes_at_the_end() -> None:
    """End the processes of the Ray that this process has started, and what they have started, as it is shut down.

    Ray would first send each of them SIGTERM, which they do not hear, and wait for a second each; what they have
    started would look for its parent for half a minute. Ray has no public way to say so.
    """
    from ray._private import worker

    node = getattr(worker, "_global_node", None)
    if node is None:
        return
    kill_all = node.kill_all_processes

    def kill_all_and_their_children(**given: Any) -> None:
        processes = [each.process.pid for group in node.all_processes.values() for each in group]
        children = [child for process in processes for child in _descendants(process)]
        kill_all(**{**given, "allow_graceful": False})
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()

    node.kill_all_processes = kill_all_and_their_children


def _descendants(process: int) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return list(psutil.Process(process).children(recursive=True))
    return []
