"""Why pods do not come up: what Kubernetes reports of each trouble, in one sentence."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

import pytest

from opsroom.vendors.kubernetes.pods import NOT_READY, newest, why
from support.vendors.kubernetes import IMAGE, pod, waiting

CRASH = waiting("CrashLoopBackOff", "back-off 40s restarting failed container")
RUNNING = {"running": {"startedAt": "2026-11-30T10:00:00Z"}}


def crashed(code: int, reason: str = "Error", message: str = "") -> Dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason, "message": message}}


def with_container(**status: Any) -> Dict[str, Any]:
    found = pod(state=RUNNING)
    found["status"]["containerStatuses"][0].update(status)
    return found


def with_init(state: Mapping[str, Any], **status: Any) -> Dict[str, Any]:
    init = {"name": "migrate", "image": f"{IMAGE}:v2.0.0", "state": state, **status}
    return pod(state=waiting("PodInitializing"), initContainerStatuses=[init])


def unscheduled(message: str) -> Dict[str, Any]:
    found = pod(state=waiting("x"))
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    found["status"]["conditions"] = [{**condition, "message": message}]
    found["status"]["containerStatuses"] = []
    return found


CASES: List[Any] = [
    (
        pod(state=waiting("ImagePullBackOff", f'Back-off pulling image "{IMAGE}:v2.0.0"')),
        f'cannot pull image {IMAGE}:v2.0.0 (Back-off pulling image "{IMAGE}:v2.0.0")',
    ),
    (
        pod(state=waiting("ErrImagePull", "not found")),
        f"cannot pull image {IMAGE}:v2.0.0 (not found)",
    ),
    (pod(state=waiting("InvalidImageName")), f"pull image {IMAGE}:v2.0.0 (InvalidImageName)"),
    (
        pod(state=waiting("CreateContainerConfigError", 'secret "db" not found')),
        'cannot start container web (secret "db" not found)',
    ),
    (
        pod(state=waiting("RunContainerError", 'exec: "/bin/wbe": not found')),
        'cannot start container web (exec: "/bin/wbe": not found)',
    ),
    (
        with_container(state=CRASH, lastState=crashed(3, message="no config\n"), ready=False),
        "has container web that crashes again and again (exit code 3): no config",
    ),
    (
        with_container(state=CRASH, lastState=crashed(137, "OOMKilled"), ready=False),
        "runs out of memory in container web (limit 256Mi)",
    ),
    (
        with_container(state=crashed(137, "OOMKilled"), ready=False),
        "runs out of memory in container web (limit 256Mi)",
    ),
    (with_container(state=crashed(0, "Completed")), "has container web that ended (exit code 0)"),
    (
        with_container(ready=False, lastState=crashed(1)),
        "has container web that has crashed and is not ready (exit code 1)",
    ),
    (with_container(ready=False), "runs container web, which is not ready"),
    (
        with_init(CRASH, lastState=crashed(1)),
        "has init container migrate that crashes again and again (exit code 1)",
    ),
    (
        with_init(waiting("CreateContainerConfigError", 'configmap "x" not found')),
        'cannot start init container migrate (configmap "x" not found)',
    ),
    (with_init(crashed(2)), "has init container migrate that ended (exit code 2)"),
    (
        unscheduled("0/3 nodes are available: 3 Insufficient memory."),
        "cannot be scheduled (0/3 nodes are available: 3 Insufficient memory)",
    ),
    (
        pod(phase="Failed", reason="Evicted", message="The node was low on resource: memory."),
        "has failed (Evicted: The node was low on resource: memory)",
    ),
]


@pytest.mark.parametrize(("found", "text"), CASES, ids=lambda one: str(one)[:40])
def test_each_trouble_is_said_with_its_reason(found: Dict[str, Any], text: str) -> None:
    trouble = why((found,))
    assert trouble is not None
    assert trouble.text.startswith("pod web-6f9-abc ")
    assert text in trouble.text


@pytest.mark.parametrize(
    "found",
    [
        pod(),
        pod(state=waiting("ContainerCreating")),
        with_init(RUNNING),
        with_init(crashed(0, "Completed")),
        pod(initContainerStatuses=[{"name": "migrate", "state": crashed(0, "Completed")}]),
        {},
    ],
    ids=["runs", "created", "migrates", "migrated", "after", "nothing is known"],
)
def test_a_pod_that_only_starts_or_runs_has_no_trouble(found: Dict[str, Any]) -> None:
    assert why((found,)) is None


def test_the_most_telling_trouble_goes_first() -> None:
    slow = with_container(ready=False)
    slow["metadata"]["name"] = "web-a"
    broken = pod("web-b", state=waiting("ErrImagePull"))
    trouble = why((slow, broken))
    assert trouble is not None
    assert trouble.text.startswith("pod web-b cannot pull")
    alone = why((slow,))
    assert alone is not None
    assert alone.rank == NOT_READY


def test_long_words_of_kubernetes_are_cut_and_on_one_line() -> None:
    trouble = why((pod(state=waiting("ErrImagePull", "a\n" * 400)),))
    assert trouble is not None
    assert len(trouble.text) < 230
    assert "\n" not in trouble.text


def test_pods_of_another_revision_and_pods_that_end_are_left_out() -> None:
    old, ending = pod("web-old", revision="hash-1"), pod("web-end")
    ending["metadata"]["deletionTimestamp"] = "2026-11-30T10:00:00Z"
    new = pod("web-new")
    pods = (old, ending, new)
    assert newest(pods, "pod-template-hash", "hash-2") == (new,)
    assert newest(pods, "pod-template-hash", "") == (old, new)
