"""page: alerts the person on call, once, with proof that the page went out, and reports who was
reached."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ...db.sql import Transaction
from ...db.store import Store
from ...deadline import in_time, within
from ...errors import Code, Failure, OpsroomError, Refusal
from ...names import listed
from ...pagers import Delivery, State
from ...policy.paging import within_limit
from ...records.model import Event
from ...records.pages import (
    DOUBTFUL,
    Page,
    begin,
    columns_of,
    drop,
    moments,
    update_page,
    with_mark,
)
from ...stackstorm.chat import may_be_cut
from ...text import message, neutralise, one_line, sentence, span
from ...times.zones import local_time
from .. import Context, Outcome, exactly_once
from ..announce import announce
from ..exactly_once import run_once
from ..external_action import ActionResult, ExternalAction, Facts, Limits
from ..request import Request, recordable, why
from . import Recipient, build, limit_of, watch_until
from .chain import MIN_SECONDS, TOTAL, Chain
from .recipients import find_recipient

# What a page may hold; some vendors cut a title out of it.
MAX_CHARACTERS = 1024
# A look for a page that an earlier runner may have sent, in seconds; with the answer to a name it
# is two requests.
_ONE_LOOK = 10.0


def page(
    context: Context, who: str, text: str, urgent: bool = False, emergency: bool = False
) -> Outcome:
    """Page the person on call for a team, or a person.

    Not ok, with code page_unconfirmed, when a pager took it and its outcome is unknown.
    Raises Refusal (no_pager, unknown_who, which_who, text_needed, page_limit, busy) and Failure
    (not_paged, nobody_notified, page_unconfirmed). An emergency passes the limit, is urgent, and is
    announced.
    """
    urgent = urgent or emergency
    request = _request(context, who, text, urgent, emergency)
    deadline = exactly_once.clock() + TOTAL
    try:
        words, cut = _words(text)
        recipient = find_recipient(context, who)
    except OpsroomError as error:
        _try_to_record(request, error)
        raise
    request.noted["team"] = recipient.name
    chain = Chain(
        context, recipient, words, urgent, max(deadline, exactly_once.clock() + 3 * MIN_SECONDS)
    )
    result = run_once(request, _PageAction(request, chain, emergency))
    notes = [cut] if cut else []
    if may_be_cut(context.settings.route, context.speaker, text):
        notes.append(f"It says: {one_line(words, 100)}")
    if notes:
        result = replace(
            result, facts={**result.facts, "notes": [*result.facts.get("notes", ()), *notes]}
        )
    return _answer(context, request, recipient, result, emergency)


def _request(context: Context, who: str, text: str, urgent: bool, emergency: bool) -> Request:
    noted = {
        "who": one_line(who),
        "text": one_line(text, 200),
        "urgent": urgent or None,
        "emergency": emergency or None,
    }
    return Request(
        context, "page in an emergency" if emergency else "page", "", "", "", noted=noted
    )


def _words(text: str) -> Tuple[str, str]:
    """The text as pagers get it, without expressions and mentions, and a sentence when it had to be
    cut."""
    words = neutralise(text).strip()
    if not words:
        raise Refusal(
            Code.TEXT_NEEDED,
            "A page needs a text for the person who is paged.",
            "For example: page web-team: checkout is down",
        )
    if len(words) <= MAX_CHARACTERS:
        return words, ""
    kept = words[: MAX_CHARACTERS - 40]
    # At the border of a word, where there is one near.
    border = max(kept.rfind(" "), kept.rfind("\n"))
    kept = kept[:border] if border > len(kept) - 80 else kept
    more = len(words) - len(kept)
    return (
        f"{kept.rstrip()} [cut: {more} more characters]",
        f"The text was cut after {len(kept)} characters.",
    )


class _PageAction(ExternalAction):
    """The page through the chain of pagers, with its row for `show pages` and the watch."""

    done = Event.PAGED
    code = Code.PAGED
    repeated_code = Code.PAGED_ALREADY
    doubtful_code = Code.PAGE_UNCONFIRMED
    limits = Limits(TOTAL, 2 * _ONE_LOOK)
    without_record = True
    may_vanish = True
    in_progress_text = "is being sent"
    in_doubt_text = "may have gone out and may not"

    def __init__(self, request: Request, chain: Chain, emergency: bool) -> None:
        self.request = request
        self.context = request.context
        self.chain = chain
        self.emergency = emergency
        recipient = chain.recipient
        self.key = (
            recipient.kind,
            recipient.name,
            chain.text,
            "urgent" if chain.urgent else "",
            *_where(recipient),
        )
        self.what = f"The page to {one_line(recipient.name, 60)}"
        self.in_doubt_hint = (
            f"{sentence(recipient.hint)} To page again anyway, word it differently."
        )

    def make(self, mark: str) -> Facts:
        """Send it."""
        return self.chain.send(mark)

    def find(self, mark: str) -> Optional[Facts]:
        """The page that carries the mark, at the pager that it was at."""
        return self.chain.look(mark)

    def sentence(self, facts: Facts) -> str:
        """Who paged whom through what."""
        return _sentence(self.context, self.request, facts)

    def is_uncertain(self, facts: Facts) -> bool:
        """Whether a pager took it without saying that it reaches someone."""
        return facts.get("delivery") != Delivery.ACCEPTED.value

    def still_exists(self, facts: Facts) -> bool:
        """Whether a page that was sent a moment ago is not resolved."""
        return _stands(self.context, facts)

    def before(self, store: Store, on: Transaction, mark: str) -> None:
        """Check it against the limit and count it, in one transaction."""
        context, chain = self.context, self.chain
        chain.recorded = True
        if with_mark(on, mark) is not None:
            # It may have gone out before, and is looked for.
            return
        limit, by, team = context.settings.page_limit, self.request.by, chain.recipient.name
        by_person, to_team, now = moments(store, on, limit, by.key, team)
        if not self.emergency:
            zone = context.settings.timezone
            within_limit(limit, by_person, to_team, now, by.shown, team, zone).enforce()
        begin(store, on, self._row(mark))

    def after(self, store: Store, on: Transaction, mark: str, event: Event) -> None:
        """Bring its row up to date, or drop it where nothing was sent."""
        if event in (Event.REFUSED, Event.FAILED):
            drop(on, mark)
        else:
            update_page(on, mark, **self._outcome(store.now(on)))

    def page_row(self, mark: str, event: Event) -> Mapping[str, Any]:
        """The row as `before` and `after` together would have left it."""
        if event in (Event.REFUSED, Event.FAILED):
            return {}
        now = datetime.now(timezone.utc)
        return columns_of(replace(self._row(mark), paged_at=now, **self._outcome(now)))

    def _row(self, mark: str) -> Page:
        by, chain = self.request.by, self.chain
        return Page(
            mark=mark,
            deployment=self.request.deployment,
            pager=chain.recipient.routes[0].pager,
            team=chain.recipient.name,
            owner=by.key,
            shown=by.shown,
            text=self.context.mask(chain.text),
            person=by.person_name,
            room=by.room,
            urgent=chain.urgent,
            emergency=self.emergency,
            execution_id=self.context.execution_id,
        )

    def _outcome(self, now: datetime) -> Dict[str, Any]:
        """The columns of a page that went out, or may have."""
        chain = self.chain
        until = watch_until(self.context, chain.recipient.team, now)
        if chain.sent is None:
            return {"state": DOUBTFUL, "watch_until": until}
        route, target, paged = chain.sent
        state = paged.incident.state
        people = tuple(dict.fromkeys(one.name for one in paged.on_call)) or paged.incident.people
        return {
            "pager": route.pager,
            "target": target,
            "incident": paged.incident.id,
            "number": paged.incident.number,
            "url": paged.incident.url,
            "people": people,
            "state": (State.TRIGGERED if state is State.UNKNOWN else state).value,
            "watch_until": until,
        }


def _where(recipient: Recipient) -> Tuple[str, ...]:
    """What distinguishes things of the same name in two pagers; a team or person is the same in all
    of them."""
    if recipient.team is not None or recipient.person:
        return ()
    return tuple(
        f"{route.pager} {route.target.kind} {route.target.id}"
        for route in recipient.routes
        if route.target is not None
    )


def _stands(context: Context, facts: Mapping[str, Any]) -> bool:
    """Whether a page that was sent a moment ago is not resolved. What cannot be learnt counts as
    open, so that nobody is paged twice because a question was not answered."""
    pager, id = str(facts.get("pager", "")), str(facts.get("incident", ""))
    if pager not in context.settings.pagers or not id:
        return True
    try:
        limit = min(_ONE_LOOK, limit_of(context, pager))
        return (
            within(limit, pager, lambda: build(context, pager).incident(id)).state
            is not State.RESOLVED
        )
    except OpsroomError:
        return True


def _try_to_record(request: Request, error: OpsroomError) -> None:
    """Write down that it was refused or failed before anything was tried; what went wrong counts
    more than that."""
    event = Event.REFUSED if isinstance(error, Refusal) else Event.FAILED
    try:
        in_time(
            lambda _: request.write(
                event, error.code.value, error.sentence(), **recordable(error.facts)
            )
        )
    except Failure:
        error.facts["recorded"] = False


def _answer(
    context: Context, request: Request, recipient: Recipient, result: ActionResult, emergency: bool
) -> Outcome:
    facts = dict(result.facts)
    facts.update(requester=request.by.shown, fresh=result.fresh, recorded=result.recorded)
    accepted = facts.get("delivery") == Delivery.ACCEPTED.value
    code = Code.PAGED if accepted else Code.PAGE_UNCONFIRMED
    # Said before whatever may be cut off.
    first = [] if accepted else [f"{recipient.hint.rstrip('.')}."]
    if not result.fresh:
        # Repeating the words makes nothing known that was not.
        code = Code.PAGED_ALREADY if accepted else code
        first.append(
            f"That was {_ago(result.since)}; it was not sent again. "
            "To page again, word it differently."
        )
    elif result.found:
        first.append("The pager's answer was lost, but the page was found.")
    if not result.recorded:
        first.append(f"{_unrecorded(result)}, and no limit was checked: {why(result.failure)}.")
    text = _sentence(context, request, facts, first)
    if emergency and result.fresh:
        announce(request.context, f"Emergency: {text}")
    return Outcome(accepted, code, message(text), facts)


def _unrecorded(result: ActionResult) -> str:
    return (
        "It is not recorded yet (the next command does that)"
        if result.late
        else "It is not recorded"
    )


def _sentence(
    context: Context, request: Request, facts: Mapping[str, Any], first: Sequence[str] = ()
) -> str:
    """Who paged whom for what team, through which pager, as which incident; `first`; where to see
    it, what went otherwise."""
    by = one_line(request.by.shown, 60)
    team, pager = one_line(str(facts["team"]), 60), facts["pager"]
    people = [one_line(str(one), 40) for one in facts.get("people", ())]
    id = one_line(str(facts.get("number") or facts["incident"]), 60)
    end = list(first)
    end += [str(facts["url"])] if facts.get("url") else []
    end += [str(one) for one in facts.get("notes", ())]
    urgently = " urgently" if request.noted.get("urgent") else ""
    if facts.get("delivery") == Delivery.ACCEPTED.value:
        reached = (
            _with_end(context, people, facts) if people else one_line(str(facts["target"]), 60)
        )
        for_team = "" if team in people or reached == team else f" for {team}"
        return " ".join(
            [f"{by} paged {reached}{for_team}{urgently} through {pager}, incident {id}.", *end]
        )
    text = (
        f"{pager} took {by}'s page to {team} (incident {id}); whether it reaches someone is "
        "not known."
    )
    return " ".join([text, *end])


def _with_end(context: Context, people: List[str], facts: Mapping[str, Any]) -> str:
    until = _moment(facts.get("until"))
    if not facts.get("on_call"):
        return listed(people, 4)
    if until is None:
        return f"{listed(people, 4)} (on call)"
    # Time zones are loaded only where someone reads a time.
    return (
        f"{listed(people, 4)} (on call until "
        f"{local_time(until, datetime.now(timezone.utc), context.settings.timezone)})"
    )


def _moment(stored: Any) -> Optional[datetime]:
    if not stored:
        return None
    return datetime.strptime(str(stored), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)


def _ago(since: datetime) -> str:
    return f"{span((datetime.now(timezone.utc) - since).total_seconds())} ago"
