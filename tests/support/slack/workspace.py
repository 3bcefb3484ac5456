"""A Slack workspace on 127.0.0.1: people, channels, Socket Mode, and the Web API that relays call.

    with Slack() as slack:
        alice = slack.person("alice")
        ...                                     # start a relay with slack.api_url
        slack.connected()
        ts = slack.say(alice, "<@U0BOT> help")  # as Slack hands it over; `typed` makes it of a text
        slack.edit(ts, "...")
        slack.redeliver(ts)
        slack.posts                             # what the relay posted, as a person reads it

Slack's limits on length, number of blocks and threads are kept; how often one may call is not.
"""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Mapping, Optional
from urllib.parse import parse_qs

from support.contracts.vendor import Vendor, answer
from support.servers.http import Reply, Request
from support.slack.reading import Reading, read_post
from support.slack.socket_mode import Socket

TEAM, OTHER_TEAM = "T0ACME001", "T0GUEST01"
BOT = "U0OPSBOT1"
APP_TOKEN, BOT_TOKEN = "xapp-1-A0OPSROOM-1-a", "xoxb-1-2-b"
TIMEOUT = 60.0
SCOPES = "app_mentions:read,channels:history,channels:read,chat:write,im:history,users:read"

Json = Dict[str, Any]


@dataclass(frozen=True)
class Person:
    """Someone in the workspace. `name` is the handle, `display` what they call themselves."""

    id: str
    name: str
    display: str
    real_name: str
    team: str = TEAM
    is_bot: bool = False

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"


@dataclass(frozen=True)
class Channel:
    """A channel, or the conversation of `with_` and the bot."""

    id: str
    name: str = ""
    with_: str = ""
    shared: bool = False


@dataclass(frozen=True)
class Post:
    """A message of the relay: where, in which thread, as it was sent, and as a person reads it."""

    channel: str
    ts: str
    thread_ts: str
    sent: Json
    reading: Reading


@dataclass
class Slack:
    """The workspace. `events` are all events by the time of their message, for `redeliver`."""

    people: Dict[str, Person] = field(default_factory=dict)
    channels: Dict[str, Channel] = field(default_factory=dict)
    posts: List[Post] = field(default_factory=list)
    calls: List[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._clock = 0.0
        self._events: Dict[str, Json] = {}
        self.socket = Socket()
        self.web = Vendor("slack-web", self._call, base="/api")
        self.people[BOT] = Person(BOT, "opsbot", "", "Ops Bot", is_bot=True)
        self.dev = self.channel("dev")
        self.ops = self.channel("ops")

    def __enter__(self) -> Slack:
        self.socket.__enter__()
        self.web.__enter__()
        return self

    def __exit__(self, *details: Any) -> None:
        self.socket.__exit__(*details)
        self.web.__exit__(*details)

    @property
    def api_url(self) -> str:
        """What stands before the names of methods, with a slash at the end."""
        return self.web.url("/api/")

    # Who and where.

    def person(self, name: str, display: str = "", real_name: str = "", **more: Any) -> Person:
        """Someone new, or who is known by that handle."""
        for one in self.people.values():
            if one.name == name:
                return one
        number = len(self.people) + 1
        made = Person(
            f"U0{name.upper():0<5.5}{number:02d}", name, display or name, real_name or name, **more
        )
        self.people[made.id] = made
        return made

    def channel(self, name: str, shared: bool = False) -> Channel:
        made = Channel(f"C0{name.upper():0<5.5}01", name, shared=shared)
        self.channels[made.id] = made
        return made

    def direct(self, person: Person) -> Channel:
        """The conversation of someone with the bot."""
        made = Channel(f"D{person.id[1:]}", with_=person.id)
        self.channels[made.id] = made
        return made

    # What people do.

    def connected(self, timeout: float = TIMEOUT) -> None:
        """Wait until a relay is connected."""
        self.socket.connected(timeout)

    def say(self, who: Person, text: str, channel: Optional[Channel] = None, **more: Any) -> str:
        """Someone sends a message, in Slack's own notation; its time. `more` are fields of the
        event: `thread_ts`, `subtype`, `bot_id`; None leaves one out."""
        where = channel or self.dev
        ts = self._now()
        event = {
            "type": "message",
            "user": who.id,
            "text": text,
            "ts": ts,
            "event_ts": ts,
            "client_msg_id": f"00000000-0000-4000-8000-{ts.replace('.', '')[-12:]}",
            "channel": where.id,
            "channel_type": "im" if where.with_ else "channel",
            "team": who.team,
        }
        if who.team != TEAM:
            event.update(user_team=who.team, source_team=who.team)
        if more.get("thread_ts"):
            event["parent_user_id"] = who.id
        self.event({**event, **more})
        return ts

    def edit(self, ts: str, text: str, **message: Any) -> None:
        """The author of a message replaces its text; `message` are more fields of it."""
        was = self._events[ts]
        fields = ("type", "user", "text", "ts", "team", "client_msg_id")
        before = {name: was[name] for name in fields if name in was}
        now = self._now()
        changed = {"edited": {"user": was["user"], "ts": now}, "text": text}
        self.event(
            {
                "type": "message",
                "subtype": "message_changed",
                "hidden": True,
                "channel": was["channel"],
                "channel_type": was["channel_type"],
                "ts": now,
                "event_ts": now,
                "message": {**before, **changed, **message},
                "previous_message": before,
            }
        )

    def redeliver(self, ts: str) -> None:
        """Hand an event over once more, as Slack does when it saw no acknowledgement."""
        self.socket.send(self._payload(self._events[ts]), retry=1)

    def event(self, event: Mapping[str, Any]) -> None:
        """Hand over any event; fields that are None are left out."""
        kept = {name: value for name, value in event.items() if value is not None}
        self._events[kept["ts"]] = kept
        self.socket.send(self._payload(kept))

    def events(self) -> List[Json]:
        """What people said, oldest first."""
        return list(self._events.values())

    # What is read.

    def wait_for(
        self, found: Callable[[Post], bool], what: str, since: int = 0, timeout: float = TIMEOUT
    ) -> Post:
        """The first post after the first `since` for which `found` is true."""
        with self._changed:
            self._changed.wait_for(lambda: any(map(found, self.posts[since:])), timeout)
            match = next(filter(found, self.posts[since:]), None)
            assert match is not None, (
                f"never posted: {what}; the last were "
                f"{[one.reading.text for one in self.posts[-5:]]}"
            )
            return match

    # Slack's side.

    def _now(self) -> str:
        # Two messages of a channel never have the same time.
        self._clock = max(time.time(), self._clock + 0.0001)
        return f"{self._clock:.6f}"

    def _payload(self, event: Json) -> Json:
        shared = self.channels[event["channel"]].shared
        return {
            "token": "verification",
            "team_id": TEAM,
            "context_team_id": TEAM,
            "context_enterprise_id": None,
            "api_app_id": "A0OPSROOM",
            "event": event,
            "type": "event_callback",
            "event_id": "Ev" + event["event_ts"].replace(".", ""),
            "event_time": int(float(event["event_ts"])),
            "authorizations": [
                {"enterprise_id": None, "team_id": TEAM, "user_id": BOT, "is_bot": True}
            ],
            "is_ext_shared_channel": shared,
        }

    def _call(self, request: Request) -> Reply:
        method = request.path[len("/api/") :]
        self.calls.append(method)
        token = request.headers.get("authorization", "").partition(" ")[2]
        if token != (APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN):
            return _not("invalid_auth")
        found: Reply = getattr(self, "_" + re.sub(r"\W", "_", method).lower())(_fields(request))
        return found

    def _apps_connections_open(self, given: Json) -> Reply:
        return _done(url=self.socket.url)

    def _auth_test(self, given: Json) -> Reply:
        return _done(
            url="https://acme.slack.com/",
            team="Acme",
            user="opsbot",
            team_id=TEAM,
            user_id=BOT,
            bot_id="B0OPSBOT1",
            is_enterprise_install=False,
        )

    def _users_info(self, given: Json) -> Reply:
        found = self.people.get(given["user"])
        return _done(user=_user(found)) if found else _not("user_not_found")

    def _users_list(self, given: Json) -> Reply:
        home = [_user(one) for one in self.people.values() if one.team == TEAM]
        return _done(members=home, cache_ts=1, response_metadata={"next_cursor": ""})

    def _users_setpresence(self, given: Json) -> Reply:
        return _done()

    def _team_info(self, given: Json) -> Reply:
        team = given.get("team", TEAM)
        known = {TEAM: "Acme", OTHER_TEAM: "Guests"}
        if team not in known:
            return _not("team_not_found")
        return _done(team={"id": team, "name": known[team], "domain": known[team].lower()})

    def _bots_info(self, given: Json) -> Reply:
        return _done(bot={"id": given.get("bot", ""), "name": "somebot", "app_id": "A0OTHER01"})

    def _conversations_info(self, given: Json) -> Reply:
        found = self.channels.get(given["channel"])
        return _done(channel=_channel(found)) if found else _not("channel_not_found")

    def _conversations_list(self, given: Json) -> Reply:
        found = [_channel(one) for one in self.channels.values() if not one.with_]
        return _done(channels=found, response_metadata={"next_cursor": ""})

    def _conversations_members(self, given: Json) -> Reply:
        return _done(members=list(self.people))

    def _conversations_open(self, given: Json) -> Reply:
        person = self.people.get(given.get("users", ""))
        return _done(channel={"id": self.direct(person).id}) if person else _not("user_not_found")

    def _chat_postmessage(self, given: Json) -> Reply:
        where = given["channel"]
        if where in self.people:
            where = self.direct(self.people[where]).id
        if where not in self.channels:
            return _not("channel_not_found")
        if not (given.get("text") or given.get("blocks") or given.get("attachments")):
            return _not("no_text")
        reading = read_post(given, {one.id: one.display for one in self.people.values()})
        if reading.block_characters > 13_200:
            return _not("msg_blocks_too_long")
        with self._changed:
            ts = self._now()
            self.posts.append(Post(where, ts, given.get("thread_ts", ""), given, reading))
            self._changed.notify_all()
        return _done(channel=where, ts=ts, message={"type": "message", "ts": ts})


def typed(text: str) -> str:
    """What someone types, in the notation in which Slack hands it over: &, < and > escaped, web
    addresses in angle brackets."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"https?://[^\s]+", lambda found: f"<{found[0]}>", escaped)


def _fields(request: Request) -> Json:
    """The arguments of a method, wherever it takes them."""
    if request.method == "GET":
        return {name: values[0] for name, values in request.query.items()}
    if request.headers.get("content-type", "").startswith("application/json"):
        return dict(json.loads(request.body))
    form: Json = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
    for name in ("blocks", "attachments"):
        if name in form:
            form[name] = json.loads(form[name])
    return form


def _user(one: Person) -> Json:
    return {
        "id": one.id,
        "team_id": one.team,
        "name": one.name,
        "deleted": False,
        "real_name": one.real_name,
        "is_bot": one.is_bot,
        **({"is_stranger": True} if one.team != TEAM else {}),
        "profile": {
            "real_name": one.real_name,
            "real_name_normalized": one.real_name,
            "display_name": one.display,
            "display_name_normalized": one.display,
            "email": f"{one.name}@example.com",
            "team": one.team,
        },
    }


def _channel(one: Channel) -> Json:
    if one.with_:
        return {"id": one.id, "is_im": True, "user": one.with_, "is_mpim": False}
    plain = {"creator": "", "last_set": 0}
    return {
        "id": one.id,
        "name": one.name,
        "name_normalized": one.name,
        "is_channel": True,
        "is_group": False,
        "is_im": False,
        "is_mpim": False,
        "is_private": False,
        "is_archived": False,
        "is_general": False,
        "is_member": True,
        "is_shared": one.shared,
        "is_ext_shared": one.shared,
        "is_org_shared": False,
        "created": 1,
        "creator": BOT,
        "num_members": 3,
        "unlinked": 0,
        "previous_names": [],
        "context_team_id": TEAM,
        "topic": {"value": f"about {one.name}", **plain},
        "purpose": {"value": f"for {one.name}", **plain},
    }


def _done(**content: Any) -> Reply:
    return answer({"ok": True, **content}, x_oauth_scopes=SCOPES)


def _not(error: str) -> Reply:
    return answer({"ok": False, "error": error}, x_oauth_scopes=SCOPES)
