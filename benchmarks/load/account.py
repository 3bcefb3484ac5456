"""What came of the messages of a load: answers, their times, and the record beside the vendors."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from benchmarks.load.mix import quantile
from benchmarks.load.room import Message, notifications
from benchmarks.load.vendors import Vendors
from benchmarks.stackstorm import NOTHING

# What an answer with that code has put into the record, once.
RECORDED = {
    "deployed": "succeeded",
    "card_created": "card_created",
    "paged": "paged",
    "locked_now": "locked",
    "unlocked": "unlocked",
}
ENDS = ("succeeded", "failed", "interrupted", "cancelled")


@dataclass
class Account:
    """What one run came to.

    `refused` has why StackStorm took no message, `unanswered` the states in which executions ended
    that answered nothing. `seconds` has those of each kind of message that was answered, `faults`
    sentences of what should not be, `verified` the code of `audit verify` afterwards.
    """

    said: int = 0
    refused: Dict[str, int] = field(default_factory=dict)
    unanswered: Dict[str, int] = field(default_factory=dict)
    codes: Dict[str, int] = field(default_factory=dict)
    seconds: Dict[str, List[float]] = field(default_factory=dict)
    faults: List[str] = field(default_factory=list)
    verified: str = ""
    dead: int = 0

    def ratio(self, share: float) -> float:
        """That quantile of all commands, beside the one of the empty action."""
        floor = quantile(self.seconds["empty"], share)
        return quantile(self.seconds["all"], share) / floor if floor else 0.0

    def facts(self) -> Dict[str, Any]:
        """All of it as JSON can hold it, times as quantiles."""
        times = {
            name: {
                "messages": len(found),
                "p50": quantile(found, 0.5),
                "p95": quantile(found, 0.95),
            }
            for name, found in self.seconds.items()
        }
        ratios = {"p50": self.ratio(0.5), "p95": self.ratio(0.95)}
        return {**vars(self), "seconds": times, "of the empty action": ratios}

    def table(self) -> str:
        """The times as Markdown, and sentences about the rest."""
        lines = ["| message | answered | p50, s | p95, s |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {name} | {len(found)} | {quantile(found, 0.5):.2f} | {quantile(found, 0.95):.2f} |"
            for name, found in self.seconds.items()
        ]
        lines += [
            "",
            f"Of the empty action: p50 {self.ratio(0.5):.2f}, p95 {self.ratio(0.95):.2f} times.",
            f"{self.said} messages, {self.dead} runners killed; not taken: "
            f"{self.refused or 'none'}; ended without an answer of the action, so that the room "
            f"reads why: {self.unanswered or 'none'}.",
            f"Codes: {self.codes}. The record: {self.verified}.",
            *(self.faults or ["No record is lost or doubled, and no answer was notified twice."]),
        ]
        return "\n".join(lines)


def account_of(
    messages: Sequence[Message], vendors: Vendors, url: str, dead: Sequence[int], verified: str
) -> Account:
    """Account for every message. `url` is the database, `dead` are the runners that were killed,
    `verified` is the code of `audit verify`."""
    account = Account(said=len(messages), verified=verified, dead=len(dead))
    taken = [one for one in messages if one.execution]
    account.refused = _counted(one.refusal for one in messages if not one.execution)
    account.unanswered = _counted(one.status for one in taken if one.ended and not one.answer)
    account.codes = _counted(one.code for one in taken if one.answer and one.text != NOTHING)
    answered = [one for one in taken if one.answer]
    account.seconds = {
        "empty": [one.seconds for one in answered if one.text == NOTHING],
        "all": [one.seconds for one in answered if one.text != NOTHING],
        "recorded": [one.seconds for one in answered if one.writes],
        "read": [one.seconds for one in answered if not one.writes and one.text != NOTHING],
    }
    account.faults = [*_of_answers(taken), *_of_record(answered, vendors, *_read(url))]
    if verified != "record_holds":
        account.faults.append(f"The record does not verify: {verified or 'no answer'}.")
    return account


def _counted(values: Any) -> Dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _of_answers(taken: Sequence[Message]) -> List[str]:
    """Ends that StackStorm did not notify of once: the room has no answer, or two."""
    if not taken:
        return ["No message was taken."]
    notified = notifications(min(one.sent for one in taken) - 1.0)
    counts = _counted(notified[one.execution] for one in taken if one.ended)
    faults = [
        f"{number} messages were notified of {count} times, not once."
        for count, number in counts.items()
        if count != 1
    ]
    going = _counted(one.status for one in taken if not one.ended)
    return faults + [
        f"{number} messages are {status} for good." for status, number in going.items()
    ]


def _read(url: str) -> Tuple[Mapping[Tuple[str, str], int], Mapping[str, Sequence[str]]]:
    """How often each execution recorded each event, and the events of each request."""
    from opsroom.db.sql import rows
    from opsroom.db.store import open_store

    with open_store(url).read() as on:
        found = rows(on, "SELECT execution_id, event, deployment FROM ledger ORDER BY seq")
    events: Dict[str, List[str]] = {}
    for one in found:
        events.setdefault(str(one["deployment"]), []).append(str(one["event"]))
    return Counter((str(one["execution_id"]), str(one["event"])) for one in found), events


def _of_record(
    answered: Sequence[Message],
    vendors: Vendors,
    recorded: Mapping[Tuple[str, str], int],
    requests: Mapping[str, Sequence[str]],
) -> List[str]:
    """What is lost, what is doubled, and what vendors made without a record."""
    faults = []
    for one in answered:
        event = RECORDED.get(one.code, "")
        if event and recorded.get((one.execution, event), 0) != 1:
            number = recorded.get((one.execution, event), 0)
            faults.append(f"{one.text!r} ({one.execution}) has {number} records of {event}.")
    for id_, events in requests.items():
        ends = sum(events.count(one) for one in ENDS)
        if "started" in events and (events.count("started"), ends) != (1, 1):
            faults.append(
                f"The deployment {id_} has {events.count('started')} starts, {ends} ends."
            )
    made = {"card_created": vendors.cards, "paged": vendors.pager.titles}
    for event, titles in made.items():
        number = sum(count for (_, name), count in recorded.items() if name == event)
        if number != len(titles):
            faults.append(f"{len(titles)} were made at the vendor, {number} are recorded: {event}.")
        if len(set(titles)) != len(titles):
            faults.append(f"{len(titles) - len(set(titles))} were made twice: {event}.")
    return faults
