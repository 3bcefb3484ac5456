"""The Jira and the PagerDuty of a load: they keep what they made, so that nothing is lost or made
twice unnoticed."""

from __future__ import annotations

from typing import Any, Dict, List

from benchmarks.jira_server import Jira
from benchmarks.paging import Pager


class NotingPager(Pager):
    """A pager that keeps the titles of the pages that it took."""

    def __init__(self) -> None:
        super().__init__()
        self.titles: List[str] = []

    def incident(self, sent: Dict[str, Any]) -> Dict[str, Any]:
        self.titles.append(str(sent["title"]))
        return super().incident(sent)


class Vendors:
    """Both, while the block runs."""

    def __init__(self) -> None:
        self.jira = Jira()
        self.pager = NotingPager()

    def __enter__(self) -> Vendors:
        self.jira.__enter__()
        self.pager.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.pager.__exit__(*error)
        self.jira.__exit__(*error)

    @property
    def cards(self) -> List[str]:
        """The titles of the cards that were made."""
        return [str(one["summary"]) for one in self.jira.cards]
