"""Paging by PagerDuty's REST API: whom, in whose name, once, and who is reached."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timezone

import pytest

from opsroom.errors import Code
from opsroom.http.errors import in_doubt
from opsroom.pagers import Delivery, OnCall, State, Target
from opsroom.people import Author
from support.contracts.vendor import answer, body_of
from support.pages.pagerduty import (
    ALICE,
    BOB,
    DAVE,
    MARK,
    POLICY,
    SCHEDULE,
    SERVICE,
    SIX,
    asked,
    page,
    pager_of,
)
from support.servers.http import Reply
from support.troubles.table import failure, raised, refusal
from support.vendors.pagers.pagerduty import error


def test_a_page_to_a_service_is_one_incident_and_says_who_is_reached_until_when(account, pager):
    paged = pager.page(page())
    assert asked(account) == ["POST /incidents", "GET /oncalls"]
    assert paged.delivery is Delivery.ACCEPTED
    assert paged.on_call == (OnCall("Bob Brown", SIX, 1, "Web rota"),)
    assert paged.notes == ()
    incident = paged.incident
    assert (incident.id, incident.number, incident.shown) == ("PI1201", "1201", "1201")
    assert (incident.title, incident.target, incident.people) == (
        "checkout is down",
        "Web",
        ("Bob Brown",),
    )
    assert incident.state is State.TRIGGERED
    assert incident.url == "https://acme.example.com/incidents/PI1201"
    assert incident.since == datetime(2026, 11, 23, 9, tzinfo=timezone.utc)
    (made,) = account.incidents
    assert made["incident_key"] == MARK
    assert made["from"] == "PALICE"
    assert made["body"]["details"] == (
        "checkout is down\n\nalice (in #ops) via opsroom, https://st2.example.com/#/history/1"
    )


def test_the_urgency_is_that_of_the_service_unless_it_is_urgent(account, pager):
    pager.page(page())
    pager.page(page(urgent=True, mark="other"))
    first, second = (body_of(one)["incident"] for one in account.rest.sent("POST"))
    assert "urgency" not in first
    assert second["urgency"] == "high"


def test_a_page_to_an_escalation_policy_goes_by_the_default_service(account, pager):
    paged = pager.page(page(POLICY))
    assert asked(account) == ["POST /incidents", "GET /oncalls"]
    sent = body_of(account.rest.requests[0])["incident"]
    assert sent["service"] == {"id": "PWEB", "type": "service_reference"}
    assert sent["escalation_policy"] == {"id": "PPOL", "type": "escalation_policy_reference"}
    assert "assignments" not in sent
    assert paged.on_call[0].until == SIX


def test_a_page_to_a_user_is_assigned_to_them_alone(account, pager):
    paged = pager.page(page(BOB))
    assert asked(account) == ["POST /incidents"]
    assert paged.delivery is Delivery.ACCEPTED
    assert paged.on_call == (OnCall("Bob Brown"),)
    assert account.incidents[0]["assigned_via"] == "direct_assignment"


def test_a_user_whom_the_config_knows_by_address_only_is_found_first(account, pager):
    target = pager.person("", "Bob@example.com", "bob")
    assert target == Target("user", "Bob@example.com", "bob")
    assert pager.page(page(target)).incident.people == ("Bob Brown",)
    assert asked(account) == ["GET /users", "POST /incidents"]
    told = refusal(
        Code.UNKNOWN_PERSON, pager.page, page(Target("user", "nobody@example.com", "zoe"))
    )
    assert "zoe" in told.message
    assert len(account.incidents) == 1


def test_a_person_is_paged_by_their_identity_else_their_address_else_not(pager):
    assert pager.person("PBOB", "bob@example.com", "bob") == BOB
    assert pager.person("", "", "bob") is None


def test_a_page_to_a_schedule_goes_to_whoever_is_on_call_there(account, pager):
    paged = pager.page(page(SCHEDULE))
    assert asked(account) == ["GET /oncalls", "POST /incidents"]
    assert paged.on_call == (OnCall("Bob Brown", SIX, 1, "Web rota"),)
    assert account.incidents[0]["assignments"][0]["assignee"]["id"] == "PBOB"


def test_an_empty_schedule_makes_no_incident_and_is_a_failure(account, pager):
    account.policies["PPOL"]["levels"] = []
    told = failure(Code.NOBODY_NOTIFIED, pager.page, page(SCHEDULE))
    assert "Web rota" in told.message
    assert not in_doubt(told)
    assert account.incidents == []


def test_a_schedule_of_the_new_kind_is_as_good(account, pager):
    account.schedules["PSCH"]["type"] = "schedule_v3_reference"
    assert pager.page(page(SCHEDULE)).on_call == (OnCall("Bob Brown", SIX, 1, "Web rota"),)


@pytest.mark.parametrize("target", [POLICY, SCHEDULE, BOB])
def test_without_a_default_service_only_services_can_be_paged(account, target):
    pager = pager_of(account, service=None)
    told = refusal(Code.NOT_POSSIBLE, pager.page, page(target))
    assert "pagers.duty.service" in told.hint
    assert account.rest.requests == []
    assert pager.page(page(SERVICE)).delivery is Delivery.ACCEPTED
    assert pager.default_target() is None


def test_the_default_is_the_service_of_the_config(pager):
    assert pager.default_target() == Target("service", "PWEB")


def test_nothing_else_can_be_paged(account, pager):
    assert raised(pager.page, page(Target("team", "T1"))).code is Code.NOT_POSSIBLE
    assert raised(pager.page, page(Target("routing_key", "x"))).code is Code.NOT_POSSIBLE
    assert account.rest.requests == account.events.requests == []


def test_who_is_not_mapped_pages_as_the_configured_user_and_a_note_says_so(account, pager):
    paged = pager.page(page(author=DAVE))
    assert account.rest.requests[0].headers["from"] == "bot@example.com"
    assert account.incidents[0]["body"]["details"].endswith(
        "\n\ndave (in #ops) via opsroom, execution 77"
    )
    assert len(paged.notes) == 1
    assert "bot@example.com" in paged.notes[0]
    assert "dave" in paged.notes[0]


@pytest.mark.parametrize(
    "author",
    [
        Author("eve", identity="", email="alice@example.com"),
        Author("eve", identity="PALICE", email=""),
        Author("eve", identity="PALICE", email="alice@example.com\r\nX-Evil: 1"),
        Author("eve", identity="PALICE", email="älice@example.com"),
    ],
)
def test_an_address_alone_or_one_that_is_none_is_not_used(account, pager, author):
    pager.page(page(author=author))
    assert account.rest.requests[0].headers["from"] == "bot@example.com"
    assert "x-evil" not in account.rest.requests[0].headers


def test_an_identity_that_is_an_address_is_used(account, pager):
    pager.page(page(author=Author("alice", identity="alice@example.com")))
    assert account.incidents[0]["from"] == "PALICE"


def test_who_is_not_a_user_of_the_account_is_replaced_once_and_that_is_said(account, pager):
    paged = pager.page(page(author=Author("zoe", identity="PZOE", email="zoe@example.com")))
    posts = account.rest.sent("POST")
    assert [one.headers["from"] for one in posts] == ["zoe@example.com", "bot@example.com"]
    assert posts[0].body == posts[1].body
    assert paged.delivery is Delivery.ACCEPTED
    assert "zoe@example.com" in paged.notes[0]
    assert len(account.incidents) == 1


@pytest.mark.parametrize(
    "wrong", [error(400, 1028, 'Malformed "From" header'), error(404, 1008, "No such user")]
)
def test_an_address_that_pagerduty_does_not_like_is_replaced_too(account, pager, wrong):
    account.rest.instead(wrong)
    assert pager.page(page()).delivery is Delivery.ACCEPTED
    assert account.incidents[0]["from"] == "PBOT"


def test_a_configured_user_whom_the_account_lacks_is_the_administrators_matter(account):
    pager = pager_of(account, **{"from": "gone@example.com"})
    told = failure(Code.UNAUTHORIZED, pager.page, page(author=DAVE))
    assert "gone@example.com" in told.message
    assert "pagers.duty.from" in told.hint
    assert not in_doubt(told)


def test_paging_oneself_is_done_in_the_name_of_the_configured_user_so_that_it_rings(account, pager):
    for number, target in enumerate(
        (Target("user", "PALICE", "alice"), Target("user", "alice@example.com", "alice"))
    ):
        paged = pager.page(page(target, mark=f"m{number}"))
        assert paged.delivery is Delivery.ACCEPTED
        assert paged.incident.people == ("Alice Jones",)
        assert "notifies nobody of what they make themselves" in paged.notes[0]
    account.policies["PPOL"]["levels"] = [[("PALICE", "PSCH")]]
    assert pager.page(page(SCHEDULE, mark="m2")).delivery is Delivery.ACCEPTED


def test_a_page_that_pagerduty_acknowledges_at_once_reaches_nobody(account, pager):
    account.policies["PPOL"]["levels"] = [[("PALICE", "PSCH")]]
    paged = pager.page(page())
    assert paged.delivery is Delivery.NOBODY
    assert paged.on_call == ()
    assert paged.incident.state is State.ACKNOWLEDGED
    assert "acknowledged it at once" in paged.notes[-1]
    assert "Alice Jones" in paged.notes[-1]
    assert pager.find(page()).delivery is Delivery.NOBODY


def test_a_page_that_is_only_with_its_own_author_reaches_nobody(account, pager):
    account.policies["PPOL"]["levels"] = [[("PALICE", "PSCH")]]
    made = {
        "id": "PI1",
        "status": "triggered",
        "assignments": [{"assignee": {"id": "PALICE", "summary": "Alice"}}],
    }
    account.rest.instead(answer({"incident": made}, 201))
    assert pager.page(page()).delivery is Delivery.NOBODY


def test_the_user_of_the_token_who_is_assigned_is_noticed_too(account, pager):
    made = {
        "id": "PI1",
        "status": "acknowledged",
        "assignments": [{"assignee": {"id": "PBOT", "summary": "Bot"}}],
    }
    account.rest.instead(answer({"incident": made}, 201))
    assert pager.page(page(Target("user", "PBOT"), author=DAVE)).delivery is Delivery.NOBODY


def test_an_incident_that_is_with_nobody_reaches_nobody(pager):
    paged = pager.page(page(Target("service", "POTHER", "checks")))
    assert paged.delivery is Delivery.NOBODY
    assert "Nobody is on call" in paged.notes[0]
    assert "checks" in paged.notes[0]


def test_an_answer_without_assignments_is_unconfirmed(account, pager):
    account.rest.instead(answer({"incident": {"id": "PI1", "status": "triggered"}}, 201))
    paged = pager.page(page())
    assert paged.delivery is Delivery.UNCONFIRMED
    assert "did not report whom it reaches" in paged.notes[0]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500), Reply(404, "<html>"), answer({"oncalls": 7}), answer([]),
        error(429, 2020, "Rate Limit Exceeded"),
        answer({"oncalls": [{"user": None}, {"user": {"id": 7}}, {}]}), Reply(drop="unanswered"),
    ],
)  # fmt: skip
def test_until_when_somebody_is_on_call_may_stay_unknown(account, pager, reply):
    account.rest.instead(*[reply] * 4, where=lambda request: request.path == "/oncalls")
    paged = pager.page(page())
    assert paged.delivery is Delivery.ACCEPTED
    assert paged.on_call == (OnCall("Bob Brown"),)


def test_the_room_does_not_wait_long_for_until_when_somebody_is_on_call(
    account, pager, monkeypatch
):
    monkeypatch.setattr("opsroom.pagers.pagerduty.people._SOFT_LIMIT", 0.2)
    until, began = threading.Event(), time.monotonic()
    account.rest.instead(Reply(until=until), where=lambda request: request.path == "/oncalls")
    assert pager.page(page()).on_call == (OnCall("Bob Brown"),)
    until.set()
    # The time limit of the whole command is 10 s.
    assert time.monotonic() - began < 8


def test_an_incident_with_another_key_is_not_taken_for_the_page(account, pager):
    other = {
        "id": "PI9",
        "status": "triggered",
        "incident_key": "else",
        "title": "checkout is down",
        "assignments": [],
    }
    keyless = {**other, "incident_key": None, "title": "something else"}
    account.rest.instead(answer({"incidents": [other, keyless]}))
    assert pager.find(page()) is None


def test_the_same_mark_again_is_the_incident_that_is_there(account, pager):
    first = pager.page(page())
    again = pager.page(page())
    assert again.incident == first.incident
    assert again.delivery is Delivery.ACCEPTED
    assert len(account.incidents) == 1


def test_a_mark_that_is_taken_and_not_shown_is_an_unknown_outcome(account, pager):
    pager.page(page())
    account.rest.instead(answer({"incidents": []}), where=lambda request: request.method == "GET")
    told = failure(Code.OUTCOME_UNKNOWN, pager.page, page())
    assert in_doubt(told)


def test_the_time_limit_is_for_all_requests_of_a_command(account):
    pager, until = pager_of(account, time_limit="0.5s"), threading.Event()
    account.rest.instead(Reply(until=until), where=lambda request: request.path == "/oncalls")
    told = raised(pager.page, page(SCHEDULE))
    until.set()
    assert told.code is Code.TIMED_OUT
    assert account.incidents == []


def test_what_was_found_and_acknowledged_by_whom_it_reached_was_delivered(pager):
    pager.page(page())
    pager.acknowledge("1201", Author("bob", identity="PBOB", email="bob@example.com"))
    assert pager.find(page()).delivery is Delivery.ACCEPTED
    pager.resolve("1201", ALICE)
    found = pager.find(page())
    assert (found.delivery, found.incident.state) == (Delivery.ACCEPTED, State.RESOLVED)


@pytest.mark.parametrize(
    "text",
    [
        "line one\nline two\r\n\tline three",
        "```\ncode {{ st2kv('system.x') }} <% 1 %> {% x %}\n```",
        "see https://a.example.com/?b=1&c=2 <script>alert(1)</script> & \"quotes\" 'too'",
        "snow \u2603 \U0001f525 \u00e4\u00f6\u00fc \u202e \ud83d",
        "<!channel> @here *bold* _x_ \\",
    ],
)
def test_a_text_arrives_as_it_was_typed(account, pager, text):
    paged = pager.page(page(text=text))
    (made,) = account.incidents
    assert made["body"]["details"].startswith(text.strip())
    assert made["title"] == " ".join(text.split())
    assert paged.incident.title == made["title"]


def test_a_long_text_is_cut_in_the_title_and_whole_in_the_body(account, pager):
    text = "word " * 400
    paged = pager.page(page(text=text))
    (made,) = account.incidents
    assert len(made["title"]) <= 1024
    assert made["title"].endswith("word …")
    assert text.strip() in made["body"]["details"]
    assert paged.notes == ()


def test_a_text_beyond_everything_is_cut_visibly_and_that_is_said(account, pager):
    paged = pager.page(page(text="x" * 10_000 + " " + "y" * 20_000))
    details = account.incidents[0]["body"]["details"]
    assert "[cut: 10001 more characters]" in details
    assert details.endswith(ALICE.line)
    assert paged.notes == ("The text was cut; 10001 characters did not go out.",)


def test_a_page_without_text_still_has_a_title(account, pager):
    pager.page(page(text=" \n "))
    assert account.incidents[0]["title"] == "(a page without text)"
