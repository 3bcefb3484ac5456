"""The deploy kinds whose work is done elsewhere, each with its service played, or with hosts, on
127.0.0.1: `with SERVICES["gitlab"](folder) as service:` starts it."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, NamedTuple

from support.deploys import ssh
from support.deploys.sites import KINDS
from support.servers.sshd import Hosts
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
def of_kind(name: str, folder: Path) -> Iterator[Service]:
    """One of the kinds that have a server only."""
    kind = KINDS[name]
    made = kind.make()
    with made.vendor() as vendor:
        yield Service(
            {"kind": name, "url": vendor.url("").rstrip("/"), **kind.config},
            partial(kind.hold, made),
            partial(kind.let_go, made),
            partial(kind.started, made),
            partial(kind.cancelled, made),
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
    **{name: partial(of_kind, name) for name in ("argocd", "github", "gitlab", "jenkins")},
    "kubernetes": cluster,
    "ssh": hosts,
}
