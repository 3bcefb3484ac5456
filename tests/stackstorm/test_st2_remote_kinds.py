"""The kinds whose work is done by a service, from a chat room of a running StackStorm: deployed,
cancelled, taken up after the runner was killed, and several together with an approval."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, NamedTuple

import pytest

from support.stackstorm.client import StackStorm, wait_for
from support.stackstorm.services import process_of
from support.vendors import argocd, jenkins
from support.vendors.argocd import ArgoCD
from support.vendors.github import TOKEN as GITHUB_TOKEN
from support.vendors.github_deployments import GithubDeployments
from support.vendors.jenkins import Jenkins
from support.vendors.kubernetes import (
    IMAGE,
    NAMESPACE,
    Cluster,
    at,
    done,
    kubeconfig,
    unobserved,
    workload,
)
from support.vendors.kubernetes import TOKEN as CLUSTER_TOKEN
from support.worlds.world import World


class Service(NamedTuple):
    """A played service: what the config says of it, how a run there goes on until it is let go, how
    many were started, and whether the last one was cancelled."""

    deploy: Dict[str, Any]
    hold: Callable[[], None]
    let_go: Callable[[], None]
    started: Callable[[], int]
    cancelled: Callable[[], bool]
    version: str = "v1.0.0"


@pytest.fixture(params=["argocd", "github", "jenkins", "kubernetes"])
def service(
    request: pytest.FixtureRequest, stackstorm: StackStorm, world: World
) -> Iterator[Service]:
    """Each of them in turn, as application `svc`."""
    make = {"argocd": argo_cd, "github": github, "jenkins": ci, "kubernetes": cluster}
    with make[request.param](world.folder) as made:
        world.config["apps"]["svc"] = {"deploy": made.deploy}
        stackstorm.configure(world.config)
        yield made
        # What a test left behind ends, so that no action is left with it.
        made.let_go()


class _Running:
    """A server and what a test needs of it."""

    def __init__(self, server: Any, service: Callable[[str], Service]) -> None:
        self._server, self._service = server, service

    def __enter__(self) -> Service:
        server = self._server.__enter__()
        return self._service(server.url("").rstrip("/"))

    def __exit__(self, *details: Any) -> None:
        self._server.__exit__(*details)


def argo_cd(folder: Path) -> _Running:
    argo = ArgoCD(time.time)
    return _Running(
        argo.vendor(),
        lambda url: Service(
            {"kind": "argocd", "url": url, "token": argocd.TOKEN, "application": argocd.NAME},
            lambda: setattr(argo, "phases", ["Running"]),
            lambda: setattr(argo, "_left", ["Succeeded"]),
            lambda: len(argo.syncs),
            lambda: argo.message == "Operation terminated",
        ),
    )


def github(folder: Path) -> _Running:
    made = GithubDeployments()
    end = [("completed", "success")]

    def let_go() -> None:
        for run in list(made.runs):
            made._upcoming[run] = list(end)

    return _Running(
        made.vendor(),
        lambda url: Service(
            {
                **{"kind": "github", "url": url, "site": url, "token": GITHUB_TOKEN},
                **{"repository": "acme/web", "workflow": "deploy.yml"},
            },
            lambda: setattr(made, "states", [("in_progress", None)]),
            let_go,
            lambda: len(made.runs),
            lambda: bool(made.cancels),
        ),
    )


def ci(folder: Path) -> _Running:
    made = Jenkins()
    made.now = time.time()

    def let_go() -> None:
        made.states = [None, "SUCCESS"]

    return _Running(
        made.vendor(),
        lambda url: Service(
            {
                **{"kind": "jenkins", "url": url, "user": jenkins.USER},
                **{"token": jenkins.TOKEN, "job": jenkins.JOB},
            },
            lambda: setattr(made, "states", [None]),
            let_go,
            lambda: len(made.builds),
            lambda: [one["result"] for one in made.builds.values()] == ["ABORTED"],
        ),
    )


def cluster(folder: Path) -> _Running:
    made = Cluster()
    made.add(workload())
    made.steps = [unobserved, done]
    rolling = at(replicas=4, updatedReplicas=1, readyReplicas=3, availableReplicas=3)

    def let_go() -> None:
        made.steps = [done]

    def access(url: str) -> str:
        path = folder / "kubeconfig"
        path.write_text(kubeconfig(url, {"token": CLUSTER_TOKEN}))
        path.chmod(0o644)
        return str(path)

    return _Running(
        made,
        lambda url: Service(
            {
                **{"kind": "kubernetes", "kubeconfig": access(url), "container": "web"},
                **{"namespace": NAMESPACE, "workload": "deployment/web"},
                "image": f"{IMAGE}:{{version}}",
            },
            lambda: setattr(made, "steps", [rolling]),
            let_go,
            lambda: len(made.patches),
            lambda: len(made.patches) > 1,
            # The other one is there already.
            "v2.0.0",
        ),
    )


def test_a_version_is_deployed(stackstorm: StackStorm, world: World, service: Service) -> None:
    answer = stackstorm.say(f"deploy svc {service.version} to uat")
    assert (answer.status, answer.code) == ("succeeded", "deployed"), answer.result
    assert service.started() == 1
    assert world.events() == ["asked", "started", "succeeded"]


def test_a_deployment_is_cancelled_there_and_here(
    stackstorm: StackStorm, world: World, service: Service
) -> None:
    service.hold()
    begun = stackstorm.begin(f"deploy svc {service.version} to uat")["execution"]["id"]
    wait_for(lambda: service.started() == 1, "the start at the service")
    wait_for(lambda: "started" in world.events(), "the record of the start")
    service_answer = stackstorm.say("cancel deploy of svc on uat", "bob")
    assert service_answer.code == "cancelled", service_answer.result
    assert "bob cancelled it" in service_answer.message
    ended = stackstorm.ended(begun)
    assert ended["result"]["result"]["code"] == "cancelled", ended["result"]
    assert service.cancelled()
    assert world.events() == ["asked", "started", "cancel_asked", "cancelled"]


def test_what_a_killed_runner_left_running_is_followed_and_not_started_again(
    stackstorm: StackStorm, world: World, service: Service
) -> None:
    service.hold()
    execution = stackstorm.begin(f"deploy svc {service.version} to uat")["execution"]["id"]
    wait_for(lambda: service.started() == 1, "the start at the service")
    # The id of the run is written down right after.
    wait_for(lambda: "started" in world.events(), "the record of the start")
    os.kill(process_of(execution), signal.SIGKILL)
    stackstorm.ended(execution)
    world.let_leases_run_out()
    again = stackstorm.begin(f"deploy svc {service.version} to uat")["execution"]["id"]
    wait_for(lambda: world.events().count("started") == 2, "the second to begin")
    service.let_go()
    ended = stackstorm.ended(again)
    assert ended["result"]["result"]["code"] == "deployed", ended["result"]
    assert service.started() == 1
    assert world.events().count("succeeded") == 1


def test_a_set_of_two_with_one_approval(
    stackstorm: StackStorm, world: World, service: Service
) -> None:
    rules = {"approvals": 1, "approvers": ["carol"]}
    world.config["environments"]["uat"].update(rules)
    stackstorm.configure(world.config)
    asked = stackstorm.say(f"deploy web v1.2.0 and svc {service.version} to uat")
    assert (asked.code, len(asked.result["changes"])) == ("waiting", 2), asked.result
    assert service.started() == 0
    change = asked.result["changes"][1]
    approved = stackstorm.say(f"approve change {change}", "carol")
    assert (approved.status, approved.code) == ("succeeded", "deployed"), approved.result
    assert world.running() == "v1.2.0"
    assert service.started() == 1
    assert world.events().count("approved") == 2
    assert world.chain_holds()
