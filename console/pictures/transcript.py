"""What a room received: who said what, in order, as the chat's server delivered it.

`docs/rooms` has one of each chat, recorded through real relays and a running StackStorm
(`tests/stackstorm/relays/test_st2_pictures.py`). What changes from run to run is made steady, so
that two recordings of one conversation are equal, and so that a picture of it stays as it is.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

_UUID = re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b")
# What else a server of XMPP puts beside a text.
_OPAQUE = re.compile(r'\bid="[\w+/=-]{16,}"')
_EXECUTION = re.compile(r"\b[0-9a-f]{24}\b")
_ADDRESS = re.compile(r"\bhttps?://[\w.-]+(?::\d+)?/")
_HOST = re.compile(r"\b(?:localhost|127\.0\.0\.1)\b")
# The beginning of a commit's id.
_COMMIT = re.compile(r"\b(?=\w*[0-9])[0-9a-f]{12}\b")
_CHANGE = re.compile(r"\bchange ([0-9A-Z]{4,8})\b")
# Ids of changes and executions are made at random.
CHANGES = ("K7QX", "M4RT", "T9CD", "W3HP")
_ONE_EXECUTION, _ONE_COMMIT = "6a1f0c5e9d3b7a2846e1f0c5", "8c1f5e2a9b04"


@dataclass(frozen=True)
class Message:
    """A message in a room.

    `text` is what a person reads, `thread` the id of the message below which it stands (empty for
    none), `wire` what the chat's server delivered: fields of a message, or a line or stanza.
    """

    id: str
    who: str
    text: str
    thread: str = ""
    wire: Any = None


@dataclass(frozen=True)
class Transcript:
    """A conversation in one room: `bot` is the relay's name there, `names` are those of people by
    the ids of the chat, `versions` those of the programs that took part."""

    chat: str
    room: str
    bot: str
    messages: Sequence[Message]
    names: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


def read(file: Path) -> Transcript:
    """A transcript that `write` wrote. Raises OSError, ValueError or TypeError for what is none."""
    content = json.loads(file.read_text("utf-8"))
    messages = [Message(**one) for one in content.pop("messages")]
    return Transcript(**content, messages=messages)


def write(transcript: Transcript, file: Path) -> None:
    """Write it for people to read and compare."""
    text = json.dumps(asdict(transcript), indent=1, ensure_ascii=False)
    file.write_text(f"{text}\n", "utf-8")


def steady(text: str, ids: Mapping[str, str]) -> str:
    """A text with the times, durations and ids of another run in place of this one's."""
    clock = r"(?:(?:\w{3} )?\d{4}-\d\d-\d\d )?\d\d:\d\d UTC"
    text = re.sub(rf"\b{clock}", "14:02 UTC", text)
    # A change waits half an hour, the lock of the conversation holds two hours.
    text = text.replace("needed, until 14:02 UTC", "needed, until 14:32 UTC")
    text = text.replace("since 14:02 UTC until 14:02 UTC", "since 14:02 UTC until 16:02 UTC")
    text = re.sub(r"\bin \d+(?:\.\d+)? s\b", "in 0.2 s", text)
    for change, other in ids.items():
        text = re.sub(rf"\b{re.escape(change)}\b", other, text)
    return text


def steadied(transcript: Transcript) -> Transcript:
    """The same without what differs in another run: ids, times, durations, hosts."""
    changes: Dict[str, str] = {}
    numbers = {one.id: f"m{number}" for number, one in enumerate(transcript.messages, 1)}

    def text(value: str) -> str:
        for old, new in numbers.items():
            value = value.replace(old, new)
        for change in _CHANGE.findall(value):
            changes.setdefault(change, CHANGES[len(changes)])
        value = _EXECUTION.sub(_ONE_EXECUTION, _UUID.sub("0", value))
        value = _OPAQUE.sub('id="0"', _COMMIT.sub(_ONE_COMMIT, value))
        value = _HOST.sub("example.com", _ADDRESS.sub("https://st2.example.com/", value))
        return steady(value, changes)

    def whole(value: Any) -> Any:
        if isinstance(value, str):
            return text(value)
        if isinstance(value, dict):
            return {key: whole(one) for key, one in value.items()}
        return [whole(one) for one in value] if isinstance(value, list) else value

    messages: List[Message] = [
        Message(
            numbers[one.id],
            one.who,
            text(one.text),
            numbers.get(one.thread, ""),
            whole(one.wire),
        )
        for one in transcript.messages
    ]
    return replace(transcript, messages=messages)
