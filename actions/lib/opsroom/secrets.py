"""Which values of the config are secret, and how they and other credentials are masked in every
text.

A value is secret because of its place, never because of a name that people chose: SECRET_FIELDS is
what `config.schema.yaml` marks with `secret: true`, and a test keeps the two in step. The schema
itself is not read here, since parsing it would cost every message time.
"""

from __future__ import annotations

import base64
import json
import re

# Not that of typing: isinstance takes ten times as long with it.
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Iterable, Iterator, List, Sequence, Set, Tuple
from urllib.parse import quote, quote_plus, unquote, urlsplit, urlunsplit

from .errors import Code
from .structs.patterns import lazy_pattern
from .text import neutralise

MASK = "***"
# A shorter text protects nothing, and to mask it would blot out parts of ordinary words.
MIN_LENGTH = 6

Path = Tuple[str, ...]

# `*` stands for any name.
SECRET_FIELDS: Tuple[Path, ...] = tuple(
    tuple(one.split("."))
    for one in (
        "database",
        "relay_keys.*",
        "people.*.totp",
        "apps.*.deploy.api_key",
        "apps.*.deploy.token",
        "apps.*.deploy.secret_environ.*",
        "apps.*.version.api_key",
        "apps.*.version.token",
        "apps.*.version.secret_environ.*",
        "apps.*.version.headers.*",
        "trackers.*.token",
        "trackers.*.key",
        "trackers.*.client_secret",
        "trackers.*.refresh_token",
        "pagers.*.token",
        "pagers.*.routing_key",
        "pagers.*.api_id",
        "pagers.*.api_key",
        "pagers.*.read_key",
        "pagers.*.endpoint",
        "pagers.*.password",
        "pagers.*.secret",
        "pagers.*.headers.*",
        "webhooks.github.secret",
        "webhooks.gitlab.token",
        "webhooks.gitlab.signing_token",
    )
)
# PagerDuty's is a key. That of Splunk On-Call is a name that people choose and read, in the same
# place of the schema.
_ROUTING_KEY: Path = ("pagers", "*", "routing_key")
# A team's integration key: what is below a team depends on the pager, so that the schema cannot
# mark it.
_ALSO_SECRET: Tuple[Path, ...] = (("teams", "*", "*", "routing_key"),)
_KIND_WITH_ROUTING_KEYS = "pagerduty"
# Every value of the config is looked up once a message.
_BY_SECTION: Mapping[Tuple[str, int], Tuple[Path, ...]] = {
    (field[0], len(field)): tuple(
        one
        for one in (*SECRET_FIELDS, *_ALSO_SECRET)
        if one[0] == field[0] and len(one) == len(field)
    )
    for field in (*SECRET_FIELDS, *_ALSO_SECRET)
}

# In web addresses a token may take the place of the user's name; elsewhere (ssh://git@host) the
# name is no secret.
_WEB_USER = lazy_pattern(r"(?i)\b(https?://)[^/\s?#]*@")
_PASSWORD = lazy_pattern(r"(?i)\b([a-z][a-z0-9+.-]*://[^/\s:@]*):[^/\s]*@")
_QUERY = lazy_pattern(r"(?i)\b(https?://[^\s?'\"<>]+)\?[^\s'\"<>]*")
_AUTHORIZATION = lazy_pattern(
    r"(?i)\b((?:proxy-)?authorization\b['\"]?\s*[:=]\s*['\"]?)[^\r\n'\"}]+"
)
_URL_PASSWORD = lazy_pattern(r"://[^/\s:@]*:([^/\s@]+)@")

# The sections whose keys are names that people read in answers.
_NAMED = ("people", "groups", "environments", "apps", "trackers", "pagers", "teams")


# In front of a credential in the value of a header: `Bearer`, `Basic`, `token`, `GenieKey`.
_SCHEME = lazy_pattern(r"[A-Za-z][A-Za-z-]*\s+(\S+)")
_URL_SAFE = str.maketrans("+/", "-_")
# Beside reason codes, what answers are made of: the first words of commands, and others that they
# quote.
_WORDS = (
    *(
        "against",
        "announcements",
        "because",
        "between",
        "emergency",
        "everything",
        "morning",
        "opsroom",
        "promote",
        "redeploy",
    ),
    *("doctor", "rollback", "urgent", "urgently", "verify", "whoami"),
)


class Redactor:
    """Replaces known secret values in a text, also in other writings: as they look in an address,
    in JSON, in base64 and after `text.neutralise`; a credential without its scheme (`Bearer`); each
    line of several.

    `public` are words that answers are made of (reason codes, names of the config): a value that is
    a part of one is left alone.
    """

    def __init__(self, values: Iterable[str], public: Iterable[str] = ()) -> None:
        words = "\n".join(public).casefold()
        known = {part for value in values for part in _parts(value) if len(part) >= MIN_LENGTH}
        known = {value for value in known if value.casefold() not in words}
        # The longest first: one may be a part of another.
        self._wanted = sorted(
            {form for value in known for form in _forms(value)}, key=len, reverse=True
        )
        self._pattern = lazy_pattern("|".join(re.escape(value) for value in self._wanted))

    def text(self, text: str) -> str:
        """The text with every secret masked."""
        # Nearly no text has one: the expression is not even compiled then.
        found = any(value in text for value in self._wanted)
        return self._pattern.sub(MASK, text) if found else text

    def data(self, value: Any) -> Any:
        """A result with every secret masked in every string, keys too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.data(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.data(item) for item in value]
        return value


def redactor_for(config: Mapping[str, Any]) -> Redactor:
    """A redactor for the secrets of a raw config, checked or not."""
    return Redactor((value for _, value in secrets_of(config)), public_words(config))


@lru_cache(maxsize=10_000)
def is_secret(path: Path) -> bool:
    """Whether what is at this place of the config may be a secret."""
    return any(
        _fits(field, path) for field in _BY_SECTION.get((path[0] if path else "", len(path)), ())
    )


@lru_cache(maxsize=10_000)
def is_decrypted(path: Path) -> bool:
    """Whether StackStorm decrypts what its datastore has for this place: where its schema says
    secret."""
    return any(_fits(field, path) for field in SECRET_FIELDS)


def secrets_of(config: Mapping[str, Any]) -> Iterator[Tuple[Path, str]]:
    """Every secret of a raw config with its place: the values of secret fields, and passwords
    inside addresses."""
    pagers = _mapping(config.get("pagers"))
    for path, secret in _secrets(config, ()):
        pager = (
            path[1]
            if _fits(_ROUTING_KEY, path)
            else path[2]
            if _fits(_ALSO_SECRET[0], path)
            else ""
        )
        if not pager or _mapping(pagers.get(pager)).get("kind") == _KIND_WITH_ROUTING_KEYS:
            yield path, secret


def public_words(config: Mapping[str, Any]) -> Set[str]:
    """What answers are made of and a secret may not be a part of: the reason codes, and the names
    of a raw config."""
    words = {*(code.value for code in Code), *_WORDS}
    for section in _NAMED:
        words |= {str(name) for name in _mapping(config.get(section))}
    for person in _mapping(config.get("people")).values():
        for key in ("chat", "st2"):
            words |= set(_texts(_mapping(person).get(key)))
    for environment in _mapping(config.get("environments")).values():
        rules = _mapping(environment)
        for one in (rules, *map(_mapping, _mapping(rules.get("apps")).values())):
            words |= set(_texts(one.get("rooms")))
    words |= set(_texts(config.get("relays"))) | set(_texts(config.get("announce")))
    return words | set(_texts(_mapping(config.get("incidents")).get("room")))


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the given secrets (also as they look in an address), without credentials in
    addresses, query strings and Authorization values."""
    text = Redactor(secrets).text(text)
    # What none of these can be in takes no expression, which would have to be compiled.
    if "authorization" in text.lower() or not text.isascii():
        text = _AUTHORIZATION.sub(rf"\g<1>{MASK}", text)
    if "://" in text and "@" in text:
        text = _WEB_USER.sub(rf"\g<1>{MASK}@", text)
        text = _PASSWORD.sub(rf"\g<1>:{MASK}@", text)
    if "://" in text and "?" in text:
        text = _QUERY.sub(r"\g<1>?…", text)
    return text


def shown_url(url: str, secrets: Iterable[str] = ()) -> str:
    """An address as a sentence may show it: scheme, host, port and path; no credentials, query or
    fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:  # "http://[": what cannot be taken apart is not shown in part either
        return "the configured address"
    host = parts.netloc.rpartition("@")[2]
    return redact(f"{parts.scheme}://{host}{parts.path}", secrets)


def without_credentials(url: str) -> Tuple[str, str, str]:
    """The address without `user:password@`, the Authorization they stand for, and the password."""
    try:
        parts = urlsplit(url)
        if "@" not in parts.netloc:
            return url, "", ""
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    except ValueError:
        return url, "", ""
    token = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    return bare, f"Basic {token}", password or user


def _parts(value: str) -> Iterator[str]:
    """A secret, its lines, and the credential behind the scheme of a header."""
    yield value
    if "\n" in value:
        yield from (line.strip() for line in value.split("\n"))
    # Of two words, which few secrets are.
    credential = _SCHEME.fullmatch(value.strip()) if len(value.split()) == 2 else None
    if credential:
        yield credential.group(1)


def _forms(value: str) -> Iterator[str]:
    """The writings of a secret. In base64 it looks different at each of three places in what is
    encoded."""
    yield from (
        value,
        quote(value, safe=""),
        quote_plus(value),
        neutralise(value),
        json.dumps(value)[1:-1],
    )
    raw = value.encode("utf-8", "surrogatepass")
    for before in range(3):
        # Without the characters that hold bits of what is before and after it.
        inner = base64.b64encode(bytes(before) + raw + bytes(2))[
            -(-before * 8 // 6) : (before + len(raw)) * 8 // 6
        ]
        if len(inner) >= MIN_LENGTH:
            yield inner.decode("ascii")
            yield inner.decode("ascii").translate(_URL_SAFE)


def _fits(field: Path, path: Sequence[str]) -> bool:
    return len(field) == len(path) and all(part in ("*", name) for part, name in zip(field, path))


def _secrets(value: Any, path: Path) -> Iterator[Tuple[Path, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _secrets(item, (*path, str(key)))
    elif isinstance(value, (list, tuple)):
        for item in value:
            # What is wrong in a secret's place is kept as secret as what is right.
            yield from _secrets(item, path)
    elif value is not None and not isinstance(value, bool):
        text = str(value)
        if is_secret(path):
            yield path, text
        for password in _URL_PASSWORD.findall(text) if "://" in text and "@" in text else ():
            yield from ((path, form) for form in {password, unquote(password)})


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: Any) -> List[str]:
    items = value if isinstance(value, (list, tuple)) else [value]
    return [item for item in items if isinstance(item, str)]
