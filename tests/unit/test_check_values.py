"""`opsroom.check`: values that YAML reads as something else, and what is no config."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsroom import check

START = "environments:\n  test: {}\n"


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
        (f"a: {'[' * 200}", "FILE:1: something here is nested over 100 levels deep"),
        (f"a: {'[' * 100_000}", "FILE:1: "),
        ("- " * 100_000, "FILE:1: something here is nested over 100 levels deep"),
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
