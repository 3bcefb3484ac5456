"""How each figure is defined and computed, in the words that reports and pages show.

The definitions are those of DORA, https://dora.dev/guides/dora-metrics/ as of January 2026: five
metrics since 2024. docs/metrics.md says more.
"""

from __future__ import annotations

from typing import Dict

from ..structs import dataclass

SOURCE = "https://dora.dev/guides/dora-metrics/"


@dataclass(frozen=True)
class Definition:
    """A figure: its name, what DORA measures by it, how it is computed here, and what it leaves
    out."""

    name: str
    meaning: str
    computed: str
    without: str

    @property
    def text(self) -> str:
        """All of it."""
        return f"{self.meaning} {self.computed} {self.without}"


DEFINITIONS: Dict[str, Definition] = {
    "deployment_frequency": Definition(
        "Deployment frequency",
        "How often changes are deployed to production.",
        "Deployments that succeeded and after which another version runs, in a week of the part "
        "of the period that the record knows.",
        "Without rollbacks and without redeployments of what ran already.",
    ),
    "change_lead_time": Definition(
        "Change lead time",
        "The time from committing a change to its deployment in production.",
        "The median over all commits that these deployments brought, from the commit (the "
        "committer's time) to the end of the deployment.",
        "Without merges, without commits that another one reverts, and without deployments of "
        "which the record does not have the times of all commits.",
    ),
    "change_fail_rate": Definition(
        "Change fail rate",
        "The share of deployments that need immediate intervention.",
        "Of the deployments of another version that succeeded or failed, those that failed or "
        "were lost with their runner, were rolled back, were followed within a day by an emergency "
        "deployment, or by an incident that names the application.",
        "Without attempts that left running what ran before, and without cancelled ones.",
    ),
    "failed_deployment_recovery_time": Definition(
        "Failed deployment recovery time",
        "The time to recover from a deployment that fails.",
        "The median from the end of such a deployment to what ended it: the next deployment that "
        "succeeds, the rollback, the emergency deployment, or the end of the incident.",
        "Without those that nothing on record has ended.",
    ),
    "deployment_rework_rate": Definition(
        "Deployment rework rate",
        "The share of deployments that are unplanned and happen because of an incident.",
        "Of deployments and rollbacks that succeeded, the rollbacks, the emergency deployments and "
        "those made while an incident of the application was open.",
        "Without redeployments of what ran already.",
    ),
}
