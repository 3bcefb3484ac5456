"""What the card commands share: their request, changes that are safe to repeat, and how answers are
composed."""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Sequence, Tuple, TypeVar

from ...deadline import within
from ...errors import Code, Failure, Refusal
from ...http.errors import in_doubt
from ...records.model import Event
from ...text import one_line, sentence, shorten
from ...trackers import Made
from .. import Context
from ..external_action import ActionResult, Facts
from ..request import Request
from . import Found, limits_of

Answer = TypeVar("Answer")

# As long as every tracker takes: Jira's 255 characters, less some for those that count otherwise.
MAX_SUMMARY = 250
# What of a summary is put into records and answers.
_SHOWN_SUMMARY = 120


def request_about(context: Context, command: str) -> Request:
    """A request that is about no application and no environment."""
    return Request(context, command, "", "", "")


def take_apart(text: str) -> Tuple[str, str]:
    """The summary and the description of a card: its first line, and the rest. Nothing is lost.

    A longer first line is cut between words and continues in the description. Where the text begins
    with a block of code, its first line is the summary and the whole text the description. Raises
    Refusal(text_needed).
    """
    whole = _whole(text)
    if not whole:
        raise Refusal(
            Code.TEXT_NEEDED, "A card needs a text.", "For example: create card: checkout is broken"
        )
    first, _, rest = whole.partition("\n")
    if first.startswith("```"):
        inside = [" ".join(line.split()) for line in rest.split("\n") if line.strip(" \t\r`")]
        return shorten(inside[0] if inside else "A block of code", MAX_SUMMARY), whole
    summary, rest = " ".join(first.split()), rest.strip("\r\n")
    if len(summary) <= MAX_SUMMARY:
        return summary, rest
    end = summary.rfind(" ", MAX_SUMMARY // 2, MAX_SUMMARY)
    end = end if end > 0 else MAX_SUMMARY - 1
    going_on = f"… {summary[end:].strip()}"
    return summary[:end].rstrip() + "…", f"{going_on}\n{rest}".strip()


def text_of(text: str, example: str) -> str:
    """A text that says something. Raises Refusal(text_needed)."""
    whole = _whole(text)
    if not whole:
        raise Refusal(Code.TEXT_NEEDED, "That needs a text.", f"For example: {example}")
    return whole


def _whole(text: str) -> str:
    """Without what surrounds it; with the line ends that everyone understands."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def brief(context: Context, summary: str) -> str:
    """A summary as records and answers have it."""
    return one_line(str(context.mask(summary)), _SHOWN_SUMMARY)


def facts_of(found: Found, made: Made, **more: Any) -> Facts:
    """What was made, as it is kept and returned."""
    return {"tracker": found.name, "url": made.url, "notes": list(made.notes), **more}


def answer(
    text: str, url: str, once: Optional[ActionResult] = None, notes: Sequence[str] = ()
) -> str:
    """The sentences of an answer: what was done, where to see it, and what did not go as asked."""
    parts: List[str] = [sentence(text), url]
    if once is not None:
        parts.append(unrecorded(once.failure, once.late))
        parts.append(
            "The tracker's answer was lost; it was found by its mark." if once.found else ""
        )
    return " ".join(part for part in [*parts, *notes] if part)


def unrecorded(failure: Optional[Failure], late: bool = False) -> str:
    """What is said when a thing was done and not recorded; `late`: the next command records it."""
    if failure is None:
        return ""
    late = late or bool(failure.facts.get("recorded_late"))
    after = " The next command records it." if late else ""
    return f"That could not be recorded: {one_line(failure.message, 120)}{after}"


def change(
    request: Request, found: Found, done: str, do: Callable[[], Answer]
) -> Tuple[Answer, bool]:
    """Do to a card what may be done twice without harm; after a lost answer it is done again,
    which shows the current state and takes no longer than the config's `look_for`.

    Returns the result, and whether an answer was lost. Raises Failure(outcome_unknown) when
    the outcome is unknown; `done` is "moved", as in "OPS-12 may or may not have been moved". Raises
    what `do` raises."""
    try:
        return do(), False
    except Failure as failure:
        if not in_doubt(failure):
            raise
    card = found.id
    try:
        return within(limits_of(request.context, found.name).look_for, found.name, do), True
    except Failure as failure:
        # Whatever failed now, also if it was not sent at all: the first time it may have been done.
        text = f"{card} may or may not have been {done}: {failure.message}"
        unknown = Failure(Code.OUTCOME_UNKNOWN, text, f"To see how it is: show card {card}")
        end(request, Event.UNCONFIRMED, Code.OUTCOME_UNKNOWN, unknown.sentence())
        raise unknown from failure


def end(
    request: Request, event: Event, code: Code, message: str, **facts: Any
) -> Optional[Failure]:
    """Record the end of what was done. It was done whatever happens to the record: returns why
    that failed."""
    try:
        request.end(event, code.value, message, **facts)
    except Failure as failure:
        return failure
    finally:
        request.ended = True
    return None
