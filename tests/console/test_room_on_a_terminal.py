"""The room as someone at a terminal meets it: what is completed, what is typed, how it ends."""

from __future__ import annotations

from pathlib import Path
from typing import List

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from console.aliases import Pack, load_pack
from console.completion import completions, names_of
from console.room import enter
from support.worlds.packs import IDENTITY, add_command, talk

CONFIG = {
    "apps": {"web": {}, "api": {}},
    "environments": {"uat": {}, "test": {}},
    "people": {"alice": {}, "bob": {}},
}


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    folder = tmp_path / "pack"
    deploy = {
        "display": "deploy {{ app }} {{ version }} to {{ environment }}",
        "representation": "deploy {{app}}",
    }
    add_command(folder, "deploy", [deploy], {"app": {"type": "string"}, **IDENTITY})
    add_command(folder, "describe", ["describe {{ app }}"], {"app": {"type": "string"}})
    add_command(
        folder,
        "help",
        ["opsroom help", "opsroom help {{ command }}"],
        {"command": {"type": "string"}},
    )
    return load_pack(folder)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", ["deploy", "describe", "opsroom"]),
        ("de", ["deploy", "describe"]),
        ("deploy ", ["web", "api"]),
        ("Deploy w", ["web"]),
        ("deploy web ", []),
        ("deploy web v1 ", ["to"]),
        ("deploy web v1 to ", ["uat", "test"]),
        ("deploy web v1 to uat ", []),
        ("opsroom help ", ["deploy", "describe"]),
        ("/", ["/as", "/room", "/quit"]),
        ("/as b", ["bob"]),
        ("nonsense ", []),
    ],
)
def test_the_next_word_is_completed(pack: Pack, line: str, words: List[str]) -> None:
    assert completions(line, pack, names_of(pack, CONFIG)) == words


def test_what_is_typed_is_answered_until_the_end_of_input_and_remembered(
    pack: Pack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session = talk(pack.folder, CONFIG)
    with create_pipe_input() as typed, create_app_session(input=typed, output=DummyOutput()):
        # The last one, Ctrl-C, clears a line; Ctrl-D leaves.
        typed.send_text("/as bob\rdeploy web\r\rnonsense\x03\x04")
        enter(session, tmp_path / "var")
    assert capsys.readouterr().out.splitlines() == [
        "For the commands, say: opsroom help",
        "opsroom> heard",
    ]
    assert session.speaker == "bob"
    remembered = (tmp_path / "var" / "chat-history").read_text(encoding="utf-8")
    assert "+deploy web\n" in remembered


def test_quit_leaves_the_room(
    pack: Pack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with create_pipe_input() as typed, create_app_session(input=typed, output=DummyOutput()):
        typed.send_text("/quit\rdeploy web\r")
        enter(talk(pack.folder, CONFIG), tmp_path)
    assert "heard" not in capsys.readouterr().out
