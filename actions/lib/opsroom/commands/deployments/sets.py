"""Several applications in one command: all are checked before any is touched, then they are
deployed in order, or side by side, until one fails. Each has a record of its own.

Where the environment wants approval, each becomes a change, and one approval is for all of them.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from ...config.model import AppSet, Settings
from ...deadline import together
from ...errors import Code, Failure, OpsroomError, Refusal
from ...names import check_version, comparable, listed, shown
from ...records.change import Kind
from ...records.ledger import Record
from ...records.model import Event
from ...records.queries import deployments
from ...text import one_line
from ...versions import Running, same
from .. import Context, Outcome
from ..cards.delivered import named
from ..changes.set_messages import how_it_ended, outcome_of_set, waiting_set
from ..request import Request, asked, resumed
from ..resolve import find_target
from .gates import check_access, check_locks_and_freezes, check_order
from .interrupted import settle_interrupted
from .job import Termination
from .order import DeploymentKind, DeploymentOrder, SetMember
from .pipeline import is_there, look, resolve, run_deployment, waits_for_kind
from .rollback import rollback_order

# So many applications one command may name.
MAX_APPS = 20
# Longer than any deployment may take: StackStorm ends the action before. Seconds.
_LONG = 24 * 3600.0


class Item(NamedTuple):
    """An application, and the version that was typed for it; empty to roll it back."""

    app: str
    version: str


class _Part(NamedTuple):
    request: Request
    order: DeploymentOrder


def deploy_set(
    context: Context,
    found: AppSet,
    version: str,
    environment_name: str,
    kind: DeploymentKind = DeploymentKind.DEPLOY,
    cards: str = "",
) -> Outcome:
    """Deploy one version of all applications of a set."""
    items = [Item(app, version) for app in found.apps]
    return run_set(
        context, items, environment_name, found.name, kind, found.side_by_side, cards=cards
    )


def rollback_set(
    context: Context, found: AppSet, environment_name: str, cards: str = ""
) -> Outcome:
    """Bring back the version before of all applications of a set, the last one first."""
    items = [Item(app, "") for app in reversed(found.apps)]
    kind = DeploymentKind.ROLLBACK
    return run_set(
        context, items, environment_name, found.name, kind, found.side_by_side, cards=cards
    )


def deploy_together(
    context: Context, typed: str, environment_name: str, cards: str = ""
) -> Outcome:
    """Deploy what was typed: "web 1.4.2 and api 2.0.0", in this order. `cards` are those that all
    of it is for."""
    try:
        items = read_items(typed)
    except Refusal:
        with asked(context, DeploymentKind.DEPLOY.value, typed, environment_name):
            raise
    title = listed([f"{one.app} {one.version}" for one in items], 4)
    return run_set(context, items, environment_name, title, cards=cards)


def check_one(settings: Settings, word: str, app: str, version: str, environment: str) -> None:
    """Raise Refusal(unknown_command) where one command of the form for one application names
    several: "deploy web, api to uat". `word` is what it begins with."""
    if "," not in app:
        return
    names = [one for one in app.split(",") if one]
    if comparable(version) in map(comparable, settings.apps):
        # The second application stands where the version of the first one belongs.
        names, version = [*names, version], "VERSION"
    each = " and ".join(f"{one} {version}" for one in names)
    if word == DeploymentKind.DEPLOY.value and len(names) > 1:
        hint = f"Say: deploy {each} to {environment}"
    else:
        hint = f"Say: {word} {names[0] if names else 'APP'} {version} to {environment}"
    message = f"{shown(app)} is not one application; of several each needs a version of its own."
    raise Refusal(Code.UNKNOWN_COMMAND, message, hint)


def read_items(typed: str) -> List[Item]:
    """Pairs of an application and a version, with commas or "and" in between.

    Raises Refusal(unknown_command) where something else stands there.
    """
    words = typed.replace(",", " , ").split()
    parts: List[List[str]] = [[]]
    for word in words:
        if word == "," or word.casefold() == "and":
            if parts[-1]:
                parts.append([])
        else:
            parts[-1].append(word)
    parts = [one for one in parts if one]
    wrong = [" ".join(one) for one in parts if len(one) != 2]
    if wrong or not parts:
        raise Refusal(
            Code.UNKNOWN_COMMAND,
            f"'{one_line(wrong[0] if wrong else typed, 60)}' is no application with a version.",
            "For example: deploy web v1.4.2 and api v2.0.0 to uat",
        )
    if len(parts) > MAX_APPS:
        message = f"One command deploys {MAX_APPS} applications at most; these are {len(parts)}."
        raise Refusal(Code.NOT_POSSIBLE, message, "Name fewer.")
    return [Item(app, version) for app, version in parts]


def run_set(
    context: Context,
    items: Sequence[Item],
    environment_name: str,
    title: str,
    kind: DeploymentKind = DeploymentKind.DEPLOY,
    side_by_side: bool = False,
    cards: str = "",
) -> Outcome:
    """Check all, then deploy one after another, or all at once; or make changes that wait together.

    Raises what stands in the way of any of them, before anything is touched; and the first failure,
    which says what was deployed and what was not begun.
    """
    title = one_line(title)
    with ExitStack() as stack:
        requests = [
            stack.enter_context(asked(context, kind.value, one.app, environment_name, one.version))
            for one in items
        ]
        for request in requests:
            request.noted["set"] = title
        parts = [_part(request, kind, cards) for request in requests]
        names = [part.order.app.name for part in parts]
        if len(set(names)) < len(names):
            raise Refusal(
                Code.NOT_POSSIBLE, f"{listed(names)}: each application once.", "Name each once."
            )
        if kind is DeploymentKind.ROLLBACK:
            _must_have_come_together(context, parts)
        kinds = [waits_for_kind(part.order) for part in parts]
        if len(set(kinds)) > 1:
            raise _mixed(parts, kinds)
        if kinds[0] is not None:
            return _wait_together(parts, title, kinds[0])
        return _side_by_side(context, parts) if side_by_side else _in_order(parts)


def _must_have_come_together(context: Context, parts: Sequence[_Part]) -> None:
    """Raise Refusal(not_possible) where the last deployment of some did not change the others: the
    version before of those is one that nobody wants back."""
    with context.store.read() as connection:
        last = [
            deployments(connection, part.order.app.name, part.order.environment.name, 1)[0]
            for part in parts
        ]
    newest = max(last, key=lambda one: one.seq)
    others = [
        part.order.app.name
        for part, record in zip(parts, last)
        if record.execution_id != newest.execution_id or not _runs(part, record)
    ]
    if not others:
        return
    was, it = ("was", "it") if len(others) == 1 else ("were", "them")
    came = [part.order.app.name for part in parts if part.order.app.name not in others]
    message = (
        f"{listed(others)} {was} not changed together with the others last, so this would take "
        f"{it} a version too far back."
    )
    hint = f"Roll back one by one: rollback {(came or others)[0]} on {newest.environment}"
    raise Refusal(Code.NOT_POSSIBLE, message, hint)


def _runs(part: _Part, record: Record) -> bool:
    """Whether what a record says was deployed is what runs."""
    order = part.order
    running = Running(order.expected_before or "", order.commit_before)
    return same(running, Running(record.version, str(record.facts.get("commit") or "")))


def _mixed(parts: Sequence[_Part], kinds: Sequence[Optional[Kind]]) -> Refusal:
    """One word cannot be for what waits for different ones, or for none."""
    wanted = {Kind.APPROVAL: "an approval", Kind.CONFIRMATION: "a confirmation"}
    named: Dict[Optional[Kind], List[str]] = {}
    for part, kind in zip(parts, kinds):
        named.setdefault(kind, []).append(part.order.app.name)
    each = [
        f"{listed(names)} {'needs' if len(names) == 1 else 'need'} "
        f"{wanted[kind] if kind else 'neither'}"
        for kind, names in named.items()
    ]
    where = parts[0].order.environment.name
    return Refusal(
        Code.NOT_POSSIBLE,
        f"On {where}, {listed(each)}: they cannot be decided on together.",
        "Deploy them one by one.",
    )


def _part(request: Request, kind: DeploymentKind, cards: str) -> _Part:
    """The order of one application, when nothing stands in its way."""
    context = request.context
    target = find_target(context.settings, request.app, request.environment)
    request.app, request.environment = target.app.name, target.environment.name
    wanted = named(context, cards)
    if kind is DeploymentKind.ROLLBACK:
        order = rollback_order(context, target, wanted)
    else:
        order = DeploymentOrder(target, check_version(request.version), kind, cards=wanted)
    settle_interrupted(context, request.app, request.environment)
    obstacles = [
        *check_access(request, target.environment),
        *check_locks_and_freezes(request, target.environment),
    ]
    for obstacle in obstacles:
        obstacle.decision.enforce()
    resolved = resolve(order)
    request.version, request.commit = resolved.version, resolved.commit
    for obstacle in check_order(request, target, resolved, kind):
        obstacle.decision.enforce()
    return _Part(request, order)


# Waiting for approval or confirmation.


def _wait_together(parts: Sequence[_Part], title: str, kind: Kind) -> Outcome:
    """A change for each, except for those that run already."""
    group = _group(parts)
    there = [part for part in parts if is_there(part.order, _running(part), _wanted(part))]
    waiting = [part for part in parts if part not in there]
    found = [run_deployment(part.request, part.order) for part in there]
    made: List[Outcome] = []
    for index, part in enumerate(waiting):
        member = SetMember(title, group, index, len(waiting))
        made.append(run_deployment(part.request, replace(part.order, member=member)))
    # What began to run in between makes no change either.
    found += [one for one in made if not one.facts.get("change")]
    made = [one for one in made if one.facts.get("change")]
    if not made:
        return _together(found, parts)
    facts = {
        "changes": [str(one.facts["change"]) for one in made],
        "parts": [dict(one.facts) for one in (*found, *made)],
    }
    if len(made) == 1:
        return Outcome(True, made[0].code, outcome_of_set([*made, *found]), facts)
    return Outcome(True, made[0].code, waiting_set(kind, made, found), facts)


def _running(part: _Part) -> Running:
    request = part.request
    return Running(request.version_before, request.commit_before)


def _wanted(part: _Part) -> Running:
    return Running(part.request.version, part.request.commit)


def _group(parts: Sequence[_Part]) -> str:
    """An id that is the same when the same person asks for the same again, where the same runs.

    Looks at what runs everywhere first, so that no change is made where one place cannot be asked.
    """
    text = [parts[0].request.by.key]
    for part in parts:
        request = part.request
        running = look(request, part.order)
        now = (running.version, running.commit)
        text += [request.app, request.environment, request.version, request.commit, *now]
    return hashlib.sha256("\0".join(text).encode("utf-8", "replace")).hexdigest()[:16]


# Deploying.


def _in_order(parts: Sequence[_Part]) -> Outcome:
    outcomes: List[Outcome] = []
    for index, part in enumerate(parts):
        try:
            with resumed(part.request):
                outcomes.append(run_deployment(part.request, part.order))
        except Exception as error:
            rest = parts[index + 1 :]
            for other in rest:
                why = f"not begun, since {part.order.app.name} {how_it_ended(error)}"
                other.request.end(Event.REFUSED, Code.SET_STOPPED.value, why)
            if not isinstance(error, OpsroomError):
                raise
            raise _stopped(outcomes, [error], [one.order.app.name for one in rest]) from error
    return _together(outcomes, parts)


def _side_by_side(context: Context, parts: Sequence[_Part]) -> Outcome:
    """Each in a thread and with a connection of its own. One that fails stops no other."""

    with Termination() as termination:
        beside = replace(context, stopped=termination.noticed)
        questions = {index: partial(_alone, beside, part) for index, part in enumerate(parts)}
        answers = together(questions, _LONG, len(parts))
    found = [answers[index] for index in range(len(parts))]
    outcomes = [one for one in found if isinstance(one, Outcome)]
    errors = [one for one in found if isinstance(one, OpsroomError)]
    if errors:
        raise _stopped(outcomes, errors, [])
    return _together(outcomes, parts)


def _alone(context: Context, part: _Part) -> Outcome:
    # A connection belongs to the thread that opened it.
    own = replace(context, _store=None)
    part.request.context = own
    try:
        with resumed(part.request):
            return run_deployment(part.request, part.order)
    finally:
        own.close()


def _together(outcomes: Sequence[Outcome], parts: Sequence[_Part]) -> Outcome:
    text = outcome_of_set(outcomes)
    codes = {one.code for one in outcomes}
    code = outcomes[0].code if len(codes) == 1 else Code.DEPLOYED
    facts = {
        "parts": [dict(one.facts) for one in outcomes],
        "deployments": [part.request.deployment for part in parts],
    }
    return Outcome(all(one.ok for one in outcomes), code, text, facts)


def _stopped(
    outcomes: Sequence[Outcome], errors: Sequence[OpsroomError], rest: Sequence[str]
) -> Failure:
    """What was deployed, what failed, and what was not begun."""
    was = "was" if len(rest) == 1 else "were"
    last = [f"{listed(rest)} {was} not begun."] if rest else []
    hint = errors[0].hint
    facts = {
        "parts": [dict(one.facts) for one in outcomes],
        "failed": [dict(one.facts) for one in errors],
        "not_begun": list(rest),
    }
    return Failure(errors[0].code, outcome_of_set(outcomes, errors, last, hint), hint, facts)


__all__: Tuple[str, ...] = (
    "Item",
    "check_one",
    "deploy_set",
    "deploy_together",
    "read_items",
    "rollback_set",
    "run_set",
)
