"""JSON Schemas of requests and answers, from the columns of the model that is served."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mthn_automl.data.names import listed
from mthn_automl.deployment.serving.bodies import INTERVAL, METADATA, ROWS
from mthn_automl.deployment.serving.description import Description, Given, Taken
from mthn_automl.deployment.serving.forms import ARROW, JSON

MOST_NAMED: Final = 20
"""Categories in a description; `/schema` has all."""

TYPES: Final = {
    "number": ["number", "null"],
    "truth value": ["boolean", "null"],
    "date": ["string", "null"],
    "category": ["string", "null"],
}
CELL: Final = {"type": ["string", "number", "boolean", "null"]}
NAME: Final = {"type": "string", "minLength": 1}
REFUSALS: Final = {
    406: "Accept names no form that an answer can have.",
    413: "The body is larger than is allowed.",
    415: "The Content-Type is no form that a request can have.",
    422: "The rows cannot be read or predicted, or are too many, or the model states no such interval.",
    503: "There was no answer within the time allowed, or too many requests wait.",
}
ASKED: Final = (
    "Of numbers, a level such as 0.9: each lies between columns low and high of the answer with that probability. Of "
    "tasks never seen they may be an estimate and no guarantee, or null, as notes then say."
)
LEVEL: Final = {"type": ["number", "null"], "exclusiveMinimum": 0, "exclusiveMaximum": 1, "description": ASKED}
ARROW_STREAM: Final = {"type": "string", "format": "binary", "description": "A stream of Arrow IPC, a column a column."}


def request_body(described: Description) -> dict[str, Any]:
    """Rows as records or as columns, alone or with metadata and a level; or an Arrow stream."""
    columns = dict.fromkeys(described.task, NAME) | {each.name: _cell(each) for each in described.features}
    if described.offset is not None:
        columns[described.offset] = {"type": "number", "exclusiveMinimum": 0}
    needed = list(columns)
    optional = {} if described.id is None else {described.id: CELL}
    if described.metadata_in_rows:
        optional |= {each.name: _cell(each) for each in described.metadata}
    rows = _tables(columns | optional, needed, described.limits.rows)
    more = {ROWS: {"anyOf": rows}, INTERVAL: LEVEL}
    both: dict[str, Any] = {"type": "object", "properties": more, "required": [ROWS], "additionalProperties": False}
    if described.metadata:
        of_tasks = dict.fromkeys(described.task, NAME) | {each.name: _cell(each) for each in described.metadata}
        both["properties"][METADATA] = {"anyOf": _tables(of_tasks, list(of_tasks), described.limits.rows)}
    content = {JSON: {"schema": {"anyOf": [*rows, both]}}, ARROW: {"schema": ARROW_STREAM}}
    return {"required": True, "content": content}


def answers(described: Description) -> dict[int | str, dict[str, Any]]:
    """Of every status that `/predict` has."""
    columns = {each.name: _answered(each) for each in (*described.predicted, *described.intervals)}
    needed = [each.name for each in described.predicted if each.type != "any"]
    schema = {
        "type": "object",
        "properties": {
            "predictions": {"anyOf": _tables(columns, needed, None)},
            "notes": {
                "type": "array",
                "items": {"type": "string"},
                "description": "What training has not seen: tasks, categories and numbers out of range, counted.",
            },
        },
        "required": ["predictions", "notes"],
    }
    found = {JSON: {"schema": schema}, ARROW: {"schema": ARROW_STREAM}}
    return {200: {"description": "Predictions, in the order of the rows.", "content": found}, **refusals(*REFUSALS)}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Each with one sentence."""
    sentence = {"type": "object", "properties": {"detail": {"type": "string"}}, "required": ["detail"]}
    return {status: {"description": REFUSALS[status], "content": {JSON: {"schema": sentence}}} for status in statuses}


def _tables(columns: Mapping[str, Any], needed: Sequence[str], most: int | None) -> list[dict[str, Any]]:
    """A list of records, and an object of columns."""
    bounds = {} if most is None else {"maxItems": most}
    record = {"type": "object", "properties": dict(columns), "required": list(needed)}
    lists = {name: {"type": "array", "items": cell, **bounds} for name, cell in columns.items()}
    return [
        {"type": "array", "items": record, **bounds},
        {"type": "object", "properties": lists, "required": list(needed), "minProperties": 1},
    ]


def _cell(column: Taken) -> dict[str, Any]:
    told = []
    if column.written is not None:
        told.append(f"Written as {column.written}.")
    if column.lowest is not None:
        told.append(f"From {column.lowest:g} to {column.highest:g} in training.")
    if column.categories:
        told.append(f"In training {listed(column.categories, MOST_NAMED)}; others count as missing.")
    return {"type": TYPES[column.type]} | ({"description": " ".join(told)} if told else {})


def _answered(column: Given) -> dict[str, Any]:
    if column.type == "any":
        return CELL
    return {"type": column.type} | ({"enum": list(column.classes)} if column.classes else {})
