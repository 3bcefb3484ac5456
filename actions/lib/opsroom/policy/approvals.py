"""Who may approve, confirm, reject and review a change. Nobody may both ask for one and approve
it."""

from __future__ import annotations

from datetime import datetime
from typing import List, Sequence

from ..config.approvers import able_approvers, shown_approvers
from ..config.model import Environment, Settings
from ..errors import Code
from ..names import listed
from ..people import Speaker, same_room
from ..records.change import Approval, Change, Kind, State
from ..text import span, when
from . import YES, Decision, no
from .access import may
from .identity import is_certain

_ENDS = {
    State.DONE: "was deployed",
    State.FAILED: "failed",
    State.REJECTED: "was rejected",
    State.WITHDRAWN: "was withdrawn",
    State.REVIEWED: "was reviewed",
}


def may_approve(
    settings: Settings,
    environment: Environment,
    change: Change,
    given: Sequence[Approval],
    speaker: Speaker,
    requester: Speaker,
    now: datetime,
) -> Decision:
    """Whether this person's word counts as an approval of this change now.

    `environment` is as it is today for the change's application, `given` are the approvals so far,
    `requester` is who asked as today's config knows them. Who approved before may say it again when
    nothing but going ahead is missing.
    """
    if change.kind is Kind.CONFIRMATION and change.state is State.OPEN:
        text = f"Change {change.id} waits for {change.shown} to confirm it, not for approval."
        return no(Code.NOT_ALLOWED, text, f"{change.shown} says: confirm change {change.id}")
    for decision in (
        _is_open(change, now),
        _not_their_own(settings, environment, change, speaker, requester, "approve"),
        _known(speaker, change, "approve"),
        _still_who_asked(change, requester),
        *may(settings, speaker, environment, "approve"),
    ):
        if not decision.allowed:
            return decision
    valid = counted(settings, environment, change, given, requester)
    # An approval that does not count any more, for want of a one-time code, may be given again with
    # one.
    if any(one.owner == speaker.key for one in valid) and len(valid) < needed(change, environment):
        text = (
            f"You approved change {change.id} already; {missing(change, environment, len(valid))}."
        )
        return no(
            Code.APPROVED_ALREADY, text, f"Someone else can approve it: approve change {change.id}"
        )
    return YES


def counted(
    settings: Settings,
    environment: Environment,
    change: Change,
    given: Sequence[Approval],
    requester: Speaker,
) -> List[Approval]:
    """The approvals that still count today: of people who are still known and may still approve,
    not the requester.

    Where a one-time code is required now, an approval without one does not count.
    """
    return [
        one
        for one in given
        if one.owner not in (change.owner, requester.key) and _may_still(settings, environment, one)
    ]


def needed(change: Change, environment: Environment) -> int:
    """How many must approve: as many as when it was asked, or as today's config wants if that is
    more; one at least."""
    return max(change.needed, environment.approvals, 1)


def missing(change: Change, environment: Environment, count: int) -> str:
    """How far it is: "1 of 2 approved"."""
    return f"{count} of {needed(change, environment)} approved"


def needs_code(environment: Environment, speaker: Speaker) -> bool:
    """Whether a one-time code must come with this person's word here."""
    return environment.second_factor or (
        speaker.person is not None and speaker.person.second_factor
    )


def may_confirm(
    environment: Environment, change: Change, speaker: Speaker, requester: Speaker, now: datetime
) -> Decision:
    """Whether this is the requester, in the room where they asked, within the time."""
    if change.kind is Kind.APPROVAL and change.state is State.OPEN:
        text = f"Change {change.id} needs the approval of someone else, not a confirmation."
        return no(
            Code.NOT_ALLOWED, text, f"Someone else can approve it: approve change {change.id}"
        )
    state = _is_open(change, now)
    if not state.allowed:
        return state
    certain = is_certain(speaker, environment)
    if not certain.allowed:
        return certain
    if speaker.key != change.owner:
        return no(
            Code.NOT_ALLOWED,
            f"Only {change.shown}, who asked for change {change.id}, may confirm it.",
        )
    if requester.key != change.owner:
        return _taken_over(change)
    if not same_room(speaker.room, change.room):
        where = f"in {change.room}" if change.room else "where it was asked, outside of a chat room"
        return no(
            Code.WRONG_ROOM,
            f"Change {change.id} is confirmed {where}.",
            f"There: confirm change {change.id}",
        )
    if environment.approvals > 0:
        text = f"{environment.name} needs approval now; a confirmation is not enough."
        return no(Code.CHANGED_MEANWHILE, text, ask_again(change))
    return YES


def may_reject(
    settings: Settings,
    environment: Environment,
    change: Change,
    speaker: Speaker,
    requester: Speaker,
    now: datetime,
) -> Decision:
    """Who may approve may reject, and the requester may take it back, from any room."""
    state = _is_open(change, now)
    if not state.allowed:
        return state
    certain = is_certain(speaker, environment)
    if not certain.allowed or speaker.key in (change.owner, requester.key):
        return certain
    for decision in (
        _known(speaker, change, "reject"),
        *may(settings, speaker, environment, "approve"),
    ):
        if not decision.allowed:
            return decision
    return YES


def may_review(
    settings: Settings,
    environment: Environment,
    change: Change,
    speaker: Speaker,
    requester: Speaker,
    now: datetime,
) -> Decision:
    """An emergency is reviewed by someone else who may approve there."""
    if change.kind is not Kind.EMERGENCY:
        text = f"Change {change.id} was no emergency; there is nothing to review."
        return no(Code.CHANGE_CLOSED, text, "To see what waits: show changes")
    if change.state is not State.REVIEW:
        return _closed(change, now)
    for decision in (
        _not_their_own(settings, environment, change, speaker, requester, "review"),
        _known(speaker, change, "review"),
        *may(settings, speaker, environment, "review"),
    ):
        if not decision.allowed:
            return decision
    return YES


def waits_for(settings: Settings, change: Change, environment: Environment, now: datetime) -> str:
    """Whom it waits for, how many, and until when: "release-managers, 1 needed, until 14:32 UTC".

    Never the one who asked, and nobody who cannot give a code that is wanted.
    """
    who = who_can_approve(settings, environment, change.person)
    until = f", until {when(change.expires_at, now)}" if change.expires_at else ""
    return f"{who}, {needed(change, environment)} needed{until}"


def who_can_approve(settings: Settings, environment: Environment, requester: str) -> str:
    """Who can approve there what that person asks for, as a part of a sentence: "release-managers
    and alice"."""
    return listed(shown_approvers(settings, environment, requester)) or "nobody"


def cannot_be_approved(
    settings: Settings, environment: Environment, wanted: int, requester: str
) -> str:
    """A sentence that says why what that person asks for can never get so many approvals, and what
    to do; empty where it can."""
    able = able_approvers(settings, environment, requester)
    if len(able) >= wanted:
        return ""
    approvals = "1 approval" if wanted == 1 else f"{wanted} approvals"
    others = f"only {listed(able)} can give one" if able else "nobody else can give one"
    return (
        f"It cannot be approved: it needs {approvals}, {requester or 'the requester'} asked for "
        f"it, and {others}. "
        f"Someone else asks for it, or an administrator adds approvers of {environment.name} to "
        "opsroom.yaml."
    )


def ask_again(change: Change) -> str:
    """The hint that leads to a new change in place of this one."""
    if change.command == "rollback":
        return f"Ask again: rollback {change.app} on {change.environment}"
    command = "redeploy" if change.facts.get("redeploy") else "deploy"
    return f"Ask again: {command} {change.app} {change.asked_version} to {change.environment}"


def time_left(change: Change, now: datetime) -> str:
    """How long it may still be confirmed."""
    return span(max((change.expires_at - now).total_seconds(), 0.0)) if change.expires_at else ""


def _is_open(change: Change, now: datetime) -> Decision:
    if change.state is State.EXPIRED or (change.state is State.OPEN and change.expired(now)):
        since = f" at {when(change.expires_at, now)}" if change.expires_at else ""
        return no(
            Code.CHANGE_EXPIRED,
            f"Change {change.id} ({change.what}) expired{since}.",
            ask_again(change),
        )
    return YES if change.state is State.OPEN else _closed(change, now)


def _closed(change: Change, now: datetime) -> Decision:
    about = f"Change {change.id} ({change.what})"
    if change.state is State.REVIEW:
        text = f"{about} was an emergency by {change.shown}; it waits for review."
        return no(
            Code.CHANGE_CLOSED, text, f"To review it: review change {change.id}: what you found"
        )
    if change.state is State.DEPLOYING:
        text = (
            f"{about} was set off by {change.facts.get('begun_by', 'someone')} and is being "
            "deployed."
        )
    else:
        by = change.facts.get("closed_by") or change.facts.get("begun_by")
        text = f"{about} {_ENDS.get(change.state, 'is closed')}{f', by {by}' if by else ''}{_at(change, now)}."  # noqa: E501
    return no(Code.CHANGE_CLOSED, text, f"To see: history of {change.app} on {change.environment}")


def _at(change: Change, now: datetime) -> str:
    at = str(change.facts.get("closed_at", ""))
    return f", at {when(datetime.fromisoformat(at), now)}" if at else ""


def _not_their_own(
    settings: Settings,
    environment: Environment,
    change: Change,
    speaker: Speaker,
    requester: Speaker,
    verb: str,
) -> Decision:
    # The requester as they were known when they asked, and as today's config knows them: a name
    # that was added to someone since, or a person who was renamed, must not make two people of one.
    person = speaker.person_name
    if speaker.key in (change.owner, requester.key) or (
        person and person in (change.person, requester.person_name)
    ):
        what = "asked for it yourself" if verb == "approve" else "did it yourself"
        text = f"You may not {verb} change {change.id}: you {what}."
        who = who_can_approve(settings, environment, person or change.person)
        if who == "nobody":
            return no(
                Code.OWN_CHANGE,
                text,
                f"Nobody else can; an administrator adds approvers of {environment.name}.",
            )
        return no(Code.OWN_CHANGE, text, f"Someone else ({who}) says: {verb} change {change.id}")
    return YES


def _known(speaker: Speaker, change: Change, verb: str) -> Decision:
    if speaker.person is not None:
        return YES
    text = (
        f"{speaker.shown} may not {verb} change {change.id}: opsroom does not know you by "
        "this name."
    )
    return no(
        Code.NOT_ALLOWED, text, "An administrator can add the name to people in opsroom.yaml."
    )


def _still_who_asked(change: Change, requester: Speaker) -> Decision:
    """Without knowing who asked, nobody counts as someone else; and nobody may ask in
    another's name."""
    if requester.person is not None and requester.key == change.owner:
        return YES
    return _taken_over(change)


def _taken_over(change: Change) -> Decision:
    text = (
        f"The requester of change {change.id} ({change.shown}) is unknown, or known as "
        "someone else now."
    )
    return no(Code.CHANGED_MEANWHILE, text, "Someone whom opsroom knows has to ask for it again.")


def _may_still(settings: Settings, environment: Environment, approval: Approval) -> bool:
    kind, _, name = approval.owner.partition(":")
    person = settings.people.get(name) if kind == "person" else None
    if person is None:
        return False
    # They were in the right room when they approved; where they are now does not matter.
    someone = Speaker(person.name, person, "", "", "", through_relay=False)
    if needs_code(environment, someone) and not approval.second_factor:
        return False
    decisions = may(settings, someone, environment, "approve")
    return all(one.allowed or one.code is Code.WRONG_ROOM for one in decisions)
