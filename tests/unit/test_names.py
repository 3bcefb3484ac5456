"""Names that people type."""

from __future__ import annotations

import pytest

from opsroom.errors import Code, Refusal
from opsroom.names import check_identifier, check_version, either, listed, nearest, pick, shown

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


@pytest.mark.parametrize("text", [*ATTACKS, "a/b", "x" * 65])
def test_an_identifier_of_anything_else_is_refused_before_it_is_looked_up(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_identifier(text, "an application")
    assert refused.value.code is Code.INVALID_NAME
    assert len(refused.value.message) < 100


@pytest.mark.parametrize(
    "text", [*ATTACKS, "a..b", "a//b", "a/", "a.", "refs/heads/..", "refs/heads/x.lock", "x/.git", "x" * 129]
)
def test_a_version_that_could_be_an_option_a_path_or_an_expression_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_version(text)
    assert refused.value.code is Code.INVALID_NAME


@pytest.mark.parametrize(
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


def test_a_known_name_is_found_whatever_its_case_but_the_exact_one_goes_first() -> None:
    assert pick("WEB", ["web", "api"], Code.UNKNOWN_APP, "application") == "web"
    assert pick("Web", ["web", "Web"], Code.UNKNOWN_APP, "application") == "Web"


def test_an_unknown_name_is_answered_with_the_nearest_and_never_guessed() -> None:
    with pytest.raises(Refusal) as refused:
        pick("uatt", ["test", "uat", "production"], Code.UNKNOWN_ENVIRONMENT, "environment")
    assert refused.value.sentence() == "There is no environment 'uatt'. Did you mean uat?"
    assert refused.value.facts["nearest"] == ["uat"]


def test_a_name_like_none_is_answered_with_all_of_them() -> None:
    with pytest.raises(Refusal, match="no environment 'zzz'") as refused:
        pick("zzz", ["test", "uat"], Code.UNKNOWN_ENVIRONMENT, "environment")
    assert refused.value.hint == "There is test and uat."


def test_lists_read_as_sentences() -> None:
    assert either(["a", "b", "c"]) == "a, b or c"
    assert listed(["a"]) == "a"
    assert listed([str(number) for number in range(12)]) == "0, 1, 2, 3, 4, 5, 6, 7 and 4 more"
    assert shown("a\n" + "b" * 100).endswith("…'")
    assert nearest("V1.2.0", ["v1.2.0", "v1.3.0"])[0] == "v1.2.0"
