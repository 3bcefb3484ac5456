"""As much of a Kubernetes API server as kubectl needs to work on one object of apps/v1."""

from __future__ import annotations

import json
import os
import subprocess
import time
from typing import Any, Dict, List, Tuple

from scripted_server import ScriptedServer

TEMPLATE = {
    "metadata": {"labels": {"app": "web"}},
    "spec": {
        "initContainers": [{"name": "migrate", "image": "example.com/migrate:7"}],
        "containers": [{"name": "app", "image": "example.com/web:1"}],
    },
}
_KINDS = {"deployments": "Deployment", "statefulsets": "StatefulSet"}


def workload(kind: str, spec: Dict[str, Any], status: Dict[str, Any]) -> Dict[str, Any]:
    """An object `web` of three replicas whose controller has seen its newest generation."""
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": "web", "namespace": "default", "uid": "1", "generation": 2},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "web"}},
            "template": TEMPLATE,
            **spec,
        },
        "status": {"observedGeneration": 2, "replicas": 3, **status},
    }


def serve(one: Dict[str, Any]) -> ScriptedServer:
    """A server with this object, which never changes."""

    def answer(method: str, address: str) -> Tuple[int, Dict[str, str], Any]:
        path = address.split("?")[0]
        if "watch=true" in address:
            return 200, {"Content-Type": "application/json"}, _watch(one, address)
        listed = {"kind": f"{one['kind']}List", "apiVersion": "apps/v1", "items": [one]}
        listed["metadata"] = {"resourceVersion": "1"}
        version = {"groupVersion": "apps/v1", "version": "v1"}
        group = {"name": "apps", "versions": [version], "preferredVersion": version}
        documents: Dict[str, Any] = {
            "/api": {"kind": "APIVersions", "versions": ["v1"]},
            "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": []},
            "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]},
            "/apis/apps/v1": {
                "kind": "APIResourceList",
                "groupVersion": "apps/v1",
                "resources": [
                    {
                        "name": name,
                        "singularName": "",
                        "namespaced": True,
                        "kind": kind,
                        "verbs": [],
                    }
                    for name, kind in _KINDS.items()
                ],
            },
        }
        return 200, {}, documents.get(path) or (one if path.endswith("/web") else listed)

    return ScriptedServer(answer)


def _watch(one: Dict[str, Any], address: str) -> str:
    """What a watch sends until it ends: the object once, or nothing for a second."""
    if "sendInitialEvents=true" not in address:
        time.sleep(1)
        return ""
    mark = {"resourceVersion": "1", "annotations": {"k8s.io/initial-events-end": "true"}}
    end = {"apiVersion": "apps/v1", "kind": one["kind"], "metadata": mark}
    events = ({"type": "ADDED", "object": one}, {"type": "BOOKMARK", "object": end})
    return "".join(json.dumps(event) + "\n" for event in events)


def kubectl(server: ScriptedServer, *words: str) -> Tuple[int, List[str]]:
    """The exit status of kubectl, and the lines that it printed, each once."""
    done = subprocess.run(
        ["kubectl", "--server", server.url, *words],
        env={**os.environ, "HOME": os.getcwd(), "KUBECONFIG": os.devnull},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    errors = [line for line in done.stderr.splitlines() if line.startswith("error")]
    return done.returncode, list(dict.fromkeys(done.stdout.splitlines() + errors))
