"""What opsroom notes of a roll-out: in the id of its run, and on the workload; and the patches that
set both."""

from __future__ import annotations

import json
from typing import Any, Dict, Mapping, NamedTuple, Optional

from ...http.content import object_at, text_at
from ...text import neutralise, one_line
from ...vendors.kubernetes.images import same_image
from ..remote import Assignment
from .stages import ANNOTATION, Hold

Object = Mapping[str, Any]

# On the workload, not on its pod template, where a change would replace the pods.
DEPLOYMENT = "opsroom/deploy"
BEFORE = "opsroom/before"
CAUSE = "kubernetes.io/change-cause"

# Characters that the id of a run may have.
_MAX_ID = 2000


class Rollout(NamedTuple):
    """What the id of a run says: which deployment set which version on which object, and the images
    by container, afterwards and before. Empty where they are too long for an id."""

    deployment: str
    version: str
    uid: str
    after: Mapping[str, str] = {}
    before: Mapping[str, str] = {}

    def id(self) -> str:
        """As text."""
        # pylint: disable=no-member
        whole = json.dumps(self._asdict(), separators=(",", ":"))
        if len(whole) <= _MAX_ID:
            return whole
        return json.dumps(Rollout(self.deployment, self.version, self.uid)._asdict())


def patch_of(
    found: Object,
    images: Mapping[str, Mapping[str, str]],
    annotations: Mapping[str, Optional[str]],
    left: Optional[Hold],
    hold: Optional[Hold],
) -> Object:
    """A patch for the version of the object that was found: on another one nothing is done.

    `left` is what holds pods back now, `hold` what is to; a partition of 0 holds none.
    """
    pod = {
        kind: [{"name": name, "image": image} for name, image in one.items()]
        for kind, one in images.items()
        if one
    }
    version = text_at(found, "metadata", "resourceVersion")
    noted = dict(annotations)
    spec: Dict[str, Any] = {"template": {"spec": pod}} if pod else {}
    if hold != left:
        partition = hold.partition if hold else 0
        spec["updateStrategy"] = {"rollingUpdate": {"partition": partition}}
        noted[ANNOTATION] = hold.text() if hold and partition else None
    return {"metadata": {"resourceVersion": version, "annotations": noted}, "spec": spec}


def images_before(
    found: Object, current: Mapping[str, str], left: Optional[Hold]
) -> Mapping[str, str]:
    """The images from before: those that are set, unless they are on a part of the pods only."""
    noted = noted_before(found) if left else {}
    return noted if set(noted) == set(current) else current


def noted_before(found: Object) -> Dict[str, str]:
    """The images from before by container, as the workload has them; empty where it has none."""
    return _texts(annotation_of(found, BEFORE))


def pod_of(found: Object) -> Object:
    """The `spec` of a workload's pods."""
    return object_at(found, "spec", "template", "spec")


def uid_of(found: Object) -> str:
    """By which a workload differs from a later one of the same name."""
    return text_at(found, "metadata", "uid")


def annotation_of(found: Object, name: str) -> str:
    """An annotation of a workload; empty where it has none."""
    return text_at(found, "metadata", "annotations", name)


def same_images(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether these are the same images of the same containers."""
    return set(one) == set(other) and all(same_image(one[name], other[name]) for name in one)


def flat(images: Mapping[str, Mapping[str, str]]) -> Dict[str, str]:
    """By container, of both lists."""
    return {name: image for one in images.values() for name, image in one.items()}


def cause_of(assignment: Assignment) -> str:
    """What `kubectl rollout history` shows of it."""
    did = "rolled back to" if assignment.rollback else "deployed"
    who = neutralise(one_line(assignment.requester, 80))
    return f"{who} {did} {assignment.version} with opsroom ({assignment.deployment})"


def read_id(run_id: str) -> Rollout:
    """What the id of a run says."""
    values = json.loads(run_id)
    return Rollout(**values)


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
