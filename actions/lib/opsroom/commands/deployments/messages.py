"""The sentences about a deployment: progress and outcome in the room, and its facts."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Dict, Optional, Tuple

from ...errors import Code, Failure, OpsroomError
from ...names import listed
from ...structs.patterns import lazy_pattern
from ...text import one_line, sentence, span, when
from ...versions import Running, distinct_names
from ..live_version import ask_anyway
from ..request import Request
from ..resolve import DeploymentTarget
from .delivery import counted
from .order import DeploymentOrder

_TIME = lazy_pattern(r"\b\d+(?:\.\d+)? (?:s|min|h|d)\b")


def failed(request: Request, order: DeploymentOrder, error: OpsroomError) -> OpsroomError:
    """The failure as the room reads it: what went wrong, and what runs there now."""
    running, now = _now(order.target)
    what = f"{request.command} of {order.app.name} {request.version} on {order.environment.name}"
    who = request.by.shown
    # One clock a sentence: where the reason has a time, it is the one that counts. All are in the
    # facts.
    took = "" if _TIME.search(error.message) else f" after {span(request.seconds())}"
    # With what is where, which comes last.
    why = sentence(one_line(error.message, 280))
    how = "was cancelled" if error.code is Code.CANCELLED else "failed"
    return Failure(
        error.code,
        f"The {what} by {who} {how}{took}: {why} {now}",
        error.hint,
        {**facts_of(request), **error.facts, "running": running.version if running else "unknown"},
    )


def _now(target: DeploymentTarget) -> Tuple[Optional[Running], str]:
    """What runs there now, also as a sentence."""
    running, differing = ask_anyway(target)
    if running is None:
        return None, sentence(differing) if differing else "What runs there now is unknown."
    return running, f"{running.version or 'Nothing'} runs there now."


def success(request: Request, order: DeploymentOrder, verified: bool) -> str:
    """Who did what where, from which version, how sure, how long, when; and what comes next."""
    before = f" (before: {before_of(request)})" if request.version_before else ""
    sure = "verified" if verified else f"not verified ({_unverified(order)})"
    now = datetime.now(timezone.utc)
    done = order.past(request.version)
    took = f"in {span(request.seconds())}, at {when(now, now)}"
    approved = (
        f" Approved by {listed(request.noted['approved_by'])}."
        if request.noted.get("approved_by")
        else ""
    )
    change = request.noted.get("change", "")
    why = f" Reason: {one_line(order.emergency, 80)}." if order.emergency else ""
    review = (
        f"{why} Someone else can review it: review change {change}: what they found" if why else ""
    )
    locked = (
        f" It is locked there now; to let others deploy: unlock {order.app.name} on "
        f"{order.environment.name}"
    )
    after = locked if order.is_rollback and order.environment.lock_after_rollback else ""
    commits = counted(request.noted)
    compare = f": {request.noted['compare']}" if request.noted.get("compare") else "."
    brought = f" {commits[:1].upper()}{commits[1:]}{compare}" if commits else ""
    link = f" See {request.noted['link']}" if request.noted.get("link") else ""
    more = f"{approved}{brought}{review}{after}{link}"
    return f"{request.by.shown} {done}{before}, {sure}, {took}.{more}"


def _unverified(order: DeploymentOrder) -> str:
    if order.app.version is None:
        return "no version source is configured"
    return "it shows the same name as before, and no commit"


def before_of(request: Request) -> str:
    """What ran before, with its commit where only that is another: a tag that was moved."""
    return distinct_names(
        Running(request.version_before, request.commit_before),
        Running(request.version, request.commit),
    )[0]


def headline(request: Request, order: DeploymentOrder) -> str:
    """What is being done, for progress messages."""
    return f"{request.by.shown} is {order.present(request.version)}"


def facts_of(request: Request, **more: object) -> Dict[str, object]:
    """The deployment as data; what is None is left out."""
    facts = {
        "deployment": request.deployment,
        "command": request.command,
        "app": request.app,
        "environment": request.environment,
        "version": request.version,
        "version_before": request.version_before,
        "requester": request.by.shown,
        "seconds": request.seconds(),
        "execution": request.context.execution_id or None,
        "link": request.noted.get("link"),
        **more,
    }
    return {key: value for key, value in facts.items() if value is not None}


def taken_over(request: Request, order: DeploymentOrder) -> Failure:
    """The claim was settled by someone else before the end could be recorded."""
    return Failure(
        Code.CLAIM_LOST,
        f"{request.version} was put on {order.environment.name}, but the claim on it had run out "
        "by then and someone "
        f"else took over. {_now(order.target)[1]}",
        f"To see: history of {order.app.name} on {order.environment.name}",
        facts_of(request),
    )
