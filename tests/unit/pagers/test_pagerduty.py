"""The pager kind pagerduty with a token, against an account in memory that takes only what the
contract takes."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timezone

import pytest

from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.errors import Code, Failure, OpsroomError, Refusal
from opsroom.http.errors import in_doubt
from opsroom.pagers import REGISTRY, Delivery, OnCall, Page, State, Target
from opsroom.people import Author
from support.http_server import Reply
from support.troubles import failure, refusal
from support.vendor import answer, body_of
from support.vendors.pagerduty import ROUTING_KEY, TOKEN, FakePagerDuty, error

ALICE = Author(
    "alice", "#ops", "PALICE", "alice@example.com", "https://st2.example.com/#/history/1"
)
DAVE = Author("dave", "#ops", link="execution 77")
SERVICE = Target("service", "PWEB", "Web")
POLICY = Target("escalation_policy", "PPOL", "Web team")
SCHEDULE = Target("schedule", "PSCH", "Web rota")
BOB = Target("user", "PBOB", "bob")
MARK = "ops0123456789abc"
SIX = datetime(2026, 11, 23, 18, tzinfo=timezone.utc)


@pytest.fixture
def account():
    with FakePagerDuty() as running:
        yield running


@pytest.fixture
def waits(monkeypatch):
    """The pauses that were made, in seconds; nobody waits."""
    made = []
    monkeypatch.setattr("opsroom.http.vendor.sleep", made.append)
    return made


def options_of(**raw):
    problems = Problems()
    fields = Fields(raw, "pagers.duty", problems)
    options = REGISTRY.read_options("pagerduty", fields)
    fields.finish()
    return options, problems.lines


def pager_of(account, **more):
    options, lines = options_of(**account.options(**more))
    assert lines == []
    return REGISTRY.make("pagerduty", options, name="duty", store=None, keep=None)


@pytest.fixture
def pager(account):
    return pager_of(account)


def page(target=SERVICE, text="checkout is down", urgent=False, author=ALICE, mark=MARK):
    return Page(target, text, urgent, mark, author)


def asked(account):
    return [f"{one.method} {one.path}" for one in account.rest.requests]


def writes(request):
    return request.method in ("POST", "PUT")


def raised(kind, call, *arguments) -> OpsroomError:
    with pytest.raises(kind) as caught:
        call(*arguments)
    told = caught.value
    assert type(told) is kind
    assert told.message.endswith(".")
    assert not told.hint or told.hint.endswith((".", "page 1201"))
    for secret in (TOKEN, ROUTING_KEY):
        assert secret not in str(told) + told.hint + repr(told.facts)
    return told


# Paging


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
    assert raised(Refusal, pager.page, page(Target("team", "T1"))).code is Code.NOT_POSSIBLE
    assert raised(Refusal, pager.page, page(Target("routing_key", "x"))).code is Code.NOT_POSSIBLE
    assert account.rest.requests == account.events.requests == []


# In whose name


def test_whoever_is_not_mapped_pages_in_the_name_of_the_configured_user_and_that_is_said(
    account, pager
):
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


def test_a_configured_user_whom_the_account_does_not_have_is_the_administrators_matter(account):
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


def test_an_incident_that_is_with_nobody_reaches_nobody(account, pager):
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


# Exactly once


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
    told = raised(Failure, pager.page, page(SCHEDULE))
    until.set()
    assert told.code is Code.TIMED_OUT
    assert account.incidents == []


def test_what_was_found_and_acknowledged_by_whom_it_reached_was_delivered(account, pager):
    pager.page(page())
    pager.acknowledge("1201", Author("bob", identity="PBOB", email="bob@example.com"))
    assert pager.find(page()).delivery is Delivery.ACCEPTED
    pager.resolve("1201", ALICE)
    found = pager.find(page())
    assert (found.delivery, found.incident.state) == (Delivery.ACCEPTED, State.RESOLVED)


# Text


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


# Names and who is on call


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("web", [Target("service", "PWEB", "Web")]),
        ("WEB TEAM", [Target("escalation_policy", "PPOL", "Web team")]),
        ("web rota", [Target("schedule", "PSCH", "Web rota")]),
        ("carol@example.com", [Target("user", "PCAROL", "Carol White")]),
        (
            "we",
            [
                Target("service", "PWEB", "Web"),
                Target("service", "POTHER", "Website checks"),
                Target("escalation_policy", "PPOL", "Web team"),
                Target("schedule", "PSCH", "Web rota"),
            ],
        ),
        ("brown", [Target("user", "PBOB", "Bob Brown")]),
        ("nothing of the kind", []),
        ("example.com", []),
    ],
)
def test_names_are_looked_up_exact_before_partial_with_four_requests(account, pager, name, found):
    assert list(pager.look_up(name)) == found
    assert asked(account) == [
        "GET /services",
        "GET /escalation_policies",
        "GET /schedules",
        "GET /users",
    ]


def test_no_name_is_not_looked_up(account, pager):
    assert pager.look_up(" ") == ()
    assert account.rest.requests == []


def test_a_long_list_is_read_on_up_to_a_bound(account, pager):
    account.services = {
        f"P{number}": {"name": f"web {number}", "policy": "PPOL"} for number in range(250)
    }
    assert pager.look_up("web 249") == (Target("service", "P249", "web 249"),)
    account.services = {
        f"P{number}": {"name": f"db {number}", "policy": "PPOL"} for number in range(900)
    }
    assert len(pager.look_up("db")) == 300
    services = [one for one in account.rest.requests if one.path == "/services"]
    assert [one.query["offset"][0] for one in services[1:]] == ["0", "100", "200"]


def test_who_is_on_call_for_a_service_is_told_by_its_escalation_policy_and_pages_nobody(
    account, pager
):
    on_call = pager.on_call(SERVICE)
    assert on_call == (
        OnCall("Bob Brown", SIX, 1, "Web rota"),
        OnCall("Carol White", None, 2, "Web team"),
    )
    assert asked(account) == ["GET /services/PWEB", "GET /oncalls"]
    assert account.incidents == []


@pytest.mark.parametrize(
    ("target", "on_call"),
    [
        (POLICY, ("Bob Brown", "Carol White")), (SCHEDULE, ("Bob Brown",)),
        (Target("user", "PCAROL"), ("Carol White",)), (Target("user", "PALICE"), ()),
        (Target("escalation_policy", "PEMPTY"), ()),
    ],
)  # fmt: skip
def test_who_is_on_call_elsewhere_is_one_request(account, pager, target, on_call):
    assert tuple(one.name for one in pager.on_call(target)) == on_call
    assert asked(account) == ["GET /oncalls"]


def test_somebody_who_is_on_call_twice_is_told_once_with_the_later_end(account, pager):
    account.schedules["PLATE"] = {
        "name": "Late",
        "end": "2026-11-23T22:00:00+02:00",
        "type": "schedule_reference",
    }
    account.policies["PPOL"]["levels"] = [[("PBOB", "PSCH"), ("PBOB", "PLATE")]]
    (duty,) = pager.on_call(POLICY)
    assert duty.until == datetime(2026, 11, 23, 20, tzinfo=timezone.utc)
    account.policies["PPOL"]["levels"] = [[("PBOB", "PSCH"), ("PBOB", "")]]
    assert pager.on_call(POLICY) == (OnCall("Bob Brown", None, 1, "Web team"),)


def test_a_schedule_in_several_policies_tells_its_person_once(account, pager):
    account.policies["PEMPTY"]["levels"] = [[("PCAROL", "")], [("PBOB", "PSCH")]]
    assert pager.on_call(SCHEDULE) == (OnCall("Bob Brown", SIX, 1, "Web rota"),)


def test_a_service_that_is_not_there_is_told(account, pager):
    told = refusal(Code.UNKNOWN_WHO, pager.on_call, Target("service", "PGONE"))
    assert "PGONE" in told.message


def test_nobody_can_tell_who_is_on_call_behind_a_routing_key(pager):
    target = options_target(routing_key=ROUTING_KEY)
    assert raised(Refusal, pager.on_call, target).code is Code.NOT_POSSIBLE


# Incidents


@pytest.mark.parametrize("id", ["1201", "#1201", " 1201 ", "PI1201", MARK])
def test_an_incident_is_known_by_number_id_and_mark(account, pager, id):
    pager.page(page())
    incident = pager.incident(id)
    assert (incident.number, incident.state) == ("1201", State.TRIGGERED)
    assert len(asked(account)) == 3


@pytest.mark.parametrize(
    "id", ["77", "ops00000000000ff", "", "../users", "1 2", "a/b", "x" * 100, "%2e%2e", "{{x}}"]
)
def test_an_incident_that_is_not_there_is_an_unknown_page(account, pager, id):
    for verb in (
        pager.incident,
        lambda id: pager.acknowledge(id, ALICE),
        lambda id: pager.resolve(id, ALICE),
    ):
        assert raised(Refusal, verb, id).code is Code.UNKNOWN_PAGE
    assert not account.rest.sent("PUT")


def test_the_open_incidents_are_listed_newest_first(account, pager):
    for number in range(3):
        pager.page(page(text=f"page {number}", mark=f"m{number}"))
    pager.page(page(Target("service", "POTHER"), mark="m3"))
    pager.resolve("1202", ALICE)
    account.rest.requests.clear()
    assert [one.number for one in pager.incidents()] == ["1204", "1203", "1201"]
    assert [one.number for one in pager.incidents(limit=1)] == ["1204"]
    assert [one.number for one in pager.incidents(SERVICE)] == ["1203", "1201"]
    assert [one.number for one in pager.incidents(BOB)] == ["1203", "1201"]
    assert [one.number for one in pager.incidents(POLICY)] == ["1203", "1201"]
    assert [one.number for one in pager.incidents(POLICY, limit=1)] == ["1203"]
    assert asked(account) == ["GET /incidents"] * 6
    query = account.rest.requests[0].query
    assert query["statuses[]"] == ["triggered", "acknowledged"]
    assert query["date_range"] == ["all"]


def test_the_incidents_of_a_schedule_are_those_of_the_people_on_call_there(account, pager):
    pager.page(page(BOB))
    pager.page(page(Target("user", "PCAROL"), mark="other"))
    account.rest.requests.clear()
    assert [one.number for one in pager.incidents(SCHEDULE)] == ["1201"]
    assert asked(account) == ["GET /oncalls", "GET /incidents"]
    account.policies["PPOL"]["levels"] = []
    assert pager.incidents(SCHEDULE) == ()


def test_the_incidents_of_a_routing_key_cannot_be_told(pager):
    target = options_target(routing_key=ROUTING_KEY)
    assert raised(Refusal, pager.incidents, target).code is Code.NOT_POSSIBLE


def test_an_incident_is_acknowledged_in_the_name_of_who_says_so(account, pager):
    pager.page(page())
    account.rest.requests.clear()
    incident = pager.acknowledge("1201", ALICE)
    assert incident.state is State.ACKNOWLEDGED
    assert asked(account) == ["GET /incidents/1201", "PUT /incidents/PI1201"]
    assert account.incidents[0]["changed_by"] == "PALICE"


def test_what_is_acknowledged_already_is_left_as_it_is(account, pager):
    pager.page(page())
    pager.acknowledge("1201", ALICE)
    assert pager.acknowledge("1201", DAVE).state is State.ACKNOWLEDGED
    assert len(account.rest.sent("PUT")) == 1


@pytest.mark.parametrize("verb", ["acknowledge", "resolve", "escalate"])
def test_what_is_resolved_is_closed_and_never_opened_again(account, pager, verb):
    pager.page(page())
    pager.resolve("1201", ALICE)
    told = refusal(Code.PAGE_CLOSED, getattr(pager, verb), "1201", ALICE)
    assert "1201" in told.message
    assert raised(Refusal, pager.add_responder, "1201", BOB, ALICE).code is Code.PAGE_CLOSED
    assert account.incidents[0]["status"] == "resolved"
    assert len(account.rest.sent("PUT")) == 1


def test_what_somebody_resolved_in_between_is_closed(account, pager):
    pager.page(page())

    def resolved(request):
        if request.method != "PUT":
            return False
        account.incidents[0].update(status="resolved", assignments=[])
        return True

    account.rest.instead(error(400, 1001, "Incident Already Resolved"), where=resolved)
    assert raised(Refusal, pager.acknowledge, "1201", ALICE).code is Code.PAGE_CLOSED
    account.incidents[0]["status"] = "triggered"
    account.rest.instead(error(400, 1001, "Incident Already Resolved"), where=resolved)
    assert pager.resolve("1201", ALICE).state is State.RESOLVED


def test_what_somebody_acknowledged_in_between_is_a_success(account, pager):
    pager.page(page())

    def acknowledged(request):
        if request.method != "PUT":
            return False
        account.incidents[0].update(status="acknowledged")
        return True

    account.rest.instead(error(400, 1002, "Incident Already Acknowledged"), where=acknowledged)
    assert pager.acknowledge("1201", ALICE).state is State.ACKNOWLEDGED


def test_a_resolution_carries_who_it_is_from(account, pager):
    pager.page(page())
    account.rest.requests.clear()
    incident = pager.resolve("#1201", DAVE)
    assert incident.state is State.RESOLVED
    assert asked(account) == ["GET /incidents/1201", "PUT /incidents/PI1201"]
    assert account.incidents[0]["resolution"] == "dave (in #ops) via opsroom, execution 77"
    assert account.incidents[0]["changed_by"] == "PBOT"


def test_acknowledging_goes_on_after_an_answer_that_was_lost(account, pager):
    pager.page(page())
    account.rest.after("unanswered", where=writes)
    assert pager.acknowledge("1201", ALICE).state is State.ACKNOWLEDGED


def test_escalating_wakes_the_next_level(account, pager):
    pager.page(page())
    pager.acknowledge("1201", ALICE)
    account.rest.requests.clear()
    incident = pager.escalate("1201", ALICE)
    assert incident.people == ("Carol White",)
    assert incident.state is State.TRIGGERED
    assert asked(account) == ["GET /incidents/1201", "GET /oncalls", "PUT /incidents/PI1201"]
    assert body_of(account.rest.requests[-1])["incident"]["escalation_level"] == 2


def test_on_the_last_level_there_is_nobody_further(account, pager):
    pager.page(page())
    pager.escalate("1201", ALICE)
    told = refusal(Code.NOT_POSSIBLE, pager.escalate, "1201", ALICE)
    assert "last level" in told.message
    assert "Web team" in told.message


def test_what_was_assigned_to_a_person_goes_to_the_first_level_with_somebody_else(account, pager):
    pager.page(page(Target("user", "PALICE"), author=DAVE))
    assert pager.escalate("1201", ALICE).people == ("Bob Brown",)
    pager.page(page(BOB, mark="other"))
    assert pager.escalate("1202", ALICE).people == ("Carol White",)
    pager.page(page(Target("user", "PCAROL"), mark="third"))
    assert pager.escalate("1203", ALICE).people == ("Bob Brown",)


def test_a_level_with_the_same_people_is_passed_over(account, pager):
    account.policies["PPOL"]["levels"] = [[("PBOB", "PSCH")], [("PBOB", "")], [("PCAROL", "")]]
    pager.page(page())
    assert pager.escalate("1201", ALICE).people == ("Carol White",)


def test_escalating_is_not_sent_again_after_a_lost_answer(account, pager):
    pager.page(page())
    account.rest.after("unanswered", where=writes)
    assert in_doubt(raised(Failure, pager.escalate, "1201", ALICE))
    assert len(account.rest.sent("PUT")) == 1


def test_somebody_is_added_in_the_name_of_who_says_so(account, pager):
    pager.page(page())
    account.rest.requests.clear()
    assert pager.add_responder("1201", Target("user", "PCAROL", "carol"), ALICE).number == "1201"
    assert asked(account) == ["GET /incidents/1201", "POST /incidents/PI1201/responder_requests"]
    assert account.rest.requests[-1].headers["from"] == "alice@example.com"
    assert account.responders == [
        {"id": "PCAROL", "type": "user_reference", "incident": "PI1201", "by": "PALICE"}
    ]
    assert body_of(account.rest.requests[-1])["message"] == f"checkout is down ({ALICE.line})"


def test_an_escalation_policy_and_whoever_is_on_call_on_a_schedule_can_be_added(account, pager):
    pager.page(page())
    pager.add_responder("1201", POLICY, ALICE)
    pager.add_responder("1201", SCHEDULE, ALICE)
    pager.add_responder("1201", Target("user", "carol@example.com", "carol"), ALICE)
    assert [one["id"] for one in account.responders] == ["PPOL", "PBOB", "PCAROL"]
    assert raised(Refusal, pager.add_responder, "1201", SERVICE, ALICE).code is Code.NOT_POSSIBLE
    account.policies["PPOL"]["levels"] = []
    assert (
        raised(Failure, pager.add_responder, "1201", SCHEDULE, ALICE).code is Code.NOBODY_NOTIFIED
    )


def test_who_is_not_mapped_adds_somebody_as_the_configured_user_whose_id_is_asked(account, pager):
    pager.page(page())
    account.rest.requests.clear()
    pager.add_responder("1201", BOB, DAVE)
    assert asked(account) == [
        "GET /incidents/1201",
        "GET /users",
        "POST /incidents/PI1201/responder_requests",
    ]
    assert account.responders[0]["by"] == "PBOT"


def test_who_is_mapped_to_a_user_that_is_gone_adds_somebody_as_the_configured_user(account, pager):
    pager.page(page())
    pager.add_responder("1201", BOB, Author("zoe", identity="PZOE", email="zoe@example.com"))
    assert account.responders[0]["by"] == "PBOT"


def test_an_account_that_cannot_add_responders_says_so(account, pager):
    account.abilities.clear()
    pager.page(page())
    told = refusal(Code.NOT_POSSIBLE, pager.add_responder, "1201", BOB, ALICE)
    assert "lacks" in told.message
    assert "coordinated_responding" in told.message


def test_a_configured_user_that_is_gone_cannot_add_anybody(account):
    pager = pager_of(account, **{"from": "gone@example.com"})
    pager.page(page())
    assert "pagers.duty.from" in raised(Failure, pager.add_responder, "1201", BOB, DAVE).hint


# By an event, followed with the token


def options_target(**raw):
    problems = Problems()
    target = REGISTRY.read(
        "pagerduty", "read_target", Fields({"duty": raw}, "teams.web-team", problems), "duty"
    )
    assert problems.lines == []
    return target


def test_an_event_is_followed_until_its_incident_is_there(account, pager, waits):
    account.immediate = False
    target, looks = options_target(routing_key=ROUTING_KEY), []

    def second_look(request):
        looks.append(request.path)
        if len(looks) == 2:
            account.settle()
        return False

    account.rest.instead(Reply(), where=second_look)
    paged = pager.page(page(target, text="disk is full\nsee dashboard"))
    assert paged.delivery is Delivery.ACCEPTED
    assert paged.incident.number == "1201"
    assert paged.on_call == (OnCall("Bob Brown", SIX, 1, "Web rota"),)
    assert waits == [0.5]
    assert pager.incident(MARK).number == "1201"


def test_an_event_without_an_incident_in_time_is_unconfirmed(account, waits):
    account.immediate = False
    pager = pager_of(account, time_limit="2s")
    paged = pager.page(page(options_target(routing_key=ROUTING_KEY), mark=MARK))
    assert paged.delivery is Delivery.UNCONFIRMED
    assert paged.incident.id == MARK
    assert "in time" in paged.notes[-1] or "outcome is unknown" in paged.notes[-1]


def test_an_event_that_was_taken_stays_taken_when_following_it_fails(account, pager):
    account.rest.instead(Reply(500))
    paged = pager.page(page(options_target(routing_key=ROUTING_KEY)))
    assert paged.delivery is Delivery.UNCONFIRMED
    assert "outcome is unknown" in paged.notes[-1]


def test_a_routing_key_is_the_default_where_no_service_is_configured(account):
    pager = pager_of(account, service=None, routing_key=ROUTING_KEY)
    assert pager.page(page(pager.default_target())).delivery is Delivery.ACCEPTED


# Errors, for every verb


@pytest.mark.parametrize(
    ("reply", "kind", "code", "words"),
    [
        (error(401, 2006, "Authentication failed"), Failure, Code.UNAUTHORIZED,
         "Authentication failed"),
        (error(403, 2010, "Access Denied"), Failure, Code.UNAUTHORIZED, "Access Denied"),
        (error(402, 2012, "Payment Required", "no ability"), Refusal, Code.NOT_POSSIBLE,
         "no ability"),
        (error(400, 2001, "Invalid Input", "this is odd"), Refusal, Code.NOT_ACCEPTED,
         "Invalid Input: this is odd"),
        (error(409, 2000, "Conflict"), Refusal, Code.NOT_ACCEPTED, "Conflict"),
        (error(410, 2000, "Gone"), Failure, Code.GONE, "no longer"),
        (Reply(400, '{"error": 7}'), Failure, Code.BAD_ANSWER, "400"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "call",
    [lambda pager: pager.page(page()), lambda pager: pager.on_call(POLICY)],
    ids=["page", "on_call"],
)
def test_what_pagerduty_explains_is_quoted(account, pager, call, reply, kind, code, words):
    account.rest.instead(reply)
    told = raised(kind, call, pager)
    assert told.code is code
    assert words in told.message
    assert kind is Refusal or not in_doubt(told)
    assert account.incidents == []


@pytest.mark.parametrize("headers", [{"ratelimit_reset": "2"}, {"retry_after": "2"}])
def test_a_short_wait_that_pagerduty_asks_for_is_made(account, pager, waits, headers):
    account.rest.instead(error(429, 2020, "Rate Limit Exceeded", **headers))
    assert pager.page(page()).delivery is Delivery.ACCEPTED
    assert waits == [2.0]
    assert len(account.incidents) == 1


@pytest.mark.parametrize("seconds", ["42", "3600"])
def test_a_long_wait_is_told_instead(account, pager, waits, seconds):
    account.rest.instead(error(429, 2020, "Rate Limit Exceeded", ratelimit_reset=seconds))
    told = failure(Code.RATE_LIMITED, pager.page, page())
    assert ("42 s" if seconds == "42" else "60 min") in told.message
    assert told.facts["retry_after"] == float(seconds)
    assert told.facts["sent"] is False
    assert waits == []


def test_errors_name_the_key_of_the_config_that_mends_them(account, pager):
    account.rest.instead(error(401, 2006, "x"))
    assert "pagers.duty.token" in raised(Failure, pager.page, page()).hint
    account.rest.instead(error(403, 2010, "x"))
    assert "pagers.duty.token" in raised(Failure, pager.page, page()).hint
    told = refusal(Code.NOT_ACCEPTED, pager.page, page(Target("service", "PGONE")))
    assert "Service not found" in told.message
    assert "pagers.duty" in told.hint


# The config


def test_the_defaults_are_the_vendors():
    options, _ = options_of(
        **{"token": "x", "from": "b@example.com", "url": "https://api.eu.example.com/"}
    )
    assert options.url == "https://api.eu.example.com"
    assert options.events_url == "https://events.pagerduty.com"
    assert (
        options_of(**{"token": "x", "from": "b@example.com"})[0].url == "https://api.pagerduty.com"
    )
