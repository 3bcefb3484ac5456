"""Whether the rules of a config fit together: contradictions, which refuse it, and doubts, which
`python -m opsroom.check` prints."""

from __future__ import annotations

from typing import Any, Iterator, List, Mapping, Set, Tuple

from ..names import comparable, either, listed
from ..people.identities import is_identity
from ..secrets import MIN_LENGTH, is_decrypted, secrets_of
from .approvers import able_approvers, able_requesters, approver_names
from .identities import check_identities
from .model import App, Environment, Identity, Settings
from .problems import Problems, is_reference, without_references
from .readers import members
from .trackers import projects


def check(settings: Settings, problems: Problems) -> None:
    """Note rules that contradict each other or that nobody could ever satisfy."""
    for name, environment in settings.environments.items():
        path = f"environments.{name}"
        general = list(_of_rules(settings, environment))
        for line in general:
            problems.add(*_at(path, line))
        for app_name in environment.own:
            for line in _of_rules(settings, environment.for_app(app_name)):
                if line not in general:
                    problems.add(*_at(f"{path}.apps.{app_name}", line))
    check_identities(settings, problems)
    _check_order(settings, problems)
    _check_columns(settings, problems)
    for app in settings.apps.values():
        _check_places(settings, app, problems)
        _check_cards(settings, app, problems)


def _at(path: str, line: Tuple[str, str]) -> Tuple[str, str]:
    return f"{path}.{line[0]}", line[1]


def _of_rules(settings: Settings, environment: Environment) -> Iterator[Tuple[str, str]]:
    """(key, complaint) pairs about the rules of one environment."""
    if environment.approvals and environment.confirm_within:
        yield (
            "confirm_within",
            "expected either approvals or confirm_within; an approval makes a confirmation "
            "needless",
        )
    if environment.identity is Identity.VOUCHED and environment.rooms and not settings.relay_keys:
        yield (
            "identity",
            "expected relay_keys in the config: without the key of a relay nobody in a room is "
            "vouched for",
        )
    everyone = tuple(settings.people)
    deployers = _people(
        settings, everyone if environment.deployers is None else environment.deployers
    )
    approvers = (
        deployers if environment.approvers is None else _people(settings, environment.approvers)
    )
    codes = (
        list(_of_codes(settings, environment, deployers, approvers))
        if environment.second_factor
        else []
    )
    if environment.approvals and not codes:
        yield from _of_approvals(settings, environment)
    yield from codes


def _of_approvals(settings: Settings, environment: Environment) -> Iterator[Tuple[str, str]]:
    """Where nobody at all can ask for something that can be approved. Where some can: `advice`."""
    most = [
        len(able_approvers(settings, environment, one))
        for one in able_requesters(settings, environment)
    ]
    named = members(approver_names(settings, environment), settings.groups)
    unable = (
        f" (a one-time code takes a totp, and a room {_name_needed(environment)})"
        if len(able_approvers(settings, environment)) < len(named)
        else ""
    )
    if most and max(most) < environment.approvals:
        yield (
            "approvals" if environment.approvers is None else "approvers",
            f"expected {environment.approvals} who may approve besides the one who asks, found "
            f"{max(most)}{unable}",
        )


def _name_needed(environment: Environment) -> str:
    if environment.identity is Identity.VOUCHED:
        return "an identity in chat that a relay vouches for"
    return "a name in chat"


def _of_codes(
    settings: Settings, environment: Environment, deployers: List[str], approvers: List[str]
) -> Iterator[Tuple[str, str]]:
    """Codes come with approvals, with confirmations, and with the reviews of emergencies."""
    if not (environment.approvals or environment.confirm_within or environment.emergency):
        yield (
            "second_factor",
            "expected approvals, confirm_within or emergency beside it; on its own it asks for "
            "nothing",
        )
        return
    givers = [*approvers, *(deployers if environment.confirm_within else ())]
    if not any(settings.people[one].totp for one in givers):
        yield (
            "second_factor",
            "expected someone who may give a code to have a totp (people.NAME.totp), no one has",
        )


def _people(settings: Settings, names: Tuple[str, ...]) -> List[str]:
    return members(names, settings.groups)


def _check_order(settings: Settings, problems: Problems) -> None:
    """No environment may wait for itself, for any application."""
    circles: Set[Tuple[str, ...]] = set()
    apps = dict.fromkeys(
        app for environment in settings.environments.values() for app in environment.own
    )
    for app in ("", *apps):
        rules = {name: one.for_app(app).after for name, one in settings.environments.items()}
        for name in rules:
            circle = _circle(rules, name)
            if circle and tuple(sorted(circle)) not in circles:
                circles.add(tuple(sorted(circle)))
                where = (
                    f"environments.{name}.apps.{app}"
                    if "after" in _own(settings, name, app)
                    else f"environments.{name}"
                )
                path = " after ".join([*circle, circle[0]])
                problems.add(f"{where}.after", f"expected an order without a circle, found {path}")


def _own(settings: Settings, environment: str, app: str) -> Mapping[str, object]:
    return settings.environments[environment].own.get(app, {})


def _circle(after: Mapping[str, str], start: str) -> List[str]:
    """The environments on the way from one back to itself; empty where the way ends."""
    way = [start]
    while after.get(way[-1]) and len(way) <= len(after):
        step = after[way[-1]]
        if step == start:
            return way
        way.append(step)
    return []


def _check_columns(settings: Settings, problems: Problems) -> None:
    """A card that opsroom moves after a deployment must not ask for the next deployment."""
    moved = {
        comparable(rules.move_cards): name
        for name, environment in settings.environments.items()
        for rules in (environment, *map(environment.for_app, environment.own))
        if rules.move_cards
    }
    for name, environment in settings.environments.items():
        for rules in (environment, *map(environment.for_app, environment.own)):
            if rules.ready_column and not rules.after:
                problems.add(
                    f"environments.{name}.ready_column",
                    "expected after beside it: what runs there is promoted",
                )
            mover = moved.get(comparable(rules.ready_column)) if rules.ready_column else None
            if mover:
                problems.add(
                    f"environments.{name}.ready_column",
                    "expected a column into which opsroom itself moves no cards, or one "
                    "deployment would lead to the "
                    f"next; found '{rules.ready_column}', the move_cards of {mover}",
                )


def _check_places(settings: Settings, app: App, problems: Problems) -> None:
    """What an application's rules refer to has to be where it lives."""
    places = settings.environments_of(app)
    for name, environment in settings.environments.items():
        if name not in places:
            if app.name in environment.own:
                problems.add(
                    f"environments.{name}.apps.{app.name}",
                    "expected an application that is configured for this environment",
                )
            continue
        first = environment.for_app(app.name).after
        if first and first not in places:
            problems.add(
                f"environments.{name}.after",
                f"expected an environment of {app.name}, found '{first}'; "
                f'write environments.{name}.apps.{app.name}.after: "" to take {app.name} out of '
                "the order",
            )


def _check_cards(settings: Settings, app: App, problems: Problems) -> None:
    """Where an application's cards live has to be one place."""
    if not app.cards or without_references(app.cards) != app.cards:
        return
    found = projects(settings.trackers, {}, app.cards)
    known = (
        f"a tracker of the config ({either(settings.trackers) or 'there is none'}), a "
        "project, or TRACKER:PROJECT"
    )
    if not found:
        problems.add(
            f"apps.{app.name}.cards", f"expected {known}, found '{app.cards}', which fits none"
        )
    elif len(found) > 1:
        both = either(one.explicit for one in found)
        problems.add(
            f"apps.{app.name}.cards",
            f"expected what fits one tracker only; '{app.cards}' may be {both}",
        )


def advice(settings: Settings, raw: Mapping[str, Any]) -> List[str]:
    """One line for each doubt about a config that is accepted, beginning with the key that it is
    about."""
    lines = [f"environments.{place}: {what}" for place, what in _doubts(settings)]
    if not settings.relay_keys:
        lines += [
            f"people.{person.name}.chat: '{name}' counts only from a relay with a key, and there "
            "are no relay_keys"
            for person in settings.people.values()
            for name in person.chat
            if is_identity(name)
        ]
    for path, secret in secrets_of(raw):
        if len(secret) < MIN_LENGTH and "headers" not in path[:-1]:
            lines.append(
                f"{'.'.join(path)}: a secret of less than {MIN_LENGTH} characters is not masked "
                "in answers"
            )
    lines += [
        f"{place}: StackStorm decrypts a value of its datastore only where its schema says secret; "
        "here an encrypted value arrives still encrypted"
        for path, place, value in _texts(raw, (), "")
        if is_reference(value) and "decrypt_kv" not in value and not is_decrypted(path)
    ]
    return list(dict.fromkeys(lines))


def _doubts(settings: Settings) -> Iterator[Tuple[str, str]]:
    for name, environment in settings.environments.items():
        general = list(_doubts_of(settings, environment))
        yield from ((f"{name}.{key}", what) for key, what in general)
        for app in environment.own:
            for key, what in _doubts_of(settings, environment.for_app(app)):
                if (key, what) not in general:
                    yield f"{name}.apps.{app}.{key}", what


def _doubts_of(settings: Settings, environment: Environment) -> Iterator[Tuple[str, str]]:
    if environment.identity is Identity.VOUCHED and not settings.relay_keys:
        yield (
            "identity",
            "nobody in chat is vouched for without relay_keys; only StackStorm's own users can "
            "change anything there",
        )
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
