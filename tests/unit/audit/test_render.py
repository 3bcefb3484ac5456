"""The report as CSV, JSON and a page: what it holds, what it cannot be made to hold, and where it
is put."""

from __future__ import annotations

import csv
import io
import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from opsroom.audit.model import Report
from opsroom.audit.period import read_period
from opsroom.audit.render import file_name, render
from opsroom.audit.render.csv import COLUMNS, as_csv, harmless
from opsroom.audit.render.html import as_html
from opsroom.audit.render.json import as_json
from opsroom.audit.report import headline, make_report, verdict
from opsroom.db.store import open_store
from opsroom.errors import Failure
from opsroom.html import write
from opsroom.html.escaping import escape
from opsroom.records.model import Event
from support.cases import cases
from support.records.ledgers import Book
from support.records.stores import open_gates, run

NOVEMBER = read_period("2026-11")
LINK = ("https://st2.example.com/#/history/", "/general")


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(open_store(f"sqlite:///{tmp_path}/opsroom.db"))


@pytest.fixture
def month(book: Book) -> Book:
    """An approved change, an emergency, a failure, a refusal and a lock."""
    book.approved("d1")
    told: Dict[str, Any] = {"command": "emergency deploy", "version": "v3", "version_before": "v2"}
    book.write(Event.ASKED, "bob", "d2", **told)
    facts = {"change": "M4RT", "reason": "checkout is down", "passed": ["frozen", "approval"]}
    book.write(Event.OVERRIDDEN, "bob", "d2", facts=facts, **told)
    book.write(Event.STARTED, "bob", "d2", **told)
    book.write(Event.SUCCEEDED, "bob", "d2", code="deployed", message="done", **told)
    book.write(Event.REVIEWED, "carol", "d2", message="it was right", **told)
    book.write(Event.ASKED, "bob", "d3", version="v4")
    book.write(Event.STARTED, "bob", "d3", version="v4", version_before="v3")
    book.write(Event.FAILED, "bob", "d3", version="v4", version_before="v3", code="deploy_failed",
    message="disk full",
               facts={"running": "v3"})  # fmt: skip
    book.write(Event.ASKED, "mallory", "d4", version="v9")
    book.write(
        Event.REFUSED,
        "mallory",
        "d4",
        version="v9",
        code="not_allowed",
        message="mallory may not deploy",
    )
    book.write(Event.LOCKED, "bob", "", version="", facts={"reason": "load test"})
    book.at("2026-12-01T08:00:00")
    return book


def report(book: Book, environment: str = "production", **values: Any) -> Report:
    return make_report(book.store, NOVEMBER, environment, **values)


def test_the_headline_counts_and_the_verdict_is_complete(month: Book) -> None:
    assert headline(report(month)) == "3 changes, 2 succeeded, 1 failed, 1 override (reviewed)."
    assert verdict(report(month)) == "Complete."


def test_a_tampered_record_is_named_in_every_format(month: Book) -> None:
    open_gates(month.store)
    run(month.store, "UPDATE ledger SET requester = 'carol' WHERE seq = 4")
    told = report(month)
    assert not told.complete
    assert verdict(told) == (
        "NOT complete: Record 4 was changed or put in by hand: its hash does not match its content."
    )
    for text in (as_csv(told), as_json(told), as_html(told)):
        assert "Record 4 was changed or put in by hand" in text
    assert "Not complete." in as_html(told)
    assert "Complete.</strong>" not in as_html(told)


def test_a_hash_noted_before_that_is_gone_makes_it_incomplete(month: Book) -> None:
    assert report(month, head_hash=report(month).chain.head_hash).complete
    assert not report(month, head_hash="0" * 63 + "1").complete


def test_the_csv_is_this(month: Book) -> None:
    text = as_csv(report(month, link=LINK))
    assert text.startswith("\ufeffkind,environment,application,change,")
    rows = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"), newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert [row["kind"] for row in rows] == [
        "change",
        "change",
        "change",
        "attempt",
        "note",
        "chain",
    ]
    told = {name: value for name, value in rows[0].items() if value}
    assert told == {
        "kind": "change", "environment": "production", "application": "web", "change": "K7QX",
        "command": "deploy",
        "version_before": "v1", "version": "v2", "outcome": "succeeded",
        "asked_by": "alice", "asked_at": "2026-11-02T09:00:00Z",
        "approved_by": "carol", "approved_at": "2026-11-02T09:02:00Z", "approvals_needed": "1",
        "second_factor": "yes",
        "started_at": "2026-11-02T09:03:00Z", "ended_at": "2026-11-02T09:04:00Z", "cards": "OPS-12",
        "plan": "web on production would go from v1 to v2", "code": "deployed", "message": "done",
        "room": "#ops", "person": "alice", "chat_name": "alice", "st2_user": "chatops_bot",
        "executions": "x-d1-alice; x-d1-carol",
        "execution_links": "https://st2.example.com/#/history/x-d1-alice/general; "
                           "https://st2.example.com/#/history/x-d1-carol/general",
        "deployment": "d1", "records": "1 2 3 4 5",
    }  # fmt: skip
    assert rows[1]["override_reason"] == "checkout is down"
    assert (rows[1]["override_passed"], rows[1]["reviewed_by"]) == ("frozen; approval", "carol")
    assert (rows[3]["asked_by"], rows[3]["outcome"], rows[3]["code"]) == (
        "mallory",
        "refused",
        "not_allowed",
    )
    assert "The chain of 16 records holds." in rows[5]["message"]


def test_the_json_is_this(month: Book) -> None:
    told = json.loads(as_json(report(month, link=LINK)))
    assert [told[name] for name in ("opsroom_audit", "title", "since", "until", "environment",
    "complete")] == [
        1, "November 2026", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", "production", True,
    ]  # fmt: skip
    assert told["made_at"] == "2026-12-01T08:00:00Z"
    assert told["chain"]["holds"] is True
    assert told["chain"]["records"] == told["chain"]["head"] == 16
    first = told["changes"][0]
    assert (first["change"], first["ending"], first["touched"], first["records"]) == (
        "K7QX", "succeeded", True, [1, 2, 3, 4, 5],
    )  # fmt: skip
    assert first["approvals"][0]["by"] == "carol"
    assert first["execution_links"][0] == "https://st2.example.com/#/history/x-d1-alice/general"
    assert told["changes"][1]["override"]["passed"] == ["frozen", "approval"]
    assert told["attempts"][0]["code"] == "not_allowed"
    assert told["locks"][0]["reason"] == "load test"
    assert told["notes"] == [
        "The record begins at 2026-11-02 09:00 UTC; it knows nothing of what was before."
    ]


FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "＝1",
    '=HYPERLINK("http://x")',
]


@cases("value", FORMULAS)
def test_a_cell_that_a_spreadsheet_would_compute_is_neutralised(value: str) -> None:
    assert harmless(value) == "'" + value


@cases("value", ["", "v1.2.0", "web", "2026-11-02T09:00:00Z", "a=b", "#ops", "1 2 3"])
def test_other_cells_stay_as_they_are(value: str) -> None:
    assert harmless(value) == value


@pytest.mark.parametrize(
    "column", ["requester", "version", "message", "app", "room", "chat_name", "execution_id"]
)
def test_no_cell_of_the_file_begins_a_formula_whatever_is_in_the_record(
    book: Book, column: str
) -> None:
    book.deployed("d1", **({"who": "=1+1"} if column == "requester" else {column: "=1+1"}))
    text = as_csv(report(book, ""))
    cells = [
        cell for row in csv.reader(io.StringIO(text.lstrip("\ufeff"), newline="")) for cell in row
    ]
    assert any("=1+1" in cell for cell in cells)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


HOSTILE = "</script><script>alert(1)</script>\" onmouseover='x' <img src=x onerror=y>&amp;"


class _Page(HTMLParser):
    """What a browser would make of the page: its tags with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: List[Tuple[str, Dict[str, Any]]] = []
        self.open: List[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Any]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: List[Tuple[str, Any]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_hostile_text_in_any_field_is_text_on_the_page(book: Book) -> None:
    fields = (
        "version_before",
        "version",
        "app",
        "environment",
        "room",
        "chat_name",
        "st2_user",
        "execution_id",
    )
    told: Dict[str, Any] = {name: f"{name}{HOSTILE}" for name in fields}
    facts = {
        "change": HOSTILE,
        "cards": [HOSTILE],
        "plan": HOSTILE,
        "needed": 1,
        "reason": HOSTILE,
        "passed": [HOSTILE],
        "commits": 1,
        "commit_authors": [HOSTILE],
        "commit_subjects": [HOSTILE],
        "compare": HOSTILE,
        "link": f"javascript:{HOSTILE}",
        "set": HOSTILE,
    }
    for event in (
        Event.ASKED,
        Event.WAITING,
        Event.APPROVED,
        Event.CANCEL_ASKED,
        Event.OVERRIDDEN,
        Event.STARTED,
        Event.FAILED,
    ):
        book.write(
            event,
            HOSTILE,
            HOSTILE,
            command=HOSTILE,
            code=HOSTILE,
            message=HOSTILE,
            facts=facts,
            **told,
        )
    book.write(Event.REVIEWED, HOSTILE, HOSTILE, command=HOSTILE, message=HOSTILE, **told)
    book.write(Event.ASKED, HOSTILE, "d2", command=HOSTILE, **told)
    book.write(Event.REFUSED, HOSTILE, "d2", command=HOSTILE, code=HOSTILE, message=HOSTILE, **told)
    book.write(
        Event.LOCKED,
        HOSTILE,
        "",
        **{**told, "app": "", "environment": ""},
        facts={"reason": HOSTILE},
    )
    text = as_html(report(book, "", link=LINK))
    page = _Page(text)
    known = {
        "html", "head", "meta", "title", "style", "body", "main", "p", "h1", "h2", "h3", "div",
        "strong",
        "ul", "li", "b",
        "span", "figure", "figcaption", "svg", "line", "text", "g", "circle", "path", "rect",
        "table", "thead",
        "tbody", "tr", "th", "td", "a", "br", "code", "article", "header", "dl", "dt", "dd",
        "footer",
    }  # fmt: skip
    assert {tag for tag, _ in page.tags} <= known
    assert page.open == []
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "src"]
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert all(link.startswith(("#", LINK[0])) for link in links)
    assert "<script" not in text
    assert escape(HOSTILE) in text


def test_the_page_needs_and_runs_nothing_from_elsewhere(month: Book) -> None:
    text = as_html(report(month))
    assert "default-src 'none'; style-src 'sha256-" in unescape(text)
    assert "<script" not in text
    assert not re.findall(r"(?:src|href)=\"https?:|url\(|@import", text)


def test_an_address_of_another_sort_is_never_a_link(month: Book) -> None:
    assert "javascript:" not in as_html(report(month, link=("javascript:alert(1)//", "")))


def test_marks_that_turn_a_line_around_are_made_visible() -> None:
    assert escape("v1\u202e2\x1b") == "v1\ufffd2\ufffd"


def test_the_page_shows_a_lane_and_a_mark_for_each_change_and_keeps_labels_apart(
    book: Book,
) -> None:
    for number in range(1, 41):
        book.deployed(f"d{number}", before=f"v{number}", version=f"v{number + 1}")
    text = as_html(report(book))
    svg = text[text.index("<svg") : text.index("</figure>")]
    assert svg.count("<title>") == 40
    labels = re.findall(r'class="label" x="([\d.]+)" y="(\d+)">([^<]+)', svg)
    assert 0 < len(labels) < 40, "forty in two hours: there is no room for each"
    for level in {y for _, y, _ in labels}:
        row = sorted((float(x), label) for x, y, label in labels if y == level)
        for (left, one), (right, other) in zip(row, row[1:]):
            assert right - left >= 3 * (len(one) + len(other))


def test_a_report_on_nothing_says_so_in_every_format(book: Book) -> None:
    told = report(book)
    assert headline(told) == "0 changes."
    assert "The record is empty." in as_html(told)
    assert json.loads(as_json(told))["changes"] == []
    assert "note" in as_csv(told)


def test_a_deployment_that_is_going_on_is_a_note_and_one_that_nobody_holds_is_a_gap(
    book: Book,
) -> None:
    from opsroom.records.claims import Claim, take

    book.approved("d1", end=None)
    with book.store.write() as connection:
        take(book.store, connection, Claim("web", "production", "d1", "deploy", "alice"), 60.0)
    assert report(book).complete
    assert any("Going on at that moment: web on production" in one for one in report(book).notes)
    book.at("2026-11-02T11:00:00")
    assert [one.code for one in report(book).gaps] == ["no_end"]


def test_files_are_named_after_period_and_environment(month: Book) -> None:
    assert file_name(report(month), "html") == "2026-11-production.html"
    assert file_name(report(month, ""), "csv") == "2026-11.csv"


def test_a_file_is_replaced_in_one_step_and_is_not_for_everybody(
    month: Book, tmp_path: Path
) -> None:
    folder = tmp_path / "audit"
    path = write(folder, "a.json", b"old")
    assert write(folder, "a.json", render(report(month), "json")) == path
    assert json.loads(path.read_text("utf-8"))["complete"] is True
    assert oct(path.stat().st_mode & 0o777) == "0o640"
    assert [one.name for one in folder.iterdir()] == ["a.json"]


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "audit").write_text("a file")
    with pytest.raises(Failure, match=r"cannot be written to .*audit"):
        write(tmp_path / "audit", "a.json", b"")


def test_what_a_forger_left_that_is_no_text_does_not_stop_a_file(book: Book) -> None:
    book.deployed("d1")
    open_gates(book.store)
    run(book.store, "UPDATE ledger SET message = CAST(x'41ff42' AS TEXT) WHERE seq = 3")
    for format_ in ("html", "csv", "json"):
        assert b"A?B" in render(report(book), format_)
