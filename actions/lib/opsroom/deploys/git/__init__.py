"""Deploy a version of a git repository: export it into `releases/` and point `current` to it.

Below `root`: `mirror.git` (a bare mirror), `releases/<version>-<commit>`, `current` (a link),
`.opsroom.lock`. A version with files whose content is elsewhere (Git LFS, git-crypt, submodules) is
refused unless the config allows it.
"""

from __future__ import annotations

from ...templates import fill
from .. import Deployer, Target
from .options import Options, read_options

__all__ = ["Options", "make", "read_options"]


def make(options: Options, target: Target) -> Deployer:
    """A deployer for one application and environment. Talks to nobody yet."""
    # Every command reads the config; what unpacks archives and runs git is for those that deploy.
    from .deployer import GitDeployer
    from .release_dir import Releases

    values = {"app": target.app, "environment": target.environment}
    return GitDeployer(
        fill(options.repository, values), Releases(fill(options.root, values)), options, target
    )
