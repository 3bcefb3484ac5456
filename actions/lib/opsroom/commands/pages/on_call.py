"""on call: who would be alerted now. Reads from the pagers, and never pages."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import partial
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ...deadline import together
from ...errors import Code, Failure, OpsroomError, Refusal
from ...names import listed
from ...pagers import OnCall, Pager, Target
from ...text import one_line, stamp, table
from ...times.zones import local_time
from .. import Context, Outcome
from . import Recipient, names
from .recipients import ask_about, find_recipient, recipient_of, teams

Answered = Tuple[str, Tuple[OnCall, ...]]
# For all teams together, in seconds.
_TOGETHER = 30.0
# How many levels of an escalation are shown for one team.
_LEVELS = 3


def get_on_call(context: Context, who: str = "") -> Outcome:
    """Who is on call for a team, an application, or a name that a pager knows; for every team
    without a name.

    Raises Refusal(no_pager, unknown_who, which_who, not_possible), and Failure when no pager
    answered.
    """
    if not who.strip():
        return _every_team(context)
    recipient = find_recipient(context, who, after="")
    pager, on_call = _first_answer(context, recipient)
    rows = [_row(context, one) for one in on_call[:_LEVELS]]
    rows += [f"and {len(on_call) - _LEVELS} more"] if len(on_call) > _LEVELS else []
    facts = {"who": recipient.name, "pager": pager, "on_call": [_facts(one) for one in on_call]}
    name = one_line(recipient.name, 60)
    if not on_call:
        return Outcome(
            True, Code.ON_CALL, f"Nobody is on call for {name} in {pager}. {recipient.hint}", facts
        )
    text = f"On call for {name} in {pager}: {'; '.join(rows)}."
    return Outcome(True, Code.ON_CALL, text, facts)


def _every_team(context: Context) -> Outcome:
    names(context)
    known = teams(context)
    if not known:
        raise Refusal(
            Code.UNKNOWN_WHO,
            "The config names no teams, so there is no list of who is on call.",
            "Ask for one by the name that a pager has for it: on call for NAME",
        )
    answers = together(
        {team.name: partial(_first_answer, context, recipient_of(context, team)) for team in known},
        _TOGETHER,
    )
    rows: List[Sequence[str]] = []
    facts: List[Dict[str, Any]] = []
    for team in known:
        answer = answers[team.name]
        if isinstance(answer, OpsroomError):
            rows.append((team.name, f"unknown: {one_line(answer.message, 80)}"))
            facts.append({"who": team.name, "code": answer.code, "message": answer.message})
            continue
        pager, on_call = answer
        first = [one for one in on_call if one.level == on_call[0].level] if on_call else []
        rows.append(
            (
                team.name,
                listed([_row(context, one, level=False) for one in first], 2) or "nobody",
                pager,
            )
        )
        facts.append(
            {"who": team.name, "pager": pager, "on_call": [_facts(one) for one in on_call]}
        )
    text = table(rows, narrow="say: on call for TEAM", heading="On call:")
    return Outcome(any("on_call" in one for one in facts), Code.ON_CALL, text, {"teams": facts})


def _first_answer(context: Context, recipient: Recipient) -> Answered:
    """The first pager of the chain that reports who is on call there, and who that is."""
    refused: Optional[OpsroomError] = None
    for route in recipient.routes:
        try:
            return route.pager, ask_about(context, route, _on_call, after="")
        except Refusal as refusal:
            refused = refused or refusal
        except Failure as failure:
            # Worth more than that another one has no on-call schedule.
            refused = failure if not isinstance(refused, Failure) else refused
    assert refused is not None
    raise refused


def _on_call(pager: Pager, target: Target) -> Tuple[OnCall, ...]:
    return tuple(sorted(pager.on_call(target), key=lambda one: one.level))


def _row(context: Context, shift: OnCall, level: bool = True) -> str:
    until = ""
    if shift.until is not None:
        now, zone = datetime.now(timezone.utc), context.settings.timezone
        until = f" until {local_time(shift.until, now, zone)}"
    through = f" ({one_line(shift.through, 40)})" if level and shift.through else ""
    then = "then " if level and shift.level > 1 else ""
    return f"{then}{one_line(shift.name, 40)}{until}{through}"


def _facts(shift: OnCall) -> Dict[str, Any]:
    until = stamp(shift.until) if shift.until else ""
    return {"name": shift.name, "until": until, "level": shift.level, "through": shift.through}
