"""Reading who is who."""

from __future__ import annotations

from typing import Dict, List, Mapping, Tuple

from ..names import nearest
from .fields import Fields, found, is_reference
from .model import Person

_OWN_KEYS = ("chat", "st2", "email", "totp", "second_factor", "shared")
# RFC 4226 wants 128 bits (26 characters); authenticators of the first days used 80 (16), and they still work.
_SHORTEST_SECRET = 16
_LONGEST_SECRET = 128


def read_person(name: str, fields: Fields) -> Person:
    """One entry under `people`."""
    person = Person(
        name=name,
        chat=fields.texts("chat", default=(), expected="a list of chat names"),
        st2=fields.texts("st2", default=(name,), expected="a list of StackStorm users"),
        email=fields.text("email", default="", expected="an e-mail address"),
        totp=_totp(fields),
        second_factor=fields.flag("second_factor", default=False),
        identities={
            key: fields.text(key, expected="this person's name there") for key in fields.names() if key not in _OWN_KEYS
        },
        shared=fields.texts("shared", default=(), expected="a list of keys of this person, such as email"),
    )
    for key in person.identities:
        # Any other key is a name elsewhere: a misspelt "totp" would make one of a secret, and leave it unused.
        near = nearest(key, ("totp", "second_factor", "shared"), most=1)
        if near:
            fields.problem(key, f"there is no such key; did you mean {near[0]}?")
    if person.second_factor and not fields.has("totp"):
        fields.problem("second_factor", "expected a totp beside it; without one they could approve nothing")
    return person


def read_groups(fields: Fields, people: Mapping[str, Person]) -> Dict[str, Tuple[str, ...]]:
    """The whole of `groups`."""
    inner = fields.inside("groups")
    groups: Dict[str, Tuple[str, ...]] = {}
    for name in inner.names():
        if name in people:
            inner.problem(name, "expected a name that no person has")
        members = inner.texts(name, expected="a list of people")
        for member in members:
            if member not in people:
                inner.problem(name, f"expected people of the config, found {found(member)}")
        groups[name] = members
    return groups


def members(names: Tuple[str, ...], groups: Mapping[str, Tuple[str, ...]]) -> List[str]:
    """The people behind names of people and groups, each once."""
    every = [member for name in names for member in groups.get(name, (name,))]
    return list(dict.fromkeys(every))


def _totp(fields: Fields) -> str:
    """A base32 secret, in capitals and without blanks and padding. What was found is never a part of the complaint."""
    expected = f"a base32 secret (A to Z and 2 to 7) of {_SHORTEST_SECRET} to {_LONGEST_SECRET} characters"
    value = fields.secret("totp", "", expected=expected)
    if not value or (fields.problems.references and is_reference(value)):
        # As it stands, two people can still be seen to have one.
        return value
    secret = "".join(value.split()).replace("-", "").rstrip("=").upper()
    # A group of eight characters holds five bytes; these rests hold no whole number of bytes.
    complete = len(secret) % 8 not in (1, 3, 6)
    known = all(letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" for letter in secret)
    if not (known and complete and _SHORTEST_SECRET <= len(secret) <= _LONGEST_SECRET):
        fields.problem("totp", f"expected {expected}, found another text, which is not shown")
        return ""
    return secret
