"""The pager kind webhook, against a real receiver that checks what it is sent."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from dataclasses import replace
from typing import Any, Dict, Optional

import pytest

from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.errors import Code, Failure
from opsroom.http.errors import in_doubt
from opsroom.pagers import REGISTRY, Delivery, Page, State, Target
from opsroom.people import Author
from opsroom.webhooks.signature import STANDARD, signature, standard_headers
from support.http_server import HttpServer, Reply, Request
from support.troubles import failure

SECRET = "sign-5ecret-value"
TOKEN = "tok-5ecret-value"
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WEB = Target("target", "web-team", "web-team")
ALICE = Author(
    "alice", "#ops", email="alice@example.com", link="https://st2.example.com/#/history/65f0"
)
PAGE = Page(
    WEB, "checkout is down\nsince 14:02", urgent=True, mark="ops0123456789abc", author=ALICE
)
# How old a request may be that a receiver takes.
TOLERANCE = 300


class Receiver(HttpServer):
    """Takes a page once for each key, when its signature is right and it is new; refuses all
    else."""

    def __init__(self, secret: str = "") -> None:
        super().__init__()
        self.secret = secret
        self.taken: Dict[str, Any] = {}
        self.on("/hook", self.receive)

    def receive(self, request: Request) -> Reply:
        if request.headers.get("content-type") != "application/json":
            return Reply(415, "JSON only")
        if self.secret and not self.signed(request):
            return Reply(401, "bad signature")
        key = request.headers.get("idempotency-key", "")
        if not key:
            return Reply(400, "no key")
        self.taken.setdefault(key, json.loads(request.body))
        number = 1000 + list(self.taken).index(key)
        return Reply(
            201, json.dumps({"incident": {"id": number}}), {"Content-Type": "application/json"}
        )

    def signed(self, request: Request) -> bool:
        return verified(
            self.secret, request.headers.get("x-opsroom-signature", ""), request.body, time.time()
        )


def verified(secret: str, header: str, body: bytes, now: float) -> bool:
    """What docs tell receivers to do."""
    parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    if not parts.get("t", "").isdigit() or abs(now - int(parts["t"])) > TOLERANCE:
        return False
    wanted = hmac.new(
        secret.encode(), parts["t"].encode() + b"." + body, hashlib.sha256
    ).hexdigest()
    return hmac.compare_digest(wanted, parts.get("v1", ""))


@pytest.fixture
def receiver() -> Any:
    with Receiver() as running:
        yield running


def options_of(**raw: Any) -> Any:
    problems = Problems()
    fields = Fields(raw, "pagers.hook", problems)
    options = REGISTRY.read_options("webhook", fields)
    fields.finish()
    return options, problems.lines


def pager_of(server: HttpServer, path: str = "/hook", **raw: Any) -> Any:
    options, lines = options_of(**{"url": server.url(path), **raw})
    assert lines == []
    return REGISTRY.make("webhook", options, name="hook", store=None, keep=None)


def sent_to(server: HttpServer, page: Page = PAGE, **raw: Any) -> Any:
    """The JSON that arrives."""
    pager_of(server, **raw).page(page)
    return json.loads(server.requests[-1].body)


def failure_of(call: Any, *arguments: Any) -> Failure:
    with pytest.raises(Failure) as caught:
        call(*arguments)
    assert caught.value.message.endswith(".")
    for secret in (SECRET, TOKEN):
        assert secret not in str(caught.value) + caught.value.hint + repr(caught.value.facts)
    return caught.value


# What is sent.


def test_a_page_is_one_request_with_all_that_there_is_to_say(receiver: Receiver) -> None:
    paged = pager_of(receiver).page(PAGE)
    (request,) = receiver.requests
    assert request.method == "POST"
    assert request.headers["idempotency-key"] == PAGE.mark
    assert json.loads(request.body) == {
        "text": "checkout is down\nsince 14:02",
        "title": "checkout is down",
        "who": "alice",
        "room": "#ops",
        "target": "web-team",
        "urgent": True,
        "mark": "ops0123456789abc",
        "link": "https://st2.example.com/#/history/65f0",
    }
    assert paged.delivery is Delivery.ACCEPTED
    assert (paged.notes, paged.on_call) == ((), ())
    incident = paged.incident
    assert (incident.id, incident.number, incident.state) == (PAGE.mark, PAGE.mark, State.TRIGGERED)
    assert (incident.title, incident.target) == ("checkout is down", "web-team")


def test_a_template_is_filled_at_any_depth_and_numbers_stay_numbers(receiver: Receiver) -> None:
    template = {
        "message": "{who} in {room}: {title}",
        "priority": 1,
        "really": True,
        "none": None,
        "ratio": 0.5,
        "flags": {"urgent": "{urgent}", "words": "urgent: {urgent}"},
        "parts": [{"text": "{text}"}, ["{target}", "{target}{target}"], "{mark}"],
        "braces": "{ not one } {} {{who}}",
    }
    assert sent_to(receiver, template=template) == {
        "message": "alice in #ops: checkout is down",
        "priority": 1,
        "really": True,
        "none": None,
        "ratio": 0.5,
        "flags": {"urgent": True, "words": "urgent: true"},
        "parts": [{"text": PAGE.text}, ["web-team", "web-teamweb-team"], PAGE.mark],
        "braces": "{ not one } {} {alice}",
    }
    assert sent_to(receiver, replace(PAGE, urgent=False), template=["{urgent}", "{urgent}!"]) == [
        False,
        "false!",
    ]


@pytest.mark.parametrize(
    "text",
    [
        'a", "urgent": false, "x": "',
        '\\"}]} \\u0022 \\',
        "{who} {mark} {text}",
        "{who.__class__} {0} %(who)s ${who}",
        "{{ st2kv.system.x }} <% ctx() %> {# x #}",
        "line one\n\n  indented\r\nline three\ttab",
        "```\ncode\n```\nhttps://example.com/?a=b&c=<d>",
        "<script>alert(1)</script> </text>",
        "日本語 ünï 🔥 \u2028 \u0085",
        "x" * 30_000,
    ],
)
def test_what_people_type_stays_a_value_whatever_it_is(receiver: Receiver, text: str) -> None:
    template = {"text": "{text}", "both": "{who}: {text}", "urgent": "{urgent}"}
    page = replace(PAGE, text=text)
    text = text.replace("\r\n", "\n")
    assert sent_to(receiver, page, template=template) == {
        "text": text,
        "both": f"alice: {text}",
        "urgent": True,
    }


def test_what_json_cannot_carry_is_left_out(receiver: Receiver) -> None:
    found = sent_to(receiver, replace(PAGE, text="a\0b\x1b[2J \ud800"), template=["{text}"])
    assert found == ["ab[2J ?"]


def test_the_title_is_the_first_line_and_short(receiver: Receiver) -> None:
    title = sent_to(receiver, replace(PAGE, text="\n \n" + "word " * 60 + "\nmore"))["title"]
    assert len(title) <= 100
    assert title.startswith("word word")
    assert title.endswith("…")


def test_put_and_headers_of_ones_own_are_sent(receiver: Receiver) -> None:
    pager_of(
        receiver, method="PUT", headers={"Authorization": f"Bearer {TOKEN}", "X-Any": "a b"}
    ).page(PAGE)
    (request,) = receiver.requests
    assert request.method == "PUT"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["x-any"] == "a b"


# The signature.


def test_a_signed_page_passes_a_receiver_that_checks_and_a_wrong_key_does_not() -> None:
    with Receiver(SECRET) as receiver:
        assert pager_of(receiver, secret=SECRET).page(PAGE).delivery is Delivery.ACCEPTED
        error = failure(Code.UNAUTHORIZED, pager_of(receiver, secret="another-secret").page, PAGE)
        assert "pagers.hook.secret" in error.hint
        assert failure_of(pager_of(receiver).page, PAGE).code is Code.UNAUTHORIZED
        assert len(receiver.taken) == 1


def test_the_signature_has_the_time_in_it_so_that_what_is_old_or_changed_can_be_refused() -> None:
    body = '{"text":"ü"}'.encode()
    header = signature(SECRET, body, at=1_800_000_000)
    expected = hmac.new(SECRET.encode(), b"1800000000." + body, hashlib.sha256).hexdigest()
    assert header == f"t=1800000000,v1={expected}"
    assert verified(SECRET, header, body, now=1_800_000_010)
    assert not verified(SECRET, header, body, now=1_800_000_000 + TOLERANCE + 1)
    assert not verified(SECRET, header.replace("t=18", "t=19"), body, now=1_900_000_000)
    assert not verified(SECRET, header, body + b" ", now=1_800_000_010)


def test_the_header_of_the_signature_can_have_another_name(receiver: Receiver) -> None:
    pager_of(receiver, secret=SECRET, signature_header="X-Hub").page(PAGE)
    (request,) = receiver.requests
    assert verified(SECRET, request.headers["x-hub"], request.body, time.time())
    assert "x-opsroom-signature" not in request.headers


def test_without_a_secret_nothing_is_signed(receiver: Receiver) -> None:
    pager_of(receiver).page(PAGE)
    assert not {"x-opsroom-signature", *STANDARD} & set(receiver.requests[0].headers)


@pytest.mark.parametrize(
    ("secret", "key"), [(WHSEC, WHSEC), (SECRET, SECRET.encode())], ids=["whsec_", "plain"]
)
def test_a_library_of_standard_webhooks_verifies_what_is_signed(
    receiver: Receiver, secret: str, key: Any
) -> None:
    standardwebhooks = pytest.importorskip("standardwebhooks")
    page = replace(PAGE, text="checkout ist kaputt: ü ✓")
    pager_of(receiver, secret=secret).page(page)
    (request,) = receiver.requests
    assert verified(secret, request.headers["x-opsroom-signature"], request.body, time.time())
    hook = standardwebhooks.Webhook(key)
    assert hook.verify(request.body, dict(request.headers))["text"] == page.text
    for name in STANDARD:
        changed = {**request.headers, name: request.headers[name][:-3] + "AA="}
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            hook.verify(request.body, changed)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        hook.verify(request.body + b" ", dict(request.headers))
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(b"another-secret").verify(request.body, dict(request.headers))


def test_the_standard_headers_are_those_of_the_specification() -> None:
    # The example of the specification's own test suite.
    key, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    headers = standard_headers(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", body, at=1614265330)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_page_that_is_sent_again_has_the_same_id(receiver: Receiver) -> None:
    receiver.on("/lossy", Reply(drop="unanswered"), Reply(201, "{}"))
    pager = pager_of(receiver, "/lossy", secret=WHSEC, repeatable=True)
    pager.page(PAGE)
    pager.find(PAGE)
    ids = [one.headers["webhook-id"] for one in receiver.requests]
    assert ids == [PAGE.mark] * 3


@pytest.mark.parametrize(
    ("raw", "standard", "old"),
    [
        ({}, True, True),
        ({"signature": "both"}, True, True),
        ({"signature": "standard"}, True, False),
        ({"signature": "opsroom"}, False, True),
        # Configs of 0.3 that leave no room for the new headers.
        ({"headers": {"Webhook-Id": "7"}}, False, True),
        ({"signature_header": "webhook-signature"}, False, True),
        ({"secret": "whsec_!"}, False, True),
    ],
)
def test_which_signature_is_sent(
    receiver: Receiver, raw: Dict[str, Any], standard: bool, old: bool
) -> None:
    pager_of(receiver, **{"secret": SECRET, **raw}).page(PAGE)
    headers = receiver.requests[0].headers
    assert headers.get("webhook-signature", "").startswith("v1,") is standard
    header = headers.get(raw.get("signature_header", "x-opsroom-signature").lower(), "")
    assert header.startswith("t=") is old


# What the answer means.


@pytest.mark.parametrize(
    ("reply", "delivery", "note"),
    [
        (Reply(200, "ok"), Delivery.ACCEPTED, ""),
        (Reply(201), Delivery.ACCEPTED, ""),
        (Reply(204), Delivery.ACCEPTED, ""),
        (Reply(202, "queued"), Delivery.UNCONFIRMED, "accepted it for later (202)"),
        (Reply(200, "<html>", {"Content-Type": "text/html; charset=utf-8"}), Delivery.UNCONFIRMED,
         "web page"),
    ],
)  # fmt: skip
def test_an_answer_proves_as_much_as_it_says(
    receiver: Receiver, reply: Reply, delivery: Delivery, note: str
) -> None:
    receiver.on("/other", reply)
    paged = pager_of(receiver, "/other").page(PAGE)
    assert paged.delivery is delivery
    assert [note in one and one.endswith(".") for one in paged.notes] == ([True] if note else [])
    assert len(receiver.requests) == 1


def test_the_id_is_taken_out_of_the_answer(receiver: Receiver) -> None:
    incident = pager_of(receiver, answer_id="incident.id").page(PAGE).incident
    assert (incident.id, incident.number) == ("1000", "1000")


@pytest.mark.parametrize(
    "body",
    [
        "", "<html>login</html>", "nonsense", "[]", "{}", "null", "1", '{"incident": null}',
        '{"incident": []}',
        '{"incident": {"id": null}}', '{"incident": {"id": true}}', '{"incident": {"id": {}}}',
        '{"incident": {"id": ""}}', '{"incident": {"id": " "}}', '{"error": "no such team"}',
        "[" * 100_000,
    ],
)  # fmt: skip
def test_an_answer_without_the_promised_id_is_in_doubt(receiver: Receiver, body: str) -> None:
    receiver.on("/other", Reply(200, body))
    error = failure(
        Code.BAD_ANSWER, pager_of(receiver, "/other", answer_id="incident.id").page, PAGE
    )
    assert in_doubt(error)
    assert len(receiver.requests) == 1


def test_an_expression_that_is_none_is_told(receiver: Receiver) -> None:
    failure = failure_of(pager_of(receiver, answer_id="a..b").page, PAGE)
    assert "'a..b'" in failure.message
    assert failure.hint == "See pagers.hook.answer_id."


def test_an_id_from_outside_is_one_short_line_in_which_nothing_is_evaluated(
    receiver: Receiver,
) -> None:
    receiver.on("/other", Reply(200, json.dumps({"id": "{{ x }}\n<!channel>" + "y" * 500})))
    number = pager_of(receiver, "/other", answer_id="id").page(PAGE).incident.id
    assert "{{" not in number
    assert "\n" not in number
    assert len(number) <= 200


@pytest.mark.parametrize(
    ("reply", "code", "words", "hint"),
    [
        (Reply(400, "no team 'web'"), Code.NOT_ACCEPTED,
         "rejected the page with 400: no team 'web'.", "template"),
        (Reply(422), Code.NOT_ACCEPTED, "rejected the page with 422.", "template"),
        (Reply(409, "twice"), Code.NOT_ACCEPTED, "rejected the page with 409: twice.", "template"),
        (Reply(404, "<html>404</html>"), Code.NOT_ACCEPTED,
         "rejected the page with 404: with a web page.", "url and method"),
        (Reply(405), Code.NOT_ACCEPTED, "rejected the page with 405.", "url and method"),
        (Reply(413, "{{ x }} " * 500), Code.NOT_ACCEPTED, "rejected the page with 413: { { x } }",
         "template"),
        (Reply(410), Code.GONE, "is gone for good (410)", "pagers.hook.url"),
    ],
)  # fmt: skip
def test_a_page_that_is_turned_down_was_certainly_not_sent(
    receiver: Receiver, reply: Reply, code: Code, words: str, hint: str
) -> None:
    receiver.on("/other", reply)
    error = failure(code, pager_of(receiver, "/other", headers={"X-Token": TOKEN}).page, PAGE)
    assert words in error.message
    assert hint in error.hint
    assert not in_doubt(error)
    assert len(receiver.requests) == 1


def test_a_ca_file_that_is_not_there_is_named(receiver: Receiver) -> None:
    failure = failure_of(pager_of(receiver, verify="/nowhere/ca.pem").page, PAGE)
    assert "/nowhere/ca.pem" in failure.message
    assert receiver.requests == []


# A lost answer.


def lossy(receiver: Receiver, times: int, drop: str = "unanswered") -> None:
    """Take so many pages and lose the answers, then answer."""

    def take(request: Request) -> Reply:
        reply = receiver.receive(request)
        return replace(reply, drop=drop) if len(receiver.requests) <= times else reply

    receiver.on("/lossy", take)


def test_put_alone_does_not_mean_that_it_may_be_sent_again(receiver: Receiver) -> None:
    lossy(receiver, 1)
    assert in_doubt(failure_of(pager_of(receiver, "/lossy", method="PUT").page, PAGE))
    assert len(receiver.requests) == 1


def test_a_receiver_that_knows_keys_gets_it_again_and_has_it_once(receiver: Receiver) -> None:
    lossy(receiver, 1)
    paged = pager_of(receiver, "/lossy", repeatable=True, answer_id="incident.id").page(PAGE)
    assert paged.incident.id == "1000"
    assert len(receiver.requests) == 2
    assert len(receiver.taken) == 1


def test_a_page_in_doubt_is_found_by_sending_it_again_under_its_key(receiver: Receiver) -> None:
    lossy(receiver, 4)
    pager = pager_of(receiver, "/lossy", repeatable=True, answer_id="incident.id")
    assert in_doubt(failure_of(pager.page, PAGE))  # three attempts
    found = pager.find(PAGE)
    assert found is not None
    assert found.incident.id == "1000"
    assert len(receiver.requests) == 5
    assert list(receiver.taken) == [PAGE.mark]


@pytest.mark.parametrize("status", [400, 404, 409, 429, 500])
def test_a_failed_look_never_means_that_the_page_is_not_there(
    receiver: Receiver, status: int
) -> None:
    receiver.on("/other", Reply(status))
    assert in_doubt(failure_of(pager_of(receiver, "/other", repeatable=True).find, PAGE))


def test_a_receiver_that_is_at_it_already_is_in_doubt(receiver: Receiver) -> None:
    receiver.on("/other", Reply(409, "in progress"))
    assert in_doubt(failure_of(pager_of(receiver, "/other", repeatable=True).page, PAGE))


# What it cannot do.


def test_whom_it_reaches_without_a_target_of_the_team(receiver: Receiver) -> None:
    assert pager_of(receiver).default_target() is None
    assert pager_of(receiver, target="all").default_target() == Target("target", "all", "all")
    alone = pager_of(receiver, template={"text": ["{text}"]})
    assert alone.default_target() == Target("target", "", "hook")
    assert alone.person("", "bob@example.com", "bob") is None
    assert alone.person("U7", "", "bob") == Target("target", "U7", "bob")


# The config.


def test_secrets_do_not_show_anywhere(receiver: Receiver) -> None:
    raw: Dict[str, Any] = {"secret": SECRET, "headers": {"X-Token": TOKEN}}
    options = options_of(url=f"https://u:{TOKEN}@h/", **raw)[0]
    assert TOKEN not in repr(options)
    assert SECRET not in repr(options)
    path: str = "/services/T024/abcdefghijklmnop0123"
    echo: Optional[str] = f"bad {SECRET} {TOKEN} {path} ?key={TOKEN}"
    for status in (400, 401, 429, 500):
        receiver.on(path, Reply(status, echo or ""))
        failure = failure_of(pager_of(receiver, f"{path}?key={TOKEN}", **raw).page, PAGE)
        assert "abcdefghijklmnop0123" not in failure.message + repr(failure.facts)
        assert "/services/T024/***" in failure.message
