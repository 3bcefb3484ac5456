"""What a deployment promises at every service alike: started once, whatever becomes of the answer;
followed, found again, and cancelled. The kinds' own tests have what differs."""

from __future__ import annotations

import pytest

from opsroom.deploys import Resolved
from opsroom.errors import Code, Failure
from support.deploys.sites import EARLIER, KINDS, Site
from support.servers.http import HttpServer, Reply, Request

WITH_COMMITS = ["github", "github deployment", "gitlab"]
SSO = {"Location": "https://sso.example.com/"}

pytestmark = pytest.mark.parametrize("kind", KINDS)


def page(site: Site, status: int = 200) -> Reply:
    text = f"<!doctype html><html>Sign in, or {site.kind.secret}</html>"
    return Reply(status, text, {"Content-Type": "text/html"})


def end_when_begun(site: Site) -> None:
    """What opsroom only asks for, as a deployment of GitHub, ends as soon as it is seen."""
    if site.name == "github deployment":
        site.job._on_note = lambda line: site.kind.let_go(site.played)


# Started once.


def test_a_lost_answer_is_looked_up_and_not_repeated(site: Site) -> None:
    site.lose_answer()
    end_when_begun(site)
    site.deploy()
    assert (len(site.posts), site.kind.started(site.played), site.kept) == (1, 1, "")


@pytest.mark.parametrize(
    "reply", [Reply(502, "<html>"), Reply(500, "{}"), Reply(504), Reply(drop="unanswered")]
)
def test_what_was_lost_before_the_service_is_said_to_be_nothing(site: Site, reply: Reply) -> None:
    site.instead(reply)
    begun = site.clock()
    assert " started nothing." in site.fails().message
    assert site.clock() - begun >= site.kind.settles
    assert (len(site.posts), site.kind.started(site.played), site.kept) == (1, 0, "")


@pytest.mark.parametrize("answer", ["page", "302", "307", "404", "403", "429"])
def test_what_is_not_the_service_has_started_nothing(site: Site, answer: str) -> None:
    if (site.name, answer) == ("argocd", "page"):
        pytest.skip("whether it began is read from the application, not from this answer")
    limited = {"Retry-After": "900", "X-Jenkins": "2"}
    replies = {
        "page": page(site),
        "302": Reply(302, "", SSO),
        "307": Reply(307, "", {"Location": "https://other.example.com/api/v4/x"}),
        "404": page(site, 404),
        "403": page(site, 403),
        "429": Reply(429, "Retry later", limited),
    }
    site.instead(replies[answer])
    assert isinstance(site.fails(), Failure)
    assert (len(site.posts), site.kind.started(site.played), site.kept) == (1, 0, "")


def test_a_redirect_takes_the_secret_nowhere(site: Site) -> None:
    with HttpServer() as other:
        site.vendor.instead(Reply(302, "", {"Location": other.url()}))
        assert site.fails().code is Code.BAD_ANSWER
        assert other.requests == []


def test_a_tag_that_was_moved_is_not_deployed(site: Site) -> None:
    if site.name not in WITH_COMMITS:
        pytest.skip("it knows no commits, or takes the pipelines of one")
    before = site.v1
    site.played.tags["v1.0.0"] = site.played.commit("second")
    assert site.fails(before).code is Code.CHANGED_MEANWHILE
    assert (site.posts, site.kept) == ([], "")


def test_no_secret_is_in_what_is_shown_of_the_options(site: Site) -> None:
    options, lines = site.options()
    assert lines == []
    assert site.kind.secret not in repr(options)


# Followed.


def test_trouble_while_it_runs_is_waited_out(site: Site) -> None:
    def is_look(request: Request) -> bool:
        return request.method == "GET" and len(site.posts) == 1

    replies = [page(site), Reply(502, "<html>"), Reply(500), Reply(301, "", SSO)]
    site.vendor.instead(*replies, where=is_look)
    end_when_begun(site)
    job = site.deploy()
    assert [one for one in job.lines if " does not answer (" in one]


def test_what_is_out_of_time_is_cancelled(site: Site) -> None:
    site.kind.hold(site.played)
    error = site.fails(time_limit="60s")
    assert error.code is Code.TIMED_OUT
    assert "was cancelled" in error.message
    assert (site.kind.cancelled(site.played), site.kept) == (True, "")


def test_what_someone_cancels_ends(site: Site) -> None:
    site.kind.hold(site.played)
    site.stop()
    error = site.fails()
    assert error.code is Code.CANCELLED
    assert "was cancelled" in error.message
    assert (site.kind.cancelled(site.played), site.kept) == (True, "")


# Left by a runner that died.


@pytest.mark.parametrize("noted", [True, False])
def test_what_was_left_is_followed_and_not_started_again(site: Site, noted: bool) -> None:
    run = site.kind.begin(site.played, EARLIER)
    site.leave(run if noted else "")
    end_when_begun(site)
    site.deploy()
    assert (site.posts, site.kept) == ([], "")


def test_another_version_waits_for_what_was_left(site: Site) -> None:
    site.kind.hold(site.played)
    run = site.kind.begin(site.played, EARLIER)
    site.leave(run, Resolved("v0.9.0", "v0.9.0"))
    assert site.fails().code is Code.BUSY
    assert site.posts == []


def test_what_was_left_is_cancelled_for_someone_else(site: Site) -> None:
    site.kind.hold(site.played)
    site.kind.begin(site.played, EARLIER)
    site.leave()
    ended = site.deployer().cancel_left(site.job)
    assert "was cancelled" in ended.text
    assert (ended.left_running, site.kind.cancelled(site.played), site.kept) == (False, True, "")
