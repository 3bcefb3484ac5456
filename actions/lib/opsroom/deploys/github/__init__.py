"""Deploy by GitHub: a workflow of GitHub Actions that is started and followed to its end, or a
deployment that someone else's automation carries out and reports on."""

from __future__ import annotations

from .. import Deployer, Target
from .options import Mode, Options, read_options

__all__ = ["Mode", "Options", "make", "read_options"]


def make(options: Options, target: Target) -> Deployer:
    """A deployer for one application and environment. Talks to nobody yet."""
    # The config is read for every message, GitHub is asked for few.
    from .deployer import deployer_of

    return deployer_of(options, target)
