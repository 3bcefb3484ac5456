"""A pager for Splunk On-Call: through its API where the config has keys, through the REST endpoint
for routing keys and where that is all there is."""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Tuple

from ...errors import Code, Refusal
from ...people import Author
from .. import Delivery, Incident, OnCall, Page, Paged, Pager, State, Target
from .client import AlertClient, Api
from .endpoint import Endpoint
from .incidents import Incidents, like
from .mapping import goes_to, incident_of, state_of
from .options import Options
from .organisation import Organisation


class VictorOps(Pager):
    """The API makes incidents for users, escalation policies and teams, at once; the REST endpoint
    takes alerts for routing keys, which become incidents a moment later, and are the same one when
    they carry the same mark.

    A command takes `time_limit` at most, of which looking for the outcome of an alert takes
    `follow` and what makes an answer fuller 3 s.
    """

    # The list of incidents has a new one within a second as a rule.
    settles_within = 10.0

    def __init__(self, options: Options, name: str, keep: Optional[Path]) -> None:
        self._options = options
        self._api = Api(options, name)
        self.untried = "endpoint" if options.endpoint and self._api.is_configured else ""
        self._alerts = AlertClient(options, name)
        self._organisation = Organisation(self._api, keep)
        self._incidents = Incidents(self._api, self._organisation)
        self._endpoint = Endpoint(self._api, self._alerts, self._incidents)

    def default_target(self) -> Optional[Target]:
        return (
            Target("routing_key", self._options.routing_key) if self._options.routing_key else None
        )

    def person(self, identity: str, email: str, shown: str) -> Optional[Target]:
        """By their username; only the API pages users."""
        return Target("user", identity, shown) if identity and self._api.is_configured else None

    def look_up(self, name: str) -> Tuple[Target, ...]:
        """4 requests: teams, routing keys, users, and escalation policies, which are kept for a
        minute."""
        self._begin()
        return self._organisation.look_up(name) if self._api.is_configured else ()

    def on_call(self, target: Target) -> Tuple[OnCall, ...]:
        """2 requests, 3 for a routing key: who, and until when."""
        self._begin()
        if target.kind == "user":
            return (OnCall(target.shown),)
        if not self._api.is_configured:
            raise self._api.without_keys("Who is on call")
        return self._organisation.on_call(target)

    def page(self, page: Page) -> Paged:
        """By the API 1 request for a user; for the others 1 for which policies (none for a slug)
        and 2 for who is on call until when. By the REST endpoint 1; where the API can be asked, the
        incident is looked for in its list."""
        self._begin()
        if page.target.kind == "routing_key" and self._options.endpoint:
            return self._endpoint.page(page)
        if not self._api.is_configured:
            kind = page.target.kind.replace("_", " ")
            raise self._api.without_keys(f"To page the {kind} {page.target.shown}")
        return self._incidents.create(page)

    def find(self, page: Page) -> Optional[Paged]:
        """1 request: the mark is in the incident's summary, or is its entity id."""
        self._begin()
        if not self._api.is_configured:
            raise self._api.without_keys("To find a page again")
        found = self._incidents.marked(page.mark)
        return None if found is None else Paged(like(found, page), Delivery.ACCEPTED)

    def incident(self, id: str) -> Incident:
        """1 request."""
        self._begin()
        if not self._api.is_configured:
            raise self._api.without_keys(f"To look at page {id}")
        return incident_of(self._incidents.listed(id))

    def incidents(self, target: Optional[Target] = None, limit: int = 10) -> Tuple[Incident, ...]:
        """1 request."""
        self._begin()
        if not self._api.is_configured:
            raise self._api.without_keys("The list of open pages")
        found = [
            incident_of(one)
            for one in self._api.incidents()
            if state_of(one) is not State.RESOLVED and (target is None or goes_to(one, target))
        ]
        found.sort(key=lambda one: one.since.timestamp() if one.since else 0.0, reverse=True)
        return tuple(found[: max(limit, 0)])

    def acknowledge(self, id: str, author: Author) -> Incident:
        """1 request by number, 2 by mark. The REST endpoint alone does not report the outcome:
        state unknown."""
        self._begin()
        return self._change(id, "ack", "ACKNOWLEDGEMENT", State.ACKNOWLEDGED, author)

    def resolve(self, id: str, author: Author) -> Incident:
        """As for `acknowledge`."""
        self._begin()
        return self._change(id, "resolve", "RECOVERY", State.RESOLVED, author)

    def escalate(self, id: str, author: Author) -> Incident:
        """Not possible: the API has no command for the next step of a policy."""
        raise Refusal(
            Code.NOT_POSSIBLE,
            "Splunk On-Call escalates automatically along its escalation policy; it cannot be "
            "asked to escalate now.",
            f"Call someone by name: add NAME to page {id}.",
        )

    def add_responder(self, id: str, target: Target, author: Author) -> Incident:
        """2 requests, 1 more for which policies a team or routing key stands for."""
        self._begin()
        if not self._api.is_configured:
            raise self._api.without_keys("To add someone to a page")
        return self._incidents.add(id, target, author)

    def _begin(self) -> None:
        """Start the time limit of a command, which the requests to both addresses share."""
        self._api.begin()
        self._alerts.deadline = self._api.deadline

    def _change(self, id: str, verb: str, kind: str, wanted: State, author: Author) -> Incident:
        if not self._api.is_configured:
            return self._endpoint.update(id, kind, author)
        number = id
        if not id.isdigit():
            # A page whose incident was not known in time goes by its mark, which is its entity id.
            try:
                number = incident_of(self._incidents.listed(id)).number or id
            except Refusal:
                if not self._options.endpoint:
                    raise
                return self._endpoint.update(id, kind, author)
        return self._incidents.change(number, verb, wanted, author)
