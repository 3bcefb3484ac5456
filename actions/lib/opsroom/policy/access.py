"""Who may deploy, lock, approve and override where, and from which room."""

from __future__ import annotations

from typing import Dict, List, Optional, Tuple

from ..config.model import Environment, Settings
from ..errors import Code
from ..names import listed
from ..people import Speaker, is_one_of, same_room
from . import YES, Decision, no
from .identity import is_certain

# What someone without the right reads, and someone in a room that does not count. {0} is the
# environment.
_REFUSED: Dict[str, Tuple[str, str]] = {
    "deploy": ("may not deploy to {0}", "{0} is deployed to"),
    "lock": ("may not lock {0}", "Locks on {0} are set and taken off"),
    "approve": ("may not approve changes on {0}", "Changes on {0} are approved"),
    "cancel": ("may not cancel what others deploy to {0}", "Deployments to {0} are cancelled"),
    "review": ("may not review changes on {0}", "Changes on {0} are reviewed"),
    "override": (
        "may not do an emergency deployment to {0}",
        "Emergency deployments to {0} are asked for",
    ),
}
RIGHTS = tuple(_REFUSED)


def may(
    settings: Settings, speaker: Speaker, environment: Environment, right: str
) -> List[Decision]:
    """Every reason why this speaker may not do that there, the weightiest first; empty when they
    may.

    `right` is one of RIGHTS; `environment` is as it is for the application, where there is one. Who
    has it:

    - deploy: `deployers`. Without that rule everyone; but where any other rule about people is set
      (`lockers`, `approvers`, `emergency`, `approvals`, `second_factor`), everyone whom the config
      knows: an unknown name may be anyone.
    - cancel: those who may deploy; what they asked for themselves also people who no longer may
      (`may_cancel`).
    - lock: `lockers`, without that rule anyone who may deploy.
    - approve: `approvers`, without that rule anyone who may deploy; always someone known, since
      only of them is it sure that they are not the requester under another name.
    - review: those who may approve.
    - override: `emergency`, and nobody else; they need not be deployers.

    `rooms` and `identity` hold for all of them.
    """
    found = [
        is_certain(speaker, environment),
        _person(settings, speaker, environment, right),
        _room(speaker, environment, right),
    ]
    return [one for one in found if not one.allowed]


def may_ask(settings: Settings, speaker: Speaker, environment: Environment) -> List[Decision]:
    """Every reason why this speaker may not ask for a deployment there, the weightiest first; empty
    when they may.

    As the right to deploy, with one difference: where others have to approve it in one of the
    environment's rooms, it may be asked for from outside of the chat (command line, web interface,
    workflow, rule). That makes a change, and deploys nothing before they agree there.
    """
    found = may(settings, speaker, environment, "deploy")
    return [
        one
        for one in found
        if not (one.code is Code.WRONG_ROOM and asked_outside(speaker, environment))
    ]


def may_cancel(
    settings: Settings, speaker: Speaker, environment: Environment, own: bool
) -> List[Decision]:
    """Every reason why this speaker may not cancel a deployment there; empty when they may. `own`:
    they asked for it."""
    found = may(settings, speaker, environment, "cancel")
    return [one for one in found if not (own and one.code is Code.NOT_ALLOWED)]


def asked_outside(speaker: Speaker, environment: Environment) -> bool:
    """Whether it is asked for from outside of the chat, and the approval comes from a room."""
    outside = not speaker.room and not speaker.through_relay
    return outside and environment.approvals > 0 and bool(environment.rooms)


def who_may(environment: Environment, right: str) -> str:
    """Who has a right there, as a part of a sentence: "release-managers and alice", "everyone",
    "nobody"."""
    names = _named(environment, right)
    if names is not None:
        return listed(names) if names else "nobody"
    return (
        "everyone whom the config of opsroom names"
        if _only_known(environment, right)
        else "everyone"
    )


def _named(environment: Environment, right: str) -> Optional[Tuple[str, ...]]:
    """The people and groups who have a right; None where no rule names them."""
    if right == "override":
        return environment.emergency
    own = {
        "deploy": None,
        "cancel": None,
        "lock": environment.lockers,
        "approve": environment.approvers,
        "review": environment.approvers,
    }[right]
    return own if own is not None else environment.deployers


def _only_known(environment: Environment, right: str) -> bool:
    return right in ("approve", "review") or bool(
        environment.lockers is not None
        or environment.approvers is not None
        or environment.emergency
        or environment.approvals
        or environment.second_factor
    )


def _person(settings: Settings, speaker: Speaker, environment: Environment, right: str) -> Decision:
    names = _named(environment, right)
    if names is not None:
        allowed = is_one_of(settings, speaker, names)
    else:
        allowed = speaker.person is not None or not _only_known(environment, right)
    if allowed:
        return YES
    refused = _REFUSED[right][0].format(environment.name)
    stranger = "" if speaker.person else " opsroom does not know you by this name."
    return no(
        Code.NOT_ALLOWED,
        f"{speaker.shown} {refused}.",
        f"Those who may: {who_may(environment, right)}.{stranger}",
    )


def _room(speaker: Speaker, environment: Environment, right: str) -> Decision:
    if environment.rooms is None or (
        speaker.room and any(same_room(speaker.room, one) for one in environment.rooms)
    ):
        return YES
    here = f"not from {speaker.room}" if speaker.room else "not from outside of a chat room"
    done = _REFUSED[right][1].format(environment.name)
    return no(
        Code.WRONG_ROOM,
        f"{done} from {listed(environment.rooms) if environment.rooms else 'nowhere'}, {here}.",
        f"Repeat it in {environment.rooms[0]}." if environment.rooms else "",
    )
