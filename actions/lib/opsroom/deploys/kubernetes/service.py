"""The roll-out of a workload as a run: begun by a patch, found again by an annotation, cancelled by
setting the earlier images back."""

from __future__ import annotations

import json
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple

from ...errors import Code, Failure, Refusal
from ...http.content import object_at, text_at
from ...names import check_version, listed
from ...templates import fill
from ...text import neutralise, one_line
from ...vendors.kubernetes import Access, Kind, Workload
from ...vendors.kubernetes.client import Client, Object, open_client
from ...vendors.kubernetes.images import LISTS, Images, image_of, images_of, same_image
from .. import Resolved, Target
from ..remote import Assignment, Run, Service, State
from ..remote.deployer import RemoteDeployer
from .diagnosis import Diagnosis
from .owners import warnings
from .rollout import Progress, obstacle, progress, replicas

# On the workload, not on its pod template, where a change would replace the pods.
DEPLOYMENT = "opsroom/deploy"
BEFORE = "opsroom/before"
CAUSE = "kubernetes.io/change-cause"

# How often a patch is made again after someone changed the workload in between. Its controller does
# so all the time: a status is a change too.
_ATTEMPTS = 8
# Characters that the id of a run may have.
_MAX_ID = 2000


class _Rollout(NamedTuple):
    """What the id of a run says: which deployment set which version on which object, and the images
    by container, afterwards and before. Empty where they are too long for an id."""

    deployment: str
    version: str
    uid: str
    after: Mapping[str, str] = {}
    before: Mapping[str, str] = {}

    def id(self) -> str:
        # pylint: disable=no-member
        whole = json.dumps(self._asdict(), separators=(",", ":"))
        if len(whole) <= _MAX_ID:
            return whole
        return json.dumps(_Rollout(self.deployment, self.version, self.uid)._asdict())


class KubernetesService(Service):
    """The roll-outs of one workload. `link` is where people watch them, with `{app}` and
    `{environment}`."""

    name = "Kubernetes"
    # The API server ends each request after a minute (--request-timeout).
    settles = 60.0

    def __init__(self, access: Access, images: Images, target: Target, link: str = "") -> None:
        values = {"app": target.app, "environment": target.environment}
        self._access = access.at(values)
        self._images = images.at(values)
        self._link = fill(link, values)
        self._key = f"apps.{target.app}.deploy"
        self._opened: Optional[Tuple[Client, Workload]] = None

    @property
    def workload(self) -> str:
        """`deployment/web`."""
        return self._access.workload

    def resolve(self, version: str) -> Resolved:
        """The version, if it can be that of an image. Whether the registry has it, the cluster
        does not know before it pulls it."""
        checked = check_version(version)
        for template in (
            self._images.image,
            *self._images.containers.values(),
            *self._images.init_containers.values(),
        ):
            if template:
                image_of(template, checked)
        return Resolved(checked, version)

    def start(self, assignment: Assignment) -> Run:
        """Set the images. Raises Refusal(not_possible, not_accepted, changed_meanwhile)."""
        client, workload = self._open()
        found = client.get(workload)
        before: Optional[Dict[str, str]] = None
        for _ in range(_ATTEMPTS):
            self._refuse(workload, found)
            current = self._current(workload, found)
            if before is not None and current != before:
                raise self._changed(workload, found, current)
            before = current
            images = self._wanted(workload, found, assignment.version)
            annotations = {
                DEPLOYMENT: assignment.deployment,
                BEFORE: json.dumps(before, sort_keys=True),
                CAUSE: _cause(assignment),
            }
            patched = client.patch(workload, self._patch(found, images, annotations))
            if patched is not None:
                after = self._current(workload, patched)
                rollout = _Rollout(
                    assignment.deployment, assignment.version, _uid(patched), after, before
                )
                return self._run(workload, patched, rollout)
            found = client.get(workload)
        raise self._restless(workload)

    def find(self, assignment: Assignment) -> Optional[Run]:
        """The roll-out that this deployment has begun, by its annotation."""
        client, workload = self._open()
        found = client.get(workload)
        if _annotation(found, DEPLOYMENT) != assignment.deployment:
            return None
        rollout = self._complete(
            workload, found, _Rollout(assignment.deployment, assignment.version, _uid(found))
        )
        return self._run(workload, found, rollout)

    def look(self, run_id: str) -> Run:
        """How far it is."""
        client, workload = self._open()
        found = client.get(workload)
        rollout = self._complete(workload, found, _read(run_id))
        return self._run(workload, found, rollout, self._state(client, workload, found, rollout))

    def cancel(self, run: Run) -> None:
        """Set the images back that were there before. Leaves the workload alone where someone has
        changed them since: `look` says so."""
        client, workload = self._open()
        for _ in range(_ATTEMPTS):
            found = client.get(workload)
            rollout = self._complete(workload, found, _read(run.id))
            current = images_of(_pod(found), rollout.after)
            if rollout.uid != _uid(found) or not _same(current, rollout.after):
                return
            if not rollout.before or _same(rollout.before, rollout.after):
                raise Refusal(
                    Code.NOT_POSSIBLE, "Its images are those from before, so none is set back."
                )
            # What was before stays: by it a look at this run sees that they are set again.
            annotations = {
                DEPLOYMENT: None,
                CAUSE: f"opsroom set the image from before {rollout.version} back",
            }
            images = self._by_list(workload, found, rollout.before)
            if client.patch(workload, self._patch(found, images, annotations)) is not None:
                return
        raise self._restless(workload)

    def warnings(self) -> Tuple[str, ...]:
        """What would be in the way, and who would set the image back. As `Advisor.warnings`."""
        client, workload = self._open()
        found = client.get(workload)
        why_not, hint = obstacle(workload.kind, found)
        sentences = [f"The {workload} {why_not}. {hint}".rstrip(".") + "."] if why_not else []
        if workload.kind is not Kind.DAEMONSET and replicas(found) == 0:
            sentences.append(f"The {workload} is scaled to 0, so that no pod will run the version.")
        names = tuple(name for _, name in self._names(workload, found))
        return (*sentences, *warnings(workload, found, names))

    # The images.

    def _names(self, workload: Workload, found: Object) -> Tuple[Tuple[str, str], ...]:
        templates = self._images.templates(_pod(found), str(workload))
        return tuple((kind, name) for kind in LISTS for name in templates[kind])

    def _current(self, workload: Workload, found: Object) -> Dict[str, str]:
        return images_of(_pod(found), (name for _, name in self._names(workload, found)))

    def _wanted(self, workload: Workload, found: Object, version: str) -> Dict[str, Dict[str, str]]:
        templates = self._images.templates(_pod(found), str(workload))
        return {
            kind: {name: image_of(template, version) for name, template in one.items()}
            for kind, one in templates.items()
        }

    def _by_list(
        self, workload: Workload, found: Object, images: Mapping[str, str]
    ) -> Dict[str, Dict[str, str]]:
        names = self._names(workload, found)
        return {
            kind: {name: images[name] for one, name in names if one == kind and name in images}
            for kind in LISTS
        }

    def _complete(self, workload: Workload, found: Object, rollout: _Rollout) -> _Rollout:
        """With the images that its id does not have: the workload's annotation and the templates
        say the same."""
        if rollout.after:
            return rollout
        wanted = self._wanted(workload, found, rollout.version)
        after = {name: image for one in wanted.values() for name, image in one.items()}
        before = _texts(_annotation(found, BEFORE))
        return _Rollout(rollout.deployment, rollout.version, rollout.uid, after, before)

    @staticmethod
    def _patch(
        found: Object,
        images: Mapping[str, Mapping[str, str]],
        annotations: Mapping[str, Optional[str]],
    ) -> Object:
        """With the version of the object that it is made for: on another one nothing is done."""
        pod = {
            kind: [{"name": name, "image": image} for name, image in one.items()]
            for kind, one in images.items()
            if one
        }
        version = text_at(found, "metadata", "resourceVersion")
        return {
            "metadata": {"resourceVersion": version, "annotations": dict(annotations)},
            "spec": {"template": {"spec": pod}},
        }

    # The state.

    def _run(
        self,
        workload: Workload,
        found: Object,
        rollout: _Rollout,
        reached: Optional[Progress] = None,
    ) -> Run:
        """The run. Where nobody has looked what holds it up, it is not said to have failed."""
        if reached is None:
            done = progress(workload.kind, found).state is State.SUCCEEDED
            text = f"has begun with {rollout.version}"
            if rollout.before and _same(rollout.before, rollout.after):
                # Kubernetes replaces no pod then.
                text = f"has nothing to change: the image of {rollout.version} is set already"
            reached = Progress(State.SUCCEEDED if done else State.RUNNING, text)
        name = f"roll-out of {workload.namespace}/{workload.name}"
        return Run(rollout.id(), name, reached.state, reached.text, self._link)

    @staticmethod
    def _state(client: Client, workload: Workload, found: Object, rollout: _Rollout) -> Progress:
        if _uid(found) != rollout.uid:
            return Progress(State.FAILED, f"the {workload} was deleted and created again meanwhile")
        current = images_of(_pod(found), rollout.after)
        if not _same(current, rollout.after):
            if rollout.before and _same(current, rollout.before):
                stuck = Diagnosis(client, workload, found).stuck()
                return Progress(State.CANCELLED, f"the images from before are set again{stuck}")
            other = listed(sorted(set(current.values()))) or "other containers"
            return Progress(State.FAILED, f"someone has set {other} meanwhile, and that stays")
        reached = progress(workload.kind, found)
        if reached.state is State.SUCCEEDED:
            return reached
        return Diagnosis(client, workload, found).explained(reached)

    # What is in the way.

    @staticmethod
    def _refuse(workload: Workload, found: Object) -> None:
        why_not, hint = obstacle(workload.kind, found)
        if why_not:
            raise Refusal(Code.NOT_POSSIBLE, f"The {workload} {why_not}.", hint)

    @staticmethod
    def _changed(workload: Workload, found: Object, current: Mapping[str, str]) -> Refusal:
        cause = one_line(_annotation(found, CAUSE), 80)
        return Refusal(
            Code.CHANGED_MEANWHILE,
            f"Someone else has just set {listed(sorted(set(current.values())))} in {workload}"
            + (f" ({cause})." if cause else "."),
            "Nothing was changed. Check, then ask again.",
        )

    @staticmethod
    def _restless(workload: Workload) -> Failure:
        message = f"The {workload} changes too often to be patched."
        return Failure(Code.DEPLOY_FAILED, message, "Try again.", {"sent": False})

    def _open(self) -> Tuple[Client, Workload]:
        """The client, whose time starts over, and the workload."""
        if self._opened is None:
            self._opened = open_client(self._access, self._key)
        self._opened[0].begin()
        return self._opened


class KubernetesDeployer(RemoteDeployer):
    """A deployer that also knows who would set the image back."""

    service: KubernetesService

    def __init__(
        self,
        access: Access,
        images: Images,
        target: Target,
        time_limit: float,
        link: str = "",
    ) -> None:
        service = KubernetesService(access, images, target, link)
        place = f"kubectl rollout status {service.workload}"
        super().__init__(service, target, "kubernetes", time_limit, place)

    def warnings(self, resolved: Resolved) -> Tuple[str, ...]:
        """Sentences for `plan`."""
        return self.service.warnings()


def _pod(found: Object) -> Object:
    return object_at(found, "spec", "template", "spec")


def _uid(found: Object) -> str:
    return text_at(found, "metadata", "uid")


def _annotation(found: Object, name: str) -> str:
    return text_at(found, "metadata", "annotations", name)


def _same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return set(one) == set(other) and all(same_image(one[name], other[name]) for name in one)


def _cause(assignment: Assignment) -> str:
    """What `kubectl rollout history` shows of it."""
    did = "rolled back to" if assignment.rollback else "deployed"
    who = neutralise(one_line(assignment.requester, 80))
    return f"{who} {did} {assignment.version} with opsroom ({assignment.deployment})"


def _texts(text: str) -> Dict[str, str]:
    """A mapping of texts out of an annotation; empty where it holds something else."""
    try:
        read: Any = json.loads(text)
    except ValueError:
        return {}
    return (
        {str(name): one for name, one in read.items() if isinstance(one, str)}
        if isinstance(read, dict)
        else {}
    )


def _read(run_id: str) -> _Rollout:
    values = json.loads(run_id)
    return _Rollout(**values)
