"""Alerts of Opsgenie: shown, listed, acknowledged, closed, escalated, with others added."""

from __future__ import annotations

import pytest

from opsroom.errors import Code
from opsroom.pagers import State, Target
from support.contracts.vendor import answer
from support.pages.opsgenie import ALICE, WEB, is_outcome, page, pager_at
from support.servers.http import Reply
from support.troubles.table import failure, refusal
from support.vendors.pagers.opsgenie import READ_KEY


def test_an_alert_is_shown_by_the_number_that_people_type(vendor, account, pager):
    account.add(
        acknowledged=True, owner="zoe@example.com", report={"acknowledgedBy": "bob@example.com"}
    )
    incident = pager.incident("1701")
    assert incident.shown == "1701"
    assert incident.title == "Disk is full"
    assert incident.state is State.ACKNOWLEDGED
    assert incident.people == ("zoe@example.com", "bob@example.com")
    assert vendor.requests[0].query == {"identifierType": ["tiny"]}
    assert len(vendor.requests) == 1


@pytest.mark.parametrize(("key", "kind"), [("id", "id"), ("alias", "alias"), ("tinyId", "tiny")])
def test_an_alert_is_found_by_each_of_its_names(vendor, account, pager, key, kind):
    alert = account.add()
    assert pager.incident(alert[key]).number == "1701"
    assert vendor.requests[0].query == {"identifierType": [kind]}


def test_an_alias_with_any_characters_is_one_part_of_the_address(account, pager):
    account.add(alias="a/b?c#d é")
    assert pager.incident("a/b?c#d é").number == "1701"


@pytest.mark.parametrize("verb", ["incident", "acknowledge", "resolve", "escalate"])
def test_an_alert_that_does_not_exist_is_an_unknown_page(pager, verb):
    error = refusal(
        Code.UNKNOWN_PAGE, getattr(pager, verb), "99", *(() if verb == "incident" else (ALICE,))
    )
    assert error.message == "Opsgenie has no page '99'."


def test_open_alerts_are_listed_newest_first_in_one_request(vendor, account, pager):
    account.add()
    account.add(status="closed")
    account.add(message="Second", acknowledged=True)
    found = pager.incidents(limit=5)
    assert [(one.number, one.state) for one in found] == [
        ("1703", State.ACKNOWLEDGED),
        ("1701", State.TRIGGERED),
    ]
    assert len(vendor.requests) == 1


def test_alerts_of_a_target_are_searched_for_by_name_and_picked_by_id(vendor, account, pager):
    account.add()
    account.add(responders=[{"type": "user", "id": account.users[0]["id"]}])
    assert [one.number for one in pager.incidents(WEB)] == ["1701"]
    assert [one.number for one in pager.incidents(Target("user", "bob@example.com"))] == ["1702"]
    assert [
        one.number for one in pager.incidents(Target("team", account.teams[0]["id"], "web"))
    ] == ["1701"]
    assert len(vendor.requests) == 3


def test_a_name_cannot_widen_the_search(vendor, pager):
    pager.incidents(Target("team", 'x" OR status: closed \\'))
    assert vendor.requests[0].query["query"] == ['status: open AND teams: "x  OR status: closed  "']


@pytest.mark.parametrize("content", [{"data": {}}, {"data": None}, [], "x", {}])
def test_a_list_that_is_none_is_a_bad_answer(vendor, pager, content):
    vendor.instead(answer(content))
    failure(Code.BAD_ANSWER, pager.incidents)


@pytest.mark.parametrize(
    "alert",
    [
        {"id": 7, "tinyId": ["x"], "message": {"a": 1}, "status": 3, "acknowledged": "yes",
         "createdAt": 5},
        {"id": "a", "responders": "x", "owner": None, "report": [],
         "createdAt": "2026-13-45T99:99:99Z"},
        {"id": "a", "responders": [1, {"name": ["x"]}], "report": {"acknowledgedBy": {}}},
    ],
)  # fmt: skip
def test_an_alert_of_an_unexpected_shape_is_read_as_far_as_it_goes(vendor, pager, alert):
    vendor.instead(answer({"data": alert}))
    assert pager.incident("1").state is State.UNKNOWN


@pytest.mark.parametrize("content", [{}, {"id": ""}, {"id": []}, {"tinyId": "1", "status": "open"}])
def test_what_has_no_id_is_no_alert(vendor, pager, content):
    for call in (pager.incident, lambda id: pager.find(page())):
        vendor.instead(answer({"data": content}))
        failure(Code.BAD_ANSWER, call, "1")


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://api.opsgenie.com", "https://app.opsgenie.com/alert/detail/i1/details"),
        ("https://api.eu.opsgenie.com", "https://app.eu.opsgenie.com/alert/detail/i1/details"),
        ("https://og.example.com", ""),
    ],
)
def test_where_an_alert_can_be_seen_follows_from_the_region(url, page):
    from opsroom.pagers.opsgenie.mapping import incident_of

    assert incident_of({"id": "i1"}, url).url == page


def test_acknowledging_is_three_requests_and_names_who_did_it(vendor, account, pager):
    account.slow = 0
    account.add()
    incident = pager.acknowledge("1701", ALICE)
    assert (incident.state, incident.people) == (State.ACKNOWLEDGED, ("alice",))
    assert account.open()[0]["note"] == ALICE.line
    assert len(vendor.requests) == 3
    assert vendor.requests[0].query == {"identifierType": ["tiny"]}


def test_what_is_acknowledged_already_is_acknowledged(account, pager):
    account.add(acknowledged=True, owner="bob@example.com")
    incident = pager.acknowledge("1701", ALICE)
    assert (incident.state, incident.people) == (State.ACKNOWLEDGED, ("bob@example.com",))


@pytest.mark.parametrize("outcome", [None, (True, "Acknowledged")])
def test_a_closed_alert_cannot_be_acknowledged(account, pager, outcome):
    account.add(status="closed")
    account.outcome = outcome
    error = refusal(Code.PAGE_CLOSED, pager.acknowledge, "1701", ALICE)
    assert error.message == "Page 1701 is resolved in Opsgenie."


def test_resolving_closes_the_alert(vendor, account, pager):
    account.slow = 0
    account.add()
    assert pager.resolve("1701", ALICE).state is State.RESOLVED
    assert account.open() == []
    assert len(vendor.requests) == 3
    refusal(Code.PAGE_CLOSED, pager.resolve, "1701", ALICE)


def test_what_is_read_a_moment_too_early_does_not_contradict_what_was_done(vendor, account, pager):
    account.add()
    stale = answer({"data": dict(account.alerts[next(iter(account.alerts))])})
    vendor.instead(stale, stale, where=lambda one: one.method == "GET" and not is_outcome(one))
    assert pager.acknowledge("1701", ALICE).state is State.ACKNOWLEDGED
    assert pager.resolve("1701", ALICE).state is State.RESOLVED


def test_an_acknowledgement_whose_outcome_is_not_told_is_read_off_the_alert(account, pager):
    account.add()
    account.slow = 1000
    failure(Code.OUTCOME_UNKNOWN, pager.acknowledge, "1701", ALICE)
    account.work_off()
    assert pager.acknowledge("1701", ALICE).state is State.ACKNOWLEDGED


def test_an_acknowledgement_counts_when_the_alert_cannot_be_read(vendor, account, pager):
    account.add()
    vendor.instead(
        *[Reply(500, "x")] * 3, where=lambda one: one.method == "GET" and not is_outcome(one)
    )
    incident = pager.acknowledge("1701", ALICE)
    assert (incident.shown, incident.state) == ("1701", State.ACKNOWLEDGED)


def test_a_failure_that_was_not_foreseen_is_quoted(account, pager):
    account.add()
    account.outcome = (False, "Policy forbids it.")
    error = refusal(Code.NOT_ACCEPTED, pager.acknowledge, "1701", ALICE)
    assert error.message == "Opsgenie did not acknowledge page 1701: Policy forbids it."


def test_escalating_names_the_escalation_policy_of_the_alert(vendor, account, pager):
    account.slow = 0
    policy = account.escalations[0]["id"]
    account.add(responders=[{"type": "team", "id": "x"}, {"type": "escalation", "id": policy}])
    assert pager.escalate("1701", ALICE).state is State.TRIGGERED
    assert account.open()[0]["escalated"] == policy
    assert len(vendor.requests) == 4


def test_an_alert_without_an_escalation_policy_cannot_be_escalated(vendor, account, pager):
    account.add()
    error = refusal(Code.NOT_POSSIBLE, pager.escalate, "1701", ALICE)
    assert error.hint == "Call someone by name: add NAME to page 1701."
    assert vendor.sent("POST") == []


def test_a_closed_alert_is_not_escalated(account, pager):
    account.add(status="closed")
    refusal(Code.PAGE_CLOSED, pager.escalate, "1701", ALICE)


def test_somebody_more_is_called_to_an_alert(vendor, account, pager):
    account.slow = 0
    account.add()
    assert pager.add_responder("1701", Target("user", "zoe@example.com"), ALICE).number == "1701"
    assert account.open()[0]["responders"][-1] == {"type": "user", "id": account.users[1]["id"]}
    assert len(vendor.requests) == 3


def test_a_responder_whom_opsgenie_does_not_know_is_seen_in_the_outcome(account, pager):
    account.add()
    error = refusal(
        Code.UNKNOWN_PERSON,
        pager.add_responder,
        "1701",
        Target("user", "nobody@example.com", "Nobody"),
        ALICE,
    )
    assert "(Nobody): Responder does not exist." in error.message


def test_items_of_an_unexpected_shape_are_left_out(vendor):
    pager = pager_at(vendor, read_key=READ_KEY)
    vendor.instead(answer({"data": [1, None, {"name": ["x"]}, {"name": "web"}]}))
    assert pager.look_up("web") == (Target("team", "web", "web"),)
    vendor.instead(answer({"data": {"onCallRecipients": [1.5, None, {"a": 1}, "x"]}}))
    assert [one.name for one in pager.on_call(Target("schedule", "s"))] == ["1.5", "x"]
