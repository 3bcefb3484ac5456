"""The deploy kind kubernetes, against an API server that refuses what Kubernetes refuses."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, Iterator, List, Tuple

import pytest

from opsroom import deploys
from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.deploys import Advisor, Canceller, OwnRollback, Resolved, Target
from opsroom.deploys.kubernetes.service import KubernetesDeployer
from opsroom.deploys.remote import deployer, follower
from opsroom.errors import Code, Failure, OpsroomError, Refusal
from opsroom.http import vendor
from support.http_server import Reply, Request, free_port
from support.jobs import Notes, cancelled, lost
from support.vendors.kubernetes import (
    IMAGE,
    NAMESPACE,
    TOKEN,
    Cluster,
    at,
    changed,
    done,
    pod,
    status_of,
    unobserved,
    waiting,
    workload,
)

TARGET = Target("web", "uat")
V1, V2 = Resolved("v1.0.0", "v1.0.0"), Resolved("v2.0.0", "v2.0.0")
PODS = {"replicas": 4, "updatedReplicas": 1, "readyReplicas": 3, "availableReplicas": 3}
ROLLING = at(**PODS)


class Clock:
    """Time that passes only while someone waits."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(follower, "clock", made)
    monkeypatch.setattr(follower, "wait", made.wait)
    monkeypatch.setattr(deployer, "now", made)
    return made


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster() as running:
        running.add(workload())
        running.steps = [unobserved, ROLLING, done]
        yield running


def options_of(**raw: Any) -> Tuple[Any, List[str]]:
    problems = Problems()
    given = {
        "url": "https://kubernetes.example.com",
        "token": TOKEN,
        "namespace": NAMESPACE,
        "workload": "deployment/{app}",
        "image": "registry.example.com/{app}:{version}",
        "container": "{app}",
        **raw,
    }
    fields = Fields(
        {key: one for key, one in given.items() if one is not None}, "apps.web.deploy", problems
    )
    options = deploys.REGISTRY.read_options("kubernetes", fields)
    fields.finish()
    return options, problems.lines


def deploying(cluster: Cluster, **raw: Any) -> KubernetesDeployer:
    options, lines = options_of(**{"url": cluster.url("").rstrip("/"), **raw})
    assert lines == []
    made = deploys.REGISTRY.make("kubernetes", options, target=TARGET)
    assert isinstance(made, KubernetesDeployer)
    return made


def caught(call: Callable[..., Any], *arguments: Any) -> OpsroomError:
    with pytest.raises(OpsroomError) as error:
        call(*arguments)
    found = error.value
    assert found.message.endswith("."), found.message
    assert TOKEN not in found.sentence() + repr(found.facts) + repr(found)
    return found


def images(cluster: Cluster, plural: str = "deployments", name: str = "web") -> Dict[str, str]:
    pods = cluster.objects[plural, name]["spec"]["template"]["spec"]
    every = [*pods["containers"], *pods["initContainers"]]
    return {one["name"]: one["image"] for one in every}


def is_patch(request: Request) -> bool:
    return request.method == "PATCH"


def stopping_after(checks: int, stop: Callable[[], None]) -> Notes:
    job = Notes()

    def check() -> None:
        if job.checks > checks:
            stop()

    job._on_check = check
    return job


# What it does.


def test_the_image_of_one_container_is_set_and_the_roll_out_followed(cluster: Cluster) -> None:
    job = Notes()
    deploying(cluster).deploy(V2, job)
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
    deploying(cluster).deploy(V2, Notes())
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
    deploying(
        cluster,
        containers={"proxy": "registry.example.com/proxy:{version}"},
        init_containers={"migrate": "registry.example.com/{app}:{version}"},
    ).deploy(V2, Notes())
    assert images(cluster) == {
        "web": f"{IMAGE}:v2.0.0",
        "proxy": "registry.example.com/proxy:v2.0.0",
        "migrate": f"{IMAGE}:v2.0.0",
    }
    assert len(cluster.patches) == 1


def test_the_only_container_need_not_be_named(cluster: Cluster) -> None:
    found = cluster.objects["deployments", "web"]
    del found["spec"]["template"]["spec"]["containers"][1]
    deploying(cluster, container=None).deploy(V2, Notes())
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
    found = caught(deploying(cluster, **raw).deploy, V2, Notes())
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
    deploying(cluster).deploy(V1, Notes())
    assert cluster.objects["deployments", "web"]["metadata"]["generation"] == 1


def test_a_name_from_outside_does_not_carry_an_expression_into_the_cluster(
    cluster: Cluster,
) -> None:
    job = Notes()
    job.requester = "eve {{ st2kv.system.x }}\nx"
    deploying(cluster).deploy(V2, job)
    cause = cluster.patches[0]["metadata"]["annotations"]["kubernetes.io/change-cause"]
    assert "{{" not in cause
    assert "\n" not in cause


# Someone else at the same time.


def test_a_status_written_in_between_makes_the_patch_anew(cluster: Cluster) -> None:
    found = cluster.objects["deployments", "web"]
    cluster.between = [lambda: changed(found), lambda: changed(found)]
    deploying(cluster).deploy(V2, Notes())
    assert [one.method for one in cluster.requests[:6]] == ["GET", "PATCH"] * 3
    assert images(cluster)["web"] == f"{IMAGE}:v2.0.0"


def test_an_image_set_in_between_is_not_overwritten(cluster: Cluster) -> None:
    found, job = cluster.objects["deployments", "web"], Notes()

    def someone() -> None:
        found["spec"]["template"]["spec"]["containers"][0]["image"] = f"{IMAGE}:v3.0.0"
        changed(found)

    cluster.between = [someone]
    error = caught(deploying(cluster).deploy, V2, job)
    assert error.code is Code.CHANGED_MEANWHILE
    assert f"Someone else has just set {IMAGE}:v3.0.0" in error.message
    assert images(cluster)["web"] == f"{IMAGE}:v3.0.0"
    assert job.handles["kubernetes"] == ""


def test_a_workload_that_never_holds_still_is_left_alone(cluster: Cluster) -> None:
    found = cluster.objects["deployments", "web"]
    cluster.between = [lambda: changed(found)] * 20
    error = caught(deploying(cluster).deploy, V2, Notes())
    assert error.code is Code.DEPLOY_FAILED
    assert error.facts["sent"] is False
    assert cluster.patches == []


def set_image(cluster: Cluster, version: str) -> Callable[[Any], None]:
    def step(found: Any) -> None:
        found["spec"]["template"]["spec"]["containers"][0]["image"] = f"{IMAGE}:{version}"
        found["metadata"]["generation"] += 1

    return step


def test_an_image_set_while_it_rolls_out_fails_the_deployment_and_stays(cluster: Cluster) -> None:
    cluster.steps = [ROLLING, set_image(cluster, "v3.0.0"), done]
    error = caught(deploying(cluster).deploy, V2, Notes())
    assert error.code is Code.DEPLOY_FAILED
    assert f"someone has set {IMAGE}:v3.0.0 meanwhile, and that stays" in error.message


def test_the_earlier_image_set_again_by_someone_counts_as_cancelled(cluster: Cluster) -> None:
    cluster.steps = [ROLLING, set_image(cluster, "v1.0.0"), done]
    error = caught(deploying(cluster).deploy, V2, Notes())
    assert "was cancelled at Kubernetes" in error.message


def test_a_digest_that_the_cluster_adds_to_the_image_is_no_change(cluster: Cluster) -> None:
    cluster.steps = [set_image(cluster, f"v2.0.0@sha256:{'b' * 64}"), done]
    deploying(cluster).deploy(V2, Notes())


def test_a_workload_made_anew_meanwhile_is_not_ours(cluster: Cluster) -> None:
    def anew(found: Any) -> None:
        found["metadata"]["uid"] = "another"

    cluster.steps = [anew, done]
    assert "deleted and made anew" in caught(deploying(cluster).deploy, V2, Notes()).message


# What would never roll out.


@pytest.mark.parametrize(
    ("plural", "spec", "message"),
    [
        ("deployments", {"paused": True}, "is paused, so that nothing would roll out"),
        ("statefulsets", {"updateStrategy": {"type": "OnDelete"}}, "update strategy OnDelete"),
        ("daemonsets", {"updateStrategy": {"type": "OnDelete"}}, "update strategy OnDelete"),
        (
            "statefulsets",
            {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}},
            "has a partition of 2",
        ),
    ],
)
def test_what_would_not_roll_out_is_refused(
    cluster: Cluster, plural: str, spec: Dict[str, Any], message: str
) -> None:
    cluster.objects.clear()
    cluster.add(workload(plural, **spec))
    made, job = deploying(cluster, workload=f"{plural[:-1]}/web"), Notes()
    error = caught(made.deploy, V2, job)
    assert (error.code, isinstance(error, Refusal)) == (Code.NOT_POSSIBLE, True)
    assert message in error.message
    assert cluster.patches == []
    assert message in made.warnings(V2)[0]
    assert job.handles["kubernetes"] == ""


@pytest.mark.parametrize("plural", ["statefulsets", "daemonsets"])
def test_stateful_sets_and_daemon_sets_roll_out_too(cluster: Cluster, plural: str) -> None:
    cluster.objects.clear()
    cluster.add(workload(plural))
    cluster.steps = [unobserved, done]
    deploying(cluster, workload=f"{plural[:-1]}/web").deploy(V2, Notes())
    assert images(cluster, plural)["web"] == f"{IMAGE}:v2.0.0"


# How it fails.


def test_the_progress_deadline_fails_it_with_the_reason_of_the_pods(cluster: Cluster) -> None:
    cluster.steps = [
        ROLLING,
        at(**PODS, conditions=[("Progressing", "False", "ProgressDeadlineExceeded")]),
    ]
    cluster.lists["pods"] = [pod(state=waiting("ImagePullBackOff", "not found"))]
    job = Notes()
    error = caught(deploying(cluster).deploy, V2, job)
    assert error.code is Code.DEPLOY_FAILED
    assert error.message == (
        f"Roll-out of shop/web failed: pod web-6f9-abc cannot pull image {IMAGE}:v2.0.0 "
        "(not found); it exceeded its progress deadline of 600 s with 3 of 3 pods there."
    )
    assert images(cluster)["web"] == f"{IMAGE}:v2.0.0", "a failed roll-out is left as it is"
    assert job.handles["kubernetes"] == ""


def replica_failure(cluster: Cluster, message: str, old: bool = False) -> None:
    """The newest ReplicaSet, or an older one, may not create pods; the deployment shows either."""
    failing = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}
    newest = cluster.lists["replicasets"][0]
    if old:
        older = json.loads(json.dumps(newest))
        older["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "0"
        cluster.lists["replicasets"].insert(0, older)
    cluster.lists["replicasets"][0]["status"]["conditions"] = [{**failing, "message": message}]


NO_NEW = {"replicas": 3, "updatedReplicas": 0, "availableReplicas": 3}
QUOTA = 'pods "web-1" is forbidden: exceeded quota: small, requested: pods=1, used: pods=3'


def test_pods_that_may_not_be_created_fail_it_at_once(cluster: Cluster, clock: Clock) -> None:
    cluster.steps = [at(**NO_NEW, conditions=[("ReplicaFailure", "True", "FailedCreate", QUOTA)])]
    replica_failure(cluster, QUOTA)
    # Of three pods, 25% may be away: none.
    error = caught(deploying(cluster).deploy, V2, Notes())
    assert "no new pod may be created: pods 'web-1'".replace("'", '"') in error.message
    assert "exceeded quota: small" in error.message
    assert clock.now == 1003.0


def test_a_full_quota_that_old_pods_free_is_waited_for_and_said(cluster: Cluster) -> None:
    failing = at(**NO_NEW, conditions=[("ReplicaFailure", "True", "FailedCreate", QUOTA)])
    cluster.steps = [failing, done]
    cluster.objects["deployments", "web"]["spec"]["strategy"] = {
        "rollingUpdate": {"maxUnavailable": 1}
    }
    replica_failure(cluster, QUOTA)
    job = Notes()
    deploying(cluster).deploy(V2, job)
    assert "has updated 0 of 3 pods; no new pod may be created" in job.lines[1]


def test_a_webhook_that_is_away_may_come_back(cluster: Cluster) -> None:
    away = 'Internal error occurred: failed calling webhook "policy": connection refused'
    failing = at(**NO_NEW, conditions=[("ReplicaFailure", "True", "FailedCreate", away)])
    cluster.steps, job = [failing, done], Notes()
    replica_failure(cluster, away)
    deploying(cluster).deploy(V2, job)
    assert "no new pod may be created: Internal error occurred" in job.lines[1]


def test_what_an_older_replica_set_may_not_create_does_not_fail_the_new_one(
    cluster: Cluster,
) -> None:
    failing = at(**NO_NEW, conditions=[("ReplicaFailure", "True", "FailedCreate", QUOTA)])
    cluster.steps = [failing, done]
    replica_failure(cluster, QUOTA, old=True)
    deploying(cluster).deploy(V2, Notes())


def test_a_roll_out_that_is_paused_meanwhile_waits_for_someone(cluster: Cluster) -> None:
    def pause(found: Any) -> None:
        ROLLING(found)
        found["spec"]["paused"] = True

    cluster.steps, job = [pause], Notes()
    error = caught(deploying(cluster, time_limit="10s").deploy, V2, job)
    assert "roll-out of shop/web is paused; someone has to resume it" in job.lines
    assert "did not end within 10 s (it is paused; someone has to resume it)" in error.message


def test_one_that_takes_too_long_gets_the_earlier_image_back(cluster: Cluster) -> None:
    cluster.steps, job = [ROLLING], Notes()
    cluster.lists["pods"] = [pod(state=waiting("CrashLoopBackOff"))]
    error = caught(deploying(cluster, time_limit="10s").deploy, V2, job)
    assert error.code is Code.TIMED_OUT
    assert "crashes again and again" in error.message
    assert "was cancelled: the images from before are set again" in error.message
    assert images(cluster)["web"] == f"{IMAGE}:v1.0.0"
    assert job.handles["kubernetes"] == ""


def test_a_stateful_set_without_a_pod_shows_the_event_that_says_why(cluster: Cluster) -> None:
    cluster.objects.clear()
    cluster.add(workload("statefulsets"))
    waits = at(updatedReplicas=0, readyReplicas=2, updateRevision="r2", currentRevision="r1")
    cluster.steps = [waits, done]
    message = "create Pod web-2 in StatefulSet web failed: exceeded quota: small"
    cluster.lists["events"] = [
        {"reason": "FailedCreate", "message": message, "lastTimestamp": "2026-11-30T10:00:00Z"}
    ]
    job = Notes()
    deploying(cluster, workload="statefulset/web").deploy(V2, job)
    assert f"no pod may be created: {message}" in job.lines[1]


def test_a_stateful_set_that_waits_for_a_broken_old_pod_says_which(cluster: Cluster) -> None:
    cluster.objects.clear()
    cluster.add(workload("statefulsets"))
    waits = at(updatedReplicas=0, readyReplicas=2, updateRevision="r2", currentRevision="r1")
    cluster.steps = [waits, done]
    cluster.lists["pods"] = [pod("web-2", state=waiting("CrashLoopBackOff"), revision="r1")]
    job = Notes()
    deploying(cluster, workload="statefulset/web").deploy(V2, job)
    assert "pod web-2 is broken and Kubernetes does not replace it: delete it" in job.lines[1]


def test_without_the_right_to_see_pods_it_is_followed_all_the_same(cluster: Cluster) -> None:
    cluster.denied, job = [("list", "pods"), ("list", "replicasets")], Notes()
    deploying(cluster).deploy(V2, job)
    assert "why is not known: The account of opsroom may not list replicasets" in job.lines[1]


# Cancelled.


def test_cancelling_sets_the_earlier_image_back(cluster: Cluster) -> None:
    cluster.steps, job = [ROLLING], stopping_after(5, cancelled)
    error = caught(deploying(cluster).deploy, V2, job)
    assert error.code is Code.CANCELLED
    assert "was cancelled: the images from before are set again" in error.message
    assert images(cluster)["web"] == f"{IMAGE}:v1.0.0"
    annotations = cluster.objects["deployments", "web"]["metadata"]["annotations"]
    assert "opsroom/deploy" not in annotations
    assert annotations["kubernetes.io/change-cause"].startswith("opsroom set the image")
    assert "left_running" not in error.facts


def test_cancelling_leaves_an_image_alone_that_someone_set_meanwhile(cluster: Cluster) -> None:
    made, job = deploying(cluster), Notes()
    left = left_behind(cluster, job)
    set_image(cluster, "v3.0.0")(cluster.objects["deployments", "web"])
    ended = made.cancel_left(job)
    assert left == 1
    assert "ended as failed: someone has set registry.example.com/web:v3.0.0" in ended.text
    assert images(cluster)["web"] == f"{IMAGE}:v3.0.0"
    assert not ended.left_running


def test_cancelling_tries_again_after_a_status_was_written_in_between(cluster: Cluster) -> None:
    job, found = Notes(), cluster.objects["deployments", "web"]
    left_behind(cluster, job)
    cluster.between = [lambda: changed(found)]
    assert "was cancelled" in deploying(cluster).cancel_left(job).text
    assert images(cluster)["web"] == f"{IMAGE}:v1.0.0"


def test_the_same_image_as_before_cannot_be_set_back(cluster: Cluster) -> None:
    job = Notes()
    left_behind(cluster, job, V1)
    cluster.objects["deployments", "web"]["metadata"]["generation"] = 2
    cluster.steps = [ROLLING]
    ended = deploying(cluster).cancel_left(job)
    assert "could not be cancelled (Its images are those from before" in ended.text
    assert ended.left_running


def test_a_cancelled_stateful_set_says_which_pod_has_to_be_deleted(cluster: Cluster) -> None:
    cluster.objects.clear()
    cluster.add(workload("statefulsets"))
    broken = at(updatedReplicas=1, readyReplicas=2, updateRevision="r3", currentRevision="r1")
    cluster.steps, job = [broken], stopping_after(5, cancelled)
    cluster.lists["pods"] = [pod("web-2", state=waiting("ErrImagePull"), revision="r2")]
    error = caught(deploying(cluster, workload="statefulset/web").deploy, V2, job)
    assert "the images from before are set again; pod web-2 is broken" in error.message


def test_cancelling_without_the_right_says_that_it_goes_on(cluster: Cluster) -> None:
    job = Notes()
    left_behind(cluster, job)
    cluster.denied = [("patch", "deployments")]
    ended = deploying(cluster).cancel_left(job)
    assert ended.left_running
    assert "could not be cancelled (The account of opsroom may not patch deployments" in ended.text


def test_who_lost_the_claim_leaves_the_images_alone(cluster: Cluster) -> None:
    cluster.steps, job = [ROLLING], stopping_after(5, lost)
    assert caught(deploying(cluster).deploy, V2, job).code is Code.CLAIM_LOST
    assert images(cluster)["web"] == f"{IMAGE}:v2.0.0"


# Answers that are lost, and runners that die.


def left_behind(cluster: Cluster, job: Notes, resolved: Resolved = V2, run: bool = True) -> int:
    """A deployment d0 set the image, and its runner died; with or without the run's id."""
    cluster.steps = [ROLLING]
    made, dying = deploying(cluster), Notes(on_note=lambda line: lost())
    dying.deployment = "d0"
    with pytest.raises(Failure):
        made.deploy(resolved, dying)
    kept = json.loads(dying.handles["kubernetes"])
    job.handles["kubernetes"] = json.dumps({**kept, "run": kept["run"] if run else ""})
    return len(cluster.patches)


@pytest.mark.parametrize("run", [True, False])
def test_a_left_roll_out_is_followed_and_not_begun_again(cluster: Cluster, run: bool) -> None:
    job = Notes()
    left_behind(cluster, job, run=run)
    cluster.steps = [ROLLING, done]
    deploying(cluster).deploy(V2, job)
    assert len(cluster.patches) == 1
    assert job.handles["kubernetes"] == ""


@pytest.mark.parametrize("run", [True, False])
def test_what_was_left_is_cancelled_for_someone_else(cluster: Cluster, run: bool) -> None:
    job = Notes()
    left_behind(cluster, job, run=run)
    assert "was cancelled" in deploying(cluster).cancel_left(job).text
    assert images(cluster)["web"] == f"{IMAGE}:v1.0.0"


def test_another_version_waits_for_a_left_roll_out(cluster: Cluster) -> None:
    job = Notes()
    left_behind(cluster, job)
    error = caught(deploying(cluster).deploy, Resolved("v3.0.0", "v3.0.0"), job)
    assert error.code is Code.BUSY
    assert images(cluster)["web"] == f"{IMAGE}:v2.0.0"


def test_images_too_long_for_an_id_are_read_from_the_workload(cluster: Cluster) -> None:
    pods = cluster.objects["deployments", "web"]["spec"]["template"]["spec"]["containers"]
    names = [f"c{number}" for number in range(20)]
    long = "registry.example.com/" + "a" * 80
    pods.extend({"name": name, "image": f"{long}:v1.0.0"} for name in names)
    more = {"containers": dict.fromkeys(names, long + ":{version}")}
    cluster.steps, job = [ROLLING], stopping_after(5, lost)
    caught(deploying(cluster, **more).deploy, V2, job)
    assert len(json.loads(job.handles["kubernetes"])["run"]) < 2000
    job._on_check = None
    assert "was cancelled" in deploying(cluster, **more).cancel_left(job).text
    assert set(images(cluster).values()) == {
        f"{long}:v1.0.0",
        f"{IMAGE}:v1.0.0",
        "registry.example.com/proxy:7",
    }


@pytest.mark.parametrize("drop", ["unanswered", "half"])
def test_a_lost_answer_is_found_by_the_annotation(cluster: Cluster, drop: str) -> None:
    cluster.after(drop, where=is_patch)
    deploying(cluster).deploy(V2, Notes())
    assert len(cluster.sent("PATCH")) == 1
    assert images(cluster)["web"] == f"{IMAGE}:v2.0.0"


@pytest.mark.parametrize("status", [500, 503, 504])
def test_an_error_of_the_server_that_did_nothing_repeats_nothing(
    cluster: Cluster, clock: Clock, status: int
) -> None:
    cluster.instead(status_of(status, "ServerTimeout", "etcd is slow"), where=is_patch)
    job = Notes()
    error = caught(deploying(cluster).deploy, V2, job)
    assert "Kubernetes started nothing" in error.message
    assert error.facts["sent"] is False
    assert clock.now >= 1060.0
    assert len(cluster.sent("PATCH")) == 1
    assert job.handles["kubernetes"] == ""


# What the API server says instead.


def test_401_says_that_the_token_may_have_expired_and_where_it_is(cluster: Cluster) -> None:
    cluster.token = "another"
    error = caught(deploying(cluster).deploy, V2, Notes())
    assert error.code is Code.UNAUTHORIZED
    assert "may have expired" in error.message
    assert error.hint == "An administrator has to renew them: apps.web.deploy.token."


@pytest.mark.parametrize("verb", ["get", "patch"])
def test_403_names_the_verb_and_the_resource(cluster: Cluster, verb: str) -> None:
    cluster.denied, job = [(verb, "deployments")], Notes()
    error = caught(deploying(cluster).deploy, V2, job)
    assert error.code is Code.UNAUTHORIZED
    assert f"may not {verb} deployments in namespace shop (403)" in error.message
    assert f"Grant it the verb {verb} on deployments" in error.hint
    assert job.handles["kubernetes"] == ""


def test_403_of_an_admission_webhook_is_not_taken_for_a_missing_right(cluster: Cluster) -> None:
    denied = 'admission webhook "policy.example.com" denied the request: unsigned image'
    cluster.instead(status_of(403, "Forbidden", denied), where=is_patch)
    error = caught(deploying(cluster).deploy, V2, Notes())
    assert error.code is Code.NOT_ACCEPTED
    assert "denied the request: unsigned image" in error.message


def test_422_gives_the_reason(cluster: Cluster) -> None:
    cluster.instead(status_of(422, "Invalid", "spec: Forbidden: updates"), where=is_patch)
    error = caught(deploying(cluster).deploy, V2, Notes())
    assert (error.code, "spec: Forbidden: updates" in error.message) == (Code.NOT_ACCEPTED, True)


def test_a_workload_that_does_not_exist_is_named(cluster: Cluster) -> None:
    error = caught(deploying(cluster, workload="deployment/wbe").deploy, V2, Notes())
    assert error.message == "There is no deployment wbe in namespace shop."
    assert "apps.web.deploy.workload" in error.hint


def test_429_is_waited_for(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: List[float] = []
    monkeypatch.setattr(vendor, "sleep", waited.append)
    cluster.instead(Reply(429, "{}", {"Retry-After": "1"}), where=is_patch)
    deploying(cluster).deploy(V2, Notes())
    assert waited == [1.0]


PAGE = Reply(200, "<html>Log in</html>", {"Content-Type": "text/html"})
MOVED = Reply(302, "", {"Location": "https://elsewhere.example.com/login"})


@pytest.mark.parametrize("reply", [PAGE, MOVED, Reply(404, "404 page not found")])
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_what_is_no_api_server_has_done_nothing(
    cluster: Cluster, reply: Reply, method: str
) -> None:
    cluster.instead(reply, where=lambda request: request.method == method)
    job = Notes()
    error = caught(deploying(cluster).deploy, V2, job)
    assert error.code is Code.BAD_ANSWER
    assert job.handles["kubernetes"] == ""
    assert cluster.patches == []


def test_a_server_that_is_away_is_waited_out_while_it_rolls_out(cluster: Cluster) -> None:
    cluster.instead(*[Reply(503, "busy")] * 6, where=lambda one: bool(cluster.patches))
    job = Notes()
    deploying(cluster).deploy(V2, job)
    assert "Kubernetes does not answer (bad_answer)" in job.lines


def test_a_server_that_is_not_there_changes_nothing(cluster: Cluster) -> None:
    job = Notes()
    error = caught(deploying(cluster, url=f"http://127.0.0.1:{free_port()}").deploy, V2, job)
    assert error.code is Code.UNREACHABLE
    assert job.handles["kubernetes"] == ""


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
        ({"insecure": True}, "insecure: there is no such key"),
    ],
)
def test_a_bad_option_names_the_key_and_what_works(raw: Dict[str, Any], line: str) -> None:
    lines = options_of(**raw)[1]
    assert any(one.startswith(f"apps.web.deploy.{line}") for one in lines), lines
