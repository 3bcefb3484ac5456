"""Examinations of what opsroom speaks to: trackers, pagers, version sources and what deploys. Each
is asked something that changes nothing and alerts nobody."""

from __future__ import annotations

import os
from functools import partial
from typing import Callable, Dict, Iterator, List, Tuple

from ...db.url import read_address
from ...deadline import within
from ...deploys import Advisor
from ...errors import Code, OpsroomError, Refusal
from ...names import listed
from ...pagers import OnCall, Pager, Target
from ...text import one_line
from ...trackers import Query
from .. import Context
from ..cards import limits_of, tracker_named
from ..live_version import ask
from ..pages import Route, build, limit_of
from ..pages.recipients import ask_about, recipient_of, teams
from ..resolve import DeploymentTarget
from .findings import Finding, State, of_error

Examination = Callable[[], Iterator[Finding]]
# No card has it in its text.
_NO_CARD = "opsroom-doctor-finds-no-card"
_NO_VERSION = "opsroom-doctor-finds-no-version"
_TRY_IT = "Page a team of your own to try it."


def of_services(context: Context) -> Dict[str, Examination]:
    """An examination for each tracker, pager and place of an application, by its part."""
    found: Dict[str, Examination] = {}
    for name in context.settings.trackers:
        found[f"tracker {name}"] = partial(_tracker, context, name)
    for name, routes in _routes(context).items():
        found[f"pager {name}"] = partial(_pager, context, name, routes)
    for app in context.settings.apps.values():
        for name in context.settings.environments_of(app):
            target = DeploymentTarget(app, context.settings.environments[name].for_app(app.name))
            found[str(target)] = partial(_place, target)
    return found


def _not_made(context: Context, part: str, kind: str) -> Iterator[Finding]:
    """Of what is kept in the database: that it cannot be asked where nothing may make that now."""
    address = read_address(context.database)
    if kind == "local" and address.read_only and not os.path.exists(address.path):
        text = "it is kept in the database, which the first command makes."
        yield Finding(part, State.UNKNOWN, text)


def _tracker(context: Context, name: str) -> Iterator[Finding]:
    not_made = list(_not_made(context, f"tracker {name}", context.settings.trackers[name].kind))
    if not_made:
        yield from not_made
        return
    tracker = tracker_named(context, name)
    seconds = limits_of(context, name).command
    within(seconds, name, lambda: tracker.find(Query(_NO_CARD, limit=1)))
    yield Finding(f"tracker {name}", State.FINE, "it answers, and its key may read cards.")


def _routes(context: Context) -> Dict[str, List[Route]]:
    """Whom each pager is asked for: those of the config's teams."""
    found: Dict[str, List[Route]] = {name: [] for name in context.settings.pagers}
    for team in teams(context) if found else ():
        for route in recipient_of(context, team).routes:
            found[route.pager].append(route)
    return found


def _pager(context: Context, name: str, routes: List[Route]) -> Iterator[Finding]:
    part = f"pager {name}"
    not_made = list(_not_made(context, part, context.settings.pagers[name].kind))
    if not_made:
        yield from not_made
        return
    # Reading pages and reading who is on call may take a key each.
    pages, schedules = _pages(context, part, name), _schedules(context, part, routes)
    answers = (pages, schedules) if pages != schedules else (pages,)
    troubles = [one for one in answers if one.state in (State.WRONG, State.DOUBTFUL)]
    if troubles:
        yield from troubles
    else:
        yield pages if routes and schedules.state is State.UNKNOWN else schedules
    untried = build(context, name).untried
    if untried:
        text = f"its {untried} cannot be tried without paging someone."
        yield Finding(part, State.UNKNOWN, text, _TRY_IT)


def _pages(context: Context, part: str, name: str) -> Finding:
    """Whether a pager shows its open pages."""
    seconds = limit_of(context, name)
    try:
        within(seconds, name, lambda: build(context, name, seconds).incidents(limit=1))
    except OpsroomError as error:
        return _cannot_ask(part) if error.code is Code.NOT_POSSIBLE else of_error(part, error)
    return Finding(part, State.FINE, "it answers, and its key may read pages.")


def _schedules(context: Context, part: str, routes: List[Route]) -> Finding:
    """Whether someone is on call for each team, as far as the pager shows that."""
    empty: List[str] = []
    asked = 0
    for route in routes:
        try:
            on_call = ask_about(context, route, _on_call, after="")
        except OpsroomError as error:
            if error.code is Code.NOT_POSSIBLE:
                continue
            return of_error(part, error)
        asked += 1
        if not on_call:
            empty.append(route.name)
    if empty:
        text = f"nobody is on call for {listed(empty, most=4)}."
        return Finding(part, State.DOUBTFUL, text, "Look at its schedules.")
    if asked:
        of = "1 team" if asked == 1 else f"{asked} teams"
        return Finding(part, State.FINE, f"it answers; someone is on call for {of}.")
    if routes:
        return _cannot_ask(part)
    return Finding(part, State.UNKNOWN, "no team of the config is paged through it.")


def _cannot_ask(part: str) -> Finding:
    text = "it can be asked nothing without paging someone."
    return Finding(part, State.UNKNOWN, text, _TRY_IT)


def _on_call(pager: Pager, target: Target) -> Tuple[OnCall, ...]:
    return pager.on_call(target)


def _place(target: DeploymentTarget) -> Iterator[Finding]:
    part = str(target)
    running = ""
    if target.app.version is not None:
        answer = ask(target)
        running = answer.version
        text = f"runs {one_line(running, 60)}" if running else "nothing is deployed"
    else:
        text = "the config does not say how to read its version"
    if target.app.deploy is None:
        yield Finding(part, State.UNKNOWN, f"{text}; nor how it is deployed.")
        return
    try:
        yield _deploys(target, part, text, running)
    except Refusal as refusal:
        if refusal.code is not Code.UNKNOWN_VERSION:
            raise
        yield Finding(
            part,
            State.DOUBTFUL,
            f"{text}, which its deploy kind does not know: it cannot be deployed again.",
            one_line(refusal.hint, 200),
        )
    except OpsroomError as error:
        found = of_error(part, error)
        yield Finding(part, found.state, f"{text}, but: {found.text}", found.cure)


def _deploys(target: DeploymentTarget, part: str, text: str, running: str) -> Finding:
    """How a place is that answered with `text`, as far as its deploy kind says without deploying.

    Raises what `resolve` and `warnings` of the kind raise.
    """
    deployer = target.deployer
    looks_up = False
    # What is kept here of a version that was deployed would be found without asking anyone.
    try:
        deployer.resolve(_NO_VERSION)
    except Refusal:
        looks_up = True
    resolved = deployer.resolve(running) if running else None
    if resolved is not None and isinstance(deployer, Advisor):
        # With the key that deploys, which may be another than the one that reads the version.
        warnings = deployer.warnings(resolved)
        if warnings:
            return Finding(part, State.DOUBTFUL, one_line(f"{text}; {' '.join(warnings)}", 300))
        return Finding(part, State.FINE, f"{text}, and nothing is in the way of another version.")
    if not looks_up:
        text = f"{text}; its deploy kind takes any version, and is asked nothing before."
    elif resolved is None:
        text = f"{text}; its deploy kind answers."
    else:
        text = f"{text}, and its deploy kind knows that version."
    state = State.FINE if running or target.app.version is not None else State.UNKNOWN
    return Finding(part, state, text)
