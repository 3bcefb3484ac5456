"""Whether a version already runs on the environment that has to come first."""

from __future__ import annotations

from typing import Optional

from ..config.model import Environment
from ..errors import Code
from ..versions import Version, same, same_version
from . import YES, Decision, no


def in_order(
    environment: Environment, app: str, wanted: Version, running: Optional[Version]
) -> Decision:
    """Whether the version runs in the environment named by `after`.

    `running` is what runs there now, None where that is unknown, which is a no: nothing
    proves that the version has been there.
    """
    first = environment.after
    if not first or (running is not None and same(wanted, running)):
        return YES
    promote = f"promote {app} from {first} to {environment.name}"
    rule = f"{environment.name} takes only what runs on {first}"
    if running is None:
        return no(
            Code.OUT_OF_ORDER,
            f"{rule}, and what {app} runs there is unknown.",
            f"To see what runs: versions of {app}. Then: {promote}",
        )
    if same_version(wanted.version, running.version):
        found = f"{running.version} of another commit ({running.commit[:12]}) runs there"
    else:
        found = f"{running.version} runs there" if running.version else "nothing runs there"
    return no(
        Code.OUT_OF_ORDER,
        f"{rule}: {wanted.version} of {app} does not, {found}.",
        f"First: deploy {app} {wanted.version} to {first}. Then: {promote}",
    )
