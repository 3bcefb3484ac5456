"""StackStorm's own history of what opsroom was asked to do."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from typing import Any, List, Mapping, Optional, Tuple

from ..errors import Code, Failure, Refusal
from ..people.seals import unsealed
from ..structs import dataclass
from .client import StackStorm, here, time_of

# What the API hands out at once to someone who is no administrator.
PAGE = 100
_TIME_LIMIT = 30.0


@dataclass(frozen=True)
class PastExecution:
    """One execution as StackStorm's history has it. `by` is the chat name or the identity, without
    a seal, or the st2 user where there is none."""

    id: str
    action: str
    status: str
    at: Optional[datetime]
    by: str


class History:
    """The executions that one StackStorm has, whatever their outcome."""

    def __init__(self, storm: StackStorm) -> None:
        self._storm = storm

    def of(self, action: str, since: datetime, until: datetime) -> List[PastExecution]:
        """The executions of an action (`pack.name`) that began from `since` on and before `until`,
        newest first.

        Raises Failure: unauthorized without the right execution_list, unreachable, ...
        """
        found: List[PastExecution] = []
        while True:
            page = self._query(
                action=action,
                timestamp_gt=_written(since - timedelta(microseconds=1)),
                # A period that is not over would shift from page to page.
                timestamp_lt=_written(min(until, datetime.now(timezone.utc))),
                include_attributes="start_timestamp,status,context",
                limit=str(PAGE),
                offset=str(len(found)),
            )
            found += [_execution(one, action) for one in page]
            if len(page) < PAGE:
                return found

    def oldest(self) -> Optional[datetime]:
        """When the oldest execution that it still has began; None when it has none."""
        page = self._query(limit="1", sort_asc="true", include_attributes="start_timestamp")
        return time_of(page[0].get("start_timestamp", "")) if page else None

    def has(self, execution_id: str) -> bool:
        """Whether it still has this execution."""
        return self._storm.attributes(execution_id, "status") is not None

    def link(self, execution_id: str) -> Tuple[str, str]:
        """The parts before and after an id in the address of an execution; both empty where that
        is not known."""
        found = self._storm.attributes(execution_id, "web_url")
        address = str((found or {}).get("web_url") or "")
        before, middle, after = address.partition(execution_id)
        return (
            (before, after) if middle and before.startswith(("https://", "http://")) else ("", "")
        )

    def _query(self, **query: str) -> List[Mapping[str, Any]]:
        try:
            return self._storm.query(**query)
        except Failure as failure:
            if failure.code is not Code.UNAUTHORIZED:
                raise
            message = "StackStorm does not let this user see its history."
            hint = "The user needs the right execution_list."
            raise Failure(failure.code, message, hint, failure.facts) from failure


def history_here() -> Optional[History]:
    """The history of the StackStorm in which this action runs; None elsewhere."""
    if not os.environ.get("ST2_ACTION_API_URL"):
        return None
    return History(here(time_limit=_TIME_LIMIT))


def history_or_refuse() -> History:
    """The same, where there has to be one. Raises Refusal(not_configured)."""
    history = history_here()
    if history is None:
        raise Refusal(
            Code.NOT_CONFIGURED, "There is no StackStorm here whose history could be compared."
        )
    return history


def _execution(found: Mapping[str, Any], action: str) -> PastExecution:
    context = found.get("context") or {}
    return PastExecution(
        id=str(found.get("id", "")),
        action=action,
        status=str(found.get("status", "")),
        at=time_of(found.get("start_timestamp", "")),
        by=unsealed(str(context.get("api_user") or context.get("user") or "")),
    )


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
