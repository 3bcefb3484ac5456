"""page: reach the person on call, once, with proof that it went out, and say who was reached."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ...deadline import in_time, within
from ...errors import Code, Failure, OpsroomError, Refusal
from ...names import listed
from ...pagers import Delivery, State
from ...stackstorm.chat import may_be_cut
from ...text import message, neutralise, one_line, sentence, span
from .. import Context, Outcome, exactly_once
from ..deployments.messages import announce
from ..exactly_once import run_once
from ..external_action import ActionResult, ExternalAction, Limits
from ..request import Request, recordable, why
from . import build, limit_of, watch_until
from .chain import LEAST, TOTAL, Chain
from .recipients import Recipient, find_recipient

if TYPE_CHECKING:
    from ...db import Store
    from ...db.sql import Transaction
    from ...records.model import Event

# What a page may hold; some vendors cut a title out of it.
LONGEST = 1024
# A look for a page that an earlier runner may have sent, in seconds; with the answer to a name it
# is two requests.
_ONE_LOOK = 10.0


def page(
    context: Context, who: str, text: str, urgent: bool = False, emergency: bool = False
) -> Outcome:
    """Page whoever is on call for a team, or a person.

    Not ok, with code page_unconfirmed, when a pager took it and what came of it is not known.
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
        context, recipient, words, urgent, max(deadline, exactly_once.clock() + 3 * LEAST)
    )
    came = run_once(request, _action(context, request, chain, emergency))
    notes = [cut] if cut else []
    if may_be_cut(context.settings.route, context.speaker.through_relay, text):
        notes.append(f"It says: {one_line(words, 100)}")
    if notes:
        came = replace(came, facts={**came.facts, "notes": [*came.facts.get("notes", ()), *notes]})
    return _answer(context, request, recipient, came, emergency)


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
            "A page needs a text: it is what somebody reads who was just woken.",
            "For example: page web-team: checkout is down",
        )
    if len(words) <= LONGEST:
        return words, ""
    kept = words[: LONGEST - 40]
    # At the border of a word, where there is one near.
    border = max(kept.rfind(" "), kept.rfind("\n"))
    kept = kept[:border] if border > len(kept) - 80 else kept
    more = len(words) - len(kept)
    return (
        f"{kept.rstrip()} [cut: {more} more characters]",
        f"The text was cut after {len(kept)} characters.",
    )


def _action(context: Context, request: Request, chain: Chain, emergency: bool) -> ExternalAction:
    from ...records.model import Event

    recipient = chain.recipient

    def begins(store: Store, on: Transaction, mark: str) -> None:
        """Count it against the limit and take its place in the count, in one transaction."""
        from ...policy.paging import within_limit
        from ...records.pages import begin, moments, with_mark

        chain.recorded = True
        if with_mark(on, mark) is not None:
            # It may have gone out before, and is looked for.
            return
        limit = context.settings.page_limit
        by_person, to_team, now = moments(store, on, limit, request.by.key, recipient.name)
        if not emergency:
            zone = context.settings.timezone
            within_limit(
                limit, by_person, to_team, now, request.by.shown, recipient.name, zone
            ).enforce()
        begin(store, on, _row(context, request, chain, mark, emergency))

    def ends(store: Store, on: Transaction, mark: str, event: Event) -> None:
        from ...records.pages import DOUBTFUL, drop, update_page

        if event in (Event.REFUSED, Event.FAILED):
            drop(on, mark)
        elif chain.sent is None:
            until = watch_until(context, recipient.team, store.now(on))
            update_page(on, mark, state=DOUBTFUL, watch_until=until)
        else:
            update_page(on, mark, **_came_of(context, chain, store.now(on)))

    def row(mark: str, event: Event) -> Mapping[str, Any]:
        """The row as `begins` and `ends` together would have left it."""
        from ...records.pages import DOUBTFUL, columns_of

        if event in (Event.REFUSED, Event.FAILED):
            return {}
        now = datetime.now(timezone.utc)
        doubtful = {"state": DOUBTFUL, "watch_until": watch_until(context, recipient.team, now)}
        came = _came_of(context, chain, now) if chain.sent is not None else doubtful
        return columns_of(
            replace(_row(context, request, chain, mark, emergency), paged_at=now, **came)
        )

    return ExternalAction(
        key=(
            recipient.kind,
            recipient.name,
            chain.text,
            "urgent" if chain.urgent else "",
            *_where(recipient),
        ),
        what=f"The page to {one_line(recipient.name, 60)}",
        make=chain.send,
        look=chain.look,
        settles_within=0.0,
        done=Event.PAGED,
        code=Code.PAGED,
        there=Code.PAGED_ALREADY,
        said=lambda facts: _said(context, request, facts),
        doubtful=Code.PAGE_UNCONFIRMED,
        in_doubt_hint=f"{sentence(recipient.hint)} To page again anyway, use other words.",
        limits=Limits(TOTAL, 2 * _ONE_LOOK),
        without_record=True,
        begins=begins,
        ends=ends,
        row=row,
        unsure=lambda facts: facts.get("delivery") != Delivery.ACCEPTED.value,
        stands=lambda facts: _stands(context, facts),
        being="is being sent",
        doubt="may have gone out and may not",
    )


def _where(recipient: Recipient) -> Tuple[str, ...]:
    """What tells things of the same name in two pagers apart; a team or person is the same in all
    of them."""
    if recipient.team is not None or recipient.person:
        return ()
    return tuple(
        f"{route.pager} {route.target.kind} {route.target.id}"
        for route in recipient.routes
        if route.target is not None
    )


def _row(context: Context, request: Request, chain: Chain, mark: str, emergency: bool) -> Any:
    from ...records.pages import Page

    by = request.by
    return Page(
        mark=mark,
        deployment=request.deployment,
        pager=chain.recipient.routes[0].pager,
        team=chain.recipient.name,
        owner=by.key,
        shown=by.shown,
        text=context.mask(chain.text),
        person=by.person_name,
        room=by.room,
        urgent=chain.urgent,
        emergency=emergency,
        execution_id=context.execution_id,
    )


def _came_of(context: Context, chain: Chain, now: datetime) -> Dict[str, Any]:
    """What the row says of a page that went out."""
    assert chain.sent is not None
    route, target, paged = chain.sent
    state = paged.incident.state
    return {
        "pager": route.pager,
        "target": target,
        "incident": paged.incident.id,
        "number": paged.incident.number,
        "url": paged.incident.url,
        "people": tuple(dict.fromkeys(one.name for one in paged.on_call)) or paged.incident.people,
        "state": (State.TRIGGERED if state is State.UNKNOWN else state).value,
        "watch_until": watch_until(context, chain.recipient.team, now),
    }


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
    from ...records.model import Event

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
    context: Context, request: Request, recipient: Recipient, came: ActionResult, emergency: bool
) -> Outcome:
    facts = dict(came.facts)
    facts.update(requester=request.by.shown, fresh=came.fresh, recorded=came.recorded)
    accepted = facts.get("delivery") == Delivery.ACCEPTED.value
    code = Code.PAGED if accepted else Code.PAGE_UNCONFIRMED
    # Said before whatever may be cut off.
    first = [] if accepted else [f"{recipient.hint.rstrip('.')}."]
    if not came.fresh:
        # The same words say nothing new of what is not known.
        code = Code.PAGED_ALREADY if accepted else code
        first.append(
            f"That was {_ago(came.since)}; it was not sent again. To page again, use other words."
        )
    elif came.found:
        first.append("Its answer was lost, and it was found.")
    if not came.recorded:
        first.append(f"{_unrecorded(came)}, and no limit was checked: {why(came.trouble)}.")
    text = _said(context, request, facts, first)
    if emergency and came.fresh:
        announce(request, f"Emergency: {text}")
    return Outcome(accepted, code, message(text), facts)


def _unrecorded(came: ActionResult) -> str:
    return (
        "It is not recorded yet (the next command does that)" if came.late else "It is not recorded"
    )


def _said(
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
        recipient = (
            _with_end(context, people, facts) if people else one_line(str(facts["target"]), 60)
        )
        for_team = "" if team in people or recipient == team else f" for {team}"
        return " ".join(
            [f"{by} paged {recipient}{for_team}{urgently} through {pager}, incident {id}.", *end]
        )
    told = (
        f"{pager} took {by}'s page to {team} (incident {id}); whether it reaches somebody is "
        "not known."
    )
    return " ".join([told, *end])


def _with_end(context: Context, people: List[str], facts: Mapping[str, Any]) -> str:
    until = _moment(facts.get("until"))
    if not facts.get("on_call"):
        return listed(people, 4)
    if until is None:
        return f"{listed(people, 4)} (on call)"
    # Time zones are loaded only where someone reads a time.
    from ...times.zones import said

    return (
        f"{listed(people, 4)} (on call until "
        f"{said(until, datetime.now(timezone.utc), context.settings.timezone)})"
    )


def _moment(stored: Any) -> Optional[datetime]:
    if not stored:
        return None
    return datetime.strptime(str(stored), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)


def _ago(since: datetime) -> str:
    return f"{span((datetime.now(timezone.utc) - since).total_seconds())} ago"
