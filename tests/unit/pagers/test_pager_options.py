"""The config of every pager kind: what is complained of, by which key, and that no secret shows."""

from __future__ import annotations

from datetime import date
from typing import Any, Dict, List, Tuple

import pytest

from opsroom.pagers import REGISTRY
from support.options import read_options
from support.pages.kinds import ADDRESSES, pager_at
from support.troubles.pagers import secrets_of
from support.troubles.secrets import SECRETS, SIGNING
from support.vendors.pagers.opsgenie import KEY, READ_KEY
from support.vendors.pagers.pagerduty import TOKEN
from support.vendors.pagers.victorops import API_ID, API_KEY, ENDPOINT_KEY

KEYS = {"api_id": API_ID, "api_key": API_KEY}
PASSWORD = "mail-5ecret-value"
SECRET = SIGNING
MAIL = {"kind": "email", "host": "h", "sender": "a@example.com"}


def options_of(kind: str, **raw: Any) -> Tuple[Any, List[str]]:
    """The options of a config, and what is complained of."""
    return read_options(REGISTRY, kind, raw, "pagers.duty")


def check(kind: str, raw: Dict[str, Any], complaint: str) -> None:
    """That a config is complained of in one line, which shows no secret."""
    (line,) = options_of(kind, **raw)[1]
    assert line.startswith(f"pagers.duty.{complaint}"), line
    assert not [one for one in (*SECRETS, PASSWORD) if one[:8] in line]


@pytest.mark.parametrize("name", [*ADDRESSES, "email"])
def test_the_keys_of_all_kinds_are_checked(name: str) -> None:
    config = dict(MAIL if name == "email" else pager_at(name, "https://h.example.com"))
    kind = config.pop("kind")
    assert options_of(kind, **config)[1] == []
    check(kind, {**config, "time_limit": 0}, "time_limit: expected a length of time")
    check(kind, {**config, "verify": False}, "verify: expected the full path of a CA file")
    check(kind, {**config, "tokn": "x"}, "tokn: there is no such key")
    for address in ("ftp://x", "h.example.com") if name in ADDRESSES else ():
        check(kind, {**config, ADDRESSES[name]: address}, f"{ADDRESSES[name]}: expected ")


@pytest.mark.parametrize("name", ADDRESSES)
def test_no_secret_shows_in_the_options(name: str) -> None:
    config = pager_at(name, "https://h.example.com")
    options, lines = options_of(config.pop("kind"), **config)
    assert lines == []
    assert not [one for one in secrets_of(name) if one in repr(options) + str(options)]


def test_no_password_shows_in_the_options() -> None:
    options = options_of("email", host="h", sender="a@b", user="u", password=PASSWORD)[0]
    assert PASSWORD not in repr(options)


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ({}, "token: expected a token, or a routing_key"),
        ({"token": "x"}, "from: expected the e-mail address of the account's user in whose name"),
        ({"token": "x", "from": "bot"},
         "from: expected the e-mail address of a user of the account, found 'bot'"),
        ({"token": "x", "from": "a@b.example.com\nX: y"}, "from: expected the e-mail address"),
        ({"token": ["x"], "from": "a@b.example.com"},
         "token: expected the key of the REST API alone"),
        ({"token": f"Token token={TOKEN}", "from": "a@b.example.com"},
         "token: expected the key of the REST API alone"),
        ({"token": "a\nb", "from": "a@b.example.com"},
         "token: expected the key of the REST API alone"),
        ({"routing_key": True}, "routing_key: expected the integration key"),
        ({"routing_key": "x", "service": "Web team"}, "service: expected the id of a service"),
        ({"routing_key": "x", "url": "https://x/?a=b"}, "url: expected an http or https address"),
        ({"routing_key": "x", "events_url": "x"}, "events_url: expected an http or https address"),
    ],
)  # fmt: skip
def test_wrong_options_of_pagerduty_are_named(raw: Dict[str, Any], complaint: str) -> None:
    check("pagerduty", raw, complaint)


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ({}, "api_key: expected the key of an API integration, found nothing"),
        ({"api_key": KEY, "url": "https://og.example.com/?a=b"},
         "url: expected an http or https address"),
        ({"api_key": KEY, "url": f"https://u:{READ_KEY}@h.example.com"},
         "url: expected an address without a user"),
        ({"api_key": KEY, "responder": {"service": "x", "user": "b"}},
         "responder.service: there is no such key"),
        ({"api_key": KEY, "follow": "2h"}, "follow: expected a length of time"),
        ({"api_key": KEY, "apikey": "x"}, "apikey: there is no such key; did you mean api_key?"),
        ({"api_key": KEY, "read_key": READ_KEY,
          "url": "https://api.atlassian.com/jsm/ops/integration/"},
         "read_key: has no effect with this url"),
    ],
)  # fmt: skip
def test_wrong_options_of_opsgenie_are_named(raw: Dict[str, Any], complaint: str) -> None:
    check("opsgenie", raw, complaint)


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ({}, "api_id: expected api_id and api_key, or endpoint, or all three"),
        ({"api_id": API_ID}, "api_key: expected it beside api_id"),
        ({"api_key": API_KEY, "user": "x"}, "api_id: expected it beside api_key"),
        (KEYS, "user: expected the user in whose name incidents are made for people without one"),
        ({**KEYS, "user": "x", "url": f"https://u:{ENDPOINT_KEY}@h.example.com"},
         "url: expected an address without"),
        ({**KEYS, "user": "x", "follow": "2h"}, "follow: expected a length of time"),
        ({"endpoint": f"https://h/{ENDPOINT_KEY}"},
         "endpoint: expected the address of the REST endpoint up to its key"),
        ({"endpoint": f"https://h/alert/{ENDPOINT_KEY}/database"},
         "endpoint: expected the address of the REST"),
        ({"endpoint": f"https://h/alert/{ENDPOINT_KEY}?x=1"},
         "endpoint: expected the address of the REST"),
        ({"endpoint": [ENDPOINT_KEY]}, "endpoint: expected the address of the REST"),
    ],
)  # fmt: skip
def test_wrong_options_of_victorops_are_named(raw: Dict[str, Any], complaint: str) -> None:
    check("victorops", raw, complaint)


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ({}, "url: expected an http or https address, found nothing"),
        ({"url": "http://h/{target}"}, "url: {target} is not filled in here, only in template"),
        ({"method": "GET"}, "method: expected one of POST, PUT"),
        ({"headers": ["a"]}, "headers: expected a mapping"),
        ({"headers": {"a b": "c"}}, "headers.a b: expected the name of a header"),
        ({"headers": {"X-A": "c\r\nX-B: d"}}, "headers.X-A: expected one line"),
        ({"headers": {"X-A": "日"}}, "headers.X-A: expected one line"),
        ({"headers": {"idempotency-key": "c"}},
         "headers.idempotency-key: expected a header that opsroom does not set"),
        ({"headers": {"content-type": "c"}},
         "headers.content-type: expected a header that opsroom does not set"),
        ({"secret": SECRET, "headers": {"X-OPSROOM-signature": "c"}},
         "headers.X-OPSROOM-signature: expected a header"),
        ({"signature_header": "X-Sig"}, "secret: expected one beside signature_header"),
        ({"signature": "both"}, "secret: expected one beside signature"),
        ({"secret": SECRET, "signature": "v2"},
         "signature: expected one of standard, opsroom, both"),
        ({"secret": "whsec_!", "signature": "standard"}, "secret: expected base64 after whsec_"),
        ({"secret": SECRET, "signature": "standard", "headers": {"Webhook-Id": "7"}},
         "headers.Webhook-Id: expected a header that opsroom does not set"),
        ({"secret": SECRET, "signature": "both", "signature_header": "webhook-signature"},
         "signature_header: expected another header than webhook-signature beside it"),
        ({"secret": SECRET, "signature_header": "a:b"},
         "signature_header: expected the name of a header"),
        ({"template": "{text}"},
         "template: expected a mapping or a list, the JSON to send, found '{text}'"),
        ({"template": {"a": [{"b": "{nobody}"}]}},
         "template.a[0].b: {nobody} is not filled in here; known: {text}"),
        ({"template": {"{who}": "x"}},
         "template: expected keys that are plain texts, found '{who}'"),
        ({"template": {True: "x"}}, "template: expected keys that are plain texts, found true"),
        ({"template": [date(2026, 1, 2)]},
         "template[0]: expected what JSON can hold; put quotes around 2026-01-02"),
        ({"template": [float("nan")]}, "template[0]: expected what JSON can hold"),
        ({"answer_id": ["a"]}, "answer_id: expected a JMESPath expression"),
        ({"repeatable": "yes"}, "repeatable: expected true or false"),
    ],
)  # fmt: skip
def test_wrong_options_of_webhook_are_named(raw: Dict[str, Any], complaint: str) -> None:
    check("webhook", {"url": "http://h/", **raw} if raw else raw, complaint)


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ({"host": None}, "host: expected the name of a mail server, found nothing"),
        ({"host": "smtp://h"}, "host: expected the name of a mail server"),
        ({"host": "h\r\nx"}, "host: expected the name of a mail server"),
        ({"host": "h:25"}, "host: expected the name of a mail server without its port"),
        ({"port": 70000}, "port: expected a whole number from 1 to 65535"),
        ({"sender": None}, "sender: expected an e-mail address, found nothing"),
        ({"sender": "Ops <a@b>"}, "sender: expected an e-mail address"),
        ({"tls": True, "starttls": True}, "starttls: expected false beside tls"),
        ({"user": "u"}, "password: expected one beside user"),
        ({"password": PASSWORD}, "user: expected one beside password"),
        ({"user": "u", "password": PASSWORD, "starttls": False},
         "starttls: expected true, or tls; a password is not"),
        ({"user": "ü", "password": PASSWORD}, "user: expected letters, digits and signs of ASCII"),
        ({"user": "u", "password": "ü"}, "password: expected a text of letters"),
        ({"user": "u", "password": ["x"]}, "password: expected a text of letters"),
    ],
)  # fmt: skip
def test_wrong_options_of_email_are_named(raw: Dict[str, Any], complaint: str) -> None:
    config = {key: one for key, one in {**MAIL, **raw}.items() if key != "kind"}
    check("email", config, complaint)


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ({"on_call": ["alice"]}, "on_call: expected a mapping, found a list"),
        ({"on_call": {"web": {"a": 1}}}, "on_call.web: expected a list of people, found a mapping"),
        ({"on_call": {"web": ["alice", "Alice"]}},
         "on_call.web[1]: expected each person once, found 'Alice' again"),
        ({"on_call": {"web": ["a"], "WEB": ["b"]}},
         "on_call.WEB: expected a name that differs from 'web'"),
        ({"on_call": {"web": ["a\nb"]}}, "on_call.web[0]: expected a name of one line"),
        ({"on_call": {"x" * 65: ["a"]}}, f"on_call.{'x' * 65}: expected a name of one line"),
    ],
)  # fmt: skip
def test_wrong_options_of_local_are_named(raw: Dict[str, Any], complaint: str) -> None:
    check("local", raw, complaint)


def test_a_template_without_an_end_is_named() -> None:
    endless: Dict[str, Any] = {}
    endless["again"] = endless
    lines: List[str] = options_of("webhook", url="http://h/", template=endless)[1]
    assert len(lines) == 1
    assert "levels" in lines[0]


def test_the_defaults_are_those_of_the_vendors() -> None:
    token = {"token": "x", "from": "b@example.com"}
    pagerduty, lines = options_of("pagerduty", **token)
    assert (pagerduty.url, lines) == ("https://api.pagerduty.com", [])
    europe = options_of("pagerduty", **token, url="https://api.eu.example.com/")[0]
    assert europe.url == "https://api.eu.example.com"
    assert europe.events_url == "https://events.pagerduty.com"
    opsgenie, lines = options_of("opsgenie", api_key=KEY)
    assert (opsgenie.url, opsgenie.responder, lines) == ("https://api.opsgenie.com", None, [])
    victorops, lines = options_of("victorops", **KEYS, user="opsroom-bot")
    assert (victorops.url, lines) == ("https://api.victorops.com", [])
    for options in (opsgenie, victorops):
        assert (options.follow, options.time_limit) == (8.0, 10.0)


@pytest.mark.parametrize("rest", ["", "/", "/$routing_key"])
def test_the_endpoint_is_the_address_up_to_its_key(rest: str) -> None:
    address = "https://alert.victorops.com/integrations/generic/20131114/alert/4a6a87eb-fca9"
    options, lines = options_of("victorops", endpoint=address + rest)
    assert (options.endpoint, lines) == (address, [])
