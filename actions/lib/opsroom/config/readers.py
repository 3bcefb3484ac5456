"""Reading the config by subject: people and groups, freezes and time zones, environments and their
rules, incidents, the board, metrics, how long records are kept, and how often the sensors look."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from ..names import listed, nearest
from ..people import Person
from ..people.identities import identity_problem
from ..people.seals import MIN_KEY
from ..structs import dataclass
from ..structs.patterns import lazy_pattern
from .fields import Fields
from .model import (
    AppSet,
    BoardSettings,
    Environment,
    Freeze,
    Identity,
    Incidents,
    LedgerSettings,
    MetricsSettings,
    Watching,
)
from .problems import found, is_reference

_OWN_KEYS = ("chat", "st2", "email", "totp", "second_factor", "shared")
# RFC 4226 wants 128 bits (26 characters); authenticators of the first days used 80 (16), and they
# still work.
_MIN_SECRET = 16
_MAX_SECRET = 128


def read_person(name: str, fields: Fields) -> Person:
    """One entry under `people`."""
    person = Person(
        name=name,
        chat=_chat(fields),
        st2=fields.texts("st2", default=(name,), expected="a list of StackStorm users"),
        email=fields.text("email", default="", expected="an e-mail address"),
        totp=_totp(fields),
        second_factor=fields.flag("second_factor", default=False),
        identities={
            key: fields.text(key, expected="this person's name there")
            for key in fields.names()
            if key not in _OWN_KEYS
        },
        shared=fields.texts(
            "shared", default=(), expected="a list of keys of this person, such as email"
        ),
    )
    for key in person.identities:
        # Any other key is a name elsewhere: a misspelt "totp" would make one of a secret, and leave
        # it unused.
        near = nearest(key, ("totp", "second_factor", "shared"), most=1)
        if near:
            fields.problem(key, f"there is no such key; did you mean {near[0]}?")
    if person.second_factor and not fields.has("totp"):
        fields.problem(
            "second_factor", "expected a totp beside it; without one they could approve nothing"
        )
    return person


def _chat(fields: Fields) -> Tuple[str, ...]:
    """Names of chats, and identities that a relay vouches for."""
    names = fields.texts("chat", default=(), expected="a list of chat names")
    for number, name in enumerate(names):
        problem = identity_problem(name)
        if problem:
            fields.problem(f"chat[{number}]", f"{problem}; found {found(name)}")
    return names


# A key that is not made of the characters of a line would not be the same for every relay.
_KEY = lazy_pattern(rf"[^\x00-\x1f\x7f]{{{MIN_KEY},}}\Z")


def read_relay_keys(fields: Fields, relays: Sequence[str]) -> Dict[str, str]:
    """The whole of `relay_keys`: the key of each relay that seals who speaks."""
    inner = fields.inside("relay_keys")
    expected = f"a key of {MIN_KEY} characters or more"
    keys = {name: inner.secret(name, pattern=_KEY, expected=expected) for name in inner.names()}
    for name in keys:
        if name not in relays:
            inner.problem(name, "expected one of the StackStorm users under relays")
    return {name: key for name, key in keys.items() if key}


def read_groups(fields: Fields, people: Mapping[str, Person]) -> Dict[str, Tuple[str, ...]]:
    """The whole of `groups`."""
    inner = fields.inside("groups")
    groups: Dict[str, Tuple[str, ...]] = {}
    for name in inner.names():
        if name in people:
            inner.problem(name, "expected a name that no person has")
        members = inner.texts(name, expected="a list of people")
        for member in members:
            if member not in people:
                inner.problem(name, f"expected people of the config, found {found(member)}")
        groups[name] = members
    return groups


def members(names: Tuple[str, ...], groups: Mapping[str, Tuple[str, ...]]) -> List[str]:
    """The people behind names of people and groups, each once."""
    every = [member for name in names for member in groups.get(name, (name,))]
    return list(dict.fromkeys(every))


def _totp(fields: Fields) -> str:
    """A base32 secret, in capitals and without blanks and padding. What was found is never a part
    of the complaint."""
    expected = f"a base32 secret (A to Z and 2 to 7) of {_MIN_SECRET} to {_MAX_SECRET} characters"
    value = fields.secret("totp", "", expected=expected)
    if not value or (fields.problems.references and is_reference(value)):
        # As it stands, two people can still be seen to have one.
        return value
    secret = "".join(value.split()).replace("-", "").rstrip("=").upper()
    # A group of eight characters holds five bytes; these rests hold no whole number of bytes.
    complete = len(secret) % 8 not in (1, 3, 6)
    known = all(letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" for letter in secret)
    if not (known and complete and _MIN_SECRET <= len(secret) <= _MAX_SECRET):
        fields.problem("totp", f"expected {expected}, found another text, which is not shown")
        return ""
    return secret


def read_timezone(fields: Fields, key: str, default: str) -> str:
    """A time zone's name. The default is taken as checked."""
    name = fields.text(key, default=default, expected="a time zone such as Europe/London")
    if name == default or not name:
        return default
    # Not at the top: the time zone database is loaded only where a config needs it.
    from ..times.zones import all_zones, is_zone

    if is_zone(name):
        return name
    near = nearest(name, all_zones(), most=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    fields.problem(key, f"expected a time zone such as Europe/London, found {found(name)}{meant}")
    return default


def read_freezes(fields: Fields, key: str, timezone: str) -> Tuple[Freeze, ...]:
    """The list of freezes under a key. `timezone` is that of those which name none."""
    freezes = [_freeze(inner, timezone) for inner in fields.each_of(key)]
    return tuple(one for one in freezes if one is not None)


def _freeze(fields: Fields, timezone: str) -> Optional[Freeze]:
    freeze = Freeze(
        name=fields.text("name", expected="a name, such as weekend"),
        begins=_point(fields, "from"),
        ends=_point(fields, "to"),
        timezone=read_timezone(fields, "timezone", timezone),
    )
    fields.finish()
    if not (freeze.begins and freeze.ends):
        return None
    for problem in _problems(freeze):
        fields.problem("to", problem)
    return freeze


def _point(fields: Fields, key: str) -> str:
    from ..times.points import read_point

    # Unquoted, YAML makes a date of it, and StackStorm cannot store that.
    expected = 'expected "Fri 16:00", "2026-12-20" or "2026-12-20 18:00", in quotes'
    value = fields.raw(key)
    if not isinstance(value, str) or read_point(value) is None:
        fields.problem(key, f"{expected}, found {found(value)}")
        return ""
    return value.strip()


def _problems(freeze: Freeze) -> List[str]:
    from ..times.points import Dated, Weekly, read_point

    begins, ends = read_point(freeze.begins), read_point(freeze.ends)
    if isinstance(begins, Weekly) and isinstance(ends, Weekly):
        return ["expected another time than that of 'from'"] if begins == ends else []
    if isinstance(begins, Dated) and isinstance(ends, Dated):
        return [] if begins.begins() < ends.ends() else ["expected a time after that of 'from'"]
    return ["expected two weekly times or two dates, not one of each"]


@dataclass(frozen=True)
class Known:
    """What the rest of the config names, for checking what refers to it."""

    people: Mapping[str, Person]
    groups: Mapping[str, Tuple[str, ...]]
    environments: Sequence[str]
    apps: Sequence[str]
    timezone: str


def read_environment(name: str, fields: Fields, known: Known) -> Environment:
    """One entry under `environments`. How its rules fit together is checked by `fitting.check` when
    all is read."""
    rules = _rules(fields, known)
    own: Dict[str, Mapping[str, Any]] = {}
    for app, inner in fields.each("apps"):
        if app not in known.apps:
            inner.problems.add(inner.path, f"expected applications of the config, found '{app}'")
        own[app] = _rules(inner, known)
        inner.finish()
    return Environment(name=name, **rules, own=own)


def read_set(name: str, fields: Fields, apps: Sequence[str]) -> AppSet:
    """One entry under `sets`: applications that are deployed together."""
    expected = "a list of applications of the config"
    found = fields.texts("apps", expected=expected)
    unknown = [one for one in found if one not in apps]
    if unknown:
        fields.problem("apps", f"expected applications of the config, found {listed(unknown)}")
    elif len(set(found)) < max(len(found), 2):
        fields.problem("apps", "expected two applications or more, each of them once")
    if name.casefold() in (one.casefold() for one in apps):
        fields.problems.add(
            fields.path, "expected a name that no application has: people type either"
        )
    return AppSet(name, found, fields.flag("side_by_side", False))


def _rules(fields: Fields, known: Known) -> Dict[str, Any]:
    """The rules that are there, by the names they have in Environment: for an application, only
    those are its own."""
    readers: Dict[str, Callable[[str], Any]] = {
        "identity": lambda key: _identity(fields, key),
        "deployers": lambda key: _people(fields, key, known),
        "rooms": lambda key: fields.texts(key, expected="a list of rooms"),
        "lockers": lambda key: _people(fields, key, known),
        "approvers": lambda key: _people(fields, key, known),
        "emergency": lambda key: _people(fields, key, known),
        "approvals": lambda key: fields.whole_number(key, minimum=0),
        "approval_ttl": lambda key: fields.seconds(key, minimum=60.0),
        "confirm_within": lambda key: _confirm_within(fields, key),
        "second_factor": fields.flag,
        "after": lambda key: _after(fields, key, known),
        "freezes": lambda key: read_freezes(fields, key, known.timezone),
        "lock_after_rollback": fields.flag,
        "move_cards": lambda key: fields.text(key, expected="the name of a column or state"),
        "ready_column": lambda key: fields.text(key, expected="the name of a column or state"),
        "page_on_failure": lambda key: fields.text(
            key, expected="the name of a team, or app for the application's"
        ),
    }
    rules = {key: read(key) for key, read in readers.items() if fields.holds(key)}
    for key in readers:
        # Without its key there is no rule; those were not read.
        fields.raw(key)
    return rules


def _identity(fields: Fields, key: str) -> Identity:
    value = fields.text(key, choices=[one.value for one in Identity])
    # What cannot be read closes.
    return Identity(value) if value else Identity.VOUCHED


def _people(fields: Fields, key: str, known: Known) -> Tuple[str, ...]:
    names = fields.texts(key, expected="a list of people and groups")
    for one in names:
        if one not in known.people and one not in known.groups:
            fields.problem(key, f"expected people and groups of the config, found {found(one)}")
    return names


def _confirm_within(fields: Fields, key: str) -> float:
    seconds = fields.seconds(key)
    if 0 < seconds < 10:
        fields.problem(key, f"expected 10s or more, or 0s for no confirmation, found {seconds:g}s")
    return seconds


def _after(fields: Fields, key: str, known: Known) -> str:
    value = fields.raw(key)
    if isinstance(value, str) and not value.strip():
        # How an application is taken out of its environment's order.
        return ""
    return fields.text(key, choices=list(known.environments))


# An action of StackStorm: pack and name.
_ACTION = lazy_pattern(r"^[A-Za-z0-9_-]{1,64}\.[A-Za-z0-9_.-]{1,128}$")


def read_incidents(fields: Fields) -> Incidents:
    """The whole of `incidents`."""
    inner = fields.inside("incidents")
    found = Incidents(
        project=inner.text("project", "", expected="a tracker, a project, or TRACKER:PROJECT"),
        closed=inner.text("closed", "", expected="the name of a column or state"),
        room=inner.text("room", "", expected="the name of a room"),
    )
    inner.finish()
    return found


# A path of the machine that the page is made on.
_FOLDER = lazy_pattern(r"^/[^\x00-\x1f]*$")
# It is made every minute: less would call a page stale that is as new as it can be.
_MIN_STALE = 120.0


def read_board(fields: Fields, environments: Sequence[str]) -> BoardSettings:
    """The whole of `board`; `environments` are those of the config."""
    inner = fields.inside("board")
    if not inner.names():
        # StackStorm puts an empty section where there is none.
        return BoardSettings()
    shown: Optional[Tuple[str, ...]] = None
    if inner.holds("environments"):
        shown = inner.texts("environments", expected="a list of environments")
        for one in shown:
            if one not in environments:
                inner.problem(
                    "environments", f"expected environments of the config, found {found(one)}"
                )
    inner.raw("environments")
    known = BoardSettings(
        folder=inner.text("folder", pattern=_FOLDER, expected="the full path of a folder"),
        environments=shown,
        people=inner.flag("people", BoardSettings.people),
        ask=inner.flag("ask", BoardSettings.ask),
        ask_within=inner.seconds("ask_within", BoardSettings.ask_within, minimum=1.0, maximum=60.0),
        stale_after=inner.seconds("stale_after", BoardSettings.stale_after, minimum=_MIN_STALE),
    )
    inner.finish()
    return known


def read_metrics(fields: Fields) -> MetricsSettings:
    """The whole of `metrics`."""
    inner = fields.inside("metrics")
    if not inner.names():
        # StackStorm puts an empty section where there is none.
        return MetricsSettings()
    folder = inner.text("folder", pattern=_FOLDER, expected="the full path of a folder")
    inner.finish()
    return MetricsSettings(folder)


# Figures are compared over a year, and "7d" is a slip of the pen.
_MIN_KEEP, _MAX_KEEP = 12, 100 * 12
_KEEP = lazy_pattern(r"^([0-9]{1,4}) ?(?:(y|years?)|mo|months?)$")


def read_ledger(fields: Fields) -> LedgerSettings:
    """The whole of `ledger`."""
    inner = fields.inside("ledger")
    if not inner.names():
        return LedgerSettings()
    expected = "a number of years or months, from 1y to 100y, such as 7y or 84mo"
    text = inner.text("keep", pattern=_KEEP, expected=expected)
    length = _KEEP.match(text)
    keep = int(length[1]) * (12 if length[2] else 1) if length else _MIN_KEEP
    if not _MIN_KEEP <= keep <= _MAX_KEEP:
        inner.problem("keep", f"expected {expected}, found {found(text)}")
    inner.finish()
    return LedgerSettings(keep)


def read_check(fields: Fields) -> str:
    """`check` of an application: the action that a release runs after each deployment."""
    return fields.text(
        "check", "", pattern=_ACTION, expected="an action of StackStorm, such as acme.smoke_test"
    )


# More often is more than vendors like, and than a poll is good for.
_MIN_INTERVAL = 5.0


def read_watching(fields: Fields) -> Watching:
    """The key `watching`: `versions`, `cards` and `pages` (0 is never), and `misses`."""
    inner = fields.inside("watching")
    found = Watching(
        versions=_interval(inner, "versions", Watching.versions),
        cards=_interval(inner, "cards", Watching.cards),
        pages=_interval(inner, "pages", Watching.pages),
        misses=inner.whole_number("misses", default=Watching.misses, minimum=1, maximum=100),
    )
    inner.finish()
    return found


def _interval(fields: Fields, key: str, default: float) -> float:
    seconds = fields.seconds(key, default=default)
    if 0 < seconds < _MIN_INTERVAL:
        fields.problem(
            key, f"expected {_MIN_INTERVAL:g}s or more, or 0s for never; found {seconds:g}s"
        )
    return seconds
