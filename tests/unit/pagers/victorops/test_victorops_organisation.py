"""Who is on call in Splunk On-Call, and its names; its list of policies is kept for a minute."""

from __future__ import annotations

import json
import os
import stat
from datetime import datetime, timezone

import pytest

from opsroom.errors import Code, Failure
from opsroom.pagers import Delivery, OnCall, Target
from support.contracts.vendor import answer, body_of
from support.pages.victorops import KEYS, WEB, asked, made, page
from support.servers.http import Reply
from support.troubles.table import refusal
from support.vendors.pagers.victorops import API_KEY


@pytest.mark.parametrize(
    ("target", "slugs", "paths"),
    [
        (
            Target("escalation_policy", "pol-web1", "Web Primary"),
            ["pol-web1"],
            [
                "POST /v1/incidents",
                "GET /v1/oncall/current",
                "GET /v2/team/team-aaaa1111/oncall/schedule",
            ],
        ),
        (
            Target("escalation_policy", "web PRIMARY"),
            ["pol-web1"],
            [
                "GET /v1/policies",
                "POST /v1/incidents",
                "GET /v1/oncall/current",
                "GET /v2/team/team-aaaa1111/oncall/schedule",
            ],
        ),
        (
            WEB,
            ["pol-web1"],
            [
                "GET /v1/policies",
                "POST /v1/incidents",
                "GET /v1/oncall/current",
                "GET /v2/team/team-aaaa1111/oncall/schedule",
            ],
        ),
        (
            Target("routing_key", "Everything"),
            ["pol-web1", "pol-data1"],
            [
                "GET /v1/org/routing-keys",
                "POST /v1/incidents",
                "GET /v1/oncall/current",
                "GET /v2/team/team-aaaa1111/oncall/schedule",
                "GET /v2/team/team-bbbb2222/oncall/schedule",
            ],
        ),
    ],
)
def test_each_target_is_paged_by_its_escalation_policies(api, pager, target, slugs, paths):
    paged = pager.page(page(target=target))
    assert paged.delivery is Delivery.ACCEPTED
    assert asked(api) == paths
    sent = body_of(api.sent("POST")[0])
    assert sent["targets"] == [{"type": "EscalationPolicy", "slug": slug} for slug in slugs]
    names = ["bob", "zoe", "alice"] if len(slugs) > 1 else ["bob"]
    assert [one.name for one in paged.on_call] == names


def test_that_nobody_can_tell_who_is_on_call_does_not_undo_a_page(api, pager):
    api.instead(*[Reply(500, "x")] * 3, where=lambda one: "oncall" in one.path)
    paged = pager.page(page(target=Target("escalation_policy", "pol-web1")))
    assert (paged.delivery, paged.on_call, paged.notes) == (Delivery.ACCEPTED, (), ())


def test_a_team_with_several_policies_is_asked_back(api, pager):
    error = refusal(Code.WHICH_WHO, pager.page, page(target=Target("team", "Data")))
    assert error.message == (
        "Team Data has several escalation policies in Splunk On-Call: Data Primary and Data "
        "Waiting Room."
    )
    assert api.sent("POST") == []


@pytest.mark.parametrize(
    ("target", "names", "count"),
    [
        (WEB, ["bob"], 2),
        (Target("team", "team-bbbb2222"), ["zoe", "alice"], 2),
        (Target("escalation_policy", "data primary"), ["zoe", "alice"], 2),
        (Target("escalation_policy", "pol-web1"), ["bob"], 2),
        (Target("routing_key", "everything"), ["bob", "zoe", "alice"], 4),
        (Target("user", "bob"), ["bob"], 0),
    ],
)
def test_who_is_on_call(api, pager, target, names, count):
    assert [one.name for one in pager.on_call(target)] == names
    assert len(api.requests) == count
    assert api.sent("POST") == []


def test_answers_are_read_as_they_are_described_too(api, pager):
    described = {
        "teamsOnCall": [
            {
                "team": {"name": "Web", "slug": "team-aaaa1111"},
                "onCallNow": [
                    {
                        "escalationPolicy": {"name": "Web Primary", "slug": "pol-web1"},
                        "users": [{"onCallUser": {"username": "bob"}}],
                    }
                ],
            }
        ]
    }
    api.instead(answer(described))
    assert [one.name for one in pager.on_call(WEB)] == ["bob"]


def test_somebody_who_stands_in_for_another_is_on_call_until_that_ends(api, pager):
    schedule = {
        "team": {"name": "Web", "slug": "team-aaaa1111"},
        "schedules": [
            {
                "policy": {"name": "Web Primary", "slug": "pol-web1"},
                "overrides": [
                    {
                        "start": "2026-11-23T14:30:00Z",
                        "end": "2026-11-23T16:00:00Z",
                        "overrideOnCallUser": {"username": "bob"},
                    }
                ],
                "schedule": [
                    {
                        "onCallType": "rotation_group",
                        "rolls": [
                            {
                                "start": "2026-11-23T08:00:00Z",
                                "end": "2026-11-23T20:00:00Z",
                                "isRoll": True,
                                "onCallUser": {"username": "bob"},
                            }
                        ],
                    }
                ],
            }
        ],
    }
    api.instead(answer(schedule), where=lambda one: "schedule" in one.path)
    until = datetime(2026, 11, 23, 16, 0, tzinfo=timezone.utc)
    assert pager.on_call(WEB) == (OnCall("bob", until, through="Web Primary"),)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500, "x"), Reply(404, "Team not found"), Reply(200, "<html>"),
        answer({"schedules": [1, {}]}),
    ],
)  # fmt: skip
def test_without_a_schedule_it_is_not_told_until_when(api, pager, reply):
    api.instead(*[reply] * 3, where=lambda one: "schedule" in one.path)
    assert pager.on_call(WEB) == (OnCall("bob", None, through="Web Primary"),)


def test_a_team_with_nobody_on_call_is_not_one_that_is_unknown(org, pager):
    org.on_call = {}
    assert pager.on_call(WEB) == ()
    for target in (
        Target("team", "nope"),
        Target("escalation_policy", "nope"),
        Target("routing_key", "nope"),
    ):
        refusal(Code.UNKNOWN_WHO, pager.on_call, target)


def test_a_name_that_is_equal_counts_more_than_one_that_contains_it(api, pager):
    assert pager.look_up("WEB") == (
        Target("team", "team-aaaa1111", "Web"),
        Target("routing_key", "web"),
    )
    assert len(api.requests) == 4
    assert api.sent("POST") == []


def test_names_are_those_of_teams_policies_routing_keys_and_users(tmp_path, api):
    pager = made(**KEYS, url=api.url(""), user="opsroom-bot", keep=tmp_path)
    assert [one.id for one in pager.look_up("we")] == ["team-aaaa1111", "pol-web1", "web"]
    assert pager.look_up("bob builder") == (Target("user", "bob", "Bob Builder"),)
    assert pager.look_up("ZOE@example.com") == (Target("user", "zoe", "Zoe Builder"),)
    assert pager.look_up("pol-data2") == (
        Target("escalation_policy", "pol-data2", "Data Waiting Room"),
    )
    assert pager.look_up("nobody") == pager.look_up(" ") == ()


def test_policies_are_kept_for_a_minute_also_for_the_next_process(tmp_path, api, org, clock):
    keep = tmp_path / "private" / "vo"
    for _ in range(2):
        pager = made(**KEYS, url=api.url(""), user="opsroom-bot", keep=keep)
        assert pager.page(page(target=WEB)).delivery is Delivery.ACCEPTED
    assert asked(api).count("GET /v1/policies") == 1
    (file,) = keep.iterdir()
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(keep).st_mode) == 0o700
    assert API_KEY not in file.read_text()
    org.policies_left = 1
    clock.wall += 61
    made(**KEYS, url=api.url(""), user="opsroom-bot", keep=keep).page(page(target=WEB))
    assert asked(api).count("GET /v1/policies") == 2


def test_older_policies_serve_where_the_list_may_not_be_asked_for(tmp_path, api, clock):
    pager = made(**KEYS, url=api.url(""), user="opsroom-bot", keep=tmp_path)
    pager.page(page(target=WEB))
    clock.wall += 3600
    assert pager.page(page(target=WEB)).delivery is Delivery.ACCEPTED
    assert asked(api).count("GET /v1/policies") == 2


def test_a_team_is_paged_also_when_the_list_may_not_be_asked_for(org, pager):
    org.policies_left = 0
    assert pager.page(page(target=WEB)).delivery is Delivery.ACCEPTED
    assert org.details["1"]["targets"] == [{"type": "EscalationPolicy", "slug": "pol-web1"}]


def test_policies_of_another_account_are_not_taken(tmp_path, api):
    made(**KEYS, url=api.url(""), user="opsroom-bot", keep=tmp_path).page(page(target=WEB))
    (file,) = tmp_path.iterdir()
    with pytest.raises(Failure):
        made(
            api_id="another", api_key=API_KEY, url=api.url(""), user="opsroom-bot", keep=tmp_path
        ).look_up("x")
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"at": "x", "policies": []}', '{"at": 1, "policies": 7}', "\udcff"]
)
def test_a_broken_file_is_no_file(tmp_path, api, org, content):
    pager = made(**KEYS, url=api.url(""), user="opsroom-bot", keep=tmp_path)
    pager.page(page(target=WEB))
    (file,) = tmp_path.iterdir()
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    org.policies_left = 1
    assert pager.page(page(target=WEB)).delivery is Delivery.ACCEPTED
    assert json.loads(file.read_text())["policies"] == org.policies


def test_a_folder_that_cannot_be_written_keeps_nobody_from_being_paged(tmp_path, api):
    (tmp_path / "file").write_text("")
    pager = made(**KEYS, url=api.url(""), user="opsroom-bot", keep=tmp_path / "file" / "x")
    assert pager.page(page(target=WEB)).delivery is Delivery.ACCEPTED
