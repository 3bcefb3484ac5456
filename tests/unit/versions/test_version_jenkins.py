"""Asking Jenkins which version runs: a parameter of the last successful build for the place."""

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
from support.vendors.jenkins import JOB, TOKEN, USER, Jenkins


@pytest.fixture
def jenkins() -> Jenkins:
    return Jenkins()


@pytest.fixture
def vendor(jenkins: Jenkins) -> Iterator[Vendor]:
    with jenkins.vendor() as running:
        yield running


def source(vendor: Vendor, **raw: Any) -> Any:
    problems = Problems()
    access = {"url": vendor.url("").rstrip("/"), "user": USER, "token": TOKEN, "job": JOB}
    fields = Fields({**access, **raw}, "apps.web.version", problems)
    options = versions.REGISTRY.read_options("jenkins", fields)
    fields.finish()
    assert problems.lines == []
    return versions.REGISTRY.make("jenkins", options, target=Target("web", "uat"))


def test_it_is_that_of_the_newest_successful_build_for_the_environment(
    vendor: Vendor, jenkins: Jenkins
) -> None:
    assert source(vendor).ask() == Running("")
    jenkins.build(VERSION="v1.0.0", ENVIRONMENT="uat")
    jenkins.build(VERSION="v1.1.0", ENVIRONMENT="uat")
    jenkins.build(VERSION="v1.2.0", ENVIRONMENT="test")
    jenkins.build(result="FAILURE", VERSION="v1.3.0", ENVIRONMENT="uat")
    jenkins.build(result=None, VERSION="v1.4.0", ENVIRONMENT="uat")
    assert source(vendor).ask() == Running("v1.1.0")


def test_parameters_and_what_they_must_be_can_be_named(vendor: Vendor, jenkins: Jenkins) -> None:
    jenkins.declared = ["TAG", "APP"]
    jenkins.build(TAG="v1.0.0", APP="web")
    jenkins.build(TAG="v2.0.0", APP="api")
    assert source(vendor, parameter="TAG", where={"APP": "{app}"}).ask() == Running("v1.0.0")


def test_a_long_row_of_other_builds_does_not_mean_that_nothing_runs(
    vendor: Vendor, jenkins: Jenkins
) -> None:
    for _ in range(100):
        jenkins.build(VERSION="v1.0.0", ENVIRONMENT="test")
    with pytest.raises(Failure, match="None of the last 100 builds") as failed:
        source(vendor).ask()
    assert failed.value.code is Code.BAD_ANSWER


@pytest.mark.parametrize("version", ["", "two words", "<% x %>"])
def test_what_is_no_version_is_a_bad_answer(vendor: Vendor, jenkins: Jenkins, version: str) -> None:
    jenkins.build(VERSION=version, ENVIRONMENT="uat")
    with pytest.raises(Failure, match="is not a version"):
        source(vendor).ask()


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(200, "<html>Sign in</html>"), Code.BAD_ANSWER),
        (Reply(302, "", {"Location": "https://sso.example.com/"}), Code.BAD_ANSWER),
        (Reply(401, "<html>", {"X-Jenkins": "2"}), Code.UNAUTHORIZED),
        (Reply(404, "<html>", {"X-Jenkins": "2"}), Code.NOT_POSSIBLE),
        (Reply(200, "{}", {"X-Jenkins": "2"}), Code.BAD_ANSWER),
        (Reply(200, '{"builds": [{}]}', {"X-Jenkins": "2"}), Code.BAD_ANSWER),
    ],
)
def test_trouble_is_said_and_nothing_is_in_doubt(vendor: Vendor, reply: Reply, code: Code) -> None:
    vendor.instead(reply)
    vendor.odd = True
    with pytest.raises(OpsroomError) as raised:
        source(vendor).ask()
    assert raised.value.code is code
    assert not raised.value.facts.get("sent")
    assert TOKEN not in f"{raised.value} {raised.value.hint} {raised.value.facts}"
