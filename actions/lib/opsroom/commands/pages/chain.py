"""Sends one page through the pagers of a team, one after the other, until one has accepted it for
someone.

The next pager is tried only when it is certain that the one before has not accepted the page, or
accepted it for nobody. A lost answer is looked for first; where that is inconclusive, nothing more
is sent.
"""

from __future__ import annotations

import threading
from dataclasses import field
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ...deadline import LIMIT, GivenUp, in_time, within
from ...errors import Code, Failure, OpsroomError, Refusal
from ...http.errors import in_doubt
from ...names import listed
from ...pagers import Delivery, Page, Paged, Pager, Target
from ...records.pages import Page as PageRecord
from ...records.pages import update_page, with_mark
from ...structs import dataclass
from ...text import one_line, sentence, stamp
from .. import Context, exactly_once
from ..attribution import author_of
from . import Recipient, Route, build, limit_of, look_for
from .recipients import ask_about

# All pagers together, from the moment of asking, in seconds; the action itself is stopped after 80.
TOTAL = 58.0
# What one pager needs at least: with less time left it is not begun.
MIN_SECONDS = 4.0
# What of the time to look is kept for the last look, in seconds.
_ONE_LOOK = 3.0
# A server that is still working when we stop listening needs a moment to finish; what is not there
# then never comes.
_STILL_AT_IT = 3.0
_STILL_AT_IT_WHEN_SLOW = 6.0
_PAUSE = 1.0


@dataclass
class Chain:
    """One page on its way. `deadline` is a moment of `exactly_once.clock`.

    `recorded`: there is a row for it, which is kept in step with the pager that it is at.
    Afterwards `sent` is what took it, and `failures` has a sentence for each pager
    that did not.
    """

    context: Context
    recipient: Recipient
    text: str
    urgent: bool
    deadline: float
    recorded: bool = False
    sent: Optional[Tuple[Route, Target, Paged]] = None
    failures: List[str] = field(default_factory=list)
    tried: List[Dict[str, str]] = field(default_factory=list)
    _mark: str = ""
    _at: int = 0
    _reaches_nobody: bool = False
    _last: Optional[OpsroomError] = None
    # Why it is unknown whether it went out.
    _doubt: str = ""

    def send(self, mark: str) -> Mapping[str, Any]:
        """Its facts, once a pager has taken it.

        Raises Failure(not_paged, nobody_notified) when none did, Refusal(unknown_who, which_who)
        when the only pager does not know who is meant, and a Failure that is in doubt when it may
        have gone out.
        """
        self._mark = mark
        while self._at < len(self.recipient.routes):
            route = self.recipient.routes[self._at]
            if self._left() < MIN_SECONDS:
                self._note(
                    route.pager,
                    "timed_out",
                    f"{route.pager} was not tried: there was no time left.",
                )
            else:
                self._keep_in_step(route)
                facts = self._through(route)
                if facts is not None:
                    return facts
            self._at += 1
        raise self._none_took_it()

    def look(self, mark: str) -> Optional[Mapping[str, Any]]:
        """The facts of the page that carries the mark, where it may have gone out before; None when
        it is certain that it has not. Raises Refusal(not_possible) where that is unknown, and
        Failure."""
        if self._doubt:
            raise Refusal(Code.NOT_POSSIBLE, self._doubt)
        self._mark = mark
        self._at = self._where_it_was(mark)
        route = self.recipient.routes[self._at]

        def find(pager: Pager, target: Target) -> Tuple[Target, Optional[Paged]]:
            return target, pager.find(self._page(route, target))

        target, found = ask_about(self.context, route, find)
        return None if found is None else self._taken(route, target, found)

    def _through(self, route: Route) -> Optional[Mapping[str, Any]]:
        """Through one pager; None when the next one is to be tried."""
        share = min(
            self._left() / (len(self.recipient.routes) - self._at),
            limit_of(self.context, route.pager),
        )
        page: Optional[Page] = None
        given_up = threading.Event()

        def send(pager: Pager, target: Target) -> Paged:
            nonlocal page
            # In this order: either this sees that the caller has gone on, or they see that
            # there is a page.
            page = self._page(route, target)
            if given_up.is_set():
                raise Failure(Code.TIMED_OUT, f"{route.pager} was too slow.")
            return pager.page(page)

        try:
            paged = ask_about(self.context, route, send, share, given_up)
        except Refusal as refusal:
            self._failed(route, refusal)
            return None
        except Failure as failure:
            if page is None or not in_doubt(failure):
                self._failed(route, failure)
                return None
            found = self._looked_for(route, page, failure)
            if found is None:
                self._failed(route, failure)
                return None
            paged = found
        assert page is not None
        if paged.delivery is Delivery.NOBODY:
            self._reaches_nobody = True
            why = f" {paged.notes[0]}" if paged.notes else ""
            self._note(
                route.pager, "nobody_notified", f"{route.pager} took it and reaches nobody.{why}"
            )
            return None
        return self._taken(route, page.target, paged)

    def _looked_for(self, route: Route, page: Page, failure: Failure) -> Optional[Paged]:
        """What the pager has of a page whose answer was lost; None when it certainly has nothing.
        Raises a Failure that is in doubt when that is unknown."""
        still = _STILL_AT_IT_WHEN_SLOW if failure.code is Code.TIMED_OUT else _STILL_AT_IT
        settles = build(self.context, route.pager).settles_within
        settled = exactly_once.clock() + max(settles, still)
        others = len(self.recipient.routes) - self._at - 1
        end = min(
            exactly_once.clock() + look_for(self.context, route.pager),
            self.deadline - MIN_SECONDS * others,
        )
        # The last look needs time for its answer too.
        until = end - min(_ONE_LOOK, (end - exactly_once.clock()) / 3)
        while True:
            began = exactly_once.clock()
            limit = min(max(end - began, 0.1), limit_of(self.context, route.pager))
            try:
                found = within(
                    limit, route.pager, lambda: build(self.context, route.pager).find(page)
                )
            except Refusal as refusal:
                raise self._in_doubt(route, failure, refusal) from failure
            except Failure as other:
                lookup_error: Optional[Failure] = other
            else:
                if found is not None or began >= settled:
                    return found
                lookup_error = None
            now = exactly_once.clock()
            if now >= until:
                raise self._in_doubt(route, failure, lookup_error) from failure
            exactly_once.wait(min(_PAUSE, max((settled if settled > now else until) - now, 0.05)))

    def _in_doubt(self, route: Route, failure: Failure, also: Optional[OpsroomError]) -> Failure:
        asked = (
            f"{route.pager} cannot be asked whether it has it"
            if also is not None
            else f"{route.pager} does not show it"
        )
        why = sentence(one_line(failure.message, 120))
        # What matters most first: the end of a long answer is cut off.
        self._doubt = " ".join([why, f"{asked}, so it is not sent again.", *self._before()])
        facts = {
            "sent": True,
            "pager": route.pager,
            "team": self.recipient.name,
            "mark": self._mark,
        }
        return Failure(Code.PAGE_UNCONFIRMED, self._doubt, self.recipient.hint, facts)

    def _taken(self, route: Route, target: Target, paged: Paged) -> Mapping[str, Any]:
        self.sent = (route, target, paged)
        incident = paged.incident
        first = [
            one for one in paged.on_call if one.level == min(each.level for each in paged.on_call)
        ]
        until = first[0].until if first else None
        people = list(dict.fromkeys(one.name for one in first)) or list(incident.people)
        return {
            "pager": route.pager,
            "incident": incident.id,
            "number": incident.number,
            "url": incident.url,
            "team": self.recipient.name,
            "target": target.shown,
            "target_kind": target.kind,
            "people": people,
            # Someone who is paged by name may be off duty, and a mailbox is on call at no time.
            "on_call": bool(first)
            and (until is not None or target.kind not in ("user", "address")),
            "until": stamp(until) if until else "",
            "delivery": paged.delivery.value,
            "notes": [*self._before(), *self.recipient.notes, *paged.notes],
            "tried": list(self.tried),
            "mark": self._mark,
        }

    def _page(self, route: Route, target: Target) -> Page:
        author = author_of(
            self.context, route.pager, self.context.settings.pagers[route.pager].kind
        )
        return Page(target, self.text, self.urgent, self._mark, author)

    def _left(self) -> float:
        return self.deadline - exactly_once.clock()

    def _failed(self, route: Route, error: OpsroomError) -> None:
        self._last = error
        # A redirect names its new address and the key to change; nothing of that may be cut off.
        status = error.facts.get("status")
        redirect = isinstance(status, int) and 300 <= status < 400
        why = sentence(one_line(error.message, 200 if redirect else 100))
        self._note(route.pager, error.code.value, f"{route.pager} did not take it: {why}")

    def _note(self, pager: str, code: str, sentence: str) -> None:
        self.failures.append(sentence)
        self.tried.append({"pager": pager, "code": code, "message": one_line(sentence, 300)})

    def _before(self) -> List[str]:
        return list(self.failures)

    def _none_took_it(self) -> OpsroomError:
        if (
            len(self.recipient.routes) == 1
            and self._last
            and self._last.code in (Code.UNKNOWN_WHO, Code.WHICH_WHO)
        ):
            return self._last
        facts = {"sent": False, "team": self.recipient.name, "tried": self.tried}
        who = one_line(self.recipient.name, 60)
        failures = " ".join(self.failures)
        if self._reaches_nobody:
            message = f"The page to {who} reached nobody. {failures}"
            return Failure(Code.NOBODY_NOTIFIED, message, self.recipient.hint, facts)
        pagers = listed(dict.fromkeys(one.pager for one in self.recipient.routes))
        return Failure(
            Code.NOT_PAGED,
            f"Nobody was paged for {who}: {failures}" if len(self.failures) == 1 else
            f"Nobody was paged for {who}, neither {pagers} took it. {failures}",
            self.recipient.hint,
            facts,
        )  # fmt: skip

    def _where_it_was(self, mark: str) -> int:
        """The place in the chain that a page was at when its runner died or its answer was lost."""

        def read(given_up: GivenUp) -> Optional[PageRecord]:
            with self.context.store.read() as connection:
                return with_mark(connection, mark)

        row = in_time(read)
        pagers = [route.pager for route in self.recipient.routes]
        return pagers.index(row.pager) if row is not None and row.pager in pagers else 0

    def _keep_in_step(self, route: Route) -> None:
        """Write down which pager it is at, before it is sent there."""
        if not self.recorded or self._at == 0:
            return

        def write(given_up: GivenUp) -> None:
            with self.context.store.write() as connection:
                update_page(connection, self._mark, pager=route.pager)
                given_up.check()

        try:
            in_time(write, max(min(LIMIT, self._left() / 3), 1.0))
        except Failure:
            # A person is to be alerted; the record comes after that.
            self.recorded = False
