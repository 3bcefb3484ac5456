"""What an Opsgenie account knows: its teams, escalation policies, schedules and users, and who is
on call."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional, Tuple
from urllib.parse import quote

from ...errors import Code, Refusal
from ...names import comparable, shown
from .. import OnCall, Target
from .client import Api, clock
from .errors import bad
from .mapping import is_id, items, text_of

_USERS_A_PAGE = 100
_MOST_USERS = 500
_MOST_SCHEDULES = 5


def look_up(api: Api, name: str) -> Tuple[Target, ...]:
    """All whose name equals it, case aside, else all whose name contains it. Users also by their
    full name."""
    wanted = comparable(name)
    every: List[Tuple[Target, Tuple[str, ...]]] = []
    for kind, path in (
        ("team", "/v2/teams"),
        ("escalation_policy", "/v2/escalations"),
        ("schedule", "/v2/schedules"),
    ):
        for one in _listed(api, path):
            called = text_of(one.get("name"))
            every.append((Target(kind, text_of(one.get("id")) or called, called), (called,)))
    for one in _users(api):
        username, full = text_of(one.get("username")), text_of(one.get("fullName"))
        if username:
            every.append((Target("user", username, full), (username, full)))
    exact = [
        target for target, called in every if wanted in [comparable(one) for one in called if one]
    ]
    part = [target for target, called in every if any(wanted in comparable(one) for one in called)]
    return tuple(exact or part) if wanted else ()


def on_call(api: Api, target: Target, within: Optional[float] = None) -> Tuple[OnCall, ...]:
    """Who is on call for a schedule, or for all schedules of a team; `within` so many seconds
    altogether."""
    until = None if within is None else clock() + within
    if target.kind == "schedule":
        return _recipients(api, target.id, target.shown, until)
    if target.kind != "team":
        raise Refusal(
            Code.NOT_POSSIBLE,
            "Opsgenie tells who is on call for teams and schedules, not for the escalation "
            f"policy {target.shown}.",
        )
    wanted = (target.id.casefold(), target.shown.casefold())
    found: List[Tuple[str, str]] = []
    for one in _listed(api, "/v2/schedules", until):
        team = one.get("ownerTeam")
        names = (
            [text_of(team.get(key)).casefold() for key in ("id", "name")]
            if isinstance(team, Mapping)
            else []
        )
        if one.get("enabled") is not False and any(name and name in wanted for name in names):
            called = text_of(one.get("name"))
            found.append((text_of(one.get("id")) or called, called))
    if not found:
        raise Refusal(
            Code.NOT_POSSIBLE,
            f"Opsgenie has no schedule that belongs to a team {shown(target.shown)}, so that "
            "nobody is on call there.",
        )
    return tuple(
        duty
        for id, called in found[:_MOST_SCHEDULES]
        for duty in _recipients(api, id, called, until)
    )


def _recipients(api: Api, id: str, called: str, until: Optional[float]) -> Tuple[OnCall, ...]:
    params = (("scheduleIdentifierType", "id" if is_id(id) else "name"), ("flat", "true"))
    answer = api.read(
        f"/v2/schedules/{quote(id, safe='')}/on-calls", params, time_limit=_left(api, until)
    )
    if answer.status == 404:
        raise Refusal(Code.UNKNOWN_WHO, f"Opsgenie has no schedule {shown(called or id)}.")
    data: Mapping[str, Any] = api.data(answer, Mapping)
    names = data.get("onCallRecipients")
    if not isinstance(names, list):
        raise bad(answer, "answered JSON without those who are on call")
    return tuple(OnCall(text_of(one), through=called) for one in names if text_of(one))


def _listed(api: Api, path: str, until: Optional[float] = None) -> List[Mapping[str, Any]]:
    # Such a list is there in every account: a 404 is that of no Opsgenie.
    answer = api.send("GET", path, account=True, time_limit=_left(api, until))
    return [one for one in items(api.data(answer, list)) if text_of(one.get("name"))]


def _left(api: Api, until: Optional[float]) -> Optional[float]:
    return (
        None if until is None else min(round(max(until - clock(), 0.1), 1), api.access.time_limit)
    )


def _users(api: Api) -> List[Mapping[str, Any]]:
    """The users, as far as they are read: looking for one with a query would put what was typed
    into a search."""
    found: List[Mapping[str, Any]] = []
    while len(found) < _MOST_USERS:
        params = (("limit", str(_USERS_A_PAGE)), ("offset", str(len(found))))
        page = items(api.data(api.send("GET", "/v2/users", params=params, account=True), list))
        found += page
        if len(page) < _USERS_A_PAGE:
            break
    return found
