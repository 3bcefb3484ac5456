"""The deploy kind gitlab at the played GitLab."""

from __future__ import annotations

from typing import Any, List, Tuple

from opsroom.deploys import Resolved
from opsroom.errors import OpsroomError
from support.contracts.vendor import Vendor
from support.deploys import runs
from support.deploys.jobs import Notes
from support.deploys.runs import Clock
from support.servers.http import Request
from support.vendors.gitlab import PROJECT, TOKEN, Gitlab

DEPLOYMENT, EARLIER = "0123456789abcdef", "fedcba9876543210"
MARK, EARLIER_MARK = f"opsroom-{DEPLOYMENT}", f"opsroom-{EARLIER}"
JOB = "deploy uat"
KNOWN = {"url": "https://gitlab.example.com", "token": TOKEN, "project": PROJECT}


def options_of(**raw: Any) -> Tuple[Any, List[str]]:
    """The options of these keys, and what is wrong with them."""
    given = {key: value for key, value in {**KNOWN, **raw}.items() if value is not ...}
    return runs.options_of("gitlab", {}, **given)


def deployer_at(vendor: Vendor, **raw: Any) -> Any:
    """A deployer for web on uat."""
    return runs.deployer_for("gitlab", {**KNOWN, "url": vendor.url("").rstrip("/")}, **raw)


def a_job() -> Notes:
    """A job with an id as the record gives them."""
    job = Notes()
    job.deployment = DEPLOYMENT
    return job


def stopping(count: int) -> Notes:
    """Such a job that is stopped at the so-many-th check."""
    job = runs.stopping(count)
    job.deployment = DEPLOYMENT
    return job


def left_behind(gitlab: Gitlab, run: str) -> Notes:
    """A job where an earlier deployment of v1.0.0 was asked for just now, and its runner died."""
    commit = gitlab.tags["v1.0.0"]
    job = runs.left_behind("gitlab", run, gitlab.now(), commit, EARLIER)
    job.deployment = DEPLOYMENT
    return job


def v1(gitlab: Gitlab) -> Resolved:
    """The version v1.0.0 as it is looked up."""
    return Resolved("v1.0.0", "v1.0.0", gitlab.tags["v1.0.0"])


def caught(made: Any, job: Notes, resolved: Resolved) -> OpsroomError:
    """The error of a deployment: a whole sentence, with no secret anywhere."""
    return runs.caught(made, job, TOKEN, resolved=resolved)


def by_job(vendor: Vendor, **raw: Any) -> Any:
    """A deployer for web on uat by the manual job."""
    return deployer_at(vendor, mode="job", job="deploy {environment}", **raw)


def is_post(request: Request) -> bool:
    """Whether something is started or changed by it."""
    return request.method == "POST"


def ended(gitlab: Gitlab, clock: Clock, status: str = "success", ago: float = 1800.0) -> None:
    """The job ran some time ago."""
    clock.now -= ago
    gitlab.job_states = [status]
    gitlab.start(gitlab.jobs[91])
    clock.now += ago
    gitlab.job_states = ["pending", "running", "success"]
