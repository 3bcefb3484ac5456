"""Whether a webhook comes from whom it says: GitHub's and GitLab's signatures, checked on what
StackStorm kept of it.

Both sign the bytes of the body. StackStorm hands on the body as it read it, so the bytes are
written again, in the ways in which these services write them. A body that was written otherwise is
refused, never believed: that a signature fits some way of writing the same data proves that its
owner signed this data.

Pure: no clock, no database. Whether the same delivery came before is for others to look up.

Signatures of what a webhook is sent, so that its receiver knows who sent it and when.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
from typing import Any, Dict, Iterator, Mapping, Optional, Tuple
from urllib.parse import quote, quote_plus

# Between what a signature says and our clock, in seconds: StackStorm may have kept it waiting.
TOLERANCE = 3600.0

_HEX = re.compile(r"^sha256=([0-9a-f]{64})(?![\s\S])", re.IGNORECASE)
_SIGNING = "whsec_"
_BACKSLASH_U = re.compile(r"(?<!\\)((?:\\\\)*\\u)([0-9a-f]{4})")
# What is left as it is in forms besides letters, digits, "-", "." and "_": Ruby's and Go's ways,
# and that of browsers.
_LEFT_IN_FORMS = ("", "~", "*", "*~")


def lower(headers: Mapping[str, Any]) -> Dict[str, str]:
    """Headers by their names in small letters. Those that are no texts go."""
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
    key = _signing_key(signing_token)
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
    there = headers.get("x-gitlab-token", "")
    return bool(token) and hmac.compare_digest(_digest(there), _digest(token))


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
    """StackStorm hands on a form as lists of texts."""
    if not isinstance(body, Mapping) or set(body) != {"payload"}:
        return False
    field = body["payload"]
    return isinstance(field, list) and len(field) == 1 and isinstance(field[0], str)


def _fits(key: bytes, digest: bytes, body: Any, before: bytes = b"") -> bool:
    """All ways are tried: how long it takes tells nothing of which one was nearly right."""
    made = [hmac.new(key, before + one, hashlib.sha256).digest() for one in written(body)]
    return sum(hmac.compare_digest(one, digest) for one in made) > 0


def _signing_key(token: str) -> bytes:
    if not token.startswith(_SIGNING):
        return b""
    try:
        return base64.b64decode(token[len(_SIGNING) :], validate=True)
    except (binascii.Error, ValueError):
        return b""


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def fingerprint(headers: Mapping[str, str], body: Any) -> Tuple[str, ...]:
    """What the same delivery has again when it is sent again: what its sender calls it, and what it
    says.

    The name of a delivery of GitHub is not signed, so it alone could be changed by whoever sends
    one again.
    """
    names = ("x-github-delivery", "webhook-id", "idempotency-key")
    found = [f"{name}:{headers[name][:200]}" for name in names if headers.get(name)]
    whole = json.dumps(body, sort_keys=True, default=str).encode("utf-8", "replace")
    return (*found, "body:" + hashlib.sha256(whole).hexdigest())


def signature(secret: str, body: bytes, at: Optional[int] = None) -> str:
    """`t=UNIX,v1=HEX`: the time in seconds, and HMAC-SHA256 over `UNIX.BODY` with the exact bytes
    of the body.

    With the time signed too, a receiver can refuse what is old, which somebody else may have kept
    and sent again.
    """
    moment = int(time.time()) if at is None else at
    signed = f"{moment}.".encode("ascii") + body
    return f"t={moment},v1={hmac.new(secret.encode('utf-8'), signed, hashlib.sha256).hexdigest()}"
