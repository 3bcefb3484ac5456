"""What a service, a gateway or the network may answer where a version is asked for."""

from __future__ import annotations

from typing import Dict, List, Tuple

import pytest

from opsroom.errors import Code, Failure
from opsroom.http.errors import in_doubt
from support.servers.http import Reply
from support.troubles.table import Instead, raised
from support.vendors import gitlab as gl
from support.vendors.github import problem
from support.versions import KNOWN, ask_at

_JENKINS = {"X-Jenkins": "2"}
_JSON = {"Content-Type": "application/json"}
_SSO = {"Location": "https://sso.example.com/"}
# By kind: the reply; the code, and words of the message or hint.
ANSWERS: Dict[str, List[Tuple[Reply, Code, str]]] = {
    "argocd": [
        (Reply(200, "<html>"), Code.BAD_ANSWER, ""),
        (Reply(200, "{}"), Code.BAD_ANSWER, ""),
        (Reply(302, "", _SSO), Code.BAD_ANSWER, ""),
        (Reply(401, '{"message": "expired"}'), Code.UNAUTHORIZED, ""),
        (Reply(404, '{"message": "not found"}'), Code.NOT_POSSIBLE, ""),
    ],
    "github": [
        (problem(401, "Bad credentials"), Code.UNAUTHORIZED, "token of apps.web.version"),
        (problem(403, "Resource not accessible"), Code.UNAUTHORIZED, "does not allow"),
        (problem(404, "Not Found"), Code.GONE, "no repository acme/web"),
        (problem(429, "Slow down"), Code.RATE_LIMITED, "rate-limiting"),
        (Reply(301, "", {"Location": "https://github.com/login"}), Code.BAD_ANSWER, "redirects"),
        (Reply(200, "<html>Sign in</html>"), Code.BAD_ANSWER, "HTML"),
        (Reply(200, "{}"), Code.BAD_ANSWER, "no list of deployments"),
    ],
    "gitlab": [
        (gl.problem(403, "403 Forbidden"), Code.UNAUTHORIZED, "read_api"),
        (gl.problem(404, "404 Project Not Found"), Code.GONE, "apps.web.version.project"),
        (gl.problem(401, "401 Unauthorized"), Code.UNAUTHORIZED, "apps.web.version.token"),
        (gl.page("Sign in"), Code.BAD_ANSWER, "JSON"),
        (gl.page("nginx", 404), Code.BAD_ANSWER, "apps.web.version.url"),
        (Reply(302, "", _SSO), Code.BAD_ANSWER, "redirect"),
        (Reply(200, "[{}]", _JSON), Code.BAD_ANSWER, "deployment"),
    ],
    "jenkins": [
        (Reply(200, "<html>Sign in</html>"), Code.BAD_ANSWER, ""),
        (Reply(302, "", _SSO), Code.BAD_ANSWER, ""),
        (Reply(401, "<html>", _JENKINS), Code.UNAUTHORIZED, ""),
        (Reply(404, "<html>", _JENKINS), Code.NOT_POSSIBLE, ""),
        (Reply(200, "{}", _JENKINS), Code.BAD_ANSWER, ""),
        (Reply(200, '{"builds": [{}]}', _JENKINS), Code.BAD_ANSWER, ""),
    ],
}


@pytest.mark.parametrize(
    ("kind", "reply", "code", "words"),
    [
        pytest.param(kind, *row, id=f"{kind}-{row[0].status}-{number}")
        for kind, rows in ANSWERS.items()
        for number, row in enumerate(rows)
    ],
)
def test_trouble_is_said_and_nothing_is_in_doubt(
    kind: str, reply: Reply, code: Code, words: str
) -> None:
    with Instead(reply) as server:
        error = raised(ask_at, kind, server.url("").rstrip("/"))
    assert error.code is code
    assert words in f"{error.message} {error.hint}"
    assert not isinstance(error, Failure) or not in_doubt(error)
    assert KNOWN[kind]["token"] not in f"{error} {error.hint} {error.facts}"


def test_every_kind_at_a_service_is_in_the_suite() -> None:
    assert ANSWERS.keys() == KNOWN.keys()
