"""From what was found to what is shown: narrowed, masked, neutralised. Pure.

`people` of the config narrows it here: without people, no name of one is on the board.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, TypeVar

from ..commands.changes.list import approved_by
from ..commands.drift import Drift, drift_of
from ..commands.live_version import Answer
from ..commands.resolve import DeploymentTarget
from ..config.approvers import shown_approvers
from ..config.model import Environment, Settings
from ..errors import OpsroomError
from ..html.escaping import is_address
from ..names import listed
from ..policy.approvals import needed
from ..policy.freezes import in_force
from ..policy.locks import place as place_name
from ..records.change import Approval, Change, Kind, State
from ..records.claims import Claim
from ..records.incidents import Incident
from ..records.ledger import Record
from ..records.locks import Lock
from ..records.model import Event
from ..records.pages import Page
from ..structs import dataclass
from ..text import one_line
from .model import (
    Alert,
    Board,
    Freeze,
    Going,
    Held,
    Outcome,
    Past,
    Place,
    Row,
    Urgent,
    Waiting,
    Waits,
)

# Of locks, changes, incidents and pages so many at most: the page is read, not searched.
MOST = 50

Key = Tuple[str, str]
Item = TypeVar("Item")


@dataclass
class Found:
    """What the record says at one moment, as it is in the database."""

    now: datetime
    ended: Mapping[Key, Record]
    succeeded: Mapping[Key, Record]
    drifted: Mapping[Key, Record]
    claims: Sequence[Claim]
    locks: Sequence[Lock]
    changes: Sequence[Tuple[Change, Sequence[Approval]]]
    incidents: Sequence[Incident]
    pages: Sequence[Page]
    past: Sequence[Record]
    archived: str = ""


def key_of(target: DeploymentTarget) -> Key:
    """Application and environment, by their names."""
    return target.app.name, target.environment.name


def compose(
    settings: Settings,
    mask: Callable[[Any], Any],
    shown: Sequence[Environment],
    found: Found,
    began: datetime,
    targets: Sequence[DeploymentTarget],
    answers: Mapping[Key, Answer],
) -> Board:
    """The board of these environments and their places.

    `mask` takes secrets out of a text. `answers` are what places said when they were asked, at
    `began`; a place without one was not asked.
    """
    return _Composer(settings, mask, shown, found).board(began, targets, answers)


class _Composer:
    """From what was found to what is shown, narrowed and masked."""

    def __init__(
        self,
        settings: Settings,
        mask: Callable[[Any], Any],
        shown: Sequence[Environment],
        found: Found,
    ) -> None:
        self._settings = settings
        self._mask = mask
        self._people = settings.board.people
        self._shown = shown
        self._names = {one.name for one in shown}
        self._found = found
        self._left_out: List[Tuple[str, int]] = []

    def board(
        self, began: datetime, targets: Sequence[DeploymentTarget], answers: Mapping[Key, Answer]
    ) -> Board:
        """The whole of it. `began` is when the places were asked."""
        found = self._found
        going = {
            (one.app, one.environment): self._going(one)
            for one in found.claims
            if one.environment in self._names
        }
        held = [one for one in found.locks if not one.environment or one.environment in self._names]
        places = {
            key: self._place(key, began, answers.get(key), going.get(key), held)
            for key in map(key_of, targets)
        }
        apps = list(dict.fromkeys(one.app.name for one in targets))
        return Board(
            made_at=began,
            timezone=self._settings.timezone,
            environments=tuple(one.name for one in self._shown),
            rows=tuple(
                Row(app, tuple(places.get((app, one.name)) for one in self._shown)) for app in apps
            ),
            going=tuple(going.values()),
            alerts=self._few("incidents and pages", self._alerts(set(apps))),
            waiting=self._few("changes", self._waiting()),
            locks=self._few("locks", [self._held(one) for one in held]),
            freezes=tuple(self._freezes()),
            past=tuple(self._past(one) for one in found.past),
            archived=found.archived,
            narrowed=len(self._shown) < len(self._settings.environments),
            asked=self._settings.board.ask,
            people=self._people,
            stale_after=self._settings.board.stale_after,
            left_out=tuple(self._left_out),
        )

    def _place(
        self,
        key: Key,
        began: datetime,
        answer: Optional[Answer],
        going: Optional[Going],
        held: Sequence[Lock],
    ) -> Place:
        app, environment = key
        known, last = self._found.succeeded.get(key), self._found.ended.get(key)
        place: Dict[str, Any] = {
            "going": going,
            "locked": any(one.app in ("", app) and one.environment in ("", environment)
            for one in held),
            "failed": self._past(last) if last and last.event is not Event.SUCCEEDED else None,
        }  # fmt: skip
        if known is not None:
            place.update(
                version=self._version(known.version),
                since=known.clock,
                by=self._name(known.requester),
                deployment=known.deployment,
                link=self._link(known.execution_id),
            )
        if isinstance(answer, OpsroomError):
            place["silent"] = self._text(answer.message, 200)
        drift = self._drift(key, began, answer, going)
        if drift is not None:
            place.update(
                version=self._version(drift.runs),
                recorded=self._version(drift.recorded),
                drift=True,
                since=None,
                by="",
                link="",
                deployment="",
            )
        return Place(app, environment, **place)

    def _drift(
        self, key: Key, began: datetime, answer: Optional[Answer], going: Optional[Going]
    ) -> Optional[Drift]:
        """What runs there but was not deployed: as the place says it, or where it was not asked, as
        the record has found it."""
        known = self._found.succeeded.get(key)
        if going is not None or (known is not None and known.clock > began):
            # It answered in the middle of a deployment, or before one that has ended meanwhile.
            return None
        if answer is not None and not isinstance(answer, OpsroomError):
            return drift_of(*key, known, answer)
        noted = self._found.drifted.get(key)
        if noted is None or (known is not None and known.seq > noted.seq):
            return None
        return Drift(*key, runs=noted.version, recorded=known.version if known else "")

    def _going(self, claim: Claim) -> Going:
        return Going(
            app=self._text(claim.app, 80),
            environment=self._text(claim.environment, 80),
            version=self._version(claim.version),
            since=claim.started_at,
            command=self._text(claim.command, 40),
            step=self._text(claim.step, 80),
            by=self._name(claim.holder),
            lost=claim.expired,
            link=self._link(claim.execution_id),
        )

    def _past(self, record: Record) -> Past:
        drifted = record.event is Event.DRIFT
        work = str(record.facts.get("link") or "")
        return Past(
            at=record.clock,
            app=self._text(record.app, 80),
            environment=self._text(record.environment, 80),
            version=self._version(record.version),
            outcome=Outcome(record.event.value),
            before=self._version(record.version_before),
            # Who did it is not known.
            by="" if drifted else self._name(record.requester),
            command="" if drifted else self._text(record.command, 40),
            deployment=self._text(record.deployment, 80),
            seconds=record.seconds,
            link=self._link(record.execution_id),
            work=self._address(work),
        )

    def _held(self, lock: Lock) -> Held:
        return Held(
            place=self._text(place_name(lock.app, lock.environment), 120),
            reason=self._text(lock.reason, 200),
            since=lock.since,
            until=lock.until,
            by=self._name(lock.shown),
            link=self._link(lock.execution_id),
        )

    def _freezes(self) -> Iterable[Freeze]:
        """Those in force: of each environment, and of an application where its own differ."""
        for environment in self._shown:
            general = in_force(environment.freezes, self._found.now)
            if general is not None:
                yield Freeze(environment.name, self._text(general.name, 80), general.until)
            for app in self._settings.apps_in(environment.name):
                freezes = environment.for_app(app).freezes
                own = in_force(freezes, self._found.now)
                if freezes != environment.freezes and own is not None:
                    place = place_name(app, environment.name)
                    yield Freeze(place, self._text(own.name, 80), own.until)

    def _waiting(self) -> List[Waiting]:
        return [
            self._change(one, given)
            for one, given in self._found.changes
            if one.environment in self._names
        ]

    def _change(self, change: Change, given: Sequence[Approval]) -> Waiting:
        environment = self._settings.environments[change.environment].for_app(change.app)
        waits = Waits.APPROVAL
        if change.state is State.REVIEW:
            waits = Waits.REVIEW
        elif change.kind is Kind.CONFIRMATION:
            waits = Waits.CONFIRMATION
        approving = waits is Waits.APPROVAL
        return Waiting(
            id=self._text(change.id, 20),
            app=self._text(change.app, 80),
            environment=self._text(change.environment, 80),
            version=self._version(change.version),
            waits=waits,
            asked_at=change.asked_at,
            before=self._version(change.version_before),
            by=self._name(change.shown),
            needed=needed(change, environment) if approving else 0,
            approved=len(approved_by(self._settings, change, given)) if approving else 0,
            who=self._who(environment, change) if approving else "",
            until=change.expires_at,
            reason=self._text(change.reason, 200),
            link=self._link(change.execution_id),
        )

    def _who(self, environment: Environment, change: Change) -> str:
        """Who may approve it: people and groups, or where nobody is named, the groups alone."""
        able = shown_approvers(self._settings, environment, change.person)
        if not self._people:
            able = [one for one in able if one in self._settings.groups]
        elif not able:
            return "nobody"
        return self._text(listed(able, 6), 200)

    def _alerts(self, apps: Iterable[str]) -> List[Alert]:
        """Open incidents, then open pages that belong to none of them."""
        known = set(apps)
        shown = [one for one in self._found.incidents if not one.app or one.app in known]
        theirs = {(one.pager, one.page) for one in self._found.incidents if one.page}
        alone = [one for one in self._found.pages if (one.pager, one.id) not in theirs]
        return [*map(self._incident, shown), *map(self._page, alone)]

    def _incident(self, incident: Incident) -> Alert:
        return Alert(
            kind=Urgent.INCIDENT,
            id=self._text(incident.id, 20),
            whom=self._recipient(incident.who),
            text=self._text(incident.text, 200),
            since=incident.since,
            by=self._name(incident.shown),
            link=self._link(incident.execution_id),
            card=self._text(incident.card, 60),
            card_link=self._address(incident.card_url),
            page=self._text(incident.page, 60),
            page_link=self._address(incident.page_url),
        )

    def _page(self, page: Page) -> Alert:
        return Alert(
            kind=Urgent.PAGE,
            id=self._text(page.id, 60),
            whom=self._recipient(page.team),
            text=self._text(page.text, 200),
            since=page.paged_at,
            state="" if page.state == "unknown" else self._text(page.state, 20),
            by=self._name(page.shown),
            link=self._address(page.url) or self._link(page.execution_id),
        )

    def _recipient(self, who: str) -> str:
        """Whom a page or incident is for: a team or an application, or a person."""
        settings = self._settings
        is_person = who not in settings.teams and who not in settings.apps
        return self._name(who) if is_person else self._text(who, 80)

    def _few(self, what: str, items: Sequence[Item]) -> Tuple[Item, ...]:
        if len(items) > MOST:
            self._left_out.append((what, len(items) - MOST))
        return tuple(items[:MOST])

    def _name(self, person: str) -> str:
        return self._text(person, 60) if self._people else ""

    def _version(self, version: str) -> str:
        return self._text(version, 80)

    def _link(self, execution_id: str) -> str:
        return self._address(self._settings.execution_link(execution_id))

    def _address(self, address: str) -> str:
        found = str(self._mask(address))
        return found if is_address(found) and len(found) <= 500 else ""

    def _text(self, text: str, characters: int) -> str:
        return one_line(str(self._mask(text)), characters)
