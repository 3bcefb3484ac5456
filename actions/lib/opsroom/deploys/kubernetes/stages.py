"""The steps of a StatefulSet's roll-out, by its partition: the pods from that number on are
updated, the others keep their revision, also when they are replaced (kubernetes,
pkg/controller/statefulset/stateful_set_control.go). The number is counted from the first pod, also
where `spec.ordinals.start` gives it another name.

Nothing else in Kubernetes holds a share of pods back: a Deployment that is paused stops wherever it
is at that moment, and a DaemonSet cannot be paused.
"""

from __future__ import annotations

import json
from typing import Any, Mapping, NamedTuple, Optional, Tuple

from ...http.content import at, text_at
from ...vendors.kubernetes import Kind, Workload
from ..remote import State
from ..steps import Steps, reached
from .rollout import (
    Progress,
    is_observed,
    partition_of,
    progress,
    ready_pods,
    replicas,
    updated_pods,
)

Object = Mapping[str, Any]

# On the workload: how far the steps are, in the same patch as the partition.
ANNOTATION = "opsroom/steps"


class Hold(NamedTuple):
    """A partition that opsroom has set, and the step that it is for."""

    step: int
    partition: int

    def text(self) -> str:
        """As the annotation has it."""
        # pylint: disable=no-member
        return json.dumps(self._asdict())


def hold_of(kind: Kind, found: Object) -> Optional[Hold]:
    """The partition that opsroom has set; None where there is none, and where someone has set
    another one since."""
    if kind is not Kind.STATEFULSET:
        return None
    try:
        read = json.loads(text_at(found, "metadata", "annotations", ANNOTATION))
        hold = Hold(int(read["step"]), int(read["partition"]))
    except (ValueError, TypeError, KeyError):
        return None
    return hold if hold.partition == partition_of(found) > 0 else None


def partition_for(found: Object, steps: Steps, number: int) -> int:
    """The partition at which step `number` has its share of the pods that are wanted now."""
    wanted = replicas(found)
    return wanted - reached(steps, number, wanted)


def first_hold(found: Object, steps: Steps, same: bool, left: Optional[Hold]) -> Optional[Hold]:
    """What holds the pods of a new roll-out back that are not of its first step; None where nothing
    has to.

    `same`: the images are set already, so that no pod is replaced, or so that the steps of `left`
    go on.
    """
    if same:
        return left
    partition = partition_for(found, steps, 1)
    return Hold(1, partition) if partition else None


def next_hold(found: Object, steps: Steps, hold: Hold, number: int) -> Hold:
    """What holds pods back in step `number`, with as many pods as are wanted now. The partition is
    never raised again: that would bring no pod back."""
    partition = min(hold.partition, partition_for(found, steps, number))
    return Hold(max(hold.step, number), partition) if number >= hold.step else hold


def names_of(workload: Workload, found: Object, steps: Steps, number: int) -> Tuple[str, ...]:
    """The pods that step `number` brings the version to, the first one first."""
    start = at(found, "spec", "ordinals", "start")
    first = start if isinstance(start, int) else 0
    begin = partition_for(found, steps, number)
    end = replicas(found) if number == 1 else partition_for(found, steps, number - 1)
    return tuple(f"{workload.name}-{first + one}" for one in range(begin, end))


def stage(found: Object, steps: Steps, hold: Hold) -> Tuple[Progress, bool]:
    """How far a step is, and whether it is done."""
    count = max(len(steps.sizes), hold.step)
    share = ""
    if hold.step <= len(steps.sizes) and steps.sizes[hold.step - 1].percent:
        share = f", {steps.sizes[hold.step - 1]}"
    text = f"is at step {hold.step} of {count}{share}"
    reached_now = progress(Kind.STATEFULSET, found, hold.partition)
    if not is_observed(Kind.STATEFULSET, found):
        return Progress(State.RUNNING, f"{text}: {reached_now.text}"), False
    updated, wanted = updated_pods(Kind.STATEFULSET, found)
    text = f"{text}: {updated} of {wanted} pods"
    if ready_pods(found) < wanted:
        text = f"{text}, and {ready_pods(found)} are ready"
    done = reached_now.state is State.SUCCEEDED
    return Progress(State.RUNNING, text), done
