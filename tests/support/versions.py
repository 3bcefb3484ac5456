"""Version kinds that ask a service: their keys, and one question about web on uat."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Tuple

from opsroom import versions
from opsroom.deploys import Target
from opsroom.versions import Running
from support.options import make, read_options
from support.vendors import argocd, github, gitlab, jenkins

PLACE = "apps.web.version"
Ask = Callable[..., Running]
# What the config has to say beside the address.
KNOWN: Dict[str, Dict[str, Any]] = {
    "argocd": {"token": argocd.TOKEN},
    "github": {"token": github.TOKEN, "repository": "acme/web"},
    "gitlab": {"token": gitlab.TOKEN, "project": gitlab.PROJECT},
    "jenkins": {"user": jenkins.USER, "token": jenkins.TOKEN, "job": jenkins.JOB},
}


def options_of(kind: str, **raw: Any) -> Tuple[Any, List[str]]:
    """The options of these keys, and what is wrong with them."""
    return read_options(versions.REGISTRY, kind, {**KNOWN[kind], **raw}, PLACE)


def ask_at(kind: str, url: str, **raw: Any) -> Running:
    """What runs on uat, by the service at this address."""
    keys = {**KNOWN[kind], "url": url, **raw}
    found: Running = make(versions.REGISTRY, kind, keys, PLACE, target=Target("web", "uat")).ask()
    return found
