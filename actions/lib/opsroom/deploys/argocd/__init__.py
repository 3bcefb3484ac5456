"""Deploy by Argo CD: an application is synced to a version, once or for good."""

from __future__ import annotations

from .. import Deployer, Target
from .options import Options, read_options

__all__ = ["Options", "make", "read_options"]


def make(options: Options, target: Target) -> Deployer:
    """A deployer for one application and environment. Talks to nobody yet."""
    # The config is read for every message, Argo CD is asked for few.
    from .service import deployer_of

    return deployer_of(options, target)
