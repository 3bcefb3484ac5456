"""Splunk On-Call's REST endpoint: alerts for routing keys, which become incidents a moment
later."""

from __future__ import annotations

from typing import Optional, Tuple

from ...errors import OpsroomError
from ...http import vendor
from ...people import Author
from .. import Delivery, Incident, OnCall, Page, Paged, State
from .client import AlertClient, Api
from .incidents import Incidents, like
from .mapping import alert_of

# An alert becomes an incident within a second as a rule; the list may be asked for 60 times a
# minute.
_FIRST_PAUSE = 0.5
_MAX_PAUSE = 2.0
_TOOL = "opsroom"


class Endpoint:
    """Takes alerts and reports no more. Their outcome is known to the API, where the config has
    keys of it."""

    def __init__(self, api: Api, alerts: AlertClient, incidents: Incidents) -> None:
        self._api = api
        self._alerts = alerts
        self._incidents = incidents

    def page(self, page: Page) -> Paged:
        """Send an alert with the mark as its entity id, so that the same page is the same
        incident."""
        title, text, notes = alert_of(page)
        content = {
            # WARNING pages nobody unless the organisation has set it so; only CRITICAL always does.
            "message_type": "CRITICAL",
            "entity_id": page.mark,
            "entity_display_name": title,
            "state_message": text,
            "monitoring_tool": _TOOL,
        }
        self._alerts.alert(page.target.id, content)
        if not self._api.is_configured:
            key = self._api.key
            note = (
                "Splunk On-Call's REST endpoint took it; its outcome cannot be read "
                f"without {key}.api_id and {key}.api_key."
            )
        else:
            found, note = self._follow(page.mark)
            if found is not None:
                on_call = tuple(OnCall(user, through=found.target) for user in found.people)
                return Paged(like(found, page), Delivery.ACCEPTED, on_call, notes)
        unknown = Incident(page.mark, title=title, target=page.target.shown)
        return Paged(unknown, Delivery.UNCONFIRMED, notes=(*notes, note))

    def update(self, id: str, kind: str, author: Author) -> Incident:
        """Change the incident with this entity id. Any routing key will do for one that exists."""
        if id.isdigit():
            raise self._api.without_keys(f"To change page {id} by its number")
        content = {
            "message_type": kind,
            "entity_id": id,
            "state_message": author.line,
            "ack_author": author.identity or author.shown,
            "ack_msg": author.line,
            "monitoring_tool": _TOOL,
        }
        self._alerts.alert(self._api.options.routing_key or "default", content)
        return Incident(id, state=State.UNKNOWN)

    def _follow(self, mark: str) -> Tuple[Optional[Incident], str]:
        """The incident that an alert became. Never raises: it was taken, so it may have become one
        whatever comes."""
        follow = self._api.options.follow
        began = vendor.clock()
        until, pause = began + min(follow, self._api.remaining), _FIRST_PAUSE
        while True:
            try:
                found = self._incidents.marked(mark)
            except OpsroomError as error:
                return (
                    None,
                    "Splunk On-Call's REST endpoint took it; its outcome is unknown: "
                    f"{error.message}",
                )
            left, took = until - vendor.clock(), round(vendor.clock() - began, 1)
            if found is not None or left <= 0:
                return (
                    found,
                    "Splunk On-Call's REST endpoint took it; it became no incident within "
                    f"{took:g} s.",
                )
            vendor.sleep(min(pause, left))
            pause = min(pause * 2, _MAX_PAUSE)
