"""`make figures`: the page of a made-up quarter, from the figures of any other record."""

from __future__ import annotations

from pathlib import Path

from console.figures import make
from console.world import build


def test_the_quarter_has_everything_that_the_page_shows(tmp_path: Path) -> None:
    page = make(build(tmp_path / "world"))
    assert page.name == "metrics-2026-Q3-production.html"
    text = page.read_text("utf-8")
    assert text.count('<svg viewBox="0 0 880') == 3
    for part in ("Each application", "<td>api</td>", "<td>web</td>", 'class="bad"'):
        assert part in text
    assert ">0.0 %<" not in text
