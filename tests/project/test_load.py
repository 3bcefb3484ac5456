"""The account of a load on StackStorm finds what is lost, doubled or without an answer."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, List, Tuple

import pytest

from benchmarks.load import account
from benchmarks.load.account import Account, account_of
from benchmarks.load.room import Message
from benchmarks.load.vendors import Vendors
from benchmarks.stackstorm import NOTHING
from opsroom.db.store import open_store
from opsroom.records.ledger import append
from opsroom.records.model import Entry, Event
from support.expectations import expect

DEPLOYED = ("asked", "started", "succeeded")


def message(text: str, execution: str, code: str, seconds: float = 1.0) -> Message:
    """One that was answered; without a code by the empty action, with the status as code without an
    execution."""
    if not execution:
        return Message(text, True, 100.0, refusal=code)
    ended = 100.0 + seconds
    return Message(text, bool(code), 100.0, execution, "", "succeeded", ended, code, "an answer")


class Played:
    """A load of which one deployment, one card and one empty action were answered."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder}/opsroom.db"
        self.messages = [
            message("deploy app1 v1.1 to test", "e1", "deployed", 1.2),
            message("create card: slow", "e2", "card_created", 1.1),
            message(NOTHING, "e3", "", 1.0),
        ]
        self.records: List[Tuple[str, str, str]] = [
            *(("d1", "e1", event) for event in DEPLOYED),
            ("d2", "e2", "card_created"),
        ]
        self.vendors = Vendors()
        self.vendors.jira.cards.append({"summary": "slow"})
        self.notified = Counter({"e1": 1, "e2": 1, "e3": 1})
        self.verified = "record_holds"

    def account(self, patch: pytest.MonkeyPatch) -> Account:
        patch.setattr(account, "notifications", lambda since: self.notified)
        store = open_store(self.url)
        with store.write() as on:
            for deployment, execution, event in self.records:
                append(store, on, Entry(Event(event), deployment, execution_id=execution))
        store.close()
        return account_of(self.messages, self.vendors, self.url, [], self.verified)


@pytest.fixture
def played(tmp_path: Path) -> Played:
    return Played(tmp_path)


def test_a_load_without_a_fault_has_none(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    found = played.account(monkeypatch)
    expect(found, faults=[], refused={}, unanswered={}, codes={"card_created": 1, "deployed": 1})
    assert found.ratio(0.95) == pytest.approx(1.2)
    assert "of the empty action" in found.facts()


def change(played: Played, name: str) -> Any:
    return {
        "a record is lost": lambda: played.records.remove(("d2", "e2", "card_created")),
        "a record is doubled": lambda: played.records.append(("d2", "e2", "card_created")),
        "a start has no end": lambda: played.records.extend(
            [("d3", "e9", "asked"), ("d3", "e9", "started")]
        ),
        "a card is made twice": lambda: played.vendors.jira.cards.append({"summary": "slow"}),
        "a page is not recorded": lambda: played.vendors.pager.titles.append("down"),
        "an answer is lost": lambda: played.notified.pop("e1"),
        "an answer is doubled": lambda: played.notified.update(["e1"]),
        "the chain is broken": lambda: setattr(played, "verified", "record_broken"),
    }[name]()


@pytest.mark.parametrize(
    ("fault", "shown"),
    [
        ("a record is lost", "'create card: slow' (e2) has 0 records of card_created."),
        ("a record is doubled", "'create card: slow' (e2) has 2 records of card_created."),
        ("a start has no end", "The deployment d3 has 1 starts, 0 ends."),
        ("a card is made twice", "1 were made twice: card_created."),
        ("a page is not recorded", "1 were made at the vendor, 0 are recorded: paged."),
        ("an answer is lost", "1 messages were notified of 0 times, not once."),
        ("an answer is doubled", "1 messages were notified of 2 times, not once."),
        ("the chain is broken", "The record does not verify: record_broken."),
    ],
)
def test_each_fault_is_found(
    played: Played, monkeypatch: pytest.MonkeyPatch, fault: str, shown: str
) -> None:
    change(played, fault)
    assert shown in played.account(monkeypatch).faults


def test_what_is_not_answered_is_counted(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    played.messages.append(message("show locks", "", "500 no database"))
    played.messages.append(Message("show pages", False, 100.0, "e7", "", "running"))
    played.messages.append(Message("show pages", False, 100.0, "e8", "", "canceled", 101.0))
    played.notified["e8"] = 1
    found = played.account(monkeypatch)
    expect(found, said=6, refused={"500 no database": 1}, unanswered={"canceled": 1})
    assert found.faults == ["1 messages are running for good."]
    assert "500 no database" in found.table()
