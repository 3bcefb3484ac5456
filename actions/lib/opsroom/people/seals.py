"""What a relay vouches for: the identity of a speaker under a seal, in the form that
relays/README.md describes."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timezone
from typing import Dict, Optional, Sequence

from .. import pack_version
from ..errors import Code, Refusal
from ..structs import dataclass
from ..structs.patterns import lazy_pattern
from ..text import one_line, span
from .identities import is_identity

# A key of the config has so many characters at least.
MIN_KEY = 32
# How old a sealed message may be, in seconds, where the config says nothing.
VALID_FOR = 300.0

_FORMAT = "opsroom-relay-1"
_RELAY = lazy_pattern(r"([a-z][a-z0-9_-]{0,31})/([A-Za-z0-9.+_-]{1,40})\Z")
_TIME = lazy_pattern(r"[0-9]{1,12}\.[0-9]{3}\Z")
_SEAL = lazy_pattern(r"[A-Za-z0-9_-]{43}\Z")
# A line break in a part would make another of the six lines that are sealed.
_CONTROL = lazy_pattern(r"[\x00-\x1f\x7f]")
# What the chat calls a message. Slack's and IRC's have 20 characters, an event id of Matrix 255 at
# most.
_MAX_MESSAGE = 300


@dataclass(frozen=True)
class Voucher:
    """That a relay vouches for a speaker.

    `relay` and `version` are those of its script; `at` is when it got the message, in seconds since
    1970; `message` is what the chat calls the message.
    """

    identity: str
    relay: str
    version: str
    at: float = 0.0
    message: str = ""

    @property
    def by(self) -> str:
        """The relay with its version: `hubot/0.4.0`."""
        return f"{self.relay}/{self.version}"

    @property
    def is_current(self) -> bool:
        """Whether the relay's script is that of this version of the pack."""
        return self.version == pack_version()


def is_sealed(text: str) -> bool:
    """Whether a relay hands over an identity with more behind it; a name with a blank in it does
    not begin with the prefix of a chat."""
    return is_identity(text) and " " in text


def read_seal(
    text: str, room: str, key: str, st2_user: str, now: float, valid_for: float = VALID_FOR
) -> Voucher:
    """What a sealed text vouches for.

    `room` is the `source_channel` exactly as it was handed over, `key` that of the relay, whose
    StackStorm user is `st2_user`; empty where the config has none. `now` and `valid_for` are in
    seconds.

    Raises Refusal(seal_malformed, seal_without_key, seal_wrong, seal_stale). None of their
    sentences has the seal.
    """
    parts = text.split(" ")
    relayed = _RELAY.match(parts[1])
    if (
        len(parts) != 5
        or _CONTROL.search(text)
        or relayed is None
        or not _TIME.match(parts[2])
        or not 0 < len(parts[3]) <= _MAX_MESSAGE
        or not _SEAL.match(parts[4])
    ):
        raise Refusal(
            Code.SEAL_MALFORMED,
            f"The relay {st2_user} handed over who speaks in a form that opsroom does not read.",
            "It needs the script of relays/ that comes with this version of opsroom. A name in "
            "chat may not look like an identity.",
        )
    if not key:
        raise Refusal(
            Code.SEAL_WITHOUT_KEY,
            f"The relay {st2_user} seals who speaks, and the config of opsroom has no key for it.",
            f"An administrator adds it to opsroom.yaml: relay_keys.{st2_user}",
        )
    if not hmac.compare_digest(_seal(parts[:4], room, key), parts[4].encode()):
        raise Refusal(
            Code.SEAL_WRONG,
            f"The seal of the relay {st2_user} does not fit who speaks and in which room.",
            f"Its own key and relay_keys.{st2_user} of opsroom.yaml have to be the same; if they "
            "are, someone changed the message on its way.",
        )
    voucher = Voucher(parts[0], relayed.group(1), relayed.group(2), float(parts[2]), parts[3])
    _check_age(voucher, st2_user, now, valid_for)
    return voucher


def seal(identity: str, relay: str, room: str, key: str, message: str, at: float) -> str:
    """What a relay hands over; for the console, which is one. `relay` is its name without a
    version."""
    parts = (identity, f"{relay}/{pack_version()}", f"{at:.3f}", message)
    return " ".join((*parts, _seal(parts, room, key).decode()))


def _seal(parts: Sequence[str], room: str, key: str) -> bytes:
    sealed = "\n".join((_FORMAT, *parts, room)).encode("utf-8", "surrogatepass")
    made = hmac.new(key.encode(), sealed, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=")


def unsealed(text: str) -> str:
    """What StackStorm keeps as the chat name, without a seal: the identity, or the name."""
    return text.partition(" ")[0] if is_sealed(text) else text


def recorded_voucher(name: str) -> Optional[Voucher]:
    """What a relay vouched for when the database was written: `IDENTITY RELAY/VERSION`; None for a
    name alone.

    Nobody can choose such a name: one with a blank behind a prefix is refused as no right seal.
    """
    identity, _, by = name.partition(" ")
    relayed = _RELAY.match(by)
    if relayed is None or not is_identity(identity):
        return None
    return Voucher(identity, relayed.group(1), relayed.group(2))


def vouched_by(voucher: Optional[Voucher]) -> Dict[str, str]:
    """What the ledger has beside the identity: the relay that vouches for it; nothing for a name
    alone."""
    return {"vouched_by": voucher.by} if voucher else {}


def _check_age(voucher: Voucher, st2_user: str, now: float, valid_for: float) -> None:
    age = now - voucher.at
    if abs(age) <= valid_for:
        return
    there, here = (_clock(one) for one in (voucher.at, now))
    differ = "the clocks of the relay and of StackStorm differ"
    if age < 0:
        message = f"By the clock of the relay {st2_user} it is {span(-age)} later than here"
        hint = f"Their time has to be set: {differ}."
    else:
        message = f"The relay {st2_user} got this message {span(age)} ago"
        hint = f"Say it again. If it is refused then too, {differ}."
    raise Refusal(
        Code.SEAL_STALE,
        f"{message} ({there} there, {here} here); a seal is good for {span(valid_for)}.",
        hint,
        {"relay": one_line(voucher.by), "relay_time": voucher.at, "time": round(now, 3)},
    )


def _clock(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return "no time"
