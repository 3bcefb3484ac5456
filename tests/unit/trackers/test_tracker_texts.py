"""A text arrives whole at every tracker and comes back as it was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from opsroom.db.store import open_store
from opsroom.people import Author
from opsroom.trackers import Draft, Remark, Tracker
from support.cards.kinds import CASES, Case, case
from support.records.templates import copy_database
from support.troubles.trackers import tracker_in, tracker_with

BY = Author("dave", room="#ops", link="https://chatops.example.com/#/history/65f0")
LONG = "".join(
    f"line {number}: ünï — 日本語 🚀 https://example.com/?a=1&b=2 yes\n" for number in range(60)
)
TEXTS = (
    "one\ntwo\n\nfour",
    "before\n```python\nif a < b:\n    print('{code}')\n```\nafter",
    "see https://example.com/a_b?c=d&e=%20#f, and <b>this</b> <script>alert(1)</script>",
    "Grüße 你好 👩‍👩‍👧 \u202bעברית",
    "h1. *bold* _it_ [a|http://b] ||t|| \\{x\\} &amp; -- [~bob] !pic.png! **x** `y`",
    "{{ st2kv('system.x', decrypt=true) }} <% st2kv(x) %> {# x #} {% raw %}",
    '"quoted" \\back\\ (opsroom opsffffffffffff)',
    LONG.strip(),
)
# Code has no fences there: it is shown as code.
FENCELESS = ("jira", "basecamp")


def read_back(name: str, text: str) -> str:
    """A text as it comes back."""
    lines = text.split("\n")
    if name.startswith(FENCELESS):
        lines = [line for line in lines if not line.startswith("```")]
    return "\n".join(lines)


def alike(name: str, text: str) -> str:
    """What must be the same of a text: Jira keeps blanks as it likes, others put lines around
    code."""
    free = name.startswith("jira") or (name not in ("trello", "local") and "{code}" in text)
    return "".join(text.split()) if free else text


def tracker_for(it: Case, folder: Path) -> Tracker:
    if it.vendor is not None:
        return tracker_in(it, folder)
    return tracker_with(it.tracker, folder, open_store(copy_database(folder / "opsroom.db")))


# The older interface of Jira Cloud takes the markup of Data Center.
@pytest.mark.parametrize("name", [one for one in CASES if one != "jira cloud 2"])
def test_a_text_arrives_whole_and_comes_back(name: str, tmp_path: Path) -> None:
    with case(name) as it:
        tracker: Any = tracker_for(it, tmp_path)
        for number, text in enumerate(TEXTS):
            made = tracker.create(Draft("", text, text, f"ops{number:015}", BY))
            tracker.comment(Remark(made.id, text, f"opsc{number:014}", BY))
            card = tracker.show(made.id)
            wanted = alike(name, read_back(name, text))
            assert alike(name, card.description).endswith(wanted), text
            assert alike(name, card.comments[-1].text).endswith(wanted), text
            assert " ".join(card.summary.split()).rstrip("…") in " ".join(text.split())
