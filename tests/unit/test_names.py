"""Names that people type."""

from __future__ import annotations

from typing import List, Pattern

import pytest

from opsroom.errors import Code, Refusal
from opsroom.names import (
    CARD,
    CARDS,
    TYPED,
    bare,
    check_identifier,
    check_version,
    comparable,
    either,
    listed,
    nearest,
    pick,
    shown,
    tidied,
    unquoted,
)
from support.cases import cases
from support.errors import refusal_of

ATTACKS = [
    "",
    " ",
    "-rf",
    "--upload-pack=evil",
    "../etc",
    "a/../b",
    "a;b",
    "$(id)",
    "`id`",
    "a|b",
    "a b",
    "a\nb",
    "a\x00",
    "{{x}}",
    "<%x%>",
    "вeb",
    "we\u200bb",
    "x" * 10_000,
    "a@{1}",
    "@{-1}",
    "@",
    "@acme/web@1.0.0",
    "~root",
    "v1~1",
    "v1^",
    "v1:VERSION",
    "*",
]


@cases("text", [*ATTACKS, "a/b", "x" * 65])
def test_an_identifier_of_anything_else_is_refused_before_it_is_looked_up(text: str) -> None:
    refused = refusal_of(check_identifier, text, "an application")
    assert refused.code is Code.INVALID_NAME
    assert len(refused.message) < 100


@cases(
    "text",
    [
        *ATTACKS,
        "a..b",
        "a//b",
        "a/",
        "a.",
        "refs/heads/..",
        "refs/heads/x.lock",
        "x/.git",
        "x" * 129,
    ],
)
def test_a_version_that_could_be_an_option_a_path_or_an_expression_is_refused(text: str) -> None:
    refused = refusal_of(check_version, text)
    assert refused.code is Code.INVALID_NAME


@cases(
    "text",
    [
        "v1.2.0",
        "1.0.0-rc.1+build.5",
        "main",
        "feature/OPS-12_x",
        "3f2c1a9b0c12",
        " v1 ",
        "web@1.1.0",
        "release/2026-11",
    ],
)
def test_versions_as_teams_name_them_pass(text: str) -> None:
    assert check_version(text) == text.strip()


# As a phone, a chat or a copied text writes it, and as the config does.
SPELLINGS = [
    ("o\u2019brien", "o'brien"),
    ("o\u02bcbrien", "O'Brien"),
    ("O'BRIEN", "o\u2019brien"),
    ("\u2018web\u2019", "web"),
    ("\u201cweb\u201d", "web"),
    ("'web'", "web"),
    ("web\u00a0", "web"),
    ("\ufeffweb\u200b", "web"),
    ("\u200eweb", "web"),
    ("web\u00a0team", "web team"),
    ("web  team", "web\u00a0team"),
    ("web\u2013team", "web-team"),
    ("web\u2014team", "web-team"),
    ("web\u2011team", "web-team"),
    ("web\u2212team", "web-team"),
    ("cafe\u0301", "caf\u00e9"),
    ("CAF\u00c9", "cafe\u0301"),
    ("to\u00addo", "todo"),
    ("\u26a0\ufe0f on call", "\u26a0 on call"),
    ("STRASSE", "stra\u00dfe"),
    ("@bob", "bob"),
    ("#bob", "bob"),
    ("\uff20bob", "bob"),
    ("\u201c@bob\u201d", "bob"),
    ("@@bob", "bob"),
    ("@bob", "@bob"),
    ("#urgent", "#urgent"),
]


@cases(("typed", "configured"), SPELLINGS)
def test_a_known_name_is_found_however_its_letters_and_marks_are_written(
    typed: str, configured: str
) -> None:
    others = ["db", "api-team", "obrian"]
    assert pick(typed, [*others, configured], Code.UNKNOWN_APP, "application") == configured
    assert nearest(typed + "x", [*others, configured]) in (
        [],
        [configured],
        ["obrian"],
        [configured, "obrian"],
    )


@cases(
    ("typed", "configured"),
    [
        ("\u0432eb", "web"),
        ("w\u0435b", "web"),
        ("we b", "web"),
        ("we\u200bb", "web"),
        ("\uff57eb", "web"),
        ("obrien", "o'brien"),
    ],
)
def test_a_letter_that_only_looks_the_same_is_another(typed: str, configured: str) -> None:
    assert comparable(typed) != comparable(configured)
    with pytest.raises(Refusal):
        pick(typed, [configured], Code.UNKNOWN_APP, "application")


def test_of_two_names_that_differ_in_marks_only_the_one_that_was_typed_is_meant() -> None:
    assert pick("@bob", ["bob", "@bob"], Code.UNKNOWN_APP, "application") == "@bob"
    assert pick("bob", ["bob", "@bob"], Code.UNKNOWN_APP, "application") == "bob"
    assert pick("o\u2019b", ["o'b", "o\u2019b"], Code.UNKNOWN_APP, "application") == "o\u2019b"
    with pytest.raises(Refusal):
        pick("O\u02bcB", ["o'b", "o\u2019b"], Code.UNKNOWN_APP, "application")


@cases("text", ["", " ", "@", "#", "''", "'", '"', "@@", "# "])
def test_a_mark_alone_is_no_name_and_no_error(text: str) -> None:
    assert bare(text) == text.strip() or bare(text) in text
    assert unquoted(text) == text.strip()


def test_a_tidied_text_is_tidy() -> None:
    assert tidied("cafe\u0301") == "caf\u00e9"
    assert tidied(" a\u2019s \u201cb\u201d \u2013\u00a0c\t\nd ") == 'a\'s "b" - c d'
    assert tidied(tidied("\u2019\u00a0e\u0301")) == tidied("\u2019\u00a0e\u0301")


@pytest.mark.parametrize(
    ("text", "version"),
    [("\u2018v1.2.0\u2019", "v1.2.0"), ("v1\u20112", "v1-2"), ("v1.2.0\u00a0", "v1.2.0")],
)
def test_a_version_is_read_as_it_is_meant(text: str, version: str) -> None:
    assert check_version(text) == version


LET_THROUGH = [
    "web",
    "o\u2019brien",
    "@bob",
    "#12",
    "\u201cweb\u201d",
    "web\u00a0",
    "caf\u00e9",
    "\u65e5\u672c",
    "uat now, please",
]


@cases("pattern", [TYPED, CARD, CARDS])
@cases(
    "text",
    [*LET_THROUGH, "we\u200bb", "\U0001f469\u200d\U0001f4bb team", "cafe\u0301", "v1\u20112"],
)
def test_what_people_type_reaches_the_pack(pattern: Pattern[str], text: str) -> None:
    assert pattern.match(text)


@cases("pattern", [TYPED, CARD, CARDS])
@cases(
    "text",
    [
        *(
            "",
            " web",
            "-rf",
            "~x",
            "../x",
            "/etc",
            "{{ x }}",
            "{x",
            "a}",
            "<% x %>",
            "a<b",
            "a>b",
            "$(id)",
            "a$b",
            "`id`",
        ),
        *(
            "a|b",
            "a;b",
            "a\\b",
            "[a]",
            "a*",
            "(a)",
            "a^b",
            "a\nb",
            "a\rb",
            "a\x00",
            "a\x85b",
            "a\u2028b",
            "\u2029",
            "a\ud800",
        ),
    ],
)
def test_nothing_that_an_expression_or_a_shell_is_made_of_does(
    pattern: Pattern[str], text: str
) -> None:
    assert not pattern.match(text)


def test_a_known_name_is_found_whatever_its_case_but_the_exact_one_goes_first() -> None:
    assert pick("WEB", ["web", "api"], Code.UNKNOWN_APP, "application") == "web"
    assert pick("Web", ["web", "Web"], Code.UNKNOWN_APP, "application") == "Web"


def test_an_unknown_name_is_answered_with_the_nearest_and_never_guessed() -> None:
    refused = refusal_of(
        pick, "uatt", ["test", "uat", "production"], Code.UNKNOWN_ENVIRONMENT, "environment"
    )
    assert refused.sentence() == "There is no environment 'uatt'. Did you mean uat?"
    assert refused.facts["nearest"] == ["uat"]


def test_a_name_like_none_is_answered_with_all_of_them() -> None:
    with pytest.raises(Refusal, match="no environment 'zzz'") as refused:
        pick("zzz", ["test", "uat"], Code.UNKNOWN_ENVIRONMENT, "environment")
    assert refused.value.hint == "There are test and uat."
    with pytest.raises(Refusal) as refused:
        pick("zzz", {"test": 1, "uat": 2, "production": 3}, Code.UNKNOWN_ENVIRONMENT, "environment")
    assert refused.value.hint == "There are test, uat and production."
    with pytest.raises(Refusal) as refused:
        pick("zzz", ["web"], Code.UNKNOWN_APP, "application")
    assert refused.value.hint == "There is only web."


@pytest.mark.parametrize(
    ("name", "known", "near"),
    [
        ("prod", ["test", "uat", "production"], ["production"]),
        ("PROD", ["test", "uat", "production"], ["production"]),
        ("prod", ["production-eu", "production-us"], []),
        ("pr", ["test", "uat", "production"], []),
        ("stag", ["stage-of-the-lake", "stig"], ["stage-of-the-lake", "stig"]),
    ],
)
def test_the_beginning_of_one_name_only_is_near(
    name: str, known: List[str], near: List[str]
) -> None:
    assert nearest(name, known) == near


def test_lists_read_as_sentences() -> None:
    assert either(["a", "b", "c"]) == "a, b or c"
    assert listed(["a"]) == "a"
    assert listed([str(number) for number in range(12)]) == "0, 1, 2, 3, 4, 5, 6, 7 and 4 more"
    assert shown("a\n" + "b" * 100).endswith("…'")
    assert nearest("V1.2.0", ["v1.2.0", "v1.3.0"])[0] == "v1.2.0"
