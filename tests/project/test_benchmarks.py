"""The benchmarks: each table has its place in docs/performance.md, and nothing else of it is
touched."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.__main__ import BENCHMARKS, ON_STACKSTORM, PAGE, written
from benchmarks.harness import ROOT, Checkout, Worker, find, ratio, table
from benchmarks.stackstorm import NOTHING
from support.metadata import pack

MADE = {
    "processes",
    "connections",
    "kinds",
    "following",
    "ledger",
    "verify",
    "metrics",
    "versions",
    "board",
    "cards",
    "card-requests",
    "page-requests",
    "sensors",
    "load",
}


def test_every_table_has_one_place_in_the_page() -> None:
    places = re.findall(r"<!-- table: ([\w-]+) -->", PAGE.read_text("utf-8"))
    assert sorted(places) == sorted(MADE)
    assert len(re.findall("<!-- end of table -->", PAGE.read_text("utf-8"))) == len(places)


def test_a_table_is_written_between_its_marks_and_the_prose_stays() -> None:
    mark = "<!-- table: {} -->\n\nold\n\n<!-- end of table -->"
    page = f"# Prose\n{mark.format('verify')}\nmore\n{mark.format('load')}\nend\n"
    assert written(page, {"verify": "| new |\\1"}) == page.replace("old", "| new |\\1", 1)


def test_a_table_without_a_place_ends_the_run() -> None:
    with pytest.raises(SystemExit, match="no place"):
        written("# Prose\n", {"verify": "| new |"})


def test_every_benchmark_is_run_or_named_as_needing_a_stackstorm() -> None:
    shared = {"__main__", "harness", "world", "jira_server", "slow_server"}
    folder = ROOT / "benchmarks"
    files = {path.stem for path in folder.glob("*.py")} - shared
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    assert files | packages == {*BENCHMARKS, *ON_STACKSTORM}


def test_the_empty_action_is_asked_for_in_words_that_no_command_has() -> None:
    assert list(pack().matches(NOTHING)) == []
    assert list(pack().matches("opsroom floor: do nothing")) != []


def test_a_ratio_is_that_of_the_rounds_not_of_the_medians() -> None:
    assert ratio([2, 20, 3], [1, 10, 1]) == 2


def test_a_table_is_markdown() -> None:
    assert table(["a", "b"], [[1, "x"]]) == "| a | b |\n| --- | --- |\n| 1 | x |"


def test_a_worker_does_tasks_of_a_checkout_and_shows_why_it_ended(tmp_path: Path) -> None:
    import sys

    code = "join = find('join', 'no.such.module', 'os.path')\ntasks = {'join': join, 'end': exit}"
    with Worker(sys.executable, code, Checkout("now", ROOT), tmp_path) as worker:
        assert worker.do("join", "a", "b") == "a/b"
        with pytest.raises(SystemExit, match="the reason"):
            worker.do("end", "the reason")


def test_what_no_module_has_is_named() -> None:
    with pytest.raises(SystemExit, match="no_such_thing"):
        find("no_such_thing", "os", "no.such.module")
