"""What is left of a text that was written for a terminal."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom.subprocesses.output import Lines
from opsroom.text import message, one_line
from opsroom.text.terminal import is_visible, readable, without_sequences
from support.cases import cases

CASES = [
    (b"plain", "plain"),
    (b"\x1b[0m", ""),
    (b"\x1b[1;31mno space left\x1b[0m", "no space left"),
    (b"\x1b[38:2::255:0:0mred\x1b[m", "red"),
    (b"\x1b[?25l\x1b[?2004h\x1b[>4;1mx\x1b[!p", "x"),
    (b"\x1b[2K\x1b[1A\x1b[0Kdone", "done"),
    (b"Starting web\x1b[60G[ OK ]", "Starting web [ OK ]"),
    (b"a\x1b[3Cb\x1b[Cc\x1b[99999999Cd", "a   b c" + " " * 80 + "d"),
    (b"\x1b[1;1HHello\x1b[2;1HWorld", " Hello World"),
    (b"\x1b]0;a title\x07text", "text"),
    (b"\x1b]8;id=1;https://example.com/x\x1b\\link\x1b]8;;\x1b\\", "link"),
    (b"\x1b]8;;https://example.com/x\x07link\x1b]8;;\x07", "link"),
    (b"\x1b]0;never ended", ""),
    (b"\x1bPq#0;2;0;0;0#0~~@@\x1b\\picture", "picture"),
    (b"\x1b_G\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\x", "x"),
    (b"\x1bPtmux;\x1b\x1b]8;;u\x07\x1b\\x", "x"),
    (b"\x1bc\x1b(B\x1b)0\x1b#8\x1b%G\x1b7\x1b8\x1b=\x1b>\x1bMx", "x"),
    (b"x\x1b[31", "x"),
    (b"x\x1b", "x"),
    (b"\x9b31mred\x9b0m", "red"),
    ("\x9b31mred\x9b0m".encode(), "red"),
    (b"\x9d0;title\x9cx\x90q\x9cy", "xy"),
    (b"otev\xf8\xedt \x9eluty k\xf9\xf2", "otev\ufffd\ufffdt \ufffdluty k\ufffd\ufffd"),
    (b"N\bNA\bAM\bME\bE", "NAME"),
    (b"_\bx_\by", "xy"),
    (b"|\b/\b-\b\\\b done", " done"),
    (b"\b\b\bx", "x"),
    (b"v\x001\x00\x07\x7f\x0e\x0f", "v1"),
    (b"a\tb", "a\tb"),
    (b"a\x0bb\x0cc", "a b c"),
    ("\u010desk\xfd \u4e2d\u6587 \U0001f680".encode(), "\u010desk\xfd \u4e2d\u6587 \U0001f680"),
]


@cases(("output", "text"), CASES)
def test_only_what_a_reader_sees_is_left(output, text):
    assert readable(output) == text


@cases(
    "end",
    [
        b"\x1b[0m",
        b"\x1b[0m\n",
        b"\x1b]0;t\x07\n",
        b"\n\x1b[?25h\r",
        b" \t\x1b(B\x1b[m\n",
        "\u200b\ufeff\n".encode(),
    ],
)
def test_a_last_line_without_anything_to_see_is_not_the_last_line(end):
    lines = Lines()
    lines.feed(b"start\nno space left\n" + end)
    assert lines.close()[-1] == "no space left"


def test_a_sequence_that_comes_in_two_pieces_is_one():
    lines = Lines()
    for byte in b"\x1b[31mred\x1b[0m \x1b]8;;http://x\x1b\\link\n":
        lines.feed(bytes([byte]))
    assert lines.close() == ("red link",)


def test_colours_take_no_room_in_a_long_line():
    lines = Lines()
    lines.feed(b"\x1b[31m" * 1000 + b"reason\n")
    assert lines.close() == ("reason",)


def test_what_is_visible():
    assert is_visible("x")
    assert not any(is_visible(text) for text in ("", " \t", "\ufeff", "\u200b\u200d", "\xa0\u3000"))


def test_text_from_anywhere_loses_its_sequences_on_its_way_to_a_room():
    assert message("ended: \x1b[31mno\x1b[0m space\nleft\x1b[0m") == "ended: no space\nleft"
    assert one_line("\x1b]8;;http://x\x1b\\web\x1b]8;;\x1b\\ is up") == "web is up"


@given(st.text(alphabet="\x1b\x9b\x9d\x90\x9c\x07\x08[]PmKCH;0?\\ab\n", max_size=60))
def test_nothing_of_a_sequence_stays(text):
    left = without_sequences(text)
    assert "\x1b" not in left
    assert left.count("\n") >= text.count("\n") - text.count("\x08")
    assert (
        without_sequences(left) == left
        or "\x08" in left
        or "\x9b" in left
        or "\x9d" in left
        or "\x90" in left
    )


@pytest.mark.parametrize(
    "piece", [b"\x1b]", b"\x9d", b"\x1b[", b"\x9b1", b"ab\b", b"\x1bP\x1b", b"\x1b[3", b"\x90\x9d"]
)
def test_the_time_grows_with_the_length_and_no_faster(piece):
    begun = time.monotonic()
    readable(piece * (200_000 // len(piece)))
    assert time.monotonic() - begun < 20
