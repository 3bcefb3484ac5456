"""The room line by line: reads messages and the lines `/as`, `/room`, `/quit`, prints what the room
would read."""

from __future__ import annotations

import json
import os
import re
import threading
import unicodedata
from dataclasses import dataclass
from typing import IO, Iterable, Optional

from .session import Reply, Session

LINES_FOR_CONSOLE = (
    "For the console itself: /as NAME, /room #NAME, /quit. For commands: opsroom help"
)

_COLOURS = {
    "succeeded": "32",
    "failed": "31",
    "rejected": "33",
    "speaker": "36;1",
    "dim": "2",
    "warning": "35;1",
}


class Painter:
    """Colours, where there is a terminal that wants them (https://no-color.org)."""

    def __init__(self, stream: IO[str]) -> None:
        self.terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
        self.on = self.terminal and not os.environ.get("NO_COLOR")

    def __call__(self, text: str, colour: str) -> str:
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if self.on else text


class Chat:
    """Prints a conversation as a chat room shows it, with a passing line for what is being done
    now."""

    def __init__(self, out: IO[str]) -> None:
        self.out = out
        self.paint = Painter(out)
        self._live = False
        # What a terminal makes a sound of.
        self.bell = "\a" if self.paint.terminal else ""
        # A running deployment speaks from the thread that renews its lease as well.
        self._lock = threading.Lock()

    def listen_to(self, session: Session) -> None:
        """Show what the room reads while a message is being worked on."""
        session.heard_ack = self.progress
        session.heard_progress = self.progress
        session.heard_live = self.live

    def message(self, speaker: str, room: str, text: str) -> None:
        """What someone says."""
        self._say(f"{room} {speaker}", text, "speaker", "")

    def reply(self, reply: Reply) -> None:
        """What opsroom answers."""
        if reply.rendered.problem:
            self.warning(f"StackStorm would post nothing. {reply.rendered.problem}")
        if reply.rendered.shown:
            # Neutralised, not shown as it is: someone copies it into a room.
            text = reply.message.replace("{{", "{ {").replace("{%", "{ %").replace("<%", "< %")
            self._say("opsroom", text, reply.status, reply.status)
        for name in reply.rings:
            self.aside(f"{self.bell}* the pager of {printable(name)} rings *")
        if reply.rendered.unsafe:
            self.warning("StackStorm would evaluate an expression in this message.")

    def progress(self, text: str) -> None:
        """What opsroom says before it is done."""
        self._say("opsroom", text, "dim", "dim")

    def live(self, text: str) -> None:
        """A line that the next one replaces; only on a terminal."""
        if self.paint.terminal:
            with self._lock:
                self.out.write(
                    "\r\x1b[K"
                    + self.paint("  … " + printable(text)[:100].replace("\n", " "), "dim")
                )
                self.out.flush()
                self._live = True

    def warning(self, text: str) -> None:
        """A word of the console itself."""
        self._say("console", text, "warning", "warning")

    def aside(self, text: str) -> None:
        """A sentence beside the conversation."""
        self.out.write(self.paint(text, "dim") + "\n")
        self.out.flush()

    def _say(self, who: str, text: str, who_colour: str, text_colour: str) -> None:
        with self._lock:
            if self._live:
                self.out.write("\r\x1b[K")
                self._live = False
            first = self.paint(who + ">", who_colour)
            for number, line in enumerate(printable(text).split("\n")):
                shown = self.paint(line, text_colour) if text_colour else line
                self.out.write(f"{first if number == 0 else ' ' * (len(who) + 1)} {shown}\n")
            self.out.flush()


def printable(text: str) -> str:
    """A text without what a terminal would obey or turn around; line breaks stay."""
    # Joiners stay: Persian and emoji need them.
    return "".join(
        character
        if character in " \n\u200c\u200d" or unicodedata.category(character)[0] not in "CZ"
        else " "
        for character in text
    )


@dataclass(frozen=True)
class Message:
    """One message as it came in; speaker and room are empty where the session's own count."""

    text: str
    speaker: str = ""
    room: str = ""


def read_message(line: str, as_json: bool) -> Message:
    """A line as a message.

    With `as_json` a line may also be an object `{"text", "speaker", "room"}`, for a text of several
    lines.
    """
    if as_json and line.lstrip().startswith("{"):
        try:
            raw = json.loads(line)
        except ValueError:
            return Message(line)
        if isinstance(raw, dict) and isinstance(raw.get("text"), str):
            return Message(raw["text"], str(raw.get("speaker") or ""), str(raw.get("room") or ""))
    return Message(line)


def obey(session: Session, line: str, chat: Optional[Chat] = None) -> Optional[bool]:
    """Carry out a line for the console itself. None when it is none, False when it ends the
    conversation.

    With a `chat`, a line such as `/help` or a lone `/as` is answered there with the lines that
    there are; without one (JSON) it is a message like any other.
    """
    command, _, rest = line.strip().partition(" ")
    if command == "/quit":
        return False
    if command == "/as" and rest.strip():
        session.speaker = rest.strip()
        return True
    if command == "/room" and rest.strip():
        session.room = rest.strip()
        return True
    if chat is not None and re.fullmatch(r"/[a-z]*", command):
        chat.aside(LINES_FOR_CONSOLE)
        return True
    return None


def converse(session: Session, lines: Iterable[bytes], out: IO[str], as_json: bool) -> None:
    """Answer every line. Lines end with a line feed only: other breaks are part of a message."""
    chat = Chat(out)
    if not as_json:
        chat.listen_to(session)
    for raw in lines:
        line = raw.decode("utf-8", errors="replace").rstrip("\r\n")
        if not line.strip():
            continue
        obeyed = obey(session, line, None if as_json else chat)
        if obeyed is False:
            return
        if obeyed:
            continue
        message = read_message(line, as_json)
        if as_json:
            reply = session.say(message.text, message.speaker, message.room)
            # Plain ASCII: a reader that takes U+2028 for a line break still finds one object a
            # line.
            out.write(json.dumps(reply.mapping()) + "\n")
            out.flush()
        else:
            chat.message(session.speaker, session.room, message.text)
            chat.reply(session.say(message.text))
