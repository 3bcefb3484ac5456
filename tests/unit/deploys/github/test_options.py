"""What the config may say of a deployment by GitHub."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from opsroom.deploys.github import Mode
from support.deploys.sites import Site


def test_a_short_config_is_enough(site: Site) -> None:
    options, lines = site.options()
    assert lines == []
    assert (options.mode, options.ref, options.correlation) == (
        Mode.WORKFLOW, "{version}", "opsroom",
    )  # fmt: skip
    assert options.inputs == {"environment": "{environment}"}
    assert (options.source, options.time_limit) == ("acme/web", 1800.0)


def test_correlation_and_force_can_be_turned_off(site: Site) -> None:
    options, lines = site.options(correlation=False, force_cancel_after=False)
    assert (options.correlation, options.force_cancel_after, lines) == ("", 0.0, [])


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"repository": "web"}, "repository: expected a repository such as acme/web"),
        ({"workflow": "deploy"}, "workflow: expected the name of a workflow's file"),
        ({"workflow": ...}, "workflow: expected the name of a workflow's file"),
        ({"workflow": "{version}.yml"}, "workflow: {version} is not filled in here"),
        ({"mode": "deployments"}, "mode: expected one of workflow, deployment"),
        ({"ref": "{commit}"}, "ref: {commit} is not filled in here"),
        ({"ref": "main"}, "ref: expected {version} in ref, or {version} or {commit} in inputs"),
        ({"inputs": {"by": "{person}"}}, "inputs.by: {person} is not filled in here"),
        ({"inputs": {"tag": 1.10}}, "inputs.tag: expected a text; put quotes around 1.1"),
        ({"inputs": {"tag": ["a"]}}, "inputs.tag: expected a text"),
        ({"inputs": {"x": "${{ github.token }}"}}, "inputs.x: expected no expression"),
        ({"inputs": {"opsroom": "x"}}, "inputs.opsroom: is sent anyway"),
        ({"inputs": {f"i{n}": "x" for n in range(25)}}, "GitHub takes 25 inputs at most"),
        ({"mode": "deployment", "inputs": {"version": "x"}}, "inputs.version: is sent anyway"),
        ({"mode": "deployment", "source": "acme/x"}, "source: a deployment is one of a version"),
        ({"correlation": "a b"}, "correlation: expected the name of an input, or false"),
        ({"correlation": True}, "correlation: expected the name of an input, or false"),
        ({"force_cancel_after": "1h"}, "force_cancel_after: expected a length of time"),
        ({"versions": "any"}, "versions: any version can be deployed only where ref"),
        ({"source": "acme/app"}, "source: versions of another repository need a ref"),
        ({"status_checks": ["all", "x"]}, "status_checks: all and none each stand alone"),
        ({"environment": "x"}, "environment: means nothing with mode: workflow"),
        ({"mode": "deployment"}, "workflow: means nothing with mode: deployment"),
        ({"time_limit": "1s"}, "time_limit: expected a length of time"),
        ({"token": "two\nlines"}, "token: expected a token on one line"),
        ({"url": "https://me:pw@api.github.com"}, "url: expected an address without"),
        ({"job": "{version}"}, "job: {version} is not filled in here"),
        ({"wrkflow": "x"}, "wrkflow: there is no such key; did you mean workflow?"),
    ],
)
def test_a_mistake_is_named_with_what_works(site: Site, raw: Dict[str, Any], words: str) -> None:
    _, lines = site.options(**raw)
    assert any(words in line for line in lines), lines
    assert site.kind.secret not in str(lines)
