"""What every deploy kind at a service must survive: refused credentials, limits, errors, redirects,
lost and late answers; the same table as for trackers and pagers."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import Any, Callable, Dict, Iterator, Mapping, NamedTuple, Tuple

import pytest

from opsroom import deploys
from opsroom.deploys.remote import Assignment, Service
from opsroom.errors import Code
from opsroom.http.errors import in_doubt
from support.deploys.runs import deployer_for
from support.servers.http import free_port
from support.troubles.table import TROUBLES, Instead, Trouble, error_of, no_pauses
from support.vendors import argocd, github, gitlab, jenkins, kubernetes

__all__ = ["no_pauses"]
pytestmark = pytest.mark.usefixtures("no_pauses")

ASSIGNMENT = Assignment("web", "uat", "v1.0.0", "", "v1.0.0", "d1", "alice", 1_790_000_000.0)


class Kind(NamedTuple):
    """How a kind is configured, which secrets it sends, the id of a run, and the header by which
    its service is known."""

    options: Mapping[str, Any]
    secrets: Tuple[str, ...]
    run: str
    headers: Mapping[str, str] = {}


KINDS: Dict[str, Kind] = {
    "argocd": Kind({"token": argocd.TOKEN}, (argocd.TOKEN,), '{"mark": "d1"}'),
    "github": Kind(
        {
            **{"token": github.TOKEN, "site": "https://github.com"},
            **{"repository": "acme/web", "workflow": "deploy.yml"},
        },
        (github.TOKEN,),
        "4711/1",
    ),
    "gitlab": Kind(
        {"token": gitlab.TOKEN, "project": gitlab.PROJECT},
        (gitlab.TOKEN,),
        "4711",
    ),
    "jenkins": Kind(
        {"user": jenkins.USER, "token": jenkins.TOKEN, "job": jenkins.JOB},
        (jenkins.TOKEN,),
        "39/35",
        {"X-Jenkins": "2.579"},
    ),
    "kubernetes": Kind(
        {
            **{"token": kubernetes.TOKEN, "namespace": kubernetes.NAMESPACE},
            **{"workload": "deployment/web", "image": "registry.example.com/web:{version}"},
            "container": "web",
        },
        (kubernetes.TOKEN,),
        json.dumps({"images": {}, "before": {}, "generation": 2, "uid": "uid-web"}),
    ),
}
# Those whose work is done on this machine or by StackStorm, whose client has a suite of its own.
OWN = {"command", "git", "stackstorm"}
CALLS: Dict[str, Callable[[Service, str], Any]] = {
    "start": lambda service, run: service.start(ASSIGNMENT),
    "find": lambda service, run: service.find(ASSIGNMENT),
    "look": lambda service, run: service.look(run),
}


@pytest.fixture(scope="module")
def server() -> Iterator[Instead]:
    with Instead() as running:
        yield running


def called(url: str, name: str, call: str) -> Callable[[], Any]:
    kind = KINDS[name]
    made = deployer_for(name, {**kind.options, "url": url})
    return partial(CALLS[call], made.service, kind.run)


def as_of(name: str, trouble: Trouble) -> Trouble:
    """The trouble as the service itself answers it: with the header by which it is known."""
    reply = trouble.reply
    return replace(trouble, reply=replace(reply, headers={**reply.headers, **KINDS[name].headers}))


def test_every_kind_at_a_service_is_in_the_suite() -> None:
    assert set(KINDS) | OWN | {"ssh"} >= set(deploys.REGISTRY.kinds())


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", KINDS)
def test_a_trouble_has_its_code_and_says_whether_something_began(
    server: Instead, name: str, trouble: str
) -> None:
    it = as_of(name, TROUBLES[trouble])
    secrets = KINDS[name].secrets
    server.reply = it.reply_to(secrets)
    for call in CALLS:
        server.requests.clear()
        error = error_of(called(server.url("").rstrip("/"), name, call), secrets)
        it.check(error, server.requests)


@pytest.mark.parametrize("name", KINDS)
def test_a_page_with_status_200_has_started_nothing(server: Instead, name: str) -> None:
    page = f"<!doctype html><html>Sign in {KINDS[name].secrets[0]}</html>"
    server.reply = replace(
        TROUBLES["401"].reply, status=200, body=page, headers={"Content-Type": "text/html"}
    )
    for call in CALLS:
        server.requests.clear()
        error = error_of(called(server.url("").rstrip("/"), name, call), KINDS[name].secrets)
        assert error.code is Code.BAD_ANSWER
        assert not in_doubt(error)


@pytest.mark.parametrize("name", KINDS)
def test_a_server_that_is_down_has_started_nothing(name: str) -> None:
    for call in CALLS:
        error = error_of(called(f"http://127.0.0.1:{free_port()}", name, call), KINDS[name].secrets)
        assert error.code is Code.UNREACHABLE
        assert not in_doubt(error)
