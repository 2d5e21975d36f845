"""The OpenAPI document is that of the model, and what it says of requests and answers holds."""

import os
from contextlib import suppress
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from mthn_automl.deployment.serving.forms import ARROW, JSON
from tests.contracts import zoo
from tests.deployment.few import predictor, with_intervals
from tests.deployment.serving.served import NAME, client, wide

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES: Final = int(os.environ.get("MTHN_TEST_REQUESTS", "5"))
"""Of each page, by the document and against it."""

MODELS = {
    "numbers": lambda: predictor(NAME, zoo.missing_values),
    "classes": lambda: predictor(NAME, zoo.multiclass),
    "counts": lambda: predictor(NAME, zoo.counts),
    "wide": lambda: wide()[0],
    "intervals": lambda: with_intervals(predictor(NAME, zoo.several_targets)),
}
SOME = ("numbers",)


@pytest.mark.parametrize(
    "model", [pytest.param(name, marks=[] if name in SOME else pytest.mark.soak) for name in MODELS]
)
def test_any_request_is_answered_as_the_document_says(model: str) -> None:
    """Requests are drawn from the document, and beside it."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", client(MODELS[model]()).app)
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            ask(operation, mode)


def ask(operation: Any, mode: GenerationMode) -> None:
    """Validity itself is no part of it: what the document allows may still be, say, no category of training."""

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    def asked(case: Any) -> None:
        case.call_and_validate(checks=CHECKS)

    with suppress(Unsatisfiable):  # a page without parameters cannot be asked wrongly
        asked()


def test_the_document_has_the_columns_of_the_model_and_every_status() -> None:
    document = client(predictor(NAME, zoo.missing_values)).get("/openapi.json").json()
    asked = document["paths"]["/predict"]["post"]
    assert set(asked["responses"]) == {"200", "406", "413", "415", "422", "503"}
    assert set(asked["requestBody"]["content"]) == {JSON, ARROW}
    records = asked["requestBody"]["content"][JSON]["schema"]["anyOf"][0]
    assert records["maxItems"] == 10_000
    assert {"task", "x0", "xc0"} <= set(records["items"]["properties"])
    assert "level 1" in records["items"]["properties"]["xc0"]["description"]
    given = asked["responses"]["200"]["content"][JSON]["schema"]["properties"]["predictions"]["anyOf"][0]
    assert set(given["items"]["properties"]) == {"row", "task", "prediction"}
    assert document["openapi"] == "3.1.0"


def test_the_document_tells_of_intervals_and_their_columns() -> None:
    document = client(with_intervals(predictor(NAME, zoo.planted))).get("/openapi.json").json()
    asked = document["paths"]["/predict"]["post"]
    assert {each["name"] for each in asked["parameters"]} == {"allow_unknown", "interval"}
    body = asked["requestBody"]["content"][JSON]["schema"]["anyOf"][-1]
    assert body["properties"]["interval"]["exclusiveMaximum"] == 1
    given = asked["responses"]["200"]["content"][JSON]["schema"]["properties"]["predictions"]["anyOf"][0]["items"]
    assert set(given["properties"]) - set(given["required"]) == {"low", "high"}
