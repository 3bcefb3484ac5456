"""opsroom whoami: how the requester is known, as whom, with which rights, and what would be better.
Changes nothing."""

from __future__ import annotations

from enum import Enum
from typing import Any, Dict, List, Tuple

from ... import pack_version
from ...config.model import Environment, Identity
from ...errors import Code
from ...names import listed
from ...people import Speaker, speaks_as_room
from ...policy.access import may
from ...policy.approvals import needs_code
from ...policy.identity import is_somebody
from ...text import MESSAGE_CHARACTERS, neutralise, one_line
from .. import Context, Outcome
from .catalogue import places_by_right

_DOING = {
    "deploy": "deploy to",
    "approve": "approve on",
    "lock": "lock",
    "override": "deploy in an emergency to",
}
# How many environments are named for each right, where they do not all fit.
_FEWER = (8, 4, 2, 1)


class Known(str, Enum):
    """By what the requester is known: an identity that a relay vouches for, a chat name alone, a
    room in the place of a person, or a user of StackStorm."""

    IDENTITY = "identity"
    NAME = "name"
    ROOM = "room"
    USER = "user"


def whoami(context: Context) -> Outcome:
    """Who the requester is to opsroom. The facts have all that the message has no room for."""
    speaker = context.speaker
    known, better = _known(context), _better(context)
    facts: Dict[str, Any] = {
        "person": speaker.person_name,
        "known_by": known,
        "chat_name": speaker.chat_name,
        "st2_user": speaker.st2_user,
        "room": speaker.room,
        **_relay(context),
        "environments": {
            name: _rights(context, one) for name, one in context.settings.environments.items()
        },
        "better": better,
        "config_line": _config_line(context),
    }
    lines = [_who(context, known), better]
    return Outcome(True, Code.WHO_AM_I, _fitting(context, known, lines), facts)


def _known(context: Context) -> Known:
    speaker = context.speaker
    if not speaker.through_relay:
        return Known.USER
    if speaker.voucher is not None:
        return Known.IDENTITY
    return Known.ROOM if speaks_as_room(speaker, context.settings.rooms) else Known.NAME


def _relay(context: Context) -> Dict[str, Any]:
    speaker = context.speaker
    if not speaker.through_relay:
        return {}
    found: Dict[str, Any] = {
        "relay": speaker.st2_user,
        "relay_has_key": speaker.st2_user in context.settings.relay_keys,
        "pack_version": pack_version(),
    }
    if speaker.voucher is not None:
        found.update(
            vouched_by=speaker.voucher.by,
            relay_version=speaker.voucher.version,
            relay_is_current=speaker.voucher.is_current,
        )
    return found


def _who(context: Context, known: Known) -> str:
    speaker = context.speaker
    name = one_line(speaker.chat_name or "nobody", 90)
    person = f"You are {speaker.person_name}" if speaker.person else "opsroom does not know you"
    if known is Known.USER:
        return f"{person}: StackStorm's user {speaker.st2_user}, in no room."
    if known is Known.ROOM:
        return is_somebody(context.settings, speaker).message
    if speaker.voucher is not None:
        return f"{person}: {speaker.voucher.by} ({speaker.st2_user}) vouches for {name}."
    return f"{person}: the name {name}, which {speaker.st2_user} reports and nobody vouches for."


def _better(context: Context) -> str:
    """What would make the requester better known, and how; empty where nothing would."""
    settings, speaker, line = context.settings, context.speaker, _config_line(context)
    known = _known(context)
    if known is Known.ROOM:
        return is_somebody(settings, speaker).hint
    if known is Known.NAME:
        if speaker.st2_user in settings.relay_keys:
            return (
                "Its script sealed no identity: an administrator installs that of relays/ "
                f"{pack_version()}."
            )
        new = f" To be known by this name, under people: {line}" if line else ""
        return f"Better: a relay with a key, from relays/.{new}"
    if line:
        return f"To be known, an administrator adds under people: {line}"
    if speaker.voucher is not None and not speaker.voucher.is_current:
        return (
            f"The relay's script is of opsroom {speaker.voucher.version}, and this is "
            f"{pack_version()}: install the one of this version."
        )
    return ""


def _config_line(context: Context) -> str:
    """What an administrator writes under `people` for someone unknown. Whose name it is they have
    to decide: anyone could have called themselves like someone who is there."""
    speaker = context.speaker
    if speaker.person is not None or _known(context) is Known.ROOM:
        return ""
    if not speaker.through_relay:
        return f"NAME: {{st2: [{_quoted(speaker.st2_user)}]}}"
    return f"NAME: {{chat: [{_quoted(speaker.chat_name)}]}}" if speaker.chat_name else ""


def _quoted(text: str) -> str:
    """A text in YAML that arrives letter by letter: an @ that a chat may take for a mention, and
    whatever else would be changed on the way, is written as its number."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    if neutralise(escaped) == escaped:
        return f'"{escaped}"'
    safe = (one if one.isalnum() or one in ":/. -_" else _number(one) for one in text)
    return f'"{"".join(safe)}"'


def _number(letter: str) -> str:
    code = ord(letter)
    return f"\\x{code:02x}" if code < 256 else f"\\U{code:08x}"


def _rights(context: Context, environment: Environment) -> Dict[str, Any]:
    """What they may do on an environment, what it takes there, and why they may not."""
    speaker = context.speaker
    found: Dict[str, Any] = {
        right: [one.code for one in may(context.settings, speaker, environment, right)] or True
        for right in _DOING
    }
    return {
        **found,
        "rooms": None if environment.rooms is None else list(environment.rooms),
        "approvals": environment.approvals,
        "confirms": environment.confirm_within > 0,
        "code": needs_code(environment, speaker),
        "has_totp": bool(speaker.person and speaker.person.totp),
        "vouched": environment.identity is Identity.VOUCHED,
        "vouched_enough": environment.identity is not Identity.VOUCHED or speaker.is_vouched,
    }


def _fitting(context: Context, known: Known, lines: List[str]) -> str:
    who, better = lines
    text = ""
    for most in _FEWER:
        rights = "" if known is Known.ROOM else _rights_text(context, most)
        text = "\n".join(one for one in (who, rights, better) if one)
        if len(text) <= MESSAGE_CHARACTERS:
            break
    return text


def _rights_text(context: Context, most: int) -> str:
    parts = []
    for right, verb in _DOING.items():
        here, elsewhere, _ = places_by_right(context, right)
        named = [_place(context.speaker, one, right, from_room=False) for one in here]
        named += [_place(context.speaker, one, right, from_room=True) for one in elsewhere]
        if named:
            parts.append(f"{verb} {listed(named, most)}")
    wanting = [
        one.name
        for one in context.settings.environments.values()
        if one.identity is Identity.VOUCHED and not context.speaker.is_vouched
    ]
    may_do = f"You may {'; '.join(parts)}." if parts else "You may change nothing."
    return f"{may_do} On {listed(wanting, most)} a relay has to vouch." if wanting else may_do


def _place(speaker: Speaker, environment: Environment, right: str, from_room: bool) -> str:
    takes: Tuple[str, ...] = ()
    if from_room and environment.rooms:
        takes += (f"from {environment.rooms[0]}",)
    if right == "deploy" and environment.approvals:
        takes += ("once approved",)
    elif right == "deploy" and environment.confirm_within:
        takes += ("once confirmed",)
    if right == "approve" and needs_code(environment, speaker):
        has = bool(speaker.person and speaker.person.totp)
        takes += ("with a code" if has else "with a code, which you cannot give",)
    return f"{environment.name} ({', '.join(takes)})" if takes else environment.name
