"""What is doubtful in a config that is right: said by `python -m opsroom.check`, and no reason to
refuse it."""

from __future__ import annotations

from typing import Any, Iterator, List, Mapping, Tuple

from ..names import listed
from ..secrets import MIN_LENGTH, is_decrypted, secrets_of
from .approvers import able_approvers, able_requesters
from .model import Environment, Settings
from .problems import is_reference
from .readers import members


def advice(settings: Settings, raw: Mapping[str, Any]) -> List[str]:
    """One line for each doubt, each begins with the key that it is about."""
    lines = [f"environments.{place}: {what}" for place, what in _of_rules(settings)]
    for path, secret in secrets_of(raw):
        if len(secret) < MIN_LENGTH and "headers" not in path[:-1]:
            lines.append(
                f"{'.'.join(path)}: a secret of less than {MIN_LENGTH} characters is not masked "
                "in answers"
            )
    lines += [
        f"{place}: StackStorm decrypts a value of its datastore only where its schema says secret; "
        "here an encrypted one arrives as it lies there"
        for path, place, value in _texts(raw, (), "")
        if is_reference(value) and "decrypt_kv" not in value and not is_decrypted(path)
    ]
    return list(dict.fromkeys(lines))


def _of_rules(settings: Settings) -> Iterator[Tuple[str, str]]:
    for name, environment in settings.environments.items():
        general = list(_of_environment(settings, environment))
        yield from ((f"{name}.{key}", what) for key, what in general)
        for app in environment.own:
            for key, what in _of_environment(settings, environment.for_app(app)):
                if (key, what) not in general:
                    yield f"{name}.apps.{app}.{key}", what


def _of_environment(settings: Settings, environment: Environment) -> Iterator[Tuple[str, str]]:
    key = "approvers" if environment.approvers is not None else "approvals"
    if environment.approvals:
        stuck = [
            one
            for one in able_requesters(settings, environment)
            if len(able_approvers(settings, environment, one)) < environment.approvals
        ]
        if stuck:
            wanted = "approval" if environment.approvals == 1 else "approvals"
            yield (
                key,
                f"what {listed(stuck)} {'asks' if len(stuck) == 1 else 'ask'} for can never "
                "get its "
                f"{environment.approvals} {wanted}: nobody approves their own change, and too "
                "few others can",
            )
    # Where nobody may deploy on purpose, this is no news.
    on_purpose = () in (environment.deployers, environment.rooms)
    if environment.approvals and not on_purpose and not able_requesters(settings, environment):
        yield "approvals", "nobody in the config can ask for a deployment there"
    emergency = members(environment.emergency, settings.groups)
    alone = [one for one in emergency if not able_approvers(settings, environment, one)]
    if alone:
        yield "emergency", f"nobody else can review an emergency deployment of {listed(alone)}"
    if environment.confirm_within and environment.second_factor:
        without = [
            one for one in able_requesters(settings, environment) if not settings.people[one].totp
        ]
        if without:
            yield "second_factor", f"{listed(without)} can confirm nothing there without a totp"


def _texts(
    value: Any, path: Tuple[str, ...], place: str
) -> Iterator[Tuple[Tuple[str, ...], str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, (*path, str(key)), f"{place}.{key}".lstrip("."))
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from _texts(item, path, f"{place}[{number}]")
    elif isinstance(value, str):
        yield path, place, value
