"""Signatures of webhooks, checked on a body that was read and written again: what is genuine fits,
and nothing else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any, Callable, Dict, List
from urllib.parse import parse_qs, quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as some

from opsroom.webhooks.releases import Published, by_github, by_gitlab
from opsroom.webhooks.signature import (
    TOLERANCE,
    fingerprint,
    has_token,
    lower,
    payload,
    signed_by_github,
    signed_by_gitlab,
)
from support.cases import cases

SECRET = "the secret of everyone"
KEY = b"32 bytes of which nobody knows.."
SIGNING = "whsec_" + base64.b64encode(KEY).decode()
NOW = 1_795_000_000.0
BODY: Dict[str, Any] = {
    "action": "published",
    "release": {
        "tag_name": "v1.2.0",
        "name": 'Größe <b> & "so" \\ on',
        "body": "one\r\ntwo\ttab / slash \u2028 \U0001f389 \x01",
        "draft": False,
        "id": 12345678901,
        "author": None,
        "assets": [],
        "published_at": "2026-11-23T14:02:00Z",
    },
    "repository": {"full_name": "acme/web", "score": 1.5},
}


def github(raw: bytes, secret: str = SECRET) -> Dict[str, str]:
    return lower(
        {
            "X-Hub-Signature-256": "sha256="
            + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
        }
    )


def gitlab(raw: bytes, key: bytes = KEY, id: str = "d-1", at: float = NOW) -> Dict[str, str]:
    signed = f"{id}.{int(at)}.".encode() + raw
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": id,
        "webhook-timestamp": str(int(at)),
        "webhook-signature": f"v1,{digest}",
    }


def compact(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def ascii_only(body: Any) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def rails(body: Any) -> bytes:
    text = compact(body).decode()
    for one, escaped in (
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("&", "\\u0026"),
        ("\u2028", "\\u2028"),
    ):
        text = text.replace(one, escaped)
    return text.encode()


def capitals(body: Any) -> bytes:
    return rails(body).replace(b"\\u003c", b"\\u003C").replace(b"\\u003e", b"\\u003E")


def slashes(body: Any) -> bytes:
    return compact(body).replace(b"/", b"\\/")


WRITERS: List[Callable[[Any], bytes]] = [compact, ascii_only, rails, capitals, slashes]


@pytest.mark.parametrize("write", WRITERS, ids=lambda one: one.__name__)
def test_a_genuine_body_fits_in_every_customary_spelling(write: Callable[[Any], bytes]) -> None:
    raw = write(BODY)
    body = json.loads(raw)
    assert signed_by_github(SECRET, github(raw), body)
    assert signed_by_gitlab(SIGNING, gitlab(raw), body, NOW)


# What StackStorm's reader and its database keep as it is: texts that are Unicode, numbers of 53
# bits.
VALUES = some.recursive(
    some.none()
    | some.booleans()
    | some.integers(-(2**53), 2**53)
    | some.text(some.characters(codec="utf-8")),
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(
            some.text(some.characters(codec="utf-8"), max_size=8), inner, max_size=3
        )
    ),
    max_leaves=10,
)


@given(
    some.dictionaries(some.sampled_from(["a", "b", "name"]), VALUES),
    some.sampled_from([compact, ascii_only]),
)
def test_whatever_is_in_it_a_genuine_body_fits_and_another_secret_does_not(
    body: Dict[str, Any], write: Callable[[Any], bytes]
) -> None:
    raw = write(body)
    assert signed_by_github(SECRET, github(raw), json.loads(raw))
    assert not signed_by_github(SECRET + "!", github(raw), json.loads(raw))


@given(some.text(min_size=1, max_size=20))
def test_a_changed_body_does_not_fit(text: str) -> None:
    raw = compact(BODY)
    changed = {**BODY, "release": {**BODY["release"], "tag_name": text + "2"}}
    assert not signed_by_github(SECRET, github(raw), changed)
    assert not signed_by_gitlab(SIGNING, gitlab(raw), changed, NOW)
    assert not signed_by_github(SECRET, github(raw), {**BODY, "more": text})


def test_a_body_in_another_spelling_or_with_a_key_twice_is_refused() -> None:
    for raw in (json.dumps(BODY, indent=2).encode(), b'{"action":"edited","action":"published"}'):
        assert not signed_by_github(SECRET, github(raw), json.loads(raw))


@cases(
    "headers",
    [
        {},
        {"x-hub-signature-256": ""},
        {"x-hub-signature-256": "sha256="},
        {"x-hub-signature-256": "sha256=" + "0" * 64},
        {"x-hub-signature-256": github(compact(BODY))["x-hub-signature-256"] + "\n"},
        {"x-hub-signature-256": github(compact(BODY))["x-hub-signature-256"][7:]},
        {"x-hub-signature-256": github(compact(BODY), "")["x-hub-signature-256"]},
        {
            "x-hub-signature": "sha1="
            + hmac.new(SECRET.encode(), compact(BODY), hashlib.sha1).hexdigest()
        },
    ],
)
def test_without_a_signature_of_the_right_kind_nothing_fits(headers: Dict[str, str]) -> None:
    assert not signed_by_github(SECRET, headers, BODY)


def test_no_secret_fits_nothing() -> None:
    assert not signed_by_github("", github(compact(BODY), ""), BODY)
    assert not has_token("", {})
    assert not has_token("", {"x-gitlab-token": ""})
    for token in ("", "whsec_", "whsec_!!", "plain"):
        assert not signed_by_gitlab(token, gitlab(compact(BODY), b""), BODY, NOW)


@cases("encode", [quote_plus, quote])
@cases("safe", ["", "*", "~", "*~"])
def test_a_form_is_signed_as_it_was_sent(encode: Callable[..., str], safe: str) -> None:
    text = compact({**BODY, "marks": "a*b~c d-e.f_g/h%"}).decode()
    encoded = encode(text, safe=safe)
    raw = ("payload=" + (encoded if "~" in safe else encoded.replace("~", "%7E"))).encode()
    body = parse_qs(raw.decode())
    assert signed_by_github(SECRET, github(raw), body)
    assert payload({}, body)["action"] == "published"
    assert not signed_by_github(
        SECRET, github(raw), {"payload": [text.replace("v1.2.0", "v6.6.6")]}
    )


def test_a_form_with_more_than_the_payload_is_none() -> None:
    raw = urlencode({"payload": compact(BODY), "more": "x"}).encode()
    assert not signed_by_github(SECRET, github(raw), parse_qs(raw.decode()))
    assert payload({}, {"payload": ["not json"]}) == {}
    assert payload({}, {"payload": ["[1]"]}) == {}
    assert payload({}, [1, 2]) == {}


def test_the_id_and_the_moment_are_part_of_what_gitlab_signs() -> None:
    good = gitlab(compact(BODY))
    assert not signed_by_gitlab(SIGNING, {**good, "webhook-id": "d-2"}, BODY, NOW)
    assert not signed_by_gitlab(
        SIGNING, {**good, "webhook-timestamp": str(int(NOW) + 1)}, BODY, NOW
    )
    assert not signed_by_gitlab(SIGNING, {**good, "webhook-timestamp": "soon"}, BODY, NOW)
    for missing in good:
        assert not signed_by_gitlab(
            SIGNING, {key: one for key, one in good.items() if key != missing}, BODY, NOW
        )


def test_a_moment_too_far_away_is_refused_in_both_directions() -> None:
    for shift, fits in ((TOLERANCE - 1, True), (TOLERANCE + 1, False), (-TOLERANCE - 1, False)):
        assert signed_by_gitlab(SIGNING, gitlab(compact(BODY), at=NOW + shift), BODY, NOW) is fits


def test_of_several_signatures_one_has_to_fit_while_a_token_is_replaced() -> None:
    good, other = gitlab(compact(BODY)), gitlab(compact(BODY), b"the new one")
    both = f"{other['webhook-signature']} {good['webhook-signature']}"
    assert signed_by_gitlab(SIGNING, {**good, "webhook-signature": both}, BODY, NOW)
    assert not signed_by_gitlab(
        SIGNING, {**good, "webhook-signature": good["webhook-signature"][3:]}, BODY, NOW
    )
    assert not signed_by_gitlab(SIGNING, {**good, "webhook-signature": "v1,*** v2,x"}, BODY, NOW)


def test_a_token_is_compared_whole() -> None:
    assert has_token("a-token-of-gitlab", lower({"X-Gitlab-Token": "a-token-of-gitlab"}))
    for wrong in ("", "a-token-of-gitla", "a-token-of-gitlab2", "A-token-of-gitlab", "ä"):
        assert not has_token("a-token-of-gitlab", {"x-gitlab-token": wrong})


def test_the_same_delivery_is_known_by_its_name_and_by_what_it_says() -> None:
    first = fingerprint({"x-github-delivery": "1"}, BODY)
    assert set(first) & set(fingerprint({"x-github-delivery": "2"}, BODY))
    assert set(first) & set(fingerprint({"x-github-delivery": "1"}, {}))
    assert not set(first) & set(fingerprint({"x-github-delivery": "2"}, {}))


def test_only_the_publishing_of_a_release_is_one() -> None:
    headers = {"x-github-event": "release"}
    found = by_github(headers, BODY)
    assert found is not None
    assert (found.repository, found.tag, found.at and found.at.isoformat()) == (
        "acme/web",
        "v1.2.0",
        "2026-11-23T14:02:00+00:00",
    )
    assert by_github({"x-github-event": "ping"}, BODY) is None
    assert by_github(headers, {**BODY, "action": "edited"}) is None
    assert by_github(headers, {**BODY, "release": {**BODY["release"], "draft": True}}) is None
    for nonsense in (
        {},
        {"action": "published"},
        {**BODY, "release": "v1"},
        {**BODY, "repository": {}},
    ):
        assert by_github(headers, nonsense) is None


def test_a_release_of_gitlab_is_read_with_its_own_way_of_writing_a_moment() -> None:
    headers = {"x-gitlab-event": "Release Hook"}
    body = {
        "object_kind": "release",
        "action": "create",
        "tag": "v1.1",
        "created_at": "2026-11-23 15:02:00 +0100",
        "project": {"path_with_namespace": "acme/group/web"},
    }
    found = by_gitlab(headers, body)
    assert found is not None
    assert (found.repository, found.tag, str(found.at)) == (
        "acme/group/web",
        "v1.1",
        "2026-11-23 14:02:00+00:00",
    )
    assert str(by_gitlab(headers, {**body, "created_at": "2020-11-02 12:55:12 UTC"})) == str(
        Published(
            "acme/group/web",
            "v1.1",
            by_gitlab(headers, {**body, "created_at": "2020-11-02T12:55:12Z"}).at,
        )
    )
    for other in ({"action": "update"}, {"object_kind": "push"}, {"project": "web"}, {"tag": 1}):
        assert by_gitlab(headers, {**body, **other}) is None
    assert by_gitlab({"x-gitlab-event": "Push Hook"}, body) is None
    assert by_gitlab(headers, {**body, "created_at": "2026-13-45 15:02:00 UTC"}).at is None
