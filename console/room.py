"""The room on a terminal: a prompt with history, completion, and who speaks where at the bottom."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Iterable

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory

from .completion import completions, names_of
from .lines import Chat, obey
from .session import Session


class _Completer(Completer):
    def __init__(self, session: Session) -> None:
        self._pack = session.pack
        self._names = names_of(session.pack, session.config)

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        line = document.text_before_cursor
        begun = "" if not line or line[-1].isspace() else line.split()[-1]
        for word in completions(line, self._pack, self._names):
            yield Completion(word + " ", start_position=-len(begun), display=word)


def enter(session: Session, folder: Path) -> None:
    """Talk until Ctrl-D or /quit. What was typed is remembered in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    chat = Chat(sys.stdout)
    chat.listen_to(session)
    prompt: PromptSession[str] = PromptSession(
        history=FileHistory(str(folder / "chat-history")),
        completer=_Completer(session),
        complete_while_typing=True,
        bottom_toolbar=lambda: (
            f" {session.speaker} in {session.room}    /as NAME  /room #NAME  /quit (or Ctrl-D) "
        ),
    )
    print("For the commands, say: opsroom help")
    while True:
        try:
            line = prompt.prompt(f"{session.room} {session.speaker}> ")
        except EOFError:
            return
        except KeyboardInterrupt:
            continue
        if not line.strip():
            continue
        obeyed = obey(session, line, chat)
        if obeyed is False:
            return
        if obeyed is None:
            chat.reply(session.say(line))
