"""`make demo`: builds a tiny world and plays a conversation in it; on a terminal you are then left
in the room."""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, List, Optional, Sequence

from opsroom.records.change import ALPHABET, MIN_ID_LENGTH

from . import PACK
from .lines import Chat, converse
from .opening import CannotOpen, open_session
from .session import Reply, Session
from .world import World, at, build

FOLDER = PACK / "var" / "demo"


@dataclass(frozen=True)
class Line:
    """One message of the conversation and how it must end. `drawn` ones stand in the picture of the
    docs.

    `{change}` in the text stands for the id of the change that was spoken of last: ids are made at
    random.
    """

    speaker: str
    room: str
    text: str
    status: str
    code: str
    drawn: bool = False


# What runs before the conversation begins.
PRELUDE = (
    Line("bob", "#dev", "deploy web v1.1.0 to test", "succeeded", "deployed"),
    Line("bob", "#dev", "promote web from test to uat", "succeeded", "deployed"),
    Line("dave", "#ops", "deploy web v1.1.0 to production", "succeeded", "waiting"),
    Line("carol", "#ops", "approve change {change}", "succeeded", "deployed"),
)

CONVERSATION = (
    Line("alice", "#dev", "opsroom help", "succeeded", "help"),
    Line("alice", "#dev", "deploy web v1.2.0 to test", "succeeded", "deployed", drawn=True),
    Line("bob", "#dev", "lock uat: load test for 2h", "succeeded", "locked_now", drawn=True),
    Line("alice", "#dev", "promote web from test to uat", "failed", "locked", drawn=True),
    Line("bob", "#dev", "unlock uat", "succeeded", "unlocked", drawn=True),
    Line("alice", "#dev", "promote web from test to uat", "succeeded", "deployed", drawn=True),
    Line("alice", "#dev", "plan web v1.2.0 to production", "succeeded", "plan"),
    Line("alice", "#ops", "deploy web v1.2.0 to production", "succeeded", "waiting", drawn=True),
    Line("alice", "#ops", "approve change {change}", "failed", "own_change", drawn=True),
    Line(
        "alice",
        "#ops",
        "approve change {change} requester=carol",
        "rejected",
        "immutable_parameter",
    ),
    Line("carol", "#ops", "approve change {change}", "succeeded", "deployed", drawn=True),
    Line(
        "carol",
        "#ops",
        "emergency deploy web v1.1.0 to production: checkout is down",
        "succeeded",
        "deployed",
        drawn=True,
    ),
    Line("bob", "#ops", "history on production", "succeeded", "history", drawn=True),
    Line("bob", "#ops", "deploy wbe v1.2.0 to test", "failed", "unknown_app"),
    Line(
        "alice",
        "#dev",
        "create card: checkout is slow for carts of more than 20",
        "succeeded",
        "card_created",
    ),
    Line(
        "alice",
        "#dev",
        "create card: checkout is slow for carts of more than 20",
        "succeeded",
        "card_there",
    ),
    Line("bob", "#dev", "assign card SHOP-1 to me", "succeeded", "card_assigned"),
    Line(
        "bob",
        "#dev",
        "comment on card SHOP-1: it is the price of each item",
        "succeeded",
        "card_commented",
    ),
    Line("bob", "#dev", "move card SHOP-1 to doing", "succeeded", "card_moved"),
    Line("alice", "#dev", "show card SHOP-1", "succeeded", "card"),
    Line("bob", "#dev", "deploy web v1.3.0-rc1 to test for SHOP-1", "succeeded", "deployed"),
    Line("bob", "#dev", "my cards", "succeeded", "cards"),
    Line("alice", "#dev", "who is on call", "succeeded", "on_call"),
    Line("alice", "#dev", "page web-team: checkout takes no cards", "succeeded", "paged"),
    Line("alice", "#dev", "page web-team: checkout takes no cards", "succeeded", "paged_already"),
    Line("bob", "#dev", "ack page 1", "succeeded", "acknowledged"),
    Line("bob", "#dev", "escalate page 1", "succeeded", "escalated"),
    Line("bob", "#dev", "add dave to page 1", "succeeded", "responder_added"),
    Line("alice", "#dev", "show pages for web", "succeeded", "pages"),
    Line("carol", "#dev", "resolve page 1", "succeeded", "resolved"),
)


def play(
    session: Session,
    lines: Sequence[Line],
    before: Callable[[Line], None],
    after: Callable[[Reply], None],
) -> List[str]:
    """Say every line; returns a sentence for each that did not end as it must.

    `before` gets each line as it is said, with the id of the change in it.
    """
    wrong: List[str] = []
    change = ""
    for written in lines:
        line = replace(written, text=written.text.replace("{change}", change))
        before(line)
        reply = session.say(line.text, line.speaker, line.room)
        after(reply)
        change = change_of(reply) or change
        if (
            (reply.status, reply.code) != (line.status, line.code)
            or reply.rendered.problem
            or reply.rendered.unsafe
        ):
            wrong.append(
                f"'{line.text}' by {line.speaker} ended as {reply.status} ({reply.code}), "
                f"not as {line.status} ({line.code}): {reply.message} "
                f"{reply.rendered.problem}".strip()
            )
    return wrong


def change_of(reply: Reply) -> str:
    """The id of the change that an answer speaks of, empty without one."""
    if isinstance(reply.result, dict) and reply.result.get("change"):
        return str(reply.result["change"])
    found = re.search(rf"\bchange ([{ALPHABET}]{{{MIN_ID_LENGTH},}})\b", reply.message)
    return found.group(1) if found else ""


def main(arguments: Optional[List[str]] = None) -> int:
    """Play the conversation. Returns 1 when a message did not end as it must, 2 when there is no
    world to play in."""
    parser = argparse.ArgumentParser(
        prog="python -m console.demo", description="The pack in a tiny world."
    )
    parser.add_argument(
        "--chat-only", action="store_true", help="no conversation: straight into the room"
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the world is built")
    options = parser.parse_args(arguments)
    chat = Chat(sys.stdout)
    try:
        world = at(options.folder.resolve())
        if options.chat_only and world.config.exists():
            session = _session(world)
        else:
            session = _session(build(world.folder))
            if not _played(session, chat, quiet=options.chat_only):
                return 1
    except (RuntimeError, CannotOpen, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    if options.chat_only or sys.stdin.isatty():
        _leave_in(session, chat)
    return 0


def _session(world: World) -> Session:
    return open_session(world.config, PACK, world.database, speaker="alice", room="#dev")


def _played(session: Session, chat: Chat, quiet: bool) -> bool:
    wrong = play(session, PRELUDE, lambda line: None, lambda reply: None)
    if not quiet and not wrong:
        chat.aside(
            "An application, web, runs on test, uat and production. Three people talk about it."
        )
        chat.aside(
            "Production takes what runs on uat, asked for in #ops and approved by a release "
            "manager."
        )
        chat.listen_to(session)
        wrong = play(
            session,
            CONVERSATION,
            lambda line: chat.message(line.speaker, line.room, line.text),
            chat.reply,
        )
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return not wrong


def _leave_in(session: Session, chat: Chat) -> None:
    if sys.stdin.isatty():
        from .room import enter

        chat.aside(
            "You are alice in #dev. Production is deployed to from #ops, and carol approves. "
            "Say: /room #ops, /as carol"
        )
        enter(session, PACK / "var")
    else:
        converse(session, sys.stdin.buffer, sys.stdout, as_json=False)


if __name__ == "__main__":
    try:
        status = main()
    except (KeyboardInterrupt, BrokenPipeError):
        status = 130
    sys.exit(status)
