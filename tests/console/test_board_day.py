"""`make board`: the day in its world passes as written, and its page shows what happened."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from console import PACK
from console.board import BROWSERS, draw, main

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="no git on the PATH")
PNG = b"\x89PNG\r\n\x1a\n"


def test_the_page_of_the_demo_shows_something_of_everything(tmp_path: Path) -> None:
    assert main(["--folder", str(tmp_path / "world")]) == 0
    page = (tmp_path / "world" / "board" / "board.html").read_text("utf-8")
    for wanted in (
        "v2.2.0 is coming: deploying",
        "v2.2.0-broken failed",
        "differs: the record has nothing",
        "0 of 1 approved",
        "May approve: <bdi>release-managers</bdi>",
        "is locked: <bdi>load test</bdi>",
        "checkout takes no cards",
    ):
        assert wanted in page, wanted
    # What was going on while the page was made has ended since.
    assert (tmp_path / "world/servers/test/api/VERSION").read_text() == "v2.2.0\n"


def test_the_picture_of_the_docs_is_one() -> None:
    assert (PACK / "docs" / "board.png").read_bytes().startswith(PNG)


@pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason=f"none of {BROWSERS} is here")
def test_a_page_is_drawn_by_a_browser(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<h1>The board</h1>")
    draw(tmp_path / "page.html", tmp_path / "page.png")
    assert (tmp_path / "page.png").read_bytes().startswith(PNG)


def test_without_a_browser_there_is_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RuntimeError, match="The picture takes a browser: chromium, "):
        draw(PACK / "README.md", PACK / "none.png")
