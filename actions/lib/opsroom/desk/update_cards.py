"""Cards of a version that was not deployed through opsroom: they are told, and moved, as after a deployment."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Tuple

from ..errors import Code
from ..names import check_version
from ..people import Speaker
from ..settings.model import App, Environment
from . import Desk
from .carrying_out import Order
from .deployment_cards import Brought, brought
from .outcome import Outcome
from .places import deployer_for, find_place
from .record import Request
from .telling_cards import tell_cards

# Who it was, nobody knows.
_SOMEBODY = "Somebody"


def update_cards(desk: Desk, app_name: str, environment_name: str, version: str, before: str, event: str) -> Outcome:
    """Comment on the cards that the commits between two versions speak of, and move them where `move_cards` says.

    Once an `event`. Deployments made through opsroom have done it themselves. Raises Refusal for names that are not
    known and versions that the repository does not have.
    """
    from ..seen import first_time

    app, environment = find_place(desk.settings, app_name, environment_name)
    nothing = Outcome(True, Code.NOTHING_NEW, "There are no cards to tell.", {"cards": []})
    if not desk.settings.trackers or not version.strip() or not before.strip():
        return nothing
    request, order, found = _as_if_deployed(desk, app, environment, check_version(version), before, event)
    if not found.delivered and not found.taken_back:
        return nothing
    store = desk.store
    with store.write() as connection:
        if not first_time(store, connection, "update_cards", event):
            return nothing
    outcome = tell_cards(request, order, Outcome(True, Code.DEPLOYED, ""))
    return replace(outcome, code=Code.NOTED, message=outcome.message.strip() or "No card was told.")


def _as_if_deployed(
    desk: Desk, app: App, environment: Environment, version: str, before: str, event: str
) -> Tuple[Request, Order, Brought]:
    """The deployment that someone made elsewhere, as far as its cards are concerned."""
    did = f"put {app.name} {{version}} on {environment.name} without opsroom"
    order = Order(app, environment, version, did, did)
    somebody = Speaker(_SOMEBODY, None, "", desk.speaker.st2_user, "", through_relay=False)
    # The same for the same event, so that a comment is not made twice.
    deployment = hashlib.sha256(event.encode("utf-8", "replace")).hexdigest()[:16]
    request = Request(
        desk, "update cards", app.name, environment.name, version, before, speaker=somebody, deployment=deployment
    )
    resolved = deployer_for(app, environment).resolve(version)
    found = brought(desk, order, resolved, check_version(before))
    request.noted.update(cards=list(found.delivered), cards_taken_back=list(found.taken_back))
    return request, order, found
