"""The pager kind local: a log of pages in opsroom's own database, for people whose order on call is
in the config."""

from __future__ import annotations

from dataclasses import field
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from ...config.fields import Fields
from ...config.problems import found
from ...db.sql import Transaction, queue_up
from ...db.store import Store
from ...deadline import GivenUp, in_time
from ...errors import Code, Failure, Refusal
from ...names import comparable, either, listed, nearest, shown
from ...people import Author
from ...structs import dataclass
from ...structs.patterns import lazy_pattern
from ...text import one_line, when
from .. import Delivery, Incident, OnCall, Page, Paged, Pager, State, Target, printable, title_of
from . import log
from .log import Logged

_NAME = lazy_pattern(r"^[^\x00-\x1f\x7f]{1,64}(?![\s\S])")
_NUMBER = lazy_pattern(r"^#?([0-9]{1,10})(?![\s\S])")


@dataclass(frozen=True)
class Options:
    """`on_call`: for each team its people; the first is on call, the others are alerted one after
    the other."""

    on_call: Mapping[str, Tuple[str, ...]] = field(default_factory=dict)


def read_options(fields: Fields) -> Options:
    """A log of pages in opsroom's own database, with people who are on call by the config. Nobody's
    telephone rings.

    - `on_call` (mapping of a team to a list of people): who is on call: the first of the list, and
      by `escalate page` the next. Without it pages are written down and reach nobody.
    """
    inner = fields.inside("on_call")
    teams: Dict[str, Tuple[str, ...]] = {}
    folded: Dict[str, str] = {}
    for team in inner.names():
        people = inner.texts(team, expected="a list of people")
        if not _NAME.match(team.strip()):
            inner.problem(team, "expected a name of one line and at most 64 characters")
        for number, one in enumerate(people):
            if not _NAME.match(one):
                what = f"expected a name of one line and at most 64 characters, found {found(one)}"
                inner.problem(f"{team}[{number}]", what)
            if comparable(one) in {comparable(other) for other in people[:number]}:
                inner.problem(
                    f"{team}[{number}]", f"expected each person once, found {found(one)} again"
                )
        if comparable(team) in folded:
            inner.problem(
                team,
                f"expected a name that differs from '{folded[comparable(team)]}' by more than case",
            )
        folded[comparable(team)] = team
        teams[team] = people
    return Options(teams)


def read_target(fields: Fields, key: str) -> Target:
    """A team of `on_call`, or a person."""
    name = fields.text(key, pattern=_NAME, expected="a team of on_call, or a person")
    return Target("log", name, name)


def make(options: Options, *, name: str, store: Callable[[], Store], keep: Any) -> LocalPager:
    """The pager, on opsroom's own database."""
    return LocalPager(options, name, store)


class LocalPager(Pager):
    """Writes a page down for the person on call. Ringing is the room's matter."""

    # What is committed is found.
    settles_within = 0.0

    def __init__(self, options: Options, name: str, store: Callable[[], Store]) -> None:
        self._teams = dict(options.on_call)
        self._name = name
        self._store = store

    def default_target(self) -> Optional[Target]:
        """The only team; without any, the log itself, from which nobody is called."""
        teams = list(self._teams)
        if len(teams) > 1:
            return None
        return (
            Target("team", teams[0], teams[0]) if teams else Target("log", self._name, self._name)
        )

    def person(self, identity: str, email: str, shown: str) -> Optional[Target]:
        name = self._person(identity or shown)
        return Target("user", name, name) if name else None

    def look_up(self, name: str) -> Tuple[Target, ...]:
        """The teams and the people of `on_call`. Raises nothing."""
        known = [Target("team", team, team) for team in self._teams]
        known += [Target("user", person, person) for person in self._people()]
        wanted = comparable(name)
        same = tuple(one for one in known if comparable(one.id) == wanted)
        return same or tuple(one for one in known if wanted and wanted in comparable(one.id))

    def on_call(self, target: Target) -> Tuple[OnCall, ...]:
        """All of them, in the order in which they are alerted."""
        team, people = self._called(target)
        return tuple(
            OnCall(one, level=level, through=team) for level, one in enumerate(people, start=1)
        )

    def page(self, page: Page) -> Paged:
        """Raises Failure(store_...). A mark that is there already is not written down again."""
        author, written = page.author, False
        team, people = self._called(page.target)

        def write(given_up: GivenUp) -> Logged:
            nonlocal written
            store = self._store()
            with store.write() as connection:
                logged = log.add(
                    store,
                    connection,
                    pager=self._name,
                    mark=page.mark,
                    target_kind="team" if team else "user" if people else "log",
                    target=team or next(iter(people), page.target.shown),
                    text=printable(page.text),
                    urgent=page.urgent,
                    author=_by(author),
                    people=people[:1],
                )
                given_up.check()
                written = True
            return logged

        try:
            # Where the database hangs, the next pager has to have its turn.
            logged = in_time(write)
        except Failure as failure:
            # Only a commit whose answer was lost leaves a doubt, and that can be looked up.
            failure.facts["sent"] = written
            raise
        return self._paged(logged)

    def find(self, page: Page) -> Optional[Paged]:
        with self._store().read() as connection:
            logged = log.by_mark(connection, self._name, page.mark)
        return None if logged is None else self._paged(logged)

    def incident(self, id: str) -> Incident:
        with self._store().read() as connection:
            return _incident(self._known(connection, id))

    def incidents(self, target: Optional[Target] = None, limit: int = 10) -> Tuple[Incident, ...]:
        """Those of a team are its own, those of a person all by which they were called."""
        wanted: Callable[[Logged], bool] = lambda page: True  # noqa: E731
        if target is not None:
            team, people = self._called(target)
            name = comparable(team or next(iter(people), target.shown))
            if team or not people:
                wanted = lambda page: comparable(page.target) == name  # noqa: E731
            else:
                wanted = lambda page: name in (comparable(one) for one in page.people)  # noqa: E731
        with self._store().read() as connection:
            return tuple(
                _incident(page) for page in log.still_open(connection, self._name, limit, wanted)
            )

    def acknowledge(self, id: str, author: Author) -> Incident:
        """Who was first stays the one who is on it."""
        return self._change(
            id,
            author,
            lambda page: (
                (State.ACKNOWLEDGED, page.people) if page.state == State.TRIGGERED.value else None
            ),
        )

    def resolve(self, id: str, author: Author) -> Incident:
        return self._change(id, author, lambda page: (State.RESOLVED, page.people))

    def escalate(self, id: str, author: Author) -> Incident:
        """Calls the next of the team. Raises Refusal(not_possible) when nobody is left."""

        def further(page: Logged) -> Tuple[State, Tuple[str, ...]]:
            return State.TRIGGERED, (*page.people, self._next(page))

        return self._change(id, author, further)

    def add_responder(self, id: str, target: Target, author: Author) -> Incident:
        """A person, or the first of a team who was not called yet."""
        _, people = self._called(target)
        if not people:
            raise Refusal(
                Code.UNKNOWN_PERSON, f"Nobody is on call for {shown(target.shown)} in {self._name}."
            )

        def one_more(page: Logged) -> Optional[Tuple[State, Tuple[str, ...]]]:
            further = _first_not_in(page.people, people)
            return (State(page.state), (*page.people, further)) if further else None

        return self._change(id, author, one_more)

    def _change(
        self,
        id: str,
        author: Author,
        change: Callable[[Logged], Optional[Tuple[State, Tuple[str, ...]]]],
    ) -> Incident:
        """Change a page that is not resolved, all in one transaction. None from `change` leaves it
        as it is."""
        store = self._store()
        with store.write() as connection:
            queue_up(connection)
            page = self._known(connection, id)
            if page.state == State.RESOLVED.value:
                raise Refusal(
                    Code.PAGE_CLOSED,
                    f"Page {page.number} was resolved by {page.changed_by}"
                    f" ({when(page.changed_at, store.now(connection))}).",
                    "If the problem persists, page again.",
                )
            wanted = change(page)
            if wanted is None:
                return _incident(page)
            state, people = wanted
            after = log.set_state(store, connection, page, state.value, people, _by(author))
            return _incident(after or page)

    def _known(self, connection: Transaction, id: str) -> Logged:
        number = _NUMBER.match(id.strip())
        page = log.by_number(connection, self._name, int(number.group(1))) if number else None
        if page is None:
            raise Refusal(
                Code.UNKNOWN_PAGE,
                f"There is no page {shown(id)} in {self._name}.",
                "See: show pages",
            )
        return page

    def _next(self, page: Logged) -> str:
        team = self._teams.get(page.target, ()) if page.target_kind == "team" else ()
        further = _first_not_in(page.people, team)
        if further:
            return further
        so_far = (
            f"{listed(page.people)} {'has' if len(page.people) == 1 else 'have'} been called"
            if page.people
            else ""
        )
        message = (
            f"There is nobody left to alert for page {page.number}{'; ' if so_far else ''}{so_far}."
        )
        raise Refusal(
            Code.NOT_POSSIBLE, message, f"Call someone by name: add NAME to page {page.number}"
        )

    def _called(self, target: Target) -> Tuple[str, Tuple[str, ...]]:
        """The team and its people, or no team and the person; neither for a name that nobody
        answers to.

        A target of the config says no kind: a team of that name comes first, then a person of
        `on_call`. Anyone else may be called by who they are (kind user), as the config knows them.
        """
        wanted = comparable(target.id)
        if target.kind != "user":
            for team, people in self._teams.items():
                if comparable(team) == wanted:
                    return team, people
        if target.kind == "user" or (
            target.kind != "team" and wanted in (comparable(one) for one in self._people())
        ):
            return "", (self._person(target.id),)
        return "", ()

    def _person(self, name: str) -> str:
        """The name as `on_call` writes it, where it does."""
        name = one_line(name, 64)
        return next((one for one in self._people() if comparable(one) == comparable(name)), name)

    def _people(self) -> List[str]:
        return list(dict.fromkeys(one for people in self._teams.values() for one in people))

    def _paged(self, logged: Logged) -> Paged:
        team = logged.target if logged.target_kind == "team" else ""
        on_call = tuple(OnCall(one, through=team) for one in logged.people)
        if on_call:
            return Paged(_incident(logged), Delivery.ACCEPTED, on_call)
        near = nearest(logged.target, [*self._teams, *self._people()])
        meant = (
            f" Did you mean {either(near)}?" if near and logged.target not in self._teams else ""
        )
        note = (
            f"{self._name} names nobody who is on call for {one_line(logged.target, 64)}; it "
            "is only written down."
        )
        return Paged(_incident(logged), Delivery.NOBODY, notes=(note + meant,))


def _incident(page: Logged) -> Incident:
    return Incident(
        id=str(page.number),
        number=str(page.number),
        title=title_of(page.text),
        state=State(page.state),
        target=page.target,
        people=page.people,
        since=page.at,
    )


def _first_not_in(called: Tuple[str, ...], people: Tuple[str, ...]) -> str:
    folded = {comparable(one) for one in called}
    return next((one for one in people if comparable(one) not in folded), "")


def _by(author: Author) -> str:
    return one_line(author.shown, 120)
