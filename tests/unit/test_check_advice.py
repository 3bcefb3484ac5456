"""`opsroom.check`: secrets are not shown, and what is right and doubtful is a warning."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from opsroom import check
from opsroom.secrets import secrets_of
from support.worlds.configs import LARGEST, put, read

START = "environments:\n  test: {}\n"


SECRET = "s3cret-of-nobody"


def test_names_of_the_datastore_stand_for_values_that_are_not_known_yet(checked) -> None:
    kept = '"{{ st2kv.system.key_of_it }}"'
    text = START + (
        f"database: {kept}\n"
        f"people: {{carol: {{totp: {kept}, second_factor: true}}}}\n"
        f"trackers: {{jira: {{kind: jira, url: https://a.atlassian.net, user: a@b.c, token: "
        f"{kept}, project: OPS}}}}\n"
        f"pagers: {{vo: {{kind: victorops, endpoint: {kept}}}}}\n"
        f"webhooks: {{gitlab: {{token: {kept}, signing_token: {kept}, projects: {{a/b: web}}}}}}\n"
        "apps: {web: {}}\n"
    )
    assert checked(text) == (0, ["FILE can be registered: no mistakes, 0 warnings."])


def test_two_people_with_one_secret_in_the_datastore_are_refused(checked) -> None:
    kept = '"{{ st2kv.system.%s }}"'
    people = {
        name: kept % key for name, key in (("one", "key"), ("two", "key"), ("three", "other"))
    }
    lines = checked(
        START
        + f"people: {{{', '.join(f'{name}: {{totp: {one}}}' for name, one in people.items())}}}\n"
    )[1]
    assert (
        len([one for one in lines if "people.two.totp: expected a secret of their own" in one]) == 1
    )
    assert not [one for one in lines if "three" in one]


def test_a_value_of_the_datastore_where_stackstorm_decrypts_nothing_is_a_warning(checked) -> None:
    deploy = '{kind: command, command: [x], environ: {TOKEN: "{{ st2kv.system.token }}"}}'
    status, lines = checked(START + f"apps: {{web: {{deploy: {deploy}}}}}\n")
    assert status == 0
    assert lines[0].startswith(
        "FILE:3: warning: apps.web.deploy.environ.TOKEN: StackStorm decrypts a value of its "
        "datastore"
    )


def test_the_value_of_a_secret_field_is_never_shown_whatever_is_wrong_with_it(
    tmp_path: Path,
) -> None:
    config = read(LARGEST)
    wrong: List[str] = []
    places = {path for path, _ in secrets_of(config)}
    assert len(places) > 25
    file = tmp_path / "opsroom.yaml"

    def check_with(value: Any, *wrong_places: Any) -> None:
        changed = config
        for path in wrong_places:
            changed = put(changed, path, value)
        file.write_text(json.dumps(changed), encoding="utf-8")
        _, mistakes, warnings = check.check_file(file, references=False)
        # A mapping in a secret's place: its keys are names like all others.
        allowed = 1 if isinstance(value, dict) else 0
        wrong.extend(
            one.text
            for one in (*mistakes, *warnings)
            if one.text.count(SECRET) > allowed or "20261220" in one.text
        )

    for path in places:
        for value in (f"{SECRET}\n\x07é", [SECRET], {SECRET: SECRET}):
            check_with(value, path)
    # Each complaint is about one place, so these are wrong everywhere at once.
    for value in (f"htp:/{SECRET}", 20261220, True, [None, SECRET]):
        check_with(value, *places)
    # In place of the mappings that hold them.
    for outer in {path[:end] for path in places for end in range(1, len(path))}:
        file.write_text(json.dumps(put(config, outer, SECRET)), encoding="utf-8")
        wrong += [one.text for one in check.check_file(file)[1] if SECRET in one.text]
    assert wrong == []


@pytest.mark.parametrize(
    "text", ["a: *{0}", "a: !{0} x", "a: '{0}", "a: {0}: x", "a: @{0}", "a: [{0}", "%{0} x"]
)
def test_no_line_of_a_broken_file_is_shown(checked, text: str) -> None:
    assert SECRET not in str(checked(text.format(SECRET)))


def test_a_password_inside_an_address_is_not_shown(checked) -> None:
    for address in (f"htps://bob:{SECRET}@host/x y", f"https//bob:{SECRET}@host"):
        deploy = f"{{kind: git, repository: '{address}', root: /srv}}"
        status, lines = checked(START + f"apps: {{web: {{deploy: {deploy}}}}}\n")
        assert status == 1
        assert SECRET not in str(lines)


ADVICE: Dict[str, Tuple[str, str]] = {
    "a short secret": (
        "trackers: {t: {kind: github, token: abc, repository: a/b}}",
        "trackers.t.token: a secret of less than 6 characters is not masked in answers",
    ),
    "the only approver": (
        "people: {carol: {}, dave: {}}\n"
        "environments: {p: {approvals: 1, approvers: [carol], deployers: [carol, dave]}}",
        "environments.p.approvers: what carol asks for can never get its 1 approval: nobody "
        "approves their own change, "
        "and too few others can",
    ),
    "by a group": (
        "people: {carol: {}, dave: {}}\ngroups: {g: [carol]}\n"
        "environments: {p: {approvals: 1, approvers: [g], deployers: [g, dave]}}",
        "environments.p.approvers: what carol asks for can never get its 1 approval",
    ),
    "an approver without codes": (
        "people: {carol: {totp: JBSWY3DPEHPK3PXP}, dave: {}, erin: {}}\n"
        "environments: {p: {approvals: 1, approvers: [carol, dave], second_factor: true}}",
        "environments.p.approvers: what carol asks for can never get its 1 approval",
    ),
    "an approver who is in no room": (
        "people: {carol: {chat: [carol]}, dave: {}, erin: {chat: [erin]}}\n"
        "environments: {p: {approvals: 1, approvers: [carol, dave], rooms: ['#ops']}}",
        "environments.p.approvers: what carol asks for can never get its 1 approval",
    ),
    "for one application": (
        "people: {carol: {}, dave: {}, erin: {}}\napps: {web: {}}\n"
        "environments: {p: {approvals: 1, apps: {web: {approvers: [carol]}}}}",
        "environments.p.apps.web.approvers: what carol asks for can never get its 1 approval",
    ),
    "an emergency without a reviewer": (
        "people: {carol: {}, dave: {}}\nenvironments: {p: {emergency: [carol], approvers: "
        "[carol]}}",
        "environments.p.emergency: nobody else can review an emergency deployment of carol",
    ),
    "an environment without people": (
        "environments: {p: {approvals: 1}}",
        "environments.p.approvals: nobody in the config can ask for a deployment there",
    ),
    "requesters who are in no room": (
        "people: {carol: {chat: [carol]}, dave: {}, erin: {}}\n"
        "environments: {p: {approvals: 1, approvers: [carol], deployers: [dave, erin], rooms: "
        "['#ops']}}",
        "environments.p.approvals: nobody in the config can ask for a deployment there",
    ),
    "a confirmation without codes": (
        "people: {carol: {totp: JBSWY3DPEHPK3PXP}, dave: {}}\n"
        "environments: {p: {confirm_within: 60s, second_factor: true}}",
        "environments.p.second_factor: dave can confirm nothing there without a totp",
    ),
}


@pytest.mark.parametrize("case", ADVICE)
def test_what_is_right_and_doubtful_is_a_warning(checked, case: str) -> None:
    text, told = ADVICE[case]
    status, lines = checked(("" if "environments" in text else START) + text + "\n")
    assert status == 0, lines
    (warning,) = [one for one in lines if "warning: " in one]
    assert told in warning


@pytest.mark.parametrize(
    "rules",
    [
        "{approvals: 1, approvers: [carol], deployers: [carol]}",
        "{approvals: 1, approvers: [g], deployers: [carol]}",
        "{approvals: 2, approvers: [carol, dave], deployers: [g]}",
        "{approvals: 1, approvers: [carol, erin], deployers: [carol], rooms: ['#ops']}",
        "{approvals: 1, approvers: [carol, dave], deployers: [carol], second_factor: true}",
    ],
)
def test_where_nobody_can_ever_get_the_approvals_the_config_is_refused(checked, rules: str) -> None:
    people = (
        "people: {carol: {chat: [carol], totp: JBSWY3DPEHPK3PXP}, dave: {chat: [dave]}, erin: {}}\n"
    )
    people += "groups: {g: [carol]}\n"
    status, lines = checked(f"{people}environments: {{p: {rules}}}\n")
    assert status == 1
    assert "environments.p.approvers: expected " in lines[0]
    assert " who may approve besides the one who asks, found " in lines[0]


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("mysql://u:s3cret-of-nobody@h/d", "records are kept in SQLite or PostgreSQL only"),
        ("opsroom.db", "it is not a database URL"),
        ("sqlite://opsroom.db", "an absolute path of an SQLite file takes four slashes"),
        ("sqlite:///opt/opsroom.db", "warning: database: with three slashes the path begins in"),
    ],
)
def test_an_address_that_no_database_has_is_known_before_the_first_command(
    checked, url: str, line: str
) -> None:
    status, lines = checked(f"database: {url}\n{START}apps: {{web: {{verify_for: soon}}}}\n")
    found = [one for one in lines if line in one]
    assert status == 1
    assert len(found) == 1
    assert found[0].startswith("FILE:1: ")
    assert SECRET not in "".join(lines)


def test_an_address_with_four_slashes_is_in_order(checked) -> None:
    text = f"database: sqlite:////opt/opsroom.db\n{START}"
    assert checked(text) == (0, ["FILE can be registered: no mistakes, 0 warnings."])
