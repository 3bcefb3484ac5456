"""What a version may mean that was typed without its application: which applications have it.

`web@v1.2.0` is v1.2.0 of web, or a tag of that very name, as repositories of several applications
have them. A version that cannot be deployed is not proposed.
"""

from __future__ import annotations

from functools import partial
from typing import Dict, List, Sequence, Tuple

from ...deadline import together
from ...errors import OpsroomError, Refusal
from ...names import check_version, same_as
from .. import Context
from ..resolve import DeploymentTarget

VERSION = "VERSION"
# In seconds, for all that is asked.
_ASKING = 5.0
# How many applications are asked.
_MOST_APPS = 8
Pair = Tuple[str, str]


def app_in(context: Context, version: str) -> str:
    """The application that `web@v1.2.0` names; empty where it names none."""
    app, at, rest = version.partition("@")
    return next(iter(same_as(app, context.settings.apps)), "") if app and at and rest else ""


def readings(context: Context, apps: Sequence[str], version: str, environment: str) -> List[Pair]:
    """Each application with the version of it that was meant, VERSION where it has none such.

    Those that have it go alone. One that cannot be asked in time counts as one that has it, but not
    for `web@v1.2.0`, which may mean two versions.
    """
    named = app_in(context, version)
    if named:
        pairs = [(named, version.partition("@")[2]), (named, version)]
    else:
        pairs = [(app, version) for app in apps[:_MOST_APPS]]
    answers = together(
        {pair: partial(_has, context, *pair, environment) for pair in pairs}, _ASKING
    )
    doubted = [pair for pair, answer in answers.items() if isinstance(answer, OpsroomError)]
    having = [pair for pair in pairs if answers[pair] is True or (pair in doubted and not named)]
    return having or list(dict.fromkeys((app, VERSION) for app, _ in pairs))


def _has(context: Context, app_name: str, version: str, environment: str) -> bool:
    """Whether an application has a version, whatever it is asked for. Raises Failure when it cannot
    be asked."""
    app = context.settings.apps[app_name]
    places: Dict[str, None] = dict.fromkeys(context.settings.environments_of(app))
    place = environment if environment in places else next(iter(places), "")
    if not place:
        return False
    try:
        rules = context.settings.environments[place].for_app(app_name)
        DeploymentTarget(app, rules).deployer.resolve(check_version(version))
    except Refusal:
        return False
    return True
