"""The pager kind victorops, against a vendor that refuses what the descriptions of its API and its
endpoint refuse."""

from __future__ import annotations

import json
import os
import stat
from datetime import datetime, timezone

import pytest

from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.errors import Code, Failure, OpsroomError
from opsroom.http.errors import in_doubt
from opsroom.pagers import REGISTRY, Delivery, OnCall, Page, State, Target
from opsroom.pagers.victorops import organisation
from opsroom.pagers.victorops.mapping import headline
from opsroom.people import Author
from support.http_server import Reply
from support.troubles import failure, refusal
from support.vendor import answer, body_of
from support.vendors.victorops import API_ID, API_KEY, ENDPOINT_KEY, VictorOps

ALICE = Author("alice", "#ops", "alice", "alice@example.com", "https://st2.example.com/x1")
CAROL = Author("carol", "#ops")
WEB = Target("team", "Web")
BOB = Target("user", "bob", "Bob")
KEY = Target("routing_key", "web")
MARK = "ops0123456789abc"
KEYS = {"api_id": API_ID, "api_key": API_KEY}
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=timezone.utc)


class Time:
    """A clock that only moves when someone waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.wall = 1_000_000.0
        self.waits = []

    def wait(self, seconds):
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture(autouse=True)
def time(monkeypatch):
    time = Time()
    monkeypatch.setattr("opsroom.http.vendor.clock", lambda: time.now)
    monkeypatch.setattr("opsroom.http.vendor.sleep", time.wait)
    monkeypatch.setattr(organisation, "wall", lambda: time.wall)
    monkeypatch.setattr(organisation, "now", lambda: NOW)
    return time


@pytest.fixture
def org():
    return VictorOps()


@pytest.fixture
def api(org):
    with org.api() as running:
        yield running


@pytest.fixture
def endpoint(org):
    with org.endpoint() as running:
        yield running


def options_of(**raw):
    problems = Problems()
    fields = Fields(raw, "pagers.vo", problems)
    options = REGISTRY.read_options("victorops", fields)
    fields.finish()
    return options, problems.lines


def made(keep=None, **raw):
    options, lines = options_of(**raw)
    assert lines == []
    return REGISTRY.make("victorops", options, name="vo", store=None, keep=keep)


@pytest.fixture
def pager(api):
    """With keys of the API only."""
    return made(**KEYS, url=api.url(""), user="opsroom-bot")


@pytest.fixture
def plain(endpoint):
    """With the REST endpoint only."""
    return made(endpoint=address(endpoint), routing_key="web")


@pytest.fixture
def both(api, endpoint):
    return made(
        **KEYS, url=api.url(""), user="opsroom-bot", endpoint=address(endpoint), routing_key="web"
    )


def address(endpoint, key=ENDPOINT_KEY):
    return f"{endpoint.url('')}{endpoint.base}/alert/{key}"


def page(text="checkout is down", target=BOB, urgent=False, author=ALICE):
    return Page(target, text, urgent, MARK, author)


def asked(vendor):
    return [f"{one.method} {one.path.replace('/api-public', '')}" for one in vendor.requests]


def is_write(request):
    return request.method != "GET"


# Paging by the API.


def test_a_page_to_a_user_is_one_request_and_known_at_once(api, org, pager):
    paged = pager.page(page())
    assert asked(api) == ["POST /v1/incidents"]
    assert body_of(api.requests[0]) == {
        "summary": f"checkout is down [{MARK}]",
        "details": "alice (in #ops) via opsroom, https://st2.example.com/x1\n\ncheckout is down",
        "targets": [{"type": "User", "slug": "bob"}],
        "userName": "alice",
    }
    assert paged.delivery is Delivery.ACCEPTED
    assert (paged.incident.id, paged.incident.number, paged.incident.target) == ("1", "1", "Bob")
    assert paged.incident.state is State.TRIGGERED
    assert paged.on_call == (OnCall("Bob"),)
    assert paged.notes == ()


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


def test_the_answer_says_until_when_somebody_is_on_call(org, pager):
    org.shifts["pol-web1"] = [
        {
            "onCallType": "rotation_group",
            "onCallUser": {"username": "bob"},
            "rolls": [
                {"start": "2026-11-22T18:00:00Z", "end": "2026-11-23T12:00:00Z", "isRoll": True},
                {"start": "2026-11-23T12:00:00Z", "end": "2026-11-23T18:00:00Z", "isRoll": True},
            ],
        }
    ]
    until = datetime(2026, 11, 23, 18, 0, tzinfo=timezone.utc)
    assert pager.page(page(target=WEB)).on_call == (OnCall("bob", until, through="Web Primary"),)


def test_that_nobody_can_tell_who_is_on_call_does_not_undo_a_page(api, pager):
    api.instead(*[Reply(500, "x")] * 3, where=lambda one: "oncall" in one.path)
    paged = pager.page(page(target=Target("escalation_policy", "pol-web1")))
    assert (paged.delivery, paged.on_call, paged.notes) == (Delivery.ACCEPTED, (), ())


def test_a_page_where_nobody_is_known_to_be_on_call_says_so(org, pager):
    org.on_call["pol-web1"] = []
    paged = pager.page(page(target=WEB))
    assert paged.notes == ("Splunk On-Call names nobody who is on call for Web now.",)


def test_a_team_with_several_policies_is_asked_back(api, pager):
    error = refusal(Code.WHICH_WHO, pager.page, page(target=Target("team", "Data")))
    assert error.message == (
        "Team Data has several escalation policies in Splunk On-Call: Data Primary and Data "
        "Waiting Room."
    )
    assert api.sent("POST") == []


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (Target("team", "nope"), "no team 'nope'"),
        (Target("escalation_policy", "nope"), "no escalation policy 'nope'"),
        (Target("routing_key", "nope"), "no routing key 'nope'"),
    ],
)
def test_whom_splunk_on_call_does_not_know_is_not_paged(api, pager, target, words):
    error = refusal(Code.UNKNOWN_WHO, pager.page, page(target=target))
    assert words in error.message
    assert api.sent("POST") == []


def test_a_routing_key_that_leads_nowhere_is_not_paged(org, pager):
    org.routing["web"] = []
    refusal(Code.NOT_POSSIBLE, pager.page, page(target=KEY))


def test_200_with_an_error_inside_is_no_page(api, org, pager):
    error = refusal(Code.NOT_ACCEPTED, pager.page, page(target=Target("user", "zed")))
    assert error.message == "Splunk On-Call made no incident for the user zed: No such target: zed."
    assert not error.facts["sent"]
    assert org.incidents == []
    assert len(api.requests) == 1


def test_a_number_with_an_error_beside_it_is_not_called_delivered(org, pager):
    org.error = "Paging failed"
    paged = pager.page(page())
    assert paged.delivery is Delivery.UNCONFIRMED
    assert paged.notes == ("Splunk On-Call made the incident and complains: Paging failed.",)
    assert paged.incident.number == "1"


def test_an_urgent_page_says_that_there_is_no_urgency(pager):
    note = "Splunk On-Call has no urgency: every page is critical there."
    assert pager.page(page(urgent=True)).notes == (note,)


# In whose name.


def test_somebody_without_a_name_there_pages_in_that_of_the_configured_user(org, pager):
    pager.page(page(author=CAROL))
    assert org.details["1"]["userName"] == "opsroom-bot"
    assert org.details["1"]["details"].startswith("carol (in #ops) via opsroom")


def test_a_name_that_is_not_known_there_gives_way_to_the_configured_user(api, org, pager):
    paged = pager.page(page(author=Author("carol", identity="carole")))
    assert paged.delivery is Delivery.ACCEPTED
    assert paged.notes == (
        "Splunk On-Call does not know its user carole; it was done in the name of opsroom-bot.",
    )
    assert len(org.incidents) == 1
    assert len(api.requests) == 2
    org.add()
    assert pager.acknowledge("2", Author("carol", identity="carole")).people == ("opsroom-bot",)


def test_without_any_name_nothing_is_asked(api, endpoint):
    pager = made(**KEYS, url=api.url(""), endpoint=address(endpoint))
    error = refusal(Code.UNKNOWN_PERSON, pager.page, page(author=CAROL))
    assert "pagers.vo.user" in error.hint
    assert api.requests == []


def test_a_configured_user_who_is_not_known_there_is_named(api, org):
    org.add()
    pager = made(**KEYS, url=api.url(""), user="gone")
    error = refusal(Code.UNKNOWN_PERSON, pager.acknowledge, "1", CAROL)
    assert error.message == "Splunk On-Call does not know its user 'gone': User not found."
    error = refusal(Code.NOT_ACCEPTED, pager.page, page(author=CAROL))
    assert "Could not find user gone." in error.message


# Paging by the REST endpoint.


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
        "pagers.vo.api_id and "
        "pagers.vo.api_key.",
    )


def test_a_routing_key_with_an_at_sign_stays_as_it_is(endpoint, org, plain):
    plain.page(page(target=Target("routing_key", "ops@example.com")))
    assert endpoint.requests[0].path.endswith(f"/{ENDPOINT_KEY}/ops@example.com")
    plain.page(page(target=Target("routing_key", "a/b ?")))
    assert endpoint.requests[1].path.endswith(f"/{ENDPOINT_KEY}/a%2Fb%20%3F")


def test_with_the_api_an_alert_is_followed_until_it_is_an_incident(api, endpoint, org, both, time):
    paged = both.page(page(target=KEY))
    assert paged.delivery is Delivery.ACCEPTED
    assert (paged.incident.number, paged.incident.target) == ("1", "web")
    assert [(one.name, one.through) for one in paged.on_call] == [("bob", "Web Primary")]
    assert (len(endpoint.requests), asked(api)) == (1, ["GET /v1/incidents"])
    assert time.waits == []


def test_an_alert_that_becomes_no_incident_in_time_is_unconfirmed(api, org, both, time):
    org.slow = True
    paged = both.page(page(target=KEY))
    assert paged.delivery is Delivery.UNCONFIRMED
    assert paged.notes == (
        "Splunk On-Call's REST endpoint took it; it became no incident within 8 s.",
    )
    assert sum(time.waits) == pytest.approx(8.0)
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
    assert "pagers.vo.api_id" in error.hint
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


# Exactly once.


def test_an_alert_whose_answer_was_lost_is_found_by_its_entity_id(endpoint, org, both):
    endpoint.after("unanswered")
    with pytest.raises(Failure) as caught:
        both.page(page(target=KEY))
    assert in_doubt(caught.value)
    assert len(endpoint.requests) == 1
    assert both.find(page(target=KEY)).incident.number == "1"


def test_the_same_alert_again_is_the_same_incident(org, both):
    assert (
        both.page(page(target=KEY)).incident.number == both.page(page(target=KEY)).incident.number
    )
    assert len(org.incidents) == 1


@pytest.mark.parametrize("field", ["service", "entityDisplayName", "entityId"])
def test_the_mark_is_found_in_whichever_field_it_comes_back(org, pager, field):
    org.add()
    org.add(**{field: f"x [{MARK}]"})
    assert pager.find(page()).incident.number == "2"


# Refusals and failures.


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (Reply(401, "Authentication parameters missing"), Code.UNAUTHORIZED,
         "(401): Authentication parameters missing."),
        (Reply(403, "Authentication failed"), Code.UNAUTHORIZED,
         "both are 403: Authentication failed."),
        (Reply(403, "Usage limit exceeded"), Code.RATE_LIMITED,
         "is rate-limiting opsroom (403): Usage limit exceeded."),
        (Reply(429, ""), Code.RATE_LIMITED, "does not say for how long."),
        (answer({"error": "Bad target"}, 400), Code.NOT_ACCEPTED, "(400): Bad target."),
        (answer({"message": {"a": 1}}, 422), Code.NOT_ACCEPTED, "(422)."),
        (Reply(402, "no"), Code.NOT_POSSIBLE, "(402): no."),
        (Reply(410, "<html>"), Code.GONE, "(410)."),
        (Reply(404, "<html>nginx</html>"), Code.BAD_ANSWER,
         "answered 404, not as Splunk On-Call does."),
    ],
)  # fmt: skip
def test_what_splunk_on_call_refuses_is_certain_and_said(api, pager, reply, code, words):
    api.instead(reply)
    with pytest.raises(OpsroomError) as caught:
        pager.page(page())
    assert caught.value.code is code
    assert words in caught.value.message
    assert not isinstance(caught.value, Failure) or not in_doubt(caught.value)
    if code is Code.RATE_LIMITED:
        assert "60 requests a minute" in caught.value.hint
    assert len(api.requests) == 1


def test_a_key_that_is_not_accepted_names_its_place_in_the_config(api):
    pager = made(api_id=API_ID, api_key="wr0ng-key-of-someone", url=api.url(""), user="opsroom-bot")
    error = failure(Code.UNAUTHORIZED, pager.incidents)
    assert "pagers.vo.api_id and pagers.vo.api_key" in error.hint


# Incidents.


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


# Acknowledging, resolving, escalating, adding.


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
    with pytest.raises(Failure) as caught:
        pager.resolve("2", ALICE)
    assert in_doubt(caught.value)
    assert len(api.sent("PATCH")) == 2


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
    assert "pagers.vo.api_id and pagers.vo.api_key" in error.hint
    assert endpoint.requests == []
    assert plain.look_up("web") == ()
    assert plain.person("bob", "", "Bob") is None


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


# Who is on call, and names.


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
                "team": org_team(),
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


def org_team():
    return {"name": "Web", "slug": "team-aaaa1111"}


def test_somebody_who_stands_in_for_another_is_on_call_until_that_ends(api, org, pager):
    schedule = {
        "team": org_team(),
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


# The list of policies may be asked for once a minute.


def test_policies_are_kept_for_a_minute_also_for_the_next_process(tmp_path, api, org, time):
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
    time.wall += 61
    made(**KEYS, url=api.url(""), user="opsroom-bot", keep=keep).page(page(target=WEB))
    assert asked(api).count("GET /v1/policies") == 2


def test_older_policies_serve_where_the_list_may_not_be_asked_for(tmp_path, api, org, time):
    pager = made(**KEYS, url=api.url(""), user="opsroom-bot", keep=tmp_path)
    pager.page(page(target=WEB))
    time.wall += 3600
    assert pager.page(page(target=WEB)).delivery is Delivery.ACCEPTED
    assert asked(api).count("GET /v1/policies") == 2


def test_a_team_is_paged_also_when_the_list_may_not_be_asked_for(org, pager):
    org.policies_left = 0
    assert pager.page(page(target=WEB)).delivery is Delivery.ACCEPTED
    assert org.details["1"]["targets"] == [{"type": "EscalationPolicy", "slug": "pol-web1"}]


def test_policies_of_another_account_are_not_taken(tmp_path, api, org):
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


# Text.


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("checkout is down", "checkout is down"),
        ("\n  checkout is down \n\nmore", "checkout is down …"),
        ("x" * 150, "x" * 150),
        ("x" * 151, "x" * 148 + " …"),
        ("word " * 60, ("word " * 29).strip() + " …"),
        ("", "Page"),
    ],
)
def test_the_title_is_the_first_line_as_far_as_it_goes(text, title):
    assert headline(text) == title


def test_a_text_of_thirty_thousand_characters_is_cut_and_says_so(org, pager):
    paged = pager.page(page("word " * 6000))
    details = org.details["1"]["details"]
    assert 19_500 < len(details) <= 20_000
    missing = int(details.rpartition("[cut: ")[2].split()[0])
    assert paged.notes == (f"Cut after 20000 characters: {missing} are missing.",)


# Secrets.


# The config.


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://alert.victorops.com/integrations/generic/20131114/alert/4a6a87eb-fca9",
        "https://alert.victorops.com/integrations/generic/20131114/alert/4a6a87eb-fca9/",
        "https://alert.victorops.com/integrations/generic/20131114/alert/4a6a87eb-fca9/$routing_key",
    ],
)
def test_the_endpoint_is_the_address_up_to_its_key(endpoint):
    options, lines = options_of(endpoint=endpoint)
    assert lines == []
    assert (
        options.endpoint
        == "https://alert.victorops.com/integrations/generic/20131114/alert/4a6a87eb-fca9"
    )


def test_keys_of_the_api_and_a_user_are_enough():
    options, lines = options_of(**KEYS, user="opsroom-bot")
    assert lines == []
    assert (options.url, options.follow, options.time_limit) == (
        "https://api.victorops.com",
        8.0,
        10.0,
    )


def test_the_default_routing_key_is_where_a_page_goes_when_nobody_is_named(plain, pager):
    assert plain.default_target() == KEY
    assert pager.default_target() is None


def test_a_person_is_reached_by_their_name_there(pager):
    assert pager.person("bob", "bob@example.com", "Bob") == Target("user", "bob", "Bob")
    assert pager.person("", "bob@example.com", "Bob") is None
