"""Paging by the REST endpoint of Splunk On-Call, alone and followed by its API."""

from __future__ import annotations

import pytest

from opsroom.errors import Code, Failure, OpsroomError
from opsroom.http.errors import in_doubt
from opsroom.pagers import Delivery, State, Target
from support.contracts.vendor import answer
from support.errors import failure_of
from support.pages.victorops import ALICE, BOB, KEY, MARK, WEB, asked, page
from support.servers.http import Reply
from support.troubles.table import refusal
from support.vendors.pagers.victorops import ENDPOINT_KEY


def test_the_endpoint_gets_a_critical_alert_that_carries_the_mark(endpoint, org, plain):
    paged = plain.page(page("checkout is down\nsince 14:00", target=KEY))
    (alert,) = org.alerts
    assert alert == {
        "message_type": "CRITICAL",
        "entity_id": MARK,
        "entity_display_name": "checkout is down …",
        "state_message": "alice (in #ops) via opsroom, https://st2.example.com/x1\n\ncheckout is "
        "down\nsince 14:00",
        "monitoring_tool": "opsroom",
        "routing_key": "web",
    }
    assert len(endpoint.requests) == 1
    assert paged.delivery is Delivery.UNCONFIRMED
    assert paged.incident.id == MARK
    assert paged.notes == (
        "Splunk On-Call's REST endpoint took it; its outcome cannot be read without "
        "pagers.duty.api_id and "
        "pagers.duty.api_key.",
    )


def test_a_routing_key_with_an_at_sign_stays_as_it_is(endpoint, plain):
    plain.page(page(target=Target("routing_key", "ops@example.com")))
    assert endpoint.requests[0].path.endswith(f"/{ENDPOINT_KEY}/ops@example.com")
    plain.page(page(target=Target("routing_key", "a/b ?")))
    assert endpoint.requests[1].path.endswith(f"/{ENDPOINT_KEY}/a%2Fb%20%3F")


def test_with_the_api_an_alert_is_followed_until_it_is_an_incident(api, endpoint, both, clock):
    paged = both.page(page(target=KEY))
    assert paged.delivery is Delivery.ACCEPTED
    assert (paged.incident.number, paged.incident.target) == ("1", "web")
    assert [(one.name, one.through) for one in paged.on_call] == [("bob", "Web Primary")]
    assert (len(endpoint.requests), asked(api)) == (1, ["GET /v1/incidents"])
    assert clock.waited == []


def test_an_alert_that_becomes_no_incident_in_time_is_unconfirmed(api, org, both, clock):
    org.slow = True
    paged = both.page(page(target=KEY))
    assert paged.delivery is Delivery.UNCONFIRMED
    assert paged.notes == (
        "Splunk On-Call's REST endpoint took it; it became no incident within 8 s.",
    )
    assert sum(clock.waited) == pytest.approx(8.0)
    assert len(api.requests) == 7
    org.work_off()
    assert both.find(page(target=KEY)).incident.number == "1"


def test_a_list_that_cannot_be_had_leaves_an_alert_unconfirmed(api, both):
    api.instead(Reply(403, "Usage limit exceeded"))
    paged = both.page(page(target=KEY))
    assert paged.delivery is Delivery.UNCONFIRMED
    assert "unknown: Splunk On-Call is rate-limiting opsroom (403)" in paged.notes[0]


def test_with_both_a_user_is_paged_by_the_api(api, endpoint, both):
    assert both.page(page()).delivery is Delivery.ACCEPTED
    assert (len(api.requests), endpoint.requests) == (1, [])


@pytest.mark.parametrize("target", [BOB, WEB, Target("escalation_policy", "pol-web1")])
def test_the_endpoint_alone_pages_routing_keys_only(endpoint, plain, target):
    error = refusal(Code.NOT_POSSIBLE, plain.page, page(target=target))
    assert "pagers.duty.api_id" in error.hint
    assert endpoint.requests == []


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (answer({"result": "failure", "message": "bad routing"}), Code.NOT_ACCEPTED,
         "rejected the alert: bad routing."),
        (answer({"result": "failure"}), Code.NOT_ACCEPTED, "rejected the alert."),
        (Reply(400, "Invalid JSON"), Code.NOT_ACCEPTED, "(400): Invalid JSON."),
        (Reply(404, ""), Code.UNAUTHORIZED, "does not know its key (404)."),
        (Reply(403, "<html>"), Code.UNAUTHORIZED, "does not know its key (403)."),
    ],
)  # fmt: skip
def test_what_the_endpoint_refuses_is_certain(endpoint, plain, reply, code, words):
    endpoint.instead(reply)
    with pytest.raises(OpsroomError) as caught:
        plain.page(page(target=KEY))
    assert caught.value.code is code
    assert words in caught.value.message
    assert not isinstance(caught.value, Failure) or not in_doubt(caught.value)


def test_an_alert_whose_answer_was_lost_is_found_by_its_entity_id(endpoint, both):
    endpoint.after("unanswered")
    caught = failure_of(both.page, page(target=KEY))
    assert in_doubt(caught)
    assert len(endpoint.requests) == 1
    assert both.find(page(target=KEY)).incident.number == "1"


def test_the_same_alert_again_is_the_same_incident(org, both):
    assert (
        both.page(page(target=KEY)).incident.number == both.page(page(target=KEY)).incident.number
    )
    assert len(org.incidents) == 1


def test_a_page_that_goes_by_its_mark_is_acknowledged_by_its_number(api, endpoint, org, both):
    org.add(entityId=MARK)
    assert both.acknowledge(MARK, ALICE).state is State.ACKNOWLEDGED
    assert asked(api) == ["GET /v1/incidents", "PATCH /v1/incidents/ack"]
    assert endpoint.requests == []


@pytest.mark.parametrize(
    ("verb", "kind", "phase"),
    [("acknowledge", "ACKNOWLEDGEMENT", "ACKED"), ("resolve", "RECOVERY", "RESOLVED")],
)
def test_the_endpoint_is_told_by_entity_id_and_does_not_say_what_came_of_it(
    org, plain, verb, kind, phase
):
    plain.page(page(target=KEY))
    incident = getattr(plain, verb)(MARK, ALICE)
    assert (incident.id, incident.state) == (MARK, State.UNKNOWN)
    told = org.alerts[-1]
    assert (told["message_type"], told["entity_id"], told["ack_author"]) == (kind, MARK, "alice")
    assert told["routing_key"] == "web"
    assert org.incidents[0]["currentPhase"] == phase


def test_an_alert_that_is_no_incident_yet_is_told_to_the_endpoint(org, both):
    org.slow = True
    both.page(page(target=KEY))
    assert both.resolve(MARK, ALICE).state is State.UNKNOWN
    assert [one["message_type"] for one in org.alerts] == ["CRITICAL", "RECOVERY"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda pager: pager.acknowledge("1", ALICE),
        lambda pager: pager.incident("1"),
        lambda pager: pager.incidents(),
        lambda pager: pager.on_call(WEB),
        lambda pager: pager.add_responder("1", BOB, ALICE),
    ],
)
def test_what_the_endpoint_alone_cannot_do_is_said(endpoint, plain, ask):
    error = refusal(Code.NOT_POSSIBLE, ask, plain)
    assert "pagers.duty.api_id and pagers.duty.api_key" in error.hint
    assert endpoint.requests == []
    assert plain.look_up("web") == ()
    assert plain.person("bob", "", "Bob") is None
