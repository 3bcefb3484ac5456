"""The console as a process: lines in, a conversation or JSON out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, List

import pytest

from support.expectations import expect
from support.worlds.packs import IDENTITY, add_command

ROOT = Path(__file__).resolve().parents[2]
CONFIG = (
    "environments: {test: {}}\napps: {}\npeople: {alice: {chat: [alice]}}\nannounce: '#deploys'\n"
)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    text = {"text": {"type": "string"}, **IDENTITY}
    add_command(tmp_path, "say", ["say {{text}}"], text, ack={"format": "On it."})
    message = "{{ execution.result.result.parameters.text }}"
    add_command(tmp_path, "echo", ["echo {{text}}"], text, result={"format": message})
    (tmp_path / "opsroom.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def console(
    pack: Path, typed: str, *options: str, errors: str = "strict"
) -> subprocess.CompletedProcess[bytes]:
    environ = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "console",
            "--config",
            str(pack / "opsroom.yaml"),
            "--pack",
            str(pack),
            *options,
        ],
        input=typed.encode("utf-8", errors),
        capture_output=True,
        cwd=ROOT,
        env=environ,
        timeout=60,
        check=False,
    )


def replies(pack: Path, typed: str, *options: str, errors: str = "strict") -> List[Any]:
    done = console(pack, typed, "--json", *options, errors=errors)
    expect(done, returncode=0, stderr=b"")
    return [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]


def test_each_message_gets_one_line_of_json(pack: Path) -> None:
    first, second = replies(pack, "say hello\n\nnonsense\n")
    assert {**first, "seconds": 0} == {
        "speaker": "alice",
        "room": "#deploys",
        "text": "say hello",
        "matched": {"alias": "tiny_say", "format": "say {{text}}"},
        "status": "succeeded",
        "code": "heard",
        "message": "heard",
        "result": {
            "message": "heard",
            "code": "heard",
            "parameters": {"text": "hello", "requester": "alice", "room": "#deploys"},
        },
        "seconds": 0,
        "ack": "On it.",
        "progress": [],
        "extra": {},
    }
    assert first["seconds"] >= 0
    expect(second, matched=None, status="rejected", code="no_match", result=None)


def test_as_and_room_change_who_speaks_where_and_quit_ends(pack: Path) -> None:
    said = replies(
        pack, "say a\n/as bob\n/room #ops\nsay b\n/quit\nsay c\n", "--as", "carol", "--room", "#dev"
    )
    assert [(one["speaker"], one["room"], one["text"]) for one in said] == [
        ("carol", "#dev", "say a"),
        ("bob", "#ops", "say b"),
    ]
    assert said[1]["result"]["parameters"] == {"text": "b", "requester": "bob", "room": "#ops"}


def test_a_message_of_several_lines_comes_as_json(pack: Path) -> None:
    line = json.dumps({"text": "say a\nb\x00c\u2028d", "speaker": "bob"})
    said = replies(pack, f"{line}\nsay e\n")
    assert said[0]["result"]["parameters"]["text"] == "a\nb\x00c\u2028d"
    assert [one["speaker"] for one in said] == ["bob", "alice"]


def test_a_line_ends_at_a_line_feed_only_and_may_hold_anything(pack: Path) -> None:
    said = replies(pack, "say a\rb\u2028c\x0bd ü \udcff\n", errors="surrogateescape")
    assert said[0]["result"]["parameters"]["text"] == "a\rb\u2028c\x0bd ü \ufffd"
    half = replies(pack, '{"text": "say \\ud800"}\n')
    assert half[0]["text"] == "say \ud800"


def test_a_line_that_is_no_json_is_a_message(pack: Path) -> None:
    assert replies(pack, '{"text": 1}\n{broken\n')[1]["text"] == "{broken"


def test_without_json_it_reads_like_a_chat_room_and_without_colours(pack: Path) -> None:
    done = console(pack, "say hello\n/as bob\necho {{ 7 * 7 }}\nsay it requester=carol\n")
    assert done.stdout.decode("utf-8").splitlines() == [
        "#deploys alice> say hello",
        "opsroom> On it.",
        "opsroom> heard",
        "#deploys bob> echo {{ 7 * 7 }}",
        "opsroom> { { 7 * 7 }}",
        "console> StackStorm would evaluate an expression in this message.",
        "#deploys bob> say it requester=carol",
        "opsroom> Override of immutable parameter(s) ['requester'] is unsupported.",
    ]
    assert done.returncode == 0


def test_a_line_that_the_console_does_not_know_is_answered_by_it(pack: Path) -> None:
    done = console(pack, "/help\n/as\n/nick bob\n")
    known = "For the console itself: /as NAME, /room #NAME, /quit. For commands: opsroom help"
    assert done.stdout.decode().splitlines() == [known] * 3
    assert [one["code"] for one in replies(pack, "/help\n")] == ["no_match"]


def test_nothing_that_a_terminal_would_obey_is_printed(pack: Path) -> None:
    done = console(pack, "echo a\x1b[2Jb\u202ec\x9bd\r\n")
    assert b"\x1b" not in done.stdout
    assert "\u202e" not in done.stdout.decode("utf-8")
    assert "\x9b" not in done.stdout.decode("utf-8")


def test_a_bad_config_ends_with_status_2_and_every_complaint_on_a_line(pack: Path) -> None:
    (pack / "opsroom.yaml").write_text(
        "environments: {test: 1}\napps: {web: {deplyo: {}}}\n", encoding="utf-8"
    )
    done = console(pack, "say hello\n")
    complaints = done.stderr.decode("utf-8").splitlines()
    assert (done.returncode, done.stdout, len(complaints)) == (2, b"", 2)
    assert complaints[0].startswith(f"{pack / 'opsroom.yaml'}:1: environments.test: ")
    assert complaints[1].startswith(f"{pack / 'opsroom.yaml'}:2: apps.web.deplyo: ")


_DOUBTFUL = "apps: {web: {deploy: {kind: stackstorm, action: a.b, parameters: {at: 1:30}}}}\n"


def test_a_doubtful_config_is_used_and_every_doubt_is_told(pack: Path) -> None:
    (pack / "opsroom.yaml").write_text("environments: {test: {}}\n" + _DOUBTFUL, encoding="utf-8")
    done = console(pack, "say hello\n")
    assert done.returncode == 0
    assert b"at: YAML reads '1:30' without quotes as the number 90" in done.stderr


def test_a_config_with_a_key_twice_is_refused(pack: Path) -> None:
    (pack / "opsroom.yaml").write_text(
        "environments: {test: {}, test: {approvals: 1}}\n", encoding="utf-8"
    )
    done = console(pack, "say hello\n")
    assert done.returncode == 2
    assert b"opsroom.yaml:1: environments.test: this key appears twice" in done.stderr


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("a: [", "is not YAML"), ("[1]", "expected a mapping"), ("", "not configured")],
)
def test_a_config_that_is_none_ends_with_status_2(pack: Path, content: str, sentence: str) -> None:
    (pack / "opsroom.yaml").write_text(content, encoding="utf-8")
    done = console(pack, "say hello\n")
    assert done.returncode == 2
    assert sentence in done.stderr.decode("utf-8")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_config_with_a_byte_order_mark_is_read(pack: Path, encoding: str) -> None:
    config = pack / "opsroom.yaml"
    config.write_text(config.read_text("utf-8"), encoding=encoding)
    expect(console(pack, "say hello\n"), returncode=0, stderr=b"")


def test_a_missing_config_ends_with_status_2(pack: Path) -> None:
    (pack / "opsroom.yaml").unlink()
    done = console(pack, "say hello\n")
    assert done.returncode == 2
    assert b"opsroom.yaml: the file cannot be read: No such file or directory" in done.stderr


def test_without_a_config_it_says_what_it_needs() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "console"], capture_output=True, cwd=ROOT, timeout=60, check=False
    )
    assert done.returncode == 2
    assert b"--config" in done.stderr
