"""What may be said in a room."""

from __future__ import annotations

from datetime import datetime, timezone
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom.text import message, neutralise, neutralise_data, one_line, shorten, span, table, when

DANGEROUS = ["{{", "}}", "{%", "%}", "{#", "#}", "<%", "%>", "{~}", "<!", "<@", "%~="]


@pytest.mark.parametrize("mark", DANGEROUS)
def test_no_mark_that_is_evaluated_or_pings_survives(mark: str) -> None:
    assert mark not in neutralise(f"a {mark} b {mark}{mark} c")


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("{{ st2kv('system.enc', decrypt=true) }}", "{ { st2kv('system.enc', decrypt=true) } }"),
        ("<% st2kv('system.enc', decrypt=>true) %>", "< % st2kv('system.enc', decrypt=>true) % >"),
        ("{{{a}}}", "{ { {a} } }"),
        ("{%%}", "{ %% }"),
        ("<!channel> <@U123> <https://evil.example|bank>", "< !channel> < @U123> < https://evil.example|bank>"),
        ("@here @channel @EVERYONE", "@ here @ channel @ EVERYONE"),
        ("mail bob@here.example.com", "mail bob@here.example.com"),
        ("a < b, 5% of {x}", "a < b, 5% of {x}"),
        ("one\r\ntwo\rthree\x00four\x1b[31m", "one\ntwo three four [31m"),
        ("\u202eevil\u200b\ufeff", "evil"),
        ("line\u2028break", "line break"),
        ("%%%%%~=~=~=************=~=~=~%%%%", "%%%%% ~=~=~=************=~=~=~%%%%"),
        ("Grüße, مي\u200cخواهم, 日本", "Grüße, مي\u200cخواهم, 日本"),
    ],
)
def test_dangerous_text_is_made_plain_and_ordinary_text_stays(text: str, safe: str) -> None:
    assert neutralise(text) == safe


@given(st.text(alphabet=st.sampled_from("{}%#~<>!@ \n\rhere"), max_size=40))
def test_neutralising_holds_for_any_mixture_and_is_stable(text: str) -> None:
    once = neutralise(text)
    assert not any(mark in once for mark in DANGEROUS)
    assert "\r" not in once
    assert neutralise(once) == once


def test_nested_data_is_neutralised_with_its_keys_and_what_is_no_json_becomes_text() -> None:
    class Colour(Enum):
        RED = "red"

    moment = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)
    data = {"{{k}}": ["{{v}}", {"deep": ("{%", Colour.RED, moment, {1}, None, 1.5, True)}], "o": object}
    assert neutralise_data(data) == {
        "{ {k} }": ["{ {v} }", {"deep": ["{ %", "red", "2026-11-23T12:00:00Z", [1], None, 1.5, True]}],
        "o": "< class 'object'>".replace("< ", "<"),
    }


def test_data_that_is_nested_without_end_is_cut() -> None:
    loop: list = []
    loop.append(loop)
    assert "…" in str(neutralise_data(loop))


def test_a_message_has_no_blank_lines_no_indentation_and_at_most_eight_lines() -> None:
    text = message("one\n\n   two   words\n" + "\n".join(str(number) for number in range(20)))
    assert text.split("\n")[:2] == ["one", "two words"]
    assert len(text.split("\n")) == 8
    assert text.endswith("… and 15 more lines")


def test_a_message_is_cut_at_four_hundred_characters() -> None:
    assert len(message("x" * 5000)) == 400


def test_a_table_pads_nothing_and_leaves_empty_cells_out() -> None:
    assert table([("web", "", "v1"), ("api", "new", "v2")], heading="uat:") == "uat:\nweb | v1\napi | new | v2"


def test_a_long_table_shows_its_first_rows_counts_the_rest_and_says_how_to_narrow() -> None:
    text = table([(f"app{number}", "v1.0.0") for number in range(200)], narrow="ask for one", heading="uat:")
    lines = text.split("\n")
    assert lines[0] == "uat:"
    assert lines[1] == "app0 | v1.0.0"
    assert lines[-1] == f"… and {200 - (len(lines) - 2)} more; ask for one"
    assert len(lines) == 8


def test_a_table_of_long_rows_stays_within_a_message_and_loses_no_count() -> None:
    text = table([("x" * 110,) for _ in range(5)], heading="h")
    assert len(text) <= 400
    assert text.endswith("… and 2 more")


def test_a_table_cell_cannot_begin_a_row_of_its_own() -> None:
    assert table([("a\nb | {{c}}", "d")]) == "a b | { {c} } | d"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-1, "0.0 s"),
        (0.44, "0.4 s"),
        (1, "1 s"),
        (59.6, "1 min"),
        (75, "1 min 15 s"),
        (600, "10 min"),
        (7500, "2 h 5 min"),
        (7200, "2 h"),
        (200000, "2 d"),
    ],
)
def test_a_length_of_time_reads_as_people_say_it(seconds: float, said: str) -> None:
    assert span(seconds) == said


def test_a_moment_of_today_needs_no_date() -> None:
    now = datetime(2026, 11, 23, 15, 0, tzinfo=timezone.utc)
    assert when(now.replace(hour=9), now) == "09:00 UTC"
    assert when(now.replace(day=20), now) == "2026-11-20 15:00 UTC"


def test_shortening_marks_the_cut() -> None:
    assert shorten("abcdef", 4) == "abc…"
    assert shorten("abc", 4) == "abc"
    assert one_line("a\n b\tc  {{d", 20) == "a b c { {d"
