"""Ask Kubernetes which version runs: the images of the pods that run, not the one to be run."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, Tuple

from ..config.fields import Fields
from ..deploys import Target
from ..errors import Code, Failure
from ..http.content import at, list_at, object_at, text_at
from ..http.options import read_time_limit
from ..names import listed, shown
from ..structs import dataclass
from ..vendors.kubernetes import Access, Workload, read_access
from ..vendors.kubernetes.images import Images, digest_of, images_of, read_images, version_in
from ..vendors.kubernetes.pods import is_ready, newest, why
from . import Running, VersionSource

if TYPE_CHECKING:
    from ..vendors.kubernetes.client import Client

Pod = Mapping[str, Any]


@dataclass(frozen=True)
class Options:
    """As for the deploy kind; `time_limit` is for one question, in seconds."""

    access: Access
    images: Images
    time_limit: float = 10.0


def read_options(fields: Fields) -> Options:
    """The version of the pods that run, by their images; not the one that is to run. It takes the
    keys of the deploy kind, so that both may share them, but for `time_limit` and `link`.

    - `time_limit`: how long one question may take.
    """
    return Options(read_access(fields), read_images(fields), read_time_limit(fields))


def make(options: Options, target: Target) -> VersionSource:
    """A source for one application and environment. Talks to nobody yet."""
    return KubernetesVersion(options, target)


class KubernetesVersion:
    """Asks for the pods of a workload each time."""

    def __init__(self, options: Options, target: Target) -> None:
        values = {"app": target.app, "environment": target.environment}
        self._access = options.access.at(values)
        self._images = options.images.at(values)
        self._time_limit = options.time_limit
        self._app, self._environment = target.app, target.environment
        self._key = f"apps.{target.app}.version"

    def ask(self) -> Running:
        """The version of all pods that are ready, or else of those that run; empty where no pod is
        wanted.

        Raises Failure: what the client raises, and bad_answer where none runs, where an image does
        not fit the template, and, with the facts of `Running.mixed`, where several versions run.
        """
        # The config is read for every message, a cluster is asked for few.
        from ..vendors.kubernetes.client import open_client

        client, workload = open_client(self._access, self._key, self._time_limit)
        return self._running(client, workload)

    def _running(self, client: Client, workload: Workload) -> Running:
        found = client.get(workload)
        templates = self._by_name(found, workload)
        pods = newest(client.pods(workload, found), "", "")
        running = [pod for pod in pods if _runs(pod, templates)]
        if not running:
            return self._none(found, workload, pods)
        # What never gets ready serves nobody; without this, a pod that crashes again and again were
        # a version that runs now and then.
        serving = [pod for pod in running if is_ready(pod)] or running
        versions: Counter[str] = Counter()
        for pod in serving:
            versions.update(set(self._versions(pod, templates)))
        if len(versions) > 1:
            what = _counted(versions)
            message = f"The {workload} runs {what}: a roll-out is under way or stands still."
            raise self._differing(message, versions)
        version = next(iter(versions))
        for name in templates:
            digests = Counter(filter(None, (_digest(pod, name) for pod in serving)))
            if len(digests) > 1:
                what = _counted(digests)
                message = f"The {workload} runs two images named {version} ({what}): a moved tag."
                raise self._differing(message, versions)
        return Running(version)

    def _by_name(self, found: Pod, workload: Workload) -> Dict[str, str]:
        by_list = self._images.templates(
            object_at(found, "spec", "template", "spec"), str(workload)
        )
        return {name: template for one in by_list.values() for name, template in one.items()}

    def _versions(self, pod: Pod, templates: Mapping[str, str]) -> Iterator[str]:
        """What its containers were started with: the status may call the same image otherwise."""
        images = images_of(object_at(pod, "spec"), templates)
        for name, template in templates.items():
            candidates = [images.get(name, ""), text_at(_status(pod, name), "image")]
            fitting = (version_in(one, template) for one in candidates if one)
            version = next((one for one in fitting if one), None)
            if version is None:
                where = f"Pod {text_at(pod, 'metadata', 'name')} runs {shown(candidates[0], 100)}"
                raise _bad(
                    f"{where}, which is no {shown(template, 100)}.",
                    f"An administrator has to put the image as pods have it into {self._key}.",
                )
            yield version

    def _differing(self, message: str, versions: Counter[str]) -> Failure:
        facts = {"sent": False, "mixed": True, "versions": dict(versions)}
        hint = f"To bring all to one version: deploy {self._app} VERSION to {self._environment}"
        return Failure(Code.BAD_ANSWER, message, hint, facts)

    @staticmethod
    def _none(found: Pod, workload: Workload, pods: Tuple[Pod, ...]) -> Running:
        wanted = at(found, "spec", "replicas")
        if wanted == 0 or at(found, "status", "desiredNumberScheduled") == 0:
            return Running("")
        problem = why(pods)
        because = f": {problem.text}" if problem else ""
        raise _bad(f"No pod of {workload} runs{because}.")


def _statuses(pod: Pod) -> List[Pod]:
    lists = ("containerStatuses", "initContainerStatuses")
    return [one for key in lists for one in list_at(pod, "status", key)]


def _status(pod: Pod, name: str) -> Pod:
    return next((one for one in _statuses(pod) if text_at(one, "name") == name), {})


def _runs(pod: Pod, names: Mapping[str, str]) -> bool:
    """Whether one of these containers runs: what only waits or crashes is no version that runs."""
    return any(
        object_at(one, "state").get("running") is not None
        for one in list_at(pod, "status", "containerStatuses")
        if text_at(one, "name") in names
    )


def _digest(pod: Pod, name: str) -> str:
    return digest_of(text_at(_status(pod, name), "imageID"))


def _counted(found: Counter[str]) -> str:
    """`v1 in 2 pods and v2 in 1 pod`; of a digest its beginning."""
    return listed(
        f"{name[:19] if name.startswith('sha256:') else name} in {count} "
        f"{'pod' if count == 1 else 'pods'}"
        for name, count in sorted(found.items())
    )


def _bad(message: str, hint: str = "") -> Failure:
    return Failure(Code.BAD_ANSWER, message, hint, {"sent": False})
