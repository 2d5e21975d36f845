"""The pages over HTTP, and what each answers."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final

import numpy as np
import pandas as pd
from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import mthn_automl
from mthn_automl.data.dataset import Dataset
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.deployment.serving.answers import answer
from mthn_automl.deployment.serving.bodies import read_body
from mthn_automl.deployment.serving.counters import Counters
from mthn_automl.deployment.serving.description import Description, describe
from mthn_automl.deployment.serving.documents import ASKED, answers, request_body
from mthn_automl.deployment.serving.forms import form_given, form_wanted
from mthn_automl.deployment.serving.limits import Limits
from mthn_automl.deployment.serving.line import Deadline, Line
from mthn_automl.errors import MthnError, OutOfTimeError, RequestError
from mthn_automl.machine import in_words

PIECE: Final = 10_000
"""Rows that are predicted at once; between two pieces a request can run out of time."""

PAGES: Final = ("/predict", "/schema", "/health", "/metrics", "/openapi.json")
PARAMETERS: Final = {
    "allow_unknown": "true or false",
    "interval": "a number between 0 and 1, such as 0.9",
}
EXPOSITION: Final = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Asked:
    """What an address says of an answer.

    Attributes:
        allow_unknown: as of `Predictor.predict`.
        interval: the level of intervals; None: the body may name one.
    """

    allow_unknown: bool
    interval: float | None

    def level(self, of_body: float | None) -> float | None:
        """Raises RequestError: the body names another."""
        if None not in (self.interval, of_body) and self.interval != of_body:
            raise RequestError(
                422, f"There must be one 'interval', however the address says {self.interval} and the body {of_body}."
            )
        return of_body if self.interval is None else self.interval


@dataclass(frozen=True)
class Health:
    """Of the process.

    Attributes:
        status: ok.
        architecture: of the model.
        version: of the package.
    """

    status: str
    architecture: str
    version: str


def application(predictor: Predictor, limits: Limits) -> ASGIApp:
    """What a server calls for each request. Nothing that it receives is a path, or can run code."""
    line, counters, described = Line(), Counters(), describe(predictor, limits)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        line.close()

    # The pages that FastAPI would make of it load scripts from elsewhere.
    app = FastAPI(
        title=f"mthn-automl: {predictor.architecture}",
        version=mthn_automl.__version__,
        description="Predictions of one model.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.add_exception_handler(MthnError, _refused)
    app.add_exception_handler(RequestValidationError, _badly_asked)
    app.add_exception_handler(HTTPException, _not_there)

    @app.post("/predict", responses=answers(described), openapi_extra={"requestBody": request_body(described)})
    async def predict(
        request: Request,
        allow_unknown: Annotated[
            bool, Query(description="Predict although a column holds nothing that training has seen.")
        ] = False,
        interval: Annotated[float | None, Query(gt=0, lt=1, description=ASKED)] = None,
    ) -> Response:
        """Predict rows, in their order; tasks never seen are predicted from their metadata, and counted in notes."""
        deadline = Deadline(limits.seconds)
        given = form_given(request.headers.get("content-type", ""))
        wanted = form_wanted(request.headers.get("accept", ""), given)
        with line.place():
            try:
                async with asyncio.timeout(limits.seconds):
                    body = await _whole(request, limits.bytes)
                    asked = Asked(allow_unknown, interval)
                    work = partial(_answered, predictor, body, (given, wanted), limits, deadline, asked)
                    content, rows = await line.done(work)
            except TimeoutError as error:
                raise OutOfTimeError(deadline.sentence) from error
        counters.rows += rows
        return Response(content, media_type=wanted)

    @app.get("/schema")
    async def schema() -> Description:
        """The columns that the model takes and gives."""
        return described

    @app.get("/health")
    async def health() -> Health:
        """Whether requests are answered."""
        return Health("ok", predictor.architecture, mthn_automl.__version__)

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Requests, rows, errors and seconds, for Prometheus."""
        return Response(counters.text(), media_type=EXPOSITION)

    return Counting(app, counters)


async def _whole(request: Request, most: int) -> bytes:
    """The body of a request.

    Raises:
        RequestError: it is larger than allowed; what is more is not received.
    """
    parts, size = list[bytes](), 0
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and int(stated) > most:
        raise _too_large(most)
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise _too_large(most)
        parts.append(part)
    return b"".join(parts)


def _too_large(most: int) -> RequestError:
    return RequestError(
        413, f"A body must have at most {in_words(most)}, however this one has more; send fewer rows at once."
    )


def _answered(
    predictor: Predictor, body: bytes, forms: tuple[str, str], limits: Limits, deadline: Deadline, asked: Asked
) -> tuple[bytes, int]:
    """The answer to a request, and how many rows it has. forms: of the body, and of the answer."""
    deadline.check()
    found = read_body(body, forms[0], predictor.schema, limits)
    level = asked.level(found.interval)
    predictor.check_interval(level)
    rows = predictor.read(found.rows, found.metadata, allow_unknown=asked.allow_unknown)
    notes = (*rows.notes, *predictor.unstated(rows, level))
    predictions = _predicted(predictor, rows, level, deadline)
    return answer(predictions, notes, forms[1], found.layout), len(predictions)


def _predicted(predictor: Predictor, rows: Dataset, level: float | None, deadline: Deadline) -> pd.DataFrame:
    """In pieces that hold all tasks of a row where the table is wide."""
    of_row = len(predictor.tasks) if predictor.schema.wide else 1
    size = max(1, PIECE // of_row) * of_row
    if len(rows) <= size:
        return predictor.predict_rows(rows, level)
    pieces = []
    for first in range(0, len(rows), size):
        deadline.check()
        pieces.append(predictor.predict_rows(rows.take(np.arange(first, min(first + size, len(rows)))), level))
    return pd.concat(pieces, ignore_index=True)


async def _refused(_: Request, error: Exception) -> Response:
    """What is wrong with rows is told as for a file; the model itself was proved when it was loaded."""
    status = 503 if isinstance(error, OutOfTimeError) else getattr(error, "status", 422)
    return _said(status, str(error).replace("--allow-unknown", "allow_unknown=true"))


async def _badly_asked(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first: dict[str, Any] = error.errors()[0]
    name, found = first["loc"][-1], str(first["input"])[:80]
    return _said(422, f"'{name}' must be {PARAMETERS[name]}, however it is {found!r}.")


async def _not_there(request: Request, error: Exception) -> Response:
    """Another page, or another method."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        found = f"{request.url.path} does not take {request.method}"
        return _said(405, f"/predict takes POST, and all other pages take GET, however {found}.", error.headers)
    return _said(error.status_code, f"A page must be one of {', '.join(PAGES)}, however this is none of them.")


def _said(status: int, sentence: str, headers: Any = None) -> Response:
    return JSONResponse({"detail": sentence}, status, headers)


class Counting:
    """An application whose requests are counted."""

    def __init__(self, app: ASGIApp, counters: Counters) -> None:
        self._app, self._counters = app, counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            page = scope["path"] if scope["path"] in PAGES else "other"
            self._counters.enter(page, status, time.perf_counter() - begun)
