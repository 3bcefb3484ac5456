"""opsroom doctor: whether everything that opsroom needs is there, and how to cure what is not.
Looks, and changes nothing."""

from __future__ import annotations

from functools import partial
from typing import Dict, Iterator, List, Set, Tuple

from ...deadline import together
from ...errors import Code, OpsroomError
from .. import Context, Outcome
from .findings import Finding, State, message, of_error
from .installation import database, disk, relays, stackstorm
from .services import Examination, of_services

# Seconds for all of it, and how many parts are asked at once.
TOGETHER = 45.0
_AT_ONCE = 30
# Of more parts than this the room is told at once that it takes a while.
_MANY = 8


def doctor(context: Context) -> Outcome:
    """Examine the installation. The facts have every part; it fails where one is wrong."""
    examinations = examinations_of(context)
    if len(examinations) > _MANY:
        context.room.say(f"Looking at every part; this takes up to {TOGETHER:.0f} s.")
    findings = examine(examinations)
    wrong = sum(one.state is State.WRONG for one in findings)
    place = context.link() or "run python -m opsroom.doctor"
    facts = {"findings": [one.facts() for one in findings], "wrong": wrong}
    return Outcome(not wrong, Code.EXAMINED, message(findings, place), facts)


def examine(examinations: Dict[str, Examination]) -> List[Finding]:
    """What each examination finds, in their order. One that fails is a finding, too."""
    begun: Set[str] = set()
    asked = {part: partial(_all, part, one, begun) for part, one in examinations.items()}
    found: List[Finding] = []
    for part, answer in together(asked, TOGETHER, _AT_ONCE).items():
        if isinstance(answer, OpsroomError) and part not in begun:
            # Behind those that hang: nothing is known of it.
            text = f"it was not asked: others took all of the {TOGETHER:.0f} s."
            found.append(Finding(part, State.UNKNOWN, text))
        elif isinstance(answer, OpsroomError):
            found.append(of_error(part, answer))
        else:
            found.extend(answer)
    order = {part: number for number, part in enumerate(examinations)}
    return sorted(found, key=lambda one: order.get(one.part, -1))


def _all(part: str, examination: Examination, begun: Set[str]) -> Tuple[Finding, ...]:
    begun.add(part)
    return tuple(examination())


def examinations_of(context: Context) -> Dict[str, Examination]:
    """Every examination of this config, by its part."""
    parts = {"database": database, "disk": disk, "relays": relays, "stackstorm": stackstorm}
    first: Dict[str, Examination] = {name: partial(one, context) for name, one in parts.items()}
    return {"config": partial(_config, context), **first, **of_services(context)}


def _config(context: Context) -> Iterator[Finding]:
    settings = context.settings
    text = f"{len(settings.apps)} applications on {len(settings.environments)} environments."
    yield Finding("config", State.FINE, text)
