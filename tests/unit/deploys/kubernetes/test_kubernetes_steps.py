"""A StatefulSet in steps: which pods have the version when, the checks in between, the way back,
and runners that die in a pause."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List

import pytest

from opsroom.deploys import OwnRollback, Resolved
from opsroom.deploys import course as course_module
from opsroom.errors import Code, Failure
from opsroom.versions import Running
from support.deploys.jobs import Notes, cancelled, lost
from support.deploys.kubernetes import V1, V2, Clock, caught, deploying, images, is_patch
from support.deploys.stateful_sets import StatefulSet
from support.servers.http import HttpServer, Reply
from support.vendors.kubernetes import IMAGE, Cluster, changed

STEPS = {"workload": "statefulset/web", "steps": ["10%", "50%", "100%"], "pause": "1m"}
OLD, NEW = "v1.0.0", "v2.0.0"


@pytest.fixture(autouse=True)
def course_clock(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course_module, "now", clock)


@pytest.fixture
def pods(cluster: Cluster) -> StatefulSet:
    cluster.objects.clear()
    return StatefulSet(cluster)


@pytest.fixture
def server() -> Any:
    with HttpServer() as made:
        yield made


def partitions(cluster: Cluster) -> List[int]:
    """Those that were set, in their order."""
    return [
        patch["spec"]["updateStrategy"]["rollingUpdate"]["partition"]
        for patch in cluster.patches
        if "updateStrategy" in patch["spec"]
    ]


def at_note(text: str, act: Callable[[], None], *more: str) -> Notes:
    """A job in which something happens when this is said for the first time."""
    pending = [text, *more]

    def note(line: str) -> None:
        if pending and pending[0] in line:
            pending.clear()
            act()

    return Notes(on_note=note)


def is_as_at_first(cluster: Cluster, pods: StatefulSet) -> bool:
    annotations = pods.found["metadata"]["annotations"]
    return (
        images(cluster, "statefulsets")["web"] == f"{IMAGE}:{OLD}"
        and pods.partition == 0
        and "opsroom/steps" not in annotations
        and "opsroom/deploy" not in annotations
    )


# Step by step.


def test_each_step_has_its_share_of_the_pods_and_no_more(
    cluster: Cluster, pods: StatefulSet, clock: Clock
) -> None:
    job, counts = Notes(), []
    job._on_note = lambda line: counts.append(pods.versions().count(NEW)) if "waits" in line else 0
    deploying(cluster, **STEPS).deploy(V2, job)
    assert partitions(cluster) == [9, 5, 0]
    assert pods.versions() == [NEW] * 10
    assert pods.history == sorted(pods.history), "no pod went back"
    assert "opsroom/steps" not in pods.found["metadata"]["annotations"]
    assert clock.now > 1120.0
    assert job.handles == {"kubernetes": "", "steps": ""}
    lines = [line for line in job.lines if line.startswith("roll-out of shop/web")]
    assert (
        "roll-out of shop/web is at step 2 of 3, 50 %: 4 of 10 pods, and 9 are ready"
        in " ".join(lines)
    )
    assert any(
        "step 1 of 3, 10 %: 1 of 10 pods; the next one begins after 1 min" in one for one in lines
    )
    assert any("step 2 of 3, 50 %: 5 of 10 pods; the next one begins" in one for one in lines)


def test_the_partition_and_the_image_are_one_patch(cluster: Cluster, pods: StatefulSet) -> None:
    deploying(cluster, **STEPS).deploy(V2, Notes())
    first, *others = cluster.patches
    assert first["spec"]["updateStrategy"] == {"rollingUpdate": {"partition": 9}}
    assert first["spec"]["template"]["spec"]["containers"][0]["image"] == f"{IMAGE}:{NEW}"
    assert first["metadata"]["annotations"]["opsroom/steps"] == '{"step": 1, "partition": 9}'
    assert all(patch["metadata"]["resourceVersion"] for patch in cluster.patches)
    assert all("template" not in patch["spec"] for patch in others)
    assert all(request.query["fieldManager"] == ["opsroom"] for request in cluster.sent("PATCH"))


def test_a_step_that_adds_no_pod_has_no_pause(
    cluster: Cluster, pods: StatefulSet, clock: Clock
) -> None:
    pods.found["spec"]["replicas"] = 2
    pods.pods, pods._ready = pods.pods[:2], [True, True]
    deploying(cluster, **STEPS).deploy(V2, Notes())
    assert partitions(cluster) == [1, 1, 0]
    assert 1060.0 < clock.now < 1160.0


def test_one_pod_alone_has_no_share(cluster: Cluster, pods: StatefulSet, clock: Clock) -> None:
    pods.found["spec"]["replicas"] = 1
    pods.pods, pods._ready = pods.pods[:1], [True]
    deploying(cluster, **STEPS).deploy(V2, Notes())
    assert partitions(cluster) == []
    assert clock.now < 1100.0


def test_the_image_that_is_set_already_is_held_by_nothing(
    cluster: Cluster, pods: StatefulSet, clock: Clock
) -> None:
    deploying(cluster, **STEPS).deploy(V1, Notes())
    assert partitions(cluster) == []
    assert clock.now == 1000.0


def test_a_rollback_has_no_steps(cluster: Cluster, pods: StatefulSet, clock: Clock) -> None:
    made = deploying(cluster, **STEPS, check={"url": "http://127.0.0.1:1/"})
    assert isinstance(made, OwnRollback)
    made.roll_back(V2, Notes())
    assert partitions(cluster) == []
    assert pods.versions() == [NEW] * 10
    assert clock.now < 1200.0


def test_fewer_pods_are_wanted_meanwhile(cluster: Cluster, pods: StatefulSet) -> None:
    def scale() -> None:
        pods.found["spec"]["replicas"] = 4
        pods.found["metadata"]["generation"] += 1

    deploying(cluster, **STEPS).deploy(V2, at_note("step 1 of 3 is done", scale))
    # 10 % of four pods is one.
    assert partitions(cluster) == [9, 3, 2, 0]
    assert pods.versions() == [NEW] * 4


def test_a_partition_of_someone_else_is_refused(cluster: Cluster, pods: StatefulSet) -> None:
    pods.found["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = 4
    made = deploying(cluster, **STEPS)
    assert caught(made.deploy, V2, Notes()).code is Code.NOT_POSSIBLE
    assert "has a partition of 4" in made.warnings(V2)[0]
    assert cluster.patches == []


# Someone else.


def test_who_lowers_the_partition_lets_it_go_on(
    cluster: Cluster, pods: StatefulSet, server: HttpServer
) -> None:
    server.on("/", Reply(200))

    def lower() -> None:
        pods.found["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = 0
        pods.found["metadata"]["generation"] += 1

    job = at_note("step 1 of 3 is done", lower)
    deploying(cluster, **STEPS, check={"url": server.url("/")}).deploy(V2, job)
    assert pods.versions() == [NEW] * 10
    assert partitions(cluster) == [9]


def test_who_sets_another_image_keeps_it_and_reads_of_the_partition(
    cluster: Cluster, pods: StatefulSet
) -> None:
    def other() -> None:
        pods.found["spec"]["template"]["spec"]["containers"][0]["image"] = f"{IMAGE}:v9"
        pods.found["metadata"]["generation"] += 1

    error = caught(deploying(cluster, **STEPS).deploy, V2, at_note("step 1 of 3 is done", other))
    assert (
        f"someone has set {IMAGE}:v9 meanwhile, and that stays, and so does the partition 9 of its "
        "steps"
    ) in error.message
    assert pods.versions() == [OLD] * 9 + ["v9"]


def test_who_is_faster_at_a_step_is_read_again(cluster: Cluster, pods: StatefulSet) -> None:
    job = at_note(
        "step 1 of 3 is done", lambda: cluster.between.append(lambda: changed(pods.found))
    )
    deploying(cluster, **STEPS).deploy(V2, job)
    assert partitions(cluster) == [9, 5, 0]


@pytest.mark.parametrize("drop", ["unanswered", "half"])
def test_a_lost_answer_to_a_step_is_read_again(
    cluster: Cluster, pods: StatefulSet, drop: str
) -> None:
    job = at_note("step 1 of 3 is done", lambda: cluster.after(drop, where=is_patch))
    deploying(cluster, **STEPS).deploy(V2, job)
    assert partitions(cluster) == [9, 5, 0]


# Checks.


def test_a_failed_check_brings_the_version_from_before_back(
    cluster: Cluster, pods: StatefulSet, server: HttpServer
) -> None:
    server.on("/health", Reply(200), Reply(200), Reply(503))
    job = Notes()
    check = {"url": server.url("/health"), "within": 1}
    error = caught(deploying(cluster, **STEPS, check=check).deploy, V2, job)
    assert error.code is Code.DEPLOY_FAILED
    assert error.message == (
        f"The check did not pass within 1 s: {server.url('/health')} answered 503 Service "
        "Unavailable. v1.0.0 is on all 10 pods again."
    )
    assert error.facts["rolled_back"] is True
    assert pods.versions() == [OLD] * 10
    assert max(pods.history) == 10, "those of the revision that is set again"
    assert is_as_at_first(cluster, pods)
    assert job.handles == {"kubernetes": "", "steps": ""}


def test_a_version_that_is_neither_old_nor_new_fails_it(
    cluster: Cluster, pods: StatefulSet
) -> None:
    job = Notes()
    mixed = {"mixed": True, "versions": {OLD: 9, NEW: 1}}
    differ = Failure(Code.BAD_ANSWER, "They differ.", facts=mixed)
    job.reports = [Running(OLD), differ, Running("v9")]
    error = caught(deploying(cluster, **STEPS).deploy, V2, job)
    assert error.message == (
        "After step 1 of 3 the application reports v9, expected v1.0.0 or v2.0.0. v1.0.0 is on all "
        "10 pods again."
    )
    assert is_as_at_first(cluster, pods)


def test_pods_that_do_not_come_back_are_counted_and_named(
    cluster: Cluster, pods: StatefulSet, server: HttpServer, clock: Clock
) -> None:
    def crash(request: Any) -> Reply:
        # The new pod crashes from now on; Kubernetes waits for it before it replaces any.
        pods.crashing = {NEW}
        return Reply(500)

    server.on("/", crash)
    check = {"url": server.url("/"), "within": 1}
    error = caught(deploying(cluster, **STEPS, check=check).deploy, V2, Notes())
    assert (
        "v1.0.0 is on 9 of 10 pods again; pod web-9 is broken and Kubernetes does not replace it: "
        "delete it."
    ) in error.message
    assert clock.now > 1300.0


def test_a_check_that_names_pods_is_asked_of_those_of_the_step(
    cluster: Cluster, pods: StatefulSet, server: HttpServer
) -> None:
    pods.found["spec"]["ordinals"] = {"start": 100}
    for number in range(100, 110):
        server.on(f"/web-{number}", Reply(200, NEW))
    check = {"url": server.url("/{host}"), "text": "{version}"}
    deploying(cluster, **{**STEPS, "pause": None}, check=check).deploy(V2, Notes())
    steps = [[109], range(105, 109), range(100, 105)]
    assert server.paths() == [f"/web-{number}" for step in steps for number in step]


def test_an_answer_that_fails_where_nothing_was_changed_sets_nothing_back(
    cluster: Cluster, pods: StatefulSet, server: HttpServer
) -> None:
    server.on("/", Reply(500))
    check = {"url": server.url("/"), "within": 1}
    error = caught(deploying(cluster, **STEPS, check=check).deploy, V1, Notes())
    assert "Its images are those from before, so none is set back." in error.message


def test_a_deployment_has_a_check_at_its_end(cluster: Cluster, server: HttpServer) -> None:
    server.on("/", Reply(503))
    check = {"url": server.url("/"), "within": 1}
    error = caught(deploying(cluster, check=check).deploy, V2, Notes())
    assert "503 Service Unavailable. v1.0.0 is on all 3 pods again." in error.message
    assert images(cluster)["web"] == f"{IMAGE}:{OLD}"


def test_a_pod_that_breaks_in_a_pause_holds_the_next_step_up(
    cluster: Cluster, pods: StatefulSet, clock: Clock
) -> None:
    job = at_note("step 1 of 3 is done", lambda: pods.crashing.add(NEW))
    error = caught(deploying(cluster, **STEPS, time_limit="5m").deploy, V2, job)
    assert error.code is Code.TIMED_OUT
    assert "pod web-9 has container web that crashes again and again" in error.message
    assert partitions(cluster) == [9, 0], "the second one is the way back"


# Ends.


def test_cancelling_in_a_pause_sets_image_and_partition_back(
    cluster: Cluster, pods: StatefulSet, clock: Clock
) -> None:
    job = Notes()
    job._on_check = lambda: cancelled() if clock.now > 1060.0 else None
    error = caught(deploying(cluster, **STEPS).deploy, V2, job)
    assert error.code is Code.CANCELLED
    assert "was cancelled: the images from before are set again" in error.message
    assert is_as_at_first(cluster, pods)
    assert clock.now < 1070.0


def test_cancelling_the_way_back_does_not_stop_it(
    cluster: Cluster, pods: StatefulSet, server: HttpServer
) -> None:
    server.on("/", Reply(500))
    job = Notes()

    def check() -> None:
        if any("setting the images from before" in line for line in job.lines):
            cancelled()

    job._on_check = check
    keys = {**STEPS, "check": {"url": server.url("/"), "within": 1}}
    error = caught(deploying(cluster, **keys).deploy, V2, job)
    assert error.code is Code.CANCELLED
    assert is_as_at_first(cluster, pods)


def test_the_time_limit_is_for_the_pauses_too(
    cluster: Cluster, pods: StatefulSet, clock: Clock
) -> None:
    keys = {**STEPS, "time_limit": "4m"}
    pods.crashing = set()
    job = at_note("step 2 of 3 is done", lambda: pods.crashing.add(OLD))
    error = caught(deploying(cluster, **keys).deploy, V2, job)
    assert error.code is Code.TIMED_OUT
    assert "did not end within 4 min" in error.message
    assert 1240.0 <= clock.now < 1250.0
    assert is_as_at_first(cluster, pods)


# Runners that die.


def killed_in_the_pause(cluster: Cluster, step: int = 1) -> Notes:
    """What a runner wrote down that died in the pause after this step."""
    dying = at_note(f"step {step} of 3 is done", lost)
    dying.deployment = "d0"
    error = caught(deploying(cluster, **STEPS).deploy, V2, dying)
    assert error.code is Code.CLAIM_LOST
    job = Notes()
    job.handles = dict(dying.handles)
    return job


@pytest.mark.parametrize("run", [True, False])
@pytest.mark.parametrize("step", [1, 2])
def test_who_comes_next_goes_on_where_it_stood(
    cluster: Cluster, pods: StatefulSet, clock: Clock, step: int, run: bool
) -> None:
    job = killed_in_the_pause(cluster, step)
    if not run:
        kept = json.loads(job.handles["kubernetes"])
        job.handles["kubernetes"] = json.dumps({**kept, "run": ""})
    before = len(cluster.patches)
    clock.now += 20.0
    began = clock.now
    made = deploying(cluster, **STEPS)
    assert made.is_halfway(job.kept)
    made.deploy(V2, job)
    assert partitions(cluster) == [9, 5, 0]
    assert all("template" not in patch["spec"] for patch in cluster.patches[before:])
    # What is left of this pause, and the ones after it.
    assert 40.0 < clock.now - began - 60.0 * (2 - step) < 120.0
    assert not made.is_halfway(job.kept)


def test_another_version_reads_how_to_go_on(cluster: Cluster, pods: StatefulSet) -> None:
    job = killed_in_the_pause(cluster)
    error = caught(deploying(cluster, **STEPS).deploy, Resolved("v3.0.0", "v3.0.0"), job)
    assert error.code is Code.BUSY
    assert error.hint == (
        "To go on with it: deploy web v2.0.0 to uat, or end it: cancel deploy of web on uat"
    )


def test_what_was_left_is_cancelled_for_someone_else(cluster: Cluster, pods: StatefulSet) -> None:
    job = killed_in_the_pause(cluster, 2)
    ended = deploying(cluster, **STEPS).cancel_left(job)
    assert "was cancelled" in ended.text
    assert is_as_at_first(cluster, pods)


@pytest.mark.parametrize("steps", [STEPS, {**STEPS, "steps": None, "pause": None}])
def test_a_partition_that_was_left_is_no_obstacle_without_a_record(
    cluster: Cluster, pods: StatefulSet, steps: Dict[str, Any]
) -> None:
    killed_in_the_pause(cluster, 2)
    made = deploying(cluster, **steps)
    assert made.warnings(V2) == ()
    made.deploy(Resolved("v3.0.0", "v3.0.0"), Notes())
    assert pods.versions() == ["v3.0.0"] * 10
    assert pods.partition == 0


def test_the_way_back_is_to_what_ran_before_both(
    cluster: Cluster, pods: StatefulSet, server: HttpServer
) -> None:
    killed_in_the_pause(cluster)
    server.on("/", Reply(500))
    keys = {**STEPS, "check": {"url": server.url("/"), "within": 1}}
    error = caught(deploying(cluster, **keys).deploy, Resolved("v3.0.0", "v3.0.0"), Notes())
    assert "v1.0.0 is on all 10 pods again" in error.message
    assert pods.versions() == [OLD] * 10


def test_the_same_version_goes_on_without_a_record(cluster: Cluster, pods: StatefulSet) -> None:
    killed_in_the_pause(cluster, 2)
    deploying(cluster, **STEPS).deploy(V2, Notes())
    assert partitions(cluster) == [9, 5, 0]
    assert pods.versions() == [NEW] * 10
