"""Asking GitLab which version runs: that of the last successful deployment to the environment."""

from __future__ import annotations

from typing import Any, Iterator

import pytest

from opsroom import versions
from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.deploys import Target
from opsroom.errors import Code, Failure, OpsroomError
from opsroom.versions import Running
from support.contracts.vendor import Vendor
from support.servers.http import Reply
from support.vendors.gitlab import PROJECT, TOKEN, Gitlab, page, problem


@pytest.fixture
def gitlab() -> Gitlab:
    return Gitlab()


@pytest.fixture
def vendor(gitlab: Gitlab) -> Iterator[Vendor]:
    with gitlab.vendor() as running:
        yield running


def read(**raw: Any) -> Any:
    problems = Problems()
    fields = Fields({"token": TOKEN, "project": PROJECT, **raw}, "apps.web.version", problems)
    options = versions.REGISTRY.read_options("gitlab", fields)
    fields.finish()
    return options, problems.lines


def source(vendor: Vendor, **raw: Any) -> Any:
    options, lines = read(url=vendor.url("").rstrip("/"), **raw)
    assert lines == []
    return versions.REGISTRY.make("gitlab", options, target=Target("web", "uat"))


def test_it_is_that_of_the_last_success_at_the_environment(vendor: Vendor, gitlab: Gitlab) -> None:
    assert source(vendor).ask() == Running("")
    gitlab.tags["v1.1.0"] = gitlab.commit("second")
    gitlab.deployed("v1.0.0", ended="2026-11-01T10:00:00.000Z")
    gitlab.deployed("v1.1.0", ended="2026-11-02T10:00:00.000Z")
    gitlab.deployed("v1.0.0", environment="test")
    gitlab.deployed("v1.0.0", status="failed")
    assert source(vendor).ask() == Running("v1.1.0", gitlab.tags["v1.1.0"])


def test_the_one_that_ended_last_counts(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.tags["v1.1.0"] = gitlab.commit("second")
    gitlab.deployed("v1.1.0", ended="2026-11-02T10:00:00.000Z")
    gitlab.deployed("v1.0.0", ended="2026-11-02T09:00:00.000Z")
    assert source(vendor).ask().version == "v1.1.0"


def test_a_branch_is_its_commit(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.deployed("main")
    made = gitlab.branches["main"]
    assert source(vendor).ask() == Running(made[:12], made)


@pytest.mark.parametrize("moved", [False, True])
def test_without_a_job_the_tag_is_looked_up(moved: bool) -> None:
    gitlab = Gitlab()
    made = gitlab.tags["v1.0.0"]
    gitlab.deployed("v1.0.0", deployable=None)
    if moved:
        gitlab.tags["v1.0.0"] = gitlab.commit("second")
    with gitlab.vendor() as vendor:
        assert source(vendor).ask() == Running(made[:12] if moved else "v1.0.0", made)


def test_the_version_may_be_in_the_name_of_the_pipeline(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.pipeline("main", name="deploy 2026.11 to uat [opsroom-0123456789abcdef]")
    gitlab.deployed("main")
    named = {"name": r"^deploy (\S+) to {environment} "}
    assert source(vendor, **named).ask() == Running("2026.11")
    gitlab.pipelines[4711]["name"] = "deploy 2026.11 to test"
    with pytest.raises(Failure, match=r"pipeline 4711, 'deploy 2026.11 to test', holds no version"):
        source(vendor, **named).ask()
    gitlab.deployed("main", deployable=None)
    with pytest.raises(Failure, match="made by no pipeline"):
        source(vendor, **named).ask()


@pytest.mark.parametrize(
    ("reply", "code", "text"),
    [
        (problem(403, "403 Forbidden"), Code.UNAUTHORIZED, "read_api"),
        (problem(404, "404 Project Not Found"), Code.GONE, "apps.web.version.project"),
        (problem(401, "401 Unauthorized"), Code.UNAUTHORIZED, "apps.web.version.token"),
        (page("Sign in"), Code.BAD_ANSWER, "JSON"),
        (page("nginx", 404), Code.BAD_ANSWER, "apps.web.version.url"),
        (Reply(302, "", {"Location": "https://sso.example.com/"}), Code.BAD_ANSWER, "redirect"),
        (Reply(200, "[{}]", {"Content-Type": "application/json"}), Code.BAD_ANSWER, "deployment"),
    ],
)
def test_trouble_is_said_and_nothing_is_in_doubt(
    vendor: Vendor, reply: Reply, code: Code, text: str
) -> None:
    vendor.instead(reply)
    vendor.odd = True
    with pytest.raises(OpsroomError) as raised:
        source(vendor).ask()
    assert raised.value.code is code
    assert text in f"{raised.value.message} {raised.value.hint}"
    assert not raised.value.facts.get("sent")
    assert TOKEN not in f"{raised.value} {raised.value.hint} {raised.value.facts}"


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ({"project": "web"}, "project: expected a project such as acme/web"),
        ({"environment": "{version}"}, "environment: {version} is not filled in here"),
        ({"name": "deploy"}, "name: expected brackets around the part"),
        ({"time_limit": "5m"}, "time_limit: expected"),
        ({"job": "x"}, "job: there is no such key"),
    ],
)
def test_a_wrong_config_is_named_with_its_key(raw: Any, line: str) -> None:
    assert read(**raw)[1][0].startswith(f"apps.web.version.{line}")
