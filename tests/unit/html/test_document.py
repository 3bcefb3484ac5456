"""What every page has: a policy that names its style and script alone, texts as texts, and a file
that is never half there."""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import datetime
from hashlib import sha256
from html import unescape
from pathlib import Path

import pytest

from opsroom.errors import Failure
from opsroom.html import PRIVATE, PUBLIC, write
from opsroom.html.document import document, moment, short
from opsroom.html.escaping import anchor, escape, is_address

SCRIPT = "document.title = '1';"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "page.css").write_text("b > i { content: '&'; }")
    (tmp_path / "page.html.j2").write_text(
        '{% extends "frame.html.j2" %}{% block title %}{{ text }}{% endblock %}'
        '{% block body %}<p class="{{ text }}">{{ text }}</p>{% endblock %}'
    )
    return tmp_path


def _digest(content: str) -> str:
    return b64encode(sha256(content.encode()).digest()).decode()


@pytest.mark.parametrize("script", ["", SCRIPT])
def test_the_policy_names_the_style_and_the_script_that_are_there(
    folder: Path, script: str
) -> None:
    page = document(folder, "page.html.j2", script=script, text="web")
    found = re.search('Content-Security-Policy" content="([^"]*)"', page)
    style = re.search("<style>(.*?)</style>", page, re.DOTALL)
    assert found
    assert style
    assert style[1].endswith("b > i { content: '&'; }")
    scripts = re.findall("<script>(.*?)</script>", page, re.DOTALL)
    assert scripts == [script] * bool(script)
    assert unescape(found[1]).split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{_digest(style[1])}'",
        *[f"script-src 'sha256-{_digest(one)}'" for one in scripts],
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_a_text_is_a_text_wherever_it_stands(folder: Path) -> None:
    page = document(folder, "page.html.j2", text="</title>\"><script>'{{ 1 + 1 }}\u202e\x1b")
    assert page.count("&lt;/title&gt;&#34;&gt;&lt;script&gt;&#39;{{ 1 + 1 }}\ufffd\ufffd") == 3
    assert "<script" not in page


def test_marks_that_change_how_a_line_reads_are_made_visible() -> None:
    assert escape("a\u202eb\u2066c\x00<") == "a\ufffdb\ufffdc\ufffd&lt;"
    assert escape("שלום 世界") == "שלום 世界"


def test_only_addresses_of_the_web_are_links() -> None:
    assert is_address("https://ci.example.com/1")
    assert is_address("http://ci.example.com/1")
    assert not [
        one
        for one in ("javascript:alert(1)", "JAVASCRIPT:x", " https://x", "data:,x", "//x", "")
        if is_address(one)
    ]


def test_moments_and_ids_are_these() -> None:
    at = datetime(2026, 11, 23, 14, 2, 45)
    assert (short(at), moment(at)) == ("2026-11-23 14:02", "2026-11-23 14:02:45")
    assert moment(None) == "at an unknown time"
    assert anchor('4f"> <x') == "d-4fx"


@pytest.mark.parametrize(("mode", "folder_mode"), [(PRIVATE, 0o750), (PUBLIC, 0o755)])
def test_who_may_read_the_file_may_enter_its_new_folder(
    tmp_path: Path, mode: int, folder_mode: int
) -> None:
    path = write(tmp_path / "new" / "web", "page.html", b"x", "board", mode)
    assert path.read_bytes() == b"x"
    assert path.stat().st_mode & 0o777 == mode
    assert path.parent.stat().st_mode & 0o777 == folder_mode
    assert [one.name for one in path.parent.iterdir()] == ["page.html"]


def test_a_file_that_cannot_be_written_is_named_with_its_subject(tmp_path: Path) -> None:
    (tmp_path / "web").write_text("a file")
    with pytest.raises(Failure, match=r"^The board cannot be written to .*web/page\.html"):
        write(tmp_path / "web", "page.html", b"x", "board")
