"""The audit report in a real browser: its style is the one that its policy names, it fits, and
people who see little can read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Iterator

import pytest

from opsroom.audit.period import read_period
from opsroom.audit.render.html import as_html
from opsroom.audit.report import make_report
from opsroom.db.store import open_store
from opsroom.records.model import Event
from support.records.ledgers import Book
from support.servers.browser import BROWSER, NO_BROWSER, Browser, axe_script, running

pytestmark = pytest.mark.skipif(not BROWSER, reason=NO_BROWSER)

ATTACK = "</style><script>window.hit = 1</script>\"><img src=x onerror='window.hit = 1'>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running() as one:
        yield one


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_a_report_is_shown_as_it_is_meant(
    browser: Browser, tmp_path: Path, width: int, dark: bool
) -> None:
    book = Book(open_store(f"sqlite:///{tmp_path}/opsroom.db"))
    book.approved("d1", version=ATTACK)
    book.deployed("d2", before="v2", version="v3", who=ATTACK)
    book.write(Event.ASKED, "bob", "d3", version=ATTACK)
    book.write(Event.REFUSED, "bob", "d3", version=ATTACK, code="not_allowed", message=ATTACK)
    page = tmp_path / "report.html"
    page.write_text(as_html(make_report(book.store, read_period("2026-11"), "")), "utf-8")
    tab = browser.tab()
    tab.size(width, 900, dark)
    tab.open(page.as_uri())
    assert tab.ask("getComputedStyle(document.querySelector('.verdict')).borderLeftWidth") == "5px"
    assert tab.ask("typeof window.hit") == "undefined"
    assert tab.ask("document.querySelectorAll('img, script').length") == 0
    assert tab.ask("document.documentElement.scrollWidth") <= width
    assert tab.logged() == []
    script = axe_script()
    if script is not None:
        tab.ask(script)
        found = tab.ask("axe.run(document).then(one => JSON.stringify(one.violations))")
        assert [(one["id"], one["nodes"][0]["html"]) for one in json.loads(found)] == []
    tab.close()
