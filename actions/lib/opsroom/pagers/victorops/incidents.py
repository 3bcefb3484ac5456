"""Incidents of Splunk On-Call through its API: created, listed, acknowledged, resolved, and given
another responder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from ...errors import Code, OpsroomError, Refusal
from ...http.content import text_of
from ...http.response import Response
from ...names import shown
from ...people import Author
from ...structs.patterns import lazy_pattern
from ...text import shorten
from .. import Delivery, Incident, OnCall, Page, Paged, State, Target
from .client import Api
from .mapping import alert_of, by_slug, carries, incident_of, inside, items
from .organisation import Organisation

# For what makes an response fuller and is not needed, in seconds.
_EXTRA = 3.0
_SLUGS = ("pol-", "team-")
# As repeats.new_mark makes them.
_MARK = lazy_pattern(r"^ops[0-9a-f]{13}(?![\s\S])")


class Incidents:
    """Every change is made in the name of a user of Splunk On-Call."""

    def __init__(self, api: Api, organisation: Organisation) -> None:
        self._api = api
        self._organisation = organisation

    def create(self, page: Page) -> Paged:
        """Make an incident for a user, escalation policy, team or routing key. Its number comes
        back at once."""
        summary, text, notes = alert_of(page)
        targets = self._targets(page.target)
        # The details do not come back in the list of incidents, the summary does.
        content = {"summary": f"{summary} [{page.mark}]", "details": text, "targets": targets}
        response, _, more = self._as_user(
            page.author,
            lambda user: self._api.change("POST", "/v1/incidents", {**content, "userName": user}),
        )
        made = self._api.json(response)
        number, error = text_of(inside(made, "incidentNumber")), text_of(inside(made, "error"))
        if not number and not error:
            raise response.unexpected("did not report the number of the new incident")
        if not number:
            # 200 with an error inside: the page was not made.
            kind = page.target.kind.replace("_", " ")
            raise Refusal(
                Code.NOT_ACCEPTED,
                f"Splunk On-Call made no incident for the {kind} {page.target.shown}: "
                f"{self._api.quoted(response, error)}.",
                "An administrator has to check the names in the config.",
                {"sent": False},
            )
        incident = Incident(number, number, summary, State.TRIGGERED, target=page.target.shown)
        if error:
            note = (
                "Splunk On-Call made the incident and complains: "
                f"{self._api.quoted(response, error)}."
            )
            return Paged(incident, Delivery.UNCONFIRMED, notes=(*notes, *more, note))
        on_call, quiet = self._reached(page.target, [one["slug"] for one in targets])
        return Paged(incident, Delivery.ACCEPTED, on_call, (*notes, *more, *quiet))

    def change(self, number: str, verb: str, wanted: State, author: Author) -> Incident:
        """`ack` or `resolve` an incident by its number."""
        content = {"incidentNames": [number], "message": shorten(author.line, 500)}
        # To acknowledge twice is to acknowledge once.
        again = wanted is State.ACKNOWLEDGED
        response, user, _ = self._as_user(
            author,
            lambda user: self._api.change(
                "PATCH", f"/v1/incidents/{verb}", {**content, "userName": user}, again
            ),
        )
        results = items(inside(self._api.json(response), "results"))
        result = next(
            (one for one in results if text_of(inside(one, "incidentNumber")) == number), None
        )
        accepted = inside(result, "cmdAccepted")
        if not isinstance(accepted, bool):
            raise response.unexpected("did not report whether it was done")
        if accepted:
            return Incident(number, number, state=wanted, people=(user,))
        # 200 with `cmdAccepted: false`: the incident says why.
        incident = incident_of(self.listed(number))
        if incident.state is State.RESOLVED:
            raise closed(incident.shown)
        if incident.state is wanted:
            return incident
        why = self._api.quoted(response, text_of(inside(result, "message")))
        did = "acknowledge" if wanted is State.ACKNOWLEDGED else "resolve"
        message = f"Splunk On-Call did not {did} page {incident.shown}{f': {why}' if why else ''}."
        raise Refusal(Code.NOT_ACCEPTED, message, facts={"sent": False})

    def add(self, id: str, target: Target, author: Author) -> Incident:
        """Reroute an incident so that someone is added to those who were paged."""
        incident = incident_of(self.listed(id))
        if incident.state is State.RESOLVED:
            raise closed(incident.shown)
        reroute = {
            "incidentNumber": incident.number,
            "targets": self._targets(target),
            "addTargets": True,
        }
        response, _, _ = self._as_user(
            author,
            lambda user: self._api.change(
                "POST", "/v1/incidents/reroute", {"userName": user, "reroutes": [reroute]}
            ),
        )
        statuses = items(inside(self._api.json(response), "statuses"))
        status = next(
            (one for one in statuses if text_of(inside(one, "incidentNumber")) == incident.number),
            None,
        )
        done = inside(status, "success")
        if not isinstance(done, bool):
            raise response.unexpected("did not report whether someone was added to the page")
        failed = [
            one for one in items(inside(status, "targetStatus")) if inside(one, "success") is False
        ]
        if failed or not done:
            words = [text_of(inside(one, "message")) for one in (*failed, status)]
            why = next((f": {self._api.quoted(response, one)}" for one in words if one), "")
            message = f"Splunk On-Call did not add {target.shown} to page {incident.shown}{why}."
            raise Refusal(Code.UNKNOWN_PERSON, message, facts={"sent": False})
        return incident

    def listed(self, id: str) -> Mapping[str, Any]:
        """An incident by its number or entity id."""
        for one in self._api.incidents():
            if id and id in (
                text_of(inside(one, "incidentNumber")),
                text_of(inside(one, "entityId")),
            ):
                return one
            if _MARK.match(id) and carries(one, id):
                # Made by the API: the mark is in its summary.
                return one
        raise Refusal(
            Code.UNKNOWN_PAGE,
            f"Splunk On-Call has no page {shown(id)} that is open or was resolved a short "
            "time ago.",
            "Ask for the open ones: show pages.",
        )

    def marked(self, mark: str) -> Optional[Incident]:
        """The incident that carries a mark."""
        found = next((one for one in self._api.incidents() if carries(one, mark)), None)
        return None if found is None else incident_of(found)

    def _targets(self, target: Target) -> List[Dict[str, str]]:
        if target.kind == "user":
            return [{"type": "User", "slug": target.id}]
        if target.kind == "escalation_policy" and target.id.startswith(_SLUGS):
            return by_slug([target.id])
        slugs = [slug for slug in self._organisation.policies_of(target) if slug]
        if not slugs:
            kind = target.kind.replace("_", " ")
            raise Refusal(
                Code.NOT_POSSIBLE, f"The {kind} {target.shown} leads to no escalation policy."
            )
        return by_slug(slugs)

    def _reached(
        self, target: Target, slugs: List[str]
    ) -> Tuple[Tuple[OnCall, ...], Tuple[str, ...]]:
        """Who is on call there, when that can be read quickly; the page is out already."""
        if target.kind == "user":
            return (OnCall(target.shown),), ()
        try:
            on_call = self._organisation.on_call(target, slugs, within=_EXTRA)
        except OpsroomError:
            return (), ()
        return on_call, () if on_call else (
            f"Splunk On-Call names nobody who is on call for {target.shown} now.",
        )

    def _as_user(
        self, author: Author, send: Callable[[str], Response]
    ) -> Tuple[Response, str, Tuple[str, ...]]:
        """Ask in the name of who asks; in that of `user` where they have none in Splunk On-Call or
        it is not known.

        An unknown user is answered with 404, or with 200 and an error: nothing was done then.
        """
        own, other = author.identity, self._api.options.user
        name = own or other
        notes: Tuple[str, ...] = ()
        key = f"{self._api.key}.user"
        if not name:
            raise Refusal(
                Code.UNKNOWN_PERSON,
                f"Splunk On-Call wants a user in whose name it is done, and {author.shown} has "
                "none there.",
                f"An administrator gives them a name there under people, or sets {key} for all "
                "others.",
            )
        response = send(name)
        if other and name != other and self._unknown_user(response):
            response, name = send(other), other
            notes = (
                f"Splunk On-Call does not know its user {own}; it was done in the name of {other}.",
            )
        if response.status == 404:
            raise Refusal(
                Code.UNKNOWN_PERSON,
                f"Splunk On-Call does not know its user {shown(name)}"
                f"{self._api.because(response)}.",
                f"An administrator has to check their name there under people, and {key}.",
                {"status": 404, "sent": False},
            )
        return response, name, notes

    def _unknown_user(self, response: Response) -> bool:
        if response.status == 404:
            return True
        content = response.content()
        return "user" in text_of(inside(content, "error")).lower() and not text_of(
            inside(content, "incidentNumber")
        )


def like(incident: Incident, page: Page) -> Incident:
    """An incident with the name of whom the page was for."""
    return replace(incident, target=page.target.shown)


def closed(number: str) -> Refusal:
    """That a page is over."""
    return Refusal(Code.PAGE_CLOSED, f"Page {number} is resolved in Splunk On-Call.")
