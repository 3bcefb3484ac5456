"""The page in a real browser: at every size, with hostile texts, out of date, and for people who
see little or use no mouse."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest

from opsroom.board.model import Board, Outcome, Past, Place, Row
from opsroom.board.render import as_html
from support.servers.browser import BROWSER, NO_BROWSER, Browser, Tab, axe_script, running
from support.servers.http import HttpServer, Reply
from support.worlds.boards import NOW, full_board

pytestmark = pytest.mark.skipif(not BROWSER, reason=NO_BROWSER)

SIZES = (360, 1280, 1920)
LINK = "https://st2.example.com/#/history/5f0000000000000000000001"
ATTACKS = (
    "</script><script>window.hit = 1</script>",
    "\"><img src=x onerror='window.hit = 1'>",
    "</title></style><svg onload=window.hit=1>",
    "' onfocus=window.hit=1 autofocus tabindex=1 x='",
    "<iframe srcdoc='<script>parent.hit=1</script>'></iframe>",
    "javascript:window.hit=1",
    "{{ constructor.constructor('window.hit=1')() }}",
    "--><script>window.hit=1</script><!--",
    "<meta http-equiv=refresh content='0;url=data:text/html,hit'>",
)
AGE = "getComputedStyle(document.querySelector('.stale')).visibility"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running() as one:
        yield one


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    one = browser.tab()
    one.size(1280, 900)
    yield one
    one.close()


def write(tmp_path: Path, board: Board) -> str:
    path = tmp_path / "board.html"
    path.write_text(as_html(board), encoding="utf-8")
    return path.as_uri()


def now() -> datetime:
    return datetime.now(timezone.utc)


def busy_board() -> Board:
    """As many places as a large team has, with what may be special about them."""
    environments = ("dev", "test", "uat", "staging", "production")
    names = ["a" * 63, "日本語の名前", "שם ארוך", "web"]
    rows: List[Row] = []
    for number in range(6):
        app = f"service-{number}-{names[number % 4]}"
        places = [
            Place(app, one, f"v1.{number}.0+{'b' * (number * 6)}", NOW, names[number % 4],
                  link=LINK, drift=number == 3, silent="x" * 80 if number == 4 else "")
            for one in environments
        ]  # fmt: skip
        rows.append(Row(app, tuple(places)))
    past = tuple(
        Past(NOW - timedelta(hours=one * 5), names[one % 4], "uat", f"v{one}", Outcome.SUCCEEDED,
             f"v{one - 1}", names[one % 3], "deploy", f"d{one}", 3.0, LINK, LINK)
        for one in range(30)
    )  # fmt: skip
    return full_board(
        "a long text " * 9, LINK, environments=environments, rows=tuple(rows), past=past
    )


@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize("board", [full_board(link=LINK), busy_board(), Board(NOW)])
def test_nothing_sticks_out_at_any_size_and_nothing_is_complained_of(
    tab: Tab, tmp_path: Path, width: int, board: Board
) -> None:
    tab.size(width, 900)
    tab.open(write(tmp_path, board))
    assert tab.ask("document.documentElement.scrollWidth") <= width
    outside = (
        "[...document.querySelectorAll('main *, header *, footer *')].filter(one => {"
        "const box = one.getBoundingClientRect(); return box.width && box.right > innerWidth + 1"
        " && !one.closest('.wide:not(.few)') && !one.closest('thead')}).map(one => one.outerHTML)"
    )
    assert tab.ask(outside) == []
    assert tab.logged() == []


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_hostile_text_is_text_in_every_place(tab: Tab, tmp_path: Path, attack: str) -> None:
    plain = write(tmp_path, full_board("text", LINK, left_out=()))
    count = "document.querySelectorAll('*').length"
    tab.open(plain)
    elements = tab.ask(count)
    tab.open(write(tmp_path, full_board(attack, LINK, left_out=())))
    assert tab.ask("typeof window.hit") == "undefined"
    assert tab.ask(count) == elements
    assert (
        tab.ask("document.querySelectorAll('img, iframe, svg, [onfocus], [onerror]').length") == 0
    )
    assert attack in tab.ask("document.querySelector('.cards').textContent")
    assert tab.ask("[...document.links].every(one => !/^javascript/i.test(one.href))")
    assert tab.logged() == []


def test_its_policy_stops_what_would_get_past_the_escaping(tab: Tab, tmp_path: Path) -> None:
    tab.open(write(tmp_path, full_board()))
    tab.ask(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.hit = 1\">');"
        "document.body.append(Object.assign(document.createElement('script'),"
        " { textContent: 'window.hit = 2' })); document.body.setAttribute('style', 'color: red');"
        "new Promise(done => setTimeout(done, 200))"
    )
    assert tab.ask("typeof window.hit") == "undefined"
    refused = " ".join(tab.logged())
    for directive in ("img", "script-src", "style-src"):
        assert directive in refused


@pytest.mark.skipif(axe_script() is None, reason="the package axe-core-python is not installed")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("board", [full_board(link=LINK), Board(NOW), busy_board()])
def test_people_who_see_little_or_hear_the_page_can_read_it(
    tab: Tab, tmp_path: Path, dark: bool, width: int, board: Board
) -> None:
    tab.size(width, 900, dark)
    tab.open(write(tmp_path, board))
    tab.ask(axe_script() or "")
    found = tab.ask("axe.run(document).then(one => JSON.stringify(one.violations))")
    violations = [
        (one["id"], node["html"][:200], node["failureSummary"])
        for one in json.loads(found)
        for node in one["nodes"]
    ]
    assert violations == []


def test_a_keyboard_goes_through_the_links_from_top_to_bottom(tab: Tab, tmp_path: Path) -> None:
    tab.size(360, 900)
    tab.open(write(tmp_path, full_board(link=LINK)))
    count = tab.ask("document.links.length")
    assert count > 20
    at: List[Dict[str, Any]] = []
    for _ in range(count):
        tab.press("Tab")
        at.append(
            tab.ask(
                "(() => { const one = document.activeElement, box = one.getBoundingClientRect();"
                "return { tag: one.tagName, top: Math.round(box.top + scrollY), left: box.left,"
                " outline: getComputedStyle(one).outlineStyle,"
                " name: one.textContent || one.getAttribute('aria-label') } })()"
            )
        )
    assert {one["tag"] for one in at} == {"A"}
    assert {one["outline"] for one in at} == {"solid"}
    assert all(one["name"].strip() for one in at)
    # A few pixels: two of one line.
    assert all(after["top"] >= before["top"] - 12 for before, after in zip(at, at[1:]))


def test_a_new_page_is_not_out_of_date_and_an_old_one_says_so(tab: Tab, tmp_path: Path) -> None:
    tab.open(write(tmp_path, full_board(made_at=now())))
    assert tab.ask(AGE) == "hidden"
    tab.open(write(tmp_path, full_board(made_at=now() - timedelta(minutes=6))))
    assert tab.ask(f"new Promise(done => setTimeout(() => done({AGE}), 100))") == "visible"
    assert "Out of date." in tab.ask("document.querySelector('.stale').innerText")
    assert tab.ask("document.querySelector('.stale').getBoundingClientRect().height") > 30


def test_without_scripts_the_style_alone_says_so_after_a_while(tab: Tab, tmp_path: Path) -> None:
    tab.size(1280, 900, script=False)
    tab.open(write(tmp_path, full_board(made_at=now())))
    # No promise is kept where scripts are off, so nothing waits for a frame.
    later = f"document.querySelector('.stale').getAnimations()[0].currentTime = {{}}; {AGE}"
    assert tab.ask(later.format(299_000)) == "hidden"
    assert tab.ask(later.format(301_000)) == "visible"


def soon(page: str) -> bytes:
    """The page, loaded again after a second in place of half of `stale_after`."""
    assert 'content="150; url=' in page
    return page.replace('content="150; url=', 'content="1; url=').encode()


def test_without_scripts_an_unchanged_page_knows_that_it_came_again(tab: Tab) -> None:
    delay = "getComputedStyle(document.querySelector('.stale')).animationDelay"
    html = {"Content-Type": "text/html; charset=utf-8"}
    pages = [
        Reply(body=soon(as_html(full_board(made_at=NOW + timedelta(seconds=one)))), headers=html)
        for one in (0, 60, 60)
    ]
    tab.size(1280, 900, script=False)
    with HttpServer() as server:
        server.on("/board.html", *pages)
        tab.open(server.url("/board.html"))
        assert tab.ask(delay) == "300s"
        # It was renewed meanwhile: the address names the page before.
        tab.wait_for_another()
        assert tab.ask("location.hash") == "#at-20261130T140245"
        assert tab.ask(delay) == "300s"
        # It was not: half of the time has passed already.
        tab.wait_for_another()
        assert tab.ask("location.hash") == "#at-20261130T140345"
        assert tab.ask(delay) == "150s"
        # From there no browser has to load it again: it is the same place. It ages.
        later = f"document.querySelector('.stale').getAnimations()[0].currentTime = 151000; {AGE}"
        assert tab.ask(later) == "visible"


def test_its_script_renews_it_but_not_from_a_server_that_is_away(tab: Tab) -> None:
    html = {"Content-Type": "text/html; charset=utf-8"}
    page = Reply(body=as_html(full_board(made_at=now())), headers=html)
    with HttpServer() as server:
        server.on("/board.html", page)
        server.on("/board.html", Reply(502), Reply(200, headers=html), method="HEAD")
        tab.open(server.url("/board.html"))
        tab.pass_time(61)
        assert [one.method for one in server.requests if one.path == "/board.html"] == [
            "GET", "HEAD",
        ]  # fmt: skip
        tab.ask("window.same = true")
        tab.pass_time(61, "Page.loadEventFired")
        methods = [one.method for one in server.requests if one.path == "/board.html"]
        assert methods == ["GET", "HEAD", "HEAD", "GET"]
        assert tab.ask("typeof window.same") == "undefined"


def test_it_prints(tab: Tab, tmp_path: Path) -> None:
    tab.open(write(tmp_path, full_board(made_at=NOW - timedelta(days=9))))
    tab.call("Emulation.setEmulatedMedia", media="print")
    assert tab.ask("getComputedStyle(document.querySelector('.stale')).display") == "none"
    printed = tab.call("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)["data"]
    assert len(printed) > 20_000
