"""Deploy by GitLab: a pipeline that is made and followed to its end, or a manual job of a pipeline
that is there already."""

from __future__ import annotations

from .. import Deployer, Target
from .options import Mode, Options, read_options

__all__ = ["Mode", "Options", "make", "read_options"]


def make(options: Options, target: Target) -> Deployer:
    """A deployer for one application and environment. Talks to nobody yet."""
    # The config is read for every message, GitLab is asked for few.
    from .deployer import deployer_of

    return deployer_of(options, target)
