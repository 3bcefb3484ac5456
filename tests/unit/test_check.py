"""`python -m opsroom.check FILE`: what an administrator runs before StackStorm registers the
config."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from opsroom import check
from opsroom.secrets import secrets_of
from support.configs import EXAMPLE, LARGEST, ROOT, put, read

START = "environments:\n  test: {}\n"
SECRET = "s3cret-of-nobody"


@pytest.fixture
def checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A function that checks a text, or bytes, and returns the exit status and the lines without
    the file's name."""

    def run(text: object) -> Tuple[int, List[str]]:
        path = tmp_path / "opsroom.yaml"
        path.write_bytes(text if isinstance(text, bytes) else str(text).encode())
        status = check.main([str(path)])
        return status, [
            line.replace(str(path), "FILE") for line in capsys.readouterr().out.splitlines()
        ]

    return run


def test_a_good_config_ends_with_status_0_and_says_so(checked) -> None:
    assert checked(START) == (0, ["FILE can be registered: no mistakes, 0 warnings."])


@pytest.mark.parametrize(
    ("text", "line", "remedy"),
    [
        ('a: "b\nc: d\n', 2, "a quote is not closed"),
        (
            'a: "b\nc: "d"\n',
            2,
            "indent the line as its neighbours, and look for a quote that is not closed above",
        ),
        ("a:\n  b: 1\n c: 2\n", 3, "indent the line as its neighbours"),
        ("a: {b: [1, 2}\n", 1, "look for a bracket, brace or quote that is not closed"),
        ("a: {b: c: d}\n", 1, "look for a bracket, brace or quote that is not closed"),
        ("a: @b\n", 1, "texts that hold"),
    ],
)
def test_what_is_no_yaml_is_answered_with_what_is_most_likely_wrong(
    checked, text: str, line: int, remedy: str
) -> None:
    status, lines = checked(text)
    assert (status, len(lines)) == (1, 2)
    assert f"FILE:{line}: " in lines[0]
    assert f"; {remedy}" in lines[0]


def test_typographic_quotes_are_a_warning(checked) -> None:
    status, lines = checked("environments:\n  test: {rooms: [“#ops”]}\n")
    assert status == 0
    assert lines[0].startswith(
        "FILE:2: warning: environments.test.rooms[0]: the typographic quotes are part of"
    )


@pytest.mark.parametrize("path", [EXAMPLE, LARGEST], ids=["example", "largest"])
def test_the_example_and_the_largest_config_are_without_a_doubt(path: Path) -> None:
    _, mistakes, warnings = check.check_file(path)
    assert (mistakes, warnings) == ([], [])


def test_it_runs_as_the_documents_say_and_ends_with_status_1_where_it_refuses(
    tmp_path: Path,
) -> None:
    path = tmp_path / "opsroom.yaml"
    path.write_text(START + "announce: #deploys\n", encoding="utf-8")
    command = [sys.executable, "-m", "opsroom.check", str(path)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "actions" / "lib")}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environ)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines() == [
        f"{path}:3: announce: expected the name of a room, found nothing (`#ops` without quotes "
        "is a comment)",
        f"{path} is refused: 1 mistake, 0 warnings.",
    ]


@pytest.mark.parametrize(
    ("text", "line", "place"),
    [
        ("environments:\n  test: {}\n  test: {approvals: 1}\n", 3, "environments.test"),
        (START + "lease: 60s\nlease: 90s\n", 4, "lease"),
        (START + "apps: {web: {}, web: {}}\n", 3, "apps.web"),
        (
            START + "people:\n  bob:\n    chat: [bob]\n    st2: [b]\n    chat: [rob]\n",
            7,
            "people.bob.chat",
        ),
        (
            "environments: {uat: {freezes: [{name: a, name: b, from: x, to: y}]}}\n",
            1,
            "environments.uat.freezes[0].name",
        ),
        (START + "people: {yes: {}, true: {}}\n", 3, "people.True"),
        (START + '"lease": 60s\nlease: 90s\n', 4, "lease"),
        (START + "apps:\n  web: &web {page: a, page: b}\n  api: {<<: *web}\n", 4, "apps.web.page"),
        (
            START + "pagers: {p: {kind: webhook, template: {a: [{b: 1, b: 2}]}}}\n",
            3,
            "pagers.p.template.a[0].b",
        ),
    ],
)
def test_a_key_that_stands_there_twice_is_refused_at_every_level(
    checked, text: str, line: int, place: str
) -> None:
    status, lines = checked(text)
    assert status == 1
    assert [
        one
        for one in lines
        if one.startswith(f"FILE:{line}: {place}: this key appears twice, first in line ")
    ]


def test_a_complaint_about_a_key_names_its_line_and_not_that_of_what_is_merged(checked) -> None:
    text = "teams:\n  a: &team\n    watch: 3m\n  b:\n    watch: soon\n    <<: *team\n"
    assert checked(START + text)[1][0].startswith(
        "FILE:7: teams.b.watch: expected a length of time"
    )


def test_two_merges_are_one_too_many(checked) -> None:
    text = "teams:\n  a: &a {watch: 3m}\n  b:\n    <<: *a\n    <<: *a\n"
    assert checked(START + text)[1][0].startswith(
        "FILE:7: teams.b.<<: this key appears twice, first in line 6"
    )


@pytest.mark.parametrize("before", ["\ufeff", "%YAML 1.2\n---\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_marks_of_the_encoding_and_ends_of_lines_change_nothing(
    checked, before: str, end: str
) -> None:
    assert checked((before + START + "lease: 60s\n").replace("\n", end))[0] == 0


def test_what_is_merged_may_be_overridden(checked) -> None:
    text = START + "teams:\n  a: &team {watch: 3m, phone: '1'}\n  b: {<<: *team, watch: 5m}\n"
    assert checked(text)[0] == 0


@pytest.mark.parametrize(
    ("typed", "read_as"),
    [
        ("on", "true"),
        ("no", "false"),
        ("Off", "false"),
        ("1.10", "the number 1.1"),
        ("007", "the number 7"),
        ("0176543210", "the number 33212040"),
        ("~", "nothing"),
        ("12:30", "the number 750"),
        ("1_000", "the number 1000"),
        ("0x1F", "the number 31"),
        ("+44", "the number 44"),
        ("1e3", ""),
        (".5", "the number 0.5"),
        ("2026-12-20", "a date"),
        ("7", ""),
        ("true", ""),
        ("1.5", ""),
        ("web", ""),
        ("'no'", ""),
        ('"1.10"', ""),
    ],
)
def test_what_yaml_reads_as_something_else_is_a_warning(checked, typed: str, read_as: str) -> None:
    # JSON for an action may hold anything, so that this is no mistake by itself.
    deploy = f"{{kind: stackstorm, action: a.b, parameters: {{tag: [{typed}]}}}}"
    _, lines = checked(START + f"apps: {{web: {{deploy: {deploy}}}}}\n")
    place = "apps.web.deploy.parameters.tag[0]"
    warned = [
        f"FILE:3: warning: {place}: YAML reads '{typed}' without quotes as {read_as}; put quotes "
        "around a text"
    ]
    assert [one for one in lines if ": warning: " in one] == (warned if read_as else [])


@pytest.mark.parametrize("name", ["no", "on", "1.10", "007", "7", "true", "2026-12-20", "~"])
@pytest.mark.parametrize("section", ["people", "apps", "environments", "teams", "groups"])
def test_a_name_that_yaml_reads_as_something_else_is_refused(
    checked, section: str, name: str
) -> None:
    value = "[]" if section == "groups" else "{}"
    status, lines = checked(
        f"{'' if section == 'environments' else START}{section}: {{{name}: {value}}}\n"
    )
    assert status == 1
    told = "found nothing" if name == "~" else "put quotes around it: without them YAML reads "
    assert any(f": {section}." in one and told in one for one in lines), lines


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "teams: {web: {phone: 0176543210}}",
            "teams.web.phone: expected whom to phone when no pager works, found 33212040",
        ),
        ("announce: no", "announce: expected the name of a room, found false"),
        ("people: {bob: {chat: [007]}}", "people.bob.chat[0]: expected a text, found 7"),
        (
            "people: {bob: {jira: 557058}}",
            "people.bob.jira: expected this person's name there, found 557058",
        ),
        ("relays: [1.10]", "relays[0]: expected a text, found 1.1"),
        ("groups: {all: [2026-12-20]}", "groups.all[0]: expected a text, found 2026-12-20"),
        (
            "apps: {web: {deploy: {kind: command, command: [x, 1.10]}}}",
            "apps.web.deploy.command[1]: expected a text, found 1.1",
        ),
        (
            "apps: {web: {deploy: {kind: command, command: [x], environ: {A: yes}}}}",
            "apps.web.deploy.environ.A: expected a text, found true",
        ),
    ],
)
def test_a_number_a_date_or_an_answer_is_no_text_and_the_cure_is_told(
    checked, text: str, complaint: str
) -> None:
    status, lines = checked(f"{START}{text}\n")
    assert status == 1
    assert any(
        one.startswith(f"FILE:3: {complaint}; put quotes around it: without them YAML reads ")
        for one in lines
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "FILE:1: the file is not YAML"),
        ("a: b: c", "FILE:1: the file is not YAML (mapping values are not allowed"),
        ("\tx: 1", "FILE:1: the file is not YAML"),
        ("[1]", "FILE:1: expected a mapping of keys at the top"),
        ("a: &a [*a]", "FILE:1: something here is a part of itself"),
        ("? [a]\n: b", "FILE:1: the top: expected keys that are texts"),
        ("a: 1\n---\nb: 2", "FILE:2: a second document begins here"),
        (
            "when: 2026-13-45",
            "FILE:1: there is no such date, number or answer; put quotes around a text",
        ),
        (
            b"\xff\xfe\xfa",
            "FILE: the file is not YAML: it has characters that are not text in UTF-8",
        ),
        ("", "FILE: opsroom is installed but not configured"),
        ("# nothing\n", "FILE: opsroom is installed but not configured"),
        ("a:\n\tb: 1", "FILE:2: the file is not YAML: there is a tab here"),
        ("a: 'x\x07'", "FILE: the file is not YAML: it has control characters"),
        (
            START.encode("utf-16"),
            "FILE: the file is not YAML: it has characters that are not text in UTF-8",
        ),
        ("a: !!bool x", "FILE:1: there is no such date, number or answer"),
        ("a: !!timestamp x", "FILE:1: there is no such date, number or answer"),
        ("a: !!int x", "FILE:1: there is no such date, number or answer"),
        ("a: 99999999999999999999", "FILE:1: StackStorm cannot keep a number as large as this one"),
        (f"a: 0x{'F' * 9000}", "FILE:1: StackStorm cannot keep a number as large as this one"),
        ("a: [1", "FILE:1: the file is not YAML"),
        (f"a: {'[' * 100_000}", "FILE:1: the file is not YAML"),
        (
            "a: !tag x",
            "FILE:1: the file is not YAML (could not determine a constructor for the tag …)",
        ),
    ],
)
def test_what_is_no_config_is_said_in_a_sentence_with_its_line(
    checked, text: object, said: str
) -> None:
    status, lines = checked(text)
    assert status == 1
    assert lines[0].startswith(said), lines


def test_a_file_that_repeats_itself_without_end_is_no_config(checked) -> None:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    text += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
    assert checked(text)[1][0] == "FILE: the file repeats parts of itself without end"


def test_a_missing_file_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main([str(tmp_path / "none.yaml")]) == 1
    assert "the file cannot be read: No such file or directory" in capsys.readouterr().out


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
    for path in places:
        for value in (
            f"{SECRET}\n\x07é",
            [SECRET],
            {SECRET: SECRET},
            f"htp:/{SECRET}",
            20261220,
            True,
            [None, SECRET],
        ):
            file.write_text(json.dumps(put(config, path, value)), encoding="utf-8")
            _, mistakes, warnings = check.check_file(file, references=False)
            shown = [
                one.text
                for one in (*mistakes, *warnings)
                if SECRET in one.text or "20261220" in one.text
            ]
            # A mapping in a secret's place: its keys are names like all others.
            wrong += (
                shown
                if not isinstance(value, dict)
                else [one for one in shown if one.count(SECRET) > 1]
            )
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
