"""Existing incidents of PagerDuty: read, changed, and in whose name that is done."""

from __future__ import annotations

from typing import Any, Callable, List, Mapping, Optional, Tuple, Union
from urllib.parse import quote

from ...errors import Code, Failure, Refusal
from ...http.content import object_at, text_of
from ...names import shown
from ...people import Author
from ...structs import dataclass
from ...structs.patterns import lazy_pattern
from .. import Incident, State, Target
from .client import Answer, ApiError, Client
from .mapping import assignees_of, incident_of, name_of
from .people import by_level, on_calls, own_address, user_id, user_of

# PagerDuty's own numbers of errors.
_RESOLVED_ALREADY = 1001
_ACKNOWLEDGED_ALREADY = 1002
_UNKNOWN_SENDER = (1008, 1028)

_ID = lazy_pattern(r"^#?([A-Za-z0-9]{1,64})(?![\s\S])")
# As repeats.new_mark makes them: what a page is called until its incident is known.
_MARK = lazy_pattern(r"^ops[0-9a-f]{13}(?![\s\S])")


@dataclass(frozen=True)
class Outcome:
    """The outcome of a request in someone's name: an answer or an error, and the address that was
    in From."""

    outcome: Union[Answer, ApiError]
    sender: str
    notes: Tuple[str, ...] = ()

    @property
    def failed(self) -> Optional[ApiError]:
        """The error, if it is one."""
        return self.outcome if isinstance(self.outcome, ApiError) else None

    @property
    def answer(self) -> Answer:
        """The answer; raises what the error means."""
        if isinstance(self.outcome, ApiError):
            raise self.outcome.error
        return self.outcome


class Writer:
    """Sends in the name of who asks, where PagerDuty knows them, else in that of the user `from` of
    the config.

    `reached` are the names of the user whom it is for: PagerDuty does not notify people of what
    they make themselves.
    """

    def __init__(
        self, client: Client, author: Author, sender: str, name: str, reached: Tuple[str, ...] = ()
    ) -> None:
        self._client = client
        self._author = author
        self._sender = sender
        self._name = name
        self._own = own_address(author)
        self._to_self = any(one in (author.identity, author.email) for one in reached if one)

    def send(
        self,
        method: str,
        path: str,
        body: Callable[[bool], Mapping[str, Any]],
        idempotent: Optional[bool] = None,
    ) -> Outcome:
        """One request with what `body` makes, given whether it is in their own name; a second one
        when PagerDuty does not know who asks: then in the name of `from`, with a note."""
        if self._own and not self._to_self:
            outcome = self._client.attempt(
                method, path, json=body(True), sender=self._own, idempotent=idempotent
            )
            if not _unknown_sender(outcome):
                return Outcome(outcome, self._own)
            why = f"PagerDuty does not know {self._own}, so there it is made by {self._sender}."
        elif self._own:
            why = (
                "PagerDuty notifies nobody of what they make themselves, so there it is made "
                f"by {self._sender}."
            )
        else:
            why = (
                f"In PagerDuty it is made by {self._sender}, since the config does not fully "
                f"map {self._author.shown}."
            )
        outcome = self._client.attempt(
            method, path, json=body(False), sender=self._sender, idempotent=idempotent
        )
        if _unknown_sender(outcome):
            raise self._no_sender()
        return Outcome(outcome, self._sender, (why,))

    def requester(self, own: bool) -> str:
        """The id of the user in whose name it is done. One request where the config has an address
        only."""
        if own and "@" not in self._author.identity:
            return self._author.identity
        found = user_of(self._client, self._own) if own else None
        found = found or user_of(self._client, self._sender)
        if not found:
            raise self._no_sender()
        return found

    def _no_sender(self) -> Failure:
        message = (
            f"The PagerDuty account has no user {self._sender}, in whose name opsroom speaks to it."
        )
        hint = f"An administrator has to correct pagers.{self._name}.from."
        return Failure(Code.UNAUTHORIZED, message, hint, {"sent": False})


def get_incident(client: Client, id: str) -> Tuple[Mapping[str, Any], Answer]:
    """An incident by its number ("1234", "#1234"), id or mark, and the answer it came in."""
    typed = id.strip()
    found = _ID.match(typed)
    if not found:
        raise _unknown(typed)
    wanted = found.group(1)
    if _MARK.match(wanted):
        answer = client.ask("GET", "/incidents", params=[("incident_key", wanted), ("limit", "2")])
        rows = answer.rows("incidents")
        # What came from an event has no key of its own; its alert has it.
        keys = [text_of(row.get("incident_key")) for row in rows]
        if wanted not in keys and keys != [""]:
            raise _unknown(typed)
        return rows[keys.index(wanted) if wanted in keys else 0], answer
    outcome = client.attempt("GET", f"/incidents/{quote(wanted, safe='')}")
    if isinstance(outcome, ApiError):
        raise _unknown(typed) if outcome.is_missing else outcome.error
    return outcome.part("incident"), outcome


def change(client: Client, id: str, status: str, author: Author, writer: Writer) -> Incident:
    """Acknowledge or resolve. Raises Refusal(page_closed) when it is resolved already."""
    row, answer = get_incident(client, id)
    before = incident_of(row, answer)
    _open(before)
    if before.state.value == status:
        return before
    content = {"type": "incident_reference", "status": status}
    if status == "resolved":
        # Kept as a note of it, so that PagerDuty has the name also where it cannot have the user.
        content["resolution"] = author.line
    outcome = writer.send("PUT", _path(before), lambda _: {"incident": content})
    failed = outcome.failed
    if failed is not None and failed.number in (_RESOLVED_ALREADY, _ACKNOWLEDGED_ALREADY):
        after = incident_of(*get_incident(client, before.id))
        if status == "acknowledged":
            _open(after)
        return after
    return _changed(outcome)


def escalated(client: Client, id: str, writer: Writer) -> Incident:
    """Hand it to the next level of its escalation policy on which there is someone who does not
    have it yet."""
    row, answer = get_incident(client, id)
    before = incident_of(row, answer)
    _open(before)
    policy = object_at(row, "escalation_policy")
    policy_id = text_of(policy.get("id"))
    if not policy_id:
        raise Refusal(
            Code.NOT_POSSIBLE, f"The incident {before.shown} has no escalation policy in PagerDuty."
        )
    levels = by_level(on_calls(client, Target("escalation_policy", policy_id)))
    direct = text_of(row.get("assigned_via")) == "direct_assignment"
    level = _next_level(levels, [text_of(one.get("id")) for one in assignees_of(row)], direct)
    if level is None:
        raise Refusal(
            Code.NOT_POSSIBLE,
            f"The incident {before.shown} is on the last level of the escalation policy "
            f"{shown(name_of(policy) or policy_id)}; there is nobody further.",
            f"To call someone more to it: add NAME to page {before.shown}",
        )
    content = {"type": "incident_reference", "escalation_level": level}
    # Not sent again after a lost answer: it may alert people a second time.
    return _changed(
        writer.send("PUT", _path(before), lambda _: {"incident": content}, idempotent=False)
    )


def responder_added(
    client: Client, id: str, target: Target, author: Author, writer: Writer
) -> Incident:
    """Ask a user or an escalation policy to come and help; of a schedule, the person on call
    there."""
    kind = "user" if target.kind == "schedule" else target.kind
    if kind not in ("user", "escalation_policy"):
        raise Refusal(
            Code.NOT_POSSIBLE,
            "PagerDuty can add a user or an escalation policy to an incident, and "
            f"{shown(target.shown)} is neither.",
            "Name a person, a schedule or an escalation policy.",
        )
    row, answer = get_incident(client, id)
    before = incident_of(row, answer)
    _open(before)
    wanted = target.id
    if target.kind == "schedule":
        on_call = on_calls(client, target)
        if not on_call:
            message = f"Nobody is on call on the PagerDuty schedule {shown(target.shown)} now."
            raise Failure(Code.NOBODY_NOTIFIED, message, "Nobody was added.", {"sent": False})
        wanted = on_call[0].user
    elif kind == "user":
        wanted = user_id(client, target)
    content = {
        "message": f"{before.title or before.shown} ({author.line})",
        "responder_request_targets": [
            {"responder_request_target": {"id": wanted, "type": f"{kind}_reference"}}
        ],
    }
    outcome = writer.send(
        "POST",
        f"{_path(before)}/responder_requests",
        lambda own: {"requester_id": writer.requester(own), **content},
        idempotent=False,
    )
    outcome.answer.part("responder_request")
    return before


def _path(incident: Incident) -> str:
    return f"/incidents/{quote(incident.id, safe='')}"


def _changed(outcome: Outcome) -> Incident:
    return incident_of(outcome.answer.part("incident"), outcome.answer)


def _next_level(levels: Mapping[int, List[str]], people: List[str], direct: bool) -> Optional[int]:
    """The next level with someone new. One that was assigned to a person directly is below the
    first."""
    ranks = sorted(levels)
    whole = [rank for rank in ranks if set(levels[rank]) == set(people)]
    part = [rank for rank in ranks if set(levels[rank]) & set(people)]
    now = 0 if direct else (whole or part or [0])[0]
    return next((rank for rank in ranks if rank > now and set(levels[rank]) - set(people)), None)


def _open(incident: Incident) -> None:
    if incident.state is State.RESOLVED:
        raise Refusal(
            Code.PAGE_CLOSED,
            f"The incident {incident.shown} is resolved in PagerDuty.",
            "If the problem persists, page again.",
        )


def _unknown(typed: str) -> Refusal:
    message = f"PagerDuty has no incident {shown(typed)}, or the configured token may not see it."
    return Refusal(Code.UNKNOWN_PAGE, message, "show pages lists those that are open.")


def _unknown_sender(outcome: Union[Answer, ApiError]) -> bool:
    return isinstance(outcome, ApiError) and (
        outcome.number in _UNKNOWN_SENDER or outcome.says("Requester User Not Found")
    )
