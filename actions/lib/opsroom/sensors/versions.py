"""Which version runs where: a change belongs to the ledger when a deployment made it, else it is
drift."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass
from datetime import datetime, timezone
from typing import Any, Callable, Dict, List, Mapping, Optional, Union

from ..config.model import Kind
from ..db.sql import Transaction
from ..db.store import Store
from ..errors import OpsroomError
from ..records import claims, ledger
from ..records.ledger import Record
from ..records.model import Event
from ..records.queries import deployments
from ..structs import dataclass
from ..text import one_line, stamp
from ..versions import Running, VersionSource, same, same_version
from . import outbox
from .source import Memory, Verdict

SORT = "version:"
# Of the deployments since the last change, the newest so many are looked at for the person who made
# the next one.
_MAX_DEPLOYMENTS = 50
# How a source is asked, not what it is: another value makes it no other source.
_MANNER = ("time_limit", "verify", "headers", "api_key")


@dataclass(frozen=True)
class Maker:
    """The deployment that made a change."""

    by: str
    deployment: str


@dataclass(frozen=True)
class Looked:
    """An answer, and when it was asked for."""

    answer: Union[Running, OpsroomError]
    asked_at: datetime


class WatchedVersion:
    """One application on one environment.

    The state: `version` (None while it has not answered yet), `commit`, `seq` (the newest end of a
    deployment there when it was written: what ended before has made its change already), `since`
    (unreachable since then, or empty), `of` (a fingerprint of what is asked: another one is looked
    at for the first time).
    """

    def __init__(
        self,
        app: str,
        environment: str,
        kind: Kind,
        make: Callable[[], VersionSource],
        interval: float,
        misses: int,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self.key = f"{SORT}{app}:{environment}"
        self.interval = interval
        self._app, self._environment, self._kind = app, environment, kind
        self._make = make
        self._source: Optional[VersionSource] = None
        self._most, self._now = misses, now
        self._of = fingerprint(kind)
        self._missed = 0
        self._since: Optional[datetime] = None

    def same_as(self, other: Any) -> bool:
        mine = (self.key, self._kind, self.interval, self._most)
        return isinstance(other, WatchedVersion) and mine == (
            other.key,
            other._kind,
            other.interval,
            other._most,
        )

    def ask(self, known: Memory) -> Looked:
        """Never raises OpsroomError: a miss is an answer too."""
        at = self._now()
        try:
            if self._source is None:
                self._source = self._make()
            answer: Union[Running, OpsroomError] = self._source.ask()
        except OpsroomError as error:
            answer = error
        return Looked(answer, at)

    def is_news(self, known: Memory, answer: Any) -> bool:
        state = self._state(known)
        looked = answer if isinstance(answer, Looked) else Looked(answer, self._now())
        if isinstance(looked.answer, OpsroomError):
            self._missed += 1
            self._since = self._since or looked.asked_at
            return self._missed >= self._most and not (state and state["since"])
        self._missed, self._since = 0, None
        return state is None or bool(state["since"]) or not _is(looked.answer, state)

    def judge(self, store: Store, connection: Transaction, known: Memory, answer: Any) -> Verdict:
        state = self._state(known)
        looked = answer if isinstance(answer, Looked) else Looked(answer, self._now())
        if isinstance(looked.answer, OpsroomError):
            return self._silent(known, state, looked.answer, self._since or looked.asked_at)
        return self._answered(store, connection, known, state, looked.answer, looked.asked_at)

    def pause(self, answer: Any) -> Optional[float]:
        return None

    def _state(self, known: Memory) -> Optional[Mapping[str, Any]]:
        return known.state if known.state is not None and known.state["of"] == self._of else None

    def _silent(
        self,
        known: Memory,
        state: Optional[Mapping[str, Any]],
        error: OpsroomError,
        since: datetime,
    ) -> Verdict:
        after = dict(state or {"version": None, "commit": "", "seq": 0, "of": self._of})
        after["since"] = stamp(since)
        return Verdict(
            after, (self._news(known, "unreachable", since=after["since"], code=error.code.value),)
        )

    def _answered(
        self,
        store: Store,
        connection: Transaction,
        known: Memory,
        state: Optional[Mapping[str, Any]],
        running: Running,
        asked_at: datetime,
    ) -> Verdict:
        at = stamp(asked_at)
        found: List[outbox.News] = []
        after: Dict[str, Any] = {
            "version": running.version,
            "commit": running.commit,
            "since": "",
            "of": self._of,
        }
        if state is not None and state["since"]:
            found.append(self._news(known, "reachable", since=state["since"], asked_at=at))
        if state is None or state["version"] is None or _is(running, state):
            known_seq = None if state is None or state["version"] is None else state["seq"]
            after["seq"] = (
                _newest(connection, self._app, self._environment)
                if known_seq is None
                else known_seq
            )
            return Verdict(after, tuple(found))
        # The claim before the ledger: a deployment gives its claim back with the record of its end,
        # so that anyone who finds no claim finds that record.
        held = claims.current(store, connection, self._app, self._environment)
        maker = next(
            (_holder(connection, one) for one in held if _meant(connection, one, running)), None
        )
        if maker is None and any(not one.expired for one in held):
            # Something else than what is being deployed: it may be half-way. What is to be said of
            # it shows afterwards.
            return Verdict({**state, "since": ""}, tuple(found)) if found else Verdict()
        if maker is None:
            maker = _maker(connection, self._app, self._environment, int(state["seq"]), running)
        facts = {"version": running.version, "version_before": state["version"], "asked_at": at}
        if maker is None:
            found.append(self._news(known, "version_unknown_change", **facts))
        else:
            by = one_line(maker.by, 120)
            found.append(
                self._news(known, "version_changed", **facts, by=by, deployment=maker.deployment)
            )
        after["seq"] = _newest(connection, self._app, self._environment)
        return Verdict(after, tuple(found))

    def _news(self, known: Memory, trigger: str, **payload: Any) -> outbox.News:
        place = {"app": self._app, "environment": self._environment}
        return outbox.make(self.key, f"{known.revision + 1}", trigger, **place, **payload)


def fingerprint(kind: Kind) -> str:
    """What a source is, in a word from which nothing can be read."""
    options = kind.options
    values = (
        {one.name: getattr(options, one.name) for one in fields(options)}
        if is_dataclass(options)
        else {"": options}
    )
    parts = [f"{name}={value!r}" for name, value in sorted(values.items()) if name not in _MANNER]
    return hashlib.sha256("\n".join([kind.kind, *parts]).encode("utf-8", "replace")).hexdigest()[
        :16
    ]


def _is(running: Running, state: Mapping[str, Any]) -> bool:
    before = Running(str(state["version"] or ""), str(state["commit"] or ""))
    # Nothing is the same as nothing here: what does not run has not changed.
    return running.version == before.version == "" or same(running, before)


def _newest(connection: Transaction, app: str, environment: str) -> int:
    ended = deployments(connection, app, environment, limit=1)
    return ended[0].seq if ended else 0


def _maker(
    connection: Transaction, app: str, environment: str, after: int, running: Running
) -> Optional[Maker]:
    """The newest deployment since then that put this in place, or that failed and put it back."""
    ended = [
        one
        for one in deployments(connection, app, environment, _MAX_DEPLOYMENTS)
        if one.seq > after
    ]
    put = [one for one in ended if _put(one, running)]
    put += [
        one
        for one in ended
        if one.event is not Event.SUCCEEDED
        and same(Running(one.version_before, str(one.facts.get("commit_before") or "")), running)
    ]
    return Maker(put[0].requester, put[0].deployment) if put else None


def _put(record: Record, running: Running) -> bool:
    return same(Running(record.version, str(record.facts.get("commit") or "")), running)


def _meant(connection: Transaction, claim: claims.Claim, running: Running) -> bool:
    started = [
        one
        for one in ledger.of_deployment(connection, claim.deployment)
        if one.event is Event.STARTED
    ]
    if not started:
        return same_version(claim.version, running.version)
    return any(_put(one, running) for one in started)


def _holder(connection: Transaction, claim: claims.Claim) -> Maker:
    return Maker(claim.holder, claim.deployment)
