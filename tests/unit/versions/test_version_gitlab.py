"""Asking GitLab which version runs: that of the last successful deployment to the environment."""

from __future__ import annotations

from functools import partial
from typing import Any, Iterator

import pytest

from opsroom.errors import Failure
from opsroom.versions import Running
from support.vendors.gitlab import Gitlab
from support.versions import Ask, ask_at, options_of


@pytest.fixture
def gitlab() -> Gitlab:
    return Gitlab()


@pytest.fixture
def ask(gitlab: Gitlab) -> Iterator[Ask]:
    with gitlab.vendor() as vendor:
        yield partial(ask_at, "gitlab", vendor.url("").rstrip("/"))


def test_it_is_that_of_the_last_success_at_the_environment(ask: Ask, gitlab: Gitlab) -> None:
    assert ask() == Running("")
    gitlab.tags["v1.1.0"] = gitlab.commit("second")
    gitlab.deployed("v1.0.0", ended="2026-11-01T10:00:00.000Z")
    gitlab.deployed("v1.1.0", ended="2026-11-02T10:00:00.000Z")
    gitlab.deployed("v1.0.0", environment="test")
    gitlab.deployed("v1.0.0", status="failed")
    assert ask() == Running("v1.1.0", gitlab.tags["v1.1.0"])


def test_the_one_that_ended_last_counts(ask: Ask, gitlab: Gitlab) -> None:
    gitlab.tags["v1.1.0"] = gitlab.commit("second")
    gitlab.deployed("v1.1.0", ended="2026-11-02T10:00:00.000Z")
    gitlab.deployed("v1.0.0", ended="2026-11-02T09:00:00.000Z")
    assert ask().version == "v1.1.0"


def test_a_branch_is_its_commit(ask: Ask, gitlab: Gitlab) -> None:
    gitlab.deployed("main")
    made = gitlab.branches["main"]
    assert ask() == Running(made[:12], made)


@pytest.mark.parametrize("moved", [False, True])
def test_without_a_job_the_tag_is_looked_up(ask: Ask, gitlab: Gitlab, moved: bool) -> None:
    made = gitlab.tags["v1.0.0"]
    gitlab.deployed("v1.0.0", deployable=None)
    if moved:
        gitlab.tags["v1.0.0"] = gitlab.commit("second")
    assert ask() == Running(made[:12] if moved else "v1.0.0", made)


def test_the_version_may_be_in_the_name_of_the_pipeline(ask: Ask, gitlab: Gitlab) -> None:
    gitlab.pipeline("main", name="deploy 2026.11 to uat [opsroom-0123456789abcdef]")
    gitlab.deployed("main")
    named = {"name": r"^deploy (\S+) to {environment} "}
    assert ask(**named) == Running("2026.11")
    gitlab.pipelines[4711]["name"] = "deploy 2026.11 to test"
    with pytest.raises(Failure, match=r"pipeline 4711, 'deploy 2026.11 to test', holds no version"):
        ask(**named)
    gitlab.deployed("main", deployable=None)
    with pytest.raises(Failure, match="made by no pipeline"):
        ask(**named)


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
    assert options_of("gitlab", **raw)[1][0].startswith(f"apps.web.version.{line}")
