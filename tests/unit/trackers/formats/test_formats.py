"""Text in the formats of Jira: the Atlassian Document Format and wiki markup, there and back."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from opsroom.trackers.formats import adf, wiki
from opsroom.trackers.formats.text import Code, blocks, clean
from support.contracts.descriptions import document as described
from support.contracts.descriptions import vendors_own
from support.contracts.operations import inlined, validator_of

_PIECES = [
    "```", "```python\n", "\n", "\n\n", " ", "word", "https://a.example/x?y=1&z=[2]", "<b>",
    "&amp;", "\\\\",
]  # fmt: skip
_PIECES += [
    *"{}[]*_-+^~!|#?:;()%@&\\Px1",
    "{code}",
    "{noformat}",
    "h1. ",
    "bq. ",
    "||",
    "{{",
    "}}",
    "[~bob]",
]
_PIECES += [
    "😀",
    "\t",
    "\x00",
    "{{ x }}",
    "<% x %>",
    "----",
    "(/)",
    ":)",
    "C:\\new\\*",
    "snake_case_name",
    "é",
]
# Each run has other texts; so few in each are many.
FEW = settings(max_examples=40)
TEXTS = st.one_of(
    st.text(max_size=200), st.lists(st.sampled_from(_PIECES), max_size=40).map("".join)
)


def letters(text: str) -> str:
    return re.sub(r"\s", "", clean(text))


def shown(text: str) -> str:
    """What a reader must see of a text: everything but fences and the language of code."""
    parts = [
        block.text if isinstance(block, Code) else "\n".join(block.lines) for block in blocks(text)
    ]
    return letters("\n".join(parts))


@pytest.fixture(scope="module", params=["our description", "the vendor's"])
def valid(request):
    jsonschema = pytest.importorskip("jsonschema")
    if request.param != "our description":
        return jsonschema.Draft4Validator(vendors_own("adf-full.schema.json")).validate
    whole = described("jira-cloud-3")
    schema = inlined(whole, whole["components"]["schemas"]["Document"])
    return validator_of(schema).validate


def test_text_becomes_a_document():
    assert adf.document("a https://a.example/ b\nc\n\n```sh\nx\n\ny\n```") == {
        "type": "doc", "version": 1,
        "content": [
            {
                "type": "paragraph",
                "content": [
                    {"type": "text", "text": "a "},
                    {
                        "type": "text", "text": "https://a.example/",
                        "marks": [{"type": "link", "attrs": {"href": "https://a.example/"}}],
                    },
                    {"type": "text", "text": " b"}, {"type": "hardBreak"},
                    {"type": "text", "text": "c"},
                ],
            },
            {
                "type": "codeBlock", "attrs": {"language": "sh"},
                "content": [{"type": "text", "text": "x\n\ny"}],
            },
        ],
    }  # fmt: skip


@settings(max_examples=15)
@given(TEXTS)
@example("")
@example("```\n```")
@example("a\n\n\n\nb")
def test_every_text_becomes_a_document_that_the_vendor_takes(valid, text):
    valid(adf.document(text))


def test_the_vendors_description_can_refuse(valid):
    with pytest.raises(Exception, match="valid"):
        valid(
            {
                "type": "doc",
                "version": 1,
                "content": [{"type": "paragraph", "content": [{"type": "text", "text": ""}]}],
            }
        )


@FEW
@given(TEXTS)
def test_a_document_comes_back_as_the_text_it_was_made_of(text):
    assert letters(adf.plain(adf.document(text))) == shown(text)


def node(kind, *content, **attrs):
    made = {
        "type": kind,
        "content": [
            {"type": "text", "text": one} if isinstance(one, str) else one for one in content
        ],
    }
    return {**made, "attrs": attrs} if attrs else made


P = "paragraph"


def item(*content):
    return node("listItem", *content)


def cell(text, kind="tableCell"):
    return node(kind, node(P, text))


def link(text, address):
    return {"type": "text", "text": text, "marks": [{"type": "link", "attrs": {"href": address}}]}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (node("doc", node(P, "a"), node(P, "b", {"type": "hardBreak"}, "c")), "a\n\nb\nc"),
        (node("doc", node("heading", "H", level=1), node(P, "b")), "H\n\nb"),
        (node("doc", node("bulletList", item(node(P, "a")), item(node(P, "b")))), "- a\n- b"),
        (node("doc", node("orderedList", item(node(P, "a")), order=3)), "3. a"),
        (
            node("doc", node("bulletList", item(node(P, "a"), node("bulletList", item(node(P,
            "b")))))),
            "- a\n  - b",
        ),
        (node("doc", node("blockquote", node(P, "a"), node(P, "b"))), "> a\n> b"),
        (node("doc", node("panel", node(P, "a"), panelType="info")), "a"),
        (node("doc", node("expand", node(P, "a"), title="More")), "More\n\na"),
        (node("doc", node("codeBlock", "x\n  y", language="sh")), "x\n  y"),
        (
            node("table", node("tableRow", cell("a", "tableHeader"), cell("b")),
            node("tableRow", cell("c"))),
            "a | b\nc",
        ),
        (node("doc", node(P, "hi ", {"type": "mention", "attrs": {"id": "1", "text": "@Ann"}})),
         "hi @Ann"),
        (node("doc", node(P, {"type": "emoji", "attrs": {"shortName": ":x:", "text": "😀"}})), "😀"),  # noqa: E501
        (node("doc", node(P, {"type": "inlineCard", "attrs": {"url": "https://a.example"}})),
         "https://a.example"),
        (node("doc", node(P, {"type": "status", "attrs": {"text": "OPEN", "color": "red"}})),
         "OPEN"),
        (node("doc", node(P, {"type": "date", "attrs": {"timestamp": "1582152559000"}})),
         "2020-02-19"),
        (node("taskList", node("taskItem", "a", state="DONE"), node("taskItem", "b", state="TODO")),
         "[x] a\n[ ] b"),
        (node("doc", node("mediaSingle", node("media", alt="a picture", id="1")), node(P, "b")),
         "a picture\n\nb"),
        (node("doc", node(P, "a"), {"type": "rule"}, node(P, "b")), "a\n\n----\n\nb"),
        (node("doc", node("novelty", node(P, "a"), node(P, "b"))), "a\n\nb"),
        (node("doc", node(P, node("novelInline", "a"), "b")), "ab"),
        (node("doc", node(P, link("here", "https://a"))), "here (https://a)"),
        (node("doc", node(P, link("here", "javascript:x"))), "here"),
        (None, ""),
        ("text", ""),
        ({"type": ["x"], "content": {"a": 1}}, ""),
    ],
)  # fmt: skip
def test_every_kind_of_node_reads_as_plain_text(document, expected):
    assert adf.plain(document) == expected


_KEYS = st.sampled_from(["type", "content", "attrs", "text", "marks", "order"])
_KINDS = st.sampled_from(
    ["text", "doc", "bulletList", "orderedList", "tableRow", "date", "mention", "link", "taskItem"]
)


@FEW
@given(
    st.recursive(
        st.none() | st.integers() | st.text() | _KINDS,
        lambda inner: st.lists(inner) | st.dictionaries(_KEYS, inner),
    )
)
def test_no_nonsense_makes_the_reader_of_documents_fall(document):
    assert isinstance(adf.plain(document), str)


def test_a_document_that_is_far_too_deep_does_not_make_it_fall():
    document: object = "x"
    for _ in range(5000):
        document = {"type": "panel", "content": [document]}
    assert adf.plain(document) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain words, really. Sure?", "plain words, really. Sure?"),
        ("snake_case web-team 1+1 a*b", "snake_case web-team 1+1 a*b"),
        ("*bold* _it_ -del- +ins+ ^up^ ~down~", r"\*bold* \_it_ \-del- \+ins+ \^up^ \~down~"),
        ("{code} {color:red}", r"\{code\} \{color:red\}"),
        ("{{mono}}", "&#123;&#123;mono&#125;&#125;"),
        ("[a|http://b.example] [~bob]", r"\[a\|[http://b.example]\] \[\~bob\]"),
        ("!pic.png! wow!", r"\!pic.png! wow!"),
        ("|a|b|\n||h||", "\\|a\\|b\\|\n\\|\\|h\\|\\|"),
        ("# one\n* two\n- three\n#17 and #18", "\\# one\n\\* two\n\\- three\n\\#17 and #18"),
        ("h1. x\nbq. y\nh1.x", "h1&#46; x\nbq&#46; y\nh1.x"),
        ("??quote??", r"\?\?quote\?\?"),
        ("----", r"\-\-\-\-"),
        ("a -- b", r"a \-\- b"),
        (r"C:\dir\sub \\host \* \n", r"C:\dir\sub &#92;&#92;host &#92;\* \n"),
        ("&lt; & &#92;", "&amp;lt; & &amp;#92;"),
        (":) ;) :P (/) (x) (see)", r":\) ;\) &#58;P \(/) \(x) (see)"),
        ("https://a.example/a_b_c?d={e}|f", "https://a.example/a_b_c?d=%7Be%7D%7Cf"),
        ("a\n\nb", "a\n\nb"),
        ("```python\n*x*\n```", "{code:python}\n*x*\n{code}"),
        ("```\n*x*\n```", "{noformat}\n*x*\n{noformat}"),
        ("```klingon\n*x*\n```", "{noformat}\n*x*\n{noformat}"),
        ("```python\n{code}\n```", "{noformat}\n{code}\n{noformat}"),
        ("```\n{noformat}\n```", "{code}\n{noformat}\n{code}"),
        ("```\n{noformat}{code}\n```", "{noformat}\n{ noformat}{code}\n{noformat}"),
    ],
)
def test_text_becomes_markup_in_which_nothing_of_it_means_anything(text, expected):
    assert wiki.markup(text) == expected


# What Jira's renderer takes for an escape, and what would be markup after that (atlassian-renderer,
# "v2.components").
_ESCAPE = re.compile(r"(?:^|(?<!\\))\\[-#*_+?^~|%{}\[\]()!@]|&#?\w+;")
_ACTIVE = [
    r"[{}\[\]|]",
    r"\\\\",
    r"(?<![^\W_])[*_+^~-](?=\S)",
    r"^\s*[*#-]+\s",
    r"\?\?",
    r"!(?=\S)[^!]*\S!",
]
_ACTIVE += [r"^\s*(?:h[1-6]|bq)\.\s"]


@FEW
@given(TEXTS)
@example("\\{x}")
@example("\\\\*x*")
@example("a\\")
def test_no_text_leaves_markup_that_the_renderer_would_act_upon(text):
    source = re.sub(
        r"\{(noformat|code)(:[^}]*)?\}\n.*?\n\{\1\}", "", wiki.markup(text), flags=re.DOTALL
    )
    rest = re.sub(
        r"\[https?://[^\]\s]*\]|https?://\S+", "\x01", _ESCAPE.sub("\x01", source),
        flags=re.IGNORECASE,
    )  # fmt: skip
    for pattern in _ACTIVE:
        assert not re.search(pattern, rest, re.MULTILINE), (pattern, source)


@FEW
@given(TEXTS.filter(lambda text: "://" not in text and "{noformat" not in text))
def test_markup_comes_back_as_the_text_it_was_made_of(text):
    assert letters(wiki.plain(wiki.markup(text))) == shown(text)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a\r\nb", "a\nb"),
        ("h2. Title\n\ntext", "Title\n\ntext"),
        ("{color:red}x{color} {quote}y{quote}", "x y"),
        ("{code:title=a.py|borderStyle=solid}\n*x*\n  y\n{code}\nz", "*x*\n  y\nz"),
        ("{noformat}[a|b]{noformat}", "[a|b]"),
        ("[here|https://a.example] [https://b.example]",
         "here (https://a.example) https://b.example"),
        ("[~bob] [~accountid:5b10]", "@bob @5b10"),
        ("{{mono}} \\{x\\} a\\\\b &lt;", "mono {x} a\nb <"),
        ("bq. said", "> said"),
    ],
)  # fmt: skip
def test_markup_that_people_write_reads_as_plain_text(source, expected):
    assert wiki.plain(source) == expected


@FEW
@given(TEXTS)
def test_no_markup_is_too_broken_to_be_read(source):
    assert isinstance(wiki.plain(source), str)


@pytest.mark.parametrize("source", ["{code:x}", "{{", "{quote:", "[a|b"])
def test_markup_that_never_ends_is_read_at_once(source):
    begun = time.monotonic()
    wiki.plain(source * 30_000)
    assert time.monotonic() - begun < 10
