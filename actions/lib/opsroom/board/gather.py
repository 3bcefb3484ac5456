"""What the board shows, from the record and, where the config wants it, from the places themselves.
Changes nothing.

It is what people can ask in the room: versions, history, show locks, show changes, show incidents,
show pages. `environments` of the config narrows it.
"""

from __future__ import annotations

from functools import partial
from typing import Dict, Sequence

from ..commands import Context
from ..commands.live_version import Answer, ask, ask_many
from ..commands.resolve import DeploymentTarget
from ..config.model import BoardSettings, Environment
from ..db.sql import Transaction
from ..records import changes, claims, incidents, locks, pages
from ..records.chain.archives import newest_archive
from ..records.change import State
from ..records.ledger import Record
from ..records.model import Event
from ..records.queries import deployments, drifts, last_of_each
from .compose import Found, Key, compose, key_of
from .model import Board

# So many deployments make the timeline.
PAST = 30
# What happened without opsroom is looked for so far back.
_MAX_DRIFTS = 1000


def gather(context: Context) -> Board:
    """The board as `board` of the config wants it. Raises Failure(store_...) when the record cannot
    be read; a place that does not answer is shown as such."""
    settings, wanted = context.settings, context.settings.board
    shown = [
        one
        for one in settings.environments.values()
        if wanted.environments is None or one.name in wanted.environments
    ]
    names = {one.name for one in shown}
    targets = [
        DeploymentTarget(app, settings.environments[name].for_app(app.name))
        for app in settings.apps.values()
        for name in settings.environments_of(app)
        if name in names
    ]
    store = context.store
    with store.read() as connection:
        began = store.now(connection)
    answers = _answers(wanted, targets)
    with store.read() as connection:
        found = _read(context, connection, targets, shown)
    return compose(settings, context.mask, shown, found, began, targets, answers)


def _answers(wanted: BoardSettings, targets: Sequence[DeploymentTarget]) -> Dict[Key, Answer]:
    """What each place says it runs; nothing where nobody is to be asked."""
    if not wanted.ask:
        return {}
    askable = {key_of(one): partial(ask, one) for one in targets if one.app.version is not None}
    return ask_many(askable, wanted.ask_within)


def _read(
    context: Context,
    connection: Transaction,
    targets: Sequence[DeploymentTarget],
    shown: Sequence[Environment],
) -> Found:
    store, places = context.store, [key_of(one) for one in targets]
    now = store.now(connection)
    drifted: Dict[Key, Record] = {}
    for one in drifts(connection, limit=_MAX_DRIFTS):
        drifted.setdefault((one.app, one.environment), one)
    whole = len(shown) == len(context.settings.environments)
    scopes = [""] if whole else [one.name for one in shown]
    past = [
        record
        for scope in scopes
        for record in (
            *deployments(connection, environment=scope, limit=PAST),
            *drifts(connection, environment=scope, limit=PAST),
        )
    ]
    archive = newest_archive(connection) if len(past) < PAST else None
    return Found(
        now=now,
        ended=last_of_each(connection, places),
        succeeded=last_of_each(connection, places, Event.SUCCEEDED),
        drifted=drifted,
        claims=claims.current(store, connection),
        locks=locks.current(store, connection),
        changes=[
            (one, changes.approvals_of(connection, one.id))
            for one in changes.open_changes(connection)
            if one.state is not State.DEPLOYING and not one.expired(now)
        ],
        incidents=incidents.open_incidents(connection),
        pages=pages.open_pages(store, connection),
        past=sorted(past, key=lambda one: one.seq, reverse=True)[:PAST],
        archived=f"{archive.text}." if archive is not None else "",
    )
