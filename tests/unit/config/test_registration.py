"""What StackStorm refuses when it registers a config, or could not use afterwards, is refused
before."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import List

import pytest

from opsroom import check
from opsroom.config import registration
from opsroom.secrets import is_decrypted
from support.worlds.configs import LARGEST, Place, at, places, put, read, shown

START = "environments:\n  test: {}\n"
DEPLOY = "apps: {web: {deploy: {kind: stackstorm, action: a.b, parameters: {x: %s}}}}"
SECRET = "s3cret-of-nobody"
HEADER = "apps: {web: {version: {kind: http, url: 'https://a.b/', headers: {Authorization: '%s'}}}}"


def checked(folder: Path, text: str, references: bool = True) -> List[str]:
    """The mistakes in a config, as they are shown, without the file's name."""
    path = folder / "opsroom.yaml"
    path.write_text(START + text + "\n", encoding="utf-8")
    _, mistakes, _ = check.check_file(path, references)
    return [f"{one.line}: {one.text}" for one in mistakes]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("lease: 90", "lease: expected a text, found 90; put quotes around it"),
        ("watch: 5.0", "watch: expected a text, found 5.0; put quotes around it"),
        ("progress: {after: 5}", "progress.after: expected a text, found 5"),
        ("watching: {versions: 60}", "watching.versions: expected a text, found 60"),
        ("apps: {web: {verify_for: 60}}", "apps.web.verify_for: expected a text, found 60"),
        (
            "relays: chatops_bot",
            "relays: expected a list, found 'chatops_bot'; StackStorm takes no text alone",
        ),
        ("people: {bob: {chat: bob}}", "people.bob.chat: expected a list, found 'bob'"),
        ("people: {bob: {}}\ngroups: {all: bob}", "groups.all: expected a list, found 'bob'"),
        (
            "apps: {web: {environments: test}}",
            "apps.web.environments: expected a list, found 'test'",
        ),
    ],
)
def test_what_opsroom_takes_and_stackstorm_does_not_is_refused(
    tmp_path: Path, text: str, complaint: str
) -> None:
    for references in (True, False):
        (line,) = checked(tmp_path, text, references)
        assert complaint in line


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (DEPLOY % "2026-12-20", "parameters.x: found a date"),
        (DEPLOY % "2026-12-20 10:00:00", "parameters.x: found a date"),
        (DEPLOY % ".inf", "parameters.x: found a number that JSON does not have"),
        (DEPLOY % ".nan", "parameters.x: found a number that JSON does not have"),
        (DEPLOY % "!!set {a, b}", "parameters.x: found a value that JSON does not have"),
        (DEPLOY % "!!binary aGVsbG8=", "parameters.x: found a value that JSON does not have"),
        (DEPLOY % '{"a\\0": 1}', "found a key with characters that StackStorm cannot keep"),
    ],
)
def test_what_its_database_cannot_keep_is_refused(
    tmp_path: Path, text: str, complaint: str
) -> None:
    (line,) = checked(tmp_path, text)
    assert complaint in line


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "announce: '{{ foo }}'",
            "announce: found an expression, which StackStorm evaluates at every command",
        ),
        ("announce: '{% if x %}'", "announce: found an expression"),
        ("announce: '{{ st2kv.system.a }}{{ b }}'", "announce: found an expression"),
        ("people: {bob: {jira: '{{ name }}'}}", "people.bob.jira: found an expression"),
        (
            HEADER % "Bearer {{ st2kv.system.x }}",
            'Authorization: expected "{{ st2kv.system.NAME }}" alone',
        ),
        ("database: '{{ st2kv.system.x | decrypt_kv }}'", "database: expected"),
        ("people: {bob: {totp: '{{ st2kv.system.x | decrypt_kv }}'}}", "people.bob.totp: expected"),
    ],
)
def test_what_it_evaluates_and_fails_on_is_refused(
    tmp_path: Path, text: str, complaint: str
) -> None:
    (line,) = checked(tmp_path, text)
    assert complaint in line


def test_a_value_of_the_datastore_stands_anywhere_and_what_cannot_be_checked_is_a_warning(
    tmp_path: Path,
) -> None:
    config, path = read(LARGEST), tmp_path / "opsroom.yaml"
    for form in ("{{ st2kv.system.k }}", "x{{ st2kv.system.k }}y"):
        for place in list(places(config))[::5]:
            whole = form.startswith("{") or not is_decrypted(tuple(map(str, place)))
            if isinstance(at(config, place), str) and whole and "parameters" not in place:
                path.write_text(json.dumps(put(config, place, form)), encoding="utf-8")
                # Of other places there is only what follows.
                assert not [
                    one for one in check.check_file(path)[1] if one.text.startswith(shown(place))
                ]


def test_a_rule_from_the_datastore_is_a_warning_and_stops_nothing(tmp_path: Path) -> None:
    path = tmp_path / "opsroom.yaml"
    for text in (
        "lease: '{{ st2kv.system.lease }}'",
        "web: 'https://{{ st2kv.system.host }}/'",
        "people: {bob: {}}\ngroups: {all: ['{{ st2kv.system.who }}']}",
        "apps: {web: {deploy: {kind: '{{ st2kv.system.kind }}'}}}",
    ):
        path.write_text(START + text + "\n", encoding="utf-8")
        _, mistakes, warnings = check.check_file(path)
        assert mistakes == []
        assert (
            "StackStorm takes this from its datastore, so it cannot be checked here"
            in warnings[0].text
        )
        # The console has no datastore.
        assert check.check_file(path, references=False)[1]


def test_complaints_show_no_secret_and_stand_where_the_value_does() -> None:
    config = read(LARGEST)
    secret: List[Place] = [one for one in places(config) if is_decrypted(tuple(map(str, one)))]
    assert len(secret) > 20
    for place in secret:
        for value in (
            [SECRET],
            {SECRET: SECRET},
            20261220,
            f"Bearer {{{{ {SECRET} }}}}",
            f"{SECRET} {{{{ st2kv.a }}}}",
        ):
            found = registration.complaints(put(config, place, value))
            assert found, (place, value)
            assert all(one.startswith(shown(place)) for one, _ in found)
            assert not [what for _, what in found if SECRET in what or "20261220" in what]


def test_without_jsonschema_the_check_says_what_it_did_not_look_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registration._validator.cache_clear()
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    path = tmp_path / "opsroom.yaml"
    path.write_text(START + "lease: 90\n", encoding="utf-8")
    _, mistakes, warnings = check.check_file(path)
    assert mistakes == []
    assert "jsonschema is missing" in warnings[0].text


def test_a_key_that_must_be_there_is_one_of_the_mapping_around_it() -> None:
    schema = {
        "a": {
            "type": "object",
            "properties": {"b": {"type": "string", "required": True}, "c": {"type": "string"}},
        }
    }
    inner = registration.as_checked(schema)["properties"]["a"]
    assert inner["required"] == ["b"]
    assert inner["type"] == ["object", "null"]
    assert inner["properties"] == {"b": {"type": "string"}, "c": {"type": ["string", "null"]}}
