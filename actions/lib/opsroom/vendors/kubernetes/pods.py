"""Why pods do not come up, in one sentence: from their status, the most telling first."""

from __future__ import annotations

from typing import Any, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from ...http.content import at, list_at, object_at, text_at
from ...text import one_line

Object = Mapping[str, Any]
# Characters of Kubernetes' own words.
_QUOTED = 110

# Reasons for which a container waits (kubelet: images/types.go, kuberuntime, container/sync_result)
_PULL = (
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
)
_CONFIG = (
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "PreCreateHookError",
    "PreStartHookError",
    "PostStartHookError",
)
_CRASH = "CrashLoopBackOff"


class Problem(NamedTuple):
    """`text` says which pod and what: "pod web-1 cannot pull image x (not found)". `rank`: the
    smaller, the more it explains; with NOT_READY it may be a pod that only starts."""

    rank: int
    text: str


NOT_READY = 5


def newest(pods: Tuple[Object, ...], label: str, value: str) -> Tuple[Object, ...]:
    """The pods of one revision that are not about to end; of every one where the value is empty."""
    return tuple(
        pod
        for pod in pods
        if not text_at(pod, "metadata", "deletionTimestamp")
        and (not value or text_at(pod, "metadata", "labels", label) == value)
    )


def why(pods: Tuple[Object, ...]) -> Optional[Problem]:
    """What is wrong with the first pod that has the most telling trouble; None where there is
    none."""
    found: List[Problem] = [
        Problem(rank, f"pod {text_at(pod, 'metadata', 'name')} {text}")
        for pod in pods
        for rank, text in _problems(pod)
    ]
    return min(found, default=None)


def is_ready(pod: Object) -> bool:
    """Whether a pod counts as ready."""
    return any(
        text_at(one, "type") == "Ready" and text_at(one, "status") == "True"
        for one in list_at(pod, "status", "conditions")
    )


def _problems(pod: Object) -> Iterator[Problem]:
    for kind, statuses in (
        ("init container", list_at(pod, "status", "initContainerStatuses")),
        ("container", list_at(pod, "status", "containerStatuses")),
    ):
        for status in statuses:
            yield from _of_container(pod, kind, status)
    for condition in list_at(pod, "status", "conditions"):
        if text_at(condition, "type") == "PodScheduled" and text_at(condition, "status") == "False":
            yield Problem(3, f"cannot be scheduled{_in_brackets(text_at(condition, 'message'))}")
    if text_at(pod, "status", "phase") == "Failed":
        reason = text_at(pod, "status", "reason")
        message = text_at(pod, "status", "message")
        yield Problem(4, f"has failed{_in_brackets(': '.join(filter(None, (reason, message))))}")


def _of_container(pod: Object, kind: str, status: Object) -> Iterator[Problem]:
    name, state = text_at(status, "name"), object_at(status, "state")
    reason, message = (text_at(state, "waiting", key) for key in ("reason", "message"))
    if reason in _PULL:
        image = text_at(status, "image") or "the image"
        yield Problem(0, f"cannot pull image {image}{_in_brackets(message or reason)}")
    elif reason in _CONFIG:
        yield Problem(1, f"cannot start {kind} {name}{_in_brackets(message or reason)}")
    elif reason == _CRASH:
        last = object_at(status, "lastState", "terminated")
        yield Problem(2, _crash(pod, kind, name, last, "crashes again and again"))
    ended = object_at(state, "terminated")
    if ended and (kind == "container" or at(ended, "exitCode") != 0):
        yield Problem(2, _crash(pod, kind, name, ended, "ended"))
    elif at(state, "running") is not None and status.get("ready") is False and kind == "container":
        last = object_at(status, "lastState", "terminated")
        if last:
            yield Problem(2, _crash(pod, kind, name, last, "has crashed and is not ready"))
        else:
            yield Problem(NOT_READY, f"runs {kind} {name}, which is not ready")


def _crash(pod: Object, kind: str, name: str, ended: Object, what: str) -> str:
    if text_at(ended, "reason") == "OOMKilled":
        limit = _memory_limit(pod, name)
        return f"runs out of memory in {kind} {name}" + (f" (limit {limit})" if limit else "")
    code = at(ended, "exitCode")
    how = f" (exit code {code})" if isinstance(code, int) else ""
    words = one_line(text_at(ended, "message"), 80)
    return f"has {kind} {name} that {what}{how}" + (f": {words}" if words else "")


def _memory_limit(pod: Object, name: str) -> str:
    every = [*list_at(pod, "spec", "containers"), *list_at(pod, "spec", "initContainers")]
    found = next((one for one in every if text_at(one, "name") == name), None)
    return text_at(found, "resources", "limits", "memory")


def _in_brackets(text: str) -> str:
    shown = one_line(text, _QUOTED).rstrip(". ")
    return f" ({shown})" if shown else ""
