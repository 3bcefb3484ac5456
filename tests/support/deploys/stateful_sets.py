"""What Kubernetes' controller does with a StatefulSet, one pod at each look at the played server
(kubernetes, pkg/controller/statefulset/stateful_set_control.go)."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Set

from support.vendors.kubernetes import Cluster, pod, waiting, workload

Object = Dict[str, Any]


class StatefulSet:
    """A StatefulSet `web` of so many pods in a cluster.

    `pods` are the revisions of the pods, the first one first; `crashing` the versions of which no
    pod becomes ready. `history` has for each look how many pods have the new revision.
    """

    def __init__(self, cluster: Cluster, count: int = 10) -> None:
        self.cluster = cluster
        self.found = cluster.add(workload("statefulsets", replicas=count))
        self.crashing: Set[str] = set()
        self.history: List[int] = []
        self._revisions: Dict[str, str] = {}
        self._templates: Dict[str, Object] = {}
        self._current = self._revision()
        self.pods = [self._current] * count
        self._ready = [True] * count
        self._show()
        cluster.steps = [self]

    @property
    def partition(self) -> int:
        return int(self.found["spec"]["updateStrategy"]["rollingUpdate"]["partition"])

    def versions(self) -> List[str]:
        """What runs in each pod, the first one first."""
        return [self._image(one).rpartition(":")[2] for one in self.pods]

    def __call__(self, found: Object) -> None:
        """One look: what was replaced at the last one is ready now, and one more is replaced."""
        update, wanted = self._revision(), found["spec"]["replicas"]
        while len(self.pods) < wanted:
            new = self._current if len(self.pods) < self.partition else update
            self.pods.append(new)
            self._ready.append(True)
        del self.pods[wanted:], self._ready[wanted:]
        self._ready = [
            self._image(one).rpartition(":")[2] not in self.crashing for one in self.pods
        ]
        if all(self._ready):
            for number in reversed(range(self.partition, wanted)):
                if self.pods[number] != update:
                    self.pods[number], self._ready[number] = update, False
                    break
        if all(self._ready) and all(one == update for one in self.pods):
            self._current = update
        self._show()
        self.history.append(found["status"]["updatedReplicas"])

    def _show(self) -> None:
        """The status, and the pods."""
        update, ready = self._revision(), sum(self._ready)
        self.found["status"] = {
            "observedGeneration": self.found["metadata"]["generation"],
            "replicas": len(self.pods),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "updatedReplicas": sum(one == update for one in self.pods),
            "currentReplicas": sum(one == self._current for one in self.pods),
            "currentRevision": self._current,
            "updateRevision": update,
        }
        name = self.found["metadata"]["name"]
        self.cluster.lists["pods"] = [
            pod(
                f"{name}-{number}",
                self._image(one).rpartition(":")[2],
                None if self._ready[number] else waiting("CrashLoopBackOff"),
                one,
            )
            for number, one in enumerate(self.pods)
        ]

    def _revision(self) -> str:
        """The revision of the template: an earlier one where that was the same."""
        template = self.found["spec"]["template"]
        text = json.dumps(template, sort_keys=True)
        name = self._revisions.setdefault(text, f"web-r{len(self._revisions) + 1}")
        self._templates.setdefault(name, json.loads(text))
        return name

    def _image(self, revision: str) -> str:
        containers = self._templates[revision]["spec"]["containers"]
        return str(next(one["image"] for one in containers if one["name"] == "web"))
