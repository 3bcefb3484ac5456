"""What GitHub, a gateway or the network may answer instead, when something is started, found or
looked at."""

from __future__ import annotations

from typing import Any

import pytest

from opsroom.errors import Code
from support.contracts.vendor import Vendor
from support.deploys.github import a_job, caught, deployer_at
from support.deploys.runs import Clock
from support.servers.http import HttpServer, Reply, Request, free_port
from support.vendors.github import TOKEN, problem
from support.vendors.github_deployments import GithubDeployments

PAGE = Reply(200, f"<!doctype html><html>Sign in, or {TOKEN}</html>", {"Content-Type": "text/html"})
MOVED = {"Location": "https://api.github.com/repositories/1/actions"}


def is_post(request: Request) -> bool:
    return request.method == "POST"


@pytest.mark.parametrize("mode", ["workflow", "deployment"])
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
        (Reply(307, "", MOVED), Code.BAD_ANSWER, ""),
        (PAGE, Code.BAD_ANSWER, ""),
    ],
)
def test_what_starts_nothing_is_said_and_leaves_nothing_behind(
    vendor: Vendor, github: GithubDeployments, mode: str, reply: Reply, code: Code, hint: str
) -> None:
    raw = {"workflow": ...} if mode == "deployment" else {}
    deployer, work = deployer_at(vendor, mode=mode, **raw), a_job()
    resolved = deployer.resolve("v1.0.0")
    vendor.instead(reply, where=is_post)
    error = caught(deployer.deploy, resolved, work)
    assert (error.code, error.message.endswith(".")) == (code, True)
    assert hint in error.hint
    assert (github.runs, github.deployments, work.handles) == ({}, [], {"github": ""})
    assert len(vendor.sent("POST")) == 1


@pytest.mark.parametrize(
    "reply",
    [Reply(502, "Bad Gateway"), Reply(500, "{}"), Reply(200, "{}"), Reply(200, "[]")],
)
def test_what_may_have_started_something_is_looked_up_and_not_sent_again(
    vendor: Vendor, github: GithubDeployments, reply: Reply
) -> None:
    deployer, work = deployer_at(vendor), a_job()
    resolved = deployer.resolve("v1.0.0")

    def started_anyway(request: Request) -> bool:
        return is_post(request) and bool(github.handle(request))

    vendor.instead(reply, where=started_anyway)
    deployer.deploy(resolved, work)
    assert len(vendor.sent("POST")) == 1
    assert work.links == ["https://github.com/acme/web/actions/runs/4711"]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(502, "Bad Gateway"),
        PAGE,
        problem(500, "Server Error"),
        Reply(301, "", MOVED),
        problem(403, "API rate limit exceeded", None, Retry_After="30"),
        Reply(200, "{}", {"Content-Type": "application/json"}),
    ],
)
def test_trouble_while_a_run_goes_on_is_waited_out(
    vendor: Vendor, github: GithubDeployments, reply: Reply
) -> None:
    deployer, work = deployer_at(vendor), a_job()
    resolved = deployer.resolve("v1.0.0")
    vendor.instead(*[reply] * 3, where=lambda one: one.path.endswith("/runs/4711"))
    deployer.deploy(resolved, work)
    assert any("GitHub does not answer" in line for line in work.lines)


@pytest.mark.parametrize("status", [401, 404])
def test_a_run_out_of_sight_may_still_go_on(
    vendor: Vendor, github: GithubDeployments, clock: Clock, status: int
) -> None:
    deployer, work = deployer_at(vendor), a_job()
    resolved = deployer.resolve("v1.0.0")
    github.states = [("in_progress", None)]

    def long_after(request: Request) -> bool:
        return request.path.endswith("/runs/4711") and clock.now > 1_790_000_100

    vendor.instead(problem(status, "No"), where=long_after)
    error = caught(deployer.deploy, resolved, work)
    assert "GitHub run 4711 can no longer be followed, and may still go on" in error.message
    assert '"run": "4711/1' in work.handles["github"]


@pytest.mark.parametrize("verb", ["resolve", "commits"])
def test_an_unreachable_github_is_a_failure(verb: str) -> None:
    options: Any = {"url": f"http://127.0.0.1:{free_port()}"}
    from opsroom.deploys import REGISTRY, Resolved, Target
    from support.deploys.github import options_of

    made: Any = REGISTRY.make("github", options_of(**options)[0], target=Target("web", "uat"))
    call = {
        "resolve": lambda: made.resolve("v1.0.0"),
        "commits": lambda: made.commits("v1.0.0", Resolved("v2", "v2", "f" * 40)),
    }[verb]
    assert caught(call).code is Code.UNREACHABLE


def test_a_redirect_takes_the_token_nowhere(github: GithubDeployments) -> None:
    with HttpServer() as other, HttpServer() as front:
        front.on("/repos/acme/web/commits/tags%2Fv1.0.0", Reply(302, "", {"Location": other.url()}))
        deployer = deployer_at(front)  # type: ignore[arg-type]
        error = caught(deployer.resolve, "v1.0.0")
        assert error.code is Code.BAD_ANSWER
        assert "apps.web.deploy.url" in error.message
        assert other.requests == []
