"""What is made of a declared incident: a card, a page, the link between them, a word in the room.
Each once.

Each step looks at the row of the incident first, so that it may be asked for again: by whoever says
the same once more, or by the workflow `declare_incident`, also after a runner died in the middle.
It is done in the name of whoever declared the incident, also when somebody else goes on with it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, Tuple

from ...errors import Code, Failure, Refusal
from ...people import Speaker, identify, same_room
from ...text import one_line, sentence
from ...trackers import Draft, Made, Remark
from .. import Context
from ..attribution import author_of
from ..cards import Found, limits_of, tracker_of_card, tracker_of_project
from ..cards.request import brief, facts_of, request_about, take_apart
from ..exactly_once import run_once
from ..external_action import ExternalAction, Facts
from ..request import resumed

if TYPE_CHECKING:
    from ...db import Store
    from ...db.sql import Transaction
    from ...records.incidents import Incident
    from ...records.model import Event

# Nobody should be woken late because a tracker is slow: so long a lost answer is looked for, in
# seconds.
_PATIENCE = 6.0
# So much of the text goes into the page and the room; the card has all of it.
_WORDS = 600


def find_incident(context: Context, typed: str) -> Incident:
    """The incident of that id, as someone typed it. Raises Refusal(unknown_incident)."""
    from ...names import either, shown
    from ...records.change import typed_id
    from ...records.incidents import find, open_incidents

    with context.store.read() as connection:
        found = find(connection, typed_id(typed))
        others = [] if found else [one.id for one in open_incidents(connection, limit=5)]
    if found is None:
        hint = f"Did you mean {either(others)}?" if others else "No incident is open."
        raise Refusal(
            Code.UNKNOWN_INCIDENT, f"There is no incident {shown(typed)}.", hint, {"open": others}
        )
    return found


def declared_by(context: Context, incident: Incident) -> Speaker:
    """Who declared it, as today's config knows them. Raises Refusal(ambiguous_person)."""
    return identify(
        context.settings, incident.chat_name or incident.st2_user, incident.st2_user, incident.room
    )


def make_card(context: Context, incident: Incident) -> Incident:
    """Its card, once; in the project of the config, else where the application's cards are.

    Where no tracker is configured there is none. Raises what the tracker raises;
    Failure(outcome_unknown).
    """
    if incident.card or not context.settings.trackers:
        return incident
    context = replace(context, speaker=declared_by(context, incident))
    request = request_about(context, "declare incident")
    with resumed(request):
        summary, description = take_apart(f"Incident {incident.id}: {incident.text}")
        found = tracker_of_project(context, context.settings.incidents.project, incident.app)
        kind = context.settings.trackers[found.name].kind
        draft = Draft(found.id, summary, description, "", author_of(context, found.name, kind))
        request.noted.update(incident=incident.id, tracker=found.name, project=found.id or None)
        if incident.card_mark:
            # Someone was at it before, and what came of it was not written down.
            there = found.tracker.find_created(replace(draft, mark=incident.card_mark))
            if there is not None:
                request.ended = True
                return _noted(
                    context, incident, tracker=found.name, card=there.id, card_url=there.url
                )
        facts = run_once(request, _card(context, incident, found, draft)).facts
    return _noted(
        context, incident, tracker=found.name, card=str(facts["card"]), card_url=str(facts["url"])
    )


def _card(context: Context, incident: Incident, found: Found, draft: Draft) -> ExternalAction:
    from ...records.incidents import note
    from ...records.model import Event

    came: Dict[str, str] = {}

    def told(made: Made) -> Facts:
        came.update(card=made.id, card_url=made.url, tracker=found.name)
        return facts_of(
            found, made, card=made.id, summary=brief(context, draft.summary), incident=incident.id
        )

    def look(mark: str) -> Optional[Facts]:
        there = found.tracker.find_created(replace(draft, mark=mark))
        return told(there) if there else None

    def ends(store: Store, on: Transaction, mark: str, event: Event) -> None:
        if event is Event.CARD_CREATED:
            note(on, incident.id, **came)
        elif event in (Event.REFUSED, Event.FAILED):
            note(on, incident.id, card_mark="")

    return ExternalAction(
        key=("incident", incident.id),
        what=f"The card of incident {incident.id}",
        make=lambda mark: told(found.tracker.create(replace(draft, mark=mark))),
        look=look,
        settles_within=found.tracker.settles_within,
        done=Event.CARD_CREATED,
        code=Code.CARD_CREATED,
        there=Code.CARD_THERE,
        said=lambda facts: f"{facts['card']} is the card of incident {incident.id}",
        asked=False,
        limits=limits_of(context, found.name, _PATIENCE),
        begins=lambda store, on, mark: note(on, incident.id, card_mark=mark),
        ends=ends,
    )


def send_page(context: Context, incident: Incident) -> Incident:
    """Its page, once, urgent; its text names the card. Where no pager is configured there is none.

    Raises what `page` raises; Failure(page_unconfirmed) when nobody knows whether it reaches
    somebody.
    """
    from ..pages.page import page

    if incident.page or not context.settings.pagers:
        return incident
    context = replace(context, speaker=declared_by(context, incident))
    there, words = _page_that_is_there(context, incident)
    if there is not None:
        return _noted(context, incident, **there)
    outcome = page(context, incident.who, words, urgent=True)
    facts = outcome.facts
    noted = _noted(
        context,
        incident,
        pager=str(facts.get("pager") or ""),
        page=str(facts.get("number") or facts.get("incident") or ""),
        page_url=str(facts.get("url") or ""),
    )
    if not outcome.ok:
        raise Failure(outcome.code, outcome.message)
    return noted


def words_of(incident: Incident) -> str:
    """What is read by whoever is woken, and where the rest of it stands."""
    text = one_line(incident.text, _WORDS)
    card = " ".join(one for one in (incident.card, incident.card_url) if one)
    return f"Incident {incident.id}: {text}" + (f" Card: {card}" if card else "")


def _page_that_is_there(
    context: Context, incident: Incident
) -> Tuple[Optional[Dict[str, str]], str]:
    """The page that was sent for it, when a runner died before it could write that down; and what
    its page says."""
    from ...records.incidents import page_of, settle_words

    with context.store.write() as connection:
        words = settle_words(context.store, connection, incident.id, words_of(incident))
        return page_of(connection, incident), words


def link(context: Context, incident: Incident) -> Incident:
    """A comment on the card that names the page, once. Nothing to do where one of the two is
    missing."""
    if incident.linked or not (incident.card and incident.page):
        return incident
    context = replace(context, speaker=declared_by(context, incident))
    where = f": {incident.page_url}" if incident.page_url else ""
    text = f"Page {incident.page} to {incident.who} through {incident.pager}{where}"
    comment(context, incident, text, "link", {"linked": "yes"})
    return replace(incident, linked="yes")


def comment(
    context: Context, incident: Incident, text: str, purpose: str, changes: Dict[str, str]
) -> None:
    """A comment on the card of an incident, once for each purpose; `changes` are noted with it."""
    from ...records.incidents import note
    from ...records.model import Event

    request = request_about(context, "comment on card")
    with resumed(request):
        found = tracker_of_card(context, f"{incident.tracker}:{incident.card}")
        author = author_of(context, found.name, context.settings.trackers[found.name].kind)
        remark = Remark(found.id, text, "", author)
        request.noted.update(incident=incident.id, tracker=found.name, card=found.id)

        def told(made: Made) -> Facts:
            return facts_of(found, made, card=remark.card, comment=made.id)

        def look(mark: str) -> Optional[Facts]:
            there = found.tracker.find_comment(replace(remark, mark=mark))
            return told(there) if there else None

        def ends(store: Store, on: Transaction, mark: str, event: Event) -> None:
            if event is Event.CARD_COMMENTED:
                note(on, incident.id, **changes)

        action = ExternalAction(
            key=("incident", incident.id, purpose),
            what=f"The comment on {found.id}",
            make=lambda mark: told(found.tracker.comment(replace(remark, mark=mark))),
            look=look,
            settles_within=found.tracker.settles_within,
            done=Event.CARD_COMMENTED,
            code=Code.CARD_COMMENTED,
            there=Code.CARD_THERE,
            said=lambda facts: f"{found.id} was told of incident {incident.id}",
            asked=False,
            limits=limits_of(context, found.name, _PATIENCE),
            ends=ends,
        )
        run_once(request, action)


def tell(context: Context, incident: Incident) -> Incident:
    """The room hears of it once, also while announcements are quiet; not where it is answered
    anyway."""
    tell_room(context, f"incident:{incident.id}:open", said_of(incident))
    return incident


def tell_room(context: Context, key: str, text: str) -> None:
    """Tell the room of incidents something once. Who speaks in that very room reads it as the
    answer."""
    from ..announce import tell_once

    room = context.settings.incidents.room or context.settings.announce
    if not room:
        return
    if same_room(room, context.speaker.room):
        from ...records.announcements import Telling, begin, told

        with context.store.write() as connection:
            begin(
                context.store,
                connection,
                Telling(key, room, text),
                context.execution_id,
                always=True,
            )
            told(context.store, connection, key)
        return
    tell_once(context, key, text, always=True, room=room)


def said_of(incident: Incident) -> str:
    """Who declared what for whom, its card and its page, and how it is ended."""
    parts = [f"{incident.shown} declared incident {incident.id} for {one_line(incident.who, 60)}:"]
    parts.append(sentence(one_line(incident.text, 120)))
    if incident.card:
        parts.append(f"Card {incident.card}{' ' + incident.card_url if incident.card_url else ''}.")
    if incident.page:
        parts.append(f"Page {incident.page} through {incident.pager}.")
    parts.append(f"When it is over: close incident {incident.id}: what it was")
    return " ".join(parts)


def facts_about(incident: Incident) -> Dict[str, Any]:
    """An incident as data of an outcome."""
    return {
        "incident": incident.id,
        "state": incident.state,
        "who": incident.who,
        "app": incident.app,
        "text": incident.text,
        "declared_by": incident.shown,
        "since": incident.since,
        "tracker": incident.tracker,
        "card": incident.card,
        "url": incident.card_url,
        "pager": incident.pager,
        "page": incident.page,
        "page_url": incident.page_url,
    }


def _noted(context: Context, incident: Incident, **changes: str) -> Incident:
    """Write down what was made, and hand the incident back with it."""
    from ...records.incidents import note

    with context.store.write() as connection:
        note(connection, incident.id, **changes)
    return replace(incident, **changes)  # type: ignore[arg-type]


# In this order: the page names the card, the link needs both, and the room is told of all.
OPENING: Dict[str, Callable[[Context, Incident], Incident]] = {
    "card": make_card,
    "page": send_page,
    "link": link,
    "tell": tell,
}
