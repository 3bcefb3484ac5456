"""No identity belongs to two people of the config, unless they say that they share it."""

from __future__ import annotations

import base64
import copy
import hashlib
from typing import Any, Dict, List

import pytest

from opsroom.commands import KINDS
from opsroom.config import load
from opsroom.errors import Refusal
from support.cases import cases

KEY = b"twenty bytes of key!"
SECRET = base64.b32encode(KEY).decode()
WORLD: Dict[str, Any] = {
    "environments": {"uat": {}},
    "trackers": {
        "jira": {"kind": "local", "project": "ONE"},
        "north": {"kind": "local", "project": "NORTH"},
        "south": {"kind": "local", "project": "SOUTH"},
    },
}


def problems(people: Dict[str, Any], **changes: Any) -> List[str]:
    try:
        load({**copy.deepcopy(WORLD), "people": people, **changes}, KINDS)
    except Refusal as refused:
        return list(refused.facts["problems"])
    return []


@cases(
    ("one", "other", "key"),
    [
        ({"chat": ["al"]}, {"chat": ["al"]}, "chat"),
        ({"chat": ["al", "alice"]}, {"chat": ["bob", "Alice"]}, "chat"),
        ({"chat": ["alice"]}, {"chat": ["@alice"]}, "chat"),
        ({"chat": ["José"]}, {"chat": ["Jose\u0301"]}, "chat"),
        ({"chat": ["alice"]}, {"chat": ["ali\u200bce"]}, "chat"),
        ({"chat": ["alice"]}, {"chat": ["\uff41lice"]}, "chat"),
        ({"chat": ["Al Smith"]}, {"chat": ["al  smith"]}, "chat"),
        ({"chat": ["STRASSE"]}, {"chat": ["straße"]}, "chat"),
        ({"chat": ["a!~a@host"]}, {"chat": ["A!~a@HOST"]}, "chat"),
        ({"st2": ["ops"]}, {"st2": ["ops"]}, "st2"),
        ({"st2": ["ops"]}, {"st2": ["OPS"]}, "st2"),
        # Without st2 it is the user of the same name.
        ({}, {"st2": ["one"]}, "st2"),
        ({"totp": SECRET}, {"totp": SECRET}, "totp"),
        ({"email": "ops@example.com"}, {"email": "Ops@Example.com"}, "email"),
        ({"email": "ops@example.com"}, {"pagerduty": "ops@example.com"}, "pagerduty"),
        ({"jira": "5b10"}, {"jira": "5B10"}, "jira"),
        ({"north": "smith"}, {"north": "smith"}, "north"),
        # A key may be a kind, which stands for each tracker of it.
        ({"local": "smith"}, {"north": "smith"}, "north"),
        ({"elsewhere": "smith"}, {"elsewhere": "@smith"}, "elsewhere"),
        ({"phone": "+44 20 7946 0000"}, {"phone": "+44-20-79460000"}, "phone"),
        ({"phone": "+44 20 7946 0000"}, {"phone": "0044 20 7946 0000"}, "phone"),
        ({"phone": "+44 20 7946 0000"}, {"mobile": "+442079460000"}, "mobile"),
    ],
)
def test_what_two_people_have_is_refused_and_names_both(
    one: Dict[str, Any], other: Dict[str, Any], key: str
) -> None:
    (line,) = problems({"one": one, "two": other})
    assert line.startswith(f"people.two.{key}: expected ")
    assert "one" in line
    assert SECRET not in line


def test_names_that_look_alike_are_shown_so_that_they_differ() -> None:
    (line,) = problems({"one": {"chat": ["jose"]}, "two": {"chat": ["jose\u200b"]}})
    assert line.endswith(r"found 'jose\u200b'; one has 'jose'")


@pytest.mark.parametrize(
    "spelt",
    [
        SECRET.lower(),
        " ".join(SECRET[start : start + 4] for start in range(0, len(SECRET), 4)),
        "-".join(SECRET[start : start + 4] for start in range(0, len(SECRET), 4)).lower(),
        # Zeros at the end of a key change no code.
        base64.b32encode(KEY + b"\0\0\0\0\0").decode(),
    ],
)
def test_one_secret_of_codes_in_another_spelling_is_the_same_secret(spelt: str) -> None:
    (line,) = problems({"one": {"totp": SECRET}, "two": {"totp": spelt}})
    assert (
        line
        == "people.two.totp: expected a secret of their own, found that of one: one code would "
        "count for both"
    )


def test_bits_that_belong_to_no_byte_make_no_other_secret() -> None:
    # 11 bytes are 88 bits, in 18 characters of 5: the last two of them count for nothing.
    padded = base64.b32encode(KEY[:11]).decode().rstrip("=")
    other = (
        padded[:-1]
        + "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".index(padded[-1]) + 1
        ]
    )
    assert base64.b32decode(other + "=" * 6) == KEY[:11]
    assert len(problems({"one": {"totp": padded}, "two": {"totp": other}})) == 1


def test_a_long_secret_is_the_same_as_its_hash() -> None:
    key = KEY * 4
    short = base64.b32encode(hashlib.sha1(key).digest()).decode()
    assert (
        len(problems({"one": {"totp": base64.b32encode(key).decode()}, "two": {"totp": short}}))
        == 1
    )


@cases(
    ("one", "other"),
    [
        ({"chat": ["alice"]}, {"chat": ["alicia"]}),
        ({"totp": SECRET}, {"totp": base64.b32encode(KEY[::-1]).decode()}),
        # Two systems may have two people of one name.
        ({"north": "smith"}, {"south": "smith"}),
        ({"local": "smith", "north": "as"}, {"north": "smith"}),
        ({"email": "a@example.com"}, {"email": "b@example.com"}),
        ({"chat": ["al", "al"]}, {}),
        ({"chat": ["al", "AL"], "email": "a@example.com", "jira": "a@example.com"}, {}),
        ({"st2": []}, {"st2": ["one"]}),
    ],
)
def test_what_belongs_to_one_person_is_taken(one: Dict[str, Any], other: Dict[str, Any]) -> None:
    assert problems({"one": one, "two": other}) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [("email", "ops@example.com"), ("jira", "5b10"), ("phone", "+44 20 7946 0000")],
)
def test_what_everybody_concerned_calls_shared_may_belong_to_several(key: str, value: str) -> None:
    both = {name: {key: value, "shared": [key]} for name in ("one", "two", "three")}
    assert problems(both) == []
    del both["three"]["shared"]
    (line,) = problems(both)
    assert f"write shared: [{key}] under three, and shared: [{key}] under one" in line


@pytest.mark.parametrize("key", ["chat", "st2", "totp"])
def test_what_proves_who_somebody_is_is_never_shared(key: str) -> None:
    value: Any = SECRET if key == "totp" else ["ops"]
    found = problems({name: {key: value, "shared": [key]} for name in ("one", "two")})
    assert [one for one in found if one.startswith(f"people.two.{key}: ")]
    assert [
        one for one in found if one.startswith(f"people.one.shared: expected keys other than {key}")
    ]


def test_only_what_a_person_has_can_be_shared() -> None:
    (line,) = problems({"one": {"shared": ["email"]}})
    assert line == "people.one.shared: expected keys of one, found 'email'"


@pytest.mark.parametrize("person", [{"st2": ["Chatops_Bot"]}, {"st2": ["bob", "chatops_bot"]}])
def test_a_relay_is_nobodys_own_user(person: Dict[str, Any]) -> None:
    (line,) = problems({"bob": person})
    assert line.startswith(
        "people.bob.st2: expected this person's own StackStorm users, found the relay '"
    )


def test_a_person_who_is_called_like_a_relay_needs_users_of_their_own() -> None:
    (line,) = problems({"chatops_bot": {}})
    assert line.endswith("; without st2 it is the user of the same name")
    assert problems({"chatops_bot": {"st2": []}}) == []


def test_a_group_is_spelt_unlike_any_person_and_any_other_group() -> None:
    (line,) = problems({"alice": {}}, groups={"Alice": ["alice"]})
    assert line.startswith(
        "groups.Alice: expected a name that no person and no other group has, there is a person"
    )
    (line,) = problems({"alice": {}}, groups={"ops": ["alice"], "OPS": ["alice"]})
    assert line.startswith("groups.OPS: ")
