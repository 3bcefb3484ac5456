"""Several applications in one command: all are checked before any is touched, then they are
deployed in order, or side by side, until one fails. Each has a record of its own.

Where the environment wants approval, each becomes a change, and one approval is for all of them.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import List, NamedTuple, Optional, Sequence, Tuple

from ...config.model import AppSet
from ...deadline import together
from ...errors import Code, Failure, OpsroomError, Refusal
from ...names import check_version, comparable, listed
from ...records.model import Event
from ...text import one_line
from .. import Context, Outcome
from ..cards.delivered import named
from ..request import Request, asked, resumed
from ..resolve import find_target
from .gates import check_access, check_locks_and_freezes, check_order
from .interrupted import settle_interrupted
from .order import DeploymentKind, DeploymentOrder, SetMember
from .pipeline import must_wait, resolve, run_deployment
from .rollback import rollback_order
from .running_version import current_or_recorded_version

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


def set_named(context: Context, name: str) -> Optional[AppSet]:
    """The set of that name; None where the config has none."""
    wanted = comparable(name)
    sets = context.settings.sets.values()
    return next((one for one in sets if comparable(one.name) == wanted), None)


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


def deploy_together(context: Context, typed: str, environment_name: str) -> Outcome:
    """Deploy what was typed: "web 1.4.2 and api 2.0.0", in this order."""
    items = read_items(typed)
    title = listed([f"{one.app} {one.version}" for one in items], 4)
    return run_set(context, items, environment_name, title)


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
        waiting = [must_wait(part.order) for part in parts]
        if any(waiting) and not all(waiting):
            alone = [name for name, waits in zip(names, waiting) if not waits]
            raise Refusal(
                Code.NOT_POSSIBLE,
                f"{listed(alone)} can be deployed to {environment_name} without an approval, the "
                "others cannot.",
                "Deploy them one by one.",
            )
        if all(waiting):
            return _wait_together(context, parts, title)
        return _side_by_side(context, parts) if side_by_side else _in_order(parts)


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


def _wait_together(context: Context, parts: Sequence[_Part], title: str) -> Outcome:
    group = _group(context, parts)
    outcomes: List[Outcome] = []
    for index, part in enumerate(parts):
        member = SetMember(title, group, index, len(parts))
        outcomes.append(run_deployment(part.request, replace(part.order, member=member)))
    made = [one for one in outcomes if one.facts.get("change")]
    if not made:
        return _together(outcomes, parts)
    first = made[0]
    verb = "confirm" if first.code is Code.CONFIRM else "approve"
    plans = "; ".join(str(one.facts["plan"]) for one in made)
    ids = [str(one.facts["change"]) for one in made]
    text = (
        f"{len(made)} changes wait together ({listed(ids, 8)}): {plans}. One word is for all of "
        f"them: {verb} change {ids[0]}"
    )
    facts = {"changes": ids, "parts": [dict(one.facts) for one in outcomes]}
    return Outcome(True, first.code, text, facts)


def _group(context: Context, parts: Sequence[_Part]) -> str:
    """An id that is the same when the same person asks for the same again, where the same runs."""
    text = [context.speaker.key]
    for part in parts:
        request = part.request
        running = current_or_recorded_version(context, part.order.target)
        now = (running.version, running.commit) if running else ("", "")
        text += [request.app, request.environment, request.version, request.commit, *now]
    return hashlib.sha256("\0".join(text).encode("utf-8", "replace")).hexdigest()[:16]


# Deploying.


def _in_order(parts: Sequence[_Part]) -> Outcome:
    outcomes: List[Outcome] = []
    for index, part in enumerate(parts):
        try:
            with resumed(part.request):
                outcomes.append(run_deployment(part.request, part.order))
        except OpsroomError as error:
            rest = parts[index + 1 :]
            for other in rest:
                why = f"not begun, since {part.order.app.name} failed"
                other.request.end(Event.REFUSED, Code.SET_STOPPED.value, why)
            raise _stopped(outcomes, [error], [one.order.app.name for one in rest]) from error
    return _together(outcomes, parts)


def _side_by_side(context: Context, parts: Sequence[_Part]) -> Outcome:
    """Each in a thread and with a connection of its own. One that fails stops no other."""

    questions = {index: partial(_alone, context, part) for index, part in enumerate(parts)}
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
    text = "\n".join(one.message for one in outcomes)
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
    lines = [one.message for one in outcomes] + [one.message for one in errors]
    if rest:
        was = "was" if len(rest) == 1 else "were"
        lines.append(f"{listed(list(rest))} {was} not begun.")
    facts = {
        "parts": [dict(one.facts) for one in outcomes],
        "failed": [dict(one.facts) for one in errors],
        "not_begun": list(rest),
    }
    return Failure(errors[0].code, "\n".join(lines), errors[0].hint, facts)


__all__: Tuple[str, ...] = (
    "Item",
    "deploy_set",
    "deploy_together",
    "read_items",
    "rollback_set",
    "run_set",
    "set_named",
)
