"""What is sent at random, and what nobody careful sends: every answer is a documented one."""

import contextlib
import json

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from .bad_bodies import BODIES, TABLES
from .service_process import running

pytestmark = pytest.mark.slow

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
FALSE_LENGTH = {"length that lies", "length of 400 digits"}
"""No ordinary client sends them."""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("contract")) as one:
        yield one


@pytest.fixture(scope="module")
def document(service):
    return schemathesis.openapi.from_url(f"{service.address}/openapi.json")


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_a_documented_one(document, mode):
    asked = set()
    for found in document.get_all_operations():
        operation = found.ok()
        if operation.path == "/v1/stream":  # it does not end
            continue

        @settings(
            max_examples=30,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case):
            case.validate_response(case.call(), checks=CHECKS)
            asked.add(case.path)

        with contextlib.suppress(Unsatisfiable):  # nothing can be wrong where nothing is asked
            ask()
    assert len(asked) > 8


@pytest.mark.parametrize("address", ["/v1/classify", "/v1/events", "/v1/labels", "/login"])
def test_bad_bodies_are_answered_and_the_service_lives(service, address):
    with service.client() as http:
        for name, (headers, body, statuses) in BODIES.items():
            if name in FALSE_LENGTH:
                continue
            sent = {name: value.strip() for name, value in headers.items()}
            answer = http.post(address, content=body, headers=sent)
            if address in ("/v1/classify", "/v1/events"):
                assert answer.status_code in statuses, (name, answer.text)
            assert answer.status_code < 500, (name, answer.text)
            if answer.status_code >= 400 and address != "/login":
                told = answer.json()
                assert answer.headers["content-type"] == "application/problem+json"
                assert told["status"] == answer.status_code
                assert len(told["detail"]) > 10, name
                assert "Traceback" not in answer.text
        assert http.get("/health/ready").status_code == 200
    assert "Traceback" not in service.said()


@pytest.mark.parametrize("name", TABLES)
def test_bodies_that_are_right_for_events_alone(service, name):
    with service.client() as http:
        answer = http.post("/v1/events", content=TABLES[name])
        assert answer.status_code == 200, answer.text
        assert http.post("/v1/classify", content=TABLES[name]).status_code in (400, 422)


def test_a_length_that_lies(service):
    """More is promised than comes, or nonsense is: the connection is closed, no more."""
    import socket

    host, port = service.address.removeprefix("http://").split(":")
    for length in ("400", "9" * 400, "-1", "1e3"):
        with socket.create_connection((host, int(port)), timeout=5) as line:
            line.sendall(
                f"POST /v1/classify HTTP/1.1\r\nHost: {host}:{port}\r\n"
                f"Content-Length: {length}\r\n\r\n{{}}".encode()
            )
            line.shutdown(socket.SHUT_WR)
            first = line.recv(4096).split(b"\r\n")[0]
        assert first == b"" or b" 4" in first
    assert httpx.get(f"{service.address}/health/ready", trust_env=False).status_code == 200


def test_everything_is_described(service):
    document = json.loads(httpx.get(f"{service.address}/openapi.json", trust_env=False).text)
    assert set(document["paths"]) >= {
        "/v1/classify", "/v1/events", "/v1/report", "/v1/hotspots", "/v1/drift", "/v1/comments",
        "/v1/stream", "/v1/queue", "/v1/labels", "/v1/model", "/v1/model/reload", "/v1/people",
        "/v1/rooms", "/v1/deletions",
        "/health/live", "/health/ready", "/metrics", "/",
    }  # fmt: skip
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation.get("summary")
            assert ("422" in operation["responses"]) == (path == "/" or path.startswith("/v1/"))
            for content in operation["responses"]["200"]["content"].values():
                assert "example" in content or content["schema"]["type"] == "string"
