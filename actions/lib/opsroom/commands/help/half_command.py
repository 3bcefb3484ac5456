"""An incomplete command: which words and values of a form were typed, in whatever order, what does
not belong, and which applications a version without one may belong to."""

from __future__ import annotations

from dataclasses import field
from functools import partial
from typing import Collection, Dict, List, Sequence, Set, Tuple

from ...deadline import together
from ...errors import OpsroomError, Refusal
from ...names import check_version, nearest, same_as
from ...structs import dataclass
from ...structs.patterns import lazy_pattern
from .. import Context
from ..resolve import DeploymentTarget
from .catalogue import Command

# One with a text behind it; not that of a time or of `board:OPS-12`.
_COLON = lazy_pattern(r"(?<=[^\s:]):(?=[^\s:/0-9])(?!\S*[0-9])")
_TOKEN = lazy_pattern(r"\{\{ (\w+) \}\}|([^\s:]+)")
# Values of many words: all that is typed up to the next word of the command.
_FREE = ("reason", "text", "message", "column", "length", "since", "until", "command", "cards")
_ID = lazy_pattern(r"(?=[A-Za-z]*[0-9])[A-Za-z0-9]{4}|[BCDFGHJKLMNPQRSTVWXYZ]{4}")
_SHAPES = {
    "change": _ID,
    "incident": _ID,
    "code": lazy_pattern(r"[0-9]{6,8}"),
    "card": lazy_pattern(r"\S*[0-9]\S*"),
    "page": lazy_pattern(r"\S*[0-9]\S*|[A-Z0-9]{4,}"),
    **dict.fromkeys(("version", "before", "after"), lazy_pattern(r"\S*[0-9./]\S*|main|master")),
    "head": lazy_pattern(r"[0-9a-f]{64}"),
}
# Between the two halves of "492 039".
_CODE_IN_TWO = lazy_pattern(r"(?<=\s[0-9]{3})\s(?=[0-9]{3}(?![^\s:]))")
# Never a name.
_CONNECTING = (
    "a",
    "and",
    "as",
    "at",
    "for",
    "from",
    "in",
    "is",
    "now",
    "of",
    "on",
    "please",
    "the",
    "to",
)


# Which take the name of a set in place of an application.
_OF_SETS = ("opsroom.deploy", "opsroom.rollback")


@dataclass
class Fit:
    """A form of a command beside what was typed: how many of its words were there, the values that
    were understood, how many of its words and values were not there, and the typed words that it
    has no place for."""

    command: Command
    display: str
    begun: int = 0
    matched: int = 0
    values: Dict[str, str] = field(default_factory=dict)
    missing: List[str] = field(default_factory=list)
    unsaid: int = 0
    unplaced: List[str] = field(default_factory=list)
    # Those of them that end a preceding text: "put lock x on test until 17:00".
    moved: int = 0
    # Whether the version was typed without its application.
    unread: bool = False

    @property
    def left(self) -> int:
        return len(self.unplaced) + self.moved

    @property
    def lost(self) -> str:
        """What a proposal leaves out and says so; empty where those are words that say nothing."""
        says_something = any(
            one.strip(",.!?:").casefold() not in _CONNECTING for one in self.unplaced
        )
        return " ".join(self.unplaced) if says_something else ""

    def rank(self) -> Tuple[int, int, int]:
        """Smaller is better."""
        agreeing = self.matched + len(self.values)
        return -self.begun, self.left + self.unsaid - agreeing, len(self.missing) + self.unsaid


def words_of(typed: str) -> List[str]:
    """What was typed as words, a colon and the text behind it apart."""
    whole = (one if "://" in one else _COLON.sub(": ", one) for one in typed.split())
    return " ".join(whole).split()


def best_fit(context: Context, command: Command, words: Sequence[str]) -> Fit:
    return min(
        (_fit(context, command, display, words) for display in command.formats), key=Fit.rank
    )


def best_of(fits: Sequence[Fit], typed: int) -> List[Fit]:
    """The commands that fit best; all that begin so where nothing but their beginning was typed."""
    best = min(fit.rank() for fit in fits)
    if -best[0] == typed:
        return sorted((fit for fit in fits if fit.begun == typed), key=Fit.rank)
    return [fit for fit in fits if fit.rank() == best]


def _fit(context: Context, command: Command, display: str, words: Sequence[str]) -> Fit:
    """Read what was typed as this form."""
    tokens = [(found.group(1) or "", found.group(2) or "") for found in _TOKEN.finditer(display)]
    fit = Fit(command, display)
    sets = command.action in _OF_SETS
    if any(name == "code" for name, _ in tokens):
        words = _CODE_IN_TWO.sub("", " ".join(words)).split()
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
    preposition = ""
    free = ""
    trailing = 0
    colon = any(one.endswith(":") for one in words[: fit.begun])
    for raw, one in zip(words[fit.begun :], typed[fit.begun :]):
        in_text, colon = colon, colon or raw.endswith(":")
        word = _literal(one, literals if not free else _after(rest, free) & literals)
        if word:
            literals.discard(word)
            preposition, free = word, ""
            fit.matched += 1
            trailing = 0
            continue
        # "page: checkout is down" names nobody: behind a colon only a name of the config is one.
        names = [
            name for name in open_names if name != "who" or not in_text or _is_who(context, one)
        ]
        name = free or _name_for(context, one, preposition, rest, names, sets)
        if not name:
            fit.unplaced.append(raw)
            trailing += 1
            continue
        trailing = 0
        if name in open_names:
            open_names.remove(name)
        known = _known(context, name, one, sets)
        fit.values[name] = f"{fit.values[name]} {raw}" if name in fit.values else known or one
        if name in _FREE:
            fit.values[name] = fit.values[name] if " " in fit.values[name] else raw
            free = name
    named = app_in(context, fit.values.get("version", "")) if "app" in open_names else ""
    if named:
        # "web@v1.2.0": the application is in the version.
        open_names.remove("app")
        fit.unread, fit.values["app"] = True, named
    elif "app" in open_names and "version" in fit.values:
        fit.unread = True
    fit.missing = open_names
    fit.unsaid = len(literals)
    _move_the_end(fit, trailing)
    return fit


def _move_the_end(fit: Fit, count: int) -> None:
    """Put the last words that have no place behind the text, where the form has one in its middle:
    an end that was said at the end belongs to it."""
    name = next((one for one in ("reason", "text", "message") if one in fit.values), "")
    if name and count:
        fit.values[name] = " ".join([fit.values[name], *fit.unplaced[-count:]])
        del fit.unplaced[-count:]
        fit.moved = count


def without_text(fit: Fit) -> None:
    """Leave the place of a value of many words open, where not all of them were read."""
    for name in [one for one in fit.values if one in _FREE]:
        fit.values[name] = name.upper()


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


def _name_for(
    context: Context,
    word: str,
    preposition: str,
    rest: Sequence[Tuple[str, str]],
    names: Sequence[str],
    sets: bool,
) -> str:
    """Which of the open values a word is: the one behind the word before it, else the first that it
    can be."""
    following = {
        before[1]: after[0] for before, after in zip(rest, rest[1:]) if after[0] and before[1]
    }
    preferred = following.get(preposition, "")
    if preposition != "for":
        # "for OPS-12" only: anything could be the cards of a deployment.
        names = [name for name in names if name != "cards"]
    for name in [preferred, *names] if preferred in names else names:
        if _can_be(context, name, word, sets):
            return name
    return ""


def _can_be(context: Context, name: str, word: str, sets: bool) -> bool:
    if name in _SHAPES:
        return bool(_SHAPES[name].fullmatch(word)) and not _is_name(context, word)
    if name in ("app", "environment", "source"):
        return bool(_known(context, name, word, sets))
    if name == "cards" and _is_name(context, word):
        return False
    return name in _FREE or word.casefold() not in _CONNECTING


def _is_who(context: Context, word: str) -> bool:
    settings = context.settings
    names = {*settings.teams, *settings.people, *settings.apps, "me"}
    return word.casefold() in {one.casefold() for one in names}


def _is_name(context: Context, word: str) -> bool:
    settings = context.settings
    names = {*settings.apps, *settings.environments, *settings.sets}
    return word.casefold() in {one.casefold() for one in names}


def _known(context: Context, name: str, word: str, sets: bool) -> str:
    """The name of the config that a word is or nearly is, with `sets` also that of a set; what is
    no name of the config stays as it is."""
    settings = context.settings
    names: Dict[str, Collection[str]] = {
        "app": {**settings.apps, **settings.sets} if sets else settings.apps,
        "environment": settings.environments,
        "source": settings.environments,
    }
    if name not in names:
        return word
    if "@" in word or word.casefold() in _CONNECTING:
        return ""
    other = settings.environments if name == "app" else settings.apps
    same = {one.casefold(): one for one in names[name]}
    if word.casefold() in same:
        return same[word.casefold()]
    if word.casefold() in {one.casefold() for one in other}:
        return ""
    return next(iter(nearest(word, names[name], most=1)), "")


VERSION = "VERSION"
# In seconds, for all that is asked.
_ASKING = 5.0
# How many applications are asked.
_MAX_APPS = 8
Pair = Tuple[str, str]


def app_in(context: Context, version: str) -> str:
    """The application that `web@v1.2.0` names; empty where it names none."""
    app, at, rest = version.partition("@")
    return next(iter(same_as(app, context.settings.apps)), "") if app and at and rest else ""


def readings(context: Context, apps: Sequence[str], version: str, environment: str) -> List[Pair]:
    """Each application with the version of it that was meant, VERSION where it has none such.

    `web@v1.2.0` is v1.2.0 of web, or a tag of that very name, as repositories of several
    applications have them. A version that cannot be deployed is not proposed.

    Those that have it go alone. One that cannot be asked in time counts as one that has it, but not
    for `web@v1.2.0`, which may mean two versions.
    """
    named = app_in(context, version)
    if named:
        pairs = [(named, version.partition("@")[2]), (named, version)]
    else:
        pairs = [(app, version) for app in apps[:_MAX_APPS]]
    answers = together(
        {pair: partial(_has, context, *pair, environment) for pair in pairs}, _ASKING
    )
    doubted = [pair for pair, answer in answers.items() if isinstance(answer, OpsroomError)]
    having = [pair for pair in pairs if answers[pair] is True or (pair in doubted and not named)]
    return having or list(dict.fromkeys((app, VERSION) for app, _ in pairs))


def _has(context: Context, app_name: str, version: str, environment: str) -> bool:
    """Whether an application has a version, whatever it is asked for. Raises Failure when it cannot
    be asked."""
    app = context.settings.apps[app_name]
    places: Dict[str, None] = dict.fromkeys(context.settings.environments_of(app))
    place = environment if environment in places else next(iter(places), "")
    if not place:
        return False
    try:
        rules = context.settings.environments[place].for_app(app_name)
        DeploymentTarget(app, rules).deployer.resolve(check_version(version))
    except Refusal:
        return False
    return True
