"""The pack's config as objects. They are checked when they are made; nothing else reads the raw config."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping, Optional, Tuple


@dataclass(frozen=True)
class Person:
    """Somebody whom the config knows.

    `chat`: the names that relays report for them. `st2`: their own users of StackStorm (default: their name).
    `identities`: their names elsewhere (`jira`, `pagerduty`, ...).
    """

    name: str
    chat: Tuple[str, ...] = ()
    st2: Tuple[str, ...] = ()
    email: str = ""
    identities: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Environment:
    """A place where applications run. `deployers` and `rooms` are None where everybody may, from everywhere."""

    name: str
    deployers: Optional[Tuple[str, ...]] = None
    rooms: Optional[Tuple[str, ...]] = None


@dataclass(frozen=True)
class Kind:
    """A provider as configured: its kind, and the options that the kind has checked."""

    kind: str
    options: Any


@dataclass(frozen=True)
class App:
    """An application. `environments` is None where it lives in all of them; `verify_for` is in seconds."""

    name: str
    deploy: Optional[Kind] = None
    version: Optional[Kind] = None
    verify_for: float = 60.0
    environments: Optional[Tuple[str, ...]] = None


@dataclass(frozen=True)
class Progress:
    """When a running deployment speaks in the room: after so many seconds, then every so many, so often at most."""

    after: float = 5.0
    every: float = 30.0
    most: int = 5


@dataclass(frozen=True)
class Settings:
    """The whole config. `lease` is in seconds; `database` is empty where the default file is meant."""

    database: str
    relays: Tuple[str, ...]
    announce: str
    route: str
    people: Mapping[str, Person]
    groups: Mapping[str, Tuple[str, ...]]
    environments: Mapping[str, Environment]
    apps: Mapping[str, App]
    lease: float
    progress: Progress

    def environments_of(self, app: App) -> Tuple[str, ...]:
        """The names of the environments where an application lives, in the order of the config."""
        return tuple(name for name in self.environments if app.environments is None or name in app.environments)

    def apps_in(self, environment: str) -> Tuple[str, ...]:
        """The names of the applications that live in an environment, in the order of the config."""
        return tuple(name for name, app in self.apps.items() if environment in self.environments_of(app))
