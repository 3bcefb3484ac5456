"""The teams, escalation policies, schedules and users of an Opsgenie account, and who is on
call."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional, Tuple
from urllib.parse import quote

from ...errors import Code, Refusal
from ...http import vendor
from ...http.content import objects_in, text_of
from ...names import comparable, shown
from .. import OnCall, Target
from .client import ACCOUNT, Client, rounded
from .mapping import is_id

_USERS_A_PAGE = 100
_MAX_USERS = 500
_MAX_SCHEDULES = 5


def look_up(client: Client, name: str) -> Tuple[Target, ...]:
    """All whose name equals it, case aside, else all whose name contains it. Users also by their
    full name."""
    wanted = comparable(name)
    every: List[Tuple[Target, Tuple[str, ...]]] = []
    for kind, path in (
        ("team", "/v2/teams"),
        ("escalation_policy", "/v2/escalations"),
        ("schedule", "/v2/schedules"),
    ):
        for one in _listed(client, path):
            called = text_of(one.get("name"))
            every.append((Target(kind, text_of(one.get("id")) or called, called), (called,)))
    for one in _users(client):
        username, full = text_of(one.get("username")), text_of(one.get("fullName"))
        if username:
            every.append((Target("user", username, full), (username, full)))
    exact = [
        target for target, called in every if wanted in [comparable(one) for one in called if one]
    ]
    part = [target for target, called in every if any(wanted in comparable(one) for one in called)]
    return tuple(exact or part) if wanted else ()


def on_call(client: Client, target: Target, within: Optional[float] = None) -> Tuple[OnCall, ...]:
    """Who is on call for a schedule, or for all schedules of a team; `within` so many seconds
    altogether."""
    until = None if within is None else vendor.clock() + within
    if target.kind == "schedule":
        return _recipients(client, target.id, target.shown, until)
    if target.kind != "team":
        raise Refusal(
            Code.NOT_POSSIBLE,
            "Opsgenie shows who is on call for teams and schedules, not for the escalation "
            f"policy {target.shown}.",
        )
    wanted = (target.id.casefold(), target.shown.casefold())
    found: List[Tuple[str, str]] = []
    for one in _listed(client, "/v2/schedules", until):
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
        for id, called in found[:_MAX_SCHEDULES]
        for duty in _recipients(client, id, called, until)
    )


def _recipients(client: Client, id: str, called: str, until: Optional[float]) -> Tuple[OnCall, ...]:
    params = (("scheduleIdentifierType", "id" if is_id(id) else "name"), ("flat", "true"))
    response = client.send(
        "GET",
        f"/v2/schedules/{quote(id, safe='')}/on-calls",
        ACCOUNT,
        params=params,
        accept=(404,),
        at_most=_left(until),
    )
    if response.status == 404:
        raise Refusal(Code.UNKNOWN_WHO, f"Opsgenie has no schedule {shown(called or id)}.")
    data: Mapping[str, Any] = client.data(response, Mapping)
    names = data.get("onCallRecipients")
    if not isinstance(names, list):
        raise response.unexpected("answered JSON without those who are on call")
    return tuple(OnCall(text_of(one), through=called) for one in names if text_of(one))


def _listed(client: Client, path: str, until: Optional[float] = None) -> List[Mapping[str, Any]]:
    # Such a list is there in every account: a 404 is that of no Opsgenie.
    response = client.send("GET", path, ACCOUNT, at_most=_left(until))
    return [one for one in objects_in(client.data(response, list)) if text_of(one.get("name"))]


def _left(until: Optional[float]) -> Optional[float]:
    return None if until is None else rounded(until - vendor.clock())


def _users(client: Client) -> List[Mapping[str, Any]]:
    """The users, as far as they are read: looking for one with a query would put what was typed
    into a search."""
    found: List[Mapping[str, Any]] = []
    while len(found) < _MAX_USERS:
        params = (("limit", str(_USERS_A_PAGE)), ("offset", str(len(found))))
        page = objects_in(
            client.data(client.send("GET", "/v2/users", ACCOUNT, params=params), list)
        )
        found += page
        if len(page) < _USERS_A_PAGE:
            break
    return found
