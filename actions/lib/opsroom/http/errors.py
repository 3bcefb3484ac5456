"""What went wrong between a request and its answer, in plain words, and whether asking again makes
sense."""

from __future__ import annotations

import errno
import re
import socket
import ssl
import time
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Set
from urllib.parse import unquote, urljoin, urlsplit

from ..errors import Code, Failure
from ..secrets import MASK, MIN_LENGTH, shown_url
from ..structs import dataclass
from ..structs.patterns import lazy_pattern
from ..text import length, shorten

_BUSY = (502, 503, 504)
_REASONS = {
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    410: "Gone",
    422: "Unprocessable Content",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    511: "Network Authentication Required",
}
# Certain, unlike other errors of servers: they cannot do it at all, or the portal of a network did
# not let it through.
_UNABLE = (501, 505, 511)


# A redirect's address comes from outside: what is shown of it holds nothing that a chat or
# StackStorm reads as more than an address, and no part that could be a key.
_PLAIN_ADDRESS = lazy_pattern(
    r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:/[\w.~:%+*-]*)*", re.ASCII
)
_KEY = lazy_pattern(r"[^/]{24,}|(?=[^/]*[0-9])(?=[^/]*[A-Za-z])[^/]{16,}")
_MAX_ADDRESS = 90

# What OpenSSL says only before a connection is encrypted, so before anything was asked.
_HANDSHAKE = (
    "WRONG_VERSION_NUMBER",
    "UNSUPPORTED_PROTOCOL",
    "UNKNOWN_PROTOCOL",
    "SSLV3_ALERT_HANDSHAKE_FAILURE",
    "TLSV1_ALERT_PROTOCOL_VERSION",
    "TLSV1_UNRECOGNIZED_NAME",
    "DH_KEY_TOO_SMALL",
)


@dataclass(frozen=True)
class Fault:
    """A failure that is not raised yet. `again`: asking again may help; `wait`: after so many
    seconds, if the server says so.

    `untouched`: the server has certainly not done what was asked, so that even a POST may be sent
    again.
    """

    failure: Failure
    again: bool = False
    wait: Optional[float] = None
    untouched: bool = False


def judge(
    status: int,
    headers: Mapping[str, str],
    url: str,
    method: str,
    secrets: Iterable[str] = (),
    address_key: str = "",
) -> Fault:
    """The fault that an unwanted status means.

    `headers` in lower case, `url` as a sentence may show it. `secrets` are kept out of the address
    of a redirect, `address_key` is the config's key of the address that was asked.
    """
    wait = retry_after(headers.get("retry-after", ""))
    facts = {"url": url, "status": status, "sent": True}
    if wait is not None:
        facts["retry_after"] = wait
    # GitHub says 403 where others say 429; Retry-After distinguishes it from a missing right.
    if status == 429 or (status == 403 and wait is not None):
        how_long = (
            " without saying for how long"
            if wait is None
            else f"; retry in {length(round(wait, 1))}"
        )
        facts["sent"] = False
        failure = Failure(
            Code.RATE_LIMITED, f"{url} is rate-limiting opsroom{how_long}.", facts=facts
        )
        return Fault(failure, again=wait is not None, wait=wait, untouched=True)
    if status == 401:
        return Fault(
            Failure(Code.UNAUTHORIZED, f"{url} does not accept the credentials (401).", facts=facts)
        )
    if status == 403:
        message = f"{url} does not allow this with the configured credentials (403)."
        return Fault(Failure(Code.UNAUTHORIZED, message, facts=facts))
    if 300 <= status < 400 and status != 304:
        return Fault(
            _redirected(status, redirect_target(url, headers, secrets), url, address_key, facts)
        )
    named = f"{status} {_REASONS[status]}" if status in _REASONS else str(status)
    failure = Failure(Code.BAD_ANSWER, f"{url} answered {named}.", facts=facts)
    return Fault(failure, again=status in _BUSY, wait=wait)


def redirect_target(url: str, headers: Mapping[str, str], secrets: Iterable[str] = ()) -> str:
    """The address that a redirect from `url` leads to, as a sentence may show it; empty when it
    names none.

    Without credentials, query and secrets, and cut before the first character that could mean more
    in a chat.
    """
    try:
        target = (
            urljoin(url, headers.get("location", "").strip())
            if headers.get("location", "").strip()
            else ""
        )
        host = urlsplit(target).hostname
    except ValueError:
        return ""
    hidden = [one.casefold() for one in secrets if len(one) >= MIN_LENGTH]

    def shown(part: str) -> str:
        # A server may write what it was asked with other escapes, or in other letters.
        written = unquote(part).casefold()
        return MASK if _KEY.fullmatch(part) or any(one in written for one in hidden) else part

    plain = _PLAIN_ADDRESS.match(shown_url(target, secrets)) if host else None
    if plain is None or urlsplit(plain.group()).hostname != host:
        return ""
    parts = urlsplit(plain.group())
    path = "/".join(map(shown, parts.path.split("/")))
    return shorten(f"{parts.scheme}://{parts.netloc}{path}", _MAX_ADDRESS)


def _redirected(
    status: int, target: str, url: str, address_key: str, facts: Mapping[str, Any]
) -> Failure:
    """What a redirect means: the server is somewhere else, and nothing was done here."""
    parts = urlsplit(url)
    # Of the address that was asked the host will do: the new one is what people need whole.
    asked = f"{parts.scheme}://{parts.netloc}" if address_key and parts.netloc else url
    leads = f"redirects to {target}" if target else "redirects without naming a new address"
    if target == url:
        leads, target = "redirects to itself", ""
    change = ""
    if address_key:
        change = f" Put the new address into {address_key}." if target else f" Check {address_key}."
    every: Dict[str, Any] = {**facts, "sent": False}
    if target:
        every["redirect"] = target
    return Failure(
        Code.BAD_ANSWER, f"{asked} {leads} ({status}), so nothing was done.{change}", facts=every
    )


def in_doubt(failure: Failure) -> bool:
    """Whether the server may still have done what was asked: its answer was lost, or does not
    say."""
    status = failure.facts.get("status")
    if not failure.facts.get("sent") or status in _UNABLE:
        return False
    return status is None or status < 400 or status == 408 or status >= 500


def retry_after(value: str) -> Optional[float]:
    """Seconds to wait as a Retry-After header says (a number or a date); None when it says nothing
    that can be read."""
    value = value.strip()
    if re.match(r"^\d{1,9}(\.\d+)?$", value):
        return float(value)
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def explain(error: Exception, url: str, time_limit: float, connect_limit: float) -> Optional[Fault]:
    """The fault that an exception of requests, urllib3 or the system means; None when it is a
    mistake of ours.

    The exceptions' own words are not used: they carry addresses with queries and credentials.
    """
    import requests
    import urllib3

    chain = list(_chain(error))

    def has(*kinds: type) -> bool:
        return any(isinstance(link, kinds) for link in chain)

    def fault(code: Code, what: str, sent: bool, again: bool) -> Fault:
        return Fault(
            Failure(code, f"{url} {what}.", facts={"url": url, "sent": sent}),
            again,
            untouched=not sent,
        )

    for link in chain:
        if isinstance(link, ssl.SSLCertVerificationError):
            reason = link.verify_message or "it cannot be checked"
            return fault(
                Code.UNREACHABLE, f"has a certificate that is not trusted: {reason}", False, False
            )
        if type(link).__name__ == "CertificateError":  # of urllib3 1.26, which StackStorm brings
            what = "has a certificate that is not trusted: it is for another name"
            return fault(Code.UNREACHABLE, what, False, False)
    if has(socket.gaierror):
        return fault(Code.UNREACHABLE, "is unreachable (host name not found in DNS)", False, True)
    if has(ConnectionRefusedError):
        return fault(Code.UNREACHABLE, "is unreachable (connection refused)", False, True)
    if has(requests.exceptions.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError):
        return fault(
            Code.TIMED_OUT,
            f"is unreachable (no connection within {connect_limit:.3g} s)",
            False,
            True,
        )
    if has(requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, socket.timeout):
        return fault(Code.TIMED_OUT, f"did not answer within {time_limit:g} s", True, False)
    if has(urllib3.exceptions.NewConnectionError) or _errnos(chain) & {
        errno.ENETUNREACH,
        errno.EHOSTUNREACH,
    }:
        return fault(Code.UNREACHABLE, "is unreachable (no route to host)", False, True)
    if has(requests.exceptions.ProxyError):
        return fault(
            Code.UNREACHABLE, "is unreachable (the proxy refuses the connection)", True, True
        )
    if any(isinstance(link, ssl.SSLError) and link.reason in _HANDSHAKE for link in chain):
        return fault(
            Code.UNREACHABLE,
            "is unreachable (TLS handshake failed)",
            False,
            False,
        )
    if has(ssl.SSLError):
        # Nearly always the handshake; a break later on looks the same, so it counts as sent.
        return fault(
            Code.UNREACHABLE,
            "is unreachable (TLS handshake failed)",
            True,
            False,
        )
    if has(requests.exceptions.ContentDecodingError, urllib3.exceptions.DecodeError):
        return fault(
            Code.BAD_ANSWER, "answered with a body that cannot be decompressed", True, False
        )
    if _is_garbage(chain):
        return fault(Code.BAD_ANSWER, "answered with something that is not HTTP", True, False)
    if has(
        requests.exceptions.ConnectionError,
        requests.exceptions.ChunkedEncodingError,
        ConnectionError,
    ) or has(urllib3.exceptions.ProtocolError):
        return fault(
            Code.UNREACHABLE, "closed the connection before its response was complete", True, True
        )
    if has(requests.exceptions.RequestException, urllib3.exceptions.HTTPError, UnicodeError):
        return fault(
            Code.UNREACHABLE,
            "cannot be asked (its address or a header is malformed)",
            False,
            False,
        )
    return None


def _is_garbage(chain: List[BaseException]) -> bool:
    from http.client import BadStatusLine, HTTPException, IncompleteRead, RemoteDisconnected

    return any(
        isinstance(link, HTTPException)
        and (isinstance(link, BadStatusLine) or not isinstance(link, IncompleteRead))
        and not isinstance(link, RemoteDisconnected)
        for link in chain
    )


def _errnos(chain: List[BaseException]) -> Set[int]:
    return {link.errno for link in chain if isinstance(link, OSError) and link.errno is not None}


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and all that it carries: requests and urllib3 wrap the cause in arguments,
    reasons and contexts."""
    waiting, seen = [error], set()
    while waiting:
        link = waiting.pop(0)
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        inside = [getattr(link, "reason", None), link.__cause__, link.__context__, *link.args]
        waiting += [item for item in inside if isinstance(item, BaseException)]
