"""suggest: what a half command lacks, and which commands of today's config it may have meant.

What was typed is read by the names in it (an application, an environment, a team, an id) wherever
they stand, so that a forgotten or misplaced word does no harm. Nothing is changed; what only reads
and can mean one thing only is carried out.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import islice, zip_longest
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence, Set, Tuple

from ..change import Change
from ..errors import Code, OpsroomError, Refusal
from ..grammar.free_text import without_codes
from ..guard.access import may
from ..names import either, nearest, shown
from ..text import MESSAGE_CHARACTERS
from . import Desk
from .help import Command, help_, is_configured, read_commands
from .outcome import Outcome

# What a value is called in a sentence, where it is missing.
_CALLED = {
    "app": "an application",
    "environment": "an environment",
    "source": "the environment to promote from",
    "version": "a version",
    "change": "the id of a change",
    "reason": "a reason",
    "text": "a text",
    "message": "a message",
    "who": "a team or a person",
    "card": "a card",
    "column": "a column",
    "assignee": "a person",
    "page": "the id of a page",
    "incident": "the id of an incident",
    "since": "a period",
    "until": "an end",
    "length": "a time",
    "head": "a hash",
    "project": "a project",
    "code": "a one-time code",
    "cards": "cards",
    "command": "a command",
}
# One with a text behind it; not that of a time or of `board:OPS-12`.
_COLON = re.compile(r"(?<=[^\s:]):(?=[^\s:/0-9])(?!\S*[0-9])")
_TOKEN = re.compile(r"\{\{ (\w+) \}\}|([^\s:]+)")
# Values of many words: all that is typed up to the next word of the command.
_FREE = ("reason", "text", "message", "column", "length", "since", "until", "command", "cards")
_ID = re.compile(r"(?=[A-Za-z]*[0-9])[A-Za-z0-9]{4}|[BCDFGHJKLMNPQRSTVWXYZ]{4}")
_SHAPES = {
    "change": _ID,
    "incident": _ID,
    "code": re.compile(r"[0-9]{6,8}"),
    "card": re.compile(r"\S*[0-9]\S*"),
    "page": re.compile(r"\S*[0-9]\S*|[A-Z0-9]{4,}"),
    "version": re.compile(r"\S*[0-9./]\S*|main|master"),
    "head": re.compile(r"[0-9a-f]{64}"),
}
# Never a name.
_CONNECTING = ("a", "and", "as", "at", "for", "from", "in", "is", "now", "of", "on", "please", "the", "to")
# Where the id of something is found.
_FOUND_BY = {"change": "show changes", "incident": "show incidents", "page": "show pages", "card": "my cards"}
_MOST_WORDS = 40
_MOST_WAYS = 4
_MOST_NAMES = 3


@dataclass
class _Fit:
    """A form of a command beside what was typed: how many of its words were there, the values that were understood, how
    many of its words and values were not there, and how many typed words it has no place for."""

    command: Command
    display: str
    begun: int = 0
    said: int = 0
    values: Dict[str, str] = field(default_factory=dict)
    missing: List[str] = field(default_factory=list)
    unsaid: int = 0
    left: int = 0

    def rank(self) -> Tuple[int, int, int]:
        """Smaller is better."""
        agreeing = self.said + len(self.values)
        return -self.begun, self.left + self.unsaid - agreeing, len(self.missing) + self.unsaid


def suggest(desk: Desk, aliases: Path, typed: str) -> Outcome:
    """Answer what begins like a command and is none. `aliases` is the folder of the pack's aliases.

    Raises Refusal(unknown_command) with commands that would work, unless it can mean one thing
    only.
    """
    words = _words(typed)[:_MOST_WORDS]
    first = words[0].strip(":,?").casefold() if words else ""
    if len(words) == 1 and first in ("opsroom", "help"):
        return help_(desk, aliases)
    if first == "opsroom" and not nearest(words[1], ["help"]):
        if len(words) == 2:
            return _topic(desk, aliases, words[1], typed)
        # "opsroom deploy web": said to us by our name.
        words = words[1:]
    every = read_commands(aliases)
    usable = [one for one in every if is_configured(desk, one)] or every
    fits = [fit for fit in (_best(desk, one, words) for one in usable) if fit.begun]
    if not fits:
        message = f"{shown(without_codes(typed), 60)} is no command."
        raise Refusal(Code.UNKNOWN_COMMAND, message, _nearest(every, words))
    alike = _alike(fits, len(words))
    ways = _ways(desk, alike)
    done = _only_one(desk, alike, ways)
    if done:
        return done
    lacking = [_CALLED[fit.missing[0]] for fit in alike if fit.missing]
    lacking = list(dict.fromkeys(one for names in lacking for one in names.split(" or ")))
    whole = any(fit.left or (fit.unsaid and not fit.missing) for fit in alike) or not lacking
    what = "is not a command as it stands" if whole else f"lacks {either(lacking)}"
    if any("{{ code }}" in display for fit in fits for display in fit.command.formats):
        # It may be good still, and what is answered is kept by StackStorm.
        typed, ways = without_codes(typed), [without_codes(way) for way in ways]
    message = f"{shown(typed, 60)} {what}."
    hint = _hint(ways, MESSAGE_CHARACTERS - len(message))
    raise Refusal(Code.UNKNOWN_COMMAND, message, hint, {"suggestions": ways[:_MOST_WAYS]})


def _topic(desk: Desk, aliases: Path, topic: str, typed: str) -> Outcome:
    """The help that "opsroom deploy" means. Raises Refusal(unknown_command) where there is none."""
    try:
        return help_(desk, aliases, topic)
    except Refusal:
        ways = ["opsroom help"]
        message = f"{shown(typed, 60)} is not a command as it stands."
        raise Refusal(Code.UNKNOWN_COMMAND, message, f"Say: {ways[0]}", {"suggestions": ways}) from None


def _words(typed: str) -> List[str]:
    """What was typed as words, a colon and the text behind it apart."""
    whole = (one if "://" in one else _COLON.sub(": ", one) for one in typed.split())
    return " ".join(whole).split()


def _best(desk: Desk, command: Command, words: Sequence[str]) -> _Fit:
    return min((_fit(desk, command, display, words) for display in command.formats), key=_Fit.rank)


def _alike(fits: Sequence[_Fit], typed: int) -> List[_Fit]:
    """The commands that fit best; all that begin so where nothing but their beginning was typed."""
    best = min(fit.rank() for fit in fits)
    if -best[0] == typed:
        return sorted((fit for fit in fits if fit.begun == typed), key=_Fit.rank)
    return [fit for fit in fits if fit.rank() == best]


def _fit(desk: Desk, command: Command, display: str, words: Sequence[str]) -> _Fit:
    """Read what was typed as this form."""
    tokens = [(found.group(1) or "", found.group(2) or "") for found in _TOKEN.finditer(display)]
    fit = _Fit(command, display)
    typed = [word.strip(":,;.!?") or word for word in words]
    for (name, word), one in zip(tokens, typed):
        if name or not _same(word, one):
            break
        fit.begun += 1
    # The words up to the first value go without saying where the message ends before them.
    last = next((place for place, (name, _) in enumerate(tokens) if name), len(tokens))
    rest = tokens[fit.begun :] if len(words) > fit.begun else tokens[max(last, fit.begun) :]
    literals: Set[str] = {word for name, word in rest if not name}
    open_names = [name for name, _ in rest if name]
    context = ""
    free = ""
    for raw, one in zip(words[fit.begun :], typed[fit.begun :]):
        word = _literal(one, literals if not free else _after(rest, free) & literals)
        if word:
            literals.discard(word)
            context, free = word, ""
            fit.said += 1
            continue
        name = free or _name_for(desk, one, context, rest, open_names)
        if not name:
            fit.left += 1
            continue
        if name in open_names:
            open_names.remove(name)
        known = _known(desk, name, one)
        fit.values[name] = f"{fit.values[name]} {raw}" if name in fit.values else known or one
        if name in _FREE:
            fit.values[name] = fit.values[name] if " " in fit.values[name] else raw
            free = name
    fit.missing = open_names
    fit.unsaid = len(literals)
    return fit


def _literal(typed: str, literals: Set[str]) -> str:
    """The word of the command that was typed, or nearly."""
    if typed.casefold() in literals:
        return typed.casefold()
    return next(iter(nearest(typed, literals, most=1)), "") if len(typed) > 3 else ""


def _same(word: str, typed: str) -> bool:
    one, other = word.casefold(), typed.casefold()
    return one == other or {one, other} == {"version", "versions"}


def _after(rest: Sequence[Tuple[str, str]], name: str) -> Set[str]:
    """The word of the command that ends a value of many words."""
    names = [one for one, _ in rest]
    place = names.index(name) + 1 if name in names else len(rest)
    return {word for one, word in rest[place : place + 1] if not one}


def _name_for(desk: Desk, word: str, context: str, rest: Sequence[Tuple[str, str]], names: Sequence[str]) -> str:
    """Which of the open values a word is: the one behind the word before it, else the first that it can be."""
    following = {before[1]: after[0] for before, after in zip(rest, rest[1:]) if after[0] and before[1]}
    preferred = following.get(context, "")
    for name in [preferred, *names] if preferred in names else names:
        if _can_be(desk, name, word):
            return name
    return ""


def _can_be(desk: Desk, name: str, word: str) -> bool:
    if name in _SHAPES:
        return bool(_SHAPES[name].fullmatch(word)) and not _is_name(desk, word)
    if name in ("app", "environment", "source"):
        return bool(_known(desk, name, word))
    return name in _FREE or word.casefold() not in _CONNECTING


def _is_name(desk: Desk, word: str) -> bool:
    names = {*desk.settings.apps, *desk.settings.environments}
    return word.casefold() in {one.casefold() for one in names}


def _known(desk: Desk, name: str, word: str) -> str:
    """The name of the config that a word is or nearly is; what is no name of the config stays as it is."""
    settings = desk.settings
    names = {"app": settings.apps, "environment": settings.environments, "source": settings.environments}
    if name not in names:
        return word
    other = settings.environments if name == "app" else settings.apps
    same = {one.casefold(): one for one in names[name]}
    if word.casefold() in same:
        return same[word.casefold()]
    if word.casefold() in {one.casefold() for one in other}:
        return ""
    return next(iter(nearest(word, names[name], most=1)), "")


def _ways(desk: Desk, fits: Sequence[_Fit]) -> List[str]:
    """The commands with names of the config for what is missing, those of different forms in turn."""
    each = []
    for fit in fits:
        several = islice(_completed(desk, fit, fit.values, fit.missing), _MOST_WAYS)
        each.append([_filled(fit.display, values) for values in several])
    ways = [way for row in zip_longest(*each) for way in row if way]
    found_by = [by for name, by in _FOUND_BY.items() if any(name in fit.missing for fit in fits)]
    missing = [by for by in found_by if not any(char.isdigit() for char in "".join(ways))]
    return list(dict.fromkeys([*ways[: _MOST_WAYS - len(missing)], *missing]))


def _filled(display: str, values: Dict[str, str]) -> str:
    return re.sub(r"\{\{ (\w+) \}\}", lambda found: values[found.group(1)], display)


def _completed(desk: Desk, fit: _Fit, values: Dict[str, str], missing: Sequence[str]) -> Iterator[Dict[str, str]]:
    if not missing:
        yield values
        return
    name, *others = missing
    for one in _choices(desk, fit, name, values):
        yield from _completed(desk, fit, {**values, name: one}, others)


def _choices(desk: Desk, fit: _Fit, name: str, values: Dict[str, str]) -> List[str]:
    settings = desk.settings
    if name == "app":
        place = values.get("environment") or values.get("source")
        return list(settings.apps_in(place) if place else settings.apps)[:_MOST_NAMES] or ["APP"]
    if name in ("environment", "source"):
        return _places(desk, fit, name, values) or [name.upper()]
    if name == "who":
        return [*settings.teams, *settings.people][:_MOST_NAMES] or ["WHO"]
    if name == "assignee":
        return ["me"]
    if name == "since":
        return [datetime.now(timezone.utc).strftime("%Y-%m")]
    if name == "change":
        return _open_changes(desk, fit.command.action) or ["CHANGE"]
    if name == "version":
        return _versions(desk, values.get("app", "")) or ["VERSION"]
    if name == "length":
        return ["17:00" if " until " in fit.display else "30m"]
    return ["deploy"] if name == "command" else [name.upper()]


def _places(desk: Desk, fit: _Fit, name: str, values: Dict[str, str]) -> List[str]:
    """Environments in the order of the config, those first where the requester may do it."""
    settings = desk.settings
    app = settings.apps.get(values.get("app", ""))
    names = settings.environments_of(app) if app else tuple(settings.environments)
    source, target = values.get("source"), values.get("environment")
    if name == "source":
        before = names[: names.index(target)] if target in names else names[:-1]
        return list(before[-1:] if target else before)
    if source in names:
        return list(names[names.index(source) + 1 :][:1])
    right = _right(fit.command.action)
    allowed = [one for one in names if not right or not may(settings, desk.speaker, settings.environments[one], right)]
    # Nobody may do an emergency deployment unless the config names them.
    return (allowed if right == "override" else allowed or list(names))[:_MOST_WAYS]


def _right(action: str) -> str:
    if action.endswith(("deploy", "promote", "rollback")):
        return "override" if "emergency" in action else "deploy"
    return "lock" if action.endswith("lock") else ""


def _open_changes(desk: Desk, action: str) -> List[str]:
    """The ids of what waits for this action and this person. A database that cannot be used costs the ids, not the
    answer."""
    from ..changes import open_changes

    with suppress(OpsroomError), desk.store.read() as connection:
        now = desk.store.now(connection)
        waiting = [one for one in open_changes(connection, "", "") if not one.expired(now)]
        return [one.id for one in waiting if _waits_for(one, action, desk.speaker.key)][:_MOST_NAMES]
    return []


def _waits_for(change: Change, action: str, who: str) -> bool:
    """Whether an action of this person can go through; access is not looked at."""
    own, state = change.owner == who, change.state.value
    if action == "opsroom.review_change":
        return state == "review" and not own
    if state != "open":
        return False
    if action == "opsroom.confirm_change":
        return change.kind.value == "confirmation" and own
    return action == "opsroom.reject_change" or (change.kind.value == "approval" and not own)


def _versions(desk: Desk, app: str) -> List[str]:
    """The version of an application that was deployed last, wherever it was."""
    from ..ledger_lookup import deployments

    with suppress(OpsroomError), desk.store.read() as connection:
        return [record.version for record in deployments(connection, app, "", 1) if record.version]
    return []


def _only_one(desk: Desk, alike: Sequence[_Fit], ways: Sequence[str]) -> Optional[Outcome]:
    """The answer to what can mean one thing only, where answering changes nothing."""
    fit = alike[0]
    if len(ways) != 1 or fit.left or fit.command.action not in ("opsroom.get_version", "opsroom.get_history"):
        return None
    values = next(_completed(desk, fit, fit.values, fit.missing))
    app, environment = values.get("app", ""), values.get("environment", "")
    if fit.command.action == "opsroom.get_version":
        from .get_version import get_version

        return get_version(desk, app, environment)
    from .get_history import get_history

    return get_history(desk, app, environment)


def _hint(ways: Sequence[str], room: int) -> str:
    """As many commands as fit, the first one whatever it takes."""
    hint = ""
    for number, way in enumerate(ways[:_MOST_WAYS]):
        longer = f"{hint}; {way}" if hint else f"Say: {way}"
        if number and len(longer) > room - 2:
            break
        hint = longer
    return hint


def _nearest(commands: Sequence[Command], words: Sequence[str]) -> str:
    near = nearest(words[0] if words else "", sorted({one.word for one in commands}))
    return f"Did you mean {either(near)}?" if near else "Say: opsroom help"
