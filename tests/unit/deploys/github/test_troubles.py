"""What GitHub, a gateway or the network may answer instead, when something is started, found or
looked at."""

from __future__ import annotations

import json

import pytest

from opsroom.errors import Code
from support.deploys.github import LINK
from support.deploys.sites import Site, is_post
from support.servers.http import Reply, Request, free_port
from support.vendors.github import problem
from support.vendors.github_deployments import GithubDeployments


def is_look(request: Request) -> bool:
    return request.path.endswith("/runs/4711")


@pytest.mark.parametrize("kind", ["github", "github deployment"])
@pytest.mark.parametrize(
    ("reply", "code", "hint"),
    [
        (problem(401, "Bad credentials"), Code.UNAUTHORIZED, "It may have expired"),
        (problem(403, "Resource not accessible"), Code.UNAUTHORIZED, "(read and write)"),
        (
            problem(403, "Forbidden", None, X_GitHub_SSO="required; url=https://github.com/x"),
            Code.UNAUTHORIZED,
            "single sign-on",
        ),
        (problem(404, "Not Found"), Code.GONE, "(read and write)"),
        (Reply(404, "no such page"), Code.BAD_ANSWER, "apps.web.deploy.url"),
        (problem(422, "Validation Failed"), Code.NOT_ACCEPTED, ""),
        (problem(429, "You have exceeded a secondary rate limit"), Code.RATE_LIMITED, "minute"),
    ],
)
def test_what_starts_nothing_is_said_and_leaves_nothing_behind(
    site: Site, reply: Reply, code: Code, hint: str
) -> None:
    site.instead(reply)
    error = site.fails()
    assert error.code is code
    assert hint in error.hint
    assert (len(site.posts), site.kind.started(site.played), site.kept) == (1, 0, "")


@pytest.mark.parametrize(
    "reply", [Reply(502, "Bad Gateway"), Reply(500, "{}"), Reply(200, "{}"), Reply(200, "[]")]
)
def test_what_may_have_started_something_is_looked_up_and_not_sent_again(
    site: Site, github: GithubDeployments, reply: Reply
) -> None:
    def started_anyway(request: Request) -> bool:
        return is_post(request) and bool(github.handle(request))

    site.vendor.instead(reply, where=started_anyway)
    assert site.deploy().links == [LINK]
    assert len(site.posts) == 1


@pytest.mark.parametrize(
    "reply",
    [
        problem(403, "API rate limit exceeded", None, Retry_After="30"),
        Reply(200, "{}", {"Content-Type": "application/json"}),
    ],
)
def test_a_limit_or_an_odd_answer_while_a_run_goes_on_is_waited_out(
    site: Site, reply: Reply
) -> None:
    site.vendor.instead(*[reply] * 3, where=is_look)
    assert any("GitHub does not answer" in line for line in site.deploy().lines)


@pytest.mark.parametrize("status", [401, 404])
def test_a_run_out_of_sight_may_still_go_on(site: Site, status: int) -> None:
    site.kind.hold(site.played)
    began = site.clock()

    def long_after(request: Request) -> bool:
        return is_look(request) and site.clock() > began + 100

    site.vendor.instead(problem(status, "No"), where=long_after)
    message = site.fails().message
    assert "GitHub run 4711 can no longer be followed, and may still go on" in message
    assert json.loads(site.kept)["run"].startswith("4711/1")


@pytest.mark.parametrize("verb", ["resolve", "commits"])
def test_an_unreachable_github_is_a_failure(site: Site, verb: str) -> None:
    made = site.deployer(url=f"http://127.0.0.1:{free_port()}")
    rest = {"resolve": (), "commits": (site.v1,)}[verb]
    assert site.refused(getattr(made, verb), "v1.0.0", *rest).code is Code.UNREACHABLE
