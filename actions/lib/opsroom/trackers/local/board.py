"""A board of cards in opsroom's own database: numbers without gaps, and nothing twice."""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional, Tuple

from sqlalchemy import case, exists, func, insert, literal, or_, select, update
from sqlalchemy.engine import Connection

from ...db import Store
from ...db.engine import queue_up
from ...db.sql import clean, from_moment, moment
from ...db.tables import card_comments, cards
from ...errors import Code, Refusal
from ...names import pick, shown, there_are
from .. import Assigned, Assignee, Card, Comment, Draft, Made, Moved, Query, Remark
from . import Options
from .events import events_since

_COMMENTS = 5
# A longer text is no search but a paste; SQLite compares with patterns of 50,000 characters at
# most.
_SEARCHED = 200


class Board:
    """The cards of one tracker of the config. Safe to use from several threads and processes at
    once."""

    # What a transaction has written, everybody sees.
    settles_within = 0.0
    events_since = events_since

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
            told = f"There is no project {shown(project)} on the board {self._name}."
            raise Refusal(Code.UNKNOWN_PROJECT, told, there_are(self._options.every))
        with self._store().write() as connection:
            # From here on nobody else writes, so that the highest number stays the highest.
            queue_up(connection)
            there = self._with_mark(connection, draft.mark)
            if there is not None:
                return there
            highest = connection.scalar(
                select(func.max(cards.c.number)).where(self._mine(), cards.c.project == known)
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
            connection.execute(insert(cards), values)
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
            if self._comment_there(connection, remark.mark):
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
            connection.execute(insert(card_comments), values)
            connection.execute(update(cards).where(self._this(row)).values(changed_at=at))
        return Made(_id(row))

    def find_comment(self, remark: Remark) -> Optional[Made]:
        """By its mark, which is unique."""
        with self._store().read() as connection:
            return Made(remark.card) if self._comment_there(connection, remark.mark) else None

    def show(self, card: str) -> Card:
        """The card with its latest comments."""
        with self._store().read() as connection:
            row = self._row(connection, card)
            of_card = (
                card_comments.c.tracker == self._name,
                card_comments.c.project == row.project,
                card_comments.c.number == row.number,
            )
            latest = (
                select(card_comments)
                .where(*of_card)
                .order_by(card_comments.c.at.desc())
                .limit(_COMMENTS)
            )
            said = [
                Comment(one.author, one.text, from_moment(one.at))
                for one in connection.execute(latest)
            ]
        return self._card(row, row.description, tuple(reversed(said)))

    def move(self, card: str, to: str) -> Moved:
        """Into another column, by its name."""
        wanted = pick(to, self._options.columns, Code.UNKNOWN_COLUMN, "column")
        with self._store().write() as connection:
            queue_up(connection)
            row = self._row(connection, card)
            if row.status != wanted:
                self._change(connection, row, status=wanted)
        return Moved(str(row.status), wanted)

    def assign(self, card: str, to: Assignee) -> Assigned:
        """To anybody: whoever is no person of the config is said to be none."""
        who = clean(" ".join(to.name.split()))
        with self._store().write() as connection:
            queue_up(connection)
            row = self._row(connection, card)
            if row.assignee != who:
                self._change(connection, row, assignee=who)
        notes = (f"{shown(who)} is not a person of the config.",) if who and not to.mapped else ()
        return Assigned(to.shown or who or "nobody", notes=notes)

    def find(self, query: Query) -> Tuple[Card, ...]:
        """The text is looked for as it stands, upper and lower case aside, also in comments."""
        if len(query.text) > _SEARCHED:
            raise Refusal(
                Code.TEXT_TOO_LONG,
                f"Cards are searched for {_SEARCHED} characters at most.",
                "Say fewer words.",
            )
        text = clean(query.text).strip()
        columns = [column for column in cards.columns if column.name != "description"]
        with self._store().read() as connection:
            wanted = [self._mine()]
            if query.project:
                wanted.append(
                    cards.c.project
                    == (self._options.reads_project(query.project).id or query.project)
                )
            if query.assignee:
                wanted.append(_same(connection, cards.c.assignee, clean(query.assignee)))
            if text:
                wanted.append(_anywhere(connection, text))
            closed = case(
                (_same(connection, cards.c.status, self._options.columns[-1]), 1), else_=0
            )
            order = (closed, cards.c.changed_at.desc(), cards.c.number.desc())
            rows = connection.execute(
                select(*columns).where(*wanted).order_by(*order).limit(query.limit)
            ).all()
        return tuple(self._card(row, "", ()) for row in rows)

    def _store(self) -> Store:
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def _mine(self) -> Any:
        return cards.c.tracker == self._name

    def _this(self, row: Any) -> Any:
        return self._mine() & (cards.c.project == row.project) & (cards.c.number == row.number)

    def _row(self, connection: Connection, card: str) -> Any:
        """The row of a card. Raises Refusal(unknown_card)."""
        known = self._options.reads_card(card).id
        project, _, number = known.rpartition("-")
        row = None
        if known:
            mine = (self._mine(), cards.c.project == project, cards.c.number == int(number))
            row = connection.execute(select(cards).where(*mine)).first()
        if row is None:
            told = f"There is no card {shown(card)} on the board {self._name}."
            raise Refusal(
                Code.UNKNOWN_CARD,
                told,
                "Ask for 'my cards' or 'cards about ...' to see what there is.",
            )
        return row

    def _change(self, connection: Connection, row: Any, **values: str) -> None:
        at = moment(self._store().now(connection))
        connection.execute(update(cards).where(self._this(row)).values(changed_at=at, **values))

    def _with_mark(self, connection: Connection, mark: str) -> Optional[Made]:
        found = select(cards.c.project, cards.c.number).where(self._mine(), cards.c.mark == mark)
        row = connection.execute(found).first()
        return None if row is None else Made(_id(row))

    def _comment_there(self, connection: Connection, mark: str) -> bool:
        found = select(card_comments.c.mark).where(
            card_comments.c.tracker == self._name, card_comments.c.mark == mark
        )
        return connection.execute(found).first() is not None

    def _card(self, row: Any, description: str, comments: Tuple[Comment, ...]) -> Card:
        return Card(
            id=_id(row),
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


def _id(row: Any) -> str:
    return f"{row.project}-{row.number}"


def _folding(connection: Connection) -> Callable[[Any], Any]:
    """The database's function that takes upper and lower case for the same. SQLite's own knows the
    letters of ASCII only; PostgreSQL's those of the database's locale."""
    if connection.dialect.name != "sqlite":
        return func.lower
    driver: Any = connection.connection.driver_connection
    driver.create_function("opsroom_fold", 1, str.casefold)
    return func.opsroom_fold


def _anywhere(connection: Connection, text: str) -> Any:
    """Whether a card holds the text: in its summary, its description or a comment."""
    in_comments = exists().where(
        card_comments.c.tracker == cards.c.tracker,
        card_comments.c.project == cards.c.project,
        card_comments.c.number == cards.c.number,
        _holds(connection, card_comments.c.text, text),
    )
    return or_(
        _holds(connection, cards.c.summary, text),
        _holds(connection, cards.c.description, text),
        in_comments,
    )


def _same(connection: Connection, column: Any, value: str) -> Any:
    fold = _folding(connection)
    return fold(column) == fold(literal(value))


def _holds(connection: Connection, column: Any, value: str) -> Any:
    if connection.dialect.name != "sqlite":
        return column.icontains(value, autoescape=True)
    return _folding(connection)(column).contains(value.casefold(), autoescape=True)
