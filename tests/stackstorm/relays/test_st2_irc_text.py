"""What people type on IRC, and what comes back from outside: nothing is evaluated, cut apart,
doubled or obeyed."""

from __future__ import annotations

import json
import uuid
from typing import Iterator, List, Tuple

import pytest

from opsroom.text import neutralise
from support.chat.irc import Typist
from support.chat.relays import Channel, plain
from support.stackstorm.client import StackStorm
from support.worlds.world import World

LONG = "checkout is broken " + "and nobody knows why " * 16
# One line holds 512 bytes with everything before the text.
UNICODE = "Größe ≠ 尺寸, цена 5 €, naïve café 🚀, שלום"


@pytest.fixture
def board(channel: Channel, world: World) -> World:
    """The world with opsroom's own board."""
    world.config["trackers"] = {"board": {"kind": "local"}}
    channel.storm.configure(world.config)
    return world


@pytest.fixture
def secret(stackstorm: StackStorm) -> Iterator[Tuple[str, str]]:
    """The name and the value of a secret that StackStorm hands out wherever it evaluates."""
    name, value = f"k{uuid.uuid4().hex[:4]}", f"topsecret-{uuid.uuid4().hex}"
    with stackstorm.secret(name, value):
        control = stackstorm.run(
            "core.echo", parameters={"message": f"{{{{st2kv.system.{name}|decrypt_kv}}}}"}
        )
        assert value in json.dumps(control["result"])
        yield name, value


def fence(channel: Channel, person: Typist) -> None:
    """Whatever would be said late or twice is said before the answer to another command."""
    assert channel.ask(person, "versions on test").status == "succeeded"


@pytest.mark.parametrize(
    "text", [LONG.strip(), UNICODE, "see #ops, @alice & <bob>: 100% *sure* `ls -la /` $HOME"]
)
def test_a_text_reaches_the_card_as_it_was_typed(channel: Channel, board: World, text: str) -> None:
    alice = channel.person("alice")
    made = channel.ask(alice, f"create card: {text}")
    assert made.code == "card_created", made.message
    shown = channel.ask(alice, f"show card {made.execution['result']['result']['card']}")
    # The summary is the first 200 characters or so; the description has the rest.
    found = json.dumps(shown.execution["result"]["result"], ensure_ascii=False)
    # What the execution holds of it is broken up as every answer is, so that it calls nobody.
    assert all(
        word in found for word in json.dumps(neutralise(text), ensure_ascii=False)[1:-1].split()
    ), found
    assert sum("created" in line for line in alice.from_(channel.relay.nick)) == 1


def test_an_answer_of_many_lines_comes_whole_and_once(channel: Channel, world: World) -> None:
    alice = channel.person("alice")
    for number in range(7):
        world.with_app(f"app{number}", **world.config["apps"]["web"])
    channel.storm.configure(world.config)
    answer = channel.ask(alice, "versions on uat")
    assert 4 <= len(answer.lines) <= 8
    assert answer.lines == channel.relay.shows(answer.message, alice)
    fence(channel, alice)
    assert [plain(line) for line in alice.from_(channel.relay.nick)].count(answer.lines[0]) == 1


@pytest.mark.parametrize("letters", ["ж", "尺", "🚀"])
def test_an_answer_in_other_letters_comes_whole_and_the_relay_stays(
    channel: Channel, world: World, letters: str
) -> None:
    alice, bob = channel.person("alice"), channel.person("bob")
    reason = letters * (330 // len(letters.encode()))
    assert channel.ask(alice, f"lock uat: {reason}").code == "locked_now"
    refused = channel.ask(bob, "deploy web v1.0.0 to uat")
    assert refused.code == "locked"
    assert "".join(refused.lines).count(letters) == refused.message.count(letters) > 60
    fence(channel, alice)


EXPRESSIONS = [
    "{{{{st2kv.system.{name}|decrypt_kv}}}}",
    "{{{{ st2kv('system.{name}', decrypt=true) }}}}",
    "<% st2kv('system.{name}', decrypt=>true) %>",
    "{{% set x = st2kv('system.{name}', decrypt=true) %}}",
    "{{{{ 6 * 7 }}}}",
    "{{# x #}}",
]


@pytest.mark.parametrize(
    "said", ["create card: X", "lock uat: X", "deploy web X to uat", 'lock uat: a reason="X"']
)
def test_an_expression_is_refused_and_never_evaluated(
    channel: Channel, board: World, secret: Tuple[str, str], said: str
) -> None:
    alice = channel.person("alice")
    name, value = secret
    for expression in EXPRESSIONS:
        before = len(alice.heard)
        channel.type(alice, said.replace("X", expression.format(name=name)))
        alice.wait(lambda before=before: len(alice.heard) > before, "a refusal")
    fence(channel, alice)
    heard = "\n".join(alice.lines)
    assert value not in heard
    assert "card_created" not in heard
    assert board.events() == []


def test_a_pair_at_the_end_cannot_say_who_asks(channel: Channel, world: World) -> None:
    alice = channel.person("alice")
    for pair in ("requester=carol", "room=#ops", "st2_user=chatops_bot", 'env={"PATH": "/tmp"}'):
        before = len(alice.heard)
        channel.type(alice, f"deploy web v1.0.0 to production {pair}")
        alice.wait(lambda before=before: len(alice.heard) > before, "a refusal")
    fence(channel, alice)
    assert world.events() == []
    assert world.running("production") == ""


def test_control_characters_in_a_message_do_nothing(channel: Channel, board: World) -> None:
    alice, bob = channel.person("alice"), channel.person("bob")
    text = channel.relay.addressed("create card: one")
    # A lone carriage return ends a line for some servers, and a NUL a connection for some clients.
    for raw in (
        "\rPRIVMSG #ops :injected",
        "\x00two",
        "\x01ACTION waves\x01",
        "\x1b[31mred",
        "\x7f",
        "\u202egpj.exe",
    ):
        alice.raw(f"PRIVMSG #dev :{text}{raw}\r\n".encode())
    fence(channel, bob)
    assert "injected" not in "".join(bob.from_(channel.relay.nick))
    # Those that the server let through made one card together: the same words mean the same card.
    assert sum(event == "card_created" for event in board.events()) <= 6
    assert board.chain_holds()


def test_what_a_program_prints_is_told_but_not_obeyed(
    channel: Channel, world: World, secret: Tuple[str, str]
) -> None:
    name, value = secret
    alice = channel.person("alice")
    hostile: List[str] = [
        "disk is full\rPRIVMSG #ops :injected\r\nQUIT :bye", "\0 nul",
        "<!channel> @everyone", f"{{{{st2kv.system.{name}|decrypt_kv}}}}",
        "{{ 6 * 7 }} <% 6 * 7 %>",
    ]  # fmt: skip
    for number, line in enumerate(hostile):
        # In a file: StackStorm would render the expressions of a config.
        program = world.folder / f"bad{number}.py"
        program.write_text(f"import sys\nprint({line!r})\nsys.exit(3)\n", encoding="utf-8")
        world.with_app(
            f"bad{number}", deploy={"kind": "command", "command": ["python3", str(program)]}
        )
    channel.storm.configure(world.config)
    for number in range(len(hostile)):
        answer = channel.ask(alice, f"deploy bad{number} 1.0 to uat")
        assert answer.code == "deploy_failed"
    assert "{ { 6 * 7 } }" in answer.message
    fence(channel, alice)
    heard = "\n".join(alice.lines)
    assert value not in heard
    # Told as part of the answer; not said in the other room, and the relay is still there.
    assert [one for one in alice.heard if one.to == "#ops"] == []
    assert channel.relay.nick in alice.in_room("#dev")
