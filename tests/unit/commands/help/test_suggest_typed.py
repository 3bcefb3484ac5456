"""What someone typed beside a command: codes, names, colons, and words without a place in it."""

from __future__ import annotations

from support.cases import cases
from support.chat.suggestions import asked_back
from support.worlds.world import World


@cases(
    ("text", "expected"),
    [
        ("approve K7QX 492039", "approve change K7QX CODE"),
        ("approve change K7QX code 492039", "approve change K7QX CODE"),
        ("confirm K7QX 492 039", "confirm change K7QX"),
        ("review change K7QX 492039 it was right", "review change K7QX CODE: it was right"),
        (
            "emergency 492039 deploy web v1.2.0 to production",
            "emergency CODE deploy web v1.2.0 to production: REASON",
        ),
        ("emergency 492-039 deploy web v1.2.0 to production", "emergency"),
        ("unlock everything 492039 now", "unlock everything CODE"),
        ("unlock everything please 492039", "unlock everything"),
    ],
)
def test_a_code_that_is_still_good_is_not_answered(world: World, text: str, expected: str) -> None:
    answer = asked_back(world, text, "carol")
    assert "492" not in str(answer)
    assert "039" not in str(answer)
    assert any(one.startswith(expected) for one in answer["suggestions"])


def test_a_number_that_no_code_is_expected_beside_stays(world: World) -> None:
    assert "deploy web 202611 to test" in asked_back(world, "deploy web 202611")["suggestions"]


@cases(
    ("text", "expected"),
    [
        ("opsroom deploy web v1.2.0 to test", "deploy web v1.2.0 to test"),
        ("Opsroom: deploy web v1.2.0 to test", "deploy web v1.2.0 to test"),
        ("opsroom ack 12", "ack page 12"),
        ("opsroom hlep deploy", "opsroom help deploy"),
        ("opsroom nonsense", "opsroom help"),
    ],
)
def test_the_name_of_opsroom_before_it_is_ignored(world: World, text: str, expected: str) -> None:
    assert asked_back(world, text)["suggestions"] == [expected]


@cases("text", ["opsroom deploy", "opsroom pages", "opsroom:", "opsroom", "opsroom who"])
def test_of_a_command_behind_its_name_help_is_shown(world: World, text: str) -> None:
    assert asked_back(world, text)["code"] == "help"


@cases(
    ("text", "expected"),
    [
        (
            "page web-team see https://example.com/d:x at 17:00",
            "page web-team: see https://example.com/d:x at 17:00",
        ),
        ("quiet announcements 17:00", "quiet announcements for 17:00"),
        (
            "declare incident for web-team:checkout is down",
            "declare incident for web-team: checkout is down",
        ),
        ("move card board:OPS-12", "move card board:OPS-12 to COLUMN"),
        ("comment on card board:OPS-12 looks good", "comment on card board:OPS-12: looks good"),
    ],
)
def test_colons_of_addresses_times_and_cards_stay(world: World, text: str, expected: str) -> None:
    assert expected in asked_back(world, text)["suggestions"]


@cases("text", ["lock", "unlock"])
def test_the_kill_switch_is_not_offered_first(world: World, text: str) -> None:
    first, *others = asked_back(world, text)["suggestions"]
    assert first.startswith(f"{text} test")
    assert others[-1].startswith(f"{text} everything")


@cases(
    ("text", "expected"),
    [
        ("page: checkout is down", "page web-team: checkout is down"),
        ("declare incident: checkout is down", "declare incident for web-team: checkout is down"),
        ("page: web-team checkout is down", "page web-team: checkout is down"),
    ],
)
def test_the_first_word_of_a_text_names_nobody(world: World, text: str, expected: str) -> None:
    assert asked_back(world, text)["suggestions"][0] == expected


@cases(
    ("text", "expected"),
    [
        ("put lock x on test until 17:00", "put lock x until 17:00 on test"),
        ("put lock load test on web on test for 2h", "put lock load test for 2h on web on test"),
        (
            "add comment looks good to card OPS-12 and ship it",
            "add comment looks good and ship it to card OPS-12",
        ),
        (
            "close with it was the cache incident K7QX at last",
            "close with it was the cache at last incident K7QX",
        ),
        ("deploy web v1.2.0 uat for OPS-12", "deploy web v1.2.0 to uat for OPS-12"),
        ("page web-team " + "checkout is down " * 20, "page web-team: MESSAGE"),
    ],
)
def test_no_part_of_what_was_typed_is_dropped(world: World, text: str, expected: str) -> None:
    assert asked_back(world, text)["suggestions"] == [expected]


@cases(
    ("text", "left_out", "expected"),
    [
        ("deploy web v1.2.0 to test until 17:00", "until 17:00", "deploy web v1.2.0 to test"),
        ("versions of web yesterday", "yesterday", "versions of web"),
        ("rollback web on test by 2", "by 2", "rollback web on test"),
    ],
)
def test_what_has_no_place_in_a_command_is_named(
    world: World, text: str, left_out: str, expected: str
) -> None:
    answer = asked_back(world, text)
    assert answer["message"].endswith(f"what is proposed leaves out '{left_out}'.")
    assert answer["suggestions"] == [expected]
