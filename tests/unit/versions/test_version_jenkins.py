"""Asking Jenkins which version runs: a parameter of the last successful build for the place."""

from __future__ import annotations

from functools import partial
from typing import Iterator

import pytest

from opsroom.errors import Code, Failure
from opsroom.versions import Running
from support.vendors.jenkins import Jenkins
from support.versions import Ask, ask_at


@pytest.fixture
def jenkins() -> Jenkins:
    return Jenkins()


@pytest.fixture
def ask(jenkins: Jenkins) -> Iterator[Ask]:
    with jenkins.vendor() as vendor:
        yield partial(ask_at, "jenkins", vendor.url("").rstrip("/"))


def test_it_is_that_of_the_newest_successful_build_for_the_environment(
    ask: Ask, jenkins: Jenkins
) -> None:
    assert ask() == Running("")
    jenkins.build(VERSION="v1.0.0", ENVIRONMENT="uat")
    jenkins.build(VERSION="v1.1.0", ENVIRONMENT="uat")
    jenkins.build(VERSION="v1.2.0", ENVIRONMENT="test")
    jenkins.build(result="FAILURE", VERSION="v1.3.0", ENVIRONMENT="uat")
    jenkins.build(result=None, VERSION="v1.4.0", ENVIRONMENT="uat")
    assert ask() == Running("v1.1.0")


def test_parameters_and_what_they_must_be_can_be_named(ask: Ask, jenkins: Jenkins) -> None:
    jenkins.declared = ["TAG", "APP"]
    jenkins.build(TAG="v1.0.0", APP="web")
    jenkins.build(TAG="v2.0.0", APP="api")
    assert ask(parameter="TAG", where={"APP": "{app}"}) == Running("v1.0.0")


def test_a_long_row_of_other_builds_does_not_mean_that_nothing_runs(
    ask: Ask, jenkins: Jenkins
) -> None:
    for _ in range(100):
        jenkins.build(VERSION="v1.0.0", ENVIRONMENT="test")
    with pytest.raises(Failure, match="None of the last 100 builds") as failed:
        ask()
    assert failed.value.code is Code.BAD_ANSWER


@pytest.mark.parametrize("version", ["", "two words", "<% x %>"])
def test_what_is_no_version_is_a_bad_answer(ask: Ask, jenkins: Jenkins, version: str) -> None:
    jenkins.build(VERSION=version, ENVIRONMENT="uat")
    with pytest.raises(Failure, match="is not a version"):
        ask()
