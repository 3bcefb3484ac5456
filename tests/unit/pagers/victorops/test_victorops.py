"""Paging by the API of Splunk On-Call: whom, in whose name, and what it refuses."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from opsroom.errors import Code, Failure, OpsroomError
from opsroom.http.errors import in_doubt
from opsroom.pagers import Delivery, OnCall, State, Target
from opsroom.pagers.victorops.mapping import headline
from opsroom.people import Author
from support.contracts.vendor import answer, body_of
from support.pages.victorops import (
    CAROL,
    KEY,
    KEYS,
    MARK,
    WEB,
    address,
    asked,
    made,
    page,
)
from support.servers.http import Reply
from support.troubles.table import failure, refusal
from support.vendors.pagers.victorops import API_ID


def test_a_page_to_a_user_is_one_request_and_known_at_once(api, pager):
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


def test_a_page_where_nobody_is_known_to_be_on_call_says_so(org, pager):
    org.on_call["pol-web1"] = []
    paged = pager.page(page(target=WEB))
    assert paged.notes == ("Splunk On-Call names nobody who is on call for Web now.",)


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
    assert "pagers.duty.user" in error.hint
    assert api.requests == []


def test_a_configured_user_who_is_not_known_there_is_named(api, org):
    org.add()
    pager = made(**KEYS, url=api.url(""), user="gone")
    error = refusal(Code.UNKNOWN_PERSON, pager.acknowledge, "1", CAROL)
    assert error.message == "Splunk On-Call does not know its user 'gone': User not found."
    error = refusal(Code.NOT_ACCEPTED, pager.page, page(author=CAROL))
    assert "Could not find user gone." in error.message


@pytest.mark.parametrize("field", ["service", "entityDisplayName", "entityId"])
def test_the_mark_is_found_in_whichever_field_it_comes_back(org, pager, field):
    org.add()
    org.add(**{field: f"x [{MARK}]"})
    assert pager.find(page()).incident.number == "2"


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (Reply(401, "Authentication parameters missing"), Code.UNAUTHORIZED,
         "(401): Authentication parameters missing."),
        (Reply(403, "Authentication failed"), Code.UNAUTHORIZED,
         "both are 403: Authentication failed."),
        (Reply(403, "Usage limit exceeded"), Code.RATE_LIMITED,
         "is rate-limiting opsroom (403): Usage limit exceeded."),
        (Reply(429, ""), Code.RATE_LIMITED, "without saying for how long."),
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
    assert "pagers.duty.api_id and pagers.duty.api_key" in error.hint


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


def test_the_default_routing_key_is_where_a_page_goes_when_nobody_is_named(plain, pager):
    assert plain.default_target() == KEY
    assert pager.default_target() is None


def test_a_person_is_reached_by_their_name_there(pager):
    assert pager.person("bob", "bob@example.com", "Bob") == Target("user", "bob", "Bob")
    assert pager.person("", "bob@example.com", "Bob") is None
