"""Identities that a chat vouches for: `slack:TEAM/USER`, `xmpp:BARE-JID`, `matrix:MXID`,
`irc:ACCOUNT@services` and `irc:NICK!USER@HOST`; and names that are no person but a room."""

from __future__ import annotations

import re
from typing import Iterable, Mapping, Pattern, Tuple

from ..names import nearest
from ..structs.patterns import lazy_pattern

# The chat, what an identity of it looks like, and an example.
_FORMS: Mapping[str, Tuple[Pattern[str], str]] = {
    "slack": (
        lazy_pattern(r"[TE][A-Z0-9]{2,20}/[UW][A-Z0-9]{2,20}\Z"),
        "slack:T024BE7LD/U2147483697",
    ),
    # Lower case: XMPP compares these without case, and a relay hands them over so.
    "xmpp": (lazy_pattern(r"[^\s@/:<>\"&']+@[^\s@/:]+\Z"), "xmpp:alice@example.com"),
    "matrix": (lazy_pattern(r"@[^\s@:]+:[^\s@/]+\Z"), "matrix:@alice:example.com"),
    "irc": (
        lazy_pattern(r"[^\s!@]+(?:@services|![^\s!@]+@[^\s!@]+)\Z"),
        "irc:alice@services or irc:alice!~alice@client.example.com",
    ),
}
_PREFIX = lazy_pattern(r"([A-Za-z]+):")
# `#ops`, and `<#C1|ops>` of Slack. errbot's `#ops/alice` is a name.
_CHANNEL = lazy_pattern(r"#[^\s/]+\Z|<#")
# How a conference is called in the JID of a room: `ops@conference.example.com`.
_CONFERENCE = lazy_pattern(
    r"[^\s@/!]+@(?:conference|conf|muc|rooms?|chat|groupchat)\.[^\s@/]+\Z", re.IGNORECASE
)
# `!id:server/NAME`: people in a room of Matrix choose the name.
_MATRIX_ROOM = lazy_pattern(r"![^\s:/]+:[^\s/]+(?:/|\Z)")


def is_identity(text: str) -> bool:
    """Whether a text claims to be an identity: it begins with the prefix of a chat."""
    return text.partition(":")[0] in _FORMS and ":" in text


def identity_problem(text: str) -> str:
    """What is wrong with a name under `people.NAME.chat`; empty for a right identity and for a bare
    name."""
    prefix = _PREFIX.match(text)
    if prefix is None:
        return ""
    if prefix.group(1) not in _FORMS:
        near = nearest(prefix.group(1), _FORMS, most=1)
        return f"there is no such prefix; did you mean {near[0]}:?" if near else ""
    form, example = _FORMS[prefix.group(1)]
    rest = text[prefix.end() :]
    if not form.match(rest):
        return f"expected {example}"
    if prefix.group(1) == "xmpp" and rest != rest.lower():
        return f"expected lower case: xmpp:{rest.lower()}"
    return ""


def nick(text: str) -> str:
    """The name by which a room knows who a relay reports: `alice` of `xmpp:alice@example.com`, also
    where a seal follows; any other name as it is. Empty for Slack, whose identities are numbers."""
    chat, rest = address(text)
    if not chat:
        return text
    return "" if chat == "slack" else re.split("[!@:/]", rest.lstrip("@"), maxsplit=1)[0]


def address(text: str) -> Tuple[str, str]:
    """The chat and what is behind its prefix, also where a seal follows; ("", text) for a bare
    name."""
    if not is_identity(text):
        return "", text
    chat, _, rest = text.partition(" ")[0].partition(":")
    return chat, rest


def is_room(name: str, rooms: Iterable[str] = ()) -> bool:
    """Whether what a relay calls the speaker is a room: everyone in it has this name.

    err-stackstorm reports `#ops` on Slack, and `!id:server/NAME` on Matrix; some report the bare
    JID of an XMPP conference. `rooms` are those that the config names.
    """
    if "@" in name and name.casefold() in (one.casefold() for one in rooms):
        return True
    return any(one.match(name) for one in (_CHANNEL, _CONFERENCE, _MATRIX_ROOM))
