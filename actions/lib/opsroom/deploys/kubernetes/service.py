"""The roll-out of a workload as a run: begun by a patch, found again by an annotation, cancelled by
setting the earlier images back; that of a StatefulSet in steps, where the config has some."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Dict, Mapping, Optional, Tuple

from ...errors import Code, Failure, Refusal
from ...names import check_version, listed
from ...templates import fill
from ...text import one_line
from ...vendors.kubernetes import Access, Kind, Workload
from ...vendors.kubernetes.client import Client, Object, open_client
from ...vendors.kubernetes.images import LISTS, Images, image_of, images_of, version_in
from .. import Resolved, Target
from ..remote import Assignment, Run, Service, State
from ..steps import PLAIN, Steps
from .diagnosis import Diagnosis
from .notes import (
    BEFORE,
    CAUSE,
    DEPLOYMENT,
    Rollout,
    annotation_of,
    cause_of,
    flat,
    images_before,
    noted_before,
    patch_of,
    pod_of,
    read_id,
    same_images,
    uid_of,
)
from .owners import warnings
from .rollout import Progress, obstacle, progress, replicas, updated_pods
from .stages import Hold, first_hold, hold_of, names_of, next_hold, stage

# How often a patch is made again after someone changed the workload in between. Its controller does
# so all the time: a status is a change too.
_ATTEMPTS = 8


class KubernetesService(Service):
    """The roll-outs of one workload. `link` is where people watch them, with `{app}` and
    `{environment}`. `steps` are those of a StatefulSet."""

    name = "Kubernetes"
    # The API server ends each request after a minute (--request-timeout).
    settles = 60.0

    def __init__(
        self,
        access: Access,
        images: Images,
        target: Target,
        link: str = "",
        steps: Steps = PLAIN,
    ) -> None:
        values = {"app": target.app, "environment": target.environment}
        self._access = access.at(values)
        self._images = images.at(values)
        self._link = fill(link, values)
        self._steps = steps
        self._key = f"apps.{target.app}.deploy"
        # Without a runner no step follows another.
        self.alone = not steps.sizes
        self.pods: Tuple[str, ...] = ()
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
        seen: Optional[Dict[str, str]] = None
        for _ in range(_ATTEMPTS):
            left = hold_of(workload.kind, found)
            self._refuse(workload, found, left)
            current = self._current(workload, found)
            if seen is not None and current != seen:
                raise self._changed(workload, found, current)
            seen = current
            before = images_before(found, current, left)
            images = self._wanted(workload, found, assignment.version)
            annotations: Dict[str, Optional[str]] = {
                DEPLOYMENT: assignment.deployment,
                BEFORE: json.dumps(before, sort_keys=True),
                CAUSE: cause_of(assignment),
            }
            hold = None
            if self._steps.sizes and not assignment.rollback:
                same = same_images(current, flat(images))
                hold = first_hold(found, self._steps, same, left)
            patched = client.patch(workload, patch_of(found, images, annotations, left, hold))
            if patched is not None:
                after = self._current(workload, patched)
                rollout = Rollout(
                    assignment.deployment, assignment.version, uid_of(patched), after, before
                )
                return self._run(workload, patched, rollout)
            found = client.get(workload)
        raise self._restless(workload)

    def find(self, assignment: Assignment) -> Optional[Run]:
        """The roll-out that this deployment has begun, by its annotation."""
        client, workload = self._open()
        found = client.get(workload)
        if annotation_of(found, DEPLOYMENT) != assignment.deployment:
            return None
        rollout = self._complete(
            workload, found, Rollout(assignment.deployment, assignment.version, uid_of(found))
        )
        return self._run(workload, found, rollout)

    def look(self, run_id: str) -> Run:
        """How far it is."""
        client, workload = self._open()
        found = client.get(workload)
        rollout = self._complete(workload, found, read_id(run_id))
        return self._looked(client, workload, found, rollout)

    def bring(self, run_id: str, number: int) -> Run:
        """How far it is in step `number`, which begins where it has not: may be asked again. `pods`
        are then those that this step brings the version to."""
        client, workload = self._open()
        for _ in range(_ATTEMPTS):
            found = client.get(workload)
            rollout = self._complete(workload, found, read_id(run_id))
            hold = hold_of(workload.kind, found)
            mine = rollout.uid == uid_of(found) and self._has(found, rollout.after)
            wanted = next_hold(found, self._steps, hold, number) if hold and mine else hold
            if wanted == hold:
                if workload.kind is Kind.STATEFULSET:
                    self.pods = names_of(workload, found, self._steps, number)
                return self._looked(client, workload, found, rollout)
            # Read again after it: the answer to a lost one looks the same.
            client.patch(workload, patch_of(found, {}, {}, hold, wanted))
        raise self._restless(workload)

    def back(self, run_id: str) -> Run:
        """How far its way back is, after `cancel`."""
        client, workload = self._open()
        found = client.get(workload)
        rollout = self._complete(workload, found, read_id(run_id))
        if rollout.uid != uid_of(found) or not self._has(found, rollout.before):
            return self._looked(client, workload, found, rollout)
        reached = progress(workload.kind, found)
        there, wanted = updated_pods(workload.kind, found)
        done = reached.state is State.SUCCEEDED
        text = f"{self._version_of(rollout.before)} is on "
        text += f"all {wanted} pods again" if done else f"{there} of {wanted} pods again"
        if not done:
            text = Diagnosis(client, workload, found).explained(Progress(reached.state, text)).text
        return self._run(workload, found, rollout, Progress(reached.state, text))

    def has_way_back(self, run_id: str) -> bool:
        """Whether other images were there before."""
        client, workload = self._open()
        rollout = self._complete(workload, client.get(workload), read_id(run_id))
        return bool(rollout.before) and not same_images(rollout.before, rollout.after)

    def cancel(self, run: Run) -> None:
        """Set the images back that were there before. Leaves the workload alone where someone has
        changed them since: `look` says so."""
        client, workload = self._open()
        for _ in range(_ATTEMPTS):
            found = client.get(workload)
            rollout = self._complete(workload, found, read_id(run.id))
            current = images_of(pod_of(found), rollout.after)
            if rollout.uid != uid_of(found) or not same_images(current, rollout.after):
                return
            if not rollout.before or same_images(rollout.before, rollout.after):
                raise Refusal(
                    Code.NOT_POSSIBLE, "Its images are those from before, so none is set back."
                )
            # What was before stays: by it a look at this run sees that they are set again.
            annotations = {
                DEPLOYMENT: None,
                CAUSE: f"opsroom set the image from before {rollout.version} back",
            }
            images = self._by_list(workload, found, rollout.before)
            hold = hold_of(workload.kind, found)
            patch = patch_of(found, images, annotations, hold, None)
            if client.patch(workload, patch) is not None:
                return
        raise self._restless(workload)

    def warnings(self) -> Tuple[str, ...]:
        """What would be in the way, and who would set the image back. As `Advisor.warnings`."""
        client, workload = self._open()
        found = client.get(workload)
        hold = hold_of(workload.kind, found)
        why_not, hint = obstacle(workload.kind, found, hold.partition if hold else 0)
        sentences = [f"The {workload} {why_not}. {hint}".rstrip(".") + "."] if why_not else []
        if workload.kind is not Kind.DAEMONSET and replicas(found) == 0:
            sentences.append(f"The {workload} is scaled to 0, so that no pod will run the version.")
        names = tuple(name for _, name in self._names(workload, found))
        return (*sentences, *warnings(workload, found, names, bool(self._steps.sizes)))

    # The images.

    def _names(self, workload: Workload, found: Object) -> Tuple[Tuple[str, str], ...]:
        templates = self._images.templates(pod_of(found), str(workload))
        return tuple((kind, name) for kind in LISTS for name in templates[kind])

    def _current(self, workload: Workload, found: Object) -> Dict[str, str]:
        return images_of(pod_of(found), (name for _, name in self._names(workload, found)))

    def _wanted(self, workload: Workload, found: Object, version: str) -> Dict[str, Dict[str, str]]:
        templates = self._images.templates(pod_of(found), str(workload))
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

    def _complete(self, workload: Workload, found: Object, rollout: Rollout) -> Rollout:
        """With the images that its id does not have: the workload's annotation and the templates
        say the same."""
        if rollout.after:
            return rollout
        after = flat(self._wanted(workload, found, rollout.version))
        before = noted_before(found)
        return Rollout(rollout.deployment, rollout.version, rollout.uid, after, before)

    @staticmethod
    def _has(found: Object, images: Mapping[str, str]) -> bool:
        """Whether these are the images that are set."""
        return same_images(images_of(pod_of(found), images), images)

    def _version_of(self, images: Mapping[str, str]) -> str:
        """The version that images are, for a sentence."""
        templates = (
            self._images.image,
            *self._images.containers.values(),
            *self._images.init_containers.values(),
        )
        found = {version_in(one, two) for one in images.values() for two in templates if two}
        versions = sorted(filter(None, found))
        return versions[0] if len(versions) == 1 else listed(sorted(set(images.values())), 3)

    # The state.

    def _run(
        self,
        workload: Workload,
        found: Object,
        rollout: Rollout,
        reached: Optional[Progress] = None,
    ) -> Run:
        """The run. Where nobody has looked what holds it up, it is not said to have failed."""
        if reached is None:
            done = progress(workload.kind, found).state is State.SUCCEEDED
            text = f"has begun with {rollout.version}"
            if rollout.before and same_images(rollout.before, rollout.after):
                # Kubernetes replaces no pod then.
                text = f"has nothing to change: the image of {rollout.version} is set already"
            reached = Progress(State.SUCCEEDED if done else State.RUNNING, text)
        name = f"roll-out of {workload.namespace}/{workload.name}"
        return Run(rollout.id(), name, reached.state, reached.text, self._link)

    def _looked(self, client: Client, workload: Workload, found: Object, rollout: Rollout) -> Run:
        reached, step = self._state(client, workload, found, rollout)
        return replace(self._run(workload, found, rollout, reached), step=step)

    def _state(
        self, client: Client, workload: Workload, found: Object, rollout: Rollout
    ) -> Tuple[Progress, int]:
        """How far it is, and how many steps are done."""
        hold = hold_of(workload.kind, found)
        if uid_of(found) != rollout.uid:
            text = f"the {workload} was deleted and created again meanwhile"
            return Progress(State.FAILED, text), 0
        if not self._has(found, rollout.after):
            return self._other(client, workload, found, rollout, hold), 0
        if hold is None:
            reached, done = progress(workload.kind, found), len(self._steps.sizes)
            done -= reached.state is not State.SUCCEEDED
        else:
            reached, complete = stage(found, self._steps, hold)
            done = hold.step if complete else hold.step - 1
            if complete:
                return reached, done
        if reached.state is State.SUCCEEDED:
            return reached, done
        return Diagnosis(client, workload, found).explained(reached), done

    def _other(
        self,
        client: Client,
        workload: Workload,
        found: Object,
        rollout: Rollout,
        hold: Optional[Hold],
    ) -> Progress:
        """What it is where other images are set."""
        if rollout.before and self._has(found, rollout.before):
            stuck = Diagnosis(client, workload, found).stuck()
            return Progress(State.CANCELLED, f"the images from before are set again{stuck}")
        current = images_of(pod_of(found), rollout.after)
        other = listed(sorted(set(current.values()))) or "other containers"
        stays = f", and so does the partition {hold.partition} of its steps" if hold else ""
        return Progress(State.FAILED, f"someone has set {other} meanwhile, and that stays{stays}")

    # What is in the way.

    @staticmethod
    def _refuse(workload: Workload, found: Object, left: Optional[Hold]) -> None:
        why_not, hint = obstacle(workload.kind, found, left.partition if left else 0)
        if why_not:
            raise Refusal(Code.NOT_POSSIBLE, f"The {workload} {why_not}.", hint)

    @staticmethod
    def _changed(workload: Workload, found: Object, current: Mapping[str, str]) -> Refusal:
        cause = one_line(annotation_of(found, CAUSE), 80)
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
