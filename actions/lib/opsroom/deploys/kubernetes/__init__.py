"""Deploy to Kubernetes: set the image of a workload's containers and follow the roll-out.

The image is what is changed, by a strategic merge patch as `kubectl set image` sends it. Whoever
keeps the workload's manifests elsewhere (Helm, Argo CD, Flux) deploys there; `plan` warns of that.
"""

from __future__ import annotations

import re

from ...config.fields import Fields
from ...structs import dataclass
from ...vendors.kubernetes import Access, check_placeholders, read_access
from ...vendors.kubernetes.images import Images, read_images
from .. import Deployer, Target

__all__ = ["Options", "make", "read_options"]

_LINK = re.compile(r"^(?i:https?)://[^\s/]\S*\Z")


@dataclass(frozen=True)
class Options:
    """`time_limit` is for the whole roll-out, in seconds; `link` is where people watch it, with
    `{app}` and `{environment}`."""

    access: Access
    images: Images
    time_limit: float = 1800.0
    link: str = ""


def read_options(fields: Fields) -> Options:
    """The keys of the access and of the images, `time_limit` and `link`."""
    link = fields.text("link", "", pattern=_LINK, expected="a web address")
    check_placeholders(fields, "link", link)
    return Options(
        access=read_access(fields),
        images=read_images(fields),
        time_limit=fields.seconds("time_limit", 1800.0, minimum=5.0),
        link=link,
    )


def make(options: Options, target: Target) -> Deployer:
    """A deployer for one application and environment. Talks to nobody yet."""
    # Every command reads the config; requests are for those that deploy.
    from .service import KubernetesDeployer

    return KubernetesDeployer(
        options.access, options.images, target, options.time_limit, options.link
    )
