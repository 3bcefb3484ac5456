"""`make picture`: plays the demo's conversation and draws the real replies as
docs/conversation.svg.

Left out are acknowledgements; made steady is what changes from run to run: times of day, durations,
ids of changes.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Sequence

from .. import PACK
from ..demo import CONVERSATION, PRELUDE, Line, change_of, play
from ..opening import open_session
from ..session import Reply
from ..world import build
from .terminal import Row, draw
from .transcript import CHANGES, steady

TARGET = PACK / "docs" / "conversation.svg"


def main() -> int:
    """Draw the picture. Returns 1 when the conversation did not go as it must."""
    with tempfile.TemporaryDirectory() as folder:
        world = build(Path(folder) / "world")
        session = open_session(world.config, PACK, world.database)
        replies: List[Reply] = []
        wrong = play(session, PRELUDE, _ignore, lambda reply: None)
        wrong += play(session, CONVERSATION, _ignore, replies.append)
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return 1
    drawn = [reply for reply, line in zip(replies, CONVERSATION) if line.drawn]
    picture = draw(list(_rows(drawn, steady_ids(replies))), "A conversation with opsroom")
    TARGET.write_text(picture, encoding="utf-8")
    print(f"{TARGET.relative_to(PACK)} is drawn.")
    return 0


def _ignore(line: Line) -> None:
    """Nothing is shown while the conversation is played."""


def steady_ids(replies: Sequence[Reply]) -> Dict[str, str]:
    """For the id of each change that is spoken of, in their order, one that is always the same."""
    found = list(dict.fromkeys(filter(None, map(change_of, replies))))
    return dict(zip(found, CHANGES))


def _rows(replies: Sequence[Reply], ids: Mapping[str, str]) -> Iterator[Row]:
    room = ""
    for reply in replies:
        opened = reply.room if reply.room != room else ""
        room = reply.room
        yield Row(reply.speaker, "speaker", steady(reply.text, ids), opened, gap=True)
        yield Row("opsroom", reply.status, steady(reply.message, ids))


if __name__ == "__main__":
    sys.exit(main())
