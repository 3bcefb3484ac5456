"""A pager with a token, through PagerDuty's REST API: the answer shows who is reached, and an
incident can be followed."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Tuple

from ...errors import Code, Failure, OpsroomError, Refusal
from ...http import vendor
from ...http.content import object_at, text_of
from ...names import shown
from ...people import Author
from .. import Delivery, Incident, OnCall, Page, Paged, Pager, Target
from .client import Answer, Client
from .events_pager import trigger
from .incidents import Writer, change, escalated, get_incident, responder_added
from .mapping import acknowledged_at_once, assignees_of, details_of, incident_of, title_of
from .options import Integration, Options, integration
from .people import look_up, on_calls, on_calls_if_known, own_address, user_id

_FIRST_PAUSE = 0.5
_MAX_PAUSE = 2.0
_OPEN = [("statuses[]", "triggered"), ("statuses[]", "acknowledged")]


class RestPager(Pager):
    """One account. The requester is PagerDuty's "From" where the config maps them, else the user
    `from`."""

    # A list of incidents is as new as its answer; the seconds are for a request that was still
    # under way.
    settles_within = 5.0

    def __init__(self, options: Options, name: str) -> None:
        self._options = options
        self._name = name

    def default_target(self) -> Optional[Target]:
        """The service of the config, else the integration."""
        if self._options.service:
            return Target("service", self._options.service)
        return (
            integration(self._options.routing_key, self._name)
            if self._options.routing_key
            else None
        )

    def person(self, identity: str, email: str, shown: str) -> Optional[Target]:
        """By their id, else by their e-mail address; whether PagerDuty knows that is asked when
        they are paged."""
        id = identity or email
        return Target("user", id, shown) if id else None

    def look_up(self, name: str) -> Tuple[Target, ...]:
        """Four requests: services, escalation policies, schedules, users."""
        return look_up(self._client(), name)

    def on_call(self, target: Target) -> Tuple[OnCall, ...]:
        """One request, two for a service."""
        return tuple(one.duty for one in on_calls(self._client(), target))

    def page(self, page: Page) -> Paged:
        """One request; one before it for a schedule or an e-mail address; one after it for "on call
        until"."""
        if page.target.kind == "routing_key":
            return self._page_by_event(page)
        client = self._client()
        content, on_call = self._content(client, page)
        details, notes = details_of(page)
        content["body"] = {"type": "incident_body", "details": details}
        writer = self._writer(client, page.author, (page.target.id, *_assigned(content)))
        outcome = writer.send(
            "POST", "/incidents", lambda _: {"incident": content}, idempotent=False
        )
        if outcome.failed is not None:
            # The mark is on an incident that is open: an earlier attempt was taken, its answer
            # lost.
            if not (outcome.failed.status == 400 and outcome.failed.says("already exists")):
                raise outcome.failed.error
            existing = self._found(client, page)
            if existing is None:
                facts = {"sent": True}
                message = "PagerDuty reports that it already has this page, but does not show it."
                raise Failure(Code.OUTCOME_UNKNOWN, message, facts=facts)
            return existing
        row = outcome.answer.part("incident")
        paged = self._paged(
            client, row, outcome.answer, page, text_of(row.get("status")) == "acknowledged", on_call
        )
        own = outcome.sender == own_address(page.author)
        if paged.delivery is Delivery.ACCEPTED and own and _only(row, page.author.identity):
            paged = _nobody(
                paged,
                "PagerDuty notifies nobody of an incident of their own, and it is with "
                f"{_to(row)}.",
            )
        return Paged(
            paged.incident, paged.delivery, paged.on_call, (*notes, *outcome.notes, *paged.notes)
        )

    def find(self, page: Page) -> Optional[Paged]:
        """One request, and one for "on call until"."""
        return self._found(self._client(), page)

    def incident(self, id: str) -> Incident:
        """One request."""
        return incident_of(*get_incident(self._client(), id))

    def incidents(self, target: Optional[Target] = None, limit: int = 10) -> Tuple[Incident, ...]:
        """One request; one more for a schedule, whose incidents are those of the people on call
        there."""
        client = self._client()
        params = [*_OPEN, ("date_range", "all"), ("sort_by", "created_at:desc")]
        most = str(max(1, min(limit, 100)))
        policy = ""
        if target is not None and target.kind == "service":
            params.append(("service_ids[]", target.id))
        elif target is not None and target.kind == "user":
            params.append(("user_ids[]", user_id(client, target)))
        elif target is not None and target.kind == "schedule":
            people = {one.user for one in on_calls(client, target)}
            if not people:
                return ()
            params += [("user_ids[]", one) for one in sorted(people)]
        elif target is not None and target.kind == "escalation_policy":
            policy = target.id
        elif target is not None:
            message = (
                "PagerDuty does not report which incidents came through a routing key "
                f"({shown(target.shown)})."
            )
            raise Refusal(
                Code.NOT_POSSIBLE,
                message,
                "Name the service for the team instead of the routing_key.",
            )
        if policy:
            # The list cannot be narrowed to a policy by PagerDuty.
            rows, answer = client.every("/incidents", "incidents", params)
            rows = [
                row
                for row in rows
                if text_of(object_at(row, "escalation_policy").get("id")) == policy
            ]
        else:
            answer = client.ask("GET", "/incidents", params=[*params, ("limit", most)])
            rows = answer.rows("incidents")
        return tuple(incident_of(row, answer) for row in rows[: max(limit, 0)])

    def acknowledge(self, id: str, author: Author) -> Incident:
        """Two requests: what is resolved must not be opened again by it, as PagerDuty would."""
        client = self._client()
        return change(client, id, "acknowledged", author, self._writer(client, author))

    def resolve(self, id: str, author: Author) -> Incident:
        """Two requests."""
        client = self._client()
        return change(client, id, "resolved", author, self._writer(client, author))

    def escalate(self, id: str, author: Author) -> Incident:
        """Three requests: PagerDuty does not say on which level an incident is, only who is on
        which."""
        client = self._client()
        return escalated(client, id, self._writer(client, author))

    def add_responder(self, id: str, target: Target, author: Author) -> Incident:
        """Two requests; one more for who asks when they are not mapped, for a schedule and for an
        e-mail address."""
        client = self._client()
        return responder_added(client, id, target, author, self._writer(client, author))

    def _client(self) -> Client:
        return Client(self._options, self._name, self._options.url, "token")

    def _writer(self, client: Client, author: Author, reached: Tuple[str, ...] = ()) -> Writer:
        return Writer(client, author, self._options.sender, self._name, reached)

    def _content(self, client: Client, page: Page) -> Tuple[Dict[str, Any], Tuple[OnCall, ...]]:
        """The incident to make, and who is on call as far as that is known before."""
        target = page.target
        service = target.id if target.kind == "service" else self._options.service
        if not service:
            raise Refusal(
                Code.NOT_POSSIBLE,
                "PagerDuty wants a service for every incident, and none is configured to page "
                f"{shown(target.shown)}.",
                f"An administrator has to put the id of one into pagers.{self._name}.service.",
            )
        content: Dict[str, Any] = {
            "type": "incident",
            "title": title_of(page.text),
            "service": {"id": service, "type": "service_reference"},
            "incident_key": page.mark,
        }
        if page.urgent:
            content["urgency"] = "high"  # otherwise as the service has it
        on_call: Tuple[OnCall, ...] = ()
        if target.kind == "escalation_policy":
            content["escalation_policy"] = {"id": target.id, "type": "escalation_policy_reference"}
        elif target.kind in ("user", "schedule"):
            user = target.id
            if target.kind == "schedule":
                responders = on_calls(client, target)
                if not responders:
                    message = (
                        f"Nobody is on call on the PagerDuty schedule {shown(target.shown)} now."
                    )
                    raise Failure(
                        Code.NOBODY_NOTIFIED, message, "No incident was made.", {"sent": False}
                    )
                # An incident takes one assignee.
                user, on_call = responders[0].user, (responders[0].duty,)
            else:
                user = user_id(client, target)
            content["assignments"] = [{"assignee": {"id": user, "type": "user_reference"}}]
        elif target.kind != "service":
            message = f"PagerDuty cannot page a {shown(target.kind)}."
            raise Refusal(
                Code.NOT_POSSIBLE,
                message,
                "It can page a service, escalation policy, schedule or user.",
            )
        return content, on_call

    def _found(self, client: Client, page: Page) -> Optional[Paged]:
        answer = client.ask(
            "GET", "/incidents", params=[("incident_key", page.mark), ("limit", "100")]
        )
        rows = [row for row in answer.rows("incidents") if _carries(row, page)]
        # The one with the mark itself before one whose alert has it.
        rows.sort(key=lambda row: row.get("incident_key") != page.mark)
        return (
            self._paged(client, rows[0], answer, page, acknowledged_at_once(rows[0]))
            if rows
            else None
        )

    def _paged(
        self,
        client: Client,
        row: Mapping[str, Any],
        answer: Answer,
        page: Page,
        at_once: bool,
        on_call: Tuple[OnCall, ...] = (),
    ) -> Paged:
        """The outcome of an incident. `at_once`: PagerDuty itself has acknowledged it."""
        incident = incident_of(row, answer)
        paged = Paged(incident, Delivery.ACCEPTED)
        if at_once:
            return _nobody(
                paged,
                f"PagerDuty acknowledged it at once, as an incident of their own, for {_to(row)}.",
            )
        if not isinstance(row.get("assignments"), list):
            note = "PagerDuty created the incident, but did not report whom it reaches."
            return Paged(incident, Delivery.UNCONFIRMED, notes=(note,))
        people = assignees_of(row)
        if not people:
            # What is over is with nobody any more.
            over = text_of(row.get("status")) == "resolved"
            return (
                paged
                if over
                else _nobody(
                    paged, f"Nobody is on call for {shown(page.target.shown)} in PagerDuty."
                )
            )
        if on_call:
            return Paged(incident, Delivery.ACCEPTED, on_call)
        policy = text_of(object_at(row, "escalation_policy").get("id"))
        direct = text_of(row.get("assigned_via")) == "direct_assignment"
        known = on_calls_if_known(client, policy) if policy and not direct else ()
        reached: List[OnCall] = []
        for one in people:
            id = text_of(one.get("id"))
            duty = next((each.duty for each in known if each.user == id), None)
            reached.append(
                duty or OnCall(text_of(one.get("summary")) or text_of(one.get("name")) or id)
            )
        return Paged(incident, Delivery.ACCEPTED, tuple(reached))

    def _page_by_event(self, page: Page) -> Paged:
        """By the Events API, then watched with the REST API until the incident is there or time is
        up."""
        if not isinstance(page.target, Integration):
            raise Refusal(
                Code.NOT_POSSIBLE, f"The config has no routing key for {shown(page.target.shown)}."
            )
        client = self._client()
        incident, notes = trigger(
            self._options, self._name, page, page.target.routing_key, client.deadline
        )
        pause = _FIRST_PAUSE
        while True:
            try:
                existing = self._found(client, page)
            except OpsroomError as error:
                why = f"PagerDuty took the event, and its outcome is unknown: {error.message}"
                return Paged(incident, Delivery.UNCONFIRMED, notes=(*notes, why))
            if existing is not None:
                notes = (*notes, *existing.notes)
                return Paged(existing.incident, existing.delivery, existing.on_call, notes)
            if client.remaining <= pause:
                why = "PagerDuty took the event, and no incident of it was to be seen in time."
                return Paged(incident, Delivery.UNCONFIRMED, notes=(*notes, why))
            vendor.sleep(pause)
            pause = min(pause * 2, _MAX_PAUSE)


def _carries(row: Mapping[str, Any], page: Page) -> bool:
    """Whether it is the page's incident. One that came from an event has no key of its own, its
    alert has it."""
    key = row.get("incident_key")
    return key == page.mark or (not key and text_of(row.get("title")) == title_of(page.text))


def _assigned(content: Mapping[str, Any]) -> Tuple[str, ...]:
    return tuple(one["assignee"]["id"] for one in content.get("assignments", ()))


def _only(row: Mapping[str, Any], user: str) -> bool:
    people = [text_of(one.get("id")) for one in assignees_of(row)]
    return bool(people) and all(one == user for one in people)


def _to(row: Mapping[str, Any]) -> str:
    return (
        " and ".join(
            text_of(one.get("summary")) or text_of(one.get("id")) for one in assignees_of(row)
        )
        or "nobody"
    )


def _nobody(paged: Paged, why: str) -> Paged:
    return Paged(paged.incident, Delivery.NOBODY, (), (*paged.notes, why))
