"""What a deployment command orders: which version goes where, and under which conditions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional, Tuple

from ...config.model import App, Environment

if TYPE_CHECKING:
    from ...records.change import Change


@dataclass(frozen=True)
class DeploymentOrder:
    """What is to be done.

    `did` and `doing` tell it afterwards and meanwhile, with `{version}` where the version goes:
    "deployed web {version} to uat". `expected_before` is the version that must still be running
    (empty: nothing), of the commit `commit_before` where that is known; `commit` is what the
    version must still stand for. `change` is the approved or confirmed change that this carries
    out, `emergency` the reason for passing what is in the way. `cards` are those that were named
    with it.
    """

    app: App
    environment: Environment
    version: str
    did: str
    doing: str
    redeploy: bool = False
    expected_before: Optional[str] = None
    commit_before: str = ""
    commit: str = ""
    change: Optional[Change] = None
    emergency: str = ""
    cards: Tuple[str, ...] = ()

    @property
    def is_rollback(self) -> bool:
        """Going back is not held up by the order of environments, and locks afterwards."""
        return self.did.startswith("rolled back")
