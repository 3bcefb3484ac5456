"""Secrets of the config stay out of results and logs; what is secret is decided by its place and by
no name."""

from __future__ import annotations

import base64
import json
import re
from typing import Any, Dict, List
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom import secrets
from opsroom.commands import KINDS
from opsroom.config import load
from opsroom.errors import Code
from opsroom.grammar.commands import COMMANDS
from opsroom.secrets import MASK, public_words, redact, redactor_for, secrets_of
from support.cases import cases
from support.errors import refusal_of
from support.worlds.configs import LARGEST, put, read

CONFIG = {
    "database": "postgresql://opsroom:p%40ssw0rd@db/opsroom",
    "trackers": {"jira": {"token": "jira-token-1", "url": "https://acme.example"}},
    "apps": {
        "web": {
            "version": {"headers": {"X-Key": "header-secret"}},
            "deploy": {
                "secret_environ": {"A": ["list-secret"]},
                "environ": {"ACTION": "deploy", "TOKEN": "no secret"},
            },
        }
    },
    "people": {"alice": {"email": "alice@example.com"}},
    "pagers": {"mail": {"password": "abc"}},
}


def test_secret_values_are_masked_wherever_they_turn_up() -> None:
    redactor = redactor_for(CONFIG)
    said = {"header-secret": ["jira-token-1 p%40ssw0rd p@ssw0rd", {"x": ("list-secret",)}], "n": 1}
    assert redactor.data(said) == {MASK: [f"{MASK} {MASK} {MASK}", {"x": [MASK]}], "n": 1}


def test_ordinary_values_stay() -> None:
    text = "alice@example.com at https://acme.example, abc, deployed no secret by deploy"
    assert redactor_for(CONFIG).text(text) == text
    assert redactor_for({}).text(text) == text


def test_a_secret_is_masked_as_it_looks_in_an_address_and_after_it_was_neutralised() -> None:
    redactor = redactor_for({"database": "a b/c{{d"})
    for text in ("a b/c{{d", "a%20b%2Fc%7B%7Bd", "a+b%2Fc%7B%7Bd", "a b/c{ {d"):
        assert redactor.text(f"<{text}>") == f"<{MASK}>"


def test_other_writings_of_a_secret_are_masked() -> None:
    key = "-----BEGIN KEY-----\nfirst+line/of=it\nsecond line\n-----END KEY-----\n"
    secrets = {
        "A": "Bearer xyz-of-the-api",
        "B": key,
        "C": 'with "quotes" and ü',
        "D": "plain-text-of-mine",
    }
    redactor = redactor_for({"apps": {"web": {"version": {"headers": secrets}}}})
    written = ["xyz-of-the-api", "first+line/of=it", "second line", json.dumps(secrets["C"])[1:-1]]
    written += [" ".join(key.split()), quote("plain-text-of-mine"), quote("xyz-of-the-api")]
    for text in written:
        masked = redactor.text(f"it is {text}!")
        assert re.fullmatch(r"it is \*\*\*(.*\*\*\*)?!", masked), masked
    for before in ("", "u", "us", "user:"):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(f"{before}plain-text-of-mine".encode()).decode()
            assert MASK in redactor.text(f"Basic {text}"), before
            # At the ends, bits of what stands beside it are in the same character.
            assert len(redactor.text(text)) <= len(MASK) + len(before) * 2 + 6


def test_no_word_of_a_command_is_a_secret() -> None:
    forms = [form.display for command in COMMANDS for form in command.forms]
    words = {
        word for one in forms for word in re.findall(r"[a-z]{6,}", re.sub(r"\{\{.*?\}\}", "", one))
    }
    known = "\n".join(public_words({}))
    assert len(words) > 20
    assert [word for word in words if word not in known] == []


def test_every_secret_of_the_largest_config_is_masked() -> None:
    config = read(LARGEST)
    redactor, found = redactor_for(config), list(secrets_of(config))
    assert len(found) > 25
    for path, secret in found:
        assert redactor.text(f"it is {secret}!") == f"it is {MASK}!", path


SAID = "production deployed not_verified deploy of web by alice in #deploys as chatops_bot"
NAMES = [
    "token-service",
    "password-reset",
    "secrets",
    "headers",
    "environ",
    "api_key",
    "totp",
    "credentials",
    "key",
]


@cases("name", NAMES)
@cases("section", ["apps", "people", "groups", "environments", "trackers", "pagers", "teams"])
def test_no_name_that_people_choose_makes_a_secret_of_what_is_below(
    section: str, name: str
) -> None:
    below: Dict[str, Any] = {
        "apps": {
            "environments": ["production"],
            "deploy": {"kind": "command", "command": ["deploy", "deployed"]},
        },
        "people": {"chat": ["alice"], "email": "production"},
        "groups": ["alice"],
        "environments": {"rooms": ["#deploys"], "move_cards": "deployed"},
        "trackers": {"kind": "local", "project": "production"},
        "pagers": {"kind": "local", "on_call": {"production": ["alice"]}},
        "teams": {"page": ["production"], "phone": "deployed"},
    }
    config = {section: {name: below[section]}}
    assert list(secrets_of(config)) == []
    assert redactor_for(config).text(SAID) == SAID


def test_a_name_of_splunk_on_call_is_no_secret_where_pagerdutys_is_one() -> None:
    pagers = {
        "vo": {"kind": "victorops", "routing_key": "everyone"},
        "pd": {"kind": "pagerduty", "routing_key": "key-of-the-events"},
    }
    teams = {"web": {"vo": {"routing_key": "web-team"}, "pd": {"routing_key": "key-of-the-team"}}}
    redactor = redactor_for({"pagers": pagers, "teams": teams})
    said = "everyone of web-team, key-of-the-events, key-of-the-team"
    assert redactor.text(said) == f"everyone of web-team, {MASK}, {MASK}"


def test_codes_and_names_of_the_config_are_never_masked_whatever_a_header_holds() -> None:
    config = read(LARGEST)
    for word in (
        "production",
        "deploy",
        "#worker",
        "web-team",
        "managers",
        "Alice!~Alice@",
        *(code.value for code in Code),
    ):
        changed = put(config, ("apps", "api", "version", "headers"), {"X-Word": word})
        load(changed, KINDS)
        assert redactor_for(changed).text(f"{word} {word}ed") == f"{word} {word}ed"


@pytest.mark.parametrize(
    "word", ["production", "duction", "deploy", "web-team", "Managers", "not_verified", "#deploys"]
)
def test_a_secret_that_is_a_part_of_a_name_or_a_code_is_refused_and_not_shown(word: str) -> None:
    config = read(LARGEST)
    for place in (
        ("pagers", "mail", "password"),
        ("apps", "api", "deploy", "secret_environ", "TOKEN"),
    ):
        refused = refusal_of(load, put(config, place, word), KINDS)
        (line,) = refused.facts["problems"]
        assert line.startswith(
            f"{'.'.join(place)}: expected a secret that is no part of a name of this config"
        )
        assert word not in line.partition(": ")[2]


def test_a_short_secret_is_not_masked_since_it_would_blot_out_ordinary_words() -> None:
    assert redactor_for({"pagers": {"mail": {"password": "the"}}}).text("the other") == "the other"


def test_a_secret_variable_is_not_one_of_the_others_too() -> None:
    config = put(read(LARGEST), ("apps", "api", "deploy", "environ"), {"TOKEN": "x"})
    refused = refusal_of(load, config, KINDS)
    lines: List[str] = refused.facts["problems"]
    assert lines == [
        "apps.api.deploy.secret_environ.TOKEN: expected a name that is not under environ, too"
    ]


_PIECES = (
    "Authorization",
    "author\u0131zation",
    ": ",
    "https://",
    "ssh://",
    "u",
    ":",
    "@",
    "?",
    "/",
)


@given(st.lists(st.sampled_from(_PIECES), max_size=10).map("".join))
def test_no_credential_is_left_because_its_text_was_not_looked_through(text: str) -> None:
    looked_through = secrets._AUTHORIZATION.sub(rf"\g<1>{MASK}", text)
    looked_through = secrets._WEB_USER.sub(rf"\g<1>{MASK}@", looked_through)
    looked_through = secrets._PASSWORD.sub(rf"\g<1>:{MASK}@", looked_through)
    assert redact(text) == secrets._QUERY.sub(r"\g<1>?…", looked_through)
