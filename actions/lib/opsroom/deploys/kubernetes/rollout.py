"""How far a roll-out is, from the workload alone: kubectl's own test, and what that leaves out.

The order of the questions is that of `kubectl rollout status` (kubernetes/kubectl,
pkg/polymorphichelpers/rollout_status.go). Beyond it: a paused workload is blocked; a StatefulSet is
done when all its pods are of one revision and available; one whose update strategy is OnDelete has
no roll-out.
"""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Optional, Tuple

from ...http.content import at, list_at, object_at, text_at
from ...vendors.kubernetes import Kind
from ..remote import State

Object = Mapping[str, Any]

# How an error begins that is no decision: an admission webhook that cannot be called.
_INTERNAL = "Internal error occurred"


class Progress(NamedTuple):
    """How far it is. `text` follows the name of the roll-out in a sentence ("waits for ..."), or,
    where it failed, says why as a clause."""

    state: State
    text: str


def progress(kind: Kind, found: Object, held: int = 0) -> Progress:
    """How far the roll-out of a workload is whose spec is the one that is wanted.

    `held` is a partition that is wanted, too: it has succeeded then when the pods from that number
    on are updated.
    """
    if not is_observed(kind, found):
        return Progress(State.RUNNING, "waits for Kubernetes to begin")
    if kind is Kind.DEPLOYMENT:
        return _of_deployment(found)
    if kind is Kind.STATEFULSET:
        return _of_stateful_set(found, held)
    return _of_daemon_set(found)


def obstacle(kind: Kind, found: Object, held: int = 0) -> Tuple[str, str]:
    """Why a new image would not roll out at all, as the end of a sentence about the workload, and
    what would help; two empty texts where nothing is in the way. `held` is a partition that is not
    in the way."""
    if text_at(found, "metadata", "deletionTimestamp"):
        return "is being deleted", "Wait until it is there again."
    if is_paused(found):
        return "is paused, so that nothing would roll out", "Resume it: kubectl rollout resume"
    strategy = text_at(found, "spec", "updateStrategy", "type")
    if kind is not Kind.DEPLOYMENT and strategy == "OnDelete":
        why = "has the update strategy OnDelete: a pod gets the new image only when it is deleted"
        return why, "Set its update strategy to RollingUpdate, or delete the pods yourself."
    partition = partition_of(found)
    if kind is Kind.STATEFULSET and partition != held:
        why = f"has a partition of {partition}: the pods below that number would keep their image"
        return why, "Set spec.updateStrategy.rollingUpdate.partition to 0."
    return "", ""


def is_paused(found: Object) -> bool:
    """Whether a Deployment is paused."""
    return at(found, "spec", "paused") is True


def replicas(found: Object) -> int:
    """How many pods are wanted: 1 where nothing is said, as Kubernetes has it."""
    value = at(found, "spec", "replicas")
    return value if isinstance(value, int) else 1


def updated_pods(kind: Kind, found: Object) -> Tuple[int, int]:
    """How many pods have the template that is set, and how many are wanted."""
    if kind is Kind.DAEMONSET:
        return _count(found, "updatedNumberScheduled"), _count(found, "desiredNumberScheduled")
    return _count(found, "updatedReplicas"), replicas(found)


def ready_pods(found: Object) -> int:
    """How many pods of a Deployment or StatefulSet are ready."""
    return _count(found, "readyReplicas")


def failed_to_create(found: Object) -> str:
    """What a ReplicaSet or Deployment says of pods that it may not create (quota, an admission
    webhook); empty where it says nothing. kubectl passes it over and waits."""
    condition = _condition(found, "ReplicaFailure")
    if text_at(condition, "status") != "True":
        return ""
    return text_at(condition, "message") or text_at(condition, "reason") or "no reason given"


def may_recover(found: Object, denied: str) -> bool:
    """Whether pods that were denied for this reason may come by themselves: what denied them is
    only away, or old pods that go make room."""
    if denied.startswith(_INTERNAL):
        return True
    old = _count(found, "replicas") - _count(found, "updatedReplicas")
    strategy = text_at(found, "spec", "strategy", "type")
    if old <= 0 or strategy == "Recreate":
        return old > 0
    allowed = at(found, "spec", "strategy", "rollingUpdate", "maxUnavailable")
    return _share(allowed, replicas(found)) > 0


def is_observed(kind: Kind, found: Object) -> bool:
    """Whether the status is that of the spec, which its controller has seen."""
    observed, generation = _count(found, "observedGeneration"), at(found, "metadata", "generation")
    wanted = generation if isinstance(generation, int) else 0
    return observed >= wanted and not (kind is Kind.STATEFULSET and observed == 0)


def _of_deployment(found: Object) -> Progress:
    wanted, updated = replicas(found), _count(found, "updatedReplicas")
    old = _count(found, "replicas") - updated
    available = _count(found, "availableReplicas")
    condition = _condition(found, "Progressing")
    # Before its deadline: a paused roll-out never reaches it, and an old one may still be there.
    if is_paused(found) and not (updated >= wanted and old <= 0 and available >= updated):
        return Progress(State.BLOCKED, "is paused; someone has to resume it")
    if text_at(condition, "reason") == "ProgressDeadlineExceeded":
        limit = at(found, "spec", "progressDeadlineSeconds")
        within = f" of {limit} s" if isinstance(limit, int) else ""
        text = f"it exceeded its progress deadline{within} with {updated} of {wanted} pods updated"
        return Progress(State.FAILED, text)
    if updated < wanted:
        return Progress(State.RUNNING, f"has updated {updated} of {wanted} pods")
    if old > 0:
        return Progress(State.RUNNING, f"waits for {_pods(old, 'old')} to end")
    if available < updated:
        return Progress(State.RUNNING, f"waits for pods: {available} of {updated} are available")
    return Progress(State.SUCCEEDED, _done(wanted))


def _of_stateful_set(found: Object, held: int) -> Progress:
    wanted, updated = replicas(found), _count(found, "updatedReplicas")
    ready = _count(found, "readyReplicas")
    below = min(partition_of(found), wanted)
    if below and partition_of(found) != held:
        text = f"is held by a partition: pods below number {below} keep their image"
        return Progress(State.BLOCKED, text)
    due = wanted - below
    if ready < wanted or updated < due:
        text = f"has updated {updated} of {due} pods, and {ready} are ready"
        return Progress(State.RUNNING, text)
    # Only newer servers report it, and it differs from `ready` only with minReadySeconds.
    available = at(found, "status", "availableReplicas")
    if at(found, "spec", "minReadySeconds") and isinstance(available, int) and available < wanted:
        return Progress(State.RUNNING, f"waits for pods: {available} of {wanted} are available")
    current, new = (text_at(found, "status", f"{one}Revision") for one in ("current", "update"))
    if wanted and not below and current != new:
        return Progress(State.RUNNING, "waits for the new revision to become the current one")
    return Progress(State.SUCCEEDED, _done(due))


def _of_daemon_set(found: Object) -> Progress:
    wanted = _count(found, "desiredNumberScheduled")
    updated, available = _count(found, "updatedNumberScheduled"), _count(found, "numberAvailable")
    if updated < wanted:
        return Progress(State.RUNNING, f"has updated {updated} of {wanted} pods")
    if available < wanted:
        return Progress(State.RUNNING, f"waits for pods: {available} of {wanted} are available")
    return Progress(State.SUCCEEDED, _done(wanted))


def _done(wanted: int) -> str:
    return f"is complete: {_pods(wanted)}" if wanted else "is complete, and no pod is wanted"


def _pods(count: int, which: str = "") -> str:
    return f"{count} {which} ".replace("  ", " ") + ("pod" if count == 1 else "pods")


def _condition(found: Object, kind: str) -> Optional[Object]:
    conditions = list_at(found, "status", "conditions")
    return next((one for one in conditions if text_at(one, "type") == kind), None)


def _count(found: Object, name: str) -> int:
    value = object_at(found, "status").get(name)
    return value if isinstance(value, int) else 0


def partition_of(found: Object) -> int:
    """From which pod on, counted from the first, those of a StatefulSet are updated."""
    value = at(found, "spec", "updateStrategy", "rollingUpdate", "partition")
    return value if isinstance(value, int) else 0


def _share(value: Any, whole: int) -> int:
    """A number or a percentage of the pods, rounded down as for maxUnavailable; 25% where nothing
    is said."""
    if isinstance(value, int):
        return value
    text = value if isinstance(value, str) else "25%"
    return whole * int(text[:-1]) // 100 if text[:-1].isdigit() else 0
