"""The story that deploy, promote and rollback share: claim, look, start, deploy, verify, record, say."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, List, Optional

from ..deploys import Resolved
from ..errors import Code, Failure, OpsroomError, Refusal
from ..guard import Decision
from ..guard.access import may_deploy
from ..settings.model import App, Environment
from ..text import one_line, span, when
from ..versions import Running, same_version
from .asking import ask, ask_or_none
from .job import RunningJob
from .outcome import Outcome
from .places import deployer_for
from .record import Request
from .settling import settle_interrupted

if TYPE_CHECKING:
    from ..claims import Claim

_FIRST_LOOK = 0.1
_LONGEST_PAUSE = 2.0


@dataclass(frozen=True)
class Order:
    """What is to be done.

    `did` and `doing` tell it afterwards and meanwhile, with `{version}` where the version goes: "deployed web
    {version} to uat". `expected_before` is the version that must still be running, `commit` what the version must
    still stand for.
    """

    app: App
    environment: Environment
    version: str
    did: str
    doing: str
    redeploy: bool = False
    expected_before: str = ""
    commit: str = ""


def carry_out(request: Request, order: Order) -> Outcome:
    """Do it, or raise the Refusal or Failure that says why not. The request is recorded to its end."""
    desk, app, environment = request.desk, order.app, order.environment
    request.app, request.environment = app.name, environment.name
    for decision in may_deploy(desk.settings, desk.speaker, environment):
        decision.enforce()
    settle_interrupted(desk, app.name, environment.name)
    for decision in in_the_way(request):
        decision.enforce()
    resolved = deployer_for(app, environment).resolve(order.version)
    request.version = resolved.version
    _same_commit(order, resolved)
    _take_claim(request)
    with RunningJob(desk, request, desk.settings.lease, _headline(request, order)) as job:
        job.step("checking")
        before = _look(request, app, environment)
        _still_as_expected(order, before)
        if not order.redeploy and before is not None and _is_there(before, resolved):
            return _already_there(request, order, before)
        _start(request, order, resolved)
        return _deploy(request, order, resolved, job)


def in_the_way(request: Request) -> List[Decision]:
    """A deployment that is going on at the same place."""
    from ..claims import current

    store = request.desk.store
    with store.read() as connection:
        return [
            _busy(claim, store.now(connection))
            for claim in current(store, connection, request.app, request.environment)
        ]


def _busy(claim: Claim, now: datetime) -> Decision:
    step = f" ({claim.step})" if claim.step else ""
    what = f"{claim.command} {claim.app} {claim.version} on {claim.environment}"
    since = f"{span((now - claim.started_at).total_seconds())} ago"
    return Decision(
        False,
        Code.BUSY,
        f"{claim.holder} is at it: {what}, begun {since}{step}.",
        f"Wait for it to end, then say it again. To see: history of {claim.app} on {claim.environment}",
    )


def _take_claim(request: Request) -> None:
    """Make the place ours, exclusively. Raises Refusal(busy) naming the holder when somebody was first."""
    from ..claims import Claim, take

    desk, store = request.desk, request.desk.store
    with store.write() as connection:
        now = store.now(connection)
        wanted = Claim(
            app=request.app,
            environment=request.environment,
            deployment=request.deployment,
            command=request.command,
            holder=one_line(desk.speaker.shown),
            person=desk.speaker.person_name,
            room=one_line(desk.speaker.room, 200),
            st2_user=desk.speaker.st2_user,
            execution_id=desk.execution_id,
            version=request.version,
            step="checking",
            started_at=now,
            lease_until=now,
        )
        held = take(store, connection, wanted, desk.settings.lease)
    if held is not None:
        _busy(held, now).enforce()


def _look(request: Request, app: App, environment: Environment) -> Optional[Running]:
    """What runs now; None where the config has no way to ask. A source that does not answer stops the deployment."""
    if app.version is None:
        return None
    running = ask(app, environment)
    request.version_before = running.version
    return running


def _same_commit(order: Order, resolved: Resolved) -> None:
    """A tag that was moved would bring something else than what was looked at."""
    if order.commit and resolved.commit and order.commit != resolved.commit:
        raise Refusal(
            Code.CHANGED_MEANWHILE,
            f"{resolved.version} of {order.app.name} is another commit now ({resolved.commit[:12]}).",
            f"To have the one that runs: deploy {order.app.name} {order.commit[:12]} to {order.environment.name}",
        )


def _still_as_expected(order: Order, before: Optional[Running]) -> None:
    if not order.expected_before or before is None or same_version(before.version, order.expected_before):
        return
    place = f"{order.app.name} on {order.environment.name}"
    raise Refusal(
        Code.CHANGED_MEANWHILE,
        f"{place} changed meanwhile: {before.version or 'nothing'} runs there now.",
        "Look at it, then say it again.",
    )


def _is_there(before: Running, resolved: Resolved) -> bool:
    if before.commit and resolved.commit:
        return before.commit == resolved.commit
    return same_version(before.version, resolved.version)


def _already_there(request: Request, order: Order, before: Running) -> Outcome:
    from ..ledger import Event

    place = f"{order.app.name} on {order.environment.name}"
    text = f"{place} already runs {before.version}; nothing was done."
    request.end(Event.REFUSED, Code.ALREADY_THERE.value, text)
    again = f"To deploy it once more: redeploy {order.app.name} {request.version} to {order.environment.name}"
    return Outcome(True, Code.ALREADY_THERE, f"{text} {again}", _facts(request))


def _start(request: Request, order: Order, resolved: Resolved) -> None:
    """Commit "started" before anything is touched."""
    from ..ledger import Event

    request.write(Event.STARTED, asked_version=order.version, commit=resolved.commit or None)
    request.started = True


def _deploy(request: Request, order: Order, resolved: Resolved, job: RunningJob) -> Outcome:
    from ..ledger import Event

    app, environment = order.app, order.environment
    try:
        job.step("deploying")
        deployer_for(app, environment).deploy(resolved, job)
        verified = _verify(request, order, resolved, job)
    except OpsroomError as error:
        raise _failed(request, order, error) from error
    facts = _facts(request, verified=verified, commit=resolved.commit or None)
    text = _success(request, order, verified)
    try:
        request.end(Event.SUCCEEDED, Code.DEPLOYED.value, text, verified=verified, commit=resolved.commit or None)
    except Failure as failure:
        raise Failure(
            failure.code,
            f"{request.version} is on {environment.name}, but that could not be recorded: {failure.message}",
            "The next command records it as interrupted, with what runs.",
            facts,
        ) from failure
    return Outcome(True, Code.DEPLOYED, text, facts)


def _verify(request: Request, order: Order, resolved: Resolved, job: RunningJob) -> bool:
    """Ask the version source until it agrees. False where there is none; Failure(not_verified) when time is up."""
    if order.app.version is None:
        return False
    job.step("verifying")
    job.note(f"asking {order.app.name} on {order.environment.name} for its version")
    until = time.monotonic() + order.app.verify_for
    pause = _FIRST_LOOK
    while True:
        job.check()
        said = "did not tell"
        try:
            running = ask(order.app, order.environment)
            if _is_there(running, resolved):
                return True
            said = f"says {running.version or 'that nothing runs'}"
        except Failure as failure:
            said = f"did not answer ({failure.message})"
        if time.monotonic() + pause > until:
            raise Failure(
                Code.NOT_VERIFIED,
                f"{resolved.version} was put in place, but after {span(order.app.verify_for)} "
                f"{order.app.name} on {order.environment.name} still {one_line(said)}.",
            )
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


def _failed(request: Request, order: Order, error: OpsroomError) -> OpsroomError:
    """The failure as the room reads it: what went wrong, and what runs there now."""
    running = ask_or_none(order.app, order.environment)
    now_runs = f"{running.version or 'Nothing'} runs there now." if running else "What runs there now is unknown."
    what = f"{request.command} of {order.app.name} {request.version} on {order.environment.name}"
    who = request.desk.speaker.shown
    why = one_line(error.message, 200).rstrip(".") + "."
    return Failure(
        error.code,
        f"The {what} by {who} failed after {span(request.seconds())}: {why} {now_runs}",
        error.hint,
        {**_facts(request), **error.facts, "running": running.version if running else "unknown"},
    )


def _success(request: Request, order: Order, verified: bool) -> str:
    before = f" (before: {request.version_before})" if request.version_before else ""
    sure = "verified" if verified else "not verified (no version source is configured)"
    now = datetime.now(timezone.utc)
    did = order.did.replace("{version}", request.version)
    return f"{request.desk.speaker.shown} {did}{before}, {sure}, in {span(request.seconds())}, at {when(now, now)}."


def _headline(request: Request, order: Order) -> str:
    return f"{request.desk.speaker.shown} is {order.doing.replace('{version}', request.version)}"


def _facts(request: Request, **more: object) -> dict[str, object]:
    facts = {
        "deployment": request.deployment,
        "command": request.command,
        "app": request.app,
        "environment": request.environment,
        "version": request.version,
        "version_before": request.version_before,
        "requester": request.desk.speaker.shown,
        "seconds": request.seconds(),
        **more,
    }
    return {key: value for key, value in facts.items() if value is not None}
