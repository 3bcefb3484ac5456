"""A promotion when a card is moved into the column that asks for it: the version of the previous
environment is deployed."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import List, Tuple

from ...config.model import App, Environment, Settings
from ...config.trackers import projects
from ...errors import Code, Refusal
from ...names import comparable, either, listed
from ...records.idempotency import first_time_or_ours
from ...records.model import Event
from ...records.queries import newest
from ...text import one_line
from .. import Context, Outcome
from ..announce import post_once
from ..deployments.commands import promote

# A card that a deployment of ours moved asks for nothing; that it was moved is heard of within
# this.
_OURS = timedelta(hours=1)


def promote_card(context: Context, tracker: str, card: str, to: str, event: str) -> Outcome:
    """Promote the application whose cards are in that project, in the name of the rule's user; once
    for each `event`.

    The rules for `promote` apply. A database that is away is waited for. Raises what `promote`
    raises; what is in the way is posted in the announce room.
    """
    environments = [
        one for one in context.settings.environments.values() if _asks(context.settings, one, to)
    ]
    apps = apps_of_card(context.settings, tracker, card) if environments else []
    places = [(app, one.for_app(app.name)) for one in environments for app in apps]
    fitting = [
        (app, one) for app, one in places if _is_ready(one, to) and one.name in _homes(context, app)
    ]
    idle = "This asks for no promotion."
    if fitting:
        idle = context.patiently(lambda: _why_idle(context, tracker, card, to, event))
    if idle:
        return Outcome(True, Code.NOTHING_NEW, idle, {"card": card})
    what = f"{one_line(card, 60)} was moved to {one_line(to, 60)}"
    try:
        app, environment = _only(fitting, card)
        outcome = promote(
            context, app.name, environment.after, environment.name, f"{tracker}:{card}"
        )
    except Refusal as refusal:
        post_once(
            context, f"card:{event}", f"{what}, but nothing was deployed: {refusal.sentence()}"
        )
        raise
    if outcome.code in (Code.WAITING, Code.CONFIRM):
        post_once(context, f"card:{event}", f"{what}. {outcome.message}")
    return outcome


def _why_idle(context: Context, tracker: str, card: str, to: str, event: str) -> str:
    """Why nothing is done about a card that was moved; empty where it is this run's to do."""
    if _moved_by_us(context, tracker, card, to):
        return "This asks for no promotion."
    store = context.store
    with store.write() as connection:
        if first_time_or_ours(store, connection, "promote_card", event, context.execution_id):
            return ""
    return "This was acted upon before."


def apps_of_card(settings: Settings, tracker: str, card: str) -> List[App]:
    """The applications whose cards live in the project of this card; where none names it, those
    that name its tracker, and with a single tracker those that name nothing."""
    exact: List[App] = []
    wide: List[App] = []
    for app in settings.apps.values():
        if not app.cards:
            if len(settings.trackers) == 1:
                wide.append(app)
            continue
        for place in projects(settings.trackers, {}, app.cards):
            if place.tracker == tracker:
                if not place.id:
                    wide.append(app)
                elif place.id.casefold() == _project(card).casefold():
                    exact.append(app)
    return exact or wide


def _project(card: str) -> str:
    """OPS of OPS-12, acme/web of acme/web#17."""
    return re.sub(r"[-#][0-9]+$", "", card)


def _asks(settings: Settings, environment: Environment, to: str) -> bool:
    return any(
        _is_ready(one, to)
        for one in (environment, *(environment.for_app(app) for app in settings.apps))
    )


def _is_ready(environment: Environment, to: str) -> bool:
    return bool(environment.ready_column) and comparable(environment.ready_column) == comparable(to)


def _homes(context: Context, app: App) -> List[str]:
    return list(context.settings.environments_of(app))


def _moved_by_us(context: Context, tracker: str, card: str, to: str) -> bool:
    """Whether it was the end of a deployment that put it there, and nobody."""
    store = context.store
    with store.read() as connection:
        since = store.now(connection) - _OURS
        moves = newest(connection, Event.CARD_MOVED, since)
    mine = next(
        (
            one
            for one in moves
            if (one.facts.get("tracker"), one.facts.get("card")) == (tracker, card)
        ),
        None,
    )
    if mine is None or not mine.facts.get("of_deployment"):
        return False
    return comparable(str(mine.facts.get("after", ""))) == comparable(to)


def _only(fitting: List[Tuple[App, Environment]], card: str) -> Tuple[App, Environment]:
    if len(fitting) > 1:
        ways = [f"{app.name} on {environment.name}" for app, environment in fitting]
        raise Refusal(
            Code.NOT_POSSIBLE,
            f"{one_line(card, 60)} may be about {listed(ways)}.",
            f"Say in chat which: promote {either(app.name for app, _ in fitting[:2])} from ...",
        )
    return fitting[0]
