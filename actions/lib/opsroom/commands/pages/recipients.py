"""Who is meant by a name: a team, a person, or a name that a pager itself knows. Never pages, never
guesses."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import Callable, Dict, List, Optional, Sequence, Tuple, TypeVar

from ...config.model import App, Team
from ...deadline import together, within
from ...errors import Code, Failure, OpsroomError, Refusal
from ...names import available_text, comparable, either, listed, nearest, shown
from ...pagers import Pager, Target
from ...people import Person
from ...text import one_line
from .. import Context
from ..attribution import identity_of
from . import (
    TOGETHER,
    UNPAGED,
    Recipient,
    Route,
    build,
    limit_of,
    look_up,
    look_up_first,
    names,
    split,
)

Answer = TypeVar("Answer")

# What pagers call their things, as people may put it before a name: "service Web", "escalation
# policy Web".
_KINDS = ("service", "escalation policy", "schedule", "user", "team", "routing key", "address")


def find_recipient(context: Context, text: str, after: str = UNPAGED) -> Recipient:
    """Who is meant, in this order: `PAGER:NAME`; an application or team of the config; a person of
    it; what the pagers call so, names that equal it before names that contain it.

    `after` ends the sentence of a refusal; empty where nobody was to be paged.

    Raises Refusal(no_pager, unknown_pager, unknown_who, which_who), and Failure when no pager could
    be asked.
    """
    pager, name = split(context, text.rstrip().rstrip("?"))
    if not name:
        raise Refusal(Code.UNKNOWN_WHO, "There is nobody to page without a name.", _known(context))
    if pager:
        return _in_one(context, pager, name, after)
    found = _configured(context, name) or _person(context, name, after)
    if found is None and comparable(name) in (comparable(one) for one in names(context)):
        # Half of `PAGER:NAME`; asking the pagers for something of that name could only find what
        # was not meant.
        raise Refusal(
            Code.UNKNOWN_WHO, f"{name} is a pager, and nobody to page.", f"Say whom: {name}:NAME"
        )
    return found or _in_all(context, name, after)


def target_in(context: Context, route: Route, after: str = UNPAGED) -> Target:
    """Whom to page in the pager of a route: what the config says, else what has exactly that name
    there, else where the pager sends what is for nobody in particular. Raises Refusal(unknown_who,
    which_who) and Failure."""
    if route.target is not None:
        return route.target
    same = [one for one in look_up(context, route.pager, route.name) if _equals(one, route.name)]
    if len(same) > 1:
        raise _which(route.name, [(route.pager, one) for one in same], after)
    found = same[0] if same else build(context, route.pager).default_target()
    if found is None:
        raise Refusal(
            Code.UNKNOWN_WHO,
            f"{route.pager} knows no {shown(route.name)}.",
            f"An administrator can say who that is under teams.{route.name}.{route.pager}.",
        )
    return found


def ask_about(
    context: Context,
    route: Route,
    ask: Callable[[Pager, Target], Answer],
    limit: Optional[float] = None,
    given_up: Optional[threading.Event] = None,
    after: str = UNPAGED,
) -> Answer:
    """What `ask` returns for the recipient of a route, asked of its pager.

    `limit`: seconds for that, with the look-up of a name; by default what the command has left
    there. `given_up` as for `deadline.within`, `after` as for `find_recipient`. Raises what
    `target_in` and `ask` raise, and Failure(timed_out).
    """
    seconds = limit_of(context, route.pager) if limit is None else limit
    ends = time.monotonic() + seconds

    def both() -> Answer:
        target = target_in(context, route, after)
        return ask(build(context, route.pager, ends - time.monotonic()), target)

    return within(seconds, route.pager, both, given_up)


def responder_in(context: Context, name: str, pager: str) -> Target:
    """Someone to be called to a page of one pager. Raises Refusal(unknown_who, which_who,
    unknown_person)."""
    named, rest = split(context, name)
    if named and named != pager:
        message = f"That page is in {pager}, and {shown(rest)} is in {named}."
        raise Refusal(Code.UNKNOWN_WHO, message, f"Name someone in {pager}.")
    recipient = _in_one(context, pager, rest)
    return target_in(context, recipient.routes[0])


def teams(context: Context) -> Tuple[Team, ...]:
    """The teams of the config, then those that only applications name."""
    known: Dict[str, Team] = {
        comparable(name): team for name, team in context.settings.teams.items()
    }
    for app in context.settings.apps.values():
        if app.page:
            known.setdefault(comparable(app.page), Team(app.page))
    return tuple(known.values())


def recipient_of(context: Context, team: Team) -> Recipient:
    """A team and the pagers to try for it. Without a word on which in the config, all of them, in
    its order."""
    chain = team.page or names(context)
    routes = tuple(Route(pager, team.name, team.targets.get(pager)) for pager in chain)
    return Recipient(team.name, "team", routes, team=team, phone=team.phone)


def _configured(context: Context, name: str) -> Optional[Recipient]:
    apps = [
        one
        for one in context.settings.apps.values()
        if one.page and comparable(one.name) == comparable(name)
    ]
    app: Optional[App] = apps[0] if apps else None
    every = {comparable(team.name): team for team in teams(context)}
    team = every.get(comparable(name))
    if app is not None and team is not None and comparable(app.page) != comparable(team.name):
        raise Refusal(
            Code.WHICH_WHO,
            f"{app.name} is an application, for which {app.page} is paged, and {team.name} is "
            "a team.",
            f"For the application say: page {app.page}: ... For the team, an administrator has "
            "to give one of the two "
            "another name.",
        )
    found = team if app is None else every[comparable(app.page)]
    return None if found is None else recipient_of(context, found)


def _person(context: Context, name: str, after: str) -> Optional[Recipient]:
    person = _find_person(context, name, after)
    if person is None:
        return None
    routes = [
        route
        for route in (_reach(context, pager, person) for pager in names(context))
        if route is not None
    ]
    if not routes:
        raise Refusal(
            Code.UNKNOWN_WHO,
            f"No pager can reach {person.name}{after}.",
            "An administrator can add their name in a pager, or email, under "
            f"people.{person.name}.",
        )
    return Recipient(person.name, "person", tuple(routes), person=person.name)


def _find_person(context: Context, name: str, after: str) -> Optional[Person]:
    if name.casefold() == "me":
        if context.speaker.person is None:
            # Pagers would be asked for names that contain it, and have them.
            by = one_line(context.speaker.shown, 60)
            message = (
                f"The config does not know who {by} is, so that nobody can be called as "
                f"'me'{after}."
            )
            raise Refusal(
                Code.UNKNOWN_WHO, message, "Say a name; an administrator can add you under people."
            )
        return context.speaker.person
    found = [
        one for one in context.settings.people.values() if comparable(one.name) == comparable(name)
    ]
    return found[0] if found else None


def _reach(context: Context, pager: str, person: Person) -> Optional[Route]:
    known = identity_of(person, pager, context.settings.pagers[pager].kind)
    target = build(context, pager).person(known, person.email, person.name)
    return None if target is None else Route(pager, person.name, target)


def _in_one(context: Context, pager: str, name: str, after: str = UNPAGED) -> Recipient:
    """Someone in one pager, as the config maps them there or as the pager itself calls them."""
    team = next((one for one in teams(context) if comparable(one.name) == comparable(name)), None)
    if team is not None and pager in team.targets:
        return Recipient(
            team.name,
            "team",
            (Route(pager, team.name, team.targets[pager]),),
            team=team,
            phone=team.phone,
        )
    person = _find_person(context, name, after)
    route = _reach(context, pager, person) if person is not None else None
    if person is not None and route is not None:
        return Recipient(person.name, "person", (route,), person=person.name)
    found = [(pager, one) for one in _targets_named(context, pager, name)]
    if person is not None:
        # Someone of the config; a name in the pager that only contains theirs is someone else's.
        found = [one for one in found if _equals(one[1], name)]
    if not found:
        raise Refusal(
            Code.UNKNOWN_WHO,
            f"{pager} knows nobody and nothing called {shown(name)}.",
            _known(context),
        )
    return _only(name, found, after=after)


def _targets_named(context: Context, pager: str, name: str) -> List[Target]:
    """What a pager calls so, "service Web" being the service Web; what contains a name only where
    nothing equals it."""
    found = look_up_first(context, pager, name)
    same = [one for one in found if _equals(one, name)]
    kind, rest = _kind_and_name(name)
    if same or not kind:
        return same or list(found)
    of_kind = [one for one in look_up_first(context, pager, rest) if one.kind == kind]
    same = [one for one in of_kind if _equals(one, rest)]
    return same or list(dict.fromkeys([*of_kind, *found]))


def _in_all(context: Context, name: str, after: str) -> Recipient:
    """What the pagers themselves call so."""
    known = names(context)
    answers = together(
        {pager: partial(look_up_first, context, pager, name) for pager in known}, TOGETHER
    )
    found: List[Tuple[str, Target]] = []
    failed: List[Tuple[str, OpsroomError]] = []
    for pager in known:
        answer = answers[pager]
        if isinstance(answer, OpsroomError):
            failed.append((pager, answer))
        else:
            found += [(pager, target) for target in answer]
    best = _best(found, name)
    notes = tuple(
        f"{pager} could not be asked for the name: {one_line(error.message, 80)}"
        for pager, error in failed
    )
    if best and failed and len(best) == 1 and not _equals(best[0][1], name):
        raise _uncertain(name, best[0], failed[0][0], after)
    if best:
        return _only(name, best, notes, after)
    if failed:
        pager, error = failed[0]
        message = (
            f"The config names no {shown(name)}, and {pager} could not be asked: "
            f"{one_line(error.message, 160)}"
        )
        raise Failure(error.code, message, _known(context), error.facts)
    near = nearest(name, _all_names(context))
    hint = f"Did you mean {either(near)}?" if near else _known(context)
    app = next(
        (one for one in context.settings.apps.values() if comparable(one.name) == comparable(name)),
        None,
    )
    if app is not None:
        hint = (
            "It is an application; an administrator can say who is paged for it under "
            f"apps.{app.name}.page."
        )
    raise Refusal(
        Code.UNKNOWN_WHO,
        f"There is nobody to page called {shown(name)}{after}.",
        hint,
        {"nearest": near},
    )


def _best(found: Sequence[Tuple[str, Target]], name: str) -> List[Tuple[str, Target]]:
    """Those that equal the name, else all: what contains it counts only where nothing equals it, at
    any pager."""
    return [one for one in found if _equals(one[1], name)] or list(found)


def _equals(target: Target, name: str) -> bool:
    return comparable(name) in (comparable(target.name), comparable(target.id))


def _only(
    name: str,
    found: Sequence[Tuple[str, Target]],
    notes: Tuple[str, ...] = (),
    after: str = UNPAGED,
) -> Recipient:
    if len(found) > 1:
        raise _which(name, found, after)
    pager, target = found[0]
    return Recipient(target.shown, target.kind, (Route(pager, target.shown, target),), notes=notes)


def _which(name: str, found: Sequence[Tuple[str, Target]], after: str = UNPAGED) -> Refusal:
    """Each that could be meant with its kind, and how to say which."""
    candidates = listed(
        (f"{_words(one.kind)} {one_line(one.shown, 50)} in {pager}" for pager, one in found), 4
    )
    offers = either(
        f"{pager}:{_words(one.kind)} {one_line(one.shown, 50)}" for pager, one in found[:2]
    )
    message = f"{shown(name)} could be {candidates}{after}."
    facts = {
        "candidates": [
            {"pager": pager, "kind": one.kind, "name": one.shown} for pager, one in found
        ]
    }
    return Refusal(
        Code.WHICH_WHO, message, f"Say which instead of the name alone, such as {offers}", facts
    )


def _uncertain(name: str, found: Tuple[str, Target], silent: str, after: str) -> Refusal:
    """One thing whose name contains what was said, while a pager that could have another did not
    answer."""
    pager, one = found
    what = f"{_words(one.kind)} {one_line(one.shown, 50)}"
    message = (
        f"{shown(name)} is perhaps {what} in {pager}; {silent} could not be asked whether "
        f"it has another{after}."
    )
    facts = {"candidates": [{"pager": pager, "kind": one.kind, "name": one.shown}]}
    return Refusal(
        Code.WHICH_WHO,
        message,
        f"If that is meant, say instead of the name alone: {pager}:{what}",
        facts,
    )


def _kind_and_name(text: str) -> Tuple[str, str]:
    """ "service Web" as ("service", "Web"); ("", text) when it begins with no kind."""
    for kind in _KINDS:
        if text.casefold().startswith(kind + " "):
            return kind.replace(" ", "_"), text[len(kind) :].strip()
    return "", text


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _all_names(context: Context) -> List[str]:
    apps = [app.name for app in context.settings.apps.values() if app.page]
    return list(
        dict.fromkeys([*apps, *(team.name for team in teams(context)), *context.settings.people])
    )


def _known(context: Context) -> str:
    known = _all_names(context)
    return (
        available_text(known)
        if known
        else "An administrator can name teams under teams in opsroom.yaml."
    )
