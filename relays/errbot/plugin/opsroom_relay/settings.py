"""The settings of the relay in errbot's config.py.

`OPSROOM_RELAY_KEY` is the key, or `OPSROOM_RELAY_KEY_FILE` the file that has it. `OPSROOM_RELAY`
may switch on what is dropped otherwise:

    OPSROOM_RELAY = {"edits": True, "max_age": 60}
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Dict, Tuple

from .seal import MIN_KEY


class Misconfigured(Exception):
    """A setting with which nothing may be forwarded. The text says which, and what works."""


@dataclass(frozen=True)
class Settings:
    """What the relay lets through beyond new commands of people; each is off unless switched on.

    `edits`: a corrected message is a command again. `old`: so is what was said before the relay
    started, or more than `max_age` seconds ago. `repeated`: so is a message that the chat delivers
    twice. `bots`: commands of other bots and webhooks count. `guests`: so do those of people from
    other Slack workspaces, and from those in `workspaces` in any case. `memory` is how many
    messages are remembered, to know them again and to answer in their threads.
    """

    edits: bool = False
    old: bool = False
    repeated: bool = False
    bots: bool = False
    guests: bool = False
    workspaces: Tuple[str, ...] = ()
    max_age: float = 300.0
    memory: int = 10_000


def read_settings(config: Any) -> Settings:
    """The settings of errbot's config. Raises Misconfigured for one that is unknown or no good."""
    given = getattr(config, "OPSROOM_RELAY", None) or {}
    if not isinstance(given, dict):
        raise Misconfigured('OPSROOM_RELAY has to be a dict, as {"edits": True}')
    known = {one.name: one.default for one in fields(Settings)}
    read: Dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            raise Misconfigured(f"OPSROOM_RELAY has no setting {name!r}; it has {', '.join(known)}")
        read[name] = _checked(name, value, known[name])
    return Settings(**read)


def _checked(name: str, value: Any, default: Any) -> Any:
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
        raise Misconfigured(f"OPSROOM_RELAY[{name!r}] has to be True or False")
    if isinstance(default, tuple):
        if isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value):
            return tuple(value)
        raise Misconfigured(f'OPSROOM_RELAY[{name!r}] has to be a list of texts, as ["T024BE7LD"]')
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
        return type(default)(value)
    raise Misconfigured(f"OPSROOM_RELAY[{name!r}] has to be a number above 0")


def read_key(config: Any) -> str:
    """The key of the seal. Raises Misconfigured where there is none, or one that is too short."""
    key = getattr(config, "OPSROOM_RELAY_KEY", None) or ""
    file = getattr(config, "OPSROOM_RELAY_KEY_FILE", None) or ""
    if key and file:
        raise Misconfigured(
            "OPSROOM_RELAY_KEY and OPSROOM_RELAY_KEY_FILE are both set in errbot's config.py; "
            "keep one"
        )
    if file:
        try:
            key = Path(str(file)).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Misconfigured(
                f"the file of OPSROOM_RELAY_KEY_FILE cannot be read ({type(error).__name__})"
            ) from error
    if not key:
        raise Misconfigured("OPSROOM_RELAY_KEY is not set in errbot's config.py")
    if not isinstance(key, str) or len(key) < MIN_KEY:
        raise Misconfigured(f"OPSROOM_RELAY_KEY has to be a text of at least {MIN_KEY} characters")
    return key
