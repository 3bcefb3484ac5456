"""Whether the people of the config are distinct everywhere: no name, address, number or secret
belongs to two of them, unless each says that it is shared."""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from typing import Dict, Iterator, List, Tuple

from ..names import comparable
from ..people import Person
from ..structs import dataclass
from .model import Settings
from .problems import Problems, is_reference

# What proves who someone is. Two people with one of these are one person.
_NEVER_SHARED = ("chat", "st2", "totp")
# Keys whose values are telephone numbers.
_NUMBERS = ("phone", "telephone", "mobile", "sms")
# What HMAC-SHA1 makes of a key first (RFC 2104): a longer one is hashed, a shorter one filled up
# with zeros.
_BLOCK = 64


@dataclass(frozen=True)
class _Identity:
    """One identity of one person: `sort` and `value` are for comparing, `key` is where it stands,
    `shown` how."""

    sort: str
    value: object
    person: str
    key: str
    shown: str


def check_identities(settings: Settings, problems: Problems) -> None:
    """Complain of every identity that belongs to two people and is not said to be shared, of people
    who stand for a relay, and of names of groups that could be taken for people."""
    owners: Dict[Tuple[str, object], List[_Identity]] = {}
    for one in _identities(settings):
        owners.setdefault((one.sort, one.value), []).append(one)
    for (sort, _), found in owners.items():
        first = found[0]
        for other in found[1:]:
            if other.person == first.person or _is_shared(settings, first, other):
                continue
            problems.add(f"people.{other.person}.{other.key}", _complaint(sort, first, other))
    _check_relays(settings, problems)
    _check_groups(settings, problems)
    _check_shared(settings, problems)


def normalised(name: str) -> str:
    """A name as two spellings of it compare alike: without case, kinds of quotes and dashes,
    compatibility forms, invisible characters and a leading @."""
    visible = "".join(
        one for one in unicodedata.normalize("NFKC", name) if unicodedata.category(one) != "Cf"
    )
    return comparable(unicodedata.normalize("NFKC", visible)).lstrip("@")


def _identities(settings: Settings) -> Iterator[_Identity]:
    kinds = {
        name: kind.kind for name, kind in (*settings.trackers.items(), *settings.pagers.items())
    }
    for person in settings.people.values():
        for name in person.chat:
            yield _Identity("chat", normalised(name), person.name, "chat", _spelt(name))
        for name in person.st2:
            yield _Identity("st2", normalised(name), person.name, "st2", _spelt(name))
        if person.totp:
            yield _Identity("totp", _key(person.totp), person.name, "totp", "it")
        if person.email:
            yield _Identity(
                "address", normalised(person.email), person.name, "email", _spelt(person.email)
            )
        yield from _elsewhere(person, kinds)


def _elsewhere(person: Person, kinds: Dict[str, str]) -> Iterator[_Identity]:
    """The person's names in trackers and pagers. A key is the name of one of them, or the kind of
    several."""
    for key, text in person.identities.items():
        value = _number(text) if key.casefold() in _NUMBERS else normalised(text)
        if key.casefold() in _NUMBERS and key not in kinds and key not in kinds.values():
            yield _Identity("number", value, person.name, key, _spelt(text))
            continue
        if "@" in value:
            # Many systems know people by their address, and take it from `email` where they have no
            # other name.
            yield _Identity("address", value, person.name, key, _spelt(text))
        places = [
            name
            for name, kind in kinds.items()
            if name == key or (kind == key and name not in person.identities)
        ]
        for place in places or [key]:
            yield _Identity(f"in {place}", value, person.name, key, _spelt(text))


def _number(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).strip()
    digits = "".join(one for one in plain if one.isdigit())
    # 0044 is how +44 is dialled.
    return (digits[2:] if plain.startswith("00") else digits) or normalised(text)


def _spelt(name: str) -> str:
    """A name in quotes; with escapes where two that differ would look alike."""
    plain = name.isprintable() and unicodedata.is_normalized("NFC", name)
    return f"'{name}'" if plain else ascii(name)


def _key(secret: str) -> bytes:
    """The key that codes are made with: two spellings of a secret may be one key."""
    if is_reference(secret):
        return "".join(secret.split()).encode()
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    return (hashlib.sha1(key).digest() if len(key) > _BLOCK else key).rstrip(b"\0")  # noqa: S324


def _is_shared(settings: Settings, one: _Identity, other: _Identity) -> bool:
    return all(
        each.key not in _NEVER_SHARED and each.key in settings.people[each.person].shared
        for each in (one, other)
    )


def _complaint(sort: str, first: _Identity, other: _Identity) -> str:
    if sort == "totp":
        return (
            f"expected a secret of their own, found that of {first.person}: one code would "
            "count for both"
        )
    if sort == "chat":
        return (
            f"expected names that nobody else has, found {other.shown}; {first.person} has "
            f"{first.shown}"
        )
    if sort == "st2":
        return (
            f"expected StackStorm users that nobody else has, found {other.shown}; "
            f"{first.person} has {first.shown}"
        )
    both = "" if first.key == other.key else f" ({first.key} of {first.person})"
    return (
        f"expected what nobody else has, found {other.shown}, which is {first.person}'s "
        f"too{both}; if they share it, "
        f"write shared: [{other.key}] under {other.person}, and shared: [{first.key}] under "
        f"{first.person}"
    )


def _check_relays(settings: Settings, problems: Problems) -> None:
    relays = {normalised(one) for one in settings.relays}
    for person in settings.people.values():
        for name in person.st2:
            if normalised(name) in relays:
                own = "; without st2 it is the user of the same name" if name == person.name else ""
                problems.add(
                    f"people.{person.name}.st2",
                    f"expected this person's own StackStorm users, found the relay '{name}', "
                    "which speaks for "
                    f"everyone{own}",
                )


def _check_groups(settings: Settings, problems: Problems) -> None:
    """A group and a person, or two groups, whose names differ only in spelling."""
    known = {normalised(name): ("person", name) for name in settings.people}
    for name in settings.groups:
        what, other = known.setdefault(normalised(name), ("group", name))
        if other != name:
            problems.add(
                f"groups.{name}",
                f"expected a name that no person and no other group has, there is a {what} "
                f"'{other}'",
            )


def _check_shared(settings: Settings, problems: Problems) -> None:
    for person in settings.people.values():
        own = {*person.identities, *(("email",) if person.email else ())}
        for key in person.shared:
            if key in _NEVER_SHARED:
                problems.add(
                    f"people.{person.name}.shared",
                    f"expected keys other than {key}: it proves who someone is, and may belong "
                    "to one person only",
                )
            elif key not in own:
                problems.add(
                    f"people.{person.name}.shared", f"expected keys of {person.name}, found '{key}'"
                )
