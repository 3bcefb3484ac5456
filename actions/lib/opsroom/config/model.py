"""The pack's config as objects, checked when they are made. Nothing else reads the raw config."""

from __future__ import annotations

from dataclasses import field, replace
from enum import Enum
from typing import Any, Mapping, Optional, Tuple

from ..people import Person
from ..people.seals import VALID_FOR
from ..structs import dataclass

# Under `page_on_failure`: the team of the application itself.
OF_APP = "app"


@dataclass(frozen=True)
class Freeze:
    """A time in which nothing is deployed: weekly ("Fri 16:00" to "Mon 08:00") or dated, with its
    time zone.

    `begins` and `ends` are as in the config, checked; `guard.freezes` understands them.
    """

    name: str
    begins: str
    ends: str
    timezone: str = "UTC"


class Identity(str, Enum):
    """How well a speaker has to be known: by the name that a relay reports, or by a relay that
    vouches for them."""

    NAME = "name"
    VOUCHED = "vouched"


@dataclass(frozen=True)
class Environment:
    """A place where applications run, and what holds there.

    `identity` is how well who changes something there has to be known. `deployers`, `rooms`,
    `lockers` and `approvers` are None where there is no rule. Who may lock is
    by default who may deploy. `approvals` is how many others must approve, `approval_ttl` and
    `confirm_within` are in seconds (`confirm_within` 0: nothing to confirm), `after` is the
    environment where the version must be running first. `emergency` may pass approval, freeze,
    order and lock. `move_cards` is the column or state into which the cards of a deployment are put
    once it has succeeded, empty for none; `ready_column` the one whose cards ask for a promotion to
    here. `page_on_failure` is the team that is paged when a deployment fails, or OF_APP. `own` has,
    for each application, the rules of its own.
    """

    name: str
    deployers: Optional[Tuple[str, ...]] = None
    rooms: Optional[Tuple[str, ...]] = None
    lockers: Optional[Tuple[str, ...]] = None
    approvers: Optional[Tuple[str, ...]] = None
    emergency: Tuple[str, ...] = ()
    approvals: int = 0
    approval_ttl: float = 1800.0
    confirm_within: float = 0.0
    second_factor: bool = False
    after: str = ""
    freezes: Tuple[Freeze, ...] = ()
    lock_after_rollback: bool = True
    move_cards: str = ""
    ready_column: str = ""
    page_on_failure: str = ""
    identity: Identity = Identity.NAME
    own: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def for_app(self, app: str) -> Environment:
        """The environment as it is for one application: its own rules take the place of the general
        ones."""
        rules = self.own.get(app)
        return replace(self, **rules) if rules else self


def in_passing_order(after: Mapping[str, str]) -> Tuple[str, ...]:
    """Environments in the order in which a version passes through them.

    `after` maps each one to the one where a version must run first, or to "". The order is the one
    given, except that none comes before its own `after`: StackStorm's API writes a config with
    sorted keys, so that its order alone may say "production" before "test". Names in a circle keep
    their order; the check of the config refuses them.
    """
    left = dict(after)
    ordered = []
    while left:
        name = next((one for one in left if left[one] not in left), next(iter(left)))
        ordered.append(name)
        del left[name]
    return tuple(ordered)


@dataclass(frozen=True)
class Kind:
    """A provider as configured: its kind, and the options that the kind has checked."""

    kind: str
    options: Any


@dataclass(frozen=True)
class App:
    """An application. `environments` is None where it lives in all of them; `verify_for` is in
    seconds.

    `cards` is where its cards live (a tracker, a project, or TRACKER:PROJECT), `page` the team that
    is paged for it. `check` is the action of StackStorm that a release runs after each deployment
    of it, empty for none.
    """

    name: str
    deploy: Optional[Kind] = None
    version: Optional[Kind] = None
    verify_for: float = 60.0
    environments: Optional[Tuple[str, ...]] = None
    cards: str = ""
    page: str = ""
    check: str = ""


@dataclass(frozen=True)
class AppSet:
    """Applications that are deployed together, in this order, or `side_by_side`: all at once."""

    name: str
    apps: Tuple[str, ...]
    side_by_side: bool = False


@dataclass(frozen=True)
class Team:
    """People who are paged together.

    `page` are the pagers to try, in this order; empty stands for the first of the config. `targets`
    has for each pager that the config names one for: whom to page there (a `paging.Target`).
    `phone` is whom to call when all pagers fail. `watch` is after how many seconds the room is
    notified that nobody has answered; None stands for that of all teams."""

    name: str
    page: Tuple[str, ...] = ()
    targets: Mapping[str, Any] = field(default_factory=dict)
    phone: str = ""
    watch: Optional[float] = None


@dataclass(frozen=True)
class PageLimit:
    """How many pages one person may send, and one team may get, within so many seconds. 0 pages: no
    limit."""

    pages: int = 5
    within: float = 600.0


@dataclass(frozen=True)
class Webhook:
    """Where releases are published: GitHub (`secret`) or GitLab (`token`, `signing_token`).

    `apps` has for each repository or project the application, `environment` is where a release
    goes, empty for the first one of the application. `unready` is whether pre-releases of GitHub,
    and releases of GitLab that are dated in the future, are deployed.
    """

    secret: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    signing_token: str = field(default="", repr=False)
    apps: Mapping[str, str] = field(default_factory=dict)
    environment: str = ""
    unready: bool = False


@dataclass(frozen=True)
class Progress:
    """When a running deployment speaks in the room: after so many seconds, then every so many, so
    often at most."""

    after: float = 5.0
    every: float = 30.0
    most: int = 5


@dataclass(frozen=True)
class Watching:
    """How often sensors look, in seconds (0: never), and after how many misses a place counts as
    unreachable."""

    versions: float = 60.0
    cards: float = 60.0
    pages: float = 30.0
    misses: int = 3


@dataclass(frozen=True)
class Incidents:
    """What happens with declared incidents.

    `project` is where their cards go, empty for where the application's are; `closed` the column
    into which the card of a closed one is put, empty for none; `room` is notified of them, empty
    for the room for announcements."""

    project: str = ""
    closed: str = ""
    room: str = ""


@dataclass(frozen=True)
class BoardSettings:
    """The page that shows what runs where: `folder` is where it is written, empty for no page.

    `environments` are those that it shows, None for all; `people`: whether it names people. `ask`:
    whether each place is asked what it runs, all of them within `ask_within` seconds; else the
    record alone is shown. `stale_after`: after so many seconds without a new page it says so."""

    folder: str = ""
    environments: Optional[Tuple[str, ...]] = None
    people: bool = True
    ask: bool = True
    ask_within: float = 5.0
    stale_after: float = 300.0


@dataclass(frozen=True)
class MetricsSettings:
    """What Prometheus reads: `folder` is where the file for it is written, empty for no file."""

    folder: str = ""


@dataclass(frozen=True)
class LedgerSettings:
    """How long records stay in the database, in months; 0 for always. Then
    `python -m opsroom.archive` may take them into files."""

    keep: int = 0


@dataclass(frozen=True)
class Settings:
    """The whole config. `lease` is in seconds; `database` is empty where the default file is meant.

    `relay_keys` has the keys of the relays that seal who speaks, by their StackStorm users;
    `seal_valid_for` is how old a sealed message may be, in seconds. `web` is the address of
    StackStorm's web pages, without a slash at its end. `watch` is after how many seconds the room
    is notified that nobody has answered a page, 0 for never. `webhooks` are by the name of the
    service; `audit_page` is the team that is paged when the record does not hold."""

    database: str
    relays: Tuple[str, ...]
    announce: str
    timezone: str
    route: str
    people: Mapping[str, Person]
    groups: Mapping[str, Tuple[str, ...]]
    environments: Mapping[str, Environment]
    apps: Mapping[str, App]
    lease: float
    progress: Progress
    web: str = ""
    trackers: Mapping[str, Kind] = field(default_factory=dict)
    pagers: Mapping[str, Kind] = field(default_factory=dict)
    teams: Mapping[str, Team] = field(default_factory=dict)
    page_limit: PageLimit = PageLimit()
    watch: float = 300.0
    watching: Watching = Watching()
    webhooks: Mapping[str, Webhook] = field(default_factory=dict)
    audit_page: str = ""
    sets: Mapping[str, AppSet] = field(default_factory=dict)
    relay_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    seal_valid_for: float = VALID_FOR
    incidents: Incidents = Incidents()
    board: BoardSettings = BoardSettings()
    metrics: MetricsSettings = MetricsSettings()
    ledger: LedgerSettings = LedgerSettings()

    def execution_link(self, execution_id: str) -> str:
        """The address of an execution on StackStorm's web pages; empty where that is not known."""
        return f"{self.web}/#/history/{execution_id}" if self.web and execution_id else ""

    @property
    def rooms(self) -> Tuple[str, ...]:
        """All rooms that the config names."""
        rules = [
            one
            for environment in self.environments.values()
            for one in (environment, *map(environment.for_app, environment.own))
        ]
        named = [room for one in rules for room in one.rooms or ()]
        others = (self.announce, self.incidents.room)
        return tuple(dict.fromkeys([*named, *filter(None, others)]))

    def environments_of(self, app: App) -> Tuple[str, ...]:
        """The names of the environments where an application lives, in the order in which a version
        passes through them."""
        return tuple(
            name
            for name in self.environments
            if app.environments is None or name in app.environments
        )

    def apps_in(self, environment: str) -> Tuple[str, ...]:
        """The names of the applications that live in an environment, in the order of the config."""
        return tuple(
            name for name, app in self.apps.items() if environment in self.environments_of(app)
        )
