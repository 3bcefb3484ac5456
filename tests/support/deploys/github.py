"""The deploy kind github at the played GitHub."""

from __future__ import annotations

from typing import Any, List, Tuple

import pytest

from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.deploys import REGISTRY, Target
from opsroom.errors import OpsroomError
from support.contracts.vendor import Vendor
from support.deploys.jobs import Notes
from support.vendors.github import TOKEN
from support.vendors.github_deployments import REPOSITORY

DEPLOYMENT = "0123456789abcdef"
MARK = f"opsroom-{DEPLOYMENT}"


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
