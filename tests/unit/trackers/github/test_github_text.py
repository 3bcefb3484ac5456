"""Text for GitHub: Markdown in which nothing is hidden, the mark, and what is too long."""

from __future__ import annotations

import re
from typing import Any, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsroom.people import Author
from opsroom.trackers.github.text import body, markdown, plain, title
from support.troubles.trackers import ALICE, draft, remark
from support.vendors.github import Github

CARD = "acme/web#1"
LONG = "".join(
    f"line {number}: ünï — 日本語 🚀 https://example.com/?a=1&b=2\n" for number in range(700)
)[:30_000]
HTML = "<!doctype html><html><body>Sign in, or token github_pat_5ecretSecret</body></html>"
# Pieces of which Markdown and HTML are made, put together in any way.
PIECES = (
    *(
        "<!-- ",
        "-->",
        "<b>",
        "</b>",
        "<script>",
        "<?x?>",
        "<!X",
        "<div>\n",
        "<a@b.c>",
        "<http://x.y>",
        "&lt;",
        "`",
        "``",
    ),
    *(
        "```",
        "````",
        "~~~",
        "~~~\n",
        "xml",
        "\n",
        "\n\n",
        "\r\n",
        " ",
        "    ",
        "\t",
        "> ",
        "- ",
        "1. ",
        "# ",
        "|",
        "\\",
    ),
    *("a", "b c", "é", "*", "[x]: ", "![", "](<b>)", "(", ")"),
)
LINE = "a <b>" + " line" * 20 + "\n"


def test_thirty_thousand_characters_arrive_whole(github: Github, tracker: Any) -> None:
    assert len(LONG) == 30_000
    made = tracker.create(draft(description=LONG))
    assert made.notes == ()
    assert github.issues["acme/web"][0]["body"].endswith(LONG.strip())
    assert tracker.show("acme/web#1").description.endswith(LONG.strip())
    assert tracker.comment(remark(CARD, LONG)).notes == ()
    assert tracker.show("acme/web#1").comments[0].text.endswith(LONG.strip())


def test_what_github_cannot_hold_is_cut_with_a_note_in_text_and_answer(
    github: Github, tracker: Any
) -> None:
    made = tracker.create(draft("s" * 300, description=LINE * 700))
    issue = github.issues["acme/web"][0]
    assert len(issue["title"]) == 256
    assert issue["title"].endswith("…")
    assert len(issue["body"]) <= 65_536
    lost = re.search(r"\n\[cut: (\d+) more characters\]\Z", issue["body"])
    assert lost
    assert len(made.notes) == 2
    assert "title was cut" in made.notes[0]
    assert lost.group(1) in made.notes[1]
    kept = plain(issue["body"].partition("-->\n\n")[2]).rpartition("\n[cut")[0]
    assert len(kept) + int(lost.group(1)) == 700 * len(LINE)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("**bold**, a & b, 1 < 2 > 0 <- ->", "**bold**, a & b, 1 < 2 > 0 <- ->"),
        ("one\ntwo\n\nthree", "one\ntwo\n\nthree"),
        ("fails for <user>", "fails for &lt;user>"),
        ("<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"),
        ("a <!-- hidden --> b", "a &lt;!-- hidden --> b"),
        ("<!-- hidden", "&lt;!-- hidden"),
        ("<?php x ?> <![CDATA[x]]>", "&lt;?php x ?> &lt;![CDATA[x]]>"),
        ("`<b>` and <b>", "`<b>` and &lt;b>"),
        ("``a ` <b>`` <i>", "``a ` <b>`` &lt;i>"),
        ("` open <b>", "` open &lt;b>"),
        ("`a\nb` <!-- c `d` -->", "`a\nb` &lt;!-- c `d` -->"),
        (r"\` <b> `", r"\` &lt;b> `"),
        (r"\<b> \\<b>", r"\<b> \\&lt;b>"),
        ("see <https://example.com/a?b=<c> <a@b.example>",
         "see &lt;https://example.com/a?b=&lt;c> <a@b.example>"),
        ("<https://example.com/>", "<https://example.com/>"),
        ("```xml\n<b>\n```\n<b>", "```xml\n<b>\n```\n\n&lt;b>"),
        ("```\nopen <b>", "```\nopen <b>\n```"),
        ("````\n```\n<b>\n````", "````\n```\n<b>\n````"),
        ("~~~ xml\n<b>\n\n```\n~~~\n<c>", "````xml\n<b>\n\n```\n````\n\n&lt;c>"),
        ("```\n~~~\n<b>\n~~~", "```\n~~~\n<b>\n~~~\n```"),
        ("~~~\n~~~\nx", "```\n\n```\n\nx"),
        ("~~~\n<b>", "\\~\\~\\~\n&lt;b>"),
        ("```\n~~~\n<b>\n```\n<c>", "```\n~~~\n<b>\n```\n\n&lt;c>"),
        ("```curl -s x\nmore```", "```\ncurl -s x\nmore\n```"),
        ("a\n\n    <b>\n    c\n\nd", "a\n\n```\n<b>\nc\n```\n\nd"),
        ("- a\n\n    <b>", "- a\n\n    &lt;b>"),
        ("<% x %> {{ y }} {% z %}", "<% x %> {{ y }} {% z %}"),
        ("", ""),
    ],
)  # fmt: skip
def test_text_stays_markdown_and_nothing_in_it_is_hidden(text: str, written: str) -> None:
    assert markdown(text) == written


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@settings(max_examples=120)
def test_no_text_holds_html_for_a_reader_of_markdown_and_no_word_of_it_is_lost(text: str) -> None:
    reader = pytest.importorskip("markdown_it").MarkdownIt("commonmark").enable("table")

    def html(tokens: Any) -> Iterator[str]:
        for token in tokens:
            if token.type in ("html_block", "html_inline"):
                yield token.content
            yield from html(token.children or ())

    written = markdown(text)
    assert list(html(reader.parse(written))) == []
    assert re.findall(r"[abcxyé]", written.replace("&lt;", "<")) == re.findall(
        r"[abcxyé]", text.replace("&lt;", "<")
    )
    # The mark stays a comment, whatever comes after it.
    whole, _ = body(Author("@x`<b>", "`"), text, "opsmark")
    assert list(html(reader.parse(whole))) == ["<!-- opsroom opsmark -->"]


@given(st.text(max_size=200))
@settings(max_examples=40)
def test_whatever_the_text_the_mark_stands_before_it_in_the_first_line(text: str) -> None:
    written, missing = body(ALICE, text, "opsmark")
    assert missing == 0
    assert written.partition("\n")[0].endswith(" <!-- opsroom opsmark -->")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("@everyone", "`@everyone` via opsroom, execution 65f0"),
        ("[x](https://evil.example) <b>",
         "`[x](https://evil.example) <b>` via opsroom, execution 65f0"),
        ("a`b", "``a`b`` via opsroom, execution 65f0"),
        ("`a", "`` `a `` via opsroom, execution 65f0"),
        ("a\n\n# b", "`a # b` via opsroom, execution 65f0"),
        ("acme/web#1 (unknown here)", "`acme/web#1 (unknown here)` via opsroom, execution 65f0"),
    ],
)  # fmt: skip
def test_the_name_of_the_author_is_text_and_calls_nobody(name: str, line: str) -> None:
    written, _ = body(Author(name, link="execution 65f0"), "", "m")
    assert written == f"{line} <!-- opsroom m -->"


def test_a_title_is_one_line() -> None:
    assert title(" a\n b\tc ") == ("a b c", 0)


def test_a_body_reads_back_without_comments_and_with_code_as_it_is() -> None:
    text = "x <!-- a\nb -->\r\n1 &lt; 2 <b>\r\n```\r\n<!-- code -->  &lt;\r\n```\r\n\r\n<!-- open"
    assert plain(text) == "x\n1 < 2 <b>\n```\n<!-- code -->  &lt;\n```\n\n<!-- open"
    assert plain("<!--" * 20_000).startswith("<!--")
