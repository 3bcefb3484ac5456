"""The figures themselves, in one pass over the ends of deployments and over incidents. Pure.

docs/metrics.md has the definitions, and says where they are published.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from heapq import merge
from typing import Deque, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple, Union

from ..names import comparable
from ..versions import same
from .model import DAY, End, Figures, IncidentRecord, Kind, Named, Reason, Scope

# What an incident or an emergency is held against: the latest change, if that is no older. What
# was well for longer is not why someone has to intervene at once. Seconds.
WINDOW = DAY
# So many changes of a place are remembered, to see which one a rollback goes back from.
REMEMBERED = 50
EMERGENCY, ROLLBACK = "emergency deploy", "rollback"
_UNKNOWN = "unknown"


def kind_of(end: End) -> Kind:
    """What an end means. What ran before and after is compared by commits where both are known."""
    before, wanted = end.before, end.wanted
    back = end.command == ROLLBACK or end.goes_back
    again = bool(end.version_before) and same(before, wanted)
    succeeded = end.event == "succeeded"
    if end.event == "cancelled":
        return Kind.CANCELLED
    if not succeeded and end.running is not None and end.running != _UNKNOWN:
        # What runs was asked after it ended; its name alone is known.
        runs = Named(end.running)
        if end.event == "interrupted" and not again and same(runs, wanted):
            succeeded = True
        elif same(runs, before) or not (end.running or end.version_before):
            return Kind.UNTOUCHED
    if succeeded:
        return Kind.BACK if back else Kind.REDEPLOY if again else Kind.CHANGE
    return Kind.OTHER if back or again else Kind.FAILED


def _lead_times(end: End) -> List[float]:
    at = end.at
    if max(end.commit_times) <= at:
        return [at - one for one in end.commit_times]
    # Clocks of committers are not ours: nothing was committed after it was deployed.
    return [max(at - one, 0.0) for one in end.commit_times]


class Calculation:
    """Counts what happens in several spans of time, such as a period and the one before, or the
    weeks of a period.

    A deployment belongs to the span in which it ended, with all that showed of it later.
    """

    def __init__(self, scope: Scope, spans: Sequence[Tuple[float, float]]) -> None:
        """`spans` are in order and do not overlap, each from its first moment to the first one
        after it, in seconds since 1970."""
        self._scope = scope
        self._since = [since for since, _ in spans]
        self._until = [until for _, until in spans]
        # For each span the figures of each application.
        self.spans: List[Dict[str, Figures]] = [{} for _ in spans]
        self._places: Dict[Tuple[str, str], _Place] = {}
        self._open: Dict[str, _Incident] = {}
        # How many of them are about each application.
        self._troubled: Dict[str, int] = {}
        # For what is outside of all spans.
        self._elsewhere = Figures()

    def run(self, ends: Iterable[End], incidents: Iterable[IncidentRecord] = ()) -> None:
        """Count all of it. Both are in the order of the record."""
        events: Iterable[Union[End, IncidentRecord]] = merge(ends, incidents)
        for event in events:
            if isinstance(event, End):
                self._ended(event)
            elif self._scope.incident_apps is not None:
                self._incident(event)

    def _figures(self, app: str, at: float) -> Figures:
        """Where something of that moment is counted."""
        number = bisect_right(self._since, at) - 1
        if number < 0 or at >= self._until[number]:
            return self._elsewhere
        found = self.spans[number].get(app)
        if found is None:
            found = self.spans[number][app] = Figures()
        return found

    def _ended(self, end: End) -> None:
        key = (end.app, end.environment)
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = _Place()
        kind = kind_of(end)
        figures = self._figures(end.app, end.at)
        if kind is Kind.CANCELLED:
            figures.cancelled += 1
        elif kind is Kind.UNTOUCHED:
            figures.untouched += 1
        elif kind is Kind.OTHER:
            figures.others += 1
        else:
            self._touched(place, end, kind, figures)

    def _touched(self, place: _Place, end: End, kind: Kind, figures: Figures) -> None:
        emergency = end.command == EMERGENCY
        if emergency:
            figures.emergencies += 1
            place.needs_emergency(end.at)
        if kind is Kind.FAILED:
            figures.attempts += 1
            place.failed(_Change(end, figures))
            return
        if kind is Kind.BACK:
            place.goes_back(end)
        place.works_again(end.at, replaced=emergency or kind is Kind.BACK)
        if kind is Kind.REDEPLOY:
            figures.redeploys += 1
            return
        figures.rework += kind is Kind.BACK or emergency or bool(self._troubled.get(end.app))
        if kind is Kind.BACK:
            figures.rollbacks += 1
            place.put_back(end)
            return
        figures.deployments += 1
        figures.attempts += 1
        if end.commit_times and not end.more_commits:
            figures.lead_known += 1
            figures.lead_times.extend(_lead_times(end))
        place.changes.append(_Change(end, figures))

    def _incident(self, event: IncidentRecord) -> None:
        if not event.opens:
            closed = self._open.pop(event.id, None)
            if closed is not None:
                self._troubled[closed.app] -= 1
                if closed.change is not None:
                    closed.change.recover(event.at)
            return
        if event.id in self._open:
            return  # declared again, since something of it could not be made
        named = self._scope.incident_apps or {}
        app = event.app or named.get(comparable(event.who), "")
        if app and self._scope.apps is not None and app not in self._scope.apps:
            return
        figures = self._figures(app, event.at)
        if not app:
            figures.incidents_elsewhere += 1
            return
        figures.incidents += 1
        place = self._places.get((app, self._scope.environment))
        change = place.has_incident(event.at) if place is not None else None
        self._open[event.id] = _Incident(app, change)
        self._troubled[app] = self._troubled.get(app, 0) + 1


class _Change:
    """A deployment that changed what runs, or tried to, and where it is counted."""

    __slots__ = ("at", "figures", "reason", "recovered", "version")

    def __init__(self, end: End, figures: Figures) -> None:
        self.at = end.at
        self.version = end.wanted
        self.figures = figures
        self.reason: Optional[Reason] = None
        self.recovered = False

    def fail(self, reason: Reason) -> bool:
        """It turned out to need intervention; what shows that first counts. Whether this did."""
        if self.reason is not None:
            return False
        self.reason = reason
        self.figures.fail(reason)
        return True

    def recover(self, at: float) -> None:
        """What it had broken works again; the first time counts."""
        if not self.recovered:
            self.recovered = True
            self.figures.recoveries.append(max(at - self.at, 0.0))


class _Incident(NamedTuple):
    """An incident that is open, and the change that it is held against."""

    app: str
    change: Optional[_Change]


class _Place:
    """An application on an environment.

    `changes` are in place, the latest of which runs, as far back as is remembered. `waiting` have
    failed and are recovered from with whatever is deployed next, `troubled` with what replaces
    them, or when their incident is closed.
    """

    __slots__ = ("changes", "troubled", "waiting")

    def __init__(self) -> None:
        self.changes: Deque[_Change] = deque(maxlen=REMEMBERED)
        self.waiting: List[_Change] = []
        self.troubled: List[_Change] = []

    def _blamed(self, at: float) -> Optional[_Change]:
        """The change that runs, if it is so new that it may be the reason for something now."""
        latest = self.changes[-1] if self.changes else None
        return latest if latest is not None and at - latest.at <= WINDOW else None

    def needs_emergency(self, at: float) -> None:
        """Someone had to deploy past what was in the way."""
        change = self._blamed(at)
        if change is not None and change.fail(Reason.EMERGENCY):
            self.waiting.append(change)

    def has_incident(self, at: float) -> Optional[_Change]:
        """An incident was declared; the change that it is held against, if that had not failed
        before."""
        change = self._blamed(at)
        if change is None or not change.fail(Reason.INCIDENT):
            return None
        self.troubled.append(change)
        return change

    def failed(self, change: _Change) -> None:
        """A change did not come up."""
        change.fail(Reason.FAILED)
        self.waiting.append(change)

    def goes_back(self, end: End) -> None:
        """An earlier version was put back: what ran needed intervention. What ran is the latest
        change, unless one failed since, or another version was found there."""
        if not self.changes:
            return
        latest, before = self.changes[-1], end.before
        if before.version:
            fled = same(latest.version, before)
        else:
            fled = not any(one.reason is Reason.FAILED for one in self.waiting)
        if fled and latest.fail(Reason.ROLLED_BACK):
            latest.recover(end.at)

    def works_again(self, at: float, replaced: bool) -> None:
        """Something was deployed; `replaced`: to repair what ran."""
        for change in self.waiting:
            change.recover(at)
        self.waiting.clear()
        if replaced:
            for change in self.troubled:
                change.recover(at)
            self.troubled.clear()

    def put_back(self, end: End) -> None:
        """An earlier version runs again: what came after it is gone."""
        wanted = end.wanted
        while self.changes and not same(self.changes[-1].version, wanted):
            self.changes.pop()
