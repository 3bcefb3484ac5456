"""Which locks stop whom, and how that is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import List

from opsroom.errors import Code
from opsroom.people import Person, Speaker
from opsroom.policy.locks import in_the_way, lock_text, place
from opsroom.records.locks import Lock
from support.cases import cases

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=timezone.utc)
ALICE, BOB = Person("alice"), Person("bob")


def speaker(person: Person | None, chat_name: str = "", st2_user: str = "chatops_bot") -> Speaker:
    name = person.name if person else f"{chat_name} (unknown here)"
    return Speaker(
        name, person, chat_name, st2_user, "#dev", through_relay=st2_user == "chatops_bot"
    )


def lock(
    app: str = "",
    environment: str = "uat",
    by: Speaker | None = None,
    until: datetime | None = None,
) -> Lock:
    owner = by or speaker(BOB, "bob")
    return Lock(
        app=app,
        environment=environment,
        owner=owner.key,
        shown=owner.shown,
        reason="load test",
        since=NOW - timedelta(minutes=58),
        until=until,
    )


ALICE_IN_CHAT = speaker(ALICE, "alice")
BOB_IN_CHAT = speaker(BOB, "bob")
BOB_BY_ANOTHER_NAME = speaker(BOB, "robert")
BOB_IN_THE_TERMINAL = speaker(BOB, "", "bob")
STRANGER = speaker(None, "zoe")
OTHER_STRANGER = speaker(None, "bob2")
FAKE_BOB = speaker(None, "", "someone")
TABLE = [
    # locks, who deploys, the places that stop them
    ([], ALICE_IN_CHAT, []),
    ([lock()], ALICE_IN_CHAT, ["uat"]),
    ([lock()], BOB_IN_CHAT, []),
    ([lock()], BOB_BY_ANOTHER_NAME, []),
    ([lock()], BOB_IN_THE_TERMINAL, []),
    ([lock()], STRANGER, ["uat"]),
    ([lock()], FAKE_BOB, ["uat"]),
    ([lock(by=STRANGER)], STRANGER, []),
    ([lock(by=STRANGER)], OTHER_STRANGER, ["uat"]),
    ([lock("web")], ALICE_IN_CHAT, ["web on uat"]),
    ([lock("web")], BOB_IN_CHAT, []),
    ([lock("", "")], ALICE_IN_CHAT, ["everything"]),
    ([lock("", "")], BOB_IN_CHAT, ["everything"]),
    ([lock("", ""), lock(), lock("web", by=ALICE_IN_CHAT)], ALICE_IN_CHAT, ["everything", "uat"]),
    (
        [lock("", ""), lock(), lock("web", by=ALICE_IN_CHAT)],
        BOB_IN_CHAT,
        ["everything", "web on uat"],
    ),
]


@cases(("locks", "who", "stopped"), TABLE)
def test_a_lock_stops_everybody_but_its_owner_and_the_kill_switch_the_owner_too(
    locks: List[Lock], who: Speaker, stopped: List[str]
) -> None:
    decisions = in_the_way(locks, who, NOW)
    assert [one.code for one in decisions] == [Code.LOCKED] * len(stopped)
    assert not any(one.allowed for one in decisions)
    assert [one.hint.rpartition("unlock ")[2] for one in decisions] == stopped


def test_a_refusal_says_who_what_since_when_until_when_why_and_what_would_work() -> None:
    (decision,) = in_the_way([lock(until=NOW + timedelta(hours=2))], ALICE_IN_CHAT, NOW)
    assert decision.message == "uat is locked by bob since 14:02 UTC until 17:00 UTC: load test."
    assert decision.hint == "To end it, bob or someone who may lock uat says: unlock uat"


def test_times_are_those_of_the_configs_time_zone() -> None:
    text = lock_text(lock(until=NOW + timedelta(days=1)), NOW, "Europe/Berlin")
    assert "since 15:02 Europe/Berlin until Tue 2026-11-24 16:00 Europe/Berlin" in text


def test_the_kill_switch_says_that_it_holds_for_its_owner_too() -> None:
    (decision,) = in_the_way([lock("", "")], BOB_IN_CHAT, NOW)
    assert decision.message == (
        "Everything is locked by bob since 14:02 UTC, no end: load test. Nobody deploys, its "
        "owner included."
    )
    assert (
        decision.hint
        == "To end it, bob or someone who may lock every environment says: unlock everything"
    )


def test_a_long_reason_and_a_name_with_tricks_in_it_stay_one_short_safe_line() -> None:
    nasty = replace(
        lock("web"), reason="a\nb {{ x }} " + "c" * 600, shown="eve\n<!channel>" + "e" * 300
    )
    (decision,) = in_the_way([nasty], ALICE_IN_CHAT, NOW)
    assert len(decision.message) + len(decision.hint) < 400
    assert "\n" not in decision.message + decision.hint
    assert "{{" not in decision.message
    assert "<!" not in decision.message + decision.hint


def test_places_are_named_as_commands_name_them() -> None:
    assert [place("", ""), place("", "uat"), place("web", "uat")] == [
        "everything",
        "uat",
        "web on uat",
    ]
