"""The version kind github: the last successful deployment, or the last successful run."""

from __future__ import annotations

from functools import partial
from typing import Any, Dict, Iterator

import pytest

from opsroom.errors import Code, Failure
from opsroom.versions import Running
from support.vendors.github_deployments import GithubDeployments
from support.versions import Ask, ask_at, options_of


@pytest.fixture
def github() -> GithubDeployments:
    return GithubDeployments()


@pytest.fixture
def ask(github: GithubDeployments) -> Iterator[Ask]:
    with github.vendor() as vendor:
        yield partial(ask_at, "github", vendor.url("").rstrip("/"))


def test_the_last_successful_deployment_is_what_runs(ask: Ask, github: GithubDeployments) -> None:
    second = github.tags["v2.0.0"] = github.commit("second", github.tags["v1.0.0"])
    github.tags["v3.0.0"] = github.commit("third", second)
    for number, (ref, states) in enumerate(
        [
            ("v1.0.0", ["success", "inactive"]),
            ("v2.0.0", ["in_progress", "success"]),
            ("v3.0.0", ["in_progress", "failure"]),
            ("v3.0.0", []),
        ]
    ):
        github.deployment(ref)
        for state in states:
            github.report(42 + number, state)
    github.deployment("v3.0.0", environment="production")
    github.report(46, "success")
    assert ask() == Running("v2.0.0", second)
    assert ask(environment="{app}-x") == Running("")


@pytest.mark.parametrize("ref", ["main", "commit"])
def test_a_branch_runs_as_its_commit(ask: Ask, github: GithubDeployments, ref: str) -> None:
    commit = github.branches["main"]
    github.deployment(ref if ref == "main" else commit)
    github.report(42, "success")
    assert ask() == Running(commit[:12], commit)


def test_what_opsroom_deployed_has_the_name_that_it_had(
    ask: Ask, github: GithubDeployments
) -> None:
    commit = github.commit("second")
    github.deployment(commit, payload={"opsroom": "0123456789abcdef", "version": "v2.0.0"})
    github.report(42, "success")
    assert ask() == Running("v2.0.0", commit)
    github.deployments[0]["payload"]["version"] = "; rm -rf /"
    assert ask() == Running(commit[:12], commit)


def test_nothing_runs_where_nothing_succeeded(ask: Ask, github: GithubDeployments) -> None:
    assert ask() == Running("")
    github.deployment("v1.0.0")
    github.report(42, "success")
    github.report(42, "inactive")  # the environment was taken down
    assert ask() == Running("")


def test_too_many_failures_to_look_through_are_no_answer(
    ask: Ask, github: GithubDeployments
) -> None:
    for number in range(31):
        github.deployment("v1.0.0")
        github.report(42 + number, "success" if not number else "failure")
    with pytest.raises(Failure, match="None of the last 30 deployments to uat") as error:
        ask()
    assert error.value.code is Code.BAD_ANSWER


def test_the_last_successful_run_is_what_runs(ask: Ask, github: GithubDeployments) -> None:
    assert ask(workflow="deploy.yml") == Running("")
    github.run("v1.0.0", status="completed", conclusion="success")
    github.run("main", status="completed", conclusion="failure")
    commit = github.tags["v1.0.0"]
    assert ask(workflow="deploy.yml") == Running("v1.0.0", commit)
    github.run("main", status="completed", conclusion="success")
    assert ask(workflow="deploy.yml") == Running(commit[:12], commit)


def test_a_title_says_which_version_went_to_which_environment(
    ask: Ask, github: GithubDeployments
) -> None:
    for title in ("deploy v1.4.0 to uat", "deploy v1.5.0 to uat-2", "deploy v1.6.0 to production"):
        github.run("main", title, status="completed", conclusion="success")
    title = r"^deploy (\S+) to {environment}$"
    assert ask(workflow="deploy.yml", title=title) == Running("v1.4.0")
    other = r"^release (\S+) to {environment}$"
    assert ask(workflow="deploy.yml", title=other) == Running("")


def test_a_title_without_a_version_is_a_bad_answer(ask: Ask, github: GithubDeployments) -> None:
    github.run("main", "deploy ;rm to uat", status="completed", conclusion="success")
    with pytest.raises(Failure, match="no version"):
        ask(workflow="deploy.yml", title="deploy (.*) to uat")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"workflow": "deploy.yml", "environment": "uat"}, "only one of environment and workflow"),
        ({"title": "v(.*)"}, "title: only runs of a workflow have a title"),
        ({"workflow": "deploy.yml", "title": "v.*"}, "title: expected brackets"),
        ({"environment": "{version}"}, "environment: {version} is not filled in here"),
        ({"workflow": "deploy"}, "workflow: expected the name of a workflow's file"),
    ],
)
def test_a_mistake_is_named_with_what_works(raw: Dict[str, Any], words: str) -> None:
    _, lines = options_of("github", **raw)
    assert any(words in line for line in lines), lines
