"""Deploy to Kubernetes: set the image of a workload's containers and follow the roll-out.

The image is what is changed, by a strategic merge patch as `kubectl set image` sends it. Whoever
keeps the workload's manifests elsewhere (Helm, Argo CD, Flux) deploys there; `plan` warns of that.
"""

from __future__ import annotations

from ...config.fields import Fields
from ...structs import dataclass
from ...structs.patterns import lazy_pattern
from ...text import span
from ...vendors.kubernetes import Access, Kind, check_placeholders, read_access
from ...vendors.kubernetes.images import Images, read_images
from .. import Deployer, Target
from ..steps import Steps, read_steps

__all__ = ["Options", "make", "read_options"]

_ONLY = "use steps with a statefulset, whose partition holds the other pods back"
# By kind of workload, why its roll-out has no share at which it could stop.
_NO_SHARE = {
    "deployment": "a Deployment cannot be held at a share of its pods: paused, it stops wherever "
    f"it is; {_ONLY}, or deploy a small Deployment behind the same Service first, as an app of its "
    "own",
    "daemonset": f"a DaemonSet cannot be held at a share of its nodes; {_ONLY}",
}
_LINK = lazy_pattern(r"^(?i:https?)://[^\s/]\S*\Z")


@dataclass(frozen=True)
class Options:
    """`time_limit` is for the whole roll-out, in seconds; `link` is where people watch it, with
    `{app}` and `{environment}`; `steps` are those of a StatefulSet, and the check."""

    access: Access
    images: Images
    time_limit: float = 1800.0
    link: str = ""
    steps: Steps = Steps()


def read_options(fields: Fields) -> Options:
    """Sets the image of a Deployment, StatefulSet or DaemonSet and follows the roll-out.

    - `time_limit`: how long the whole roll-out may take; then the earlier image is set again.
    - `link`: where people watch the roll-out, such as `https://k8s.example.com/{app}`; the room is
      shown it.
    """
    link = fields.text("link", "", pattern=_LINK, expected="a web address")
    check_placeholders(fields, "link", link)
    options = Options(
        access=read_access(fields),
        images=read_images(fields),
        time_limit=fields.seconds("time_limit", 1800.0, minimum=5.0),
        link=link,
        steps=read_steps(fields),
    )
    _check_steps(fields, options)
    return options


def _check_steps(fields: Fields, options: Options) -> None:
    """Complain of steps that nothing in Kubernetes can hold."""
    kind, steps = options.access.workload.partition("/")[0], options.steps
    if kind and kind != Kind.STATEFULSET.value:
        if fields.has("steps"):
            fields.problem("steps", _NO_SHARE[kind])
        if steps.check is not None and steps.check.each:
            fields.problem(
                "check.url", "{host} is a pod of a StatefulSet; others have no fixed names"
            )
    if fields.has("pause") and not fields.has("steps"):
        fields.problem("pause", "expected steps beside it: nothing else has a pause")
    if steps.pauses >= options.time_limit:
        what = f"expected less: {span(steps.pauses)} of pauses do not fit into the time_limit"
        fields.problem("pause", what)


def make(options: Options, target: Target) -> Deployer:
    """A deployer for one application and environment. Talks to nobody yet."""
    # Every command reads the config; requests are for those that deploy.
    from .deployer import KubernetesDeployer

    return KubernetesDeployer(
        options.access,
        options.images,
        target,
        options.time_limit,
        options.link,
        options.steps,
    )
