"""PagerDuty's JSON as incidents and people on call, and a page as PagerDuty takes it."""

from __future__ import annotations

from typing import Any, List, Mapping, Tuple

from ...http.content import object_at, text_of
from ...people import Author
from ...structs import dataclass
from ...times.iso import moment_of
from .. import Incident, OnCall, Page, State
from .client import Answer

# The vendor's limit of a title and of a summary; it is also read out on the phone.
MAX_TITLE = 1024
# No limit of the body is documented; a page is never longer than this.
MAX_DETAILS = 20_000
# Between being made and being acknowledged by PagerDuty itself, in seconds.
_AT_ONCE = 2.0


@dataclass(frozen=True)
class UserOnCall:
    """Someone on call, and their id."""

    user: str
    duty: OnCall


def name_of(row: Mapping[str, Any]) -> str:
    """What people read of a user, service, schedule or policy, in full or as a reference."""
    return text_of(row.get("summary")) or text_of(row.get("name"))


def incident_of(row: Mapping[str, Any], answer: Answer) -> Incident:
    """An incident. Raises Failure(bad_answer) when it has no id."""
    id = text_of(row.get("id"))
    if not id:
        raise answer.bad("an incident without an id")
    number = row.get("incident_number")
    status = text_of(row.get("status"))
    known = {state.value: state for state in State}
    url = text_of(row.get("html_url"))
    return Incident(
        id=id,
        number=str(number)
        if isinstance(number, (int, str)) and not isinstance(number, bool)
        else "",
        title=text_of(row.get("title")) or text_of(row.get("summary")),
        state=known.get(status, State.UNKNOWN),
        url=url if url.startswith(("http://", "https://")) else "",
        target=name_of(object_at(row, "service")),
        people=tuple(name_of(one) or text_of(one.get("id")) for one in assignees_of(row)),
        since=moment_of(row.get("created_at")),
    )


def assignees_of(row: Mapping[str, Any]) -> List[Mapping[str, Any]]:
    """The users to whom an incident is assigned."""
    found = row.get("assignments")
    rows = found if isinstance(found, list) else []
    return [
        object_at(one, "assignee")
        for one in rows
        if isinstance(one, Mapping) and object_at(one, "assignee")
    ]


def acknowledged_at_once(row: Mapping[str, Any]) -> bool:
    """Whether an incident that is acknowledged became so when it was made, and not by someone whom
    it reached."""
    if text_of(row.get("status")) != "acknowledged":
        return False
    made, changed = moment_of(row.get("created_at")), moment_of(row.get("last_status_change_at"))
    return made is not None and changed is not None and (changed - made).total_seconds() <= _AT_ONCE


def on_calls_of(rows: List[Mapping[str, Any]], of_schedule: bool = False) -> Tuple[UserOnCall, ...]:
    """Those on call, the first to be reached first, each once a level: with the later end where
    there are two.

    `of_schedule`: the policies that use the schedule, each at a level of its own, do not matter.
    """
    found: List[UserOnCall] = []
    for row in rows:
        user, level = object_at(row, "user"), row.get("escalation_level")
        id = text_of(user.get("id"))
        if not id:
            continue
        ranked = (
            isinstance(level, int) and not isinstance(level, bool) and level > 0 and not of_schedule
        )
        duty = OnCall(
            name=name_of(user) or id,
            until=moment_of(row.get("end")),
            level=int(level) if ranked and level is not None else 1,
            through=name_of(object_at(row, "schedule"))
            or name_of(object_at(row, "escalation_policy")),
        )
        same = next((one for one in found if (one.user, one.duty.level) == (id, duty.level)), None)
        if same is None:
            found.append(UserOnCall(id, duty))
        elif same.duty.until is not None and (duty.until is None or duty.until > same.duty.until):
            found[found.index(same)] = UserOnCall(id, duty)
    return tuple(sorted(found, key=lambda one: one.duty.level))


def title_of(text: str) -> str:
    """The text on one line, cut at a word where it is longer than PagerDuty takes; all of it is in
    the details."""
    line = " ".join(text.split()) or "(a page without text)"
    return line if len(line) <= MAX_TITLE else _cut(line, MAX_TITLE - 2) + " …"


def details_of(page: Page) -> Tuple[str, Tuple[str, ...]]:
    """The whole text and who it is from, and a note when even that had to be cut."""
    text, notes = page.text.strip(), []
    if len(text) > MAX_DETAILS:
        kept = _cut(text, MAX_DETAILS)
        left_out = len(text) - len(kept)
        text = f"{kept}\n[cut: {left_out} more characters]"
        notes.append(f"The text was cut; {left_out} characters did not go out.")
    return f"{text}\n\n{page.author.line}", tuple(notes)


def _cut(text: str, most: int) -> str:
    start = text[:most]
    border = max(start.rfind(" "), start.rfind("\n"))
    return (start[:border] if border > most // 2 else start).rstrip()


def web_address(author: Author) -> str:
    """The link to the execution where it is an address."""
    return author.link if author.link.startswith(("http://", "https://")) else ""
