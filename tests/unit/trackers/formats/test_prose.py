"""The text of cards: blocks, addresses, cutting, HTML and back."""

from __future__ import annotations

import html as html_module
import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from opsroom.trackers.formats.html import from_html
from opsroom.trackers.formats.text import (
    Code,
    Paragraph,
    Span,
    blocks,
    clean,
    closed,
    cut,
    html,
    spans,
    units,
    unmarked,
)

_PIECES = [
    "```", "````", "\n", "\n\n", " ", "word", "https://a.example/x?y=1&z=2", "<b>", "&amp;", '"',
    "'", "\t", "é",
]  # fmt: skip
_PIECES += [
    "😀",
    "`",
    "<script>alert(1)</script>",
    "{{ x }}",
    "http://",
    "(https://b.example/c)",
    ".",
    "\r\n",
    "\x00",
    "<![",
]
# Each run has other texts; so few in each are many.
FEW = settings(max_examples=40)
TEXTS = st.one_of(
    st.text(max_size=200), st.lists(st.sampled_from(_PIECES), max_size=40).map("".join)
)


def letters(text: str) -> str:
    """What must not get lost: everything but space and fences."""
    return re.sub(r"[\s`]", "", clean(text))


def said(text: str) -> str:
    return "\n".join(
        block.language + block.text if isinstance(block, Code) else "\n".join(block.lines)
        for block in blocks(text)
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("\n \n", ()),
        ("one\ntwo", (Paragraph(("one", "two")),)),
        ("one\r\ntwo\rthree", (Paragraph(("one", "two", "three")),)),
        ("one\n\ntwo", (Paragraph(("one",)), Paragraph(("two",)))),
        ("one\n\n\n\ntwo", (Paragraph(("one",)), Paragraph(("", "", "two")))),
        ("  indented", (Paragraph(("  indented",)),)),
        ("a\n```\nx\n\n y\n```\nb", (Paragraph(("a",)), Code("x\n\n y"), Paragraph(("b",)))),
        ("```python\nx = 1\n```", (Code("x = 1", "python"),)),
        ("```\nnever closed\n\nat all", (Code("never closed\n\nat all"),)),
        ("```python", (Code("", "python"),)),
        ("````\n```\nx\n```\n````", (Code("```\nx\n```"),)),
        ("```first\nlast```\nafter", (Code("first\nlast"), Paragraph(("after",)))),
        ("```first line\nsecond\n```", (Code("first line\nsecond"),)),
        ("```one line```", (Code("one line"),)),
        ("a ``` in a line", (Paragraph(("a ``` in a line",)),)),
        ("half \ud83d of one", (Paragraph(("half \ufffd of one",)),)),
    ],
)
def test_text_is_read_as_paragraphs_and_code(text, expected):
    assert blocks(text) == expected


@FEW
@given(TEXTS)
@example("```x\ny```z")
@example("```\n```\n```")
def test_no_letter_gets_lost_in_blocks(text):
    assert letters(said(text)) == letters(text)


@FEW
@given(
    st.lists(st.text("ab c", min_size=1).filter(str.strip), min_size=1, max_size=6),
    st.integers(1, 4),
)
def test_blank_lines_between_paragraphs_are_kept(lines, blanks):
    text = ("\n" + "\n" * blanks).join(line.rstrip() for line in lines)
    assert "\n\n".join("\n".join(block.lines) for block in blocks(text)) == text


@pytest.mark.parametrize(
    ("line", "addresses"),
    [
        ("see https://a.example/x.", ["https://a.example/x"]),
        ("(https://a.example/x)", ["https://a.example/x"]),
        ("https://a.example/x_(y)", ["https://a.example/x_(y)"]),
        ("HTTP://A.example/?q=1&r=2#z, then", ["HTTP://A.example/?q=1&r=2#z"]),
        ("<https://a.example|name>", ["https://a.example|name"]),
        ("javascript:alert(1) ftp://a http:// https:///", ["https:///"]),
        ('https://a.example/"onclick="x', ["https://a.example/"]),
        ("https://a.example/1 https://a.example/2", ["https://a.example/1", "https://a.example/2"]),
    ],
)
def test_addresses_are_found_without_the_punctuation_around_them(line, addresses):
    assert [span.address for span in spans(line) if span.address] == addresses


@FEW
@given(TEXTS)
def test_the_spans_of_a_line_are_the_line(line):
    found = spans(line)
    assert "".join(span.text for span in found) == line
    assert all(span.address in ("", span.text) and span.text for span in found)


def test_a_line_without_address_is_one_span():
    assert spans("a <b> c") == (Span("a <b> c"),)


@FEW
@given(TEXTS, st.integers(40, 300))
@example("x" * 500, 100)
@example("😀" * 500, 100)
@example("```\n" + "x\n" * 500, 100)
def test_a_cut_text_fits_and_says_what_is_missing(text, characters):
    result, missing = cut(text, characters)
    assert units(result) <= characters
    if not missing:
        assert result == clean(text)
        return
    kept, _, note = result.rpartition("\n") if "\n" in result else ("", "", result)
    assert note == f"[cut: {missing} more characters]"
    begin = clean(text)[: len(clean(text)) - missing].rstrip()
    assert kept.startswith(begin)
    assert set(kept[len(begin) :]) <= set("\n`")


def test_a_text_that_fits_is_not_touched():
    assert cut("x" * 100, 100) == ("x" * 100, 0)


def test_a_cut_falls_between_lines_else_between_words():
    lines = "\n".join(["a line of words"] * 100)
    result, missing = cut(lines, 200)
    assert set(result.split("\n")[:-1]) == {"a line of words"}
    words = " ".join(["word"] * 100)
    result, missing = cut(words, 200)
    assert set(result.split("\n")[0].split(" ")) == {"word"}
    assert missing == len(words) - len(result.split("\n")[0])


def test_a_cut_within_code_closes_it_so_that_the_note_is_no_code():
    result, missing = cut("a\n```python\n" + "x = 1\n" * 200 + "```\nend", 300)
    *_, last = blocks(result)
    assert last == Paragraph((f"[cut: {missing} more characters]",))


@pytest.mark.parametrize(
    "text", ["a", "```x\ny", "```\nx\n```", "```x```", "a\n````py\n```\nb", "```"]
)
def test_what_follows_a_closed_text_is_no_code(text):
    assert blocks(closed(text) + "\nafter")[-1].lines[-1] == "after"


def test_a_cut_after_code_opens_none():
    result, _ = cut("```\nx\n```\n" + "word " * 200, 300)
    assert result.count("```") == 2


def test_a_text_is_cut_so_that_it_fits_as_it_will_be_written():
    text = "<&>" * 200
    result, missing = cut(text, 400, html)
    assert missing
    assert 300 < len(html(result)) <= 400


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("a\nb\n\nc", "<div>a<br>b<br><br>c</div>"),
        ("a\n```sh\n<x>\n  y\n```\nb", "<div>a</div><pre>&lt;x&gt;\n  y</pre><div>b</div>"),
        ("  two", "<div>&nbsp;&nbsp;two</div>"),
        ("https://a.example/?a=1&b='2", '<div><a href="https://a.example/?a=1&amp;b=&#x27;2">'
         "https://a.example/?a=1&amp;b=&#x27;2</a></div>"),
        ("<script>alert('1')</script>",
         "<div>&lt;script&gt;alert(&#x27;1&#x27;)&lt;/script&gt;</div>"),
    ],
)  # fmt: skip
def test_text_becomes_html(text, expected):
    assert html(text) == expected


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen, self.said = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, *[name for name, _ in attrs]))
        for name, value in attrs:
            assert (name, value.lower()[:4]) == ("href", "http")

    def handle_data(self, data):
        self.said.append(data)


@FEW
@given(TEXTS)
def test_nothing_of_the_text_is_html_and_nothing_of_it_gets_lost(text):
    written = html(text)
    tags = Tags()
    tags.feed(written)
    tags.close()
    assert set(tags.seen) <= {("div",), ("br",), ("pre",), ("a", "href")}
    shown = letters("".join(tags.said))
    languages = "".join(block.language for block in blocks(text) if isinstance(block, Code))
    assert len(shown) + len(languages) == len(letters(text))
    assert shown in letters(text) or languages


@FEW
@given(TEXTS)
def test_html_comes_back_as_the_text_it_was_made_of(text):
    wanted = "".join(
        "".join(block.lines) if isinstance(block, Paragraph) else block.text
        for block in blocks(text)
    )
    assert letters(from_html(html(text))) == letters(wanted)


@pytest.mark.parametrize(
    "text", ["a\nb\n\nc", "a\n\n\nb", "  two  blanks", "see https://a.example/?x=1&y=2 <b>"]
)
def test_lines_survive_the_way_there_and_back(text):
    assert from_html(html(text)) == text


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", ""),
        ("plain", "plain"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("<p>a</p>\n<p>b</p>", "a\n\nb"),
        ("<div>a<br></div><div><br></div><div>b</div>", "a\n\nb"),
        ("a <b>bold</b> word, <i>x</i>", "a bold word, x"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ("<pre>x\n  y</pre>", "x\n  y"),
        ("<div>a\n   b&nbsp;c &lt;b&gt; &#x1f600;</div>", "a b c <b> 😀"),
        ('<a href="https://a.example/">there</a>', "there (https://a.example/)"),
        ('<a href="https://a.example/">https://a.example/</a>', "https://a.example/"),
        ('<a href="javascript:alert(1)">there</a>', "there"),
        ("a<script>alert(1)</script><style>b{}</style>c<!-- d -->", "ac"),
        (
            "<bc-attachment><figure><img "
            'alt="Ann"><figcaption>Bo</figcaption></figure></bc-attachment>hi',
            "Ann\nBo\nhi",
        ),
        ("</div></pre></script>x", "x"),
        ("a < b <![nonsense", "a < b"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
    ],
)
def test_html_is_read_as_plain_text(source, expected):
    assert from_html(source).startswith(expected)


@FEW
@given(
    st.one_of(
        TEXTS,
        st.lists(st.sampled_from(["<", ">", "<!", "[", "<a href=", "</", "&#", "x", "<pre>"])).map(
            "".join
        ),
    )
)
def test_no_html_is_too_broken_to_be_read(source):
    assert isinstance(from_html(source), str)


@pytest.mark.parametrize("source", ["<a ", '<a href="', "<!--", "</", "<![x>"])
def test_html_that_never_ends_is_read_at_once(source):
    # Read tag by tag to the end each time, the first of these takes minutes.
    begun = time.monotonic()
    from_html(source * 30_000)
    assert time.monotonic() - begun < 10


def test_what_was_escaped_comes_back_once():
    assert from_html(html_module.escape("&lt;b&gt;")) == "&lt;b&gt;"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a\n\nb\n\n(opsroom ops0123456789abc)", "a\n\nb"),
        ("a\n (opsroom ops0123456789abc) \n\n", "a"),
        ("(opsroom ops0123456789abc)", ""),
        ("ask them\n(opsroom team)", "ask them\n(opsroom team)"),
        ("a (opsroom ops0123456789abc)", "a (opsroom ops0123456789abc)"),
        ("a\n(opsroom ops0123456789abc)\nb\n", "a\n(opsroom ops0123456789abc)\nb\n"),
        ("", ""),
    ],
)
def test_a_mark_is_taken_off_the_last_line_and_nothing_else_is(text: str, told: str) -> None:
    assert unmarked(text) == told


@pytest.mark.parametrize("blank", ["\n", " ", "\n \n"])
def test_looking_for_a_mark_takes_no_time_however_many_blanks_there_are(blank: str) -> None:
    began = time.monotonic()
    text = f"a{blank * 100_000}b"
    assert unmarked(text) == text
    assert time.monotonic() - began < 2
