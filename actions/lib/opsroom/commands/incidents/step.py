"""One step of an incident, for the workflows. Each may be run again, and does what is missing or
nothing."""

from __future__ import annotations

from ...errors import Code
from .. import Context, Outcome
from ..request import Request, resumed
from ..resolve import find_target
from .close import CLOSING, close
from .open import note
from .steps import OPENING, facts_about, find_incident

STEPS = (*OPENING, "close", *CLOSING)


def incident_step(context: Context, typed: str, step: str) -> Outcome:
    """Do one of STEPS. Raises Refusal(unknown_incident) and what the step raises."""
    incident = find_incident(context, typed)
    before = incident
    do = {**OPENING, "close": close, **CLOSING}[step]
    incident = do(context, incident)
    changed = incident != before
    text = f"{step} of incident {incident.id}: {'done' if changed else 'nothing was left to do'}."
    return Outcome(
        True, Code.INCIDENT_STEP, text, {**facts_about(incident), "step": step, "changed": changed}
    )


def note_incident(
    context: Context, typed: str = "", who: str = "", app_name: str = "", environment_name: str = ""
) -> Outcome:
    """The incident of that id; without one, a new one that is put together from names alone, for
    rules and workflows.

    Raises Refusal(unknown_incident, unknown_app, unknown_environment, unknown_who, ...).
    """
    if typed.strip():
        incident = find_incident(context, typed)
        return Outcome(
            True, Code.INCIDENT_STEP, f"Incident {incident.id} is there.", facts_about(incident)
        )
    request = Request(context, "declare incident", app_name, environment_name, "")
    with resumed(request):
        target = find_target(context.settings, app_name, environment_name)
        request.app, request.environment = target.app.name, target.environment.name
        text = f"{target} needs someone to look at it"
        incident, fresh = note(request, who.strip() or target.app.name, text, target.app.name)
    facts = {**facts_about(incident), "fresh": fresh}
    return Outcome(True, Code.DECLARED, f"Incident {incident.id} is declared: {text}.", facts)
