"""Who can approve a change of a requester: those who have the right, are someone else, and have the
means. Pure."""

from __future__ import annotations

from typing import List, Tuple

from ..people import Person
from ..people.identities import is_identity
from .model import Environment, Identity, Settings
from .readers import members


def approver_names(settings: Settings, environment: Environment) -> Tuple[str, ...]:
    """The people and groups who have the right to approve there, as the config names them."""
    if environment.approvers is not None:
        return environment.approvers
    return tuple(settings.people) if environment.deployers is None else environment.deployers


def able_approvers(settings: Settings, environment: Environment, requester: str = "") -> List[str]:
    """The people who can approve there what `requester` (a person's name) asks for.

    Who asked cannot. Nor can who needs a one-time code and has no secret of them, and who has no
    chat name where it is done in a room.
    """
    people = [
        settings.people[name]
        for name in members(approver_names(settings, environment), settings.groups)
    ]
    return [one.name for one in people if one.name != requester and _is_able(environment, one)]


def able_requesters(settings: Settings, environment: Environment) -> List[str]:
    """The people of the config who can ask for a deployment there."""
    names = tuple(settings.people) if environment.deployers is None else environment.deployers
    people = [settings.people[name] for name in members(names, settings.groups)]
    return [one.name for one in people if _is_heard(environment, one)]


def shown_approvers(settings: Settings, environment: Environment, requester: str = "") -> List[str]:
    """The same people as in `able_approvers`, as people read them: a group whose members all can
    goes by its name."""
    able = able_approvers(settings, environment, requester)
    shown: List[str] = []
    for name in approver_names(settings, environment):
        inside = settings.groups.get(name, (name,))
        shown += (
            [name] if all(one in able for one in inside) else [one for one in inside if one in able]
        )
    return list(dict.fromkeys(shown))


def _is_able(environment: Environment, person: Person) -> bool:
    needs_code = environment.second_factor or person.second_factor
    return _is_heard(environment, person) and bool(person.totp or not needs_code)


def _is_heard(environment: Environment, person: Person) -> bool:
    """Whether they can speak in a room that counts; from the CLI and the web nobody is in one."""
    vouched = environment.identity is Identity.VOUCHED
    names = [one for one in person.chat if is_identity(one) or not vouched]
    return environment.rooms is None or bool(environment.rooms and names)
