"""What is missing in the record, and which changes went another way than the rules want: each has
its sentence."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, Dict, List, Tuple

from opsroom.audit.findings import exceptions, gaps
from opsroom.audit.model import Change, Ending, Word
from opsroom.records.chain import Break, BreakKind, ChainReport
from support.cases import cases

START = datetime(2026, 11, 2, 9, tzinfo=timezone.utc)
HOLDS = ChainReport(9, 9, "f" * 64, 0, ())
WEB = ("web", "production")


def word(by: str, **values: Any) -> Word:
    return Word(**{"by": by, "at": START, "record": 3, "person": by, **values})


def change(number: int = 1, **values: Any) -> Change:
    at = START + timedelta(hours=number)
    known: Dict[str, Any] = {
        "deployment": f"d{number}", "command": "deploy", "app": "web", "environment": "production",
        "first_at": at,
        "records": (number * 10, number * 10 + 1), "ending": Ending.SUCCEEDED, "asked_by": "alice",
        "person": "alice",
        "asked_at": at, "started_at": at, "starts": 1, "ends": 1,
        "version_before": f"v{number}", "version": f"v{number + 1}",
    }  # fmt: skip
    return Change(**{**known, **values})


def codes(*changes: Change, attempts: Tuple[Change, ...] = (), **values: Any) -> List[str]:
    given: Dict[str, Any] = {"chain": HOLDS, "unreadable": (), "before": {}, "live": (), **values}
    return [one.code for one in gaps(changes=changes, attempts=attempts, **given)]


def test_changes_that_follow_each_other_leave_no_gap() -> None:
    assert codes(change(1), change(2), change(3), before={WEB: "v1"}) == []


GAPS = [
    ("started, and nobody knows how it ended", {"ending": Ending.RUNNING, "ends": 0}, ["no_end"]),
    ("asked, and then nothing", {"ending": Ending.UNKNOWN, "starts": 0, "ends": 0}, ["no_end"]),
    ("done, and nobody asked", {"asked_at": None}, ["not_asked"]),
    ("done, and never begun", {"starts": 0}, ["not_started"]),
    ("begun twice", {"starts": 2}, ["started_twice"]),
    ("waiting", {"ending": Ending.WAITING, "starts": 0, "ends": 0}, []),
    ("failed before it began", {"ending": Ending.FAILED, "starts": 0}, []),
]


@cases(("what", "values", "wanted"), GAPS)
def test_a_story_with_a_hole_is_a_gap(what: str, values: Dict[str, Any], wanted: List[str]) -> None:
    assert codes(change(**values)) == wanted
    (found,) = gaps(HOLDS, (), [change(**values)], (), {}) or (None,)
    if found is not None:
        assert "web v2 to production" in found.message
        assert (found.deployment, found.records) == ("d1", (10, 11))


def test_an_attempt_without_an_end_is_a_gap_too() -> None:
    assert codes(attempts=(change(ending=Ending.UNKNOWN, starts=0, ends=0),)) == ["no_end"]


def test_what_goes_on_has_no_end_yet() -> None:
    assert codes(change(ending=Ending.RUNNING, ends=0), live={"d1"}) == []


JOINS = [
    ("it ran what the one before had left", change(2), change(3), []),
    ("a leading v is no other version", change(2, version="3"), change(3), []),
    ("it ran something else", change(2, version="v7"), change(3), ["changed_outside"]),
    ("it ran the same commit under another name", change(2, version="v7", commit="a" * 40),
     change(3, commit_before="a" * 40), []),
    ("it ran another commit of the same name", change(2, commit="a" * 40),
     change(3, commit_before="b" * 40),
     ["changed_outside"]),
    ("the one before failed, and left what it found", change(2, ending=Ending.FAILED, running="v2"),
     change(3, version_before="v2"), []),
    ("the one before failed, and left its own", change(2, ending=Ending.FAILED, running="v3"),
     change(3), []),
    ("the one before failed, and someone fixed it by hand",
     change(2, ending=Ending.FAILED, running="v2"),
     change(3), ["changed_outside"]),
    ("the one before was interrupted, and nobody knows", change(2, ending=Ending.INTERRUPTED),
     change(3), []),
    ("nobody could ask what ran", change(2), change(3, version_before=""), []),
    ("another application", change(2, app="shop"), change(3, version_before="v9"), []),
    ("another environment", change(2, environment="uat"), change(3, version_before="v9"), []),
]  # fmt: skip


@cases(("what", "first", "second", "wanted"), JOINS)
def test_versions_that_do_not_join_up_were_changed_outside(
    what: str, first: Change, second: Change, wanted: List[str]
) -> None:
    assert codes(first, second) == wanted


def test_a_version_changed_outside_is_told_with_both_versions_and_both_sides() -> None:
    (found,) = gaps(HOLDS, (), [change(1), change(2, version_before="v9", asked_by="bob")], (), {})
    assert found.message == (
        "web on production ran v2 after the deploy by alice, but v9 when bob began at 2026-11-02 "
        "11:00 UTC: "
        "it was changed outside of opsroom in between."
    )


def test_what_ran_before_the_period_counts_as_well() -> None:
    (found,) = gaps(HOLDS, (), [change(1)], (), {WEB: "v0"})
    assert found.code == "changed_outside"
    assert "ran v0 before this period" in found.message


def test_a_broken_chain_and_unreadable_records_are_gaps_and_what_is_not_listed_is_counted() -> None:
    broken = ChainReport(9, 9, "f" * 64, 5, (Break(4, BreakKind.CHANGED, "Record 4 was changed."),))
    found = gaps(broken, (7,), (), (), {})
    assert [one.code for one in found] == ["chain_broken", "chain_broken", "unreadable"]
    assert found[0].message == "Record 4 was changed."
    assert "4 more places" in found[1].message
    assert "Record 7" in found[2].message


OVERRIDE = word("alice", text="checkout is down")
EXCEPTIONS = [
    ("approved by another", {"needed": 1, "approvals": (word("carol"),)}, []),
    ("no approval was needed", {}, []),
    ("approved by nobody", {"needed": 1}, ["not_approved"]),
    ("approved by one of two", {"needed": 2, "approvals": (word("carol"),)}, ["not_approved"]),
    ("approved twice by the same, of two", {"needed": 2, "approvals": (word("carol"),
     word("carol"))},
     ["not_approved"]),
    ("approved again by the same, of one", {"needed": 1, "approvals": (word("carol"),
     word("carol"))}, []),
    ("approved by the requester", {"needed": 1, "approvals": (word("alice"),)},
     ["own_approval", "not_approved"]),
    ("by the requester under another name",
     {"needed": 1, "approvals": (word("al", person="alice"),)},
     ["own_approval", "not_approved"]),
    ("by the requester and another", {"needed": 1, "approvals": (word("alice"), word("carol"))},
     ["own_approval"]),
    ("by a stranger of the same name through another relay",
     {"needed": 1, "person": "", "chat_name": "al",
     "approvals": (word("alice", person="", chat_name="al", st2_user="other"),)}, []),
    ("by the same stranger", {"needed": 1, "person": "", "chat_name": "al", "st2_user": "bot",
     "approvals": (word("alice", person="", chat_name="al", st2_user="bot"),)},
     ["own_approval", "not_approved"]),
    ("an emergency nobody reviewed", {"needed": 1, "override": OVERRIDE},
     ["override_not_reviewed"]),
    ("an emergency someone reviewed", {"override": OVERRIDE, "review": word("dave")}, []),
    ("an emergency reviewed by its requester", {"override": OVERRIDE, "review": word("alice")},
     ["own_review"]),
]  # fmt: skip


@cases(("what", "values", "wanted"), EXCEPTIONS)
def test_what_went_another_way_than_the_rules_want_is_an_exception(
    what: str, values: Dict[str, Any], wanted: List[str]
) -> None:
    found = exceptions([change(change="K7QX", **values)])
    assert [one.code for one in found] == wanted
    assert all("K7QX" in one.message for one in found)
