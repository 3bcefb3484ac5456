"""help: the commands, read from the aliases themselves, with today's values; only what this
requester may use."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

from ...config.model import Environment
from ...errors import Code
from ...grammar.free_text import has_text, safe_displays
from ...names import bare, comparable, either, listed, pick
from ...policy.access import who_may
from ...text import MESSAGE_CHARACTERS, MESSAGE_LINES
from .. import Context, Outcome
from .catalogue import (
    GROUPS,
    PLACEHOLDER,
    RIGHTS,
    Command,
    is_configured,
    may_use,
    places_by_right,
    read_commands,
    shown_form,
)

_DOING = {
    "deploy": ("deploy to", "deploy nowhere"),
    "override": ("deploy in an emergency to", "not deploy in an emergency"),
    "approve": ("approve on", "approve nowhere"),
    "lock": ("lock", "lock nothing"),
}
# The overview in lines, by action.
_FOLDED = ("Changes", "Locks", "Look", "Cards", "Pages", "Incidents")
# How many applications and environments are named, where they do not all fit.
_FEWER_APPS = (8, 3, 0)
_FEWER_PLACES = (8, 4, 2, 1)
_ONE_IN_FULL = "For one in full: opsroom help deploy"
# Commands whose WHO is a person.
_OF_PEOPLE = ("opsroom.add_responder",)
# Of these the first word alone says too little.
_TWO_WORDS = ("show", "create", "my", "on", "morning", "declare", "close")
_TEXTS = {
    "opsroom.create_card": "checkout is broken",
    "opsroom.comment_card": "it is the cache",
    "opsroom.find_cards": "checkout",
    "opsroom.open_incident": "checkout is down",
    "opsroom.end_incident": "it was the cache",
}
_REASONS = {
    "opsroom.emergency_deploy": "checkout is down",
    "opsroom.reject_change": "the tests are red",
}
# Commands whose safe form is another's.
_ELSEWHERE = {"lock everything": ["put lock {{ reason }} on everything"]}
# Of a command that can be written in many ways, so many are shown: a message has eight lines.
_MAX_FORMS = 6


def help_(context: Context, aliases: Path, topic: str = "") -> Outcome:
    """All commands that the requester may use in short, or one in full with who may use it.
    `aliases` is the folder of the pack's aliases. Raises Refusal(unknown_command)."""
    commands = read_commands(aliases)
    if topic:
        return _about(context, commands, bare(topic))
    mine = [one for one in commands if may_use(context, one)]
    facts = {"commands": [{"say": list(one.says), "description": one.description} for one in mine]}
    return Outcome(True, Code.HELP, _overview(context, mine), facts)


def _overview(context: Context, mine: Sequence[Command]) -> str:
    """All commands in short, within one message. Where the requester may deploy is shortened last
    of all."""
    text = ""
    for places, others in product(_FEWER_PLACES, (True, False)):
        for first in range(len(_FOLDED), -1, -1):
            for apps in _FEWER_APPS:
                text = _with_rights(
                    context,
                    mine,
                    _FOLDED[first:],
                    apps,
                    _rights(context, others=others, most=places),
                )
                if _fits(text):
                    return text
    return text.replace(f"{_ONE_IN_FULL}\n", "")


def _fits(text: str) -> bool:
    return len(text) <= MESSAGE_CHARACTERS and text.count("\n") < MESSAGE_LINES


def _with_rights(
    context: Context, commands: Sequence[Command], folded: Sequence[str], most: int, rights: str
) -> str:
    """All commands in short. Of the groups that are `folded` only is shown how to see them."""
    titles = [title for title in folded if _of_group(commands, title)]
    more = f"opsroom help {either(title.casefold() for title in titles)}"
    apps = context.settings.apps
    named = f"Applications: {listed(apps, most)}." if most else f"{len(apps)} applications."
    return "\n".join(
        [
            *_grouped(commands, folded),
            *([f"{listed(titles)}: say {more}"] if titles else []),
            _ONE_IN_FULL,
            f"{named} {rights}",
        ]
    )


def _of_group(commands: Sequence[Command], title: str) -> List[Command]:
    actions = GROUPS.get(title, ())
    return [one for action in actions for one in commands if one.action == f"opsroom.{action}"]


def _grouped(commands: Sequence[Command], folded: Sequence[str] = ()) -> List[str]:
    """A line for each group of commands, each by the first words that distinguish it from
    others."""
    lines = []
    for title, actions in GROUPS.items():
        names: List[str] = []
        if title in folded:
            continue
        for action in actions:
            for one in commands:
                name = one.head if one.word in _TWO_WORDS or action == "page" else one.word
                if one.action == f"opsroom.{action}" and name not in names:
                    names.append(name)
        if names:
            lines.append(f"{title}: {', '.join(names)}.")
    return lines


def _about(context: Context, commands: Sequence[Command], topic: str) -> Outcome:
    exact = [one for one in commands if comparable(one.head) == comparable(topic)]
    group = _of_group(commands, topic.capitalize()) if topic.capitalize() in _FOLDED else []
    if group and not exact:
        last = f"For one in full, say for example: opsroom help {group[0].head}"
        text = f"{topic.capitalize()}: {'; '.join(one.says[0] for one in group)}.\n{last}"
        if not _fits(text):
            text = f"{topic.capitalize()}: {', '.join(one.head for one in group)}.\n{last}"
        return Outcome(True, Code.HELP, text, {"say": [say for one in group for say in one.says]})
    if not exact:
        exact = [one for one in commands if _begins(one, topic) and is_configured(context, one)]
        exact = exact or [one for one in commands if _is_shown_as(one, topic)]
    if not exact:
        word = pick(topic, sorted({one.word for one in commands}), Code.UNKNOWN_COMMAND, "command")
        exact = [one for one in commands if one.word == word]
        # What is not configured is reported only where nothing else has that name.
        exact = [one for one in exact if is_configured(context, one)] or exact
    if len({one.head for one in exact}) == 1:
        # One command that can be said in another way, too.
        exact = exact[:1]
    others = [
        one
        for one in commands
        if one.word == exact[0].word and one not in exact and is_configured(context, one)
    ]
    text = _in_full(context, exact[0], others) if len(exact) == 1 else _several(exact)
    forms = [say for one in [*exact, *others] for say in one.says]
    return Outcome(True, Code.HELP, text, {"command": exact[0].word, "say": forms})


def _begins(command: Command, topic: str) -> bool:
    """Whether a form of the command begins with these words: `send page` is one of `page`."""
    words = comparable(topic).split()
    begun = (
        PLACEHOLDER.split(one)[0].replace(":", " ").casefold().split() for one in command.formats
    )
    return any(one[: len(words)] == words for one in begun)


def _is_shown_as(command: Command, topic: str) -> bool:
    """Whether help shows the command with these words: `deploy APPS`, as "See also" has it."""
    words = comparable(topic).split()
    return any(comparable(say).split()[: len(words)] == words for say in command.says)


def _several(commands: Sequence[Command]) -> str:
    """Commands that begin with the same word: each with what it does."""
    last = f"For one in full, say for example: opsroom help {commands[0].head}"
    text = "\n".join([*(f"{one.says[0]} | {one.description}" for one in commands), last])
    return text if _fits(text) else f"{'; '.join(one.says[0] for one in commands)}\n{last}"


def _in_full(context: Context, command: Command, others: Sequence[Command]) -> str:
    right = RIGHTS.get(command.action, ("",))[0]
    examples = _examples(context, command, right)
    example = PLACEHOLDER.sub(lambda match: examples.get(match.group(1), "..."), command.formats[0])
    also = f"See also: {either(one.says[0] for one in others)}" if others else ""
    forms, text = [command.description, f"For example: {example}"], ""
    # What is never left out: the forms, and how a text goes through whole; then who may use it.
    for rest, between, most in product((True, False), (forms, forms[1:], []), _FEWER_PLACES):
        rights = [_rights(context, right, others=rest, most=most)] if right else []
        text = "\n".join([*_forms(command), *between, *rights])
        if _fits(text):
            break
    return f"{text}\n{also}" if also and _fits(f"{text}\n{also}") else text


def _forms(command: Command) -> List[str]:
    """The forms of a command; of one with free text, which are for texts that StackStorm would
    cut."""
    if not has_text(command.formats):
        hidden = len(command.says) - _MAX_FORMS
        more = (
            [f"… and {hidden} more" + (" forms" if hidden > 1 else " form")] if hidden > 0 else []
        )
        return [*command.says[:_MAX_FORMS], *more]
    safe = safe_displays(command.formats) or _ELSEWHERE[command.head]
    plain = [one for one in command.formats if one not in safe]
    return [
        *map(shown_form, plain),
        f"Where the text ends in key=value or ?a=b: {shown_form(safe[0])}",
    ]


def _rights(context: Context, right: str = "deploy", others: bool = True, most: int = 8) -> str:
    """Where the requester has a right, from which room; with `others`, who has it elsewhere. At
    most so many places."""
    here, elsewhere, lacking = places_by_right(context, right)
    to, nowhere = _DOING[right]
    for several in (here, elsewhere):
        if len(several) > most:
            # Those where it takes more are named, whatever is left out.
            several.sort(key=lambda one: _where(one, right) == one.name)
    mine = (
        f"You may {to} {listed([_where(one, right) for one in here], most)}"
        if here
        else f"You may {nowhere}"
    )
    by_room: Dict[Tuple[str, ...], List[str]] = {}
    for one in elsewhere:
        by_room.setdefault(tuple(one.rooms or ()), []).append(_where(one, right))
    preposition = " to" if to.endswith(" to") else " on" if to.endswith(" on") else ""
    also = " also" if here else ""
    from_others = [
        f"from {listed(rooms, most)}{also}{preposition} {listed(places, most)}"
        for rooms, places in by_room.items()
    ]
    if not here and from_others:
        mine = f"{mine} from here"
    rest = [
        f"{one.name}: {_who(one, right, most)}."
        for one in lacking
        if others and who_may(one, right) != "nobody"
    ]
    if len(rest) > most:
        rest = [*rest[:most], f"Others decide on {len(rest) - most} more."]
    hidden = len([place for places in list(by_room.values())[most:] for place in places])
    more = [f"from other rooms{also}{preposition} {hidden} more"] if hidden else []
    return " ".join(["; ".join([mine, *from_others[:most], *more]) + ".", *rest])


def _where(environment: Environment, right: str) -> str:
    """An environment where the requester has a right, and what else it takes there."""
    if right != "deploy":
        return environment.name
    if environment.approvals:
        return f"{environment.name} (once approved)"
    return (
        f"{environment.name} (once confirmed)" if environment.confirm_within else environment.name
    )


def _who(environment: Environment, right: str, most: int = 8) -> str:
    who = who_may(environment, right)
    return f"{who}, from {listed(environment.rooms, most)}" if environment.rooms else who


def _examples(context: Context, command: Command, right: str) -> Dict[str, str]:
    """A value for each placeholder: names of the config, a place where it can be done, a fitting
    reason."""
    names = list(context.settings.environments)
    team = next(iter(context.settings.teams), "web-team")
    fitting = [
        one.name
        for several in places_by_right(context, right or "deploy")
        for one in several
        if who_may(one, right or "deploy") != "nobody"
    ]
    apps = [*context.settings.apps, "web", "api"]
    return {
        "app": apps[0],
        "apps": " and ".join(f"{one} 1.4.2" for one in dict.fromkeys(apps[:2])),
        "environment": (fitting or names or ["uat"])[0],
        "source": (names or ["test"])[0],
        "version": "1.4.2",
        "before": "1.4.1",
        "after": "1.4.2",
        "command": "deploy",
        "change": "K7QX",
        "code": "492039",
        "reason": _REASONS.get(command.action, "load test until 17:00"),
        "cards": "OPS-12",
        "text": _TEXTS.get(command.action, "it was right"),
        "card": "OPS-12",
        "project": "OPS",
        "column": "In progress",
        "assignee": next(iter(context.settings.people), "alice"),
        "who": next(iter(context.settings.people), "alice")
        if command.action in _OF_PEOPLE
        else team,
        "message": "checkout is down",
        "page": "1234",
        "incident": "K7QX",
        "since": "2026-11",
        "until": "2026-12",
        "length": "30m",
    }
