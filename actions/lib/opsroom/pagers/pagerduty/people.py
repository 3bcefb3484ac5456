"""Who is who in a PagerDuty account, and who is on call. These requests never page anyone."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Tuple
from urllib.parse import quote

from ...errors import Code, OpsroomError, Refusal
from ...http.content import object_at, text_of
from ...names import comparable, shown
from ...people import Author
from .. import Target
from .client import ApiError, Client
from .mapping import UserOnCall, name_of, on_calls_of
from .options import EMAIL

# Where its own names are, in the order in which people read them.
_LISTS = (
    ("service", "/services", "services"),
    ("escalation_policy", "/escalation_policies", "escalation_policies"),
    ("schedule", "/schedules", "schedules"),
    ("user", "/users", "users"),
)
_FILTERS = {
    "escalation_policy": "escalation_policy_ids[]",
    "schedule": "schedule_ids[]",
    "user": "user_ids[]",
}
# For what is asked on the way and may as well stay unknown, in seconds.
_SOFT_LIMIT = 3.0


def look_up(client: Client, name: str) -> Tuple[Target, ...]:
    """All that are called so, case aside; else all whose name holds it. One request for each of the
    four lists."""
    wanted = comparable(name)
    if not wanted:
        return ()
    exact: List[Target] = []
    partial: List[Target] = []
    for kind, path, key in _LISTS:
        for row in client.every(path, key, [("query", name.strip())])[0]:
            id, called = text_of(row.get("id")), text_of(row.get("name")) or name_of(row)
            email = text_of(row.get("email")).casefold()
            if not id or not called:
                continue
            target = Target(kind, id, called)
            if wanted in (comparable(called), email):
                exact.append(target)
            elif wanted in comparable(called):
                partial.append(target)
    return tuple(dict.fromkeys(exact or partial))


def on_calls(client: Client, target: Target) -> Tuple[UserOnCall, ...]:
    """Who is on call there now: of a service by its escalation policy (one request more)."""
    kind, id = target.kind, target.id
    if kind == "service":
        kind, id = "escalation_policy", _policy_of(client, target)
    if kind == "user":
        id = user_id(client, target)
    if kind not in _FILTERS:
        raise Refusal(
            Code.NOT_POSSIBLE,
            f"PagerDuty does not report who is on call behind a routing key "
            f"({shown(target.shown)}).",
            "Name the service or the escalation policy for the team instead of the routing_key.",
        )
    rows, _ = client.every("/oncalls", "oncalls", [(_FILTERS[kind], id)])
    return on_calls_of(rows, of_schedule=kind == "schedule")


def on_calls_if_known(client: Client, policy: str) -> Tuple[UserOnCall, ...]:
    """Who is on call by an escalation policy; nobody when PagerDuty does not say so soon. One
    request, short."""
    params = [(_FILTERS["escalation_policy"], policy), ("limit", "100")]
    try:
        return on_calls_of(
            client.ask("GET", "/oncalls", params=params, at_most=_SOFT_LIMIT).rows("oncalls")
        )
    except OpsroomError:
        # Until when someone is on call is good to know; that the page went out is what matters.
        return ()


def user_id(client: Client, target: Target) -> str:
    """The id of a user target. One request where the config has their e-mail address only."""
    if "@" not in target.id:
        return target.id
    found = user_of(client, target.id)
    if found is None:
        raise Refusal(
            Code.UNKNOWN_PERSON,
            f"The PagerDuty account has no user with the e-mail address of {shown(target.shown)}.",
            "An administrator can put their PagerDuty id beside their name under people.",
        )
    return found


def user_of(client: Client, email: str) -> Optional[str]:
    """The id of the user with exactly this e-mail address."""
    for row in client.every("/users", "users", [("query", email)])[0]:
        if text_of(row.get("email")).casefold() == email.casefold() and text_of(row.get("id")):
            return text_of(row.get("id"))
    return None


def own_address(author: Author) -> str:
    """The e-mail address by which PagerDuty knows who asked; empty when the config does not map
    them.

    PagerDuty wants an address in From. An address alone is no proof that they have a user there: an
    error would have to be waited for with every page of someone who has none.
    """
    found = author.identity if "@" in author.identity else (author.email if author.identity else "")
    return found if EMAIL.match(found) else ""


def _policy_of(client: Client, service: Target) -> str:
    outcome = client.attempt("GET", f"/services/{quote(service.id, safe='')}")
    if isinstance(outcome, ApiError):
        if outcome.is_missing:
            raise Refusal(
                Code.UNKNOWN_WHO,
                f"PagerDuty has no service {shown(service.id)}.",
                "An administrator has to correct its id in the config.",
            )
        raise outcome.error
    policy: Mapping[str, Any] = object_at(outcome.part("service"), "escalation_policy")
    id = text_of(policy.get("id"))
    if not id:
        raise outcome.bad("a service without an escalation policy")
    return id


def by_level(on_call: Tuple[UserOnCall, ...]) -> Dict[int, List[str]]:
    """The ids of the users on each level."""
    levels: Dict[int, List[str]] = {}
    for one in on_call:
        levels.setdefault(one.duty.level, []).append(one.user)
    return levels
