"""The version kind kubernetes: what the pods run, not what the workload wants."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Tuple

import pytest

from opsroom import versions
from opsroom.deploys import Target
from opsroom.errors import Code, Failure
from opsroom.vendors.kubernetes.images import image_of, same_image, version_in
from opsroom.versions import Running
from support.errors import refusal_of
from support.options import read_options
from support.servers.http import Reply
from support.vendors.kubernetes import (
    IMAGE,
    NAMESPACE,
    TOKEN,
    Cluster,
    pod,
    waiting,
    workload,
)

DIGEST = "sha256:" + "c" * 64


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster() as running:
        running.add(workload())
        yield running


def options_of(**raw: Any) -> Tuple[Any, List[str]]:
    given = {
        "token": TOKEN,
        "namespace": NAMESPACE,
        "workload": "deployment/{app}",
        "image": "registry.example.com/{app}:{version}",
        "container": "{app}",
        **raw,
    }
    return read_options(versions.REGISTRY, "kubernetes", given, "apps.web.version")


def source(cluster: Cluster, **raw: Any) -> Any:
    options, lines = options_of(url=cluster.url("").rstrip("/"), **raw)
    assert lines == []
    return versions.REGISTRY.make("kubernetes", options, target=Target("web", "uat"))


def failure_of(made: Any) -> Failure:
    with pytest.raises(Failure) as caught:
        made.ask()
    assert TOKEN not in caught.value.sentence() + repr(caught.value.facts)
    return caught.value


def test_the_version_is_that_of_the_pods_and_not_the_one_that_is_wanted(cluster: Cluster) -> None:
    cluster.lists["pods"] = [pod("web-1"), pod("web-2")]
    assert source(cluster).ask() == Running("v2.0.0")


def test_pods_that_end_or_do_not_run_do_not_count(cluster: Cluster) -> None:
    ending, broken = pod("web-3", "v1.0.0"), pod("web-4", "v3.0.0", waiting("ErrImagePull"))
    ending["metadata"]["deletionTimestamp"] = "2026-11-30T10:00:00Z"
    cluster.lists["pods"] = [pod("web-1"), ending, broken]
    assert source(cluster).ask() == Running("v2.0.0")


def test_pods_that_run_and_are_not_ready_count_only_where_none_is(cluster: Cluster) -> None:
    starting = pod("web-2", "v3.0.0")
    starting["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    cluster.lists["pods"] = [pod("web-1"), starting]
    assert source(cluster).ask() == Running("v2.0.0")
    cluster.lists["pods"] = [starting]
    assert source(cluster).ask() == Running("v3.0.0")


def test_pods_of_another_workload_are_not_asked_for(cluster: Cluster) -> None:
    other = pod("api-1", "v9.0.0")
    other["metadata"]["labels"] = {"app": "api"}
    cluster.lists["pods"] = [other, pod("web-1")]
    assert source(cluster).ask() == Running("v2.0.0")


def test_a_mix_of_versions_is_said_with_how_many_pods_run_each(cluster: Cluster) -> None:
    cluster.lists["pods"] = [pod("web-1", "v1.0.0"), pod("web-2", "v1.0.0"), pod("web-3")]
    failure = failure_of(source(cluster))
    assert failure.code is Code.BAD_ANSWER
    assert failure.message == (
        "The deployment web in namespace shop runs v1.0.0 in 2 pods and v2.0.0 in 1 pod: "
        "a roll-out is under way or stands still."
    )
    assert failure.facts["mixed"] is True
    assert failure.facts["versions"] == {"v1.0.0": 2, "v2.0.0": 1}
    assert failure.hint == "To bring all to one version: deploy web VERSION to uat"


def test_an_init_container_of_another_version_is_a_mix(cluster: Cluster) -> None:
    one = pod("web-1")
    one["spec"]["initContainers"][0]["image"] = f"{IMAGE}:v1.0.0"
    cluster.lists["pods"] = [one]
    init = {"migrate": "registry.example.com/web:{version}"}
    assert source(cluster).ask() == Running("v2.0.0")
    assert "v1.0.0 in 1 pod and v2.0.0" in failure_of(source(cluster, init_containers=init)).message


def test_a_tag_that_was_moved_is_seen_by_its_digests(cluster: Cluster) -> None:
    moved = pod("web-2")
    moved["status"]["containerStatuses"][0]["imageID"] = f"{IMAGE}@{DIGEST}"
    cluster.lists["pods"] = [pod("web-1"), moved]
    message = failure_of(source(cluster)).message
    assert "runs two images named v2.0.0 (sha256:aaaaaaaaaaaa in 1 pod and" in message


def test_ids_that_are_no_digests_are_not_compared(cluster: Cluster) -> None:
    local = pod("web-2")
    local["status"]["containerStatuses"][0]["imageID"] = "docker://sha256:" + "d" * 64
    cluster.lists["pods"] = [pod("web-1"), local]
    assert source(cluster).ask() == Running("v2.0.0")


def test_the_name_of_the_status_may_be_another_one_of_the_same_image(cluster: Cluster) -> None:
    one = pod("web-1")
    one["status"]["containerStatuses"][0]["image"] = f"{IMAGE}:latest"
    cluster.lists["pods"] = [one]
    assert source(cluster).ask() == Running("v2.0.0")


def test_an_image_that_does_not_fit_names_both(cluster: Cluster) -> None:
    one = pod("web-1")
    for place in (one["spec"]["containers"][0], one["status"]["containerStatuses"][0]):
        place["image"] = "mirror.example.com/web:v2.0.0"
    cluster.lists["pods"] = [one]
    failure = failure_of(source(cluster))
    assert "Pod web-1 runs 'mirror.example.com/web:v2.0.0', which is no" in failure.message
    assert "apps.web.version" in failure.hint


def test_where_no_pod_is_wanted_nothing_runs(cluster: Cluster) -> None:
    cluster.objects["deployments", "web"]["spec"]["replicas"] = 0
    assert source(cluster).ask() == Running("")


def test_where_pods_are_wanted_and_none_runs_the_reason_is_said(cluster: Cluster) -> None:
    cluster.lists["pods"] = [pod(state=waiting("CrashLoopBackOff"))]
    message = failure_of(source(cluster)).message
    assert message.startswith("No pod of deployment web in namespace shop runs: pod web-6f9-abc")
    assert "crashes again and again" in message
    cluster.lists["pods"] = []
    assert failure_of(source(cluster)).message.endswith("runs.")


def test_a_missing_right_is_named(cluster: Cluster) -> None:
    cluster.denied = [("list", "pods")]
    failure = failure_of(source(cluster))
    assert failure.code is Code.UNAUTHORIZED
    assert "may not list pods in namespace shop" in failure.message


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, "<html>Log in</html>"),
        Reply(302, "", {"Location": "https://login.example.com/"}),
        Reply(200, '{"message": "hello"}', {"Content-Type": "application/json"}),
        Reply(200, '{"kind": "Deployment"}', {"Content-Type": "application/json"}),
        Reply(200, "[]", {"Content-Type": "application/json"}),
    ],
)
def test_what_is_no_api_server_tells_no_version(cluster: Cluster, reply: Reply) -> None:
    cluster.instead(reply)
    assert failure_of(source(cluster)).code is Code.BAD_ANSWER


@pytest.mark.parametrize("body", ["[]", "{}", '{"kind": "PodList", "items": [1]}'])
def test_a_list_of_something_else_is_not_no_pods(cluster: Cluster, body: str) -> None:
    cluster.instead(
        Reply(200, body, {"Content-Type": "application/json"}),
        where=lambda request: request.path.endswith("/pods"),
    )
    failure = failure_of(source(cluster))
    assert (failure.code, "there is no list" in failure.message) == (Code.BAD_ANSWER, True)


def test_a_selector_of_expressions_is_asked_for(cluster: Cluster) -> None:
    cluster.objects["deployments", "web"]["spec"]["selector"] = {
        "matchLabels": {"app": "web"},
        "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["a", "b"]},
            {"key": "zone", "operator": "NotIn", "values": ["c"]},
            {"key": "live", "operator": "Exists"},
            {"key": "old", "operator": "DoesNotExist"},
        ],
    }
    cluster.instead(
        Reply(200, '{"kind": "PodList", "items": []}', {"Content-Type": "application/json"}),
        where=lambda request: request.path.endswith("/pods"),
    )
    failure_of(source(cluster))
    asked = cluster.requests[-1].query["labelSelector"]
    assert asked == ["app=web,tier in (a,b),zone notin (c),live,!old"]


# Images and versions.


@pytest.mark.parametrize(
    ("image", "template", "version"),
    [
        ("reg.example.com/web:v1.2.0", "reg.example.com/web:{version}", "v1.2.0"),
        ("reg.example.com/web:rel-1.2-slim", "reg.example.com/web:rel-{version}-slim", "1.2"),
        (f"reg.example.com/web:v1@{DIGEST}", "reg.example.com/web:{version}", "v1"),
        (f"web@{DIGEST}", "web@sha256:{version}", "c" * 64),
        ("docker.io/library/web:v1", "web:{version}", "v1"),
        ("acme/web:v1", "docker.io/acme/web:{version}", "v1"),
        ("reg.example.com:5000/web:v1", "reg.example.com:5000/web:{version}", "v1"),
        ("reg.example.com/web", "reg.example.com/web:{version}", None),
        ("reg.example.com/web:", "reg.example.com/web:{version}", None),
        ("reg.example.com/web2:v1", "reg.example.com/web:{version}", None),
        ("other.example.com/web:v1", "reg.example.com/web:{version}", None),
        (f"web@{DIGEST}", "web:{version}", None),
    ],
)
def test_a_version_is_found_in_an_image(image: str, template: str, version: Any) -> None:
    assert version_in(image, template) == version
    if version and "@" not in image and image.count("/") == template.count("/"):
        assert image_of(template, version) == image


@pytest.mark.parametrize("version", ["1.0+build", "feature/x", "web@1.0", "a" * 129])
def test_a_version_that_no_tag_can_have_is_refused(version: str) -> None:
    caught = refusal_of(image_of, "reg.example.com/web:{version}", version)
    assert caught.code is Code.INVALID_NAME


def test_images_are_the_same_with_a_digest_behind_the_tag_and_not_by_their_beginning() -> None:
    assert same_image("web:v1", f"docker.io/library/web:v1@{DIGEST}")
    assert not same_image("reg.example.com/web:v1", "reg.example.com/web:v1.2")


def test_the_keys_are_those_of_the_deploy_kind() -> None:
    lines = options_of(url="https://k.example.com", time_limit="0s", images={})[1]
    assert any("time_limit" in one for one in lines)
    assert any("images: there is no such key; did you mean image?" in one for one in lines)


def test_a_daemon_set_that_fits_no_node_runs_nothing(cluster: Cluster) -> None:
    found: Dict[str, Any] = cluster.add(workload("daemonsets", "agent"))
    found["status"]["desiredNumberScheduled"] = 0
    image = {"image": "registry.example.com/web:{version}", "container": "web"}
    assert source(cluster, workload="daemonset/agent", **image).ask() == Running("")
