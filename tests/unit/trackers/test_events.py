"""What happened to cards since the last look, in every kind of tracker: each thing once, from the
second look on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Iterator, List, Optional, Set, Tuple

import pytest

from opsroom.errors import Code, OpsroomError
from opsroom.trackers import CardEvents, Watchable, cursor
from support.cards.watched import KINDS, OnGithub, OnJira, Played
from support.servers.http import Reply


@pytest.fixture(params=list(KINDS))
def played(request: Any, tmp_path: Any) -> Iterator[Played]:
    it = KINDS[request.param](tmp_path)
    if it.server is None:
        yield it
        return
    with it.server:
        yield it


class Watcher:
    """Looks again and again; `look()` returns what is told for the first time, as (what, card,
    before, after)."""

    def __init__(self, played: Played) -> None:
        self.played, self.since = played, ""
        self.told: Set[str] = set()
        self.last: Optional[CardEvents] = None

    def look(self) -> List[Tuple[str, str, str, str]]:
        # A new one each time: nothing may live in the tracker alone.
        self.last = self.played.tracker().events_since(self.since)
        self.since = self.last.since
        assert len({one.id for one in self.last.events}) == len(self.last.events)
        fresh = [one for one in self.last.events if one.id not in self.told]
        self.told |= {one.id for one in fresh}
        assert [one.at for one in fresh] == sorted(one.at for one in fresh)
        return [(one.kind.value, one.card, one.before, one.after) for one in fresh]


def test_every_kind_of_tracker_can_be_watched(played: Played) -> None:
    assert isinstance(played.tracker(), Watchable)


def test_nothing_happened_at_the_first_look_and_nothing_happens_twice(played: Played) -> None:
    watcher, (first, second) = Watcher(played), played.columns
    assert watcher.look() == []
    assert watcher.look() == []
    played.create()
    assert watcher.look() == [("created", played.card, "", first)]
    played.move(first, second)
    assert watcher.look() == [("moved", played.card, first, second)]
    played.comment()
    assert watcher.look() == [("commented", played.card, "", "")]
    played.move(second, first)
    played.comment()
    assert [one[0] for one in watcher.look()] == ["moved", "commented"]
    assert watcher.look() == []


def test_what_happened_between_two_looks_is_told_in_its_order(played: Played) -> None:
    watcher = Watcher(played)
    watcher.look()
    played.create()
    played.comment()
    found = watcher.look()
    assert [one[0] for one in found] == ["created", "commented"]


def test_no_text_of_people_is_remembered_or_told(played: Played) -> None:
    watcher = Watcher(played)
    watcher.look()
    played.create()
    played.comment()
    watcher.look()
    assert "secret name" not in watcher.since + repr(watcher.last)
    assert "not to be told" not in watcher.since + repr(watcher.last)


def test_a_look_at_which_nothing_is_new_takes_few_requests(played: Played) -> None:
    if played.server is None:
        return
    watcher = Watcher(played)
    watcher.look()
    played.create()
    watcher.look()
    watcher.look()
    before = len(played.server.requests)
    watcher.look()
    assert len(played.server.requests) - before == played.quiet


NONSENSE = ("null", "[]", "{}", '[{"id": []}]', '{"issues": [{}]}', "<html>", '[{"number": 1}]')


def test_nonsense_is_a_bad_answer_or_nothing_and_never_a_defect(played: Played) -> None:
    if played.server is None:
        return
    watcher = Watcher(played)
    watcher.look()
    for nonsense in NONSENSE:
        reply = Reply(200, nonsense)
        played.server._note = lambda request, reply=reply: reply
        codes = []
        try:
            assert watcher.look() == []
        except OpsroomError as error:
            codes.append(error.code)
        assert codes in ([], [Code.BAD_ANSWER]), nonsense


def test_github_is_asked_conditionally_and_answers_that_nothing_changed() -> None:
    github = OnGithub()
    assert github.server
    with github.server:
        watcher = Watcher(github)
        for _ in range(3):
            watcher.look()
        assert "if-none-match" in github.server.requests[-1].headers
        github.create()
        assert len(watcher.look()) == 1


def test_jira_is_asked_by_a_length_of_time_which_has_no_zone() -> None:
    jira = OnJira()
    assert jira.server
    with jira.server:
        watcher = Watcher(jira)
        watcher.look()
        watcher.look()
        assert jira.queries[-1] == 'project in ("OPS") AND updated >= "-4m" ORDER BY updated ASC'


def test_after_a_long_absence_a_week_is_looked_back_at_most() -> None:
    long_ago = cursor.now() - timedelta(days=100)
    assert cursor.now() - cursor.start(long_ago) < timedelta(days=7, minutes=1)


@pytest.mark.parametrize(
    "text", ["", "nonsense", "[]", '{"begun": 7}', '{"begun": "2026-11-23T10:00:00"}']
)
def test_what_nobody_can_read_is_a_first_look(text: str) -> None:
    assert cursor.recall(text) == {}
