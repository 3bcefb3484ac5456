"""opsroom doctor and parts with two keys: each is tried that can be tried without changing
anything, and the one that is wrong is named."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest

from support.contracts.vendor import Vendor
from support.expectations import expect
from support.vendors.jenkins import JOB, TOKEN, USER, Jenkins
from support.vendors.pagers.opsgenie import KEY, READ_KEY, Opsgenie
from support.vendors.pagers.pagerduty import ROUTING_KEY, FakePagerDuty
from support.vendors.pagers.victorops import API_ID, API_KEY, ENDPOINT_KEY, VictorOps
from support.worlds.world import World

WRONG = "another-5ecret-that-is-wrong"


def findings(world: World, part: str, **changes: Any) -> List[Dict[str, Any]]:
    """What the doctor finds of one part."""
    world.config.update(changes)
    answer = world.ask("doctor", "alice")
    assert WRONG not in str(answer)
    return [one for one in answer["findings"] if one["part"] == part]


def nothing_changed(vendor: Vendor) -> bool:
    return {one.method for one in vendor.requests} == {"GET"}


@pytest.mark.parametrize(
    ("keys", "key"),
    [
        ({"api_key": WRONG, "read_key": READ_KEY}, "api_key"),
        ({"api_key": KEY, "read_key": WRONG}, "read_key"),
        ({"api_key": WRONG}, "api_key"),
    ],
)
def test_either_key_of_opsgenie_is_tried(world: World, keys: Dict[str, str], key: str) -> None:
    with Opsgenie().vendor() as vendor:
        (one,) = findings(
            world,
            "pager og",
            pagers={"og": {"kind": "opsgenie", "url": vendor.url(""), **keys}},
            teams={"ops": {"og": {"schedule": "web_schedule"}}},
        )
    expect(one, state="wrong")
    assert f"pagers.og.{key}" in one["cure"]
    assert nothing_changed(vendor)


def test_two_wrong_keys_are_two_findings(world: World) -> None:
    with Opsgenie().vendor() as vendor:
        found = findings(
            world,
            "pager og",
            pagers={
                "og": {
                    "kind": "opsgenie",
                    "url": vendor.url(""),
                    "api_key": WRONG,
                    "read_key": f"{WRONG}-too",
                }
            },
            teams={"ops": {"og": {"schedule": "web_schedule"}}},
        )
    assert [one["state"] for one in found] == ["wrong", "wrong"]
    cures = " ".join(one["cure"] for one in found)
    assert "pagers.og.api_key" in cures
    assert "pagers.og.read_key" in cures


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({"read_key": READ_KEY}, "it answers; someone is on call for 1 team."),
        ({}, "it answers, and its key may read pages."),
    ],
)
def test_an_opsgenie_whose_keys_are_right_is_fine(
    world: World, keys: Dict[str, str], text: str
) -> None:
    with Opsgenie().vendor() as vendor:
        (one,) = findings(
            world,
            "pager og",
            pagers={"og": {"kind": "opsgenie", "url": vendor.url(""), "api_key": KEY, **keys}},
            teams={"ops": {"og": {"schedule": "web_schedule"}}},
        )
    expect(one, state="fine", text=text)


def test_a_team_by_a_routing_key_does_not_hide_a_wrong_token(world: World) -> None:
    with FakePagerDuty() as account:
        (one,) = findings(
            world,
            "pager pd",
            pagers={"pd": {"kind": "pagerduty", **account.options(token=WRONG)}},
            teams={"first": {"pd": {"routing_key": ROUTING_KEY}}, "ops": {"pd": "PWEB"}},
        )
    expect(one, state="wrong")
    assert "pagers.pd.token" in one["cure"]


def test_an_endpoint_of_victorops_is_not_called_fine(world: World) -> None:
    account = VictorOps()
    with account.api() as api, account.endpoint() as endpoint:
        found = findings(
            world,
            "pager vo",
            pagers={
                "vo": {
                    "kind": "victorops",
                    "api_id": API_ID,
                    "api_key": API_KEY,
                    "url": api.url(""),
                    "endpoint": f"{endpoint.url('')}{endpoint.base}/alert/{ENDPOINT_KEY}",
                }
            },
            teams={"ops": {"vo": {"team": "Web"}}},
        )
    assert [one["state"] for one in found] == ["fine", "unknown"]
    assert "its endpoint cannot be tried" in found[1]["text"]
    assert nothing_changed(api)
    assert endpoint.requests == []


@pytest.mark.parametrize(
    ("token", "declared", "state", "text"),
    [
        (TOKEN, True, "fine", "nothing is in the way of another version"),
        (WRONG, True, "wrong", "does not accept the API token of deployer"),
        (TOKEN, False, "doubtful", "has no parameter"),
    ],
)
def test_the_key_that_deploys_is_tried_beside_the_one_that_reads(
    world: World, token: str, declared: bool, state: str, text: str
) -> None:
    jenkins = Jenkins()
    world.config["apps"] = {
        "web": {
            "version": {"kind": "command", "command": ["echo", "v1.0.0"]},
            "deploy": {
                "kind": "jenkins",
                "user": USER,
                "token": token,
                "job": JOB,
                **({} if declared else {"parameters": {"UNDECLARED": "{version}"}}),
            },
        }
    }
    with jenkins.vendor() as vendor:
        world.config["apps"]["web"]["deploy"]["url"] = vendor.url("")
        (one,) = findings(world, "web on uat")
    expect(one, state=state)
    assert text in one["text"]
    assert one["text"].startswith("runs v1.0.0")
    assert nothing_changed(vendor)


def test_a_deploy_kind_that_asks_nothing_is_said_to(world: World) -> None:
    command = {"kind": "command", "command": ["echo", "v1.0.0"]}
    world.config["apps"] = {"web": {"version": command, "deploy": command}}
    (one,) = findings(world, "web on uat")
    expect(
        one,
        state="fine",
        text="runs v1.0.0; its deploy kind takes any version, and is asked nothing before.",
    )
