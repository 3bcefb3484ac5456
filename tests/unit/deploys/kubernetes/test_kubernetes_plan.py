"""What plan warns of, and the keys of the config."""

from __future__ import annotations

from typing import Any, Dict, Tuple

import pytest

from support.deploys.jobs import Notes
from support.deploys.kubernetes import V2, deploying, options_of
from support.vendors.kubernetes import Cluster, done, workload

IN_STEPS: Dict[str, Any] = {"workload": "statefulset/{app}", "steps": ["10%", "50%", "100%"]}

# What plan warns of.


def managed(manager: str, operation: str, *fields: str) -> Dict[str, Any]:
    container = {f"f:{field}": {} for field in ("name", *fields)}
    containers = {"f:containers": {'k:{"name":"web"}': container}}
    return {
        "manager": manager,
        "operation": operation,
        "fieldsV1": {"f:spec": {"f:template": {"f:spec": containers}}},
    }


@pytest.mark.parametrize(
    ("manager", "operation", "name"),
    [
        ("argocd-controller", "Apply", "Argo CD"),
        ("argocd-controller", "Update", "Argo CD"),
        ("kustomize-controller", "Apply", "Flux"),
        ("helm-controller", "Apply", "Flux"),
        ("helm", "Apply", "Helm"),
    ],
)
@pytest.mark.parametrize("fields", [("image",), ()])
def test_automation_that_would_set_the_image_back_is_warned_of(
    cluster: Cluster, manager: str, operation: str, name: str, fields: Tuple[str, ...]
) -> None:
    found = cluster.objects["deployments", "web"]
    found["metadata"]["managedFields"] = [managed(manager, operation, *fields)]
    (warning,) = deploying(cluster).warnings(V2)
    assert warning.startswith(
        f"{name} manages the image of web in deployment web in namespace shop and sets it back"
    )
    assert cluster.patches == []


@pytest.mark.parametrize(
    "entry",
    [
        managed("kubectl-set", "Update", "image"),
        managed("opsroom", "Update", "image"),
        {"manager": "argocd-controller", "operation": "Apply", "fieldsV1": {"f:spec": {}}},
        {"manager": "helmsman", "operation": "Apply"},
    ],
)
def test_nobody_is_warned_of_who_does_not_manage_the_container(
    cluster: Cluster, entry: Dict[str, Any]
) -> None:
    cluster.objects["deployments", "web"]["metadata"]["managedFields"] = [entry]
    assert deploying(cluster).warnings(V2) == ()


@pytest.mark.parametrize("manager", ["argocd-controller", "kubectl"])
def test_automation_that_would_set_the_partition_back_is_warned_of_where_there_are_steps(
    cluster: Cluster, manager: str
) -> None:
    found = cluster.add(workload("statefulsets"))
    strategy = {"f:updateStrategy": {"f:rollingUpdate": {"f:partition": {}}}}
    entry = {"manager": manager, "operation": "Apply", "fieldsV1": {"f:spec": strategy}}
    found["metadata"]["managedFields"] = [entry]
    keys = {**IN_STEPS, "workload": "statefulset/web"}
    sentences = deploying(cluster, **keys).warnings(V2)
    if manager == "kubectl":
        assert sentences == ()
        return
    (warning,) = sentences
    assert warning.startswith("Argo CD manages the partition of statefulset web in namespace shop")
    assert deploying(cluster, workload="statefulset/web").warnings(V2) == ()


def test_a_workload_scaled_to_nothing_is_warned_of_and_succeeds(cluster: Cluster) -> None:
    cluster.objects["deployments", "web"]["spec"]["replicas"] = 0
    cluster.steps = [done]
    made = deploying(cluster)
    assert "scaled to 0" in made.warnings(V2)[0]
    made.deploy(V2, Notes())


# The config.


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ({"workload": "web"}, "workload: expected deployment/NAME, statefulset/NAME or"),
        ({"workload": "pod/web"}, "workload: expected deployment/NAME"),
        ({"namespace": "{team}"}, "namespace: {team} is not filled in here"),
        ({"image": "registry.example.com/web:1"}, "image: expected {version} in it, once"),
        ({"image": None, "container": None}, "image: expected an image such as"),
        ({"image": None}, "container: expected an image beside it"),
        ({"containers": {"web": "x:{tag}{version}"}}, "containers.web: {tag} is not filled in"),
        ({"token": None}, "url: expected either a token or a token_file beside it"),
        ({"token_file": "/run/token"}, "url: expected either a token or a token_file beside"),
        ({"url": None}, "token: expected a url beside it"),
        ({"url": "http://k.example.com"}, "url: expected an https address"),
        ({"context": "uat"}, "context: expected a kubeconfig beside it"),
        ({"kubeconfig": "/etc/kube"}, "url: expected no such key beside kubeconfig"),
        ({"kubeconfig": "kube"}, "kubeconfig: expected the full path of a kubeconfig"),
        ({"link": "console"}, "link: expected a web address"),
        ({"link": "https://c.example.com/{team}"}, "link: {team} is not filled in here"),
        ({"insecure": True}, "insecure: there is no such key"),
        ({"steps": ["10%", "100%"]}, "steps: a Deployment cannot be held at a share of its pods"),
        (
            {"workload": "daemonset/web", "steps": [1, "100%"]},
            "steps: a DaemonSet cannot be held at a share of its nodes; use steps with",
        ),
        ({"pause": "5m"}, "pause: expected steps beside it"),
        ({**IN_STEPS, "pause": "10m", "time_limit": "20m"}, "pause: expected less: 20 min of"),
        ({**IN_STEPS, "steps": ["50%"]}, "steps: expected 100% as the last step"),
        ({"check": {"url": "https://{host}/"}}, "check.url: {host} is a pod of a StatefulSet"),
    ],
)
def test_a_bad_option_names_the_key_and_what_works(raw: Dict[str, Any], line: str) -> None:
    lines = options_of(**raw)[1]
    assert any(one.startswith(f"apps.web.deploy.{line}") for one in lines), lines


def test_steps_and_checks_are_read() -> None:
    check = {"url": "https://{host}.web:8443/health", "text": "{version}"}
    options, lines = options_of(**IN_STEPS, pause="5m", check=check)
    assert lines == []
    assert (len(options.steps.sizes), options.steps.pause, options.steps.check.each) == (
        3,
        300,
        True,
    )
    # What all workloads may have.
    assert options_of(check={"action": "acme.smoke"})[1] == []
