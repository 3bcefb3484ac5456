"""Signatures of webhooks: checking those of GitHub and GitLab, making those of opsroom's own.

GitHub and GitLab sign the bytes of the body. StackStorm passes on the body as it parsed it, so the
bytes are written again, in every way in which these services write them. A body that was written in
another way is refused: a signature that fits some way of writing the same data proves that its
owner signed this data.

Nothing here remembers deliveries: whether one is repeated is looked up elsewhere, by `fingerprint`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from typing import Any, Dict, Iterator, Mapping, Tuple
from urllib.parse import quote, quote_plus

from ..structs.patterns import lazy_pattern

# Between what a signature says and our clock, in seconds: StackStorm may have kept it waiting.
TOLERANCE = 3600.0

_HEX = lazy_pattern(r"^sha256=([0-9a-f]{64})(?![\s\S])", re.IGNORECASE)
# What a key of Standard Webhooks, in base64, begins with, and the headers that carry a signature.
# https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
KEY_PREFIX = "whsec_"
STANDARD = ("webhook-id", "webhook-timestamp", "webhook-signature")

_BACKSLASH_U = lazy_pattern(r"(?<!\\)((?:\\\\)*\\u)([0-9a-f]{4})")
# What is left as it is in forms besides letters, digits, "-", "." and "_": Ruby's and Go's ways,
# and that of browsers.
_LEFT_IN_FORMS = ("", "~", "*", "*~")


def lower(headers: Mapping[str, Any]) -> Dict[str, str]:
    """Headers by their names in lower case, without those that are not texts."""
    return {
        str(name).lower(): value.strip()
        for name, value in headers.items()
        if isinstance(value, str)
    }


def signed_by_github(secret: str, headers: Mapping[str, str], body: Any) -> bool:
    """Whether `X-Hub-Signature-256` is that of this body with the secret. `headers` as `lower`
    returns them.

    The signature of the older kind, with SHA-1, counts for nothing.
    """
    found = _HEX.match(headers.get("x-hub-signature-256", ""))
    if not secret or found is None:
        return False
    return _fits(secret.encode(), bytes.fromhex(found.group(1)), body)


def signed_by_gitlab(signing_token: str, headers: Mapping[str, str], body: Any, now: float) -> bool:
    """Whether one of `webhook-signature` is that of id, moment and body with the signing token
    (`whsec_...`).

    `now` in seconds since 1970: a moment that is further away than TOLERANCE is refused.
    """
    key = signing_key(signing_token)
    id, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if (
        not key
        or not id
        or not re.match(r"^[0-9]{1,12}(?![\s\S])", moment)
        or abs(now - int(moment)) > TOLERANCE
    ):
        return False
    for one in headers.get("webhook-signature", "").split():
        version, _, encoded = one.partition(",")
        if version != "v1":
            continue
        try:
            digest = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            continue
        if _fits(key, digest, body, f"{id}.{moment}.".encode()):
            return True
    return False


def has_token(token: str, headers: Mapping[str, str]) -> bool:
    """Whether `X-Gitlab-Token` is the token. Takes as long for every wrong one."""
    sent = headers.get("x-gitlab-token", "")
    return bool(token) and hmac.compare_digest(_digest(sent), _digest(token))


def payload(headers: Mapping[str, str], body: Any) -> Mapping[str, Any]:
    """The JSON of a delivery: the body itself, or what the field `payload` of a form holds. Empty
    when it is none."""
    if _is_form(headers, body):
        try:
            body = json.loads(body["payload"][0])
        except ValueError:
            return {}
    return body if isinstance(body, Mapping) else {}


def written(body: Any) -> Iterator[bytes]:
    """The bytes that may have been the body: as compact JSON in all customary spellings, or as a
    form."""
    if _is_form({}, body):
        yield from _forms(body["payload"][0])
    seen = set()
    for ascii in (False, True):
        try:
            plain = json.dumps(body, ensure_ascii=ascii, separators=(",", ":"))
        except (TypeError, ValueError):
            return
        for text in _spellings(plain):
            if text not in seen:
                seen.add(text)
                yield text.encode("utf-8", "replace")


def _spellings(plain: str) -> Iterator[str]:
    """Escapes with small and with capital digits; what is dangerous in HTML as it is and escaped,
    as Rails does."""
    rails = plain
    for one in "<>&\u2028\u2029":
        rails = rails.replace(one, f"\\u{ord(one):04x}")
    for text in (plain, rails):
        yield text
        yield _BACKSLASH_U.sub(lambda found: found.group(1) + found.group(2).upper(), text)
    yield plain.replace("/", "\\/")


def _forms(text: str) -> Iterator[bytes]:
    for left in _LEFT_IN_FORMS:
        for encode in (quote_plus, quote):
            # Python leaves "~" as it is, whatever one says.
            encoded = encode(text, safe=left)
            yield b"payload=" + (encoded if "~" in left else encoded.replace("~", "%7E")).encode()


def _is_form(headers: Mapping[str, str], body: Any) -> bool:
    """StackStorm passes on a form as lists of texts."""
    if not isinstance(body, Mapping) or set(body) != {"payload"}:
        return False
    field = body["payload"]
    return isinstance(field, list) and len(field) == 1 and isinstance(field[0], str)


def _fits(key: bytes, digest: bytes, body: Any, before: bytes = b"") -> bool:
    """Whether one way of writing the body has this digest. All are tried, so that the time taken
    does not show which was nearly right."""
    made = [hmac.new(key, before + one, hashlib.sha256).digest() for one in written(body)]
    return sum(hmac.compare_digest(one, digest) for one in made) > 0


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def fingerprint(headers: Mapping[str, str], body: Any) -> Tuple[str, ...]:
    """What a repeated delivery has in common with the first: its id, and its content.

    The id of a delivery of GitHub is not signed: alone, it could be changed by someone who sends
    the delivery again.
    """
    names = ("x-github-delivery", "webhook-id", "idempotency-key")
    found = [f"{name}:{headers[name][:200]}" for name in names if headers.get(name)]
    whole = json.dumps(body, sort_keys=True, default=str).encode("utf-8", "replace")
    return (*found, "body:" + hashlib.sha256(whole).hexdigest())


def signing_key(secret: str) -> bytes:
    """The bytes that a secret `whsec_BASE64` stands for; empty where it is none."""
    if not secret.startswith(KEY_PREFIX):
        return b""
    try:
        return base64.b64decode(secret[len(KEY_PREFIX) :], validate=True)
    except (binascii.Error, ValueError):
        return b""


def standard_headers(secret: str, id: str, body: bytes, at: int) -> Dict[str, str]:
    """The headers with which Standard Webhooks signs the exact bytes of a body.

    `secret` is `whsec_BASE64`, or any other text, whose UTF-8 bytes are the key. `id` is the same
    when the same delivery is repeated, and holds no dot. `at` is the time of this attempt, in
    seconds since 1970.
    """
    key = signing_key(secret) or secret.encode("utf-8")
    signed = f"{id}.{at}.".encode() + body
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")
    return dict(zip(STANDARD, (id, str(at), f"v1,{digest}")))


def signature(secret: str, body: bytes, at: int) -> str:
    """opsroom's own signature up to version 0.3, `t=UNIX,v1=HEX`: HMAC-SHA256 over `UNIX.BODY`.

    `at` in seconds since 1970. It is signed too, so that a receiver can refuse an old delivery that
    someone kept and sent again.
    """
    signed = f"{at}.".encode("ascii") + body
    return f"t={at},v1={hmac.new(secret.encode('utf-8'), signed, hashlib.sha256).hexdigest()}"
