"""What Kubernetes' controller does with a StatefulSet, one pod at each look at the played server
(kubernetes, pkg/controller/statefulset/stateful_set_control.go)."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List, Set

from support.deploys.jobs import Notes
from support.vendors.kubernetes import IMAGE, Cluster, pod, waiting, workload

Object = Dict[str, Any]

# Keys of a deployment in steps, and the versions that run before and after it.
STEPS = {"workload": "statefulset/web", "steps": ["10%", "50%", "100%"], "pause": "1m"}
OLD, NEW = "v1.0.0", "v2.0.0"


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


def partitions(cluster: Cluster) -> List[int]:
    """Those that were set, in their order."""
    return [
        patch["spec"]["updateStrategy"]["rollingUpdate"]["partition"]
        for patch in cluster.patches
        if "updateStrategy" in patch["spec"]
    ]


def at_note(text: str, act: Callable[[], None], *more: str) -> Notes:
    """A job in which something happens when this is said for the first time."""
    pending = [text, *more]

    def note(line: str) -> None:
        if pending and pending[0] in line:
            pending.clear()
            act()

    return Notes(on_note=note)


def is_as_at_first(pods: StatefulSet) -> bool:
    """Whether nothing of a deployment is left on it."""
    annotations = pods.found["metadata"]["annotations"]
    return (
        pods.found["spec"]["template"]["spec"]["containers"][0]["image"] == f"{IMAGE}:{OLD}"
        and pods.partition == 0
        and "opsroom/steps" not in annotations
        and "opsroom/deploy" not in annotations
    )
