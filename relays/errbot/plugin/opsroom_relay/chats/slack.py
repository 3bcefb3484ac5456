"""Slack: the workspace and the id of the user, never a name, which members choose."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Tuple

from ..messages import Heard
from ..slack_text import escape, typed_text
from ..text import pieces
from .base import Chat, Place

# Slack advises 4,000 characters; a text of other letters has more bytes.
_MAX_BYTES = 4_000
# Kinds of messages that people type. All others report something, or repeat what was said.
_TYPED = (None, "", "me_message", "file_share", "thread_broadcast")
_WEBHOOK = "bot_message"
_EDIT = "message_changed"


class SlackChat(Chat):
    def __init__(self, bot: Any) -> None:
        super().__init__(bot)
        self._found = lru_cache(1024)(self._find_handle)

    def attach(self) -> None:
        # The backend looks its handlers up by name.
        self.bot._handle_message = self._hold(self.bot._handle_message, _event)

    def workspace(self) -> str:
        return str(self.bot.auth["team_id"])

    def read(self, message: Any, event: Any) -> Heard:
        subtype, said = event.get("subtype"), _said(event)
        user = str(said.get("user") or "")
        teams = (said.get(one) for one in ("user_team", "source_team", "team"))
        team = str(next(filter(None, teams), self.workspace()))
        stamp, channel = str(event.get("ts") or ""), str(event.get("channel") or "")
        return Heard(
            f"slack:{team}/{user}" if user else "",
            self._handle(user) if user and user[0] in "UW" else "",
            stamp,
            key=(channel, stamp),
            sent=float(stamp) if stamp else None,
            place=(channel, str(event.get("thread_ts") or "")),
            edit=subtype == _EDIT or bool(event.get("edited")),
            typed=subtype in (*_TYPED, _WEBHOOK, _EDIT),
            own=bool(user) and user == self.bot.bot_identifier.userid,
            # An app that posts with a person's token has the person's id as user.
            bot=subtype == _WEBHOOK or bool(said.get("bot_id")) or not user,
            workspace=team,
        )

    def text(self, message: Any, event: Any) -> str:
        return typed_text(
            str(_said(event).get("text") or ""), self._handle, str(self.bot.bot_identifier.userid)
        )

    def room(self, message: Any, heard: Heard) -> str:
        # The id stays when the channel gets another name.
        return heard.place[0]

    def name_of(self, identity: str) -> str:
        user = identity.rpartition("/")[2]
        return self._handle(user) if user else ""

    def _handle(self, user: str) -> str:
        """The name that the workspace gives to a user; empty where it says none, which is asked
        again the next time."""
        try:
            return self._found(user)
        except Exception as error:
            self.log.warning("Slack did not say who %s is (%s)", user, type(error).__name__)
            return ""

    def _find_handle(self, user: str) -> str:
        return str(self.bot.slack_web.users_info(user=user)["user"]["name"])

    def place(self, channel: str) -> Tuple[Place, bool]:
        name = channel.strip("<>").lstrip("#@").partition("|")[0]
        if name[:1] in ("U", "W") and name.isalnum() and name.isupper():
            return (str(self.bot.get_im_channel(name)), ""), False
        if name[:1] in ("C", "G", "D") and name.isalnum() and name.isupper():
            return (name, ""), name[0] != "D"
        if not name or any(one.isspace() for one in name):
            raise ValueError(f"{channel!r} is no channel of Slack")
        return (str(self.bot.channelname_to_channelid(name)), ""), True

    def private(self, identity: str) -> Place:
        return (str(self.bot.get_im_channel(identity.rpartition("/")[2])), "")

    def post(self, place: Place, text: str) -> None:
        channel, thread = place
        for piece in pieces(text, _MAX_BYTES):
            given = {"thread_ts": thread} if thread else {}
            self.bot.slack_web.chat_postMessage(
                channel=channel,
                text=escape(piece),
                mrkdwn=False,
                parse="none",
                link_names=False,
                unfurl_links=False,
                unfurl_media=False,
                **given,
            )


def _said(event: Any) -> Any:
    """What was said: of an edit, which has a time of its own, the new message."""
    return event.get("message") or {} if event.get("subtype") == _EDIT else event


def _event(web: Any, event: Any) -> Any:
    return event
