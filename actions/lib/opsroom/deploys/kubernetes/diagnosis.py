"""What holds a roll-out up: asked of the pods of its newest revision, and of what creates them."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Tuple

from ...errors import Failure
from ...http.content import text_at
from ...text import one_line
from ...vendors.kubernetes import Kind, Workload
from ...vendors.kubernetes.client import Client
from ...vendors.kubernetes.pods import NOT_READY, is_ready, newest, why
from ..remote import State
from .rollout import Progress, failed_to_create, may_recover

Object = Mapping[str, Any]

_REVISION = "deployment.kubernetes.io/revision"
_HASHES = {
    Kind.DEPLOYMENT: "pod-template-hash",
    Kind.STATEFULSET: "controller-revision-hash",
    Kind.DAEMONSET: "controller-revision-hash",
}
# Characters of Kubernetes' own words.
_QUOTED = 150


class Diagnosis:
    """Of one workload as it was read. It asks for its pods once, where it needs them."""

    def __init__(self, client: Client, workload: Workload, found: Object) -> None:
        self._client = client
        self._workload = workload
        self._found = found
        self._label = _HASHES[workload.kind]
        self._asked: Optional[Tuple[Object, ...]] = None

    def explained(self, reached: Progress) -> Progress:
        """How far it is, with what holds it up. It has failed where no new pod may be created."""
        try:
            return self._explained(reached)
        except Failure as failure:
            if failure.facts.get("status") != 403:
                raise
            # To follow it, the workload is enough.
            reason = one_line(failure.message, _QUOTED).rstrip(".")
            return Progress(reached.state, f"{reached.text}; why is not known: {reason}")

    def stuck(self) -> str:
        """A StatefulSet waits for a broken pod of an earlier revision instead of replacing it; as
        the end of a sentence, empty where there is none (Kubernetes' documentation, "Forced
        rollback")."""
        ordered = text_at(self._found, "spec", "podManagementPolicy") != "Parallel"
        if self._workload.kind is not Kind.STATEFULSET or not ordered:
            return ""
        revision = text_at(self._found, "status", "updateRevision")
        for pod in newest(self._pods(), "", ""):
            of = text_at(pod, "metadata", "labels", self._label)
            problem = None if of == revision or is_ready(pod) else why((pod,))
            if problem is not None and problem.rank < NOT_READY:
                name = text_at(pod, "metadata", "name")
                return f"; pod {name} is broken and Kubernetes does not replace it: delete it"
        return ""

    def _explained(self, reached: Progress) -> Progress:
        revision, creator = self._newest()
        denied = one_line(failed_to_create(creator), _QUOTED).rstrip(".")
        recovers = may_recover(self._found, denied)
        if denied and reached.state is State.RUNNING and not recovers:
            return Progress(State.FAILED, f"no new pod may be created: {denied}")
        if denied:
            return Progress(reached.state, f"{reached.text}; no new pod may be created: {denied}")
        problem = why(newest(self._pods(), self._label, revision))
        if problem is None:
            return Progress(reached.state, f"{reached.text}{self.stuck() or self._event()}")
        if reached.state is State.FAILED:
            # What went wrong comes first: a long sentence loses its end.
            return Progress(State.FAILED, f"{problem.text}; {reached.text}")
        blocked = reached.state is State.BLOCKED or problem.rank < NOT_READY
        state = State.BLOCKED if blocked else State.RUNNING
        return Progress(state, f"{reached.text}; {problem.text}")

    def _newest(self) -> Tuple[str, Object]:
        """The hash by which the pods of the newest revision are known, and what creates them.

        Of a Deployment that is its newest ReplicaSet: the Deployment itself also shows what an
        older one may not create.
        """
        kind = self._workload.kind
        if kind is Kind.STATEFULSET:
            return text_at(self._found, "status", "updateRevision"), {}
        if kind is Kind.DEPLOYMENT:
            revision = text_at(self._found, "metadata", "annotations", _REVISION)
            every = [
                one
                for one in self._client.replica_sets(self._workload, self._found)
                if text_at(one, "metadata", "annotations", _REVISION) == revision
            ]
        else:
            every = list(self._client.revisions(self._workload, self._found))
        last = max(every, key=_number, default=None)
        if last is None:
            return "", {}
        return text_at(last, "metadata", "labels", self._label), last

    def _event(self) -> str:
        """Why no pod is created: of what is no Deployment only the events say it."""
        if self._workload.kind is Kind.DEPLOYMENT:
            return ""
        every = [
            one
            for one in self._client.events(self._workload, self._found)
            if text_at(one, "reason") == "FailedCreate"
        ]
        last = max(every, key=lambda one: text_at(one, "lastTimestamp"), default=None)
        message = one_line(text_at(last, "message"), _QUOTED).rstrip(".")
        return f"; no pod may be created: {message}" if message else ""

    def _pods(self) -> Tuple[Object, ...]:
        if self._asked is None:
            self._asked = self._client.pods(self._workload, self._found)
        return self._asked


def _number(found: Object) -> int:
    value = found.get("revision")
    return value if isinstance(value, int) else 0
