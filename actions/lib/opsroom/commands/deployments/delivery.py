"""What a deployment brings: the commits between what runs and what is deployed, by whom, the cards
that they are about, and where to compare the two."""

from __future__ import annotations

from dataclasses import field
from typing import Any, Dict, Mapping, Tuple

from ...deploys import Commit, Comparer, Historian, Resolved
from ...deploys.reverts import Net, net
from ...errors import OpsroomError
from ...names import listed
from ...structs import dataclass
from ...text import one_line
from ...versions import Version
from ..cards.delivered import note_cards
from ..request import Request
from ..resolve import DeploymentTarget
from .order import DeploymentOrder

# A deployer reads no more commits than this.
MAX_COMMITS = 500
# So many subjects and authors are recorded, so many subjects are shown to approvers, and so many
# characters of each.
_RECORDED, _SHOWN, _SUBJECT, _AUTHOR = 10, 3, 60, 80


@dataclass(frozen=True)
class Delivery:
    """What lies between two versions.

    - `net`: the commits in effect, reverts considered; none where that is not known.
    - `back`: the later version is older: these commits are taken away.
    - `more`: there are more than MAX_COMMITS.
    - `link`: where to compare the two; may be empty.
    """

    net: Net = field(default_factory=Net)
    back: bool = False
    more: bool = False
    link: str = ""

    @property
    def commits(self) -> Tuple[Commit, ...]:
        """The commits in effect, newest first: neither merges nor what was reverted."""
        return self.net.commits

    @property
    def authors(self) -> Tuple[str, ...]:
        """Who wrote them, who wrote most first."""
        names = [one_line(one.author, _AUTHOR) for one in self.commits if one.author]
        return tuple(sorted(dict.fromkeys(names), key=lambda name: -names.count(name)))

    @property
    def subjects(self) -> Tuple[str, ...]:
        """Their first lines, newest first."""
        return tuple(subject(one) for one in self.commits)

    @property
    def times(self) -> Tuple[int, ...]:
        """When they were committed, in seconds since 1970, newest first; none where the deployment
        takes them away, or where the time of one is not known."""
        times = tuple(one.at for one in self.commits)
        return () if self.back or not all(times) else times

    def facts(self) -> Dict[str, Any]:
        """The same as data for an answer and the record; empty where nothing is known."""
        found: Dict[str, Any] = {}
        if self.commits:
            found = {
                "commits": len(self.commits),
                "commit_authors": list(self.authors[:_RECORDED]),
                "commit_subjects": list(self.subjects[:_RECORDED]),
                "more_commits": self.more or None,
                "goes_back": self.back or None,
            }
        found["compare"] = self.link or None
        return {key: value for key, value in found.items() if value is not None}


def subject(commit: Commit) -> str:
    """The first line of a commit's message, short enough to be shown."""
    return one_line(commit.message.strip().partition("\n")[0], _SUBJECT)


def delivery(target: DeploymentTarget, before: Version, after: Version) -> Delivery:
    """What a deployment of `after` brings where `before` runs; where it brings nothing, what it
    takes away.

    That nobody knows the commits is no reason not to deploy: then it is empty.
    """
    if not before.version:
        return Delivery()
    deployer = target.deployer
    link = ""
    if isinstance(deployer, Comparer):
        link = deployer.compare_link(before.commit or before.version, after.commit or after.version)
    commits, back = commits_between(target, before, after), False
    if not commits and before.commit and after.commit:
        commits, back = commits_between(target, after, before), True
    more = sum(one.new for one in commits) >= MAX_COMMITS
    return Delivery(net(commits), back and bool(commits), more, link)


def commits_between(
    target: DeploymentTarget, before: Version, after: Version
) -> Tuple[Commit, ...]:
    """The commits that `after` has and `before` has not, as `Historian.commits`; none where that is
    not known."""
    deployer = target.deployer
    if not isinstance(deployer, Historian):
        return ()
    resolved = Resolved(after.version, after.version, after.commit)
    try:
        return deployer.commits(before.commit or before.version, resolved)
    except OpsroomError:
        return ()


def note_delivery(
    request: Request, order: DeploymentOrder, before: Version, after: Version
) -> Delivery:
    """Put what the deployment brings, and the cards of that, into all its further records."""
    found = delivery(order.target, before, after)
    request.noted.update(found.facts())
    note_cards(request, order, Net() if found.back else found.net)
    return found


def counted(facts: Mapping[str, Any]) -> str:
    """How many commits by whom, from the facts of a delivery: "5 commits by alice and bob". Empty
    where nothing is known."""
    count = facts.get("commits")
    if not isinstance(count, int) or not count:
        return ""
    number = f"{'more than ' if facts.get('more_commits') else ''}{count}"
    plural = "commit" if number == "1" else "commits"
    authors = [one_line(str(one), 40) for one in facts.get("commit_authors") or ()]
    by = f" by {listed(authors, 4)}" if authors else ""
    away = "takes away " if facts.get("goes_back") else ""
    return f"{away}{number} {plural}{by}"


def summary(facts: Mapping[str, Any]) -> str:
    """The same with the first subjects and where to compare, for those who decide."""
    text = counted(facts)
    if not text:
        return ""
    subjects = [str(one) for one in facts.get("commit_subjects") or ()][:_SHOWN]
    rest = int(facts["commits"]) - len(subjects)
    more = f"; and {rest} more" if subjects and rest > 0 else ""
    link = f" {facts['compare']}" if facts.get("compare") else ""
    return f"{text}: {'; '.join(subjects)}{more}{link}" if subjects else f"{text}{link}"
