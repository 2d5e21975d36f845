"""The process that serves a model: a socket, signals, and one thread that predicts."""

import ipaddress
import signal
import socket
from collections.abc import Callable

import torch
import uvicorn

from mthn_automl.deployment.predictor import Predictor
from mthn_automl.deployment.serving.application import application
from mthn_automl.deployment.serving.limits import Limits
from mthn_automl.errors import Terminated, UsageError


def serve(predictor: Predictor, host: str, port: int, limits: Limits, say: Callable[[str], None]) -> None:
    """Answer requests until a signal asks to stop; those that have begun are then still answered.

    Args:
        port: 0: any that is free.
        say: takes sentences for the one who started it.

    Raises:
        UsageError: no such host, or a port that cannot be had.
        KeyboardInterrupt, Terminated: a second signal came.
    """
    torch.set_num_threads(1)  # one request is predicted at a time, and small ones are slower on several
    with bound(host, port) as listening:
        address, number = listening.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        say(f"The {predictor.architecture} is served at http://{shown}:{number}; Ctrl-C stops it.")
        if not ipaddress.ip_address(address).is_loopback:
            say(
                f"{address} can be reached from other machines: whoever reaches it can ask for predictions, and nobody "
                "is asked for a password."
            )
        config = uvicorn.Config(
            application(predictor, limits),
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=max(1, round(limits.seconds)),
        )
        _run(uvicorn.Server(config), listening)
    say("Stopped: what had been asked has been answered.")


def _run(server: uvicorn.Server, listening: socket.socket) -> None:
    """Until the first signal. uvicorn raises it once more when all has been answered, for whoever waits for it."""
    hanging_up = getattr(signal, "SIGHUP", None)
    if hanging_up is not None and signal.getsignal(hanging_up) is not signal.SIG_IGN:
        signal.signal(hanging_up, server.handle_exit)
    try:
        server.run(sockets=[listening])
    except (KeyboardInterrupt, Terminated):
        if server.force_exit:
            raise


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises UsageError: as `serve`."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.create_server(address[:2], family=family)
    except (OSError, OverflowError, UnicodeError) as error:
        found = getattr(error, "strerror", None) or error
        raise UsageError(
            f"--host and --port must be an address of this machine that is free, however {host}:{port} is not: {found}."
        ) from error
    # Sockets of connections inherit it; else each answer's body waits for the client to acknowledge its head: 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
