"""The OpenAPI document is that of the model, and what it says of requests and answers holds."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from mthn_automl.deployment.serving.forms import ARROW, JSON
from tests.contracts import zoo
from tests.deployment.few import predictor
from tests.deployment.serving.served import NAME, client, wide

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
MODELS = {
    "classes": lambda: predictor(NAME, zoo.multiclass),
    "numbers": lambda: predictor(NAME, zoo.missing_values),
    "counts": lambda: predictor(NAME, zoo.counts),
    "wide": lambda: wide()[0],
}


@pytest.fixture(params=MODELS)
def api(request: pytest.FixtureRequest) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", client(MODELS[request.param]()).app)


schema = schemathesis.pytest.from_fixture("api")


@schema.parametrize()
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_any_request_is_answered_as_the_document_says(case: Any) -> None:
    case.call_and_validate(checks=CHECKS)


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
