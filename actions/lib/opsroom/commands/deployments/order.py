"""What a deployment command orders: which version goes where, how, and under which conditions."""

from __future__ import annotations

from enum import Enum
from typing import Dict, Optional, Tuple

from ...config.model import App, Environment
from ...records.change import Change
from ...structs import dataclass
from ..resolve import DeploymentTarget


class DeploymentKind(str, Enum):
    """How a version gets to an environment; the value is the command that the ledger records.

    OUTSIDE is a deployment that was made without opsroom and whose cards are updated afterwards.
    """

    DEPLOY = "deploy"
    REDEPLOY = "redeploy"
    PROMOTE = "promote"
    ROLLBACK = "rollback"
    EMERGENCY = "emergency deploy"
    OUTSIDE = "update cards"


# In the past and in the present tense, then what is deployed from where to where.
_WORDS: Dict[DeploymentKind, Tuple[str, str, str]] = {
    DeploymentKind.DEPLOY: ("deployed", "deploying", "{app} {version} to {environment}"),
    DeploymentKind.REDEPLOY: ("redeployed", "redeploying", "{app} {version} to {environment}"),
    DeploymentKind.PROMOTE: (
        "promoted",
        "promoting",
        "{app} {version} from {source} to {environment}",
    ),
    DeploymentKind.ROLLBACK: ("rolled back", "rolling back", "{app} to {version} on {environment}"),
    DeploymentKind.EMERGENCY: (
        "deployed",
        "deploying",
        "{app} {version} to {environment} in an emergency",
    ),
    DeploymentKind.OUTSIDE: (
        "put",
        "putting",
        "{app} {version} on {environment} without opsroom",
    ),
}


@dataclass(frozen=True)
class SetMember:
    """That a deployment is one of several that were asked for together: the set's name or what was
    typed, an id that all of them share, which one it is (from 0), and how many there are."""

    title: str
    id: str
    index: int
    count: int


@dataclass(frozen=True)
class DeploymentOrder:
    """One deployment to make.

    - `target`: the application and environment; `version`: as it was typed or read.
    - `kind`: decides the wording, and what holds it up: a rollback ignores the order of
      environments and locks afterwards, an emergency passes what may be passed.
    - `source`: the environment that a promotion takes the version from.
    - `expected_before`: the version that must still be running (empty: nothing; None: any), of the
      commit `commit_before` where that is known.
    - `commit`: what the version must still stand for, where it is known.
    - `change`: the approved or confirmed change that this carries out.
    - `emergency`: the reason for passing what is in the way; empty for all other kinds.
    - `cards`: those that were named with it.
    - `member`: which one of a set it is; None for one that was asked for alone.
    """

    target: DeploymentTarget
    version: str
    kind: DeploymentKind
    source: str = ""
    expected_before: Optional[str] = None
    commit_before: str = ""
    commit: str = ""
    change: Optional[Change] = None
    emergency: str = ""
    cards: Tuple[str, ...] = ()
    member: Optional[SetMember] = None

    @property
    def app(self) -> App:
        """The application."""
        return self.target.app

    @property
    def environment(self) -> Environment:
        """Its environment, with the rules for this application."""
        return self.target.environment

    @property
    def is_rollback(self) -> bool:
        """Whether it goes back to an earlier version."""
        return self.kind is DeploymentKind.ROLLBACK

    @property
    def redeploy(self) -> bool:
        """Whether it deploys also what is running already."""
        return self.kind in (DeploymentKind.REDEPLOY, DeploymentKind.EMERGENCY)

    def past(self, version: str) -> str:
        """What was done, as the end of a sentence: "promoted web v1.2.0 from test to uat"."""
        return self._sentence(_WORDS[self.kind][0], version)

    def present(self, version: str) -> str:
        """What is being done: "promoting web v1.2.0 from test to uat"."""
        return self._sentence(_WORDS[self.kind][1], version)

    def _sentence(self, verb: str, version: str) -> str:
        what = _WORDS[self.kind][2].format(
            app=self.app.name,
            version=version,
            source=self.source,
            environment=self.environment.name,
        )
        return f"{verb} {what}"
