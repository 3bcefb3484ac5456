"""The teams, escalation policies, routing keys and users of an organisation of Splunk On-Call, and
who is on call."""

from __future__ import annotations

import hashlib
import json
import os
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple
from urllib.parse import quote

from ...errors import Code, Failure, OpsroomError, Refusal
from ...http import vendor
from ...http.content import text_of
from ...names import comparable, listed, shown
from ...structs import dataclass
from ...times.iso import moment_of
from .. import OnCall, Target
from .client import Api
from .mapping import inside, items, named

# Tests put their own here.
now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)  # noqa: E731
wall: Callable[[], float] = time.time

# The list of escalation policies may be asked for once a minute.
_FRESH = 60.0
_MAX_TEAMS = 3


@dataclass(frozen=True)
class Watch:
    """Who is on call for an escalation policy of a team."""

    team: str
    team_slug: str
    policy: str
    slug: str
    users: Tuple[str, ...]


class Organisation:
    """Asks when it has to, and remembers the escalation policies for a minute, also for the next
    process."""

    def __init__(self, api: Api, keep: Optional[Path]) -> None:
        self._api = api
        self._keep = keep

    def look_up(self, name: str) -> Tuple[Target, ...]:
        """All that are called that, case aside, else all whose name contains it: 4 requests, 3
        within a minute."""
        wanted = comparable(name)
        every: List[Tuple[Target, Tuple[str, ...]]] = []
        for one in self._api.rows("/v1/team"):
            every.append(_target("team", one))
        for one in self.policies():
            every.append(_target("escalation_policy", inside(one, "policy")))
        for one in self.routing_keys():
            key = text_of(inside(one, "routingKey"))
            every.append((Target("routing_key", key), (key,)))
        for one in self._api.rows("/v1/user", "users"):
            username = text_of(inside(one, "username"))
            full = f"{text_of(inside(one, 'firstName'))} {text_of(inside(one, 'lastName'))}".strip()
            every.append(
                (Target("user", username, full), (username, full, text_of(inside(one, "email"))))
            )
        every = [(target, names) for target, names in every if target.id]
        exact = [
            target for target, names in every if wanted in [comparable(one) for one in names if one]
        ]
        part = [
            target for target, names in every if any(wanted in comparable(one) for one in names)
        ]
        return tuple(exact or part) if wanted else ()

    def policies_of(self, target: Target) -> List[str]:
        """The slugs of the escalation policies that a target stands for.

        Raises Refusal(unknown_who) when there is none, Refusal(which_who) when a team has several.
        """
        if target.kind == "routing_key":
            for one in self.routing_keys():
                if text_of(inside(one, "routingKey")).casefold() == target.id.casefold():
                    return [
                        text_of(inside(to, "policySlug")) for to in items(inside(one, "targets"))
                    ]
            raise _unknown("routing key", target)
        part = "team" if target.kind == "team" else "policy"
        found = [
            inside(one, "policy") for one in self.policies() if named(inside(one, part), target.id)
        ]
        if not found:
            raise _unknown("team" if part == "team" else "escalation policy", target)
        if len(found) > 1 and part == "team":
            names = listed(
                [text_of(inside(one, "name")) or text_of(inside(one, "slug")) for one in found]
            )
            raise Refusal(
                Code.WHICH_WHO,
                f"Team {target.shown} has several escalation policies in Splunk On-Call: {names}.",
                "Name one of them, or let the config name one for the team: "
                "{escalation_policy: …}.",
            )
        return [slug for slug in (text_of(inside(one, "slug")) for one in found) if slug]

    def on_call(
        self, target: Target, slugs: Sequence[str] = (), within: Optional[float] = None
    ) -> Tuple[OnCall, ...]:
        """Who is on call now (1 request, 1 more for a routing key) and until when (1 for each team
        of them).

        `slugs`: the escalation policies that the target is known to stand for. `within` so many
        seconds altogether. Raises Refusal(unknown_who) when there is no such target.
        """
        until = None if within is None else vendor.clock() + within
        if target.kind == "routing_key" and not slugs:
            slugs = self.policies_of(target)
        watches = [one for one in self._watches(self._left(until)) if _is_of(one, target, slugs)]
        if not watches and not slugs:
            # Nobody is on call, or there is no such team: the list of those on call does not show
            # which.
            self._check(target)
        ends = self._ends([one.team_slug for one in watches if one.users], until)
        return tuple(
            OnCall(user, ends.get((one.slug, user.casefold())), through=one.policy)
            for one in watches
            for user in one.users
        )

    def routing_keys(self) -> List[Mapping[str, Any]]:
        """The routing keys with the escalation policies they lead to."""
        return self._api.rows("/v1/org/routing-keys", "routingKeys")

    def policies(self) -> List[Mapping[str, Any]]:
        """The escalation policies with their teams, at most a minute old; older where they may not
        be asked for yet."""
        kept, age = self._kept()
        if kept is not None and 0 <= age < _FRESH:
            return kept
        try:
            found = self._api.rows("/v1/policies", "policies")
        except Failure as failure:
            # Too many requests are 403 there, as is a wrong key; with what is known a human is
            # still woken.
            if failure.code not in (Code.RATE_LIMITED, Code.UNAUTHORIZED):
                raise
            return self._watched() if kept is None else kept
        self._remember(found)
        return found

    def _watched(self) -> List[Mapping[str, Any]]:
        """The escalation policies that someone is on call for, which may be asked for more
        often."""
        return [
            {
                "policy": {"name": one.policy, "slug": one.slug},
                "team": {"name": one.team, "slug": one.team_slug},
            }
            for one in self._watches(None)
        ]

    def _check(self, target: Target) -> None:
        if target.kind == "escalation_policy":
            self.policies_of(target)
        elif target.kind == "team" and not any(
            named(one, target.id) for one in self._api.rows("/v1/team")
        ):
            raise _unknown("team", target)

    def _watches(self, time_limit: Optional[float]) -> List[Watch]:
        found: List[Watch] = []
        for one in self._api.rows("/v1/oncall/current", "teamsOnCall", time_limit):
            team, slug = text_of(inside(one, "team", "name")), text_of(inside(one, "team", "slug"))
            for watch in items(inside(one, "onCallNow")):
                policy = inside(watch, "escalationPolicy")
                users = [
                    text_of(inside(who, "onCallUser", "username"))
                    for who in items(inside(watch, "users"))
                ]
                found.append(
                    Watch(
                        team,
                        slug,
                        text_of(inside(policy, "name")),
                        text_of(inside(policy, "slug")),
                        tuple(dict.fromkeys(user for user in users if user)),
                    )
                )
        return found

    def _ends(
        self, teams: Sequence[str], until: Optional[float]
    ) -> Dict[Tuple[str, str], datetime]:
        """Until when they are on call, by policy and user; without those of whom that cannot be
        told."""
        ends: Dict[Tuple[str, str], datetime] = {}
        for team in list(dict.fromkeys(team for team in teams if team))[:_MAX_TEAMS]:
            try:
                # "@" must stay as it is.
                path = f"/v2/team/{quote(team, safe='@')}/oncall/schedule"
                content = self._api.get(path, self._left(until))
            except OpsroomError:
                continue
            for one in items(inside(content, "schedules")):
                slug = text_of(inside(one, "policy", "slug"))
                for user, end in _shifts(one, now()):
                    ends.setdefault((slug, user.casefold()), end)
        return ends

    def _left(self, until: Optional[float]) -> Optional[float]:
        if until is None:
            return None
        return min(round(max(until - vendor.clock(), 0.1), 1), self._api.time_limit)

    def _path(self) -> Optional[Path]:
        if self._keep is None:
            return None
        options = self._api.options
        account = hashlib.sha256(
            f"{options.url}\n{options.api_id}".encode("utf-8", "replace")
        ).hexdigest()[:16]
        return self._keep / f"victorops-policies-{account}.json"

    def _kept(self) -> Tuple[Optional[List[Mapping[str, Any]]], float]:
        path = self._path()
        try:
            content = json.loads(path.read_text("utf-8")) if path else None
        except (OSError, ValueError, RecursionError):
            return None, 0.0
        at, policies = inside(content, "at"), inside(content, "policies")
        if (
            isinstance(at, bool)
            or not isinstance(at, (int, float))
            or not isinstance(policies, list)
        ):
            return None, 0.0
        return items(policies), wall() - at

    def _remember(self, policies: List[Mapping[str, Any]]) -> None:
        """Keep them for the next process. That this fails is no reason to page nobody."""
        path = self._path()
        if path is None:
            return
        # Two processes may write at once: each its own file, put in place as a whole.
        beside = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(
                os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w"
            ) as file:
                json.dump({"at": wall(), "policies": policies}, file)
            os.replace(beside, path)
        except (OSError, ValueError):
            return


def _target(kind: str, one: Any) -> Tuple[Target, Tuple[str, ...]]:
    name, slug = text_of(inside(one, "name")), text_of(inside(one, "slug"))
    return Target(kind, slug or name, name), (name, slug)


def _is_of(watch: Watch, target: Target, slugs: Sequence[str]) -> bool:
    if slugs or target.kind == "routing_key":
        return watch.slug in slugs
    names = (watch.team, watch.team_slug) if target.kind == "team" else (watch.policy, watch.slug)
    return target.id.casefold() in [name.casefold() for name in names if name]


def _shifts(schedule: Mapping[str, Any], at: datetime) -> List[Tuple[str, datetime]]:
    """Who is on call at a moment, and until when; someone who stands in for another one comes
    first."""
    found: List[Tuple[str, datetime]] = []
    for one in items(inside(schedule, "overrides")):
        found += _current(text_of(inside(one, "overrideOnCallUser", "username")), one, at)
    for entry in items(inside(schedule, "schedule")):
        user = text_of(inside(entry, "onCallUser", "username"))
        for roll in items(inside(entry, "rolls")):
            found += _current(text_of(inside(roll, "onCallUser", "username")) or user, roll, at)
    return found


def _current(user: str, shift: Mapping[str, Any], at: datetime) -> List[Tuple[str, datetime]]:
    start, end = moment_of(inside(shift, "start")), moment_of(inside(shift, "end"))
    return [(user, end)] if user and start and end and start <= at < end else []


def _unknown(what: str, target: Target) -> Refusal:
    return Refusal(Code.UNKNOWN_WHO, f"Splunk On-Call has no {what} {shown(target.shown)}.")
