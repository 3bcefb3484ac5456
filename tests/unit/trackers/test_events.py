"""What happened to cards since the last look, in every kind of tracker: each thing once, from the
second look on."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Dict, Iterator, List, Optional, Set, Tuple

import pytest

from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.db.store import open_store
from opsroom.errors import Code, OpsroomError
from opsroom.people import Author
from opsroom.trackers import REGISTRY, CardEvents, Draft, Remark, Watchable, cursor
from support.http_server import HttpServer, Reply, Request
from support.vendor import Vendor, answer

AUTHOR = Author("alice", "#ops", "", "", "")
BOARD = "5abbe4b7ddc1b351ef961414"


def made(kind: str, store: Any = None, **raw: Any) -> Any:
    problems = Problems()
    fields = Fields(raw, f"trackers.{kind}", problems)
    options = REGISTRY.read_options(kind, fields)
    fields.finish()
    assert problems.lines == []
    return REGISTRY.make(kind, options, name="desk", store=store, keep=None)


class Played:
    """A tracker of some kind that is played: `create`, `move` and `comment` are what someone does
    in it."""

    # What a card is called, its columns, and the requests of a look at which nothing is new.
    card, columns, quiet = "", ("To do", "Doing"), 1
    tells_where_from = True

    def __init__(self) -> None:
        self.now = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(minutes=30)
        self.number = 0
        self.server: Optional[HttpServer] = None

    def tick(self) -> datetime:
        self.now += timedelta(seconds=7)
        return self.now

    def next(self) -> int:
        self.number += 1
        return self.number

    def tracker(self) -> Any:
        raise NotImplementedError

    def create(self) -> None:
        raise NotImplementedError

    def move(self, before: str, after: str) -> None:
        raise NotImplementedError

    def comment(self) -> None:
        raise NotImplementedError


class OnJira(Played):
    card = "OPS-1"

    def __init__(self, flavour: str = "cloud") -> None:
        super().__init__()
        self.cloud = flavour == "cloud"
        self.issue: Dict[str, Any] = {}
        self.old = {"id": "9", "key": "OPS-9", "fields": self.fields("To do")}
        self.queries: List[str] = []
        self.server = Vendor("jira-cloud-3" if self.cloud else "jira-datacenter", self.play)

    def at(self) -> str:
        return self.tick().strftime("%Y-%m-%dT%H:%M:%S.000+0000")

    def fields(self, status: str) -> Dict[str, Any]:
        at = self.at()
        return {
            "status": {"name": status},
            "created": at,
            "updated": at,
            "comment": {"comments": [], "total": 0},
        }

    def play(self, request: Request) -> Reply:
        query = request.query["jql"][0]
        self.queries.append(query)
        issues = [one for one in (self.issue, self.old) if one]
        if "updated >=" not in query:
            issues = issues[:1]
        return answer({"issues": issues, "total": len(issues), "isLast": True})

    def tracker(self) -> Any:
        assert self.server
        more = (
            {"user": "bot@acme.com", "deployment": "cloud"}
            if self.cloud
            else {"deployment": "datacenter"}
        )
        return made(
            "jira", url=self.server.url("").rstrip("/"), token="s3cret-token", project="OPS", **more
        )

    def create(self) -> None:
        self.issue = {
            "id": "1",
            "key": "OPS-1",
            "fields": self.fields("To do"),
            "changelog": {"histories": []},
        }

    def move(self, before: str, after: str) -> None:
        item = {"field": "status", "fieldId": "status", "fromString": before, "toString": after}
        history = {"id": str(self.next()), "created": self.at(), "items": [{"field": "rank"}, item]}
        self.issue["changelog"]["histories"].insert(0, history)
        self.issue["fields"].update(updated=history["created"], status={"name": after})

    def comment(self) -> None:
        at, said = self.at(), self.issue["fields"]["comment"]
        said["comments"].append({"id": str(self.next()), "created": at})
        said["total"] += 1
        self.issue["fields"]["updated"] = at


class OnTrello(Played):
    card = "AbCd1234"

    def __init__(self) -> None:
        super().__init__()
        self.actions: List[Dict[str, Any]] = []
        self.server = Vendor("trello", self.play)
        self.act("createCard", list={"name": "To do"}, card={"shortLink": "OldCard1"})

    def act(self, kind: str, **data: Any) -> None:
        at = self.tick().strftime("%Y-%m-%dT%H:%M:%S.000Z")
        data.setdefault("card", {"shortLink": self.card, "name": "a secret name"})
        self.actions.insert(
            0,
            {"id": f"5abbe4b7ddc1b351ef{self.next():06d}", "type": kind, "date": at, "data": data},
        )

    def play(self, request: Request) -> Reply:
        query = {name: values[0] for name, values in request.query.items()}
        found = [one for one in self.actions if one["date"] >= query.get("since", "")]
        found = [one for one in found if one["id"] < query.get("before", "z")]
        return answer(found[: int(query["limit"])])

    def tracker(self) -> Any:
        assert self.server
        return made(
            "trello",
            key="k" * 20,
            token="t" * 20,
            board=BOARD,
            list="To do",
            url=self.server.url("/1"),
        )

    def create(self) -> None:
        self.act("createCard", list={"name": "To do"})

    def move(self, before: str, after: str) -> None:
        self.act("updateCard", listBefore={"name": before}, listAfter={"name": after})

    def comment(self) -> None:
        self.act("commentCard", text="not to be told")


class OnGithub(Played):
    card, columns = "acme/web#1", ("open", "closed")

    def __init__(self) -> None:
        super().__init__()
        self.issues: List[Dict[str, Any]] = []
        self.comments: List[Dict[str, Any]] = []
        self.events: List[Dict[str, Any]] = []
        self.server = Vendor("github", self.play)
        self.add(9)
        self.add(8, pull_request={})

    def at(self) -> str:
        return self.tick().strftime("%Y-%m-%dT%H:%M:%SZ")

    def add(self, number: int, **more: Any) -> None:
        at = self.at()
        self.issues.append(
            {"number": number, "state": "open", "created_at": at, "updated_at": at, **more}
        )

    def play(self, request: Request) -> Reply:
        what = request.path.replace("/repos/acme/web/issues", "")
        if what == "/events":
            return answer(self.events)
        return self.since(self.comments, request) if what == "/comments" else self.listed(request)

    def since(self, rows: List[Dict[str, Any]], request: Request) -> Reply:
        return answer([one for one in rows if one["updated_at"] >= request.query["since"][0]])

    def listed(self, request: Request) -> Reply:
        if request.query["direction"] == ["desc"]:
            return answer(sorted(self.issues, key=lambda one: one["updated_at"])[-1:])
        rows = [one for one in self.issues if one["updated_at"] >= request.query["since"][0]]
        rows.sort(key=lambda one: one["updated_at"])
        etag = f'"{abs(hash(json.dumps(rows)))}"'
        if request.headers.get("if-none-match") == etag:
            return Reply(304, "", {"ETag": etag})
        return answer(rows, ETag=etag)

    def tracker(self) -> Any:
        assert self.server
        return made(
            "github", token="t" * 20, repository="acme/web", url=self.server.url("").rstrip("/")
        )

    def create(self) -> None:
        self.add(1)

    def move(self, before: str, after: str) -> None:
        at, issue = self.at(), self.issues[-1]
        issue.update(state=after, updated_at=at)
        event = "closed" if after == "closed" else "reopened"
        for kind in (event, "labeled"):
            self.events.insert(
                0, {"id": self.next(), "event": kind, "created_at": at, "issue": {"number": 1}}
            )

    def comment(self) -> None:
        at = self.at()
        self.issues[-1]["updated_at"] = at
        url = "https://api.github.com/repos/acme/web/issues/1"
        self.comments.append(
            {"id": self.next(), "created_at": at, "updated_at": at, "issue_url": url}
        )
        self.comments.append(
            {**self.comments[-1], "id": self.next(), "html_url": "https://github.com/a/b/pull/1#c"}
        )


class OnBasecamp(Played):
    card, quiet = "card/1", 2

    def __init__(self) -> None:
        super().__init__()
        self.cards: List[Dict[str, Any]] = []
        self.comments: List[Dict[str, Any]] = []
        self.server = Vendor("basecamp", self.play)
        self.add(9, "Triage")
        self.columns = ("To do", "Doing")

    def at(self) -> str:
        return self.tick().strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def add(self, number: int, column: str) -> None:
        at, parent = self.at(), {"id": 5, "title": column, "type": "Kanban::Column"}
        self.cards.append(
            {
                "id": number,
                "type": "Kanban::Card",
                "created_at": at,
                "updated_at": at,
                "parent": parent,
            }
        )

    def play(self, request: Request) -> Reply:
        assert request.query["bucket"] == ["2085958504"]
        rows = {"Kanban::Card": self.cards, "Comment": self.comments}[request.query["type"][0]]
        return answer(sorted(rows, key=lambda one: one["updated_at"], reverse=True))

    def tracker(self) -> Any:
        assert self.server
        url = self.server.url("").rstrip("/")
        return made(
            "basecamp",
            account="195539477",
            project="2085958504",
            column="3",
            token="t" * 20,
            url=url,
        )

    def create(self) -> None:
        self.add(1, "To do")

    def move(self, before: str, after: str) -> None:
        self.cards[-1].update(
            updated_at=self.at(), parent={"id": 6, "title": after, "type": "Kanban::Column"}
        )

    def comment(self) -> None:
        at, parent = self.at(), {"id": 1, "title": "a secret name", "type": "Kanban::Card"}
        self.comments.append(
            {
                "id": self.next(),
                "type": "Comment",
                "created_at": at,
                "updated_at": at,
                "parent": parent,
            }
        )


class OnOurBoard(Played):
    card, quiet = "CARD-2", 0

    def __init__(self, folder: Any) -> None:
        super().__init__()
        self.store = open_store(f"sqlite:///{folder}/board.db")
        self.board = self.tracker()
        self.create()

    def tracker(self) -> Any:
        return made("local", store=lambda: self.store, columns=["To do", "Doing", "Done"])

    def create(self) -> None:
        self.board.create(Draft("", "a secret name", "", f"ops{self.next()}", AUTHOR))

    def move(self, before: str, after: str) -> None:
        self.board.move(self.card, after)

    def comment(self) -> None:
        self.board.comment(Remark(self.card, "not to be told", f"ops{self.next()}", AUTHOR))


KINDS: Dict[str, Callable[[Any], Played]] = {
    "jira cloud": lambda folder: OnJira(),
    "jira data center": lambda folder: OnJira("datacenter"),
    "trello": lambda folder: OnTrello(),
    "github": lambda folder: OnGithub(),
    "basecamp": lambda folder: OnBasecamp(),
    "local": OnOurBoard,
}


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
        played.server._note = lambda request, reply=reply: reply  # type: ignore[method-assign]
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
