"""Commands with free text, which chat passes on whole.

StackStorm takes `key=value` off the end of every message, and a key that is one of the action's
parameters counts more than the message itself: "lock uat: see environment=production" would lock
production, with half a reason. So in chat these commands have one parameter, `typed`, the whole
message; their aliases close all others, and StackStorm refuses what ends in a pair before anything
runs.
"""

from __future__ import annotations

import re
from typing import Dict, Iterable, Iterator, List, Optional

from ..errors import Code, Refusal
from ..names import CARD, LONG_TEXT, PAGE_TEXT, TEXT, TYPED, WORDS, either, shown
from ..structs.patterns import lazy_pattern
from .commands import COMMANDS
from .forms import Form

# The aliases of an action, where it has others than its own name.
_ALIASES = {
    "page": ("page", "page_urgently", "page_in_emergency"),
    "lock": ("lock", "lock_everything"),
}
_ONE_TIME_CODE = lazy_pattern(r"(?<![\w.-])[0-9]{3}[\s-]?[0-9]{3}(?![\w-]|\.[0-9])")
# The patterns of the metadata, which StackStorm holds only against what it took apart itself: a
# test compares them.
PATTERNS = {
    "card": CARD,
    "project": CARD,
    "reason": TEXT,
    "text": TEXT,
    "who": WORDS,
    "message": PAGE_TEXT,
    "create_card.text": LONG_TEXT,
    "comment_card.text": LONG_TEXT,
    "open_incident.text": PAGE_TEXT,
}


def whole(action: str, typed: Optional[str], **given: Optional[str]) -> Dict[str, str]:
    """The values of a command: read from `typed` where it came from chat, else as they were given.

    Raises Refusal(unknown_command) for what is not of any form of the command,
    Refusal(invalid_name) for a value that its parameter would not take.
    """
    if not typed:
        return {name: one or "" for name, one in given.items()}
    found = read(action, typed)
    if found is None:
        raise Refusal(
            Code.UNKNOWN_COMMAND,
            f"{shown(without_codes(typed))} is not a complete command.",
            f"Say: {either(_in_capitals(one) for one in displays(action))}.",
        )
    values = {name: found.get(name) or "" for name in given}
    for name, one in values.items():
        _check(action, name, one)
    return values


def without_codes(text: str) -> str:
    """What was typed with CODE for what may be a one-time code: six digits, `492039` or `492
    039`."""
    return _ONE_TIME_CODE.sub("CODE", text)


def displays(action: str) -> List[str]:
    """How help shows the commands of an action that have free text."""
    return list(dict.fromkeys(form.display for form in _forms(action) if form.typed))


def safe_displays(displays: Iterable[str]) -> List[str]:
    """Those of the displays in which the text may end in anything."""
    within = {form.display for command in COMMANDS for form in command.forms if form.within}
    return [one for one in displays if one in within]


def has_text(displays: Iterable[str]) -> bool:
    """Whether one of the displays ends in free text, of which StackStorm takes off what it takes
    for a pair."""
    ending = ("{{ message }}", "{{ reason }}", "{{ text }}")
    typed = {form.display for command in COMMANDS for form in command.forms if form.typed}
    return any(one in typed and one.endswith(ending) for one in displays)


def _forms(action: str) -> Iterator[Form]:
    aliases = _ALIASES.get(action, (action,))
    return (form for command in COMMANDS if command.alias in aliases for form in command.forms)


def read(action: str, typed: str) -> Optional[Dict[str, Optional[str]]]:
    """The values of the first form of an action's commands that a text has; None for a text that
    has none."""
    text = typed.strip()
    for form in _forms(action):
        found = form.reading().match(text)
        if found:
            return {name: one and _bare(name, one) for name, one in found.groupdict().items()}
    return None


def _bare(name: str, text: str) -> str:
    """A value without blanks around it, and a name without quotes, as StackStorm takes them off
    elsewhere."""
    text = text.strip()
    if name in ("text", "message", "reason"):
        return text
    for quote in "\"'":
        if len(text) > 2 and text[0] == text[-1] == quote:
            return text[1:-1]
        if len(text) > 1 and text[0] == quote and quote not in text[1:]:
            # StackStorm takes a quote off the end of every message.
            return text[1:]
    return text.lower() if text.casefold() == "everything" else text


def _in_capitals(display: str) -> str:
    return re.sub(r"\{\{ (\w+) \}\}", lambda found: found.group(1).upper(), display)


def _check(action: str, name: str, text: str) -> None:
    pattern = PATTERNS.get(f"{action}.{name}") or PATTERNS.get(name, TYPED)
    if not text or pattern.match(text):
        return
    most = int(pattern.pattern.rpartition("{")[2].partition("}")[0].rpartition(",")[2])
    longest = most + 1 if pattern in (CARD, TYPED) else most
    if len(text) > longest:
        raise Refusal(
            Code.INVALID_NAME, f"The {name} has {len(text)} characters; it may have {longest}."
        )
    what = "What was typed" if name == "code" else shown(text)
    raise Refusal(Code.INVALID_NAME, f"{what} holds characters that the {name} may not have.")
