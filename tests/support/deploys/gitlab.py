"""What the tests of the deploy kind gitlab share."""

from __future__ import annotations

from support.deploys.sites import Site
from support.vendors.gitlab import PROJECT, SITE

PIPELINES = f"{SITE}/{PROJECT}/-/pipelines"
JOBS = f"{SITE}/{PROJECT}/-/jobs"


def ended(site: Site, status: str = "success", ago: float = 1800.0) -> None:
    """The manual job ran some time ago."""
    gitlab = site.played
    site.clock.now -= ago
    gitlab.job_states = [status]
    gitlab.start(gitlab.jobs[91])
    site.clock.now += ago
    gitlab.job_states = ["pending", "running", "success"]
