"""The deploy kinds whose work is done elsewhere, each with its service played, or with hosts, on
127.0.0.1: `with SERVICES["gitlab"](folder) as service:` starts it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, NamedTuple

from support.deploys import ssh
from support.servers.sshd import Hosts
from support.vendors import argocd, gitlab, jenkins
from support.vendors.argocd import ArgoCD
from support.vendors.github import TOKEN as GITHUB_TOKEN
from support.vendors.github_deployments import GithubDeployments
from support.vendors.gitlab import Gitlab
from support.vendors.jenkins import Jenkins
from support.vendors.kubeconfig import kubeconfig_of
from support.vendors.kubernetes import (
    IMAGE,
    NAMESPACE,
    Cluster,
    at,
    done,
    unobserved,
    workload,
)
from support.vendors.kubernetes import TOKEN as CLUSTER_TOKEN
from support.waiting import alive


def _there() -> bool:
    return True


class Service(NamedTuple):
    """What the config says of it; `hold` before a start makes what is started go on until it is
    `let_go`. `started`: how many were started. `cancelled`: whether the last one was. `arrived`:
    whether the version is everywhere, where the service is more than its answer."""

    deploy: Dict[str, Any]
    hold: Callable[[], None]
    let_go: Callable[[], None]
    started: Callable[[], int]
    cancelled: Callable[[], bool]
    arrived: Callable[[], bool] = _there
    version: str = "v1.0.0"


@contextmanager
def argo_cd(folder: Path) -> Iterator[Service]:
    """Argo CD with one application."""
    made = ArgoCD(time.time)
    with made.vendor() as vendor:
        url = vendor.url("").rstrip("/")
        yield Service(
            {"kind": "argocd", "url": url, "token": argocd.TOKEN, "application": argocd.NAME},
            lambda: setattr(made, "phases", ["Running"]),
            made.finish,
            lambda: len(made.syncs),
            lambda: made.message == "Operation terminated",
        )


@contextmanager
def github(folder: Path) -> Iterator[Service]:
    """GitHub with one workflow."""
    made = GithubDeployments()
    with made.vendor() as vendor:
        url = vendor.url("").rstrip("/")
        yield Service(
            {
                **{"kind": "github", "url": url, "site": url, "token": GITHUB_TOKEN},
                **{"repository": "acme/web", "workflow": "deploy.yml"},
            },
            lambda: setattr(made, "states", [("in_progress", None)]),
            made.finish,
            lambda: len(made.runs),
            lambda: bool(made.cancels),
        )


@contextmanager
def gitlab_pipelines(folder: Path) -> Iterator[Service]:
    """GitLab, where pipelines deploy."""
    made = Gitlab()
    with made.vendor() as vendor:
        url = vendor.url("").rstrip("/")
        yield Service(
            {"kind": "gitlab", "url": url, "token": gitlab.TOKEN, "project": gitlab.PROJECT},
            lambda: setattr(made, "states", ["running"]),
            made.finish,
            lambda: len(made.pipelines),
            lambda: [one["status"] for one in made.pipelines.values()] == ["canceled"],
        )


@contextmanager
def ci(folder: Path) -> Iterator[Service]:
    """Jenkins with one job."""
    made = Jenkins()
    made.now = time.time()
    with made.vendor() as vendor:
        url = vendor.url("").rstrip("/")
        yield Service(
            {
                **{"kind": "jenkins", "url": url, "user": jenkins.USER},
                **{"token": jenkins.TOKEN, "job": jenkins.JOB},
            },
            lambda: setattr(made, "states", [None]),
            lambda: setattr(made, "states", [None, "SUCCESS"]),
            lambda: len(made.builds),
            lambda: [one["result"] for one in made.builds.values()] == ["ABORTED"],
        )


@contextmanager
def cluster(folder: Path) -> Iterator[Service]:
    """A cluster with one workload, on which v1.0.0 runs."""
    rolling = at(replicas=4, updatedReplicas=1, readyReplicas=3, availableReplicas=3)
    made = Cluster()
    made.add(workload())
    made.steps = [unobserved, done]
    with made:
        access = folder / "kubeconfig"
        access.write_text(kubeconfig_of(made.url("").rstrip("/"), {"token": CLUSTER_TOKEN}))
        access.chmod(0o644)
        yield Service(
            {
                **{"kind": "kubernetes", "kubeconfig": str(access), "container": "web"},
                **{"namespace": NAMESPACE, "workload": "deployment/web"},
                "image": f"{IMAGE}:{{version}}",
            },
            lambda: setattr(made, "steps", [rolling]),
            lambda: setattr(made, "steps", [done]),
            lambda: len(made.patches),
            lambda: len(made.patches) > 1,
            version="v2.0.0",
        )


@contextmanager
def hosts(folder: Path) -> Iterator[Service]:
    """Two hosts; on the first one a deployment can be held."""
    place = folder / "ssh"
    (place / "keys").mkdir(parents=True)
    with Hosts(place / "keys", 2) as reached:
        made = ssh.World(reached, place)

        def begun() -> int:
            return max(len(made.begun(name)) for name in reached.names)

        def ended() -> bool:
            return begun() == 1 and not any(
                alive(pid) for name in reached.names for pid in made.begun(name)
            )

        try:
            yield Service(
                {"kind": "ssh", **made.raw},
                lambda: made.hold("web1"),
                lambda: (place / "web1" / "wait").unlink(missing_ok=True),
                begun,
                lambda: ended() and made.versions() == ["", ""],
                lambda: made.versions() == ["v1.0.0", "v1.0.0"],
            )
        finally:
            made.end()


SERVICES = {
    "argocd": argo_cd,
    "github": github,
    "gitlab": gitlab_pipelines,
    "jenkins": ci,
    "kubernetes": cluster,
    "ssh": hosts,
}
