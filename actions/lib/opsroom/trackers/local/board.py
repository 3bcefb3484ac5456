"""A board of cards in opsroom's own database: numbers without gaps, nothing twice, and what
happened on it since the last look."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import timedelta
from typing import Any, Callable, Dict, List, Optional, Tuple

from ...db.sql import (
    Transaction,
    clean,
    from_moment,
    insert,
    moment,
    queue_up,
    rows,
    scalar,
    update,
)
from ...db.store import Store
from ...errors import Code, Refusal
from ...names import available_text, pick, shown
from ...structs import dataclass
from .. import (
    Assigned,
    Assignee,
    Card,
    CardEvent,
    CardEvents,
    Comment,
    Draft,
    EventKind,
    Made,
    Moved,
    Query,
    Remark,
)
from .options import Options

_MAX_COMMENTS = 5
# A longer text is no search but a paste; SQLite compares with patterns of 50,000 characters at
# most.
_MAX_SEARCHED = 200


@dataclass(frozen=True)
class _Row:
    """A card as its row has it, without the description."""

    project: str
    number: int
    summary: str
    status: str
    assignee: str
    reporter: str
    changed_at: str

    @property
    def id(self) -> str:
        return f"{self.project}-{self.number}"


_COLUMNS = ", ".join(one.name for one in fields(_Row))
_CARD = "tracker = :tracker AND project = :project AND number = :number"


class Board:
    """The cards of one tracker of the config. Safe to use from several threads and processes at
    once."""

    # What a transaction has written, everyone sees.
    settles_within = 0.0

    def __init__(self, options: Options, name: str, store: Callable[[], Store]) -> None:
        self._options = options
        self._name = name
        self._open = store
        self._opened: Optional[Store] = None

    def create(self, draft: Draft) -> Made:
        """One transaction. With the mark of a card that is there already, that card."""
        project = draft.project or self._options.project
        known = self._options.reads_project(project).id
        if not known:
            message = f"There is no project {shown(project)} on the board {self._name}."
            raise Refusal(Code.UNKNOWN_PROJECT, message, available_text(self._options.every))
        with self._store().write() as connection:
            # From here on nobody else writes, so that the highest number stays the highest.
            queue_up(connection)
            existing = self._with_mark(connection, draft.mark)
            if existing is not None:
                return existing
            highest = scalar(
                connection,
                "SELECT max(number) FROM cards WHERE tracker = :tracker AND project = :project",
                tracker=self._name,
                project=known,
            )
            number = int(highest or 0) + 1
            at = moment(self._store().now(connection))
            values: Dict[str, Any] = {
                "tracker": self._name,
                "project": known,
                "number": number,
                "assignee": "",
            }
            values.update(
                mark=draft.mark, status=self._options.columns[0], created_at=at, changed_at=at
            )
            values.update(summary=clean(draft.summary), description=clean(draft.description))
            values.update(reporter=clean(draft.author.shown))
            insert(connection, "cards", values)
        return Made(f"{known}-{number}")

    def find_created(self, draft: Draft) -> Optional[Made]:
        """By its mark, which is unique."""
        with self._store().read() as connection:
            return self._with_mark(connection, draft.mark)

    def comment(self, remark: Remark) -> Made:
        """One transaction. With the mark of a comment that is there already, nothing."""
        with self._store().write() as connection:
            queue_up(connection)
            row = self._row(connection, remark.card)
            if self._has_comment(connection, remark.mark):
                return Made(remark.card)
            at = moment(self._store().now(connection))
            values = {
                "tracker": self._name,
                "mark": remark.mark,
                "project": row.project,
                "number": row.number,
                "at": at,
            }
            values.update(author=clean(remark.author.shown), text=clean(remark.text))
            insert(connection, "card_comments", values)
            # The very same moment: what was moved before a comment is reported before it.
            update(connection, "cards", {"changed_at": at}, self._key(row))
        return Made(row.id)

    def find_comment(self, remark: Remark) -> Optional[Made]:
        """By its mark, which is unique."""
        with self._store().read() as connection:
            return Made(remark.card) if self._has_comment(connection, remark.mark) else None

    def show(self, card: str) -> Card:
        """The card with its latest comments."""
        with self._store().read() as connection:
            row = self._row(connection, card)
            bound = self._key(row)
            description = scalar(
                connection,
                f"SELECT description FROM cards WHERE {_CARD}",  # noqa: S608
                **bound,
            )
            latest = (
                f"SELECT author, text, at FROM card_comments WHERE {_CARD}"  # noqa: S608
                " ORDER BY at DESC LIMIT :limit"
            )
            comments = [
                Comment(one["author"], one["text"], from_moment(one["at"]))
                for one in rows(connection, latest, limit=_MAX_COMMENTS, **bound)
            ]
        return self._card(row, str(description), tuple(reversed(comments)))

    def move(self, card: str, to: str) -> Moved:
        """Into another column, by its name."""
        wanted = pick(to, self._options.columns, Code.UNKNOWN_COLUMN, "column")
        with self._store().write() as connection:
            queue_up(connection)
            row = self._row(connection, card)
            if row.status != wanted:
                self._change(connection, row, status=wanted)
        return Moved(row.status, wanted)

    def assign(self, card: str, to: Assignee) -> Assigned:
        """To anyone: a name that is no person of the config is said to be none."""
        who = clean(" ".join(to.name.split()))
        with self._store().write() as connection:
            queue_up(connection)
            row = self._row(connection, card)
            if row.assignee != who:
                self._change(connection, row, assignee=who)
        notes = (f"{shown(who)} is not a person of the config.",) if who and not to.mapped else ()
        return Assigned(to.shown or who or "nobody", notes=notes)

    def find(self, query: Query) -> Tuple[Card, ...]:
        """The text is looked for as it is, upper and lower case aside, also in comments."""
        if len(query.text) > _MAX_SEARCHED:
            raise Refusal(
                Code.TEXT_TOO_LONG,
                f"Cards are searched for {_MAX_SEARCHED} characters at most.",
                "Use fewer words.",
            )
        text = clean(query.text).strip()
        with self._store().read() as connection:
            fold = _folding(connection)
            where, bound = ["tracker = :tracker"], {"tracker": self._name}
            if query.project:
                where.append("project = :project")
                bound["project"] = self._options.reads_project(query.project).id or query.project
            if query.assignee:
                where.append(f"{fold}(assignee) = {fold}(:assignee)")
                bound["assignee"] = clean(query.assignee)
            if text:
                where.append(_anywhere(fold))
                bound["text"] = f"%{_escaped(text)}%"
            found = rows(
                connection,
                f"SELECT {_COLUMNS} FROM cards WHERE {' AND '.join(where)}"  # noqa: S608
                f" ORDER BY CASE WHEN {fold}(status) = {fold}(:last) THEN 1 ELSE 0 END,"
                " changed_at DESC, number DESC LIMIT :limit",
                last=self._options.columns[-1],
                limit=query.limit,
                **bound,
            )
        return tuple(self._card(_Row(**row), "", ()) for row in found)

    def events_since(self, since: str) -> CardEvents:
        """See `Watchable`."""
        return _events_since(self._store(), self._name, since)

    def _store(self) -> Store:
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def _key(self, row: _Row) -> Dict[str, Any]:
        return {"tracker": self._name, "project": row.project, "number": row.number}

    def _row(self, connection: Transaction, card: str) -> _Row:
        """The row of a card. Raises Refusal(unknown_card)."""
        known = self._options.reads_card(card).id
        project, _, number = known.rpartition("-")
        found = []
        if known:
            found = rows(
                connection,
                f"SELECT {_COLUMNS} FROM cards WHERE {_CARD}",  # noqa: S608
                tracker=self._name,
                project=project,
                number=int(number),
            )
        if not found:
            message = f"There is no card {shown(card)} on the board {self._name}."
            raise Refusal(
                Code.UNKNOWN_CARD,
                message,
                "Ask for 'my cards' or 'cards about ...' to see what there is.",
            )
        return _Row(**found[0])

    def _change(self, connection: Transaction, row: _Row, **values: str) -> None:
        at = moment(self._store().now(connection))
        update(connection, "cards", {"changed_at": at, **values}, self._key(row))

    def _with_mark(self, connection: Transaction, mark: str) -> Optional[Made]:
        found = rows(
            connection,
            "SELECT project, number FROM cards WHERE tracker = :tracker AND mark = :mark",
            tracker=self._name,
            mark=mark,
        )
        return Made(f"{found[0]['project']}-{found[0]['number']}") if found else None

    def _has_comment(self, connection: Transaction, mark: str) -> bool:
        found = scalar(
            connection,
            "SELECT mark FROM card_comments WHERE tracker = :tracker AND mark = :mark",
            tracker=self._name,
            mark=mark,
        )
        return found is not None

    def _card(self, row: _Row, description: str, comments: Tuple[Comment, ...]) -> Card:
        return Card(
            id=row.id,
            summary=row.summary,
            status=row.status,
            assignee=row.assignee,
            reporter=row.reporter,
            description=description,
            project=row.project,
            closed=row.status.casefold() == self._options.columns[-1].casefold(),
            changed_at=from_moment(row.changed_at),
            comments=comments,
        )


def _folding(connection: Transaction) -> str:
    """The name of the database's function that takes upper and lower case for the same. SQLite's
    own knows the letters of ASCII only; PostgreSQL's those of the database's locale."""
    if connection.dialect == "postgresql":
        return "lower"
    connection.add_function("opsroom_fold", str.casefold)
    return "opsroom_fold"


def _anywhere(fold: str) -> str:
    """The condition that a card holds `:text`: in its summary, its description or a comment."""
    of_card = (
        "remark.tracker = cards.tracker AND remark.project = cards.project"
        " AND remark.number = cards.number"
    )
    parts = (
        _holds(fold, "summary"),
        _holds(fold, "description"),
        "EXISTS (SELECT 1 FROM card_comments AS remark"  # noqa: S608
        f" WHERE {of_card} AND {_holds(fold, 'remark.text')})",
    )
    return f"({' OR '.join(parts)})"


def _holds(fold: str, column: str) -> str:
    return f"{fold}({column}) LIKE {fold}(:text) ESCAPE '/'"


def _escaped(text: str) -> str:
    for special in "/%_":
        text = text.replace(special, f"/{special}")
    return text


# What one transaction wrote before another one may show after it, by so many seconds at most.
_OVERLAP = timedelta(seconds=60)


def _events_since(store: Store, tracker: str, since: str) -> CardEvents:
    """What happened on the board since the last look. Remembered are from when on (`begun`), up to
    when (`at`), and where each card is (`cards`)."""
    before: Dict[str, Any] = json.loads(since) if since else {}
    where: Dict[str, str] = dict(before.get("cards") or {})
    start = moment(from_moment(before["at"]) - _OVERLAP) if before else ""
    bound = {"tracker": tracker, "start": start}
    with store.read() as connection:
        now = store.now(connection)
        changed = rows(
            connection,
            "SELECT project, number, status, created_at, changed_at FROM cards"
            " WHERE tracker = :tracker AND changed_at >= :start ORDER BY changed_at",
            **bound,
        )
        remarks = (
            rows(
                connection,
                "SELECT mark, project, number, at FROM card_comments"
                " WHERE tracker = :tracker AND at >= :start ORDER BY at",
                **bound,
            )
            if before
            else []
        )
    begun = before.get("begun") or moment(now)
    made: List[CardEvent] = []
    for row in changed:
        id, at = f"{row['project']}-{row['number']}", from_moment(row["changed_at"])
        was, where[id] = where.get(id), row["status"]
        if was is None and row["created_at"] > begun:
            created = from_moment(row["created_at"])
            made.append(
                CardEvent(f"{id} created", EventKind.CREATED, id, created, after=row["status"])
            )
        elif was is not None and was != row["status"]:
            moved = f"{id} moved {row['changed_at']} {was} to {row['status']}"
            made.append(CardEvent(moved, EventKind.MOVED, id, at, was, row["status"]))
    for one in remarks:
        if one["at"] > begun:
            id = f"{one['project']}-{one['number']}"
            at = from_moment(one["at"])
            made.append(CardEvent(f"comment {one['mark']}", EventKind.COMMENTED, id, at))
    newest = max([before.get("at") or begun, *(row["changed_at"] for row in changed)])
    made.sort(key=lambda change: change.at)
    return CardEvents(
        tuple(made), json.dumps({"begun": begun, "at": newest, "cards": where}, sort_keys=True)
    )
