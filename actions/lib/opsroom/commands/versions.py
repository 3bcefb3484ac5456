"""versions: what runs where, asked of the places themselves."""

from __future__ import annotations

from functools import partial
from typing import Dict, List, Tuple

from ..config.model import App, Environment, Settings
from ..errors import Code, Failure, OpsroomError, Refusal
from ..text import table
from ..versions import Running
from . import Context, Outcome
from .deployments.running_version import Answer, ask, ask_many
from .resolve import find_app, find_environment, find_place

Place = Tuple[App, Environment]


def get_version(context: Context, app_name: str = "", environment_name: str = "") -> Outcome:
    """One application on one environment, one everywhere it lives, or every one of an environment.

    A place that does not answer is shown beside those that do. Raises Failure only for one place
    asked alone.
    """
    settings = context.settings
    if app_name and environment_name:
        app, environment = find_place(settings, app_name, environment_name)
        running = ask(app, environment)
        text = f"{app.name} on {environment.name}: {_said(running)}"
        return Outcome(
            True, Code.VERSIONS, text, {"versions": [_fact((app, environment), running)]}
        )
    if not app_name and not environment_name:
        raise Refusal(
            Code.UNKNOWN_COMMAND,
            "Versions of what?",
            "Say: versions of APPLICATION, or versions on ENVIRONMENT",
        )
    places, title = _places(settings, app_name, environment_name)
    answers = ask_many({_key(place): partial(ask, *place) for place in places})
    return _answer(places, answers, title, by_app=bool(app_name))


def _places(settings: Settings, app_name: str, environment_name: str) -> Tuple[List[Place], str]:
    if app_name:
        app = find_app(settings, app_name)
        places = [(app, settings.environments[name]) for name in settings.environments_of(app)]
        return places, app.name
    environment = find_environment(settings, environment_name)
    return [
        (settings.apps[name], environment) for name in settings.apps_in(environment.name)
    ], environment.name


def _answer(
    places: List[Place], answers: Dict[Tuple[str, str], Answer], title: str, by_app: bool
) -> Outcome:
    if not places:
        raise Refusal(
            Code.UNKNOWN_APP, f"Nothing lives on {title}.", "Add applications to opsroom.yaml."
        )
    silent = sum(isinstance(answer, OpsroomError) for answer in answers.values())
    rows = [
        ((place[1] if by_app else place[0]).name, _said(answers[_key(place)]))
        # What did not answer comes first: it must not be what a long list hides.
        for place in sorted(
            places, key=lambda place: not isinstance(answers[_key(place)], OpsroomError)
        )
    ]
    count = f" ({silent} of {len(places)} did not answer)" if silent else ""
    narrow = (
        f"ask for one: version of APPLICATION on {title}"
        if not by_app
        else f"ask for one: version of {title} on ENVIRONMENT"
    )
    text = table(rows, narrow=narrow, heading=f"{title}{count}:")
    facts = {
        "versions": [_fact(place, answers[_key(place)]) for place in places],
        "unanswered": silent,
    }
    if silent == len(places):
        raise Failure(Code.UNREACHABLE, text, "", facts)
    return Outcome(True, Code.VERSIONS, text, facts)


def _key(place: Place) -> Tuple[str, str]:
    return place[0].name, place[1].name


def _said(answer: Answer) -> str:
    if isinstance(answer, OpsroomError):
        return f"unknown: {answer.message}"
    return answer.version or "nothing deployed yet"


def _fact(place: Place, answer: Answer) -> Dict[str, str]:
    fact = {"app": place[0].name, "environment": place[1].name}
    if isinstance(answer, Running):
        return {
            **fact,
            "version": answer.version,
            **({"commit": answer.commit} if answer.commit else {}),
        }
    return {**fact, "error": answer.message, "code": answer.code.value}
