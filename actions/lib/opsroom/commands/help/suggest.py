"""suggest: what an incomplete command lacks, and which commands of today's config it may have
meant.

What was typed is read by the names in it (an application, an environment, a team, an id) in
whatever order, so that a forgotten or misplaced word does no harm. Nothing is changed; a command
that only reads and can mean one thing only is run.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timezone
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from ...errors import Code, OpsroomError, Refusal
from ...grammar.free_text import without_codes
from ...names import either, nearest, shown
from ...policy import Decision
from ...policy.access import may
from ...records.change import Change
from ...records.changes import open_changes
from ...records.queries import deployments
from ...structs.patterns import lazy_pattern
from ...text import MESSAGE_CHARACTERS
from .. import Context, Outcome
from ..history import get_history
from ..versions import get_version
from . import help_
from .catalogue import Command, is_configured, read_commands
from .half_command import VERSION, Fit, best_fit, best_of, readings, without_text, words_of

_SEVERAL = "opsroom.deploy_set"
# What a value is called in a sentence, where it is missing.
_CALLED = {
    "app": "an application",
    "environment": "an environment",
    "source": "the environment to promote from",
    "version": "a version",
    "before": "the earlier version",
    "after": "the later version",
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
    "team": "a team",
    "until": "an end",
    "length": "a time",
    "head": "a hash",
    "project": "a project",
    "code": "a one-time code",
    "cards": "cards",
    "command": "a command",
}
# Where the id of something is found.
_FOUND_BY = {
    "change": "show changes",
    "incident": "show incidents",
    "page": "show pages",
    "card": "my cards",
}
_MAX_WORDS = 40
_MAX_WAYS = 4
_MAX_NAMES = 3
# A longer text is proposed as TEXT: the answer has no room for it, and half of it would be a loss.
_MAX_TEXT = 200
# Parts of "opsroom who am i", not of "opsroom who is on call".
_WHOAMI = lazy_pattern(r"(?i)(?:who\s*)?(?:am\b|i\b|ami\b).*|me\W*\Z")


def suggest(context: Context, aliases: Path, typed: str) -> Outcome:
    """Answer what begins like a command and is none. `aliases` is the folder of the pack's aliases.

    Raises Refusal(unknown_command) with commands that would work, unless it can mean one thing
    only.
    """
    every_word = words_of(typed)
    words = every_word[:_MAX_WORDS]
    first = words[0].strip(":,?").casefold() if words else ""
    if len(words) == 1 and first in ("opsroom", "help"):
        return help_(context, aliases)
    if first == "opsroom" and _WHOAMI.match(" ".join(words[1:])):
        raise _incomplete(typed, "opsroom whoami")
    if first == "opsroom" and not nearest(words[1], ["help"]):
        if len(words) == 2:
            return _topic(context, aliases, words[1], typed)
        # "opsroom deploy web": said to us by our name.
        words = words[1:]
    every = read_commands(aliases)
    usable = [one for one in every if is_configured(context, one)] or every
    # Several applications are only proposed to who types several, and those make it whole.
    usable = [one for one in usable if one.action != _SEVERAL]
    fits = [fit for fit in (best_fit(context, one, words) for one in usable) if fit.begun]
    if not fits:
        message = f"{shown(without_codes(typed), 60)} is no command."
        raise Refusal(Code.UNKNOWN_COMMAND, message, _nearest(every, words))
    alike = best_of(fits, len(words))
    if len(every_word) > _MAX_WORDS:
        for fit in alike:
            without_text(fit)
    barred = [
        fit for fit in alike if _right(fit.command.action) == "override" and _refused(context, fit)
    ]
    alike = [fit for fit in alike if fit not in barred]
    if barred and not alike:
        raise _barred(context, typed, barred[0])
    together = _together(context, alike, every_word)
    ways = together or _ways(context, alike)
    done = _only_one(context, alike, ways)
    if done:
        return done
    lacking = [_CALLED[fit.missing[0]] for fit in alike if fit.missing]
    lacking = list(dict.fromkeys(one for names in lacking for one in names.split(" or ")))
    whole = any(fit.left or (fit.unsaid and not fit.missing) for fit in alike) or not lacking
    what = "is not a complete command" if whole else f"lacks {either(lacking)}"
    lost = "" if together else next((fit.lost for fit in alike if fit.lost), "")
    if any("{{ code }}" in display for fit in fits for display in fit.command.formats):
        # It may be good still, and what is answered is kept by StackStorm.
        typed, ways = without_codes(typed), [without_codes(way) for way in ways]
        lost = " ".join(one for one in without_codes(lost).split() if not one.isdecimal())
    lost = f"; what is proposed leaves out {shown(lost)}" if lost and ways else ""
    message = f"{shown(typed, 60)} {what}{lost}."
    if barred:
        message += f" {_refused(context, barred[0])[0].message}"
    hint = _hint(ways, MESSAGE_CHARACTERS - len(message))
    raise Refusal(Code.UNKNOWN_COMMAND, message, hint, {"suggestions": ways[:_MAX_WAYS]})


def _together(context: Context, fits: Sequence[Fit], typed: Sequence[str]) -> List[str]:
    """Deployments of two applications, where the words that the form for one leaves out are
    another application and perhaps its version, behind "and" or a comma; empty elsewhere. What is
    missing is VERSION."""
    fit = fits[0]
    app, words = fit.values.get("app", ""), words_of(fit.lost)
    first = fit.values.get("version", VERSION)
    if words and words[0].casefold() == "and":
        words = words[1:]
    elif any(one.endswith(",") and one[:-1] in (app, first) for one in typed):
        # Behind a comma a version without a name before it is that of the second.
        if len(words) == 1 and f"{app}," in typed:
            words, first = [*words, first], VERSION
    else:
        return []
    if {one.command.head for one in fits} != {"deploy"} or not 1 <= len(words) <= 2:
        return []
    other = words[0]
    if app == other or not {app, other} <= {*context.settings.apps}:
        return []
    second = words[1] if len(words) == 2 else VERSION
    given = fit.values.get("environment")
    places = [given] if given else _choices(context, fit, "environment", fit.values)
    cards = f" for {fit.values['cards']}" if "cards" in fit.values else ""
    what = f"{app} {first} and {other} {second}"
    return [f"deploy {what} to {place}{cards}" for place in places[:_MAX_WAYS]]


def _barred(context: Context, typed: str, fit: Fit) -> Refusal:
    """For an emergency deployment that the requester may do nowhere, or not from here."""
    refused = _refused(context, fit)
    message = f"{shown(without_codes(typed), 60)} is not a complete command. {refused[0].message}"
    return Refusal(Code.UNKNOWN_COMMAND, message, refused[0].hint, {"suggestions": []})


def _refused(context: Context, fit: Fit) -> List[Decision]:
    """Why the requester may not do it where they said, or anywhere; empty where they may.

    What is refused only for the room goes first: there it can be done.
    """
    settings = context.settings
    app = settings.apps.get(fit.values.get("app", ""))
    names = settings.environments_of(app) if app else tuple(settings.environments)
    environment = fit.values.get("environment", "")
    if environment not in settings.environments:
        named = [name for name in names if settings.environments[name].emergency]
        environment, names = "", tuple(named or names)
    each = [
        may(
            settings,
            context.speaker,
            settings.environments[name].for_app(app.name if app else ""),
            "override",
        )
        for name in ([environment] if environment else names)
    ]
    if not all(each):
        return []
    only_room = [one for one in each if one[0].code is Code.WRONG_ROOM]
    return (only_room or each or [[]])[0]


def _topic(context: Context, aliases: Path, topic: str, typed: str) -> Outcome:
    """The help that "opsroom deploy" means. Raises Refusal(unknown_command) where there is none."""
    try:
        return help_(context, aliases, topic)
    except Refusal:
        raise _incomplete(typed, "opsroom help") from None


def _incomplete(typed: str, way: str) -> Refusal:
    message = f"{shown(typed, 60)} is not a complete command."
    return Refusal(Code.UNKNOWN_COMMAND, message, f"Say: {way}", {"suggestions": [way]})


def _ways(context: Context, fits: Sequence[Fit]) -> List[str]:
    """The commands with names of the config for what is missing, those of different forms in
    turn."""
    each = []
    for fit in fits:
        each_read = chain.from_iterable(
            _completed(context, fit, values, missing) for values, missing in _read(context, fit)
        )
        several = islice(each_read, _MAX_WAYS)
        each.append([_filled(fit.display, values) for values in several])
    ways = [way for row in zip_longest(*each) for way in row if way]
    # The kill switch is not what someone who names no place is offered first.
    ways.sort(key=lambda way: way.startswith(("lock everything", "unlock everything")))
    found_by = [by for name, by in _FOUND_BY.items() if any(name in fit.missing for fit in fits)]
    missing = [by for by in found_by if not any(char.isdigit() for char in "".join(ways))]
    return list(dict.fromkeys([*ways[: _MAX_WAYS - len(missing)], *missing]))


def _read(context: Context, fit: Fit) -> Iterator[Tuple[Dict[str, str], List[str]]]:
    """The values and what is missing, for each application that has the version."""
    if not fit.unread:
        yield fit.values, fit.missing
        return
    environment, version = fit.values.get("environment", ""), fit.values["version"]
    apps = [fit.values["app"]] if "app" in fit.values else _choices(context, fit, "app", fit.values)
    missing = [name for name in fit.missing if name != "app"]
    read = readings(
        context, [name for name in apps if name in context.settings.apps], version, environment
    )
    if any(one == VERSION for _, one in read):
        fit.unplaced.append(version)
    for app, one in read:
        yield {**fit.values, "app": app, "version": one}, missing


def _filled(display: str, values: Dict[str, str]) -> str:
    fitting = {name: one if len(one) <= _MAX_TEXT else name.upper() for name, one in values.items()}
    return re.sub(r"\{\{ (\w+) \}\}", lambda found: fitting[found.group(1)], display)


def _completed(
    context: Context, fit: Fit, values: Dict[str, str], missing: Sequence[str]
) -> Iterator[Dict[str, str]]:
    if not missing:
        yield values
        return
    name, *others = missing
    for one in _choices(context, fit, name, values):
        yield from _completed(context, fit, {**values, name: one}, others)


def _choices(context: Context, fit: Fit, name: str, values: Dict[str, str]) -> List[str]:
    settings = context.settings
    if name == "app":
        place = values.get("environment") or values.get("source")
        return list(settings.apps_in(place) if place else settings.apps)[:_MAX_NAMES] or ["APP"]
    if name in ("environment", "source"):
        return _places(context, fit, name, values) or [name.upper()]
    if name == "who":
        return [*settings.teams, *settings.people][:_MAX_NAMES] or ["WHO"]
    if name == "assignee":
        return ["me"]
    if name == "since":
        return [datetime.now(timezone.utc).strftime("%Y-%m")]
    if name == "change":
        return _open_changes(context, fit.command.action) or ["CHANGE"]
    if name in ("version", "before", "after"):
        other = (values.get("before"), values.get("after"))
        known = [one for one in _versions(context, values.get("app", "")) if one not in other]
        return known or [VERSION]
    if name == "length":
        return ["17:00" if " until " in fit.display else "30m"]
    return ["deploy"] if name == "command" else [name.upper()]


def _places(context: Context, fit: Fit, name: str, values: Dict[str, str]) -> List[str]:
    """Environments in the order of the config, those first where the requester may do it."""
    settings = context.settings
    app = settings.apps.get(values.get("app", ""))
    names = settings.environments_of(app) if app else tuple(settings.environments)
    source, target = values.get("source"), values.get("environment")
    if name == "source":
        before = names[: names.index(target)] if target in names else names[:-1]
        return list(before[-1:] if target else before)
    if source in names:
        return list(names[names.index(source) + 1 :][:1])
    right = _right(fit.command.action)
    allowed = [
        one
        for one in names
        if not right or not may(settings, context.speaker, settings.environments[one], right)
    ]
    # Nobody may do an emergency deployment unless the config names them.
    return (allowed if right == "override" else allowed or list(names))[:_MAX_WAYS]


def _right(action: str) -> str:
    if action.endswith(("deploy", "promote", "rollback")):
        return "override" if "emergency" in action else "deploy"
    return "lock" if action.endswith("lock") else ""


def _open_changes(context: Context, action: str) -> List[str]:
    """The ids of what waits for this action and this person. A database that cannot be used costs
    the ids, not the answer."""
    with suppress(OpsroomError), context.store.read() as connection:
        now = context.store.now(connection)
        waiting = [one for one in open_changes(connection, "", "") if not one.expired(now)]
        return [one.id for one in waiting if _waits_for(one, action, context.speaker.key)][
            :_MAX_NAMES
        ]
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


def _versions(context: Context, app: str) -> List[str]:
    """The version of an application that was deployed last, wherever it was."""
    with suppress(OpsroomError), context.store.read() as connection:
        return [record.version for record in deployments(connection, app, "", 1) if record.version]
    return []


def _only_one(context: Context, alike: Sequence[Fit], ways: Sequence[str]) -> Optional[Outcome]:
    """The answer to what can mean one thing only, where answering changes nothing."""
    fit = alike[0]
    if (
        len(ways) != 1
        or fit.left
        or fit.command.action not in ("opsroom.get_version", "opsroom.get_history")
    ):
        return None
    values = next(_completed(context, fit, fit.values, fit.missing))
    app, environment = values.get("app", ""), values.get("environment", "")
    if fit.command.action == "opsroom.get_version":
        return get_version(context, app, environment)
    return get_history(context, app, environment)


def _hint(ways: Sequence[str], room: int) -> str:
    """As many commands as fit, the first one whatever it takes."""
    hint = ""
    for number, way in enumerate(ways[:_MAX_WAYS]):
        longer = f"{hint}; {way}" if hint else f"Say: {way}"
        if number and len(longer) > room - 2:
            break
        hint = longer
    return hint


def _nearest(commands: Sequence[Command], words: Sequence[str]) -> str:
    near = nearest(words[0] if words else "", sorted({one.word for one in commands}))
    return f"Did you mean {either(near)}?" if near else "Say: opsroom help"
