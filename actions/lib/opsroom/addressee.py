"""Whom an answer is for, where the relay does not say it, and whether it may have handed over half a message."""

from __future__ import annotations

import re
from typing import Any, Dict

from .text import MESSAGE_CHARACTERS

# A longer name costs more of an answer than it is worth.
_LONGEST_NAME = 30
# What a first line ends with that goes on in the next one.
_GOING_ON = re.compile(r"[:,;(\u2013\u2014-]\s*(?![\s\S])|\b(?:and|or)\s*(?![\s\S])")


def is_errbot(route: object) -> bool:
    """Whether a route is one of errbot's, which names nobody in an answer and hands over the first line only; hubot
    begins each answer with the name of who asked."""
    return "errbot" in str(route)


def nick_of(requester: str) -> str:
    """The name by which a room knows who asked; empty where the relay reports a channel or a number."""
    name = requester.partition("!")[0] if "!" in requester[1:] else requester.rpartition("/")[2]
    name = name.strip().lstrip("@")
    return "" if not name or name[0] in "#<!" or len(name) > _LONGEST_NAME else name


def addressed(result: Dict[str, Any], nick: str, shown: str = "") -> Dict[str, Any]:
    """The result with the name before its message, unless that has it, or no room for it."""
    text, hint = str(result["message"]), str(result["hint"])
    named = [one for one in (nick, shown) if one]
    if not nick or any(re.search(rf"(?<!\w){re.escape(one)}(?!\w)", text, re.IGNORECASE) for one in named):
        return result
    if len(f"{nick}: {text} {hint}") > MESSAGE_CHARACTERS:
        return result
    return {**result, "message": f"{nick}: {text}"}


def may_be_cut(route: object, through_relay: bool, text: str) -> bool:
    """Whether more than what arrived may have been typed: the one line that errbot hands over, or one that goes on."""
    whole = text.strip()
    return "\n" not in whole and ((through_relay and is_errbot(route)) or bool(_GOING_ON.search(whole)))
