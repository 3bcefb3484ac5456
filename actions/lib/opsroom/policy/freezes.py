"""Whether a freeze is in force, and until when."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import List, Optional, Sequence, Tuple

from ..config.model import Environment, Freeze
from ..errors import Code
from ..names import listed
from ..structs import dataclass
from ..times.points import Dated, Weekly, read_point
from ..times.zones import at, local_time, zone
from . import YES, Decision, no

# Windows that touch without an end (all week, in two halves) are followed for about two years of
# weekends.
_MAX_CHAIN = 200


@dataclass(frozen=True)
class Frozen:
    """A freeze in force. `until` is when deploying is possible again (UTC), None where no end is in
    sight.

    `name` has the freezes that touch one another up to there; `timezone` is that of the last of
    them.
    """

    name: str
    until: Optional[datetime]
    timezone: str


@dataclass(frozen=True)
class _Rule:
    freeze: Freeze
    begins: object
    ends: object
    timezone_info: tzinfo

    def end(self, moment: datetime) -> Optional[datetime]:
        """When the window of this freeze that holds at a moment is over; None where none does."""
        ends = [end for begin, end in self._windows(moment) if begin <= moment < end]
        return max(ends, default=None)

    def _windows(self, moment: datetime) -> List[Tuple[datetime, datetime]]:
        """The windows that may hold at a moment, in UTC.

        On days when clocks change a window is as long as its words allow: it begins the first time
        the clock shows its beginning, and is over the last time the clock shows its end.
        """
        begins, ends = self.begins, self.ends
        if isinstance(begins, Dated) and isinstance(ends, Dated):
            return [
                (
                    at(begins.begins(), self.timezone_info),
                    at(ends.ends(), self.timezone_info, late=True),
                )
            ]
        if not (isinstance(begins, Weekly) and isinstance(ends, Weekly)):
            return []
        # pylint: disable=no-member
        days = (ends.day - begins.day) % 7
        if days == 0 and ends.clock <= begins.clock:
            days = 7
        today = moment.astimezone(self.timezone_info).date()
        first_days = [
            day
            for day in (today + timedelta(days=n) for n in range(-8, 2))
            if day.weekday() == begins.day
        ]
        return [
            (
                at(datetime.combine(day, begins.clock), self.timezone_info),
                at(
                    datetime.combine(day + timedelta(days=days), ends.clock),
                    self.timezone_info,
                    late=True,
                ),
            )
            for day in first_days
        ]


def in_force(freezes: Sequence[Freeze], now: datetime) -> Optional[Frozen]:
    """The freeze that holds at a moment, None without one.

    Windows that overlap or touch count as one: what people need to know is when deploying is
    possible again. A window holds from its beginning up to, not including, its end.
    """
    rules = [
        _Rule(one, read_point(one.begins), read_point(one.ends), zone(one.timezone))
        for one in freezes
    ]
    names: List[str] = []
    until, place = now, ""
    for _ in range(_MAX_CHAIN):
        holding = [
            (end, rule.freeze) for rule in rules for end in [rule.end(until)] if end is not None
        ]
        if not holding:
            return Frozen(listed(names, most=3), until, place) if names else None
        until, last = max(holding, key=lambda one: one[0])
        place = last.timezone
        names += [one.name for _end, one in holding if one.name not in names]
    return Frozen(listed(names, most=3), None, place)


def frozen(environment: Environment, now: datetime) -> Decision:
    """Whether an environment (as it is for the application) may be deployed to at this time."""
    found = in_force(environment.freezes, now)
    if found is None:
        return YES
    until = (
        f"until {local_time(found.until, now, found.timezone)}"
        if found.until
        else "with no end in sight"
    )
    after = (
        "Try again after that."
        if found.until
        else "An administrator can change its freezes in the config."
    )
    urgent = (
        f" In an emergency {listed(environment.emergency)} may: "
        f"emergency deploy APP VERSION to {environment.name}: REASON"
        if environment.emergency
        else ""
    )
    return no(
        Code.FROZEN, f"{environment.name} is frozen ({found.name}) {until}.", f"{after}{urgent}"
    )
