"""A key that is there and empty is never taken for one that was left out: neither by opsroom nor by
its schema."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterator, List, Tuple

import pytest
from jsonschema import Draft4Validator

from opsroom.commands import KINDS
from opsroom.config import load
from opsroom.config.registration import as_checked
from opsroom.errors import Refusal
from support.worlds.configs import (
    EXAMPLE,
    LARGEST,
    SCHEMA,
    Place,
    at,
    places,
    put,
    put_at_each,
    read,
    shown,
)

CONFIGS = {"example": read(EXAMPLE), "largest": read(LARGEST)}
EMPTY: Dict[str, Any] = {
    "null": None,
    "text": "",
    "blank": " ",
    "list": [],
    "mapping": {},
    "null in a list": [None],
}
RULES = "deployers|rooms|lockers|approvers|emergency|freezes"
ENVIRONMENT = r"environments\.[^.]+(\.apps\.[^.]+)?"
# What may be there and empty, and why.
ALLOWED: List[Tuple[str, str, str]] = [
    (
        "mapping",
        "people|groups|environments|apps|trackers|pagers|teams|progress|page_limit|watching"
        "|webhooks|audit|incidents|sets|board|metrics|ledger|relay_keys",
        "StackStorm puts an empty one where the config has none",
    ),
    (
        "mapping",
        rf"people\.\w+|apps\.\w+|teams\.[^.]+|{ENVIRONMENT}|environments\.\w+\.apps",
        "a name alone is enough",
    ),
    (
        "mapping",
        r"(apps|pagers)\.(.+\.)?(headers|environ|secret_environ|parameters|inputs|where)",
        "none to send along",
    ),
    ("list", rf"{ENVIRONMENT}\.({RULES})", "nobody, nowhere, never"),
    ("list", "relays", "no relay is trusted"),
    ("list", r"board\.environments", "the board shows none"),
    ("list", r"people\.\w+\.st2", "no StackStorm user at all"),
    ("text|blank", rf"{ENVIRONMENT}\.after", "takes the application out of the order"),
    ("text|blank|list|mapping", r"apps\.\w+\.\w+\.parameters[.\[].+", "JSON for an action"),
    (".*", r"pagers\.\w+\.template[.\[].+", "JSON for a receiver, where null is a value"),
    ("null in a list", r"pagers\.\w+\.template", "likewise"),
]
# Where an empty section takes away what others refer to: they complain, rightly, instead of it.
ECHOES = ("people", "groups", "environments", "apps", "trackers", "pagers", "teams")


def complaints(config: Dict[str, Any]) -> List[str]:
    try:
        load(config, KINDS)
    except Refusal as refused:
        return list(refused.facts.get("problems", [refused.message]))
    return []


def own_complaints(
    config: Dict[str, Any], wrong: List[Place], value: Any
) -> Iterator[Tuple[Place, List[str]]]:
    """What is complained of each place when the value is put there.

    Places of one depth share a load. Where it does not complain of what was found at a place, the
    others may have hidden that: the place has a load of its own.
    """
    for depth in {len(place): None for place in wrong}:
        level = [place for place in wrong if len(place) == depth]
        together = complaints(put_at_each(config, level, value))
        for place in level:
            own = _own(place, together)
            if not any("found " in one for one in own):
                own = _own(place, complaints(put(config, place, value)))
            yield place, own


def _own(place: Place, found: List[str]) -> List[str]:
    path = shown(place)
    return [one for one in found if one.startswith((f"{path}: ", f"{path}[0]: "))]


def unrefused(
    validator: Draft4Validator, config: Dict[str, Any], wrong: List[Place], value: Any
) -> List[Place]:
    """The places where the schema takes the value, those of one depth put to it at once."""
    taken = []
    for depth in {len(place): None for place in wrong}:
        level = [place for place in wrong if len(place) == depth]
        errors = validator.iter_errors(put_at_each(config, level, value))
        refused = {tuple(error.absolute_path)[:depth] for error in errors}
        for place in level:
            around = any(place[:length] in refused for length in range(depth))
            if place not in refused and (
                not around or validator.is_valid(put(config, place, value))
            ):
                taken.append(place)
    return taken


def allowed(empty: str, place: Place) -> bool:
    return any(
        re.fullmatch(kind, empty) and re.fullmatch(path, shown(place)) for kind, path, _ in ALLOWED
    )


@pytest.mark.parametrize(
    ("name", "empty"),
    [*(("largest", empty) for empty in EMPTY), ("example", "null"), ("example", "null in a list")],
)
def test_every_single_key_that_is_there_and_empty_is_refused_by_its_name(
    name: str, empty: str
) -> None:
    config, wrong = CONFIGS[name], []
    assert complaints(config) == []
    for place, own in own_complaints(config, list(places(config)), EMPTY[empty]):
        if allowed(empty, place):
            wrong += [one for one in own if " empty " in one or "found nothing" in one]
        elif not own:
            wrong.append(f"{shown(place)}: no complaint")
        elif empty.startswith("null") and not any(
            "`#ops` without quotes is a comment" in one for one in own
        ):
            wrong += own
    assert wrong == []


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("empty", ["null", "null in a list"])
def test_stackstorm_refuses_null_at_every_single_key_by_the_schema(name: str, empty: str) -> None:
    validator = Draft4Validator(as_checked(read(SCHEMA)))
    config = CONFIGS[name]
    assert [one.message for one in validator.iter_errors(config)] == []
    strict = [
        place
        for place in places(config)
        if not allowed(empty, place) and (empty == "null" or isinstance(at(config, place), list))
    ]
    assert unrefused(validator, config, strict, EMPTY[empty]) == []


@pytest.mark.parametrize("address", ["http://[", "https://[::1", "https://[::1/x"])
def test_an_address_with_half_a_bracket_is_refused_and_no_error_of_ours(address: str) -> None:
    config, taken = CONFIGS["largest"], []
    for place in places(config):
        if re.match("https?://", str(at(config, place))) and not complaints(
            put(config, place, address)
        ):
            taken.append(shown(place))
    assert taken == []


def test_what_opsroom_takes_is_taken_by_stackstorm_too() -> None:
    # But for a length of time as a number, and one text in place of a list of one.
    lenient = {
        7: r"progress\..*|watching\..*|board\..*|watch|apps\.web\.verify_for",
        "text": r"relays|.*\.(chat|st2|rooms)",
    }
    validator = Draft4Validator(as_checked(read(SCHEMA)))
    config, wrong = CONFIGS["largest"], []
    for value in (7, "text", ["text"]):
        known = "" if isinstance(value, list) else lenient[value]
        strict = [place for place in places(config) if not re.fullmatch(known, shown(place))]
        accepted = unrefused(validator, config, strict, value)
        refused = [place for place in strict if place not in accepted]
        wrong += [
            f"{shown(place)}: {value!r}"
            for place, own in own_complaints(config, refused, value)
            if not own
        ]
    assert wrong == []


# As StackStorm 3.9 stores what `st2 key set NAME VALUE --encrypt` is given: a value of less than 16
# bytes is one block.
def _encrypted(blocks: int, header: str = "3030303030") -> str:
    return header + "A1" * 16 + "B2" * 16 * blocks + "C3" * 20


@pytest.mark.parametrize("header", ["3030303030", "00DED3A1B2"], ids=["StackStorm", "Keyczar"])
@pytest.mark.parametrize("blocks", [1, 3, 300])
@pytest.mark.parametrize("around", ["{}", " {}\n", "Bearer {}", "https://example.com/hooks/{}?x=1"])
def test_a_text_that_is_still_encrypted_is_refused_where_stackstorm_does_not_decrypt(
    header: str, blocks: int, around: str
) -> None:
    secret = _encrypted(blocks, header)
    encrypted = around.format(secret)
    config = CONFIGS["largest"]
    for path in (
        ("apps", "api", "deploy", "environ", "ACTION"),
        ("apps", "api", "deploy", "command", 1),
    ):
        (line,) = complaints(put(config, path, encrypted))
        assert line.startswith(f"{shown(path)}: found a value that is still encrypted")
        assert secret not in line
    assert not complaints(
        put(config, ("apps", "api", "deploy", "secret_environ", "TOKEN"), encrypted)
    )


@pytest.mark.parametrize(
    "text",
    [
        "A1" * 57,
        "00" * 32,
        "30" * 64,
        _encrypted(1).lower(),
        _encrypted(1)[:-1],
        _encrypted(1) + "0",
        "3030303030",
    ],
)
def test_a_digest_and_other_hex_digits_are_not_taken_for_something_encrypted(text: str) -> None:
    assert not complaints(
        put(CONFIGS["largest"], ("apps", "api", "deploy", "environ", "ACTION"), text)
    )


def test_the_largest_config_has_every_key_that_the_schema_names() -> None:
    def keys(schema: Dict[str, Any]) -> List[str]:
        inner = {**schema.get("properties", {}), **schema.get("patternProperties", {})}
        below = [
            one
            for one in (*inner.values(), schema.get("additionalProperties"))
            if isinstance(one, dict)
        ]
        return [*(name.strip("^$") for name in inner), *(key for one in below for key in keys(one))]

    named = {step for place in places(CONFIGS["largest"]) for step in place}
    assert set(keys({"properties": read(SCHEMA)})) <= named


def test_every_section_may_be_empty_since_stackstorm_puts_empty_ones() -> None:
    sections = [name for name, one in read(SCHEMA).items() if one.get("type") == "object"]
    assert len(sections) > 10
    config = {"apps": {"web": {}}, "environments": {"uat": {}}}
    assert complaints({**{name: {} for name in sections}, **config}) == []
