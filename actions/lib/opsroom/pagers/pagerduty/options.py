"""The options of a pager of kind pagerduty, and its targets under `teams`."""

from __future__ import annotations

from dataclasses import field
from typing import Callable, Mapping, Pattern

from ...config.fields import Fields
from ...http.options import LOOK_FOR, TIME_LIMIT, read_look_for, read_url, read_verify
from ...names import either
from ...structs import dataclass
from ...structs.patterns import lazy_pattern
from .. import Target

# What a page may go to. The API wants a service for every incident, also where it names one of the
# others.
_KINDS = ("service", "escalation_policy", "user", "schedule", "routing_key")
_ID = lazy_pattern(r"^[A-Za-z0-9]{1,64}(?![\s\S])")
EMAIL = lazy_pattern(r"^[!-~]{1,128}(?<![@<>,;:\"])@(?:[A-Za-z0-9-]+\.)*[A-Za-z0-9-]+(?![\s\S])")
_USER = lazy_pattern(rf"(?:{_ID.pattern}|{EMAIL.pattern})")
# A key goes into a header or a body: anything printable. It may still be the name of a place where
# the key lies.
_KEY = lazy_pattern(r"^(?!(?i:token token=))[ -~]+(?![\s\S])")


@dataclass(frozen=True)
class Options:
    """`sender` is the key `from`: the user of the account that acts for people who are not mapped;
    `time_limit` in s is for all requests of one command; `verify` a CA file."""

    token: str = field(default="", repr=False)
    routing_key: str = field(default="", repr=False)
    service: str = ""
    sender: str = ""
    url: str = "https://api.pagerduty.com"
    events_url: str = "https://events.pagerduty.com"
    time_limit: float = TIME_LIMIT
    verify: str = ""
    look_for: float = LOOK_FOR


@dataclass(frozen=True)
class Integration(Target):
    """A target of the Events API: its key is a secret, so it is neither the id nor shown."""

    routing_key: str = field(default="", repr=False)


def integration(routing_key: str, name: str) -> Integration:
    """The target for a routing key; `name` is what people read."""
    return Integration(kind="routing_key", id=name, name=name, routing_key=routing_key)


def read_options(fields: Fields) -> Options:
    """PagerDuty, by its REST API where there is a `token`, else by its Events API v2. At least one
    of `token` and `routing_key`.

    - `token` (text; required without `routing_key`): a key of the REST API that may not only read.
    - `from` (e-mail address; required with `token`): a user of the account, in whose name pages go
      out for people who have no name there.
    - `service` (id of a service): where pages go when a team names nothing, and the service of
      pages to a person, schedule or escalation policy.
    - `routing_key` (text; required without `token`): the integration key of an integration "Events
      API v2"; used where there is no `token` or no `service`.
    - `url`: the address of the REST API; in the EU `https://api.eu.pagerduty.com`.
    - `events_url`: the address of the Events API; in the EU `https://events.eu.pagerduty.com`.
    - `time_limit`: how long all requests of a command may take, with retries.
    """
    options = Options(
        token=_key(fields, "token", "the key of the REST API alone, without `Token token=`"),
        routing_key=_key(fields, "routing_key", "the integration key of the Events API v2"),
        service=fields.text(
            "service", "", pattern=_ID, expected="the id of a service such as PWIXJZS"
        ),
        sender=fields.text(
            "from", "", pattern=EMAIL, expected="the e-mail address of a user of the account"
        ),
        url=read_url(fields, "url", Options.url),
        events_url=read_url(fields, "events_url", Options.events_url),
        time_limit=fields.seconds("time_limit", TIME_LIMIT, minimum=0.1),
        verify=read_verify(fields),
        look_for=read_look_for(fields),
    )
    if not fields.has("token") and not fields.has("routing_key"):
        fields.problem(
            "token", "expected a token, or a routing_key beside it or instead, found neither"
        )
    if fields.has("token") and not fields.has("from"):
        fields.problem(
            "from",
            "expected the e-mail address of the account's user in whose name opsroom pages for "
            "people who are not "
            "mapped, found nothing; PagerDuty takes no page with a token without one",
        )
    return options


def read_target(fields: Fields, key: str) -> Target:
    """The id of a service, or a mapping with one of `service`, `escalation_policy`, `user` (an id
    or an e-mail address), `schedule` and `routing_key`."""
    value = fields.raw(key)
    if not isinstance(value, Mapping):
        expected = f"the id of a service such as PWIXJZS, or a mapping with one of {either(_KINDS)}"
        # Someone may have put an integration key here.
        return Target("service", fields.text(key, pattern=_ID, expected=expected, hidden=True))
    inner = fields.inside(key)
    readers: Mapping[str, Callable[[str], str]] = {
        "service": lambda name: _id(inner, name, "a service"),
        "escalation_policy": lambda name: _id(inner, name, "an escalation policy"),
        "user": lambda name: _id(inner, name, "a user, or their e-mail address", _USER),
        "schedule": lambda name: _id(inner, name, "a schedule"),
        "routing_key": lambda name: _key(inner, name, "the integration key of the Events API v2"),
    }
    found = {kind: read(kind) for kind, read in readers.items()}
    inner.finish()
    given = [kind for kind in _KINDS if inner.has(kind)]
    if len(given) != 1:
        given_text = either(given).replace(" or ", " and ") or "none of them"
        fields.problem(key, f"expected exactly one of {either(_KINDS)}, found {given_text}")
        return Target("service", "")
    if given[0] == "routing_key":
        return integration(found["routing_key"], fields.path.rpartition(".")[2])
    return Target(given[0], found[given[0]])


def _id(fields: Fields, name: str, what: str, pattern: Pattern[str] = _ID) -> str:
    return fields.text(name, "", pattern=pattern, expected=f"the id of {what}, such as PWIXJZS")


def _key(fields: Fields, name: str, what: str) -> str:
    return fields.secret(name, "", pattern=_KEY, expected=what)
