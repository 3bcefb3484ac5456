"""Text as Slack sends it, and as it takes it.

Slack escapes `&`, `<` and `>`, and puts what it made of a text into angle brackets: links,
mentions, channels. See https://docs.slack.dev/messaging/formatting-message-text.
"""

from __future__ import annotations

import re
from typing import Callable, Set, Tuple

_MARKED = re.compile(r"<([^<>]*)>")
_ENTITY = re.compile(r"&(amp|lt|gt);")
_CHARACTERS = {"amp": "&", "lt": "<", "gt": ">"}
_SCHEMES = ("https://", "http://", "mailto:", "tel:")


def escape(text: str) -> str:
    """A text that Slack shows as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def typed_text(sent: str, handle: Callable[[str], str], own: str = "") -> str:
    """What someone typed, of what Slack sent.

    `handle` gives the name of a user by the id. A label that the sender chose for a person is not
    taken. A link whose text is another than its target has both: `text (target)`. A mention of
    `own`, the bot's id, stays at the beginning: errbot recognises by it that it is spoken to.
    """
    start = f"<@{own}>" if own and sent.startswith(f"<@{own}>") else ""
    parts = []
    at = len(start)
    for found in _MARKED.finditer(sent, at):
        parts += [_unescaped(sent[at : found.start()]), _marked(found.group(1), handle)]
        at = found.end()
    return "".join((start, *parts, _unescaped(sent[at:])))


def _unescaped(text: str) -> str:
    return _ENTITY.sub(lambda one: _CHARACTERS[one.group(1)], text)


def _marked(inside: str, handle: Callable[[str], str]) -> str:
    """What stood between angle brackets."""
    target, bar, label = (_unescaped(one) for one in inside.partition("|"))
    if target.startswith("@"):
        return "@" + (handle(target[1:]) or target[1:])
    if target.startswith("#"):
        return "#" + (label.lstrip("#") or target[1:])
    if target.startswith("!"):
        word = label if bar and label else target[1:].partition("^")[0]
        return word if target.startswith("!date") else "@" + word.lstrip("@")
    if not bar or label == target or label in _short_forms(target):
        return label or _without(target, ("mailto:", "tel:"))
    return f"{label} ({target})"


def _short_forms(target: str) -> Set[str]:
    """What Slack shows as the text of a link that it made itself."""
    short = _without(target, _SCHEMES)
    return {short, short.rstrip("/"), target.rstrip("/")}


def _without(target: str, schemes: Tuple[str, ...]) -> str:
    for scheme in schemes:
        if target.startswith(scheme):
            return target[len(scheme) :]
    return target
