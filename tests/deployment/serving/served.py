"""Models that are served inside this process, and their clients."""

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pandas as pd
import pyarrow as pa
from pyarrow import ipc
from starlette.types import ASGIApp

from mthn_automl.deployment.predictor import Predictor
from mthn_automl.deployment.serving.application import application
from mthn_automl.deployment.serving.forms import ARROW
from mthn_automl.deployment.serving.limits import Limits
from tests.contracts import zoo
from tests.deployment.few import frame, predictor

NAME = "ensemble of both"


def wide() -> tuple[Predictor, pd.DataFrame]:
    """Each task is a column of one wide table, whose rows all tasks share."""
    found = predictor(NAME, zoo.no_metadata)
    schema = replace(found.schema, wide=found.tasks.names)
    return replace(found, schema=schema), frame(zoo.no_metadata).drop(columns="task").head(6)


@dataclass(frozen=True)
class Client:
    """Asks an application in this process."""

    app: ASGIApp

    def get(self, page: str) -> httpx.Response:
        return self.ask("GET", page)

    def post(self, page: str, **asked: Any) -> httpx.Response:
        return self.ask("POST", page, **asked)

    def ask(self, method: str, page: str, **asked: Any) -> httpx.Response:
        async def answer() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://served") as session:
                return await session.request(method, page, **asked)

        return asyncio.run(answer())


def client(found: Predictor, **limits: Any) -> Client:
    return Client(application(found, Limits(**limits)))


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    """A body whose length nobody states."""
    for byte in content:
        yield bytes([byte])


def records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """As JSON has them: None where a cell is missing."""
    return rows.astype(object).where(rows.notna(), None).to_dict("records")


def columns(rows: pd.DataFrame) -> dict[str, list[Any]]:
    return rows.astype(object).where(rows.notna(), None).to_dict("list")


def arrow(table: pa.Table | pd.DataFrame, compression: str | None = None) -> dict[str, Any]:
    """The body and the headers of a request."""
    table = table if isinstance(table, pa.Table) else pa.Table.from_pandas(table, preserve_index=False)
    sink = io.BytesIO()
    with ipc.new_stream(sink, table.schema, options=ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table)
    return {"content": sink.getvalue(), "headers": {"content-type": ARROW}}
