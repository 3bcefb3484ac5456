"""Setting the images of a workload: which ones, by which patch, and what someone else has set."""

from __future__ import annotations

import json
from typing import Any, Dict

import pytest

from opsroom.deploys import Advisor, Canceller, OwnRollback
from opsroom.errors import Code
from support.deploys.jobs import Notes
from support.deploys.kubernetes import (
    ROLLING,
    V1,
    V2,
    caught,
    deploy,
    deploying,
    fails,
    images,
    set_image,
)
from support.vendors.kubernetes import (
    IMAGE,
    Cluster,
    changed,
    done,
)

# What it does.


def test_the_image_of_one_container_is_set_and_the_roll_out_followed(cluster: Cluster) -> None:
    job = deploy(cluster)
    assert images(cluster) == {
        "web": f"{IMAGE}:v2.0.0",
        "proxy": "registry.example.com/proxy:7",
        "migrate": f"{IMAGE}:v1.0.0",
    }
    assert job.lines == [
        "roll-out of shop/web has begun with v2.0.0",
        "roll-out of shop/web waits for Kubernetes to begin",
        "roll-out of shop/web has updated 1 of 3 pods",
    ]
    assert job.handles == {"kubernetes": ""}
    assert len(cluster.patches) == 1


def test_the_patch_names_its_version_its_manager_and_who_asked(cluster: Cluster) -> None:
    deploy(cluster)
    sent = cluster.sent("PATCH")[0]
    assert sent.query["fieldManager"] == ["opsroom"]
    metadata = cluster.patches[0]["metadata"]
    assert metadata["resourceVersion"] == "100"
    assert metadata["annotations"] == {
        "opsroom/deploy": "d1",
        "opsroom/before": json.dumps({"web": f"{IMAGE}:v1.0.0"}),
        "kubernetes.io/change-cause": "alice deployed v2.0.0 with opsroom (d1)",
    }
    template = cluster.objects["deployments", "web"]["spec"]["template"]
    assert "annotations" not in template["metadata"], "that would replace pods by itself"


def test_several_containers_and_init_containers_get_their_own_images(cluster: Cluster) -> None:
    deploy(
        cluster,
        containers={"proxy": "registry.example.com/proxy:{version}"},
        init_containers={"migrate": "registry.example.com/{app}:{version}"},
    )
    assert images(cluster) == {
        "web": f"{IMAGE}:v2.0.0",
        "proxy": "registry.example.com/proxy:v2.0.0",
        "migrate": f"{IMAGE}:v2.0.0",
    }
    assert len(cluster.patches) == 1


def test_the_only_container_need_not_be_named(cluster: Cluster) -> None:
    found = cluster.objects["deployments", "web"]
    del found["spec"]["template"]["spec"]["containers"][1]
    deploy(cluster, container=None)
    assert images(cluster)["web"] == f"{IMAGE}:v2.0.0"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"container": "wbe"}, "no container 'wbe'. There are web and proxy."),
        ({"container": "migrate"}, "no container 'migrate'."),
        ({"init_containers": {"web": "x:{version}"}}, "no init container 'web'."),
        ({"container": None}, "has 2 containers, and the config does not say which"),
    ],
)
def test_a_container_that_is_not_there_is_refused_not_added(
    cluster: Cluster, raw: Dict[str, Any], message: str
) -> None:
    found = fails(cluster, **raw)
    assert message in found.sentence()
    assert found.code is Code.NOT_ACCEPTED
    assert cluster.patches == []


def test_a_version_that_no_image_can_have_is_refused_before_anything_is_asked(
    cluster: Cluster,
) -> None:
    made = deploying(cluster)
    assert made.resolve("v2.0.0") == V2
    found = caught(made.resolve, "v2.0.0+build")
    assert found.code is Code.INVALID_NAME
    assert "tag of an image" in found.hint
    assert cluster.requests == []


def test_a_rollback_sets_the_earlier_image_and_says_so(cluster: Cluster) -> None:
    made = deploying(cluster)
    made.deploy(V2, Notes())
    made.roll_back(V1, Notes())
    assert images(cluster)["web"] == f"{IMAGE}:v1.0.0"
    annotations = cluster.patches[-1]["metadata"]["annotations"]
    assert annotations["kubernetes.io/change-cause"].startswith("alice rolled back to v1.0.0")
    assert (isinstance(made, OwnRollback), isinstance(made, Canceller)) == (True, True)
    assert isinstance(made, Advisor)


def test_the_image_that_is_set_already_changes_nothing_and_succeeds(cluster: Cluster) -> None:
    job = deploy(cluster, version=V1)
    has_it = "roll-out of shop/web has nothing to change: the image of v1.0.0 is set already"
    assert job.lines == [has_it]
    assert cluster.objects["deployments", "web"]["metadata"]["generation"] == 1


def test_a_name_from_outside_does_not_carry_an_expression_into_the_cluster(
    cluster: Cluster,
) -> None:
    job = Notes()
    job.requester = "eve {{ st2kv.system.x }}\nx"
    deploy(cluster, job)
    cause = cluster.patches[0]["metadata"]["annotations"]["kubernetes.io/change-cause"]
    assert "{{" not in cause
    assert "\n" not in cause


# Someone else at the same time.


def test_a_status_written_in_between_makes_the_patch_anew(cluster: Cluster) -> None:
    found = cluster.objects["deployments", "web"]
    cluster.between = [lambda: changed(found), lambda: changed(found)]
    deploy(cluster)
    assert [one.method for one in cluster.requests[:6]] == ["GET", "PATCH"] * 3
    assert images(cluster)["web"] == f"{IMAGE}:v2.0.0"


def test_an_image_set_in_between_is_not_overwritten(cluster: Cluster) -> None:
    found, job = cluster.objects["deployments", "web"], Notes()

    def someone() -> None:
        found["spec"]["template"]["spec"]["containers"][0]["image"] = f"{IMAGE}:v3.0.0"
        changed(found)

    cluster.between = [someone]
    error = fails(cluster, job)
    assert error.code is Code.CHANGED_MEANWHILE
    assert f"Someone else has just set {IMAGE}:v3.0.0" in error.message
    assert images(cluster)["web"] == f"{IMAGE}:v3.0.0"
    assert job.handles["kubernetes"] == ""


def test_a_workload_that_never_holds_still_is_left_alone(cluster: Cluster) -> None:
    found = cluster.objects["deployments", "web"]
    cluster.between = [lambda: changed(found)] * 20
    error = fails(cluster)
    assert error.code is Code.DEPLOY_FAILED
    assert error.facts["sent"] is False
    assert cluster.patches == []


def test_an_image_set_while_it_rolls_out_fails_the_deployment_and_stays(cluster: Cluster) -> None:
    cluster.steps = [ROLLING, set_image(cluster, "v3.0.0"), done]
    error = fails(cluster)
    assert error.code is Code.DEPLOY_FAILED
    assert f"someone has set {IMAGE}:v3.0.0 meanwhile, and that stays" in error.message


def test_the_earlier_image_set_again_by_someone_counts_as_cancelled(cluster: Cluster) -> None:
    cluster.steps = [ROLLING, set_image(cluster, "v1.0.0"), done]
    error = fails(cluster)
    assert "was cancelled at Kubernetes" in error.message


def test_a_digest_that_the_cluster_adds_to_the_image_is_no_change(cluster: Cluster) -> None:
    cluster.steps = [set_image(cluster, f"v2.0.0@sha256:{'b' * 64}"), done]
    deploy(cluster)


def test_a_workload_made_anew_meanwhile_is_not_ours(cluster: Cluster) -> None:
    def anew(found: Any) -> None:
        found["metadata"]["uid"] = "another"

    cluster.steps = [anew, done]
    assert "deleted and created again" in fails(cluster).message
