"""`mthn-automl serve`: parse, load, serve."""

import sys
from importlib.util import find_spec
from typing import Annotated

from typer import Option

from mthn_automl.cli.model_options import ModelOrRun, Quiet, Trust

HELP_ORDER = 10


def serve(
    model: ModelOrRun,
    host: Annotated[
        str, Option(help="Address to listen at; 127.0.0.1 is reached from this machine alone.")
    ] = "127.0.0.1",
    port: Annotated[int, Option(help="To listen at; 0: any that is free.", min=0, max=65535)] = 8000,
    max_rows: Annotated[int, Option(help="Of one request; more are refused.", min=1)] = 10_000,
    max_bytes: Annotated[int, Option(help="Of the body of one request; more are refused.", min=1)] = 16 << 20,
    timeout: Annotated[str, Option(help="For one request, such as 30s; after it, it is refused.")] = "30s",
    trust: Trust = False,
    quiet: Quiet = False,
) -> None:
    """Predict over HTTP, until Ctrl-C or SIGTERM: POST /predict, GET /schema, /health, /metrics, /openapi.json.

    Needs the extra `serve`. Rows come as JSON or as a stream of Arrow. A signal stops it when what has been asked is
    answered, with exit code 0.
    """
    from mthn_automl.deployment.model_folder import load_model
    from mthn_automl.deployment.serving.limits import Limits
    from mthn_automl.errors import UsageError, extra_line
    from mthn_automl.run.parse import parse_duration
    from mthn_automl.terminal import inert

    absent = [name for name in ("fastapi", "uvicorn") if find_spec(name) is None]
    if absent:
        raise UsageError(
            f"Serving needs the packages fastapi and uvicorn, however {absent[0]} is not installed: "
            f"{extra_line('serve')}."
        )
    from mthn_automl.deployment.serving.server import serve as serve_model

    def say(sentence: str) -> None:
        if not quiet:
            print(inert(sentence), file=sys.stderr, flush=True)

    limits = Limits(max_rows, max_bytes, parse_duration(timeout))
    serve_model(load_model(model, trust=trust), host, port, limits, say)
