"""The demo, its world and its picture: they run on the real pack and tell the truth."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import List, Tuple

import pytest

from console import PACK
from console.demo import CONVERSATION, Line, play
from console.pictures.conversation import steady_ids
from console.pictures.terminal import draw
from console.pictures.transcript import steady
from console.session import Reply
from console.world import build
from support.worlds.packs import add_command, talk

ROOT = Path(__file__).resolve().parents[2]


def demo(folder: Path, *options: str, typed: bytes = b"") -> Tuple[int, List[str], str]:
    command = [sys.executable, "-m", "console.demo", "--folder", str(folder), *options]
    done = subprocess.run(
        command, input=typed, capture_output=True, cwd=ROOT, timeout=120, check=False
    )
    return done.returncode, done.stdout.decode("utf-8").splitlines(), done.stderr.decode("utf-8")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> List[Tuple[int, List[str], str]]:
    """The conversation, played twice in the same place."""
    folder = tmp_path_factory.mktemp("demo") / "world"
    return [demo(folder), demo(folder)]


def test_the_conversation_goes_as_written_and_again(
    played: List[Tuple[int, List[str], str]],
) -> None:
    for status, lines, errors in played:
        assert (status, errors) == (0, "")
        text = "\n".join(lines)
        for line in CONVERSATION:
            typed = re.escape(f"{line.room} {line.speaker}> {line.text}").replace(
                r"\{change\}", "[A-Z0-9]{4,}"
            )
            assert re.search(f"^{typed}$", text, re.MULTILINE), line.text


def test_a_line_speaks_of_the_change_that_was_spoken_of_last(tmp_path: Path) -> None:
    said = "Change K7QX waits. To approve: approve change K7QX"
    add_command(tmp_path, "greet", ["greet"], result={"format": said})
    add_command(tmp_path, "approve", ["approve {{ what }}"], {"what": {"type": "string"}})
    heard: List[str] = []
    lines = [
        Line("alice", "#dev", "greet", "succeeded", "heard"),
        Line("bob", "#dev", "approve {change}", "succeeded", "heard"),
    ]
    wrong = play(talk(tmp_path), lines, lambda line: heard.append(line.text), lambda reply: None)
    assert (wrong, heard) == ([], ["greet", "approve K7QX"])


def test_what_is_posted_elsewhere_names_the_room(played: List[Tuple[int, List[str], str]]) -> None:
    _, lines, _ = played[0]
    assert any(line.startswith("opsroom> (#deploys) carol deployed web v1.1.0") for line in lines)


def test_the_room_is_entered_without_the_conversation_and_keeps_its_world(tmp_path: Path) -> None:
    status, lines, errors = demo(
        tmp_path / "world", "--chat-only", typed=b"deploy web v1.2.0 to uat\n"
    )
    assert (status, errors) == (0, "")
    assert lines[0] == "#dev alice> deploy web v1.2.0 to uat"
    status, lines, _ = demo(tmp_path / "world", "--chat-only", typed=b"version of web on uat\n")
    assert status == 0
    assert "v1.2.0" in "\n".join(lines)


def test_on_a_terminal_one_is_left_in_the_room(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    environ = {**os.environ, "TERM": "xterm", "NO_COLOR": "1"}
    command = [
        sys.executable,
        "-m",
        "console.demo",
        "--chat-only",
        "--folder",
        str(tmp_path / "world"),
    ]
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, env=environ
    )
    os.close(theirs)
    watchdog = threading.Timer(120, process.kill)
    watchdog.start()
    seen = b""
    try:
        # The prompt stands; Ctrl-D leaves.
        while b"#dev alice>" not in seen:
            seen += os.read(ours, 4096)
        os.write(ours, b"\x04")
        while True:
            try:
                chunk = os.read(ours, 4096)
            except OSError:  # Linux says so when the other end is closed
                break
            if not chunk:
                break
            seen += chunk
        assert process.wait(timeout=60) == 0
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
        os.close(ours)
    assert b"You are alice in #dev" in seen


def test_a_folder_that_the_demo_did_not_make_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("keep", encoding="utf-8")
    status, _, errors = demo(tmp_path)
    assert status == 2
    assert "is left alone" in errors
    assert (tmp_path / "precious").read_text(encoding="utf-8") == "keep"


def test_a_message_that_ends_otherwise_than_written_is_told(tmp_path: Path) -> None:
    add_command(tmp_path, "greet", ["greet"])
    lines = [
        Line("alice", "#dev", "greet", "succeeded", "heard"),
        Line("alice", "#dev", "greet", "failed", "locked"),
    ]
    wrong = play(talk(tmp_path), lines, lambda line: None, lambda reply: None)
    assert wrong == ["'greet' by alice ended as succeeded (heard), not as failed (locked): heard"]


def test_the_repository_has_the_tags_that_the_conversation_names(tmp_path: Path) -> None:
    world = build(tmp_path / "world")
    tags = subprocess.run(
        ["git", "tag"], cwd=world.folder / "shop-web", capture_output=True, text=True, check=True
    ).stdout.split()
    assert tags == ["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0-rc1"]


def test_a_world_without_git_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="git is not installed"):
        build(tmp_path / "world")


def test_the_picture_of_the_docs_is_an_svg_without_anything_from_elsewhere() -> None:
    picture = (PACK / "docs" / "conversation.svg").read_text(encoding="utf-8")
    assert ElementTree.fromstring(picture).tag == "{http://www.w3.org/2000/svg}svg"
    assert "href" not in picture
    assert "@import" not in picture


def test_the_picture_of_the_docs_shows_the_conversation_of_the_demo() -> None:
    picture = ElementTree.parse(PACK / "docs" / "conversation.svg")
    texts = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    drawn = [line.text.replace("{change}", "K7QX") for line in CONVERSATION if line.drawn]
    people = {line.speaker for line in CONVERSATION}
    assert drawn
    assert [text for name, text in zip(texts, texts[1:]) if name in people] == drawn


def test_only_times_and_ids_are_made_steady_in_the_picture() -> None:
    assert (
        steady("deployed web v1.2 in 3.1 s, at 23:59 UTC", {})
        == "deployed web v1.2 in 0.2 s, at 14:02 UTC"
    )
    lock = "uat is locked by bob since 23:10 UTC until Tue 2026-11-24 01:10 UTC: load test."
    assert steady(lock, {}) == "uat is locked by bob since 14:02 UTC until 16:02 UTC: load test."
    told = "approve change CDFG (carol, 1 needed, until 2026-11-24 00:10 UTC)"
    assert (
        steady(told, {"CDFG": "K7QX"}) == "approve change K7QX (carol, 1 needed, until 14:32 UTC)"
    )
    assert draw([], "nobody").startswith("<svg ")


def test_ids_are_steady_in_the_order_in_which_they_are_spoken_of() -> None:
    def reply(result: object) -> Reply:
        return Reply("alice", "#dev", "hello", "succeeded", "", "", result=result)

    replies = [
        reply({"change": "HHHH"}),
        reply("None"),
        reply({"change": "CCCC"}),
        reply({"change": "HHHH"}),
    ]
    assert steady_ids(replies) == {"HHHH": "K7QX", "CCCC": "M4RT"}
