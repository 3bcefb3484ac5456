"""StackStorm's own history of what opsroom was asked to do, through its API."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ..errors import Code, Failure, Refusal
from ..http.client import HttpClient
from .period import Period

# What the API hands out at once to somebody who is no administrator.
PAGE = 100
_LIMIT = 30.0


@dataclass(frozen=True)
class Execution:
    """One execution as StackStorm's history has it. `by` is the chat name, or the st2 user where
    there is none."""

    id: str
    action: str
    status: str
    at: Optional[datetime]
    by: str


class History:
    """Asks the API. Not st2client: its import takes 0.3 s, for a handful of requests."""

    def __init__(self, api: str, token: str = "", key: str = "") -> None:
        headers = {"St2-Api-Key": key} if key else {"X-Auth-Token": token}
        self._api = api.rstrip("/")
        self._http = HttpClient(headers, time_limit=_LIMIT)

    def of(self, action: str, period: Period) -> List[Execution]:
        """The executions of an action (`pack.name`) that began in the period, newest first."""
        found: List[Execution] = []
        before_since = period.since - timedelta(microseconds=1)
        query = {
            "action": action,
            "timestamp_gt": before_since.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            # A period that is not over would shift from page to page.
            "timestamp_lt": min(period.until, datetime.now(timezone.utc)).strftime(
                "%Y-%m-%dT%H:%M:%S.%fZ"
            ),
            "include_attributes": "start_timestamp,status,context",
            "limit": str(PAGE),
        }
        while True:
            page = self._get("executions", {**query, "offset": str(len(found))})
            if not isinstance(page, list):
                raise Failure(
                    Code.BAD_ANSWER, f"{self._api}/executions answered something else than a list."
                )
            found += [_execution(one, action) for one in page if isinstance(one, dict)]
            if len(page) < PAGE:
                return found

    def oldest(self) -> Optional[datetime]:
        """When the oldest execution that it still has began; None when it has none."""
        page = self._get(
            "executions",
            {"limit": "1", "sort_asc": "true", "include_attributes": "start_timestamp"},
        )
        return _moment(str(page[0].get("start_timestamp", ""))) if page else None

    def has(self, execution_id: str) -> bool:
        """Whether it still has this execution."""
        return self._one(execution_id, "status") is not None

    def link(self, execution_id: str) -> Tuple[str, str]:
        """What stands before and after an id in the address of an execution; both empty where that
        is not known."""
        found = self._one(execution_id, "web_url")
        address = str((found or {}).get("web_url") or "")
        before, middle, after = address.partition(execution_id)
        return (
            (before, after) if middle and before.startswith(("https://", "http://")) else ("", "")
        )

    def _one(self, execution_id: str, attributes: str) -> Optional[Mapping[str, Any]]:
        address = f"{self._api}/executions/{execution_id}"
        query = {"include_attributes": attributes}
        # 400: an id that StackStorm could never have given.
        answer = self._http.get(address, params=query, accept=(400, 404))
        found = answer.json() if answer.status == 200 else None
        return found if isinstance(found, dict) else None

    def _get(self, path: str, query: Dict[str, str]) -> Any:
        try:
            return self._http.get(f"{self._api}/{path}", params=query).json()
        except Failure as failure:
            if failure.code is Code.UNAUTHORIZED:
                told = "StackStorm does not let this user see its history."
                raise Failure(
                    failure.code, told, "The user needs the right execution_list."
                ) from failure
            raise


def here() -> Optional[History]:
    """The StackStorm in which this action runs; None elsewhere."""
    api = os.environ.get("ST2_ACTION_API_URL", "")
    return History(api, os.environ.get("ST2_ACTION_AUTH_TOKEN", "")) if api else None


def here_or_refuse() -> History:
    """The same, where there has to be one."""
    history = here()
    if history is None:
        raise Refusal(
            Code.NOT_CONFIGURED, "There is no StackStorm here whose history could be compared."
        )
    return history


def _execution(found: Mapping[str, Any], action: str) -> Execution:
    context = found.get("context") or {}
    return Execution(
        id=str(found.get("id", "")),
        action=action,
        status=str(found.get("status", "")),
        at=_moment(str(found.get("start_timestamp", ""))),
        by=str(context.get("api_user") or context.get("user") or ""),
    )


def _moment(text: str) -> Optional[datetime]:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None


__all__: Sequence[str] = ("PAGE", "Execution", "History", "here", "here_or_refuse")
