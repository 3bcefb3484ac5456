"""The pipeline that all deployment commands share: gates, claim, start, deploy, verify, record,
answer.

An early end is on the record before it is raised, and nothing is touched before the start is on the
record.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import List, Optional

from ...db.sql import Transaction
from ...db.store import Store
from ...deploys import Deployer, OwnRollback, Resolved, Resumer
from ...errors import Code, Failure, OpsroomError, Refusal
from ...names import listed
from ...records.change import Kind
from ...records.claims import Claim, checkpoint, take
from ...records.locks import active, lock_after_rollback
from ...records.model import Event
from ...text import one_line
from ...versions import Running, Version, distinct_names, same, same_version
from .. import Outcome
from ..announce import announce
from ..changes.open import make_change, make_emergency
from ..request import Also, Request
from .card_updates import comment_on_cards
from .delivery import Delivery, note_delivery
from .gates import Obstacle, busy, check_access, check_locks_and_freezes, check_order, locked
from .interrupted import check_not_settled, settle_interrupted
from .job import RunningJob
from .messages import facts_of, failed, headline, success, taken_over
from .order import DeploymentOrder
from .running_version import (
    current_or_recorded_version,
    replaceable_version,
    shown_name,
    verify,
)


def run_deployment(request: Request, order: DeploymentOrder) -> Outcome:
    """Do it, or raise the Refusal or Failure that says why not. The request is recorded to its end.

    Where the environment wants approval or confirmation and the order has none yet, a change is
    made instead.
    """
    context, app, environment = request.context, order.app, order.environment
    request.app, request.environment = app.name, environment.name
    passed = _clear(order, check_access(request, environment, bool(order.emergency)))
    settle_interrupted(context, app.name, environment.name)
    passed += _clear(order, check_locks_and_freezes(request, environment))
    resolved = resolve(order)
    request.version, request.commit = resolved.version, resolved.commit
    _same_commit(order, resolved)
    passed += _clear(order, check_order(request, order.target, resolved, order.kind))
    kind = waits_for_kind(order)
    if kind is not None:
        return _wait(request, order, resolved, kind)
    passed += _take_claim(request, order)
    lease, headline_text = context.settings.lease, headline(request, order)
    with RunningJob(context, request, order.target, lease, headline_text) as job:
        job.step("checking")
        before = look(request, order)
        _still_as_expected(order, before)
        if is_there(order, before, resolved):
            return _already_running(request, order, before, resolved)
        brought = note_delivery(request, order, before, resolved)
        if order.emergency:
            _override(request, order, passed)
        _start(request, order)
        outcome = _deploy(request, order, resolved, job, brought)
    # Only now: the record says that it succeeded, and the place is free for others.
    return comment_on_cards(request, order, outcome)


def _clear(order: DeploymentOrder, obstacles: List[Obstacle]) -> List[Obstacle]:
    """Raise the first refusal; in an emergency, only one that cannot be passed. Returns what was
    passed."""
    for obstacle in obstacles:
        if not (order.emergency and obstacle.passable):
            obstacle.decision.enforce()
    return obstacles


def waits_for_kind(order: DeploymentOrder) -> Optional[Kind]:
    """What it needs before it is deployed and does not have yet: an approval or a confirmation."""
    if order.change is not None or order.emergency:
        return None
    if order.environment.approvals > 0:
        return Kind.APPROVAL
    return Kind.CONFIRMATION if order.environment.confirm_within > 0 else None


def _wait(request: Request, order: DeploymentOrder, resolved: Resolved, kind: Kind) -> Outcome:
    """Make a change that waits for approval or confirmation, and touch nothing."""
    running = look(request, order)
    if is_there(order, running, resolved):
        return _already_running(request, order, running, resolved)
    note_delivery(request, order, running, resolved)
    return make_change(request, order, order.environment, resolved, running, kind)


def _override(request: Request, order: DeploymentOrder, passed: List[Obstacle]) -> None:
    """Record what the emergency passed, before anything is touched, and flag it until someone
    reviews it."""
    found = [
        obstacle.decision.code.value for obstacle in passed if obstacle.decision.code is not None
    ]
    codes = list(dict.fromkeys(found))
    if order.environment.approvals > 0:
        codes.append("approval")
    elif order.environment.confirm_within > 0:
        codes.append("confirmation")
    make_emergency(request, order, codes)
    what = (
        f"{request.by.shown} deploys {order.app.name} {request.version} to "
        f"{order.environment.name} in an emergency"
    )
    announce(request.context, f"{what}, past {listed(codes) or 'nothing'}: {order.emergency}")


def _take_claim(request: Request, order: DeploymentOrder) -> List[Obstacle]:
    """Make the place ours, exclusively. Raises Refusal(busy) naming the holder when someone was
    first.

    Locks are checked again in the same transaction: a lock is either seen here, or was taken
    after this claim and then says who is deploying.
    """
    context, store, speaker = request.context, request.context.store, request.by
    with store.write() as connection:
        now = store.now(connection)
        locks = active(store, connection, request.app, request.environment)
        check_not_settled(connection, request.deployment)
        passed = _clear(order, locked(locks, speaker, now, context.settings.timezone))
        wanted = Claim(
            app=request.app,
            environment=request.environment,
            deployment=request.deployment,
            command=request.command,
            holder=one_line(speaker.shown),
            person=speaker.person_name,
            room=one_line(speaker.room, 200),
            st2_user=speaker.st2_user,
            execution_id=context.execution_id,
            version=request.version,
            step="checking",
            started_at=now,
            lease_until=now,
        )
        held = take(store, connection, wanted, context.settings.lease)
    if held is not None:
        busy(held, now).enforce()
    return passed


def look(request: Request, order: DeploymentOrder) -> Running:
    """What runs now. A source that does not answer stops a deployment, but neither an emergency nor
    a rollback. One whose parts differ stops none: a deployment is what makes them agree."""
    if order.emergency or order.is_rollback:
        running = current_or_recorded_version(request.context, order.target) or Running("")
    else:
        running = replaceable_version(request.context, order.target)
    if _is_halfway(request, order):
        running = replace(running, mixed=True)
    request.version_before, request.commit_before = running.version, running.commit
    return running


def _is_halfway(request: Request, order: DeploymentOrder) -> bool:
    """Whether an earlier deployment may have reached a part of the place only: one answer of the
    application does not speak for all of it then."""
    deployer = order.target.deployer
    if not isinstance(deployer, Resumer):
        return False
    with request.context.store.read() as connection:
        kept = partial(checkpoint, connection, order.app.name, order.environment.name)
        return deployer.is_halfway(kept)


def resolve(order: DeploymentOrder) -> Resolved:
    """What is to be deployed. A rollback brings back the commit that ran then, under the name that
    it had, where the tag was removed, or was moved to what runs now. Where it was moved elsewhere,
    `_same_commit` asks people first."""
    deployer = order.target.deployer
    back_to = order.commit if order.is_rollback else ""
    try:
        resolved = deployer.resolve(order.version)
    except Refusal as refusal:
        if not back_to or refusal.code is not Code.UNKNOWN_VERSION:
            raise
        resolved = _of_commit(order, deployer, back_to)
    moved = bool(back_to and resolved.commit) and resolved.commit != back_to
    if moved and same_version(order.version, order.expected_before or ""):
        resolved = _of_commit(order, deployer, back_to)
    return (
        replace(resolved, version=order.version)
        if back_to and resolved.commit == back_to
        else resolved
    )


def _of_commit(order: DeploymentOrder, deployer: Deployer, commit: str) -> Resolved:
    try:
        return deployer.resolve(commit)
    except Refusal as refusal:
        if refusal.code is not Code.UNKNOWN_VERSION:
            raise
        raise Refusal(
            refusal.code,
            f"{order.app.name} {order.version} was commit {commit[:12]} then, which the "
            "repository no longer has.",
            f"Name another version: deploy {order.app.name} VERSION to {order.environment.name}",
        ) from None


def _same_commit(order: DeploymentOrder, resolved: Resolved) -> None:
    """A tag that was moved would bring something else than what was looked at."""
    if order.commit and resolved.commit and order.commit != resolved.commit:
        raise Refusal(
            Code.CHANGED_MEANWHILE,
            f"{resolved.version} of {order.app.name} is another commit now "
            f"({resolved.commit[:12]}).",
            f"To have the one that was meant: deploy {order.app.name} {order.commit[:12]} to "
            f"{order.environment.name}",
        )


def _still_as_expected(order: DeploymentOrder, before: Running) -> None:
    expected = order.expected_before
    if (
        expected is None
        or before.version == expected == ""
        or same(before, Running(expected, order.commit_before))
    ):
        return
    runs = before.version or "nothing"
    if same_version(expected, before.version):
        runs += f" of another commit ({before.commit[:12]})"
    raise Refusal(
        Code.CHANGED_MEANWHILE,
        f"{order.target} changed meanwhile: {runs} runs there now.",
        "Check it, then try again.",
    )


def is_there(order: DeploymentOrder, running: Running, wanted: Version) -> bool:
    """Whether it runs already, so that nothing is to be done. Without a version source the record
    has what was put there, not that it still is: deploying again does no harm."""
    known = order.app.version is not None and not running.mixed
    return not order.redeploy and known and same(running, wanted)


def _already_running(
    request: Request, order: DeploymentOrder, before: Running, resolved: Resolved
) -> Outcome:
    text = f"{order.target} already runs {shown_name(before, resolved)}; nothing was done."
    request.end(Event.REFUSED, Code.ALREADY_THERE.value, text)
    again = (
        f"To deploy it again: redeploy {order.app.name} {request.version} to "
        f"{order.environment.name}"
    )
    return Outcome(True, Code.ALREADY_THERE, f"{text} {again}", facts_of(request))


def _start(request: Request, order: DeploymentOrder) -> None:
    """Commit "started" before anything is touched."""
    request.write(Event.STARTED, asked_version=order.version)
    request.started = True


def _deploy(
    request: Request,
    order: DeploymentOrder,
    resolved: Resolved,
    job: RunningJob,
    brought: Delivery,
) -> Outcome:
    before = Running(request.version_before, request.commit_before)
    try:
        job.step("deploying")
        _put_in_place(order, resolved, job)
        verified = verify(order.target, resolved, job, before)
        # Who lost the claim does not know any more whose version it was that answered.
        job.check()
    except OpsroomError as error:
        raise failed(request, order, error) from error
    facts = facts_of(request, verified=verified, commit=resolved.commit or None)
    text = success(request, order, verified)
    try:
        also = _lock_afterwards(request, order)
        held = request.end(
            Event.SUCCEEDED,
            Code.DEPLOYED.value,
            text,
            also=also,
            verified=verified,
            # For the lead time of a change: once, at the end that counts, since there may be many.
            commit_times=list(brought.times) or None,
        )
    except Failure as failure:
        # The claim expires; then the deployment is recorded by what runs. Nothing else
        # is written here.
        request.ended = request.unrecorded = True
        raise Failure(
            failure.code,
            f"{request.version} is on {order.environment.name}, but that could not be recorded: "
            f"{failure.message}",
            "The next command records it, with what runs then.",
            facts,
        ) from failure
    if not held:
        raise taken_over(request, order)
    return Outcome(True, Code.DEPLOYED, text, facts)


def _put_in_place(order: DeploymentOrder, resolved: Resolved, job: RunningJob) -> None:
    deployer = order.target.deployer
    if order.is_rollback and isinstance(deployer, OwnRollback):
        deployer.roll_back(resolved, job)
    else:
        deployer.deploy(resolved, job)


def _lock_afterwards(request: Request, order: DeploymentOrder) -> Optional[Also]:
    """After a rollback the next automatic deploy must not bring the bad version back."""
    if not (order.is_rollback and order.environment.lock_after_rollback):
        return None
    before, after = distinct_names(
        Running(request.version_before, request.commit_before),
        Running(request.version, request.commit),
    )
    reason = f"rolled back from {before or 'another version'} to {after}"

    def lock(store: Store, connection: Transaction) -> None:
        lock_after_rollback(
            store,
            connection,
            request.by,
            request.app,
            request.environment,
            reason,
            deployment=request.deployment,
            execution_id=request.context.execution_id,
        )

    return lock
