"""The parts of a declared incident: a card, a page, the link between them and a post in the room,
each made once.

Each step looks at the row of the incident first, so that it may be repeated: by anyone who repeats
the command, or by the workflow `declare_incident`, also after a runner died midway. It acts in the
name of the person who declared the incident, also when someone else continues it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from ...db.sql import Transaction
from ...db.store import Store
from ...errors import Code, Failure, OpsroomError, Refusal
from ...names import either, shown
from ...people import Speaker, recorded, same_room
from ...records.announcements import Announcement, begin, mark_posted
from ...records.change import typed_id
from ...records.incidents import Incident, find, note, open_incidents, page_of, settle_words
from ...records.model import Event
from ...text import one_line, sentence
from ...trackers import Draft, Made, Remark
from .. import Context
from ..announce import post_once
from ..attribution import author_of
from ..cards import Found, limits_of, tracker_of_card, tracker_of_project
from ..cards.actions import CardComment, CardCreation
from ..cards.request import brief, facts_of, request_about, take_apart
from ..exactly_once import run_once
from ..external_action import Facts
from ..pages.page import page
from ..request import resumed

# Nobody should be alerted late because a tracker is slow: so long a lost answer is looked for, in
# seconds.
_TIMEOUT = 6.0
# So much of the text goes into the page and the room; the card has all of it.
_WORDS = 600


def find_incident(context: Context, typed: str) -> Incident:
    """The incident of that id, as someone typed it. Raises Refusal(unknown_incident)."""
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
    return recorded(context.settings, incident.chat_name, incident.st2_user, incident.room)


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
            # An earlier attempt may have made it without writing down the outcome.
            made = found.tracker.find_created(replace(draft, mark=incident.card_mark))
            if made is not None:
                request.ended = True
                return saved(context, incident, tracker=found.name, card=made.id, card_url=made.url)
        facts = run_once(request, _IncidentCard(context, incident, found, draft)).facts
    return saved(
        context, incident, tracker=found.name, card=str(facts["card"]), card_url=str(facts["url"])
    )


class _IncidentCard(CardCreation):
    """The card of an incident; its mark is noted with the incident before it is made."""

    records_request = False
    answer_is_enough = False

    def __init__(self, context: Context, incident: Incident, found: Found, draft: Draft) -> None:
        super().__init__(found, draft)
        self.context = context
        self.incident = incident
        self.key = ("incident", incident.id)
        self.what = f"The card of incident {incident.id}"
        self.limits = limits_of(context, found.name, _TIMEOUT)
        self._made: Dict[str, str] = {}

    def facts(self, made: Made) -> Facts:
        """The card as it is recorded."""
        self._made = {"card": made.id, "card_url": made.url, "tracker": self.found.name}
        summary = brief(self.context, self.draft.summary)
        return facts_of(self.found, made, card=made.id, summary=summary, incident=self.incident.id)

    def sentence(self, facts: Facts) -> str:
        """Which card belongs to which incident."""
        return f"{facts['card']} is the card of incident {self.incident.id}"

    def before(self, store: Store, on: Transaction, mark: str) -> None:
        """Note the mark, by which the card is found when its answer is lost."""
        note(on, self.incident.id, card_mark=mark)

    def after(self, store: Store, on: Transaction, mark: str, event: Event) -> None:
        """Note the card, or that there is none."""
        if event is Event.CARD_CREATED:
            note(on, self.incident.id, **self._made)
        elif event in (Event.REFUSED, Event.FAILED):
            note(on, self.incident.id, card_mark="")


def send_page(context: Context, incident: Incident) -> Incident:
    """Its page, once, urgent; its text names the card. Where no pager is configured there is none.

    Raises what `page` raises; Failure(page_unconfirmed) when nobody knows whether it reaches
    someone.
    """
    if incident.page or not context.settings.pagers:
        return incident
    context = replace(context, speaker=declared_by(context, incident))
    sent, text = _sent_page(context, incident)
    if sent is not None:
        return saved(context, incident, **sent)
    outcome = page(context, incident.who, text, urgent=True)
    facts = outcome.facts
    incident = saved(
        context,
        incident,
        pager=str(facts.get("pager") or ""),
        page=str(facts.get("number") or facts.get("incident") or ""),
        page_url=str(facts.get("url") or ""),
    )
    if not outcome.ok:
        raise Failure(outcome.code, outcome.message)
    return incident


def words_of(incident: Incident) -> str:
    """What the alerted person reads, and where the rest of it stands."""
    text = one_line(incident.text, _WORDS)
    card = " ".join(one for one in (incident.card, incident.card_url) if one)
    return f"Incident {incident.id}: {text}" + (f" Card: {card}" if card else "")


def _sent_page(context: Context, incident: Incident) -> Tuple[Optional[Dict[str, str]], str]:
    """The page that was sent for it, when a runner died before it could write that down; and the
    text of its page."""
    with context.store.write() as connection:
        text = settle_words(context.store, connection, incident.id, words_of(incident))
        return page_of(connection, incident), text


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
    request = request_about(context, "comment on card")
    with resumed(request):
        found = tracker_of_card(context, f"{incident.tracker}:{incident.card}")
        author = author_of(context, found.name, context.settings.trackers[found.name].kind)
        remark = Remark(found.id, text, "", author)
        request.noted.update(incident=incident.id, tracker=found.name, card=found.id)
        run_once(request, _IncidentComment(context, incident, found, remark, purpose, changes))


class _IncidentComment(CardComment):
    """A comment on the card of an incident, once for each purpose."""

    records_request = False
    answer_is_enough = False

    def __init__(
        self,
        context: Context,
        incident: Incident,
        found: Found,
        remark: Remark,
        purpose: str,
        changes: Dict[str, str],
    ) -> None:
        super().__init__(found, remark)
        self.incident = incident
        self.changes = changes
        self.key = ("incident", incident.id, purpose)
        self.limits = limits_of(context, found.name, _TIMEOUT)

    def facts(self, made: Made) -> Facts:
        """The comment as it is recorded."""
        return facts_of(self.found, made, card=self.remark.card, comment=made.id)

    def sentence(self, facts: Facts) -> str:
        """Which card has a comment about which incident."""
        return f"{self.remark.card} has a comment about incident {self.incident.id}"

    def after(self, store: Store, on: Transaction, mark: str, event: Event) -> None:
        """Note with the incident what the comment stands for."""
        if event is Event.CARD_COMMENTED:
            note(on, self.incident.id, **self.changes)


def announce(context: Context, incident: Incident) -> Incident:
    """Post the incident in its room once, also while announcements are muted; not where the answer
    appears anyway."""
    post_to_room(context, f"incident:{incident.id}:open", open_text(incident))
    return incident


def post_to_room(context: Context, key: str, text: str) -> None:
    """Post in the room of incidents, once. Where the command came from that very room, the answer
    is the post."""
    room = context.settings.incidents.room or context.settings.announce
    if not room:
        return
    if same_room(room, context.speaker.room):
        with context.store.write() as connection:
            begin(
                context.store,
                connection,
                Announcement(key, room, text),
                context.execution_id,
                always=True,
            )
            mark_posted(context.store, connection, key)
        return
    post_once(context, key, text, always=True, room=room)


def open_text(incident: Incident) -> str:
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


def saved(context: Context, incident: Incident, **changes: str) -> Incident:
    """Record what was made or ended; returns the incident with it."""
    with context.store.write() as connection:
        note(connection, incident.id, **changes)
    return replace(incident, **changes)  # type: ignore[arg-type]


Step = Callable[[Context, Incident], Incident]

# In this order: the page names the card, the link needs both, and the post in the room names all.
OPENING: Dict[str, Step] = {
    "card": make_card,
    "page": send_page,
    "link": link,
    "tell": announce,
}


def run_steps(
    context: Context, incident: Incident, steps: Mapping[str, Step], failed: Mapping[str, str]
) -> Tuple[Incident, List[str]]:
    """Do each step, also when one before it fails: someone has to be alerted in any case.

    Returns the incident as it is then, and a sentence for each step that failed, which begins with
    its text in `failed`.
    """
    problems: List[str] = []
    for name, step in steps.items():
        try:
            incident = step(context, incident)
        except OpsroomError as error:
            problems.append(f"{failed[name]}: {sentence(one_line(error.message, 140))}")
        except Exception as error:
            problems.append(f"{failed[name]}: internal error in opsroom ({type(error).__name__}).")
    return incident, problems
