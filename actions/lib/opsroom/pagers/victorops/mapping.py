"""Pages as alerts of Splunk On-Call, and its JSON as incidents."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Tuple

from ...http.content import text_of
from ...times.iso import moment_of
from .. import Incident, Page, State, Target

_SUMMARY = 150
# The vendor gives no limit for the text; what it shows ends somewhere, and a page needs less.
_TEXT = 20_000
# The description of the API has the first of each pair, its answers the second.
_STATES = {
    "triggered": State.TRIGGERED,
    "unacked": State.TRIGGERED,
    "acknowledged": State.ACKNOWLEDGED,
    "acked": State.ACKNOWLEDGED,
    "resolved": State.RESOLVED,
}


def items(value: Any) -> List[Mapping[str, Any]]:
    """The mappings of a list, also of lists in it (users come as a list in a list); whatever else
    came is none."""
    if not isinstance(value, list):
        return []
    found: List[Mapping[str, Any]] = []
    for one in value:
        if isinstance(one, Mapping):
            found.append(one)
        elif isinstance(one, list):
            found += [inner for inner in one if isinstance(inner, Mapping)]
    return found


def inside(value: Any, *names: str) -> Any:
    """What is under keys, case aside: the API's answers spell some of them in another way than
    its description."""
    for name in names:
        if not isinstance(value, Mapping):
            return None
        value = next(
            (found for key, found in value.items() if str(key).casefold() == name.casefold()), None
        )
    return value


def named(mapping: Any, name: str) -> bool:
    """Whether something with a name and a slug is called that, case aside."""
    wanted = name.casefold()
    return bool(wanted) and wanted in (
        text_of(inside(mapping, key)).casefold() for key in ("slug", "name")
    )


def alert_of(page: Page) -> Tuple[str, str, Tuple[str, ...]]:
    """The headline of a page, its text with who asks, and sentences about what was cut."""
    from ...trackers.formats.text import cut

    text, missing = cut(f"{page.author.line}\n\n{page.text}", _TEXT)
    notes = [f"Cut after {_TEXT} characters: {missing} are missing."] if missing else []
    if page.urgent:
        notes.append("Splunk On-Call has no urgency: every page is critical there.")
    return headline(page.text), text, tuple(notes)


def headline(text: str) -> str:
    """The first line, cut at a word's border; the whole text is in the details."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    line = lines[0] if lines else "Page"
    if len(line) > _SUMMARY:
        kept = line[: _SUMMARY - 2]
        border = kept.rfind(" ")
        return f"{kept[:border] if border > _SUMMARY // 2 else kept} …"
    return f"{line} …" if len(lines) > 1 else line


def incident_of(found: Mapping[str, Any]) -> Incident:
    """An incident of the list. All of its fields may be missing; what is missing or of another type
    is left empty."""
    number, entity = text_of(inside(found, "incidentNumber")), text_of(inside(found, "entityId"))
    link = text_of(inside(found, "incidentLink"))
    return Incident(
        id=number or entity,
        number=number,
        title=text_of(inside(found, "entityDisplayName"))
        or text_of(inside(found, "service"))
        or entity,
        state=state_of(found),
        url=link if link.startswith("https://") else "",
        target=", ".join(policy for policy in _policies(found) if policy),
        people=texts(inside(found, "pagedUsers")),
        since=moment_of(inside(found, "startTime")),
    )


def state_of(found: Mapping[str, Any]) -> State:
    """The phase that an incident is in."""
    return _STATES.get(text_of(inside(found, "currentPhase")).lower(), State.UNKNOWN)


def carries(found: Any, mark: str) -> bool:
    """Whether a mark is anywhere in an incident: which field the summary comes back in is not
    documented."""
    if isinstance(found, str):
        return mark in found
    if isinstance(found, Mapping):
        return any(carries(one, mark) for one in found.values())
    return isinstance(found, list) and any(carries(one, mark) for one in found)


def goes_to(found: Mapping[str, Any], target: Target) -> bool:
    """Whether an incident was sent to a target."""
    wanted = target.id.casefold()
    if target.kind == "user":
        return wanted in [one.casefold() for one in texts(inside(found, "pagedUsers"))]
    if target.kind == "routing_key":
        return wanted == text_of(inside(found, "routingKey")).casefold()
    part = "team" if target.kind == "team" else "policy"
    paged = [inside(one, part) for one in items(inside(found, "pagedPolicies"))]
    teams = texts(inside(found, "pagedTeams")) if part == "team" else ()
    return wanted in [one.casefold() for one in teams] or any(
        named(one, target.id) for one in paged
    )


def texts(value: Any) -> Tuple[str, ...]:
    """The texts of a list."""
    every = [text_of(one) for one in value] if isinstance(value, list) else []
    return tuple(one for one in every if one)


def _policies(found: Mapping[str, Any]) -> List[str]:
    return [text_of(inside(one, "policy", "name")) for one in items(inside(found, "pagedPolicies"))]


def by_slug(policies: List[str]) -> List[Dict[str, str]]:
    """Escalation policies as targets of an incident."""
    return [{"type": "EscalationPolicy", "slug": slug} for slug in dict.fromkeys(policies)]
