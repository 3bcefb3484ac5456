"""A deployment order: its wording by kind, and a target that is built once."""

from __future__ import annotations

from typing import Any, List

import pytest

from opsroom import deploys, versions
from opsroom.commands.deployments.order import DeploymentKind, DeploymentOrder
from opsroom.commands.resolve import DeploymentTarget
from opsroom.config.model import App, Environment, Kind
from opsroom.errors import Code, Refusal
from support.cases import cases
from support.expectations import expect

TARGET = DeploymentTarget(App("web"), Environment("uat"))


@cases(
    ("kind", "past", "present"),
    [
        ("deploy", "deployed web v1 to uat", "deploying web v1 to uat"),
        ("redeploy", "redeployed web v1 to uat", "redeploying web v1 to uat"),
        ("promote", "promoted web v1 from test to uat", "promoting web v1 from test to uat"),
        ("rollback", "rolled back web to v1 on uat", "rolling back web to v1 on uat"),
        (
            "emergency deploy",
            "deployed web v1 to uat in an emergency",
            "deploying web v1 to uat in an emergency",
        ),
        (
            "update cards",
            "put web v1 on uat without opsroom",
            "putting web v1 on uat without opsroom",
        ),
    ],
)
def test_each_kind_has_its_wording(kind: str, past: str, present: str) -> None:
    order = DeploymentOrder(TARGET, "v1", DeploymentKind(kind), source="test")
    assert (order.past("v1"), order.present("v1")) == (past, present)


def test_every_kind_has_a_wording() -> None:
    for kind in DeploymentKind:
        assert DeploymentOrder(TARGET, "v1", kind).past("v1")


@pytest.mark.parametrize(
    ("kind", "is_rollback", "redeploy"),
    [("deploy", False, False), ("redeploy", False, True), ("rollback", True, False),
     ("emergency deploy", False, True), ("promote", False, False)],
)  # fmt: skip
def test_the_kind_decides_what_it_may_do(kind: str, is_rollback: bool, redeploy: bool) -> None:
    order = DeploymentOrder(TARGET, "v1", DeploymentKind(kind))
    expect(order, is_rollback=is_rollback, redeploy=redeploy)


def test_a_target_makes_deployer_and_source_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: List[str] = []

    def make(kind: str, options: Any, **given: Any) -> object:
        made.append(kind)
        return object()

    monkeypatch.setattr(deploys.REGISTRY, "make", make)
    monkeypatch.setattr(versions.REGISTRY, "make", make)
    app = App("web", deploy=Kind("git", None), version=Kind("http", None))
    target = DeploymentTarget(app, Environment("uat"))
    assert target.deployer is target.deployer
    assert target.version_source is target.version_source
    assert made == ["git", "http"]


def test_a_target_that_the_config_does_not_complete_says_which_key_is_missing() -> None:
    with pytest.raises(Refusal) as refused:
        _ = TARGET.deployer
    assert (refused.value.code, "apps.web.deploy" in refused.value.hint) == (
        Code.CANNOT_DEPLOY,
        True,
    )
    with pytest.raises(Refusal) as refused:
        _ = TARGET.version_source
    assert (refused.value.code, "apps.web.version" in refused.value.hint) == (
        Code.CANNOT_TELL_VERSION,
        True,
    )
