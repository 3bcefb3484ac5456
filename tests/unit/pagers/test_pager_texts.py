"""A text of a page arrives whole at every pager, and nothing in it acts there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from opsroom.db.store import open_store
from support.pages.kinds import CASES, case
from support.records.stores import rows
from support.records.templates import copy_database
from support.troubles.pagers import page_to, pager_with, target_of

TEXTS = (
    "line one\nline two\n\n  indented\n\ttabbed",
    "```\nif x < 3 && y > 4:\n```\nhttps://example.com/?a=b&c=d#e",
    "Ünïcödé 日本語 🔥 \u200d \u202e \u2603",
    "**x** [a](b) &amp; {{ st2kv('system.x') }} <% ctx() %> {% x %} {# z #}",
    'a "quoted" \\ text, "urgent": false, {who.__class__} %(who)s ${who}',
    ".\n..\n.end\nQUIT\n.\nFrom me\nSubject: other",
    "'; DROP TABLE local_pages; --",
)


@pytest.mark.parametrize("name", CASES)
def test_a_text_arrives_whole(name: str, tmp_path: Path) -> None:
    store: Any = None
    if name == "local":
        store = open_store(copy_database(tmp_path / "opsroom.db"))
    with case(name) as it:
        pager = pager_with(it.pager, tmp_path, store)
        for number, text in enumerate(TEXTS):
            pager.page(page_to(target_of(name), text, mark=f"ops{number:015}"))
            kept = it.text() or rows(store, "SELECT text FROM local_pages")[-1][0]
            assert text in kept, kept
    if store:
        store.close()
