"""Deploy by a command on hosts, through SSH: on one after another, or in steps.

The command depends neither on the connection nor on this process: that of a killed runner is found
again, and one that is cancelled is ended on its host.
"""

from __future__ import annotations

from .. import Deployer, Target
from .options import Options, read_options

__all__ = ["Options", "make", "read_options"]


def make(options: Options, target: Target) -> Deployer:
    """A deployer for one application and environment. Talks to nobody yet."""
    # Every command reads the config; few deploy.
    from .deployer import SshDeployer

    return SshDeployer(options, target)
