"""Delivery figures once more, slow and obvious: each question is answered by looking at the whole
history again. Nothing is carried from one end to the next."""

from __future__ import annotations

from statistics import median
from typing import Any, Dict, List, Optional, Sequence, Tuple

from opsroom.metrics.model import End, IncidentRecord, Scope
from opsroom.names import comparable
from opsroom.versions import Running, same

DAY = 86400.0
REMEMBERED = 50


def before(end: End) -> Running:
    return Running(end.version_before, end.commit_before)


def wanted(end: End) -> Running:
    return Running(end.version, end.commit)


def again(end: End) -> bool:
    return end.version_before != "" and same(before(end), wanted(end))


def back(end: End) -> bool:
    return end.command == "rollback" or end.goes_back


def known_to_run(end: End) -> bool:
    return end.running is not None and end.running != "unknown"


def arrived(end: End) -> bool:
    """It is in place: it succeeded, or its runner was lost and what it wanted runs."""
    if end.event == "interrupted" and known_to_run(end) and not again(end):
        return same(Running(end.running or ""), wanted(end))
    return end.event == "succeeded"


def left_alone(end: End) -> bool:
    """It failed, and what ran before still runs."""
    if end.event not in ("failed", "interrupted") or arrived(end) or not known_to_run(end):
        return False
    nothing = end.running == "" and end.version_before == ""
    return nothing or same(Running(end.running or ""), before(end))


def is_change(end: End) -> bool:
    return arrived(end) and not back(end) and not again(end)


def did_not_come_up(end: End) -> bool:
    over = end.event in ("failed", "interrupted") and not arrived(end) and not left_alone(end)
    return over and not back(end) and not again(end)


def is_attempt(end: End) -> bool:
    return is_change(end) or did_not_come_up(end)


def is_emergency(end: End) -> bool:
    return end.command == "emergency deploy" and (arrived(end) or did_not_come_up(end))


class History:
    """All that happened, with what can be asked about it."""

    def __init__(
        self, scope: Scope, ends: Sequence[End], incidents: Sequence[IncidentRecord]
    ) -> None:
        self.scope = scope
        self.ends = sorted(ends)
        self.incidents = sorted(incidents) if scope.incident_apps is not None else []

    def there(self, app: str, first: int = 0, last: int = 2**63) -> List[End]:
        """The ends of an application, of the records from one to another."""
        return [one for one in self.ends if one.app == app and first <= one.seq <= last]

    def in_place(self, app: str, seq: int) -> List[End]:
        """The changes that are in place just before a record, the latest last: those that no
        rollback took away."""
        stack: List[End] = []
        for one in self.there(app, last=seq - 1):
            if is_change(one):
                stack = [*stack, one][-REMEMBERED:]
            elif arrived(one) and back(one):
                while stack and not same(wanted(stack[-1]), wanted(one)):
                    stack = stack[:-1]
        return stack

    def blamed(self, app: str, seq: int, at: float) -> Optional[End]:
        stack = self.in_place(app, seq)
        return stack[-1] if stack and at - stack[-1].at <= DAY else None

    def flees(self, rollback: End) -> Optional[End]:
        """The change that a rollback goes back from."""
        stack = self.in_place(rollback.app, rollback.seq)
        if not stack:
            return None
        if rollback.version_before:
            return stack[-1] if same(wanted(stack[-1]), before(rollback)) else None
        for one in reversed(self.there(rollback.app, last=rollback.seq - 1)):
            if did_not_come_up(one):
                return None
            if arrived(one):
                break
        return stack[-1]

    def app_of(self, incident: IncidentRecord) -> str:
        app = incident.app or (self.scope.incident_apps or {}).get(comparable(incident.who), "")
        return app if self.scope.apps is None or app in self.scope.apps else ""

    def declared(self) -> List[IncidentRecord]:
        """The records with which an incident of an application begins: not those that declare again
        what is open."""
        found, still_open = [], set()
        for one in self.incidents:
            if one.opens and one.id not in still_open and self.app_of(one):
                found.append(one)
                still_open.add(one.id)
            elif not one.opens:
                still_open.discard(one.id)
        return found

    def closed(self, incident: IncidentRecord) -> Optional[IncidentRecord]:
        for one in self.incidents:
            if one.seq > incident.seq and one.id == incident.id and not one.opens:
                return one
        return None

    def mark(self, change: End) -> Optional[Tuple[int, str]]:
        """The first thing that shows that a change needed intervention, and what that is."""
        if did_not_come_up(change):
            return change.seq, "failed"
        found: List[Tuple[int, str]] = []
        for one in self.there(change.app, change.seq + 1):
            if is_emergency(one) and self.blamed(one.app, one.seq, one.at) == change:
                found.append((one.seq, "emergency"))
            if arrived(one) and back(one) and self.flees(one) == change:
                found.append((one.seq, "rolled_back"))
        for event in self.declared():
            if event.seq <= change.seq or self.app_of(event) != change.app:
                continue
            if self.blamed(change.app, event.seq, event.at) == change:
                found.append((event.seq, "incident"))
        # An emergency may be a rollback too: that it was an emergency counts.
        return min(found) if found else None

    def recovered(self, change: End) -> Optional[float]:
        """When what a change had broken worked again."""
        mark = self.mark(change)
        if mark is None:
            return None
        seq, way = mark
        first = seq + 1 if way == "failed" else seq
        later = [one for one in self.there(change.app, first) if arrived(one)]
        if way == "incident":
            later = [one for one in later if back(one) or one.command == "emergency deploy"]
            [event] = [one for one in self.incidents if one.seq == seq]
            closed = self.closed(event)
            both = sorted([(one.seq, one.at) for one in [*later, closed] if one is not None])
            return both[0][1] if both else None
        return later[0].at if later else None

    def has_open_incident(self, end: End) -> bool:
        for event in self.declared():
            closed = self.closed(event)
            over = closed is not None and closed.seq < end.seq
            if event.seq < end.seq and self.app_of(event) == end.app and not over:
                return True
        return False


def slow_figures(
    scope: Scope,
    span: Tuple[float, float],
    ends: Sequence[End],
    incidents: Sequence[IncidentRecord],
) -> Dict[str, Any]:
    """The figures of one span of time, under the names that `shown` gives them."""
    history = History(scope, ends, incidents)
    inside = [one for one in history.ends if span[0] <= one.at < span[1]]
    changes = [one for one in inside if is_change(one)]
    attempts = [one for one in inside if is_attempt(one)]
    rollbacks = [one for one in inside if arrived(one) and back(one)]
    ways = [mark[1] for mark in map(history.mark, attempts) if mark is not None]
    over = [(history.recovered(one), one.at) for one in attempts]
    recoveries = [max(at - ended, 0.0) for at, ended in over if at is not None]
    known = [one for one in changes if one.commit_times and not one.more_commits]
    lead = [max(one.at - at, 0.0) for one in known for at in one.commit_times]
    unplanned = [
        one
        for one in [*changes, *rollbacks]
        if back(one) or one.command == "emergency deploy" or history.has_open_incident(one)
    ]
    return {
        "deployments": len(changes),
        "attempts": len(attempts),
        "ways": {way: ways.count(way) for way in set(ways)},
        "recoveries": sorted(recoveries),
        "recovery_time": median(recoveries) if recoveries else None,
        "unrecovered": len(ways) - len(recoveries),
        "lead_time": median(lead) if lead else None,
        "lead_known": len(known),
        "rollbacks": len(rollbacks),
        "rework": len(unplanned),
        "emergencies": sum(map(is_emergency, inside)),
        "redeploys": sum(arrived(one) and again(one) and not back(one) for one in inside),
        "untouched": sum(map(left_alone, inside)),
        "cancelled": sum(one.event == "cancelled" for one in inside),
    }
