"""The pack's config as typed, validated objects. Every complaint names the key, what was found and
what is allowed."""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping, Optional, Protocol, Tuple

from ..errors import Code, Refusal
from ..names import IDENTIFIER, comparable
from ..people import Person
from ..people.seals import VALID_FOR
from ..structs import dataclass
from ..structs.patterns import lazy_pattern
from .checks import check
from .fields import Fields
from .integrations import read_page_limit, read_team, read_webhooks
from .model import (
    App,
    Environment,
    Freeze,
    Kind,
    PageLimit,
    Progress,
    Settings,
    Team,
    in_passing_order,
)
from .problems import Problems, found
from .readers import (
    Known,
    read_board,
    read_check,
    read_environment,
    read_groups,
    read_incidents,
    read_ledger,
    read_metrics,
    read_person,
    read_relay_keys,
    read_set,
    read_timezone,
    read_watching,
)
from .values import check_secrets, check_values

__all__ = [
    "App",
    "Environment",
    "Freeze",
    "Kind",
    "Kinds",
    "PageLimit",
    "Person",
    "Progress",
    "Settings",
    "Team",
    "load",
    "read",
]

_ADDRESS = lazy_pattern(r"^(?i:https?)://[^\s/?#]+[^\s?#]*$")


class KindReader(Protocol):
    """What the settings need of a registry of kinds. They do not import one: arrows run the other
    way."""

    @property
    def what(self) -> str:
        """What the kinds are of, as sentences name it: `tracker`."""

    def kinds(self) -> Tuple[str, ...]:
        """The names of the kinds that there are."""

    def read_options(self, kind: str, fields: Fields) -> Any:
        """The options of a kind, read from its keys."""

    def read(self, kind: str, function: str, *arguments: Any) -> Any:
        """What a function of a kind's module returns."""


@dataclass(frozen=True)
class Kinds:
    """The registries whose kinds may appear in the config."""

    deploys: KindReader
    versions: KindReader
    trackers: KindReader
    pagers: KindReader


def load(
    raw: Optional[Mapping[str, Any]], kinds: Kinds, problems: Optional[Problems] = None
) -> Settings:
    """Check a config and return it as objects.

    `problems` takes the complaints; with its `references` where the config is the file itself, in
    which names of StackStorm's datastore stand for values.

    Raises Refusal(not_configured) when there is nothing in it, Refusal(settings_invalid) with all
    complaints at once (`facts["problems"]`, one text each).
    """
    problems = problems or Problems()
    settings = read(Fields(raw or {}, "", problems), kinds)
    named = raw and (raw.get("apps") or raw.get("environments") or None in raw.values())
    # A section whose name has a typo is a mistake, and not a config that nobody has written yet.
    if raw is None or not (named or problems.lines):
        raise Refusal(
            Code.NOT_CONFIGURED,
            "opsroom is installed but not configured: its config names no applications and no "
            "environments.",
            "Copy opsroom.yaml.example from the pack to /opt/stackstorm/configs/opsroom.yaml, "
            "fill it in, "
            "then run: st2ctl reload --register-configs",
        )
    check_values(raw, problems)
    check_secrets(raw, problems)
    if not problems.lines and not problems.unknown:
        # After a mistake in a part, what is said of the whole would only be its echo.
        problems.references = ()
        check(settings, problems)
    if problems.lines:
        first = problems.lines[0]
        more = f" And {len(problems.lines) - 1} more." if len(problems.lines) > 1 else ""
        raise Refusal(
            Code.SETTINGS_INVALID,
            f"The config of opsroom has a mistake. {first}.{more}",
            "The execution's result lists every complaint under 'problems'.",
            {"problems": list(problems.lines)},
        )
    return settings


def read(fields: Fields, kinds: Kinds) -> Settings:
    """The settings of a whole config. Problems are noted in `fields.problems`; `load` raises
    them."""
    people = _named(fields, "people", "a person", read_person)
    known = Known(
        people=people,
        groups=read_groups(fields, people),
        environments=fields.inside("environments").names(),
        apps=fields.inside("apps").names(),
        timezone=read_timezone(fields, "timezone", "UTC"),
    )
    environments = _named(
        fields,
        "environments",
        "an environment",
        lambda name, inner: read_environment(name, inner, known),
    )
    order = in_passing_order({name: one.after for name, one in environments.items()})
    environments = {name: environments[name] for name in order}
    apps = _named(
        fields, "apps", "an application", lambda name, inner: _app(name, inner, environments, kinds)
    )
    sets = _named(fields, "sets", "a set", lambda name, inner: read_set(name, inner, known.apps))
    trackers = _providers(fields, "trackers", "a tracker", kinds.trackers)
    pagers = _providers(fields, "pagers", "a pager", kinds.pagers)
    teams = _named(
        fields, "teams", "a team", lambda name, inner: read_team(name, inner, pagers, kinds.pagers)
    )
    progress = fields.inside("progress")
    relays = fields.texts("relays", default=("chatops_bot",), expected="a list of StackStorm users")
    settings = Settings(
        database=fields.secret("database", default="", expected="the URL of a database"),
        relays=relays,
        relay_keys=read_relay_keys(fields, relays),
        seal_valid_for=fields.seconds(
            "seal_valid_for", default=VALID_FOR, minimum=10.0, maximum=86400.0
        ),
        announce=fields.text("announce", default="", expected="the name of a room"),
        timezone=known.timezone,
        route=fields.text(
            "route", default="chatops", expected="the route of the relay, chatops or errbot"
        ),
        people=people,
        groups=known.groups,
        environments=environments,
        apps=apps,
        lease=fields.seconds("lease", default=60.0, minimum=10.0),
        progress=Progress(
            after=progress.seconds("after", default=5.0),
            every=progress.seconds("every", default=30.0, minimum=1.0),
            most=progress.whole_number("most", default=5, minimum=0, maximum=20),
        ),
        web=_address(fields, "web"),
        trackers=trackers,
        pagers=pagers,
        teams=teams,
        page_limit=read_page_limit(fields),
        watch=fields.seconds("watch", default=300.0),
        watching=read_watching(fields),
        webhooks=read_webhooks(fields, known.apps, known.environments),
        audit_page=_audit_page(fields),
        incidents=read_incidents(fields),
        board=read_board(fields, known.environments),
        metrics=read_metrics(fields),
        ledger=read_ledger(fields),
        sets=sets,
    )
    progress.finish()
    fields.finish()
    return settings


def _named(
    fields: Fields, key: str, what: str, read: Callable[[str, Fields], Any]
) -> Dict[str, Any]:
    """The named objects under a key; names that differ only in case are refused, since people type
    either."""
    found: Dict[str, Any] = {}
    folded: Dict[str, str] = {}
    for name, inner in fields.each(key):
        if not IDENTIFIER.match(name):
            inner.problems.add(
                inner.path,
                f"expected a name of {what}: letters, digits, dots, dashes and underscores",
            )
        if comparable(name) == "everything":
            # "lock everything" is the kill switch.
            inner.problems.add(
                inner.path,
                f"expected a name of {what} other than 'everything', which means all of them",
            )
        if comparable(name) in folded:
            inner.problems.add(
                inner.path,
                f"expected a name that differs from '{folded[comparable(name)]}' by more than case",
            )
        folded[comparable(name)] = name
        found[name] = read(name, inner)
        inner.finish()
    return found


def _app(name: str, fields: Fields, environments: Mapping[str, Environment], kinds: Kinds) -> App:
    places: Optional[Tuple[str, ...]] = None
    if fields.has("environments"):
        places = fields.texts("environments", expected="a list of environments")
        for place in places:
            if place not in environments:
                fields.problem(
                    "environments", f"expected environments of the config, found {found(place)}"
                )
    fields.raw("environments")
    return App(
        name=name,
        deploy=_kind(fields, "deploy", kinds.deploys),
        version=_kind(fields, "version", kinds.versions),
        verify_for=fields.seconds("verify_for", default=60.0),
        environments=places,
        cards=fields.text("cards", "", expected="a tracker, a project, or TRACKER:PROJECT"),
        page=fields.text("page", "", expected="the name of a team"),
        check=read_check(fields),
    )


def _audit_page(fields: Fields) -> str:
    inner = fields.inside("audit")
    page = inner.text("page", "", expected="the name of a team")
    inner.finish()
    return page


def _address(fields: Fields, key: str) -> str:
    found = fields.text(key, "", pattern=_ADDRESS, expected="an http or https address")
    return found.rstrip("/")


def _providers(fields: Fields, key: str, what: str, registry: KindReader) -> Dict[str, Kind]:
    """The trackers or pagers by name; those whose kind is wrong are left out, the complaint says
    so."""
    found = _named(fields, key, what, lambda name, inner: _options(inner, registry))
    return {name: kind for name, kind in found.items() if kind is not None}


def _kind(fields: Fields, key: str, registry: KindReader) -> Optional[Kind]:
    if not fields.has(key):
        fields.raw(key)
        return None
    inner = fields.inside(key)
    found = _options(inner, registry)
    inner.finish()
    return found


def _options(fields: Fields, registry: KindReader) -> Optional[Kind]:
    kind = fields.text("kind", choices=registry.kinds())
    if not kind:
        # Its other keys mean nothing without a kind; one complaint is enough.
        fields.ignore_rest()
        return None
    return Kind(kind=kind, options=registry.read_options(kind, fields))
