"""The options of the deploy kind gitlab, and what is wrong with them."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from opsroom.deploys.gitlab import Mode
from support.deploys.sites import Site

HERE = "apps.web.deploy"


def test_what_is_not_given_has_a_default(site: Site) -> None:
    options, lines = site.options(url=...)
    assert lines == []
    assert (options.mode, options.ref, options.correlation) == (
        Mode.PIPELINE, "{version}", "opsroom",
    )  # fmt: skip
    assert options.inputs == {"environment": "{environment}"}
    assert (options.access.url, options.access.api) == (
        "https://gitlab.com", "https://gitlab.com/api/v4",
    )  # fmt: skip
    assert options.source == "acme/web"


def test_variables_take_the_place_of_inputs(site: Site) -> None:
    options, lines = site.options(variables={"A": "b"})
    assert lines == []
    assert (options.inputs, options.correlation) == ({}, "OPSROOM")


def test_the_address_of_the_api_is_that_of_its_gitlab(site: Site) -> None:
    options, _ = site.options(url="https://git.example.com/lab/api/v4/")
    assert options.access.url == "https://git.example.com/lab"


def test_a_project_may_be_a_number(site: Site) -> None:
    options, lines = site.options(project=17)
    assert (options.project, options.source, lines) == ("17", "17", [])


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ({"project": "web"}, "project: expected a project such as acme/web, or its number"),
        ({"project": "acme/../web"}, "project: expected a project"),
        (
            {"project": ...},
            "project: expected a project such as acme/web, or its number, found nothing",
        ),
        ({"token": ...}, "token: expected a token on one line, found nothing"),
        ({"token": "a b"}, "token: expected a token on one line"),
        ({"url": "https://a:b@example.com"}, "url: expected an address without"),
        ({"mode": "trigger"}, "mode: expected one of pipeline, job"),
        ({"ref": "{vers}"}, "ref: {vers} is not filled in here"),
        ({"ref": "main"}, "ref: expected {version} in ref, or {version} or {commit} in inputs"),
        (
            {"ref": "main", "variables": {"A": "b"}},
            "ref: expected {version} in ref, or {version} or",
        ),
        ({"versions": "any"}, "versions: any version can be deployed only where"),
        ({"source": "acme/shop"}, "source: versions of another project need a ref"),
        ({"inputs": {"a": "{vers}"}}, "inputs.a: {vers} is not filled in here"),
        ({"inputs": {"a b": "x"}}, "inputs.a b: expected the name of an input"),
        ({"inputs": {"a": {"b": 1}}}, "inputs.a: expected a text, a number, true, false or a list"),
        ({"inputs": {"a": [[1]]}}, "inputs.a: expected a text, a number"),
        ({"inputs": {"a": float("inf")}}, "inputs.a: expected a text, a number"),
        ({"inputs": {"opsroom": "x"}}, "inputs.opsroom: is sent anyway"),
        (
            {"inputs": {}, "variables": {}},
            "variables: a pipeline gets inputs or variables, not both",
        ),
        ({"variables": {"a-b": "x"}}, "variables.a-b: expected the name of a variable"),
        ({"variables": {"A": 1.5}}, "variables.A: expected a text; put quotes around 1.5"),
        ({"variables": {"OPSROOM": "x"}}, "variables.OPSROOM: is sent anyway"),
        ({"correlation": "a b"}, "correlation: expected the name of an input, or false"),
        ({"variables": {}, "correlation": "a-b"}, "correlation: expected the name of a variable"),
        ({"job": "deploy {version}"}, "job: {version} is not filled in here"),
        ({"children": "maybe"}, "children: expected one of wait, ignore"),
        ({"time_limit": "1s"}, "time_limit: expected a length of time"),
        ({"mode": "job"}, "job: expected the name of the manual job, found nothing"),
        (
            {"mode": "job", "job": "x", "inputs": {"a b": 1}},
            "inputs.a b: expected the name of an in",
        ),
        ({"mode": "job", "job": "x", "variables": {}}, "variables: means nothing with mode: job"),
        ({"mode": "job", "job": "x", "children": "wait"}, "children: means nothing with mode: job"),
        (
            {"mode": "job", "job": "x", "versions": "any"},
            "versions: a job runs on a version of its",
        ),
        ({"mode": "job", "job": "x", "ref": "main"}, "ref: expected {version} in it"),
        ({"tken": "x"}, "tken: there is no such key; did you mean token?"),
    ],
)
def test_a_wrong_config_is_named_with_its_key(site: Site, raw: Dict[str, Any], line: str) -> None:
    lines = site.options(**raw)[1]
    assert [one for one in lines if one.startswith(f"{HERE}.{line}")], lines
