"""The pager kind opsgenie, against a vendor that refuses what Opsgenie's own description of its API
refuses."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.errors import Code, Failure, OpsroomError, Refusal
from opsroom.http.errors import in_doubt
from opsroom.pagers import REGISTRY, Delivery, OnCall, Page, State, Target
from opsroom.pagers.opsgenie.mapping import headline
from opsroom.people import Author
from support.http_server import Reply
from support.troubles import failure, refusal
from support.vendor import answer, body_of
from support.vendors.opsgenie import KEY, READ_KEY, Opsgenie

ALICE = Author("alice", "#ops", "", "alice@example.com", "https://st2.example.com/x1")
WEB = Target("team", "web")
MARK = "ops0123456789abc"


class Time:
    """A clock that only moves when someone waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits = []

    def wait(self, seconds):
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture(autouse=True)
def time(monkeypatch):
    time = Time()
    monkeypatch.setattr("opsroom.http.vendor.clock", lambda: time.now)
    monkeypatch.setattr("opsroom.http.vendor.sleep", time.wait)
    return time


@pytest.fixture
def account():
    return Opsgenie()


@pytest.fixture
def vendor(account):
    with account.vendor() as running:
        yield running


def options_of(**raw):
    problems = Problems()
    fields = Fields(raw, "pagers.opsgenie", problems)
    options = REGISTRY.read_options("opsgenie", fields)
    fields.finish()
    return options, problems.lines


def pager_at(vendor, **raw):
    options, lines = options_of(**{"api_key": KEY, "url": vendor.url("") + vendor.base, **raw})
    assert lines == []
    return REGISTRY.make("opsgenie", options, name="opsgenie", store=None, keep=None)


@pytest.fixture
def pager(vendor):
    return pager_at(vendor)


def page(text="checkout is down", target=WEB, urgent=False, author=ALICE):
    return Page(target, text, urgent, MARK, author)


def asked(vendor):
    """What was asked, without ids that the vendor made up."""
    return [f"{one.method} {'/'.join(one.path.split('/')[:4])}" for one in vendor.requests]


PAGED = ["POST /v2/alerts", "GET /v2/alerts/requests", "GET /v2/alerts/requests"]


def is_post(request):
    return request.method == "POST"


def is_outcome(request):
    return "/requests/" in request.path


# Paging.


def test_a_page_is_an_alert_that_was_followed_until_it_was_made(vendor, account, pager):
    paged = pager.page(page())
    (alert,) = account.open()
    assert paged.delivery is Delivery.ACCEPTED
    assert paged.incident.number == "1701"
    assert paged.incident.id == alert["id"]
    assert paged.incident.state is State.TRIGGERED
    assert paged.incident.target == "web"
    assert paged.incident.since == datetime(2026, 11, 23, 14, 1, 11, 846_000, tzinfo=timezone.utc)
    assert [one.partition(alert["id"])[0] for one in asked(vendor)] == [*PAGED, "GET /v2/alerts/"]


def test_the_alert_says_what_is_wrong_who_asks_and_from_where(vendor, pager):
    pager.page(page("checkout is down\nsince 14:00"))
    sent = body_of(vendor.requests[0])
    assert sent == {
        "message": "checkout is down …",
        "alias": MARK,
        "description": "alice (in #ops) via opsroom, https://st2.example.com/x1\n\ncheckout is "
        "down\nsince 14:00",
        "responders": [{"type": "team", "name": "web"}],
        "details": {
            "requested by": "alice",
            "room": "#ops",
            "execution": "https://st2.example.com/x1",
        },
        "tags": ["opsroom"],
        "priority": "P3",
        "user": "alice",
        "source": "opsroom #ops",
    }
    assert all(isinstance(value, str) for value in sent["details"].values())


def test_an_urgent_page_has_the_highest_priority(vendor, account, pager):
    pager.page(page(urgent=True))
    assert account.open()[0]["priority"] == "P1"


@pytest.mark.parametrize(
    ("target", "responder"),
    [
        (Target("team", "web"), {"type": "team", "name": "web"}),
        (Target("team", "00000000-0000-0000-0000-000000000001", "web"),
         {"type": "team", "id": "00000000-0000-0000-0000-000000000001"}),
        (Target("user", "bob@example.com", "Bob"), {"type": "user", "username": "bob@example.com"}),
        (Target("escalation_policy", "web_escalation"),
         {"type": "escalation", "name": "web_escalation"}),
        (Target("schedule", "web_schedule"), {"type": "schedule", "name": "web_schedule"}),
    ],
)  # fmt: skip
def test_whoever_is_paged_is_named_as_opsgenie_names_them(vendor, pager, target, responder):
    assert pager.page(page(target=target)).delivery is Delivery.ACCEPTED
    assert body_of(vendor.requests[0])["responders"] == [responder]


def test_somebody_who_asks_is_named_by_their_name_in_opsgenie_where_the_config_has_one(
    vendor, pager
):
    pager.page(page(author=Author("alice", "", "alice@opsgenie.example.com")))
    sent = body_of(vendor.requests[0])
    assert (sent["user"], sent["source"]) == ("alice@opsgenie.example.com", "opsroom")
    assert "room" not in sent["details"]


def test_a_person_is_reached_by_their_name_in_opsgenie_else_by_their_address(pager):
    assert pager.person("b@x.example.com", "bob@example.com", "Bob") == Target(
        "user", "b@x.example.com", "Bob"
    )
    assert pager.person("", "bob@example.com", "Bob") == Target("user", "bob@example.com", "Bob")
    assert pager.person("", "", "Bob") is None


def test_with_a_key_of_the_account_the_answer_says_who_is_on_call(vendor):
    paged = pager_at(vendor, read_key=READ_KEY).page(page())
    assert paged.on_call == (OnCall("bob@example.com", through="web_schedule"),)
    assert len(vendor.requests) == 6


def test_that_nobody_can_tell_who_is_on_call_does_not_undo_a_page(vendor):
    pager = pager_at(vendor, read_key=READ_KEY)
    vendor.instead(
        Reply(500, "x"), Reply(500, "x"), where=lambda one: one.path.startswith("/v2/schedules")
    )
    paged = pager.page(page())
    assert (paged.delivery, paged.on_call) == (Delivery.ACCEPTED, ())


def test_a_page_to_a_user_reaches_that_user(pager):
    assert pager.page(page(target=Target("user", "bob@example.com", "Bob"))).on_call == (
        OnCall("Bob"),
    )


def test_an_outcome_that_takes_its_time_is_asked_for_in_growing_steps(vendor, account, pager, time):
    account.slow = 5
    assert pager.page(page()).delivery is Delivery.ACCEPTED
    assert time.waits == [0.15, 0.3, 0.6, 1.2, 1.5]


def test_a_page_that_was_taken_and_failed_is_no_page(vendor, pager):
    error = refusal(Code.NOT_ACCEPTED, pager.page, page(target=Target("team", "wbe")))
    assert error.message == "Opsgenie made no alert for team wbe: Responder does not exist."
    assert not error.facts["sent"]


def test_what_came_of_a_page_is_said_to_be_unknown_when_it_is(vendor, account, pager, time):
    account.slow = 1000
    paged = pager.page(page())
    assert paged.delivery is Delivery.UNCONFIRMED
    assert paged.incident.id == MARK
    assert paged.notes == (
        "Opsgenie took the request; its outcome is unknown: it was not known within 8 s.",
    )
    assert time.now == pytest.approx(8.0)


def test_a_page_whose_outcome_was_not_told_is_found_by_its_alias(vendor, account, pager):
    vendor.instead(Reply(500, "x"), Reply(500, "x"), Reply(500, "x"), where=is_outcome)
    account.slow = 0
    paged = pager.page(page())
    assert (paged.delivery, paged.incident.number) == (Delivery.ACCEPTED, "1701")


@pytest.mark.parametrize(
    "reply",
    [
        answer({"data": None}), answer([1]), answer({"data": {"isSuccess": "yes"}}),
        Reply(200, "<html>"), Reply(403, "{}"), Reply(405, "<html>"),
    ],
)  # fmt: skip
def test_an_outcome_that_says_nothing_is_unknown(vendor, pager, reply):
    vendor.instead(*[reply] * 50, where=is_outcome)
    vendor.instead(
        *[Reply(404, "{}")] * 5, where=lambda one: one.method == "GET" and not is_outcome(one)
    )
    assert pager.page(page()).delivery is Delivery.UNCONFIRMED


def test_an_alert_without_responders_reaches_nobody(vendor, account, pager):
    pager.page(page())
    account.open()[0]["responders"] = []
    found = pager.find(page())
    assert found.delivery is Delivery.NOBODY
    assert found.notes == ("The alert has no responders, so that nobody is notified.",)


def test_without_a_look_at_the_alert_the_page_is_still_told(vendor, pager):
    vendor.instead(
        *[Reply(500, "x")] * 3, where=lambda one: one.method == "GET" and not is_outcome(one)
    )
    paged = pager.page(page())
    assert paged.delivery is Delivery.ACCEPTED
    assert paged.incident.id
    assert paged.incident.number == ""


# Exactly once.


def test_the_same_mark_again_is_the_same_alert(vendor, account, pager):
    first = pager.page(page())
    assert pager.page(page()).incident.number == first.incident.number
    assert len(account.alerts) == 1
    assert account.open()[0]["count"] == 2


def test_looking_for_a_page_is_one_request(vendor, pager):
    assert pager.find(page()) is None
    assert asked(vendor) == [f"GET /v2/alerts/{MARK}"]
    assert vendor.requests[0].query == {"identifierType": ["alias"]}


# Refusals and failures.


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (
            answer({"message": "Could not authenticate"}, 401),
            Code.UNAUTHORIZED,
            "(401): Could not authenticate.",
        ),
        (answer({"message": "Not allowed."}, 403), Code.UNAUTHORIZED, "(403): Not allowed."),
        (
            answer({"message": "Upgrade"}, 402),
            Code.NOT_POSSIBLE,
            "The Opsgenie account does not include this (402)",
        ),
        (
            answer({"message": "No entity"}, 404),
            Code.BAD_ANSWER,
            "answered 404, not as Opsgenie does.",
        ),
        (Reply(404, "<html>"), Code.BAD_ANSWER, "answered 404, not as Opsgenie does."),
        (answer({"message": "Gone"}, 410), Code.GONE, "(410): Gone."),
        (
            answer(
                {
                    "message": "Request body is not processable.",
                    "errors": {"message": "is too long."},
                },
                422,
            ),
            Code.NOT_ACCEPTED,
            "(422): Request body is not processable, message: is too long.",
        ),
        (answer(["x"], 400), Code.NOT_ACCEPTED, "(400)."),
    ],
)
def test_what_opsgenie_refuses_is_certain_and_said(vendor, pager, reply, code, words):
    vendor.instead(reply)
    with pytest.raises(OpsroomError) as caught:
        pager.page(page())
    assert caught.value.code is code
    assert words in caught.value.message
    assert caught.value.message.endswith(".")
    assert not isinstance(caught.value, Failure) or not in_doubt(caught.value)
    assert len(vendor.requests) == 1


def test_a_key_that_is_not_accepted_names_its_place_in_the_config(vendor):
    error = failure(
        Code.UNAUTHORIZED, pager_at(vendor, api_key="wr0ng-key-of-someone").page, page()
    )
    assert "pagers.opsgenie.api_key" in error.hint
    error = failure(Code.UNAUTHORIZED, pager_at(vendor, read_key=KEY).on_call, WEB)
    assert "pagers.opsgenie.read_key may read the configuration" in error.hint


def test_a_short_time_to_wait_is_waited_for_once(vendor, account, pager, time):
    vendor.instead(answer({"message": "TooManyRequests"}, 429, X_RateLimit_Period_In_Sec="1"))
    assert pager.page(page()).delivery is Delivery.ACCEPTED
    assert time.waits[0] == 1.0
    assert len(account.open()) == 1


def test_a_long_time_to_wait_is_told(vendor, pager, time):
    busy = answer({}, 429, X_RateLimit_Period_In_Sec="60", X_RateLimit_Reason="ACCOUNT")
    vendor.instead(busy)
    error = failure(Code.RATE_LIMITED, pager.page, page())
    assert error.message == (
        "Opsgenie is rate-limiting opsroom, by the requests of the account; retry in 60 s."
    )
    assert error.facts["retry_after"] == 60
    assert not in_doubt(error)
    assert time.waits == []


# Incidents.


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


def test_an_alias_with_any_characters_is_one_part_of_the_address(vendor, account, pager):
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


# Acknowledging, resolving, escalating, adding.


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


def test_an_acknowledgement_whose_outcome_is_not_told_is_read_off_the_alert(vendor, account, pager):
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


def test_a_closed_alert_is_not_escalated(vendor, account, pager):
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


# Who is on call, and names.


def test_who_is_on_call_for_a_schedule_is_one_request(vendor):
    pager = pager_at(vendor, read_key=READ_KEY)
    assert pager.on_call(Target("schedule", "web_schedule")) == (
        OnCall("bob@example.com", through="web_schedule"),
    )
    assert len(vendor.requests) == 1
    assert vendor.sent("POST") == []


def test_who_is_on_call_for_a_team_are_those_of_its_schedules(vendor, account):
    other = {"id": "9", "name": "web_backup", "enabled": True, "ownerTeam": account.teams[0]}
    off = {"id": "8", "name": "old", "enabled": False, "ownerTeam": account.teams[0]}
    account.schedules += [other, off, {"id": "7", "name": "db", "ownerTeam": account.teams[1]}]
    account.on_call["web_backup"] = ["zoe@example.com"]
    account.schedules[1]["id"] = "00000000-0000-0000-0000-000000000009"
    found = pager_at(vendor, read_key=READ_KEY).on_call(Target("team", "WEB"))
    assert [(one.name, one.through) for one in found] == [
        ("bob@example.com", "web_schedule"),
        ("zoe@example.com", "web_backup"),
    ]
    assert len(vendor.requests) == 3


def test_an_empty_schedule_has_nobody_on_call(vendor, account):
    account.on_call["web_schedule"] = []
    assert pager_at(vendor, read_key=READ_KEY).on_call(WEB) == ()


def test_a_user_is_always_on_call_for_themselves(vendor, pager):
    assert pager.on_call(Target("user", "bob@example.com", "Bob")) == (OnCall("Bob"),)
    assert vendor.requests == []


@pytest.mark.parametrize(
    ("target", "code", "words"),
    [
        (Target("schedule", "nope"), Code.UNKNOWN_WHO, "Opsgenie has no schedule 'nope'."),
        (Target("team", "nope"), Code.NOT_POSSIBLE, "no schedule that belongs to a team 'nope'"),
        (Target("escalation_policy", "e"), Code.NOT_POSSIBLE, "for teams and schedules"),
    ],
)
def test_who_is_on_call_nowhere_is_refused(vendor, target, code, words):
    error = refusal(code, pager_at(vendor, read_key=READ_KEY).on_call, target)
    assert words in error.message


def test_without_a_key_of_the_account_nobody_is_looked_up(vendor, pager):
    error = refusal(Code.NOT_POSSIBLE, pager.on_call, WEB)
    assert "pagers.opsgenie.read_key" in error.hint
    assert pager.look_up("web") == ()
    assert vendor.requests == []


def test_a_name_that_is_equal_counts_more_than_one_that_contains_it(vendor):
    pager = pager_at(vendor, read_key=READ_KEY)
    assert [one.kind for one in pager.look_up("WEB")] == ["team"]
    assert len(vendor.requests) == 4
    assert vendor.sent("POST") == []
    assert [(one.kind, one.shown) for one in pager.look_up("eb")] == [
        ("team", "web"),
        ("team", "Web Ops"),
        ("escalation_policy", "web_escalation"),
        ("schedule", "web_schedule"),
        ("user", "Zoë Webb"),
    ]
    assert pager.look_up("zoë webb") == (Target("user", "zoe@example.com", "Zoë Webb"),)
    assert pager.look_up("bob@example.com") == (Target("user", "bob@example.com", "Bob Builder"),)
    assert pager.look_up("nobody") == ()
    assert pager.look_up("  ") == ()


def test_users_are_read_a_hundred_at_a_time_up_to_five_hundred(vendor, account):
    account.users += [
        {"id": str(n), "username": f"u{n}@example.com", "fullName": ""} for n in range(1000)
    ]
    assert pager_at(vendor, read_key=READ_KEY).look_up("u999@example.com") == ()
    assert [one.query["offset"] for one in vendor.requests[3:]] == [
        ["0"],
        ["100"],
        ["200"],
        ["300"],
        ["400"],
    ]


def test_items_of_an_unexpected_shape_are_left_out(vendor):
    pager = pager_at(vendor, read_key=READ_KEY)
    vendor.instead(answer({"data": [1, None, {"name": ["x"]}, {"name": "web"}]}))
    assert pager.look_up("web") == (Target("team", "web", "web"),)
    vendor.instead(answer({"data": {"onCallRecipients": [1.5, None, {"a": 1}, "x"]}}))
    assert [one.name for one in pager.on_call(Target("schedule", "s"))] == ["1.5", "x"]


# Jira Service Management.


def test_the_same_goes_for_jira_service_management(account):
    with account.vendor(base="/jsm/ops/integration") as vendor:
        pager = pager_at(vendor)
        assert pager.page(page()).delivery is Delivery.ACCEPTED
        assert vendor.requests[0].path == "/jsm/ops/integration/v2/alerts"
        with pytest.raises(Refusal) as caught:
            pager.on_call(WEB)
        assert caught.value.hint == "Jira Service Management shows it under Operations."


# Text.


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("checkout is down", "checkout is down"),
        ("\n  checkout is down \n\nand more", "checkout is down …"),
        ("x" * 130, "x" * 130),
        ("x" * 131, "x" * 128 + " …"),
        ("word " * 40, ("word " * 25).strip() + " …"),
        ("🔥" * 65, "🔥" * 65),
        ("🔥" * 66, "🔥" * 64 + " …"),
        ("x" * 129 + "\ny", "x" * 128 + " …"),
        ("", "Page"),
    ],
)
def test_the_title_is_the_first_line_as_far_as_it_goes(text, title):
    assert headline(text) == title
    assert len(title.encode("utf-16-le")) // 2 <= 130


def test_html_is_not_read_as_html(account, pager):
    pager.page(page("<b>bold</b> <script>alert(1)</script> <!-- x --> 1 < 2 <3"))
    alert = account.open()[0]
    for text in (alert["message"], alert["description"]):
        assert "< b>bold< /b> < script>alert(1)< /script> < !-- x --> 1 < 2 <3" in text


def test_a_text_of_thirty_thousand_characters_is_cut_and_says_so(account, pager):
    paged = pager.page(page("word " * 6000))
    description = account.open()[0]["description"]
    assert 14_500 < len(description) <= 15_000
    missing = int(description.rpartition("[cut: ")[2].split()[0])
    assert paged.notes == (f"Opsgenie takes 15000 characters: {missing} are missing.",)
    assert missing > 15_000


def test_long_names_fit(vendor, pager):
    pager.page(page(author=Author("a" * 300, "#" + "r" * 300, link="l" * 3000)))
    sent = body_of(vendor.requests[0])
    assert len(sent["user"]) == len(sent["source"]) == 100


# Secrets.


# The config.


def test_an_api_key_is_enough():
    options, lines = options_of(api_key=KEY)
    assert lines == []
    assert (options.url, options.follow, options.time_limit, options.responder) == (
        "https://api.opsgenie.com",
        8.0,
        10.0,
        None,
    )


def test_the_default_responder_is_where_a_page_goes_when_nobody_is_named(vendor, pager):
    assert pager.default_target() is None
    assert pager_at(vendor, responder="web").default_target() == Target("team", "web")
    schedule = {"schedule": "web_schedule"}
    assert pager_at(vendor, responder=schedule).default_target() == Target(
        "schedule", "web_schedule"
    )
