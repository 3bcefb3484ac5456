"""A pager without a token, through PagerDuty's Events API v2 only: events are accepted, and their
outcome cannot be read.

The API is made for machines: it answers as soon as an event is queued, before anyone is paged.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, Optional, Tuple

from ...errors import Code, Refusal
from ...http.content import text_at, text_of
from ...names import shown
from ...people import Author
from ...structs.patterns import lazy_pattern
from .. import Delivery, Incident, Page, Paged, Pager, Target
from .client import Client, quoted
from .mapping import details_of, title_of, web_address
from .options import Integration, Options, integration

_DEDUP_KEY = lazy_pattern(r"^[!-~]{1,255}(?![\s\S])")


class EventsPager(Pager):
    """One integration. An incident is known by its mark alone, PagerDuty's `dedup_key`."""

    subject = "Without a token, PagerDuty"
    because = "its Events API only takes events"

    def __init__(self, options: Options, name: str) -> None:
        self._options = options
        self._name = name
        self.instead = f"An administrator can add a token to pagers.{name}."

    def towards(self, target: Target) -> EventsPager:
        """The pager as it speaks to the integration of a team: another one knows nothing of that
        team's alerts."""
        if not isinstance(target, Integration):
            return self
        return EventsPager(replace(self._options, routing_key=target.routing_key), self._name)

    def default_target(self) -> Optional[Target]:
        """The integration of the config."""
        return integration(self._options.routing_key, self._name)

    def page(self, page: Page) -> Paged:
        """One request."""
        if not isinstance(page.target, Integration):
            raise Refusal(
                Code.NOT_POSSIBLE,
                "Without a token, PagerDuty can page an integration only, not the "
                f"{_worded(page.target.kind)} "
                f"{shown(page.target.shown)}.",
                f"An administrator can add a token to pagers.{self._name}, or a routing_key for "
                "the team.",
            )
        incident, notes = trigger(self._options, self._name, page, page.target.routing_key)
        unknown = "PagerDuty took the event; whom it reaches cannot be learnt without a token."
        return Paged(incident, Delivery.UNCONFIRMED, notes=(*notes, unknown))

    def acknowledge(self, id: str, author: Author) -> Incident:
        """One request. PagerDuty does not say whether it had the alert: the state stays unknown."""
        return self._follow_up("acknowledge", id)

    def resolve(self, id: str, author: Author) -> Incident:
        """One request. PagerDuty does not say whether it had the alert: the state stays unknown."""
        return self._follow_up("resolve", id)

    def _follow_up(self, action: str, id: str) -> Incident:
        key = id.strip()
        if not _DEDUP_KEY.match(key):
            message = f"{shown(id)} is not the key of a PagerDuty event."
            raise Refusal(Code.UNKNOWN_PAGE, message, "It is what opsroom answered when it paged.")
        event = {"routing_key": self._options.routing_key, "event_action": action, "dedup_key": key}
        _enqueue(self._options, self._name, event)
        return Incident(key)


def trigger(
    options: Options, name: str, page: Page, routing_key: str, deadline: Optional[float] = None
) -> Tuple[Incident, Tuple[str, ...]]:
    """Send the event that makes an alert. What is known of its incident is the key; and notes."""
    details, notes = details_of(page)
    event: Dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": "trigger",
        "dedup_key": page.mark,
        "client": "opsroom",
        "payload": {
            "summary": title_of(page.text),
            "source": "opsroom",
            "severity": "critical" if page.urgent else "error",
            "custom_details": {"text": details},
        },
    }
    link = web_address(page.author)
    if link:
        event["client_url"] = link
        event["links"] = [{"href": link, "text": "The execution in StackStorm"}]
    key = _enqueue(options, name, event, deadline) or page.mark
    return Incident(key, title=title_of(page.text), target=page.target.shown), notes


def _enqueue(
    options: Options, name: str, event: Dict[str, Any], deadline: Optional[float] = None
) -> str:
    """Send one event; the key that PagerDuty has for it.

    It may be sent again after a lost answer, as the vendor asks for: the key makes one alert of
    both.
    """
    client = Client(
        options, name, options.events_url, "routing_key", event["routing_key"], deadline
    )
    answer = client.ask("POST", "/v2/enqueue", json=event, idempotent=True)
    status = text_at(answer.content, "status")
    if not status:
        raise answer.bad("JSON without a 'status'")
    if status != "success":
        answer_text = quoted([status, answer.content.get("message")], answer.secrets)
        raise Refusal(Code.NOT_ACCEPTED, f"PagerDuty did not take the event: {answer_text}.")
    return text_of(answer.content.get("dedup_key"))


def _worded(kind: str) -> str:
    return kind.replace("_", " ")
