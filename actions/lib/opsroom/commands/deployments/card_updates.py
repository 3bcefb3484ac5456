"""Updates the cards of a version after its deployment, also one that did not go through opsroom:
each gets a comment, and is moved where the environment says. A deployment never fails because of
its cards."""

from __future__ import annotations

import hashlib
import time
from dataclasses import field, replace
from datetime import datetime, timezone
from typing import Any, Callable, Dict, List, Tuple

from ...deploys.reverts import net
from ...errors import Code, Failure, OpsroomError
from ...names import check_version, listed
from ...people import Speaker
from ...records.idempotency import first_time_or_ours
from ...records.model import Event
from ...structs import dataclass
from ...text import message, one_line, sentence, when
from ...trackers import Made, Remark
from ...versions import Running
from .. import Context, Outcome
from ..attribution import author_of
from ..cards import Found, limits_of, tracker_of_card
from ..cards.actions import CardComment
from ..cards.delivered import Brought, brought
from ..cards.request import change, end
from ..exactly_once import run_once
from ..external_action import Facts
from ..request import Request, recordable
from ..resolve import DeploymentTarget, find_target
from .delivery import commits_between
from .messages import before_of
from .order import DeploymentKind, DeploymentOrder

# Tests put their own clock here, in seconds.
clock: Callable[[], float] = time.monotonic

# The person waits for the answer meanwhile. For all cards together, in seconds; then no further one
# is begun.
TIMEOUT = 20.0
# What a tracker says to one card it will say to the next.
_WHOLE_TRACKER = (Code.UNREACHABLE, Code.TIMED_OUT, Code.UNAUTHORIZED, Code.RATE_LIMITED, Code.GONE)
_TAKEN_BACK = "The commits of this card are reverted in it: its work is no longer there."
_NEVER = datetime.min.replace(tzinfo=timezone.utc)


@dataclass
class _News:
    """The outcome of each card: commented on, moved, commented on because its work is reverted, or
    the reason why not. `silent` has the trackers that are not asked again."""

    commented: List[str] = field(default_factory=list)
    taken_back: List[str] = field(default_factory=list)
    moved: List[str] = field(default_factory=list)
    troubles: Dict[str, str] = field(default_factory=dict)
    silent: Dict[str, str] = field(default_factory=dict)


def comment_on_cards(request: Request, order: DeploymentOrder, outcome: Outcome) -> Outcome:
    """Put a comment on each card of a deployment that succeeded, and move it where `move_cards`
    says.

    Called when the success is on the record and the claim given back. Whatever goes wrong here is
    reported in the answer and recorded, and changes nothing about the deployment.
    """
    cards = [str(one) for one in request.noted.get("cards") or ()]
    taken_back = [str(one) for one in request.noted.get("cards_taken_back") or ()]
    if outcome.code is not Code.DEPLOYED or not (cards or taken_back):
        return outcome
    news, until = _News(), clock() + TIMEOUT
    for card in [*cards, *taken_back]:
        if clock() >= until:
            news.troubles[card] = "there was no time left"
            continue
        try:
            _update(request, order, card, news, card in taken_back)
        except OpsroomError as error:
            news.troubles[card] = error.message
        except Exception as error:
            # The deployment is over and well; a defect here must not make another thing of it.
            news.troubles[card] = f"internal error in opsroom ({type(error).__name__})"
    facts = {
        **outcome.facts,
        "cards": cards,
        "cards_told": news.commented,
        "cards_moved": news.moved,
        "cards_in_trouble": news.troubles,
        **({"cards_taken_back": news.taken_back} if taken_back else {}),
    }
    return replace(
        outcome, message=message(f"{outcome.message} {_summary(news, order)}"), facts=facts
    )


def _update(
    request: Request, order: DeploymentOrder, card: str, news: _News, taken_back: bool
) -> None:
    found = tracker_of_card(request.context, card)
    if found.name in news.silent:
        raise Failure(Code.UNREACHABLE, news.silent[found.name])
    try:
        if taken_back:
            _comment(request, order, found, _TAKEN_BACK)
            news.taken_back.append(card)
            return
        _comment(request, order, found)
        news.commented.append(card)
        if order.environment.move_cards and _move(request, order, found):
            news.moved.append(card)
    except OpsroomError as error:
        if error.code in _WHOLE_TRACKER:
            news.silent[found.name] = error.message
        raise


def _comment(request: Request, order: DeploymentOrder, found: Found, more: str = "") -> None:
    kind = request.context.settings.trackers[found.name].kind
    author = author_of(request.context, found.name, kind, request.by)
    remark = Remark(found.id, f"{_text(request, order)} {more}".strip(), "", author)
    part = _part(request, order, "comment on card", found)
    run_once(part, _DeploymentComment(request, order, found, remark))


class _DeploymentComment(CardComment):
    """One comment about one deployment, however often its end is recorded."""

    records_request = False

    def __init__(
        self, request: Request, order: DeploymentOrder, found: Found, remark: Remark
    ) -> None:
        super().__init__(found, remark)
        self.key = (found.name, found.id, request.deployment)
        self.limits = limits_of(request.context, found.name, TIMEOUT / 2)
        self.deployed = f"{order.app.name} {request.version} on {order.environment.name}"

    def facts(self, made: Made) -> Facts:
        """The comment as it is recorded."""
        return {"comment": made.id, "url": made.url, "notes": list(made.notes)}

    def sentence(self, facts: Facts) -> str:
        """Which card has a comment about what."""
        return f"{self.remark.card} has a comment about {self.deployed}"


def _move(request: Request, order: DeploymentOrder, found: Found) -> bool:
    """Whether it was moved; not, where it is there already."""
    column = order.environment.move_cards
    part = _part(request, order, "move card", found, to=column)
    try:
        moved, lost = change(part, found, "moved", lambda: found.tracker.move(found.id, column))
    except OpsroomError as error:
        if not part.ended:
            part.end(Event.FAILED, error.code.value, error.sentence(), **recordable(error.facts))
        raise
    if moved.before == moved.after and not lost:
        return False
    before, after = one_line(moved.before, 60), one_line(moved.after, 60)
    text = f"{found.id} was moved{'' if lost or not before else f' from {before}'} to {after}"
    end(part, Event.CARD_MOVED, Code.CARD_MOVED, text, before=moved.before, after=moved.after)
    return True


def _part(
    request: Request, order: DeploymentOrder, command: str, found: Found, **more: Any
) -> Request:
    """A request of its own, so that its end is not taken for one of the deployment; its facts name
    that."""
    noted = {
        "of_deployment": request.deployment,
        "deployed": f"{order.app.name} {request.version} on {order.environment.name}",
        "tracker": found.name,
        "card": found.id,
        **more,
    }
    return Request(request.context, command, "", "", "", speaker=request.by, noted=noted)


def _text(request: Request, order: DeploymentOrder) -> str:
    """The comment: who, what, from which version, where, when, who approved. The link is in the
    author's line."""
    done = order.past(request.version)
    before = f" (before: {before_of(request)})" if request.version_before else ""
    approved = (
        f" Approved by {listed(request.noted['approved_by'])}."
        if request.noted.get("approved_by")
        else ""
    )
    return (
        f"{request.by.shown} {done}{before}, {when(datetime.now(timezone.utc), _NEVER)}.{approved}"
    )


def _summary(news: _News, order: DeploymentOrder) -> str:
    """One or two short sentences: the answer has room for 400 characters, most of which are
    taken."""
    sentences: List[str] = []
    if news.commented:
        were = "was" if len(news.commented) == 1 else "were"
        to = (
            f" and moved to {one_line(order.environment.move_cards, 40)}"
            if news.moved == news.commented
            else ""
        )
        sentences.append(f"{listed(news.commented, 3)} {were} updated{to}.")
    if news.taken_back:
        sentences.append(f"{listed(news.taken_back, 3)} got a comment about the revert.")
    if news.troubles:
        first, why = next(iter(news.troubles.items()))
        which = (
            first
            if len(news.troubles) == 1
            else f"{len(news.troubles)} cards ({listed(news.troubles, 3)})"
        )
        done = "moved" if first in news.commented else "updated"
        sentences.append(f"{which} could not be {done}: {sentence(one_line(why, 100))}")
    return " ".join(sentences)


# Who it was, nobody knows.
_SOMEONE = "Someone"


def update_cards(
    context: Context, app_name: str, environment_name: str, version: str, before: str, event: str
) -> Outcome:
    """Comment on the cards that the commits between two versions speak of, and move them where
    `move_cards` says.

    Once an `event`; a database that is away is waited for. Deployments made through opsroom have
    done it themselves. Raises Refusal for
    names that are not known and versions that the repository does not have.
    """
    target = find_target(context.settings, app_name, environment_name)
    nothing = Outcome(True, Code.NOTHING_NEW, "There are no cards to update.", {"cards": []})
    if not context.settings.trackers or not version.strip() or not before.strip():
        return nothing
    request, order, found = _as_if_deployed(context, target, check_version(version), before, event)
    if not found.delivered and not found.taken_back:
        return nothing

    def take() -> bool:
        store = context.store
        with store.write() as connection:
            return first_time_or_ours(
                store, connection, "update_cards", event, context.execution_id
            )

    if not context.patiently(take):
        return nothing
    outcome = comment_on_cards(request, order, Outcome(True, Code.DEPLOYED, ""))
    return replace(
        outcome, code=Code.NOTED, message=outcome.message.strip() or "No card was updated."
    )


def _as_if_deployed(
    context: Context, target: DeploymentTarget, version: str, before: str, event: str
) -> Tuple[Request, DeploymentOrder, Brought]:
    """The deployment that someone made elsewhere, as far as its cards are concerned."""
    order = DeploymentOrder(target, version, DeploymentKind.OUTSIDE)
    someone = Speaker(_SOMEONE, None, "", context.speaker.st2_user, "", through_relay=False)
    # The same for the same event, so that a comment is not made twice.
    deployment = hashlib.sha256(event.encode("utf-8", "replace")).hexdigest()[:16]
    request = Request(
        context,
        order.kind.value,
        target.app.name,
        target.environment.name,
        version,
        before,
        speaker=someone,
        deployment=deployment,
    )
    resolved = target.deployer.resolve(version)
    runs = Running(check_version(before))
    found = brought(context.settings, net(commits_between(target, runs, resolved)))
    request.noted.update(cards=list(found.delivered), cards_taken_back=list(found.taken_back))
    return request, order, found
