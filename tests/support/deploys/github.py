"""The deploy kind github at the played GitHub, with time that passes only while someone waits."""

from __future__ import annotations

from typing import Any, List, Tuple

import pytest

from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.deploys import REGISTRY, Target
from opsroom.deploys.github import workflow
from opsroom.deploys.remote import deployer, follower
from opsroom.errors import OpsroomError
from support.contracts.vendor import Vendor
from support.deploys.jobs import Notes
from support.vendors.github import TOKEN
from support.vendors.github_deployments import REPOSITORY, GithubDeployments

DEPLOYMENT = "0123456789abcdef"
MARK = f"opsroom-{DEPLOYMENT}"


class Clock:
    """Seconds since 1970 that pass only while someone waits. GitHub's clock is `skew` ahead."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0
        self.skew = 0.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def at_github(self) -> float:
        return self.now + self.skew

    def install(self, monkeypatch: pytest.MonkeyPatch, github: GithubDeployments) -> None:
        """Have the kind and the played GitHub live by this clock."""
        for module, name in ((follower, "clock"), (workflow, "clock"), (deployer, "now")):
            monkeypatch.setattr(module, name, self)
        monkeypatch.setattr(workflow, "now", self)
        monkeypatch.setattr(follower, "wait", self.wait)
        github.now = self.at_github


def options_of(**raw: Any) -> Tuple[Any, List[str]]:
    """The options of these keys, and what is wrong with them."""
    problems = Problems()
    known = {"token": TOKEN, "repository": REPOSITORY, "workflow": "deploy.yml", **raw}
    given = {key: value for key, value in known.items() if value is not ...}
    fields = Fields(given, "apps.web.deploy", problems)
    options = REGISTRY.read_options("github", fields)
    fields.finish()
    return options, problems.lines


def deployer_at(vendor: Vendor, **raw: Any) -> Any:
    """A deployer for web on uat."""
    options, lines = options_of(url=vendor.url(""), site="https://github.com", **raw)
    assert lines == []
    return REGISTRY.make("github", options, target=Target("web", "uat"))


def a_job() -> Notes:
    """A job with an id as the record gives them."""
    job = Notes()
    job.deployment = DEPLOYMENT
    return job


def caught(action: Any, *arguments: Any) -> OpsroomError:
    """The error of an action: a whole sentence, with no secret in any part of it."""
    with pytest.raises(OpsroomError) as raised:
        action(*arguments)
    error = raised.value
    assert TOKEN not in f"{error} {error.hint} {error.facts}"
    return error
