"""Incidents of Splunk On-Call: shown, listed, acknowledged, resolved, with others added."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from opsroom.errors import Code
from opsroom.http.errors import in_doubt
from opsroom.pagers import State, Target
from support.contracts.vendor import answer, body_of
from support.errors import failure_of
from support.pages.victorops import ALICE, BOB, WEB, asked
from support.troubles.table import refusal


def test_an_incident_is_shown_as_the_list_has_it(api, org, pager):
    org.add(currentPhase="ACKED", incidentLink="https://portal.example.com/1")
    incident = pager.incident("1")
    assert (incident.id, incident.number, incident.title) == ("1", "1", "Disk is full")
    assert (incident.state, incident.people, incident.target) == (
        State.ACKNOWLEDGED,
        ("bob",),
        "Web Primary",
    )
    assert incident.since == datetime(2026, 11, 23, 14, 1, 22, tzinfo=timezone.utc)
    assert incident.url == "https://portal.example.com/1"
    assert len(api.requests) == 1
    assert pager.incident("9b7a2cad-1").number == "1"


@pytest.mark.parametrize(
    ("phase", "state"),
    [
        ("UNACKED", State.TRIGGERED), ("triggered", State.TRIGGERED), ("ACKED", State.ACKNOWLEDGED),
        ("acknowledged", State.ACKNOWLEDGED), ("RESOLVED", State.RESOLVED),
        ("resolved", State.RESOLVED), ("SNOOZED", State.UNKNOWN), (None, State.UNKNOWN),
    ],
)  # fmt: skip
def test_phases_are_read_as_they_are_documented_and_as_they_come(org, api, pager, phase, state):
    api.odd = phase is None
    org.add(currentPhase=phase)
    assert pager.incident("1").state is state


def test_an_incident_that_is_not_there_is_an_unknown_page(pager):
    for ask in (
        lambda: pager.incident("99"),
        lambda: pager.acknowledge("99", ALICE),
        lambda: pager.add_responder("99", BOB, ALICE),
        lambda: pager.resolve("99", ALICE),
        lambda: pager.resolve("unknown-entity", ALICE),
    ):
        refusal(Code.UNKNOWN_PAGE, ask)


def test_open_incidents_are_listed_newest_first_in_one_request(api, org, pager):
    org.add()
    org.add(currentPhase="RESOLVED")
    org.add(currentPhase="ACKED")
    org.add(startTime="nonsense")
    assert [one.number for one in pager.incidents()] == ["3", "1", "4"]
    assert [one.number for one in pager.incidents(limit=1)] == ["3"]
    assert len(api.requests) == 2


def test_incidents_of_a_target(org, pager):
    org.add()
    org.add(
        routingKey="data",
        pagedUsers=["zoe"],
        pagedTeams=["team-bbbb2222"],
        pagedPolicies=[org.policies[1]],
    )
    for target, number in (
        (Target("user", "ZOE"), "2"),
        (WEB, "1"),
        (Target("team", "team-bbbb2222"), "2"),
        (Target("escalation_policy", "Data Primary"), "2"),
        (Target("escalation_policy", "pol-web1"), "1"),
        (Target("routing_key", "web"), "1"),
    ):
        assert [one.number for one in pager.incidents(target)] == [number]
    assert pager.incidents(Target("user", "nobody")) == ()


def test_incidents_of_an_unexpected_shape_are_read_as_far_as_they_go(api, pager):
    odd = {
        "incidentNumber": 5,
        "entityDisplayName": ["x"],
        "pagedUsers": "bob",
        "pagedPolicies": [1, {"policy": "x"}, {}],
        "startTime": {"a": 1},
        "currentPhase": 7,
        "incidentLink": "javascript:alert(1)",
    }
    api.instead(answer({"incidents": [1, None, "x", {}, odd]}))
    assert [(one.number, one.state, one.people, one.url) for one in pager.incidents()] == [
        ("", State.UNKNOWN, (), ""),
        ("5", State.UNKNOWN, (), ""),
    ]


def test_acknowledging_is_one_request_in_the_name_of_who_does_it(api, org, pager):
    org.add()
    incident = pager.acknowledge("1", ALICE)
    assert (incident.state, incident.people, incident.shown) == (
        State.ACKNOWLEDGED,
        ("alice",),
        "1",
    )
    assert body_of(api.requests[0]) == {
        "userName": "alice",
        "incidentNames": ["1"],
        "message": ALICE.line,
    }
    assert org.incidents[0]["currentPhase"] == "ACKED"
    assert asked(api) == ["PATCH /v1/incidents/ack"]


def test_what_is_acknowledged_already_is_acknowledged(api, org, pager):
    org.add(currentPhase="ACKED")
    assert pager.acknowledge("1", ALICE).state is State.ACKNOWLEDGED
    assert asked(api) == ["PATCH /v1/incidents/ack", "GET /v1/incidents"]


def test_an_acknowledgement_whose_answer_was_lost_is_sent_again(api, org, pager):
    org.add()
    api.after("unanswered")
    assert pager.acknowledge("1", ALICE).state is State.ACKNOWLEDGED


@pytest.mark.parametrize("verb", ["acknowledge", "resolve"])
def test_a_resolved_incident_is_closed(org, pager, verb):
    org.add(currentPhase="RESOLVED")
    error = refusal(Code.PAGE_CLOSED, getattr(pager, verb), "1", ALICE)
    assert error.message == "Page 1 is resolved in Splunk On-Call."


def test_200_with_a_command_that_was_not_accepted_is_a_refusal_with_its_message(api, org, pager):
    org.add()
    result = {"incidentNumber": "1", "cmdAccepted": False, "message": "Not your incident."}
    api.instead(answer({"results": [result]}))
    error = refusal(Code.NOT_ACCEPTED, pager.resolve, "1", ALICE)
    assert error.message == "Splunk On-Call did not resolve page 1: Not your incident."


def test_resolving_is_one_request_and_not_sent_again(api, org, pager):
    org.add(currentPhase="ACKED")
    assert pager.resolve("1", ALICE).state is State.RESOLVED
    assert len(api.requests) == 1
    org.add()
    api.after("unanswered")
    caught = failure_of(pager.resolve, "2", ALICE)
    assert in_doubt(caught)
    assert len(api.sent("PATCH")) == 2


def test_the_next_step_of_a_policy_cannot_be_commanded(api, pager):
    error = refusal(Code.NOT_POSSIBLE, pager.escalate, "7", ALICE)
    assert error.hint == "Call someone by name: add NAME to page 7."
    assert api.requests == []


def test_somebody_more_is_added_and_nobody_is_taken_off(api, org, pager):
    org.add()
    assert pager.add_responder("1", Target("user", "zoe"), ALICE).number == "1"
    assert org.rerouted == [
        {"incidentNumber": "1", "targets": [{"type": "User", "slug": "zoe"}], "addTargets": True}
    ]
    assert asked(api) == ["GET /v1/incidents", "POST /v1/incidents/reroute"]


def test_a_team_is_added_by_its_policy(org, pager):
    org.add()
    pager.add_responder("1", WEB, ALICE)
    assert org.rerouted[0]["targets"] == [{"type": "EscalationPolicy", "slug": "pol-web1"}]


def test_200_with_a_target_that_failed_adds_nobody(org, pager):
    org.add()
    error = refusal(Code.UNKNOWN_PERSON, pager.add_responder, "1", Target("user", "zed"), ALICE)
    assert error.message == "Splunk On-Call did not add zed to page 1: Unknown target."


def test_nobody_is_added_to_a_resolved_incident(api, org, pager):
    org.add(currentPhase="RESOLVED")
    refusal(Code.PAGE_CLOSED, pager.add_responder, "1", BOB, ALICE)
    assert api.sent("POST") == []
