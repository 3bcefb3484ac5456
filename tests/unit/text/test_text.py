"""What may be said in a room."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from enum import Enum
from typing import List

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from opsroom.text import (
    _BROKEN_UP,
    in_lines,
    is_evaluated,
    message,
    neutralise,
    neutralise_data,
    not_marked,
    one_line,
    shorten,
    span,
    table,
    when,
)
from support.cases import cases

DANGEROUS = ["{{", "}}", "{%", "%}", "{#", "#}", "<%", "%>", "{~}", "<!", "<@", "%~="]


@cases("mark", DANGEROUS)
def test_no_mark_that_is_evaluated_or_pings_survives(mark: str) -> None:
    assert mark not in neutralise(f"a {mark} b {mark}{mark} c")


@cases(
    ("text", "safe"),
    [
        ("{{ st2kv('system.enc', decrypt=true) }}", "{ { st2kv('system.enc', decrypt=true) } }"),
        ("<% st2kv('system.enc', decrypt=>true) %>", "< % st2kv('system.enc', decrypt=>true) % >"),
        ("{{{a}}}", "{ { {a} } }"),
        ("{%%}", "{ %% }"),
        (
            "<!channel> <@U123> <https://evil.example|bank>",
            "< !channel> < @ U123> < https://evil.example|bank>",
        ),
        (
            "<#C1|x> <!subteam^S1|@devs> <@&1> <at>Al</at>",
            "< #C1|x> < !subteam^S1|@ devs> < @ &1> < at>Al</at>",
        ),
        (
            "<\\!channel> &lt;!here> &#60;!here> &LT!here",
            "< \\!channel> & lt;!here> & #60;!here> & LT!here",
        ),
        (
            "&commat;here &#64;here &#x40;here &\\#64;here",
            "& commat;here & #64;here & #x40;here & \\#64;here",
        ),
        ("https://a.example/?x=1&lte=2&b=3", "https://a.example/?x=1&lte=2&b=3"),
        ("@here @channel @EVERYONE", "@ here @ channel @ EVERYONE"),
        (".@channel _@here (@room -@alice /@all", ".@ channel _@ here (@ room -@ alice /@ all"),
        ("\uff20here \ufe6bhere @\u200bhere 本@alice", "\uff20 here \ufe6b here @ here 本@ alice"),
        (
            "@alice:example.org @**all** @[Al] @_x @ü",
            "@ alice:example.org @ **all** @ [Al] @ _x @ ü",
        ),
        ("x@here 5@all. web@everyone-", "x@ here 5@ all. web@everyone-"),
        (
            "bob@example.com, web@1.1.0, al!~al@10.0.0.7",
            "bob@example.com, web@1.1.0, al!~al@10.0.0.7",
        ),
        ("git@all.example.com me@ you @", "git@all.example.com me@ you @"),
        ("mail bob@here.example.com", "mail bob@here.example.com"),
        ("a < b, 5% of {x}", "a < b, 5% of {x}"),
        ("one\r\ntwo\rthree\x00four\x1b[31m", "one\ntwo three four"),
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


@given(st.text(alphabet=st.sampled_from("@\uff20\ufe6b<!#&;{}%~>=:\\lt all"), max_size=12))
def test_what_is_broken_up_holds_a_character_that_says_so(text: str) -> None:
    for pattern, characters in _BROKEN_UP:
        assert not pattern.search(text) or any(one in text for one in characters)


@given(st.text(alphabet=st.sampled_from("@\uff20<!#&;x1 ._-lt\\\u200d\u200bhere"), max_size=30))
def test_no_mention_is_left_whatever_stands_before_it(text: str) -> None:
    once = neutralise(text)
    assert not re.search(r"(?<![A-Za-z0-9])[@\uff20](?=\S)", once)
    assert not re.search(r"@here(?![\w-]|\.\w)", once)
    assert neutralise(once) == once


@pytest.mark.parametrize(
    "text", ["@alice", "<@U023BECGF>", "#ops", "{app}@{version}", "release@here"]
)
def test_what_names_people_and_rooms_is_no_expression(text: str) -> None:
    assert not is_evaluated(text)


@pytest.mark.parametrize("text", ["{{ x }}", "<% x %>", "a\rb", "a\u202eb"])
def test_what_stackstorm_evaluates_or_nobody_sees_is_found(text: str) -> None:
    assert is_evaluated(text)


MARKED = [
    "#12 is done", "# head", "##", "5. x", "12) x", "- x", "* x", "+ x", "> x", ">x", "-", "*",
    ": x", "===", "---",
    "***", "_ _ _", "- - -", "-- ", "```", "~~~ sh", "| a | b |", "--- | ---", ":-: | --",
    "[x]: http://e.org/",
    "[^1]: x", "*[AB]: x", "{: color='red'}", "{x}", "<b>x</b>", "<!-- x", "<?x?>",
    "1.", "2)",
]  # fmt: skip


@cases("line", MARKED)
def test_no_line_begins_as_a_heading_or_a_list_does(line: str) -> None:
    assert not_marked(line) == f"· {line}"
    once = message(f"{line}\nfirst\n  {line}\nlast")
    shown = neutralise(line).strip()
    assert once.split("\n") == [f"· {shown}", "first", f"· {shown}", "last"]
    assert message(once) == once


PLAIN = [
    "OPS-12 is done",
    "1.2.0 is out",
    "12 cards",
    "-x",
    "*x* is",
    "5",
    "(#12)",
    "'#12'",
    "…",
    "· x",
    "__init__",
]


@cases("line", PLAIN)
def test_an_ordinary_line_begins_as_it_did(line: str) -> None:
    assert not_marked(line) == line


@given(
    st.lists(
        st.sampled_from([*MARKED, "a", " ", "\n", "\n", "OPS-12", "`", "http://e.org/a_b"]),
        max_size=9,
    )
)
def test_a_reader_of_markdown_finds_nothing_but_paragraphs_in_a_message(parts: List[str]) -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(message("".join(parts)))
    assert {one.type for one in tokens} <= {"paragraph_open", "inline", "paragraph_close"}


def test_the_rows_of_a_table_do_not_begin_as_a_heading_does() -> None:
    assert (
        table([("#12", "open"), ("OPS-1", "done"), ("-", "x")])
        == "· #12 | open\nOPS-1 | done\n· - | x"
    )


def test_a_line_that_is_broken_for_irc_does_not_begin_as_a_list_does() -> None:
    broken, _ = in_lines("ж" * 149 + " - #12 " + "ж" * 99)
    assert [row[:6] for row in broken.split("\n")][1:] == ["· #12 "]


def test_nested_data_is_neutralised_with_its_keys_and_what_is_no_json_becomes_text() -> None:
    class Colour(Enum):
        RED = "red"

    moment = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)
    data = {
        "{{k}}": ["{{v}}", {"deep": ("{%", Colour.RED, moment, {1}, None, 1.5, True)}],
        "o": object,
    }
    assert neutralise_data(data) == {
        "{ {k} }": [
            "{ {v} }",
            {"deep": ["{ %", "red", "2026-11-23T12:00:00Z", [1], None, 1.5, True]},
        ],
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
    assert (
        table([("web", "", "v1"), ("api", "new", "v2")], heading="uat:")
        == "uat:\nweb | v1\napi | new | v2"
    )


def test_a_long_table_shows_its_first_rows_counts_the_rest_and_says_how_to_narrow() -> None:
    text = table(
        [(f"app{number}", "v1.0.0") for number in range(200)], narrow="ask for one", heading="uat:"
    )
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


@cases(
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
