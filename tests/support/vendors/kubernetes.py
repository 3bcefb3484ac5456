"""A Kubernetes API server as far as opsroom and kubectl use it: workloads in memory, whose status a
test scripts, since nothing here runs pods.

Below `/kubectl` the same server answers kubectl, which asks for more than our description has:
what there is at all (discovery), lists by name, and watches.
"""

from __future__ import annotations

import copy
import re
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from support.contracts.vendor import Vendor, answer, body_of
from support.servers.http import Reply, Request

TOKEN = "eyJhbGciOiJSUzI1NiJ9.s3cret-token-of-the-robot.sig"
NAMESPACE = "shop"
IMAGE = "registry.example.com/web"
KINDS = {"deployments": "Deployment", "statefulsets": "StatefulSet", "daemonsets": "DaemonSet"}
KUBECTL = "/kubectl"
_MERGED_BY_NAME = ("containers", "initContainers")
_OBJECT = re.compile(
    r"/apis/apps/v1/namespaces/([^/]+)/(deployments|statefulsets|daemonsets)/([^/]+)$"
)
_LIST = re.compile(r"/apis?/(?:apps/)?v1/namespaces/([^/]+)/(\w+)$")

Object = Dict[str, Any]
Step = Callable[[Object], None]


def workload(plural: str = "deployments", name: str = "web", **spec: Any) -> Object:
    """A healthy workload of three pods with the containers web and proxy and an init container."""
    labels = {"app": name}
    found: Object = {
        "apiVersion": "apps/v1",
        "kind": KINDS[plural],
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "uid": f"uid-{name}",
            "resourceVersion": "100",
            "generation": 1,
            "annotations": {"deployment.kubernetes.io/revision": "1"},
            "managedFields": [],
        },
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [
                        {"name": "web", "image": f"{IMAGE}:v1.0.0", "imagePullPolicy": "Always"},
                        {"name": "proxy", "image": "registry.example.com/proxy:7"},
                    ],
                    "initContainers": [{"name": "migrate", "image": f"{IMAGE}:v1.0.0"}],
                },
            },
            **spec,
        },
        "status": {},
    }
    if plural != "deployments":
        found["spec"].setdefault(
            "updateStrategy", {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
        )
    if plural == "daemonsets":
        del found["spec"]["replicas"]
    else:
        found["spec"].setdefault("progressDeadlineSeconds", 600)
    done(found)
    return found


def done(found: Object) -> None:
    """The status of a workload whose roll-out is complete."""
    wanted = found["spec"].get("replicas", 3)
    status = found["status"] = {"observedGeneration": found["metadata"]["generation"]}
    if found["kind"] == "DaemonSet":
        status.update(
            desiredNumberScheduled=3, updatedNumberScheduled=3, numberAvailable=3, numberReady=3
        )
        return
    status.update(
        replicas=wanted, updatedReplicas=wanted, readyReplicas=wanted, availableReplicas=wanted
    )
    if found["kind"] == "StatefulSet":
        revision = f"{found['metadata']['name']}-{found['metadata']['generation']}"
        status.update(currentReplicas=wanted, currentRevision=revision, updateRevision=revision)
    else:
        condition(found, "Progressing", "True", "NewReplicaSetAvailable")


def at(**status: Any) -> Step:
    """A step to this status of the workload as it is then; `conditions` are (type, status, reason,
    message)."""

    def step(found: Object) -> None:
        conditions = status.get("conditions", ())
        found["status"] = {
            "observedGeneration": found["metadata"]["generation"],
            **{name: value for name, value in status.items() if name != "conditions"},
        }
        for one in conditions:
            condition(found, *one)

    return step


def unobserved(found: Object) -> None:
    """What has not been looked at yet by its controller: the status of before."""
    found["status"]["observedGeneration"] = found["metadata"]["generation"] - 1


def condition(found: Object, kind: str, status: str, reason: str, message: str = "") -> None:
    found["status"].setdefault("conditions", []).append(
        {"type": kind, "status": status, "reason": reason, "message": message}
    )


def pod(
    name: str = "web-6f9-abc",
    version: str = "v2.0.0",
    state: Optional[Mapping[str, Any]] = None,
    revision: str = "hash-2",
    **more: Any,
) -> Object:
    """A pod whose container web has this `state`, by default one that runs. `more` goes into its
    status."""
    image = f"{IMAGE}:{version}"
    running: Mapping[str, Any] = {"running": {"startedAt": "2026-11-30T10:00:00Z"}}
    ready = state is None
    status = {
        "name": "web",
        "image": image,
        "imageID": f"{IMAGE}@sha256:{'a' * 64}",
        "ready": ready,
        "restartCount": 0,
        "state": dict(running if state is None else state),
    }
    return {
        "metadata": {
            "name": name,
            "labels": {
                "app": "web",
                "pod-template-hash": revision,
                "controller-revision-hash": revision,
            },
        },
        "spec": {
            "containers": [
                {"name": "web", "image": image, "resources": {"limits": {"memory": "256Mi"}}},
                {"name": "proxy", "image": "registry.example.com/proxy:7"},
            ],
            "initContainers": [{"name": "migrate", "image": image}],
        },
        "status": {
            "phase": "Running" if ready else "Pending",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": [status],
            **more,
        },
    }


def waiting(reason: str, message: str = "") -> Mapping[str, Any]:
    """The state of a container that waits."""
    return {"waiting": {"reason": reason, "message": message}}


class Cluster(Vendor):
    """`cluster.add(workload())`; `cluster.steps = [unobserved, at(...), done]` is what its status
    is at the looks after a patch, one each, the last again and again.

    `denied` are (verb, resource) that the account may not do; `between` is called before the next
    patch is carried out, as someone who was faster; `token` is the one that is accepted.
    """

    def __init__(self) -> None:
        super().__init__("kubernetes", self.play, unchecked=(KUBECTL,))
        self.objects: Dict[Tuple[str, str], Object] = {}
        self.lists: Dict[str, List[Object]] = {}
        self.steps: List[Step] = []
        self.denied: List[Tuple[str, str]] = []
        self.between: List[Callable[[], None]] = []
        self.token = TOKEN
        self.patches: List[Object] = []

    def add(self, found: Object) -> Object:
        plural = next(one for one, kind in KINDS.items() if kind == found["kind"])
        self.objects[plural, found["metadata"]["name"]] = found
        if plural == "deployments":
            self.lists.setdefault("replicasets", []).append(
                {
                    "metadata": {
                        "name": "web-hash-2",
                        "labels": {"app": "web", "pod-template-hash": "hash-2"},
                        "annotations": {"deployment.kubernetes.io/revision": "1"},
                        "ownerReferences": [{"uid": found["metadata"]["uid"]}],
                    },
                    "status": {},
                }
            )
        return found

    def play(self, request: Request) -> Reply:
        path = request.path
        if path.startswith(KUBECTL):
            return self._for_kubectl(request, path[len(KUBECTL) :])
        if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
            return status_of(401, "Unauthorized", "Unauthorized")
        return self._object(request, path) or self._list(request, path) or _not_found(path)

    def _object(self, request: Request, path: str) -> Optional[Reply]:
        named = _OBJECT.match(path)
        if named is None:
            return None
        namespace, plural, name = named.groups()
        denied = self._denied("patch" if request.method == "PATCH" else "get", plural)
        if denied:
            return denied
        found = self.objects.get((plural, name))
        if found is None or found["metadata"]["namespace"] != namespace:
            message = f'{plural}.apps "{name}" not found'
            return status_of(404, "NotFound", message, {"name": name, "kind": plural})
        if request.method == "PATCH":
            return self._patched(found, body_of(request), request)
        if self.steps and found["metadata"]["generation"] > 1:
            step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
            step(found)
            changed(found)
        return answer(found)

    def _patched(self, found: Object, patch: Object, request: Request) -> Reply:
        if self.between:
            self.between.pop(0)()
        if request.headers["content-type"] != "application/strategic-merge-patch+json":
            return status_of(
                415, "UnsupportedMediaType", "the body of the request was in an unknown format"
            )
        metadata = patch.get("metadata", {})
        if (
            metadata.get("resourceVersion", found["metadata"]["resourceVersion"])
            != (found["metadata"]["resourceVersion"])
        ):
            message = (
                "Operation cannot be fulfilled: the object has been modified; please apply your "
                "changes to the latest version and try again"
            )
            return status_of(409, "Conflict", message)
        merged = merge(found, patch)
        for one in _MERGED_BY_NAME:
            for container in merged["spec"]["template"]["spec"].get(one, []):
                if not container.get("image"):
                    return status_of(422, "Invalid", f"{one}: Required value: image")
        self.patches.append(patch)
        same = merged["spec"] == found["spec"]
        found.update(merged)
        if not same:
            found["metadata"]["generation"] += 1
        changed(found)
        return answer(found)

    def _list(self, request: Request, path: str) -> Optional[Reply]:
        named = _LIST.match(path)
        if named is None:
            return None
        resource = named.group(2)
        denied = self._denied("list", resource)
        if denied:
            return denied
        items = self.lists.get(resource, [])
        if "labelSelector" in request.query:
            wanted = dict(one.split("=") for one in request.query["labelSelector"][0].split(","))
            items = [one for one in items if wanted.items() <= one["metadata"]["labels"].items()]
        return answer({"kind": "List", "items": items})

    def _denied(self, verb: str, resource: str) -> Optional[Reply]:
        if (verb, resource) not in self.denied:
            return None
        group = "" if resource in ("pods", "events") else "apps"
        message = (
            f'{resource} is forbidden: User "system:serviceaccount:ops:opsroom" cannot {verb} '
            f'resource "{resource}" in API group "{group}" in the namespace "{NAMESPACE}"'
        )
        return status_of(403, "Forbidden", message, {"kind": resource})

    # For kubectl.

    def _for_kubectl(self, request: Request, path: str) -> Reply:
        if path == "/api":
            return answer({"kind": "APIVersions", "versions": ["v1"]})
        if path == "/apis":
            version = {"groupVersion": "apps/v1", "version": "v1"}
            group = {"name": "apps", "versions": [version], "preferredVersion": version}
            return answer({"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]})
        if path == "/api/v1":
            return answer({"kind": "APIResourceList", "groupVersion": "v1", "resources": []})
        if path == "/apis/apps/v1":
            resources = [
                {
                    "name": plural,
                    "singularName": kind.lower(),
                    "namespaced": True,
                    "kind": kind,
                    "verbs": ["get", "list", "patch", "watch"],
                }
                for plural, kind in KINDS.items()
            ]
            return answer(
                {"kind": "APIResourceList", "groupVersion": "apps/v1", "resources": resources}
            )
        named = _LIST.match(path)
        if named and named.group(2) in KINDS:
            return self._list_for_kubectl(request, named.group(2))
        return self._object(request, path) or _not_found(path)

    def _list_for_kubectl(self, request: Request, plural: str) -> Reply:
        """kubectl follows one object by a list and a watch. It is given no change: the state is
        that of this moment."""
        if request.query.get("sendInitialEvents") == ["true"]:
            # As a server without streaming lists: kubectl then lists.
            return status_of(422, "Invalid", "sendInitialEvents is forbidden for watch")
        if request.query.get("watch") in (["true"], ["1"]):
            return Reply(200, "", {"Content-Type": "application/json"})
        name = request.query["fieldSelector"][0].partition("=")[2]
        items = [self.objects[plural, name]] if (plural, name) in self.objects else []
        return answer(
            {
                "kind": f"{KINDS[plural]}List",
                "apiVersion": "apps/v1",
                "metadata": {"resourceVersion": "1000"},
                "items": items,
            }
        )


def merge(found: Any, patch: Any) -> Any:
    """A strategic merge patch, as far as it is used here: containers are merged by their names, and
    one of a new name is added."""
    result = copy.deepcopy(found)
    for key, value in patch.items():
        if key.startswith("$setElementOrder"):
            continue
        if value is None:
            result.pop(key, None)
        elif key in _MERGED_BY_NAME:
            known = {one["name"]: one for one in result.get(key, [])}
            for one in value:
                known[one["name"]] = merge(known.get(one["name"], {}), one)
            result[key] = list(known.values())
        elif isinstance(value, dict):
            result[key] = merge(result.get(key) or {}, value)
        else:
            result[key] = value
    return result


def changed(found: Object) -> None:
    """Every write makes a new version of the object, that of a status too."""
    found["metadata"]["resourceVersion"] = str(int(found["metadata"]["resourceVersion"]) + 1)


def status_of(
    code: int, reason: str, message: str, details: Optional[Mapping[str, Any]] = None
) -> Reply:
    """An error as Kubernetes answers it."""
    content = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": message,
        "reason": reason,
        "details": dict(details or {}),
        "code": code,
    }
    return answer(content, code)


def _not_found(path: str) -> Reply:
    return Reply(404, "404 page not found\n", {"Content-Type": "text/plain"})
