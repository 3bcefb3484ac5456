"""The pager kind pagerduty with a routing key only: the Events API v2, which answers before anyone
is paged."""

from __future__ import annotations

import pytest

from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.errors import Code, Failure, Refusal
from opsroom.http.errors import in_doubt
from opsroom.pagers import REGISTRY, Delivery, Page, State, Target
from opsroom.people import Author
from support.contracts.vendor import answer, body_of
from support.servers.http import Reply
from support.troubles.table import error_with, raised, refusal
from support.vendors.pagers.pagerduty import ROUTING_KEY, FakePagerDuty, invalid_event

ALICE = Author(
    "alice", "#ops", "PALICE", "alice@example.com", "https://st2.example.com/#/history/1"
)
MARK = "ops0123456789abc"
TEAM_KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def account():
    with FakePagerDuty() as running:
        yield running


@pytest.fixture
def pager(account):
    return pager_of(account)


def pager_of(account, **more):
    raw = {"routing_key": ROUTING_KEY, "token": None, "from": None, "service": None, **more}
    problems = Problems()
    options = REGISTRY.read_options(
        "pagerduty", Fields(account.options(**raw), "pagers.duty", problems)
    )
    assert problems.lines == []
    return REGISTRY.make("pagerduty", options, name="duty", store=None, keep=None)


def team_target(key):
    problems = Problems()
    fields = Fields({"duty": {"routing_key": key}}, "teams.web-team", problems)
    target = REGISTRY.read("pagerduty", "read_target", fields, "duty")
    assert problems.lines == []
    return target


def page(pager, text="checkout is down", urgent=False, target=None, author=ALICE):
    return Page(target or pager.default_target(), text, urgent, MARK, author)


def test_a_page_is_one_event_whose_outcome_is_unconfirmed(account, pager):
    paged = pager.page(page(pager))
    (request,) = account.events.requests
    assert request.path == "/v2/enqueue"
    assert body_of(request) == {
        "routing_key": ROUTING_KEY,
        "event_action": "trigger",
        "dedup_key": MARK,
        "client": "opsroom",
        "client_url": "https://st2.example.com/#/history/1",
        "links": [
            {"href": "https://st2.example.com/#/history/1", "text": "The execution in StackStorm"}
        ],
        "payload": {
            "summary": "checkout is down",
            "source": "opsroom",
            "severity": "error",
            "custom_details": {"text": f"checkout is down\n\n{ALICE.line}"},
        },
    }
    assert "authorization" not in request.headers
    assert paged.delivery is Delivery.UNCONFIRMED
    assert paged.on_call == ()
    assert "cannot be learnt without a token" in paged.notes[-1]
    assert (paged.incident.id, paged.incident.state, paged.incident.target) == (
        MARK,
        State.UNKNOWN,
        "duty",
    )
    assert account.rest.requests == []
    assert len(account.incidents) == 1


def test_an_urgent_page_is_critical(account, pager):
    pager.page(page(pager, urgent=True))
    assert body_of(account.events.requests[0])["payload"]["severity"] == "critical"


def test_a_link_that_is_no_address_is_none(account, pager):
    pager.page(page(pager, author=Author("dave", link="execution 77")))
    event = body_of(account.events.requests[0])
    assert "links" not in event
    assert "client_url" not in event
    assert event["payload"]["custom_details"]["text"].endswith("dave via opsroom, execution 77")


def test_a_team_may_have_a_routing_key_of_its_own(account, pager):
    account.routing_keys[TEAM_KEY] = "POTHER"
    paged = pager.page(page(pager, target=team_target(TEAM_KEY)))
    assert paged.incident.target == "web-team"
    assert account.incidents[0]["service"]["id"] == "POTHER"
    assert TEAM_KEY not in repr(paged)


def test_the_summary_is_one_line(account, pager):
    pager.page(page(pager, text="line one\nline {{ two }} <b>\n\U0001f525"))
    payload = body_of(account.events.requests[0])["payload"]
    assert payload["summary"] == "line one line {{ two }} <b> \U0001f525"


def test_a_long_text_is_cut_in_the_summary_and_one_beyond_everything_visibly(account, pager):
    paged = pager.page(page(pager, text="word " * 6000))
    payload = body_of(account.events.requests[0])["payload"]
    assert len(payload["summary"]) <= 1024
    assert payload["summary"].endswith("word …")
    assert "[cut: 10000 more characters]" in payload["custom_details"]["text"]
    assert "10000 characters did not go out" in paged.notes[0]


def test_answers_that_stay_lost_leave_it_in_doubt(account, pager):
    for _ in range(3):
        account.events.after("unanswered")
    told = raised(pager.page, page(pager))
    assert in_doubt(told)
    assert len(account.incidents) == 1


def test_a_routing_key_that_is_none_names_the_key_of_the_config(account, pager):
    account.routing_keys.clear()
    told = refusal(Code.NOT_ACCEPTED, pager.page, page(pager))
    assert "Event object is invalid: 'routing_key' is invalid" in told.message
    assert "pagers.duty" in told.hint


@pytest.mark.parametrize(
    ("reply", "kind", "code", "words", "doubt"),
    [
        (invalid_event("'payload.source' is missing"), Refusal, Code.NOT_ACCEPTED,
         "'payload.source' is missing", False),
        (invalid_event(f"echo {ROUTING_KEY}"), Refusal, Code.NOT_ACCEPTED, "***", False),
        (Reply(400, "Bad Request"), Failure, Code.BAD_ANSWER, "400", False),
        (Reply(202, '{"status": 1}'), Failure, Code.BAD_ANSWER, "JSON without", True),
        (answer({"status": "full", "message": "later"}, 202), Refusal, Code.NOT_ACCEPTED,
         "full: later", False),
    ],
)  # fmt: skip
def test_each_error_is_told_in_a_sentence(account, pager, reply, kind, code, words, doubt):
    for call in (lambda: pager.page(page(pager)), lambda: pager.acknowledge(MARK, ALICE)):
        account.events.instead(reply)
        told = error_with(code, call)
        assert isinstance(told, kind)
        assert words in told.message
        assert isinstance(told, Refusal) or in_doubt(told) is doubt
    assert account.incidents == []


def test_a_teams_own_key_is_kept_out_of_errors_too(account, pager):
    account.events.instead(invalid_event(f"no integration has {TEAM_KEY}"))
    assert "***" in raised(pager.page, page(pager, target=team_target(TEAM_KEY))).message


def test_an_answer_without_a_key_is_as_good(account, pager):
    account.events.instead(answer({"status": "success"}, 202))
    assert pager.page(page(pager)).incident.id == MARK


@pytest.mark.parametrize(
    ("verb", "status"), [("acknowledge", "acknowledged"), ("resolve", "resolved")]
)
def test_an_alert_is_followed_up_by_its_key_and_what_came_of_it_stays_unknown(
    account, pager, verb, status
):
    pager.page(page(pager))
    incident = getattr(pager, verb)(f" {MARK} ", ALICE)
    assert (incident.id, incident.state) == (MARK, State.UNKNOWN)
    assert account.incidents[0]["status"] == status
    assert len(account.events.requests) == 2


@pytest.mark.parametrize("id", ["", "a b", "x" * 256, "a\nb", "schnee-\u2603"])
def test_what_cannot_be_a_key_is_an_unknown_page(account, pager, id):
    assert raised(pager.resolve, id, ALICE).code is Code.UNKNOWN_PAGE
    assert account.events.requests == []


@pytest.mark.parametrize(
    "call",
    [
        lambda pager: pager.on_call(pager.default_target()),
        lambda pager: pager.find(page(pager)),
        lambda pager: pager.incident(MARK),
        lambda pager: pager.incidents(),
        lambda pager: pager.escalate(MARK, ALICE),
        lambda pager: pager.add_responder(MARK, Target("user", "PBOB"), ALICE),
        lambda pager: pager.page(page(pager, target=Target("service", "PWEB"))),
        lambda pager: pager.page(page(pager, target=Target("escalation_policy", "PPOL"))),
    ],
)
def test_what_needs_a_token_says_so_and_asks_nobody(account, pager, call):
    told = refusal(Code.NOT_POSSIBLE, call, pager)
    assert "token" in told.message + told.hint
    assert "pagers.duty" in told.hint
    assert account.events.requests == account.rest.requests == []


def test_there_are_no_names_and_no_people(account, pager):
    assert pager.look_up("web") == ()
    assert pager.person("PBOB", "bob@example.com", "bob") is None
    assert account.events.requests == []
