"""What StackStorm is asked through st2client: with which credentials, over which connection, and
what is made of every response. The server is a real one on 127.0.0.1."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

import pytest

from opsroom.errors import Code
from opsroom.http.errors import in_doubt
from opsroom.stackstorm.client import StackStorm
from opsroom.subprocesses import capture
from support.errors import failure_of
from support.servers.http import HttpServer, Reply, free_port
from support.servers.mail import make_certificate
from support.worlds.world import ROOT

EXECUTION = Reply(body='{"id": "e1", "status": "running"}')
ONE, ALL = "/v1/executions/e1", "/v1/executions"


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("ST2_") or name.lower().endswith("_proxy") or "CA_BUNDLE" in name:
            monkeypatch.delenv(name)


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as running:
        running.on(ONE, EXECUTION)
        yield running


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Tuple[str, str]:
    return make_certificate(tmp_path_factory.mktemp("tls"))


def storm(server: HttpServer, **options: Any) -> StackStorm:
    return StackStorm(server.url("/v1"), **{"token": "t0ken", **options})


# Credentials


def test_the_environment_keeps_no_token_and_programs_get_none(server: HttpServer) -> None:
    before = dict(os.environ)
    storm(server).get("e1")
    storm(server, token="", key="k3y").get("e1")
    assert dict(os.environ) == before
    output = capture(["env"], 20).output
    assert "t0ken" not in output
    assert "k3y" not in output


def test_the_token_of_a_sensor_is_not_handed_to_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ST2_AUTH_TOKEN", "of-the-sensor")
    assert "of-the-sensor" not in capture(["env"], 20).output


def test_each_client_of_a_process_sends_its_own_credentials(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ST2_AUTH_TOKEN", "of-the-sensor")
    monkeypatch.setenv("ST2_API_KEY", "of-the-machine")
    clients = [storm(server, token="a"), storm(server, token="", key="b"), storm(server, token="c")]
    for client in clients:
        client.get("e1")
    sent = [
        (one.headers.get("x-auth-token"), one.headers.get("st2-api-key")) for one in server.requests
    ]
    assert sent == [("a", None), (None, "b"), ("c", None)]


def test_passwords_of_netrc_are_not_sent_and_those_of_the_address_are(
    server: HttpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    storm(server).get("e1")
    address = server.url("/v1").replace("://", "://proxy:s3same@")
    StackStorm(address, token="t0ken").get("e1")
    assert "authorization" not in server.requests[0].headers
    assert server.requests[1].headers["authorization"] == "Basic cHJveHk6czNzYW1l"


def test_no_secret_stands_in_an_error(server: HttpServer) -> None:
    server.on(ONE, Reply(500, "t0ken k3y"), Reply(body="t0ken <"), Reply(401, "t0ken"))
    address = server.url("/v1").replace("://", "://proxy:s3same@")
    client = StackStorm(address, token="t0ken-t0ken")
    for _ in range(3):
        failure = failure_of(lambda: client.get("e1"))
        text = f"{failure.sentence()} {failure.facts}"
        assert "t0ken-t0ken" not in text
        assert "s3same" not in text


# Connections


def test_an_untrusted_certificate_is_refused_and_a_ca_file_makes_it_trusted(
    certificate: Tuple[str, str],
) -> None:
    with HttpServer(certificate) as safe:
        safe.on(ONE, EXECUTION)
        failure = failure_of(lambda: storm(safe).get("e1"))
        assert failure.code is Code.UNREACHABLE
        assert "has a certificate that is not trusted" in failure.message
        assert safe.requests == []
        assert storm(safe, verify=certificate[0]).get("e1").status == "running"


def test_a_ca_file_that_is_missing_is_named(server: HttpServer) -> None:
    failure = failure_of(lambda: storm(server, verify="/no/such.pem").get("e1"))
    assert "The CA file '/no/such.pem' does not exist" in failure.message
    assert server.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_the_token_stays_here(server: HttpServer, status: int) -> None:
    with HttpServer() as other:
        other.on(ONE, EXECUTION)
        other.on(ALL, EXECUTION)
        server.on(ONE, Reply(status, headers={"Location": other.url(ONE)}))
        server.on(ALL, Reply(status, "{}", headers={"Location": other.url(ALL)}))
        client = storm(server, address_key="the address")
        asks = (
            lambda: client.get("e1"),
            lambda: client.query(limit="1"),
            lambda: client.cancel("e1"),
            lambda: client.end("e1", "failed", {}),
            lambda: client.start("acme.deploy", {}, {}),
        )
        for ask in asks:
            failure = failure_of(ask)
            assert failure.code is Code.BAD_ANSWER
            assert f"redirects to {other.url('')}"[:40] in failure.message
            assert "Put the new address into the address." in failure.message
            assert not in_doubt(failure)
        assert other.requests == []


def test_a_server_that_drips_is_given_up_in_time(server: HttpServer) -> None:
    server.on(ONE, Reply(body=b"x" * 1000, drip=0.05))
    began = time.monotonic()
    failure = failure_of(lambda: storm(server, time_limit=0.5).get("e1"))
    assert failure.code is Code.TIMED_OUT
    assert failure.message.endswith("/v1/executions/e1 did not answer within 0.5 s.")
    assert not in_doubt(failure)
    assert time.monotonic() - began < 10


def test_a_server_that_hangs_is_given_up_and_a_post_is_in_doubt(server: HttpServer) -> None:
    over = threading.Event()
    server.on(ALL, Reply(until=over), method="POST")
    server.on(ALL, Reply(body="[]"), method="GET")
    failure = failure_of(lambda: storm(server, time_limit=0.3).start("a.b", {}, {"n": 1}))
    over.set()
    assert failure.code is Code.TIMED_OUT
    assert in_doubt(failure)


def test_nobody_there_is_unreachable_and_nothing_is_in_doubt() -> None:
    client = StackStorm(f"http://127.0.0.1:{free_port()}/v1", token="t0ken")
    failure = failure_of(lambda: client.post("#dev", "hello", "hubot"))
    assert failure.code is Code.UNREACHABLE
    assert "connection refused" in failure.message
    assert not in_doubt(failure)


# Responses


def test_what_is_harmless_is_asked_again_and_a_post_is_not(server: HttpServer) -> None:
    server.on(ONE, Reply(503), Reply(drop="unanswered"), EXECUTION)
    assert storm(server).get("e1").status == "running"
    assert len(server.requests) == 3
    server.on(ALL, Reply(503), method="POST")
    failure_of(lambda: storm(server).post("#dev", "hello", "hubot"))
    assert [one.method for one in server.requests].count("POST") == 1


def test_a_rate_limit_is_waited_for_also_by_a_post(server: HttpServer) -> None:
    server.on(ALL, Reply(429, headers={"Retry-After": "0.1"}), Reply(201, "{}"), method="POST")
    storm(server).post("#dev", "hello", "hubot")
    assert len(server.requests) == 2


def test_a_big_result_is_read_and_too_big_a_one_is_named(server: HttpServer) -> None:
    big = json.dumps({"id": "e1", "status": "succeeded", "result": "x" * 4_000_000})
    server.on(ONE, Reply(body=big), Reply(body="x" * 5_000_001))
    assert len(storm(server).get("e1").result) == 4_000_000
    failure = failure_of(lambda: storm(server).get("e1"))
    assert failure.code is Code.BAD_ANSWER
    assert "answered with more than 5 MB" in failure.message


@pytest.mark.parametrize("drop", ["half", "unanswered"])
def test_half_an_answer_is_none(server: HttpServer, drop: str) -> None:
    server.on(ONE, Reply(body=EXECUTION.body, drop=drop))
    failure = failure_of(lambda: storm(server).get("e1"))
    assert failure.code is Code.UNREACHABLE
    assert "before its response was complete" in failure.message
    assert not in_doubt(failure)


NONSENSE: Dict[str, str] = {
    "nothing": "",
    "a page": "<html>",
    "null": "null",
    "a number": "1",
    "a list": "[[]]",
    "an empty object": "{}",
    "odd keys": '{"self": 1, "": 2}',
    "no JSON": "{'id': 1}",
    "deep JSON": "[" * 100_000,
}


@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_is_a_bad_answer_whatever_is_asked(
    server: HttpServer, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (ONE, ALL):
        server.on(path, Reply(body=NONSENSE[what]))
    for ask in (storm(server).get, storm(server).tasks):
        if what == "a list" and ask.__name__ == "tasks":
            continue  # a list of nothing that is known
        assert failure_of(lambda ask=ask: ask("e1")).code is Code.BAD_ANSWER
    failure = failure_of(lambda: storm(server).start("acme.deploy", {}, {}))
    assert failure.code is Code.BAD_ANSWER
    # st2client prints what it cannot read when something is deleted.
    storm(server).cancel("e1")
    assert capsys.readouterr() == ("", "")


def test_the_end_of_an_execution_is_sent_without_its_id(server: HttpServer) -> None:
    assert storm(server).end("e1", "failed", {"result": 1})
    assert json.loads(server.requests[0].body) == {"status": "failed", "result": {"result": 1}}
    assert server.requests[0].headers["content-type"] == "application/json"


# The library


def test_only_one_module_loads_st2client() -> None:
    library = ROOT / "actions" / "lib" / "opsroom"
    loading = {
        path.relative_to(library).as_posix()
        for path in library.rglob("*.py")
        if re.search(r"^ *(from|import) st2client\b", path.read_text("utf-8"), re.MULTILINE)
    }
    assert loading == {"stackstorm/transport.py"}


def test_without_st2client_it_says_how_to_get_it(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "st2client.client", None)
    failure = failure_of(lambda: storm(server).get("e1"))
    assert failure.code is Code.UNREACHABLE
    assert "st2client cannot be loaded" in failure.message
    assert failure.hint.startswith("Install it")
