"""Boards for tests: what `gather` finds in a world, and a board with something of everything."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, Dict

from opsroom.board.gather import gather
from opsroom.board.model import (
    Alert,
    Board,
    Freeze,
    Going,
    Held,
    Outcome,
    Past,
    Place,
    Row,
    Urgent,
    Waiting,
    Waits,
)
from opsroom.commands import KINDS, Context
from opsroom.config import load
from opsroom.people import Speaker
from opsroom.secrets import redactor_for

NOW = datetime(2026, 11, 30, 14, 2, 45, tzinfo=timezone.utc)
NOBODY = Speaker("the board", None, "", "", "", through_relay=False)


def context_of(config: Dict[str, Any], database: str) -> Context:
    """What an action would run in."""
    return Context(load(config, KINDS), NOBODY, database, mask=redactor_for(config).data)


def board_of(config: Dict[str, Any], database: str, **wanted: Any) -> Board:
    """The board of a world; `wanted` are keys of `board`."""
    config = {**config, "board": {"folder": "/nowhere", **wanted}}
    context = context_of(config, database)
    try:
        return gather(context)
    finally:
        context.close()


def place_of(board: Board, app: str, environment: str) -> Place:
    """One place of a board."""
    return next(one for one in board.places if (one.app, one.environment) == (app, environment))


def full_board(text: str = "text", link: str = "", **changes: Any) -> Board:
    """Something of everything, with this text wherever there is one from outside."""
    ago = NOW - timedelta(hours=2)
    going = Going(text, text, text, ago, command=text, step=text, by=text, lost=False, link=link)
    past = [
        Past(
            at=NOW - timedelta(hours=number * 20),
            app=text,
            environment=text,
            version=text,
            outcome=outcome,
            before=text,
            by=text,
            command=text,
            deployment=f"{text}{number}",
            seconds=12.5,
            link=link,
            work=link,
        )
        for number, outcome in enumerate(Outcome)
    ]
    place: Dict[str, Any] = {"by": text, "deployment": f"{text}0", "link": link, "since": ago}
    places = (
        Place(text, text, text, going=going, locked=True, **place),
        Place(text, text, text, drift=True, recorded=text),
        Place(text, text, text, silent=text, failed=past[1], **place),
    )
    board: Dict[str, Any] = {
        "made_at": NOW,
        "environments": (f"{text} 1", f"{text} 2", f"{text} 3"),
        "rows": (Row(text, places), Row(f"{text} 2", (None, Place(text, text), None))),
        "going": (going, Going(text, text, text, ago, lost=True)),
        "alerts": (
            Alert(Urgent.INCIDENT, text, text, text, ago, text, text, link, text, link, text, link),
            Alert(Urgent.PAGE, text, text, text, None, text, text, link),
        ),
        "waiting": tuple(
            Waiting(text, text, text, text, waits, ago, text, text, 2, 1, text, NOW, text, link)
            for waits in Waits
        ),
        "locks": (Held(text, text, ago, NOW, text, link), Held(text, text, ago)),
        "freezes": (Freeze(f"{text} 1", text, NOW), Freeze(text, text)),
        "past": tuple(past),
        "asked": True,
        "left_out": (("locks", 3),),
    }
    return Board(**{**board, **changes})
