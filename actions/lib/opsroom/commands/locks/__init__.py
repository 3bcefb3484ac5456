"""What lock and unlock share: which place is meant, and who may lock it."""

from __future__ import annotations

from typing import Callable, List, Tuple

from ...config.model import Environment
from ...errors import Code, Refusal
from ...names import bare, comparable, same_as
from ...policy import Decision
from ...policy.access import may
from ...policy.locks import EVERYTHING, place
from ...structs import dataclass
from .. import Context
from ..resolve import find_environment, find_target

# How many places are proposed.
_MAX_PLACES = 4


@dataclass(frozen=True)
class Scope:
    """The place of a lock: an application on an environment, a whole environment, or everything
    (both names empty).

    `environments` are those that it touches, as their rules are for the application.
    """

    app: str
    environment: str
    environments: Tuple[Environment, ...]

    @property
    def words(self) -> str:
        """As commands name it: "everything", "uat", "web on uat"."""
        return place(self.app, self.environment)


def find_scope(
    context: Context, app_name: str, environment_name: str, say: Callable[[str], str]
) -> Scope:
    """The place that was named. "everything" is a word of its own, even where an environment has
    that name: a kill switch must not turn out to be something smaller. `say` makes the command for
    a place, to propose it.

    Raises Refusal(unknown_app, unknown_environment, ...).
    """
    if app_name.strip():
        target = find_target(context.settings, app_name, environment_name)
        return Scope(target.app.name, target.environment.name, (target.environment,))
    if comparable(bare(environment_name)) == EVERYTHING:
        return Scope("", "", tuple(context.settings.environments.values()))
    environment = _environment(context, environment_name, say)
    return Scope("", environment.name, (environment,))


def _environment(context: Context, name: str, say: Callable[[str], str]) -> Environment:
    """The environment of that name. Of an application it is asked where it is meant: "unlock
    web"."""
    try:
        return find_environment(context.settings, name)
    except Refusal as refusal:
        app = next(iter(same_as(name, context.settings.apps)), "")
        places = context.settings.environments_of(context.settings.apps[app]) if app else ()
        if not places:
            raise
        ways = [say(place(app, one)) for one in places[:_MAX_PLACES]]
        message = f"{app} is an application, not an environment."
        raise Refusal(
            refusal.code, message, f"Say: {'; '.join(ways)}", {"suggestions": ways}
        ) from None


def rights(context: Context, scope: Scope) -> List[Decision]:
    """Every reason why the speaker may not lock or unlock this place; empty when they may.

    Everything may be locked by those who may lock each environment, so also the most guarded
    one. Of the rooms it is enough that one counts for one of the environments that name rooms: with
    a room of its own for each, there would be no room for the kill switch.
    """
    each = [
        [one for one in _may(context, environment) if not one.allowed]
        for environment in scope.environments
    ]
    refused = [one for found in each for one in found]
    if scope.environment:
        return refused
    people = [one for one in refused if one.code is not Code.WRONG_ROOM]
    with_rooms = [
        found
        for environment, found in zip(scope.environments, each)
        if environment.rooms is not None
    ]
    rooms = [[one for one in found if one.code is Code.WRONG_ROOM] for found in with_rooms]
    return people or ([one for found in rooms for one in found] if rooms and all(rooms) else [])


def _may(context: Context, environment: Environment) -> List[Decision]:
    return may(context.settings, context.speaker, environment, "lock")
