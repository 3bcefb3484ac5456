"""The pager kind opsgenie: alerts are created, found, acknowledged, closed and escalated, each
request followed to its outcome."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Mapping, Optional, Tuple

from ...errors import Code, Failure, OpsroomError, Refusal
from ...http.content import objects_in, text_of
from ...people import Author
from ...text import one_line
from .. import Delivery, Incident, OnCall, Page, Paged, Pager, State, Target
from . import account
from .client import Client, Outcome
from .mapping import (
    alert_of,
    by,
    identifier_type,
    incident_of,
    is_id,
    reaches_nobody,
    responder,
    state_of,
)
from .options import EVENTS_ONLY, Options

# For what makes an answer fuller and is not needed, in seconds.
_EXTRA = 3.0


class Opsgenie(Pager):
    """Alerts are made and changed asynchronously: each such request is followed to its outcome.

    A command takes `time_limit` at most, of which following a request takes `follow` and what makes
    an answer fuller 3 s.
    """

    # An alert can be read as soon as the request has been worked off, which takes a second as a
    # rule.
    settles_within = 10.0

    def __init__(self, client: Client, options: Options) -> None:
        self._client = client
        self._responder = options.responder
        self._events_only = bool(EVENTS_ONLY.search(options.url))

    def default_target(self) -> Optional[Target]:
        return self._responder

    def person(self, identity: str, email: str, shown: str) -> Optional[Target]:
        """Users are named by their username, which is their e-mail address."""
        name = identity or email
        return Target("user", name, shown) if name else None

    def look_up(self, name: str) -> Tuple[Target, ...]:
        """Teams, escalation policies and schedules (a request each) and users (one for each hundred
        of them)."""
        if not self._client.can_read:
            return ()
        self._client.begin()
        return account.look_up(self._client, name)

    def on_call(self, target: Target) -> Tuple[OnCall, ...]:
        """For a schedule 1 request, for a team 1 and 1 for each of its schedules. Opsgenie does not
        say until when."""
        if target.kind == "user":
            return (OnCall(target.shown),)
        if not self._client.can_read:
            hint = (
                "An administrator has to put a key that may read the configuration into "
                f"{self._client.key}.read_key."
            )
            if self._events_only:
                hint = "Jira Service Management shows it under Operations."
            raise Refusal(
                Code.NOT_POSSIBLE,
                "Opsgenie does not show an integration's key who is on call.",
                hint,
            )
        self._client.begin()
        return account.on_call(self._client, target)

    def page(self, page: Page) -> Paged:
        """2 requests and the alert for its number: 3; with `read_key` also who is on call for a
        team or schedule.

        A bad responder is only seen in the outcome that is followed.
        """
        self._client.begin()
        alert, notes = alert_of(page)
        outcome = self._client.follow(self._client.create(alert))
        if outcome.done is False:
            raise self._not_paged(outcome, page)
        if outcome.done is None:
            found = self._quietly(page.mark)
            if found is None:
                note = f"Opsgenie took the request; its outcome is unknown: {outcome.why}."
                return Paged(
                    Incident(page.mark, title=one_line(page.text, 130), target=page.target.shown),
                    Delivery.UNCONFIRMED,
                    notes=(*notes, note),
                )
        else:
            found = self._quietly(outcome.alert or page.mark)
        return self._paged(
            found or {"id": outcome.alert or page.mark, "status": "open"}, page, notes
        )

    def find(self, page: Page) -> Optional[Paged]:
        """1 request: the mark is the alert's alias."""
        self._client.begin()
        found = self._client.alert(page.mark)
        return None if found is None else self._paged(found, page, ())

    def incident(self, id: str) -> Incident:
        """1 request."""
        self._client.begin()
        return self._incident(self._alert(id))

    def incidents(self, target: Optional[Target] = None, limit: int = 10) -> Tuple[Incident, ...]:
        """1 request: a search. Of a target that is known by its id only, the newest hundred are
        looked at."""
        self._client.begin()
        query = "status: open"
        by_id = target is not None and is_id(target.id)
        if target is not None and not by_id:
            # A quotation mark would end the name and let the rest be read as a part of the search.
            name = re.sub(r'["\\]', " ", target.id)
            query += f' AND {"teams" if target.kind == "team" else "responders"}: "{name}"'
        found = self._client.alerts(query, 100 if by_id else max(1, min(limit, 100)))
        if target is not None and by_id:
            found = [
                one
                for one in found
                if any(
                    text_of(who.get("id")) == target.id for who in objects_in(one.get("responders"))
                )
            ]
        return tuple(self._incident(one) for one in found[:limit])

    def acknowledge(self, id: str, author: Author) -> Incident:
        """3 requests: the request, its outcome, the alert as it is then."""
        return self._change(id, "acknowledge", State.ACKNOWLEDGED, author)

    def resolve(self, id: str, author: Author) -> Incident:
        """3 requests, as for `acknowledge`."""
        return self._change(id, "close", State.RESOLVED, author)

    def escalate(self, id: str, author: Author) -> Incident:
        """4 requests. Opsgenie needs to know which escalation policy; the alert must have one,
        and only one."""
        self._client.begin()
        alert = self._open(id)
        policies = [
            text_of(one.get("id"))
            for one in objects_in(alert.get("responders"))
            if one.get("type") == "escalation"
        ]
        shown = self._incident(alert).shown
        if len(policies) != 1:
            count = "none of them" if not policies else f"{len(policies)} of them"
            raise Refusal(
                Code.NOT_POSSIBLE,
                f"Opsgenie escalates along an escalation policy, and page {shown} has {count} "
                "among its responders.",
                f"Call someone by name: add NAME to page {shown}.",
            )
        content = {"escalation": {"id": policies[0]}, **by(author, note=True)}
        return self._after(id, self._client.act(id, "escalate", content), "escalate")

    def add_responder(self, id: str, target: Target, author: Author) -> Incident:
        """3 requests. Someone whom Opsgenie does not know is only seen in the outcome."""
        self._client.begin()
        content = {"responder": responder(target), **by(author, note=True)}
        return self._after(
            id, self._client.act(id, "responders", content), "add a responder to", target
        )

    def _paged(self, alert: Mapping[str, Any], page: Page, notes: Tuple[str, ...]) -> Paged:
        incident = self._incident(alert, page.target.shown)
        if reaches_nobody(alert):
            note = "The alert has no responders, so that nobody is notified."
            return Paged(incident, Delivery.NOBODY, notes=(*notes, note))
        return Paged(incident, Delivery.ACCEPTED, self._reached(page.target), notes)

    def _reached(self, target: Target) -> Tuple[OnCall, ...]:
        """Who is on call there, when that can be read quickly; the page is out already."""
        if target.kind == "user":
            return (OnCall(target.shown),)
        if not self._client.can_read:
            return ()
        try:
            return account.on_call(self._client, target, within=_EXTRA)
        except OpsroomError:
            return ()

    def _not_paged(self, outcome: Outcome, page: Page) -> Refusal:
        because = f": {outcome.status}" if outcome.status else ""
        return Refusal(
            Code.NOT_ACCEPTED,
            f"Opsgenie made no alert for {page.target.kind.replace('_', ' ')} "
            f"{page.target.shown}{because}.",
            "An administrator has to check the name in the config, and the integration's rules.",
            {"sent": False},
        )

    def _change(self, id: str, action: str, wanted: State, author: Author) -> Incident:
        self._client.begin()
        incident = self._after(id, self._client.act(id, action, by(author, note=True)), action)
        if incident.state is State.RESOLVED and wanted is not State.RESOLVED:
            raise _closed(incident.shown)
        return incident

    def _after(
        self, id: str, outcome: Outcome, action: str, target: Optional[Target] = None
    ) -> Incident:
        """The alert after something was done to it; raises the outcome instead."""
        alert = self._quietly(id)
        state = State.UNKNOWN if alert is None else state_of(alert)
        status = outcome.status.lower()
        wanted = {"acknowledge": State.ACKNOWLEDGED, "close": State.RESOLVED}.get(action)
        if outcome.done is False:
            if "already ack" in status or (action == "acknowledge" and state is State.ACKNOWLEDGED):
                return self._changed(id, alert, wanted)
            if state is State.RESOLVED or "closed" in status:
                raise _closed(id if alert is None else self._incident(alert).shown)
            if "alert does not exist" in status or "alert not found" in status:
                raise self._client.unknown(id)
            because = f": {outcome.status}" if outcome.status else ""
            whom = f" ({target.shown})" if target else ""
            code = Code.UNKNOWN_PERSON if target else Code.NOT_ACCEPTED
            raise Refusal(
                code, f"Opsgenie did not {action} page {id}{whom}{because}.", facts={"sent": False}
            )
        if outcome.done is None and (wanted is None or state is not wanted):
            raise Failure(
                Code.OUTCOME_UNKNOWN,
                f"Opsgenie took the request to {action} page {id}; its outcome is unknown: "
                f"{outcome.why}.",
                "Look at the page before asking again.",
                {"sent": True},
            )
        return self._changed(id, alert, wanted)

    def _changed(
        self, id: str, alert: Optional[Mapping[str, Any]], wanted: Optional[State]
    ) -> Incident:
        if alert is None:
            number = id if identifier_type(id) == "tiny" else ""
            return Incident(id, number, state=wanted or State.UNKNOWN)
        incident = self._incident(alert)
        if wanted and incident.state is not State.RESOLVED:
            # What is read may lag behind what was done a moment ago; that it was done is certain.
            return replace(incident, state=wanted)
        return incident

    def _open(self, id: str) -> Mapping[str, Any]:
        alert = self._alert(id)
        incident = self._incident(alert)
        if incident.state is State.RESOLVED:
            raise _closed(incident.shown)
        return alert

    def _alert(self, id: str) -> Mapping[str, Any]:
        found = self._client.alert(id)
        if found is None:
            raise self._client.unknown(id)
        return found

    def _quietly(self, id: str) -> Optional[Mapping[str, Any]]:
        """An alert when it can be had quickly; None otherwise."""
        try:
            return self._client.alert(id, _EXTRA)
        except OpsroomError:
            return None

    def _incident(self, alert: Mapping[str, Any], target: str = "") -> Incident:
        return incident_of(alert, self._client.url, target)


def _closed(shown: str) -> Refusal:
    return Refusal(Code.PAGE_CLOSED, f"Page {shown} is resolved in Opsgenie.")
