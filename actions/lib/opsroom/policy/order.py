"""Whether a version has been where it has to be first."""

from __future__ import annotations

from typing import Optional

from ..config.model import Environment
from ..errors import Code
from ..versions import Version, same, same_version
from . import YES, Decision, no


def in_order(
    environment: Environment, app: str, wanted: Version, running_there: Optional[Version]
) -> Decision:
    """Whether the version runs in the environment named by `after`.

    `running_there` is what runs there now, None where that is unknown, which is a no: nothing
    proves that the version has been there.
    """
    first = environment.after
    if not first or (running_there is not None and same(wanted, running_there)):
        return YES
    promote = f"promote {app} from {first} to {environment.name}"
    rule = f"{environment.name} takes only what runs on {first}"
    if running_there is None:
        return no(
            Code.OUT_OF_ORDER,
            f"{rule}, and what {app} runs there is unknown.",
            f"Look at it with: versions of {app}. Then: {promote}",
        )
    if same_version(wanted.version, running_there.version):
        found = (
            f"{running_there.version} of another commit ({running_there.commit[:12]}) runs there"
        )
    else:
        found = (
            f"{running_there.version} runs there" if running_there.version else "nothing runs there"
        )
    return no(
        Code.OUT_OF_ORDER,
        f"{rule}: {wanted.version} of {app} does not, {found}.",
        f"First: deploy {app} {wanted.version} to {first}. Then: {promote}",
    )
