"""Ledgers for tests of the audit: records at chosen times, told as people tell of a deployment."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, Dict, Optional

from opsroom.db.store import Store
from opsroom.records.ledger import Record, append
from opsroom.records.model import Entry, Event

__all__ = ["Book"]


class Book:
    """Writes into a store at its own time, which moves on by a minute with each record, from 2
    November 2026 09:00."""

    def __init__(self, store: Store, start: str = "2026-11-02T09:00:00+00:00") -> None:
        self.store = store
        self.clock = datetime.fromisoformat(start)
        store.now = lambda connection: self.clock

    def at(self, moment: str) -> Book:
        """Go on at this time."""
        self.clock = datetime.fromisoformat(moment).replace(tzinfo=timezone.utc)
        return self

    def write(
        self, event: Event, who: str = "alice", deployment: str = "d1", **values: Any
    ) -> Record:
        """One record about web on production, by a person of that name, unless told otherwise."""
        known: Dict[str, Any] = {
            "command": "deploy", "app": "web", "environment": "production", "requester": who,
            "person": who,
            "chat_name": who, "room": "#ops", "st2_user": "chatops_bot",
            "execution_id": f"x-{deployment}-{who}",
            "version": "v2",
        }  # fmt: skip
        with self.store.write() as connection:
            record = append(
                self.store,
                connection,
                Entry(event=event, deployment=deployment, **{**known, **values}),
            )
        self.clock += timedelta(minutes=1)
        return record

    def deployed(
        self,
        deployment: str,
        before: str = "v1",
        version: str = "v2",
        who: str = "alice",
        **values: Any,
    ) -> None:
        """A deployment that needed nobody and succeeded."""
        told = {"version_before": before, "version": version, **values}
        self.write(Event.ASKED, who, deployment, **{**told, "version_before": ""})
        self.write(Event.STARTED, who, deployment, **told)
        end = {
            "code": "deployed",
            "message": f"{who} deployed web {version}",
            "facts": {"verified": True},
            **told,
        }
        self.write(Event.SUCCEEDED, who, deployment, seconds=12.5, **end)

    def approved(
        self,
        deployment: str,
        by: str = "carol",
        needed: int = 1,
        end: Optional[Event] = Event.SUCCEEDED,
        **values: Any,
    ) -> None:
        """A change that alice asked for and someone approved, as a real one leaves its records."""
        told = {"version_before": "v1", "version": "v2", **values}
        facts = {"change": "K7QX"}
        plan = {
            **facts,
            "needed": needed,
            "plan": "web on production would go from v1 to v2",
            "cards": ["OPS-12"],
        }
        self.write(Event.ASKED, "alice", deployment, **{**told, "version_before": ""})
        self.write(
            Event.WAITING,
            "alice",
            deployment,
            code="waiting",
            message="Change K7QX: ...",
            facts=plan,
            **told,
        )
        self.write(
            Event.APPROVED,
            by,
            deployment,
            code="approved",
            facts={**facts, "second_factor": True},
            **told,
        )
        self.write(Event.STARTED, "alice", deployment, facts={**facts, "approved_by": [by]}, **told)
        if end is not None:
            self.write(
                end, "alice", deployment, code="deployed", message="done", facts=facts, **told
            )
