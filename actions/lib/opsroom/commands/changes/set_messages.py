"""The sentences about several deployments that were asked for together. What matters most comes
first, since a room shows 400 characters."""

from __future__ import annotations

from typing import List, Sequence

from ...errors import Code, OpsroomError, Refusal
from ...names import listed
from ...records.change import Kind
from ...text import MESSAGE_CHARACTERS, MESSAGE_LINES, one_line
from .. import Outcome

# So many errors are shown, and so many characters of each, where all is too long.
_ERRORS, _ERROR = 2, 150
# So many applications are named in a row.
_NAMED = 6
# What a line about a plan has to show at least, and what all of it may have, in characters.
_PLAN, _MOST = 60, MESSAGE_CHARACTERS - 2


def outcome_of_set(
    outcomes: Sequence[Outcome],
    errors: Sequence[OpsroomError] = (),
    last: Sequence[str] = (),
    hint: str = "",
) -> str:
    """What was deployed, what failed, and `last`, what that means for the others.

    Where this is too long for a room, the failures come first, and what went well is counted.
    `hint` is what follows it.
    """
    lines = [*(one.message for one in outcomes), *(one.message for one in errors), *last]
    if _fits(lines, hint):
        return "\n".join(lines)
    shown = [one_line(one.message, _ERROR) for one in errors[:_ERRORS]]
    if len(errors) > _ERRORS:
        shown.append(f"{len(errors) - _ERRORS} more failed.")
    shown += last
    groups = {
        "Deployed": [one for one in outcomes if one.ok and one.code is not Code.ALREADY_THERE],
        "There already": [one for one in outcomes if one.code is Code.ALREADY_THERE],
    }
    shown += [
        f"{title}, {len(found)}: {listed([_version_of(one) for one in found], _NAMED)}."
        for title, found in groups.items()
        if found
    ]
    return "\n".join(shown)


def how_it_ended(error: Exception) -> str:
    """Why the others are not begun, after the name of the one that ended so."""
    if isinstance(error, OpsroomError) and error.code is Code.CANCELLED:
        return "was cancelled"
    return "could not go ahead" if isinstance(error, Refusal) else "failed"


def waiting_set(kind: Kind, made: Sequence[Outcome], there: Sequence[Outcome]) -> str:
    """What waits together, how one word is for all of it, and what is there already."""
    ids = [str(one.facts["change"]) for one in made]
    # One person asked for all of them on one environment; the word has to come for the first.
    soonest = min(made, key=lambda one: one.facts["expires_at"])
    who = f" ({soonest.facts['waits_for']})"
    problems = [str(one.facts["problem"]) for one in made if one.facts["problem"]]
    verb = "approve" if kind is Kind.APPROVAL else "confirm"
    word = problems[0] if problems else f"One word is for all of them: {verb} change {ids[0]}{who}"
    begin = f"{len(made)} changes wait together. {word}"
    plans = [f"{one.facts['change']}: {one.facts['plan']}" for one in made]
    rest = (
        [f"There already: {listed([_version_of(one) for one in there], _NAMED)}."] if there else []
    )
    if _fits([begin, *plans, *rest]):
        return "\n".join([begin, *plans, *rest])
    # Of a few, the beginning of each plan.
    each = (_MOST - len("\n".join([begin, *rest]))) // len(made) - 1
    if each >= _PLAN and len(made) < MESSAGE_LINES - 1:
        return "\n".join([begin, *(one_line(one, each) for one in plans), *rest])
    names = [f"{_version_of(one)} ({one.facts['change']})" for one in made]
    return "\n".join([begin, f"They are {listed(names, _NAMED)}; see: show changes", *rest])


def _version_of(outcome: Outcome) -> str:
    return f"{outcome.facts['app']} {outcome.facts['version']}"


def _fits(lines: Sequence[str], hint: str = "") -> bool:
    text: List[str] = [row for line in lines for row in line.split("\n")]
    return len(text) <= MESSAGE_LINES and len("\n".join(text)) + len(hint) < MESSAGE_CHARACTERS
