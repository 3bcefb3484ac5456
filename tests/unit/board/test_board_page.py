"""The page: what a reader sees in each case, and what a text from outside cannot do."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any, Dict, List, Tuple

import pytest

from opsroom.board.model import Board, Outcome, Past, Place, Row
from opsroom.board.render import as_html, figures
from support.worlds.boards import NOW, full_board

ATTACK = "</script><script>alert(1)</script>\" onmouseover='x' <img src=x onerror=y>&amp;"
# Elements without an end.
VOID = ("meta", "br", "!doctype")


class Reader(HTMLParser):
    """What a browser would make of the page: its tags with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: List[Tuple[str, Dict[str, Any]]] = []
        self.open: List[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Any]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.text += data


def read(board: Board) -> Reader:
    return Reader(as_html(board))


def one_place(**values: Any) -> Board:
    place = Place("web", "uat", **values)
    return Board(NOW, environments=("uat",), rows=(Row("web", (place,)),), asked=True)


def test_every_text_from_outside_is_a_text_on_the_page() -> None:
    page = read(full_board(ATTACK, link=f"https://st2.example.com/{ATTACK}"))
    assert page.open == []
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert not {"img", "iframe", "form", "object", "link", "base"} & {tag for tag, _ in page.tags}
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
    assert "<script>alert(1)</script>" in page.text
    known = ("#", "https://st2.example.com/")
    assert not [a["href"] for tag, a in page.tags if tag == "a" and not a["href"].startswith(known)]


def test_nothing_of_what_is_on_the_board_is_missing() -> None:
    text = " ".join(read(full_board("txt")).text.split())
    for wanted in (
        "txt txt on txt", "Its runner is gone", "Incident txt for txt: txt", "card txt, page txt",
        "Page txt", "1 of 2 approved", "May approve: txt", "To be confirmed by txt",
        "An emergency to be reviewed: txt", "txt is frozen: txt", "No end in sight",
        "txt is locked: txt", "and 3 more", "differs: the record has txt", "no answer: txt",
        "txt is coming: txt", "txt failed", "locked", "not through opsroom", "interrupted",
        "cancelled", "nothing yet", "in 12 s",
    ):  # fmt: skip
        assert wanted in text, wanted


def test_a_place_links_to_the_execution_or_to_its_line_below() -> None:
    link = "https://st2.example.com/#/history/1"
    assert f'<a href="{link}"><bdi>v1</bdi></a>' in as_html(one_place(version="v1", link=link))
    past = Past(NOW, "web", "uat", "v1", Outcome.SUCCEEDED, deployment="d1")
    linked = one_place(version="v1", deployment="d1")
    page = as_html(Board(NOW, environments=("uat",), rows=linked.rows, past=(past,)))
    assert '<a href="#d-d1"><bdi>v1</bdi></a>' in page
    assert 'id="d-d1"' in page
    assert '<span class="v"><bdi>v1</bdi></span>' in as_html(linked)


def test_every_link_within_the_page_leads_somewhere() -> None:
    for board in (full_board("txt"), Board(NOW), one_place()):
        page = read(board)
        ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        inner = [a["href"] for tag, a in page.tags if tag == "a" and a["href"].startswith("#")]
        assert {one[1:] for one in inner} <= set(ids)


def test_the_figures_count_what_needs_someone() -> None:
    found = {one.label: (one.count, one.target) for one in figures(full_board())}
    assert found == {
        "being deployed": (2, "going"),
        "incidents and pages": (2, "alerts"),
        "changes waiting": (3, "waiting"),
        "locks and freezes": (7, "held"),
        "differ from the record": (1, "places"),
        "do not answer": (1, "places"),
    }


@pytest.mark.parametrize(
    ("board", "sentence"),
    [
        (Board(NOW), "No environment is configured. Add one under environments in opsroom.yaml"),
        (Board(NOW, narrowed=True), "No environment is shown: board.environments in opsroom.yaml"),
        (Board(NOW, environments=("uat",)), "No application is configured for uat. Add one under"),
        (one_place(), "Nothing has been deployed yet. In the room: deploy APP VERSION to"),
        (one_place(), "nothing yet"),
    ],
)
def test_an_empty_world_says_what_helps(board: Board, sentence: str) -> None:
    page = read(board)
    assert sentence in " ".join(page.text.split())
    assert page.open == []


def test_one_place_alone_and_a_long_name_are_a_page_too() -> None:
    page = read(one_place(version="v" * 80, by="n" * 60, since=NOW))
    assert "v" * 80 in page.text


def test_names_from_right_to_left_keep_to_themselves() -> None:
    page = as_html(one_place(version="v1", by="שלום", since=NOW))
    assert "<bdi>שלום</bdi>" in page
    assert "<bdi>世界</bdi>" in as_html(one_place(version="世界"))


def test_times_are_those_of_the_configured_zone() -> None:
    ago = NOW - timedelta(days=40)
    page = as_html(
        Board(
            NOW,
            timezone="Asia/Tokyo",
            environments=("uat",),
            rows=(Row("web", (Place("web", "uat", "v1", since=NOW),)),),
            past=(Past(ago, "web", "uat", "v1", Outcome.SUCCEEDED),),
        )
    )
    assert '<time datetime="2026-11-30T14:02:45Z">23:02</time>' in page
    assert "<h3>Wednesday 21 Oct</h3>" in page
    assert "Made at" in page
    assert "30 Nov 2026, 23:02:45" in page
    assert "Times are Asia/Tokyo." in page


def test_it_says_when_it_was_made_and_when_it_is_out_of_date() -> None:
    page = as_html(Board(NOW, stale_after=600.0))
    assert 'data-made="2026-11-30T14:02:45Z" data-after="600"' in page
    assert ".stale { animation-delay: 600s; }" in page
    # Without scripts it is loaded again under an address that names its moment; where it comes
    # again unchanged, it is as old as the pause already.
    assert (
        '<noscript><meta http-equiv="refresh" '
        'content="300; url=?at=20261130T140245#at-20261130T140245"></noscript>' in page
    )
    assert 'id="at-20261130T140245"' in page
    assert ".stale:target { animation-delay: 300s; }" in page


def test_it_takes_nothing_from_elsewhere() -> None:
    page = as_html(full_board("txt"))
    assert not re.findall(r"(?:src|href)=\"https?:|url\(|@import", page)


def test_without_asking_it_says_so() -> None:
    assert "from the record alone" in as_html(Board(NOW, asked=False))
    assert "from the record alone" not in as_html(Board(NOW, asked=True))
