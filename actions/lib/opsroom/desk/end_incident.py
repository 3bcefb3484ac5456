"""close incident: its page is resolved, its card told and moved, the room told."""

from __future__ import annotations

from typing import List

from ..errors import Code, OpsroomError
from ..text import message, neutralise, one_line, sentence
from . import Desk
from .incident_ends import CLOSING, close, said_of_the_end
from .incident_steps import facts_about, find_incident
from .outcome import Outcome
from .record import Request, resumed

_STEPS = {
    "resolve": "The page is not resolved",
    "close_card": "The card is not closed",
    "announce": "The room was not told",
}


def end_incident(desk: Desk, typed: str, closing: str = "") -> Outcome:
    """Close it. One that is closed already stays so; what of it could not be done before is done then.

    Not ok, with code incident_incomplete, when something could not be done. Raises Refusal(unknown_incident).
    """
    request = Request(desk, "close incident", "", "", "", noted={"incident": one_line(typed, 40)})
    with resumed(request):
        incident = find_incident(desk, typed)
        fresh = incident.state == "open"
        incident = close(desk, incident, neutralise(closing).strip())
        request.ended = True
    troubles: List[str] = []
    for name, step in CLOSING.items():
        try:
            incident = step(desk, incident)
        except OpsroomError as error:
            troubles.append(f"{_STEPS[name]}: {sentence(one_line(error.message, 140))}")
        except Exception as error:
            troubles.append(f"{_STEPS[name]}: a defect in opsroom ({type(error).__name__}).")
    said = said_of_the_end(incident) if fresh else f"It is closed already. {said_of_the_end(incident)}"
    facts = {**facts_about(incident), "fresh": fresh, "closed_by": incident.closed_by, "troubles": troubles}
    if not troubles:
        return Outcome(True, Code.INCIDENT_CLOSED, message(said), facts)
    text = f"Incident {incident.id} is closed, and not all that belongs to it. {' '.join(troubles)}"
    text += " Say the same again: only what is missing is done."
    return Outcome(False, Code.INCIDENT_INCOMPLETE, message(text), facts)
