"""Which executions of opsroom are over, and how one is closed whose runner died: decided on what is
known of it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, Dict, List, Optional

import pytest

from opsroom.commands.audit.dead_executions import Closing, closing_of
from opsroom.records.ledger import Record
from opsroom.records.model import Event
from opsroom.stackstorm.executions import Running, process_ended

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=timezone.utc)

# What StackStorm has of an execution, and whether its process has certainly ended.
STATES = [
    ("succeeded", {"exit_code": 0, "result": {}}, True),
    ("failed", {"exit_code": 1, "result": "None"}, True),
    ("failed", {"exit_code": -11, "result": "None"}, True),
    (
        "timeout",
        {"exit_code": -9, "result": "None", "error": "Action failed to complete in 3600 seconds"},
        True,
    ),
    # The runner itself failed, for want of MongoDB say: the process may go on.
    ("failed", {"error": "connection refused", "traceback": "..."}, False),
    ("failed", None, False),
    ("failed", {"result": {"message": "closed by the rule"}}, False),
    # A Python action that is cancelled or given up goes on.
    ("canceled", {"message": "Action canceled by user.", "user": "st2admin"}, False),
    ("canceled", {"exit_code": 0}, False),
    ("canceling", {"exit_code": 0}, False),
    ("abandoned", {"exit_code": 0}, False),
    ("running", None, False),
    ("running", {"exit_code": 0}, False),
    ("requested", None, False),
    ("", None, False),
]


@pytest.mark.parametrize(("status", "result", "ended"), STATES)
def test_only_a_process_whose_end_the_runner_saw_has_certainly_ended(
    status: str, result: Any, ended: bool
) -> None:
    assert process_ended(status, result) is ended


def execution(began: timedelta, limit: float = 3600, room: str = "#dev") -> Running:
    return Running("5f", "deploy", NOW - began, limit, room)


def record(event: Event, ago: float = 120, **more: Any) -> Record:
    fields: Dict[str, Any] = {
        "app": "web", "environment": "uat", "version": "v1.2.0", "command": "deploy",
        "requester": "alice",
        "execution_id": "5f", "message": "alice deployed web v1.2.0 to uat.", "code": event.value,
    }  # fmt: skip
    return Record(event=event, seq=1, at=NOW - timedelta(seconds=ago), **{**fields, **more})


def closing(records: List[Record], began: float = 600, claimed: bool = False) -> Optional[Closing]:
    return closing_of(execution(timedelta(seconds=began)), NOW, claimed, records, NOW)


ASKED, STARTED = record(Event.ASKED), record(Event.STARTED)


def test_one_whose_claim_is_renewed_is_alive_however_long_it_takes() -> None:
    assert closing([ASKED, STARTED], 86400, claimed=True) is None


@pytest.mark.parametrize("records", [[], [ASKED], [ASKED, STARTED], [record(Event.OVERRIDDEN)]])
def test_without_an_end_on_the_record_its_time_limit_decides(records: List[Record]) -> None:
    assert closing(records, 3659) is None
    found = closing(records, 3660)
    assert found is not None
    assert (found.status, found.result["code"], found.result["outcome"]) == (
        "abandoned",
        "interrupted",
        "failed",
    )
    assert found.result["message"] == "The runner of this deploy died, and it left no answer."


def test_an_end_that_was_recorded_just_now_is_still_on_its_way() -> None:
    assert closing([ASKED, STARTED, record(Event.SUCCEEDED, ago=59)]) is None
    assert closing([ASKED, STARTED, record(Event.SUCCEEDED, ago=60)]) is not None


ENDS = [
    (Event.SUCCEEDED, "deployed", "succeeded", "succeeded"),
    (Event.FAILED, "deploy_failed", "failed", "failed"),
    (Event.REFUSED, "locked", "failed", "refused"),
    (Event.REFUSED, "already_there", "succeeded", "succeeded"),
    (Event.UNCONFIRMED, "page_unconfirmed", "failed", "failed"),
    (Event.WAITING, "waiting", "succeeded", "succeeded"),
    (Event.PAGED, "paged", "succeeded", "succeeded"),
    (Event.CARD_CREATED, "card_created", "succeeded", "succeeded"),
    (Event.LOCKED, "locked_now", "succeeded", "succeeded"),
]


@pytest.mark.parametrize(("event", "code", "status", "outcome"), ENDS)
def test_the_room_gets_the_answer_that_is_on_the_record(
    event: Event, code: str, status: str, outcome: str
) -> None:
    found = closing([ASKED, record(event, code=code)])
    assert found is not None
    assert (found.status, found.result["outcome"], found.result["code"]) == (status, outcome, code)
    assert (found.result["message"], found.result["hint"]) == (
        "alice deployed web v1.2.0 to uat.",
        "",
    )


def test_an_interrupted_deployment_names_its_command_the_reason_and_the_cure() -> None:
    found = closing(
        [
            ASKED,
            STARTED,
            record(Event.INTERRUPTED, message="its runner died; v1.1.0 runs there now"),
        ]
    )
    assert found is not None
    assert found.status == "abandoned"
    assert found.result["message"] == (
        "The deploy of web v1.2.0 on uat by alice was interrupted: its runner died; v1.1.0 runs "
        "there now."
    )
    assert found.result["hint"] == "Repeat it where it is still wanted."


def test_an_answer_fits_into_one_message() -> None:
    found = closing([record(Event.FAILED, message="x" * 1000)])
    assert found is not None
    assert len(found.result["message"] + found.result["hint"]) < 400
