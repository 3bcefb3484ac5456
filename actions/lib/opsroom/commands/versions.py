"""versions: which version runs where, read live from the environments."""

from __future__ import annotations

from functools import partial
from typing import Dict, List, Tuple

from ..config.model import Settings
from ..errors import Code, Failure, OpsroomError, Refusal
from ..text import table
from ..versions import Running
from . import Context, Outcome
from .live_version import Answer, ask, ask_many
from .resolve import DeploymentTarget, find_app, find_environment, find_target


def get_version(context: Context, app_name: str = "", environment_name: str = "") -> Outcome:
    """One application on one environment, one everywhere it lives, or every one of an environment.

    A place that does not answer is shown beside those that do. Raises Failure only for one place
    asked alone.
    """
    settings = context.settings
    if app_name and environment_name:
        target = find_target(settings, app_name, environment_name)
        running = ask(target)
        text = f"{target}: {_shown(running)}"
        return Outcome(True, Code.VERSIONS, text, {"versions": [_fact(target, running)]})
    if not app_name and not environment_name:
        raise Refusal(
            Code.UNKNOWN_COMMAND,
            "Versions of what?",
            "Say: versions of APPLICATION, or versions on ENVIRONMENT",
        )
    targets, title = _targets(settings, app_name, environment_name)
    answers = ask_many({_key(target): partial(ask, target) for target in targets})
    return _answer(targets, answers, title, by_app=bool(app_name))


def _targets(
    settings: Settings, app_name: str, environment_name: str
) -> Tuple[List[DeploymentTarget], str]:
    if app_name:
        app = find_app(settings, app_name)
        environments = [settings.environments[name] for name in settings.environments_of(app)]
        return [DeploymentTarget(app, one) for one in environments], app.name
    environment = find_environment(settings, environment_name)
    apps = [settings.apps[name] for name in settings.apps_in(environment.name)]
    return [DeploymentTarget(one, environment) for one in apps], environment.name


def _answer(
    targets: List[DeploymentTarget],
    answers: Dict[Tuple[str, str], Answer],
    title: str,
    by_app: bool,
) -> Outcome:
    if not targets:
        raise Refusal(
            Code.UNKNOWN_APP,
            f"No application is configured for {title}.",
            "Add applications to opsroom.yaml.",
        )
    silent = sum(isinstance(answer, OpsroomError) for answer in answers.values())
    rows = [
        ((one.environment if by_app else one.app).name, _shown(answers[_key(one)]))
        # What did not answer comes first: it must not be what a long list hides.
        for one in sorted(targets, key=lambda one: not isinstance(answers[_key(one)], OpsroomError))
    ]
    count = f" ({silent} of {len(targets)} did not answer)" if silent else ""
    narrow = (
        f"ask for one: version of APPLICATION on {title}"
        if not by_app
        else f"ask for one: version of {title} on ENVIRONMENT"
    )
    text = table(rows, narrow=narrow, heading=f"{title}{count}:")
    facts = {
        "versions": [_fact(one, answers[_key(one)]) for one in targets],
        "unanswered": silent,
    }
    if silent == len(targets):
        raise Failure(Code.UNREACHABLE, text, "", facts)
    return Outcome(True, Code.VERSIONS, text, facts)


def _key(target: DeploymentTarget) -> Tuple[str, str]:
    return target.app.name, target.environment.name


def _shown(answer: Answer) -> str:
    if isinstance(answer, OpsroomError):
        return f"unknown: {answer.message}"
    return answer.version or "nothing deployed yet"


def _fact(target: DeploymentTarget, answer: Answer) -> Dict[str, str]:
    fact = {"app": target.app.name, "environment": target.environment.name}
    if isinstance(answer, Running):
        return {
            **fact,
            "version": answer.version,
            **({"commit": answer.commit} if answer.commit else {}),
        }
    return {**fact, "error": answer.message, "code": answer.code.value}
