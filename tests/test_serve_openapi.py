"""The server keeps what its OpenAPI description promises, whatever schemathesis makes of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks
from serving import Server, serving

from dalle_nb._serve.openapi import describe

OPERATIONS = [f"{method.upper()} {path}" for path, item in describe()["paths"].items() for method in item]
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("described")) as server:
        yield server


def test_the_description_is_served_and_names_every_route(server: Server) -> None:
    """Anybody may read it, and each operation in it is answered by a route of its own."""
    assert describe() == requests.get(f"{server.root}/openapi.json", timeout=30).json()
    for operation in OPERATIONS:
        method, path = operation.split()
        answer = requests.request(method, server.root + path.replace("{id}", "x"), timeout=30)
        assert "Invalid URL" not in answer.text
        assert 405 != answer.status_code


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_answer_is_as_described(server: Server, operation: str) -> None:
    """Calls right and wrong by the description get an answer that it describes, and none breaks the server."""
    method, path = operation.split()
    described = schemathesis.openapi.from_dict(describe())[path][method]

    @settings(
        max_examples=12,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=described.as_strategy(generation_mode=GenerationMode.POSITIVE)
        | described.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    )
    def ask(case: schemathesis.Case) -> None:
        if isinstance(case.body, dict) and isinstance(case.body.get("n"), int):
            case.body["n"] = min(case.body["n"], 1)  # one picture tells as much as ten
        # The tutorial's own program answers 500 to whatever goes wrong.
        case.call_and_validate(base_url=server.root, checks=CHECKS[path == "/generate" :])

    ask()
