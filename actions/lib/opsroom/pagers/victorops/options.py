"""The options of a pager of kind victorops, and its targets under `teams`."""

from __future__ import annotations

from dataclasses import field

from ...config.fields import Fields
from ...http.options import (
    LOOK_FOR,
    TIME_LIMIT,
    read_look_for,
    read_time_limit,
    read_url,
    read_verify,
)
from ...structs import dataclass
from ...structs.patterns import lazy_pattern
from .. import Target, read_named_target

# The vendor shows the address with $routing_key at its end; what is before it is the key.
_ENDPOINT = lazy_pattern(
    r"^((?i:https?)://[^\s/?#@]+/[^\s?#]*alert/[^\s/?#]{4,})(/\$routing_key)?/?$"
)
_KINDS = ("routing_key", "escalation_policy", "team", "user")


@dataclass(frozen=True)
class Options:
    """`endpoint` is without a slash at its end; `user` is in whose name the API acts for those whom
    the config does not map. `follow` and `time_limit` are in seconds."""

    api_id: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    endpoint: str = field(default="", repr=False)
    routing_key: str = ""
    user: str = ""
    url: str = "https://api.victorops.com"
    follow: float = 8.0
    time_limit: float = TIME_LIMIT
    verify: str = ""
    look_for: float = LOOK_FOR


def read_options(fields: Fields) -> Options:
    """Splunk On-Call, by its API, by its REST endpoint for alerts, or by both.

    - `api_id` (text): the id of the API key, beside `api_key`.
    - `api_key` (text): an API key that may not only read.
    - `user` (name of a user; required with the API alone): in whose name incidents are made and
      acknowledged for people who have no name there.
    - `endpoint` (https address): the address of the REST endpoint up to its key, without a routing
      key.
    - `routing_key`: where a page goes when a team names nobody here.
    - `url`: the address of the API.
    - `follow`: how long an alert is looked for until it has become an incident, within
      `time_limit`.
    - `time_limit`: how long a command may take in all, with every request, wait and `follow`.
    """
    options = Options(
        api_id=fields.secret("api_id", "", expected="the id of an API key"),
        api_key=fields.secret("api_key", "", expected="an API key"),
        endpoint=_endpoint(fields),
        routing_key=fields.text("routing_key", "", expected="the name of a routing key"),
        user=fields.text("user", "", expected="the name of a user of Splunk On-Call"),
        url=read_url(fields, default=Options.url),
        follow=fields.seconds("follow", 8.0, minimum=0.1, maximum=30.0),
        time_limit=read_time_limit(fields),
        verify=read_verify(fields),
        look_for=read_look_for(fields),
    )
    for one, other in (("api_id", "api_key"), ("api_key", "api_id")):
        if fields.has(one) and not fields.has(other):
            fields.problem(other, f"expected it beside {one}")
    if not (fields.has("api_id") or fields.has("api_key") or fields.has("endpoint")):
        fields.problem("api_id", "expected api_id and api_key, or endpoint, or all three")
    if options.api_id and options.api_key and not fields.has("endpoint") and not options.user:
        fields.problem(
            "user", "expected the user in whose name incidents are made for people without one"
        )
    return options


def read_target(fields: Fields, key: str) -> Target:
    """A routing key, or a mapping with one of `routing_key`, `escalation_policy`, `team`, `user`: a
    name or a slug."""
    return read_named_target(
        fields, key, _KINDS, "routing_key", "a routing key", "a name or a slug"
    )


def _endpoint(fields: Fields) -> str:
    """The address is a secret as a whole: what was found is never a part of the complaint."""
    expected = (
        "the address of the REST endpoint up to its key, https://…/alert/KEY, without a routing key"
    )
    found = _ENDPOINT.match(fields.secret("endpoint", "", pattern=_ENDPOINT, expected=expected))
    return found.group(1) if found else ""
