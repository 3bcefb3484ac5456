"""The options of a pager of kind opsgenie, and its targets under `teams`."""

from __future__ import annotations

from dataclasses import field
from typing import Optional

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

# What Jira Service Management has of this API; schedules and users are read in another way.
EVENTS_ONLY = lazy_pattern(r"/jsm/ops/integration$")
_KINDS = ("team", "user", "escalation_policy", "schedule")


@dataclass(frozen=True)
class Options:
    """`responder` is who is paged when the config names nobody; `follow` and `time_limit` are in
    seconds."""

    api_key: str = field(repr=False)
    read_key: str = field(default="", repr=False)
    url: str = "https://api.opsgenie.com"
    responder: Optional[Target] = None
    follow: float = 8.0
    time_limit: float = TIME_LIMIT
    verify: str = ""
    look_for: float = LOOK_FOR


def read_options(fields: Fields) -> Options:
    """Alerts of Opsgenie, and of Jira Service Management Operations, which has taken its place.

    - `api_key` (text): the key of an API integration; it makes, reads and changes alerts.
    - `read_key` (text): a key of the account that may read its configuration: who is on call, and
      names that the config does not have.
    - `url`: the address of the API; in the EU `https://api.eu.opsgenie.com`; Jira Service
      Management `https://api.atlassian.com/jsm/ops/integration`.
    - `responder` (name of a team, or a mapping as for a team; default none): who is paged where a
      team names nobody here.
    - `follow`: how long a request that was taken is followed to its outcome, within `time_limit`.
    - `time_limit`: how long a command may take in all, with every request, wait and `follow`.
    """
    options = Options(
        api_key=fields.secret("api_key", expected="the key of an API integration"),
        read_key=fields.secret("read_key", "", expected="a key of the account"),
        url=read_url(fields, default=Options.url),
        responder=read_target(fields, "responder")
        if fields.has("responder")
        else fields.raw("responder"),
        follow=fields.seconds("follow", 8.0, minimum=0.1, maximum=30.0),
        time_limit=read_time_limit(fields),
        verify=read_verify(fields),
        look_for=read_look_for(fields),
    )
    if options.read_key and EVENTS_ONLY.search(options.url):
        fields.problem(
            "read_key",
            "has no effect with this url, where schedules and users are read in another way",
        )
    return options


def read_target(fields: Fields, key: str) -> Target:
    """The name of a team, or a mapping with one of `team`, `user`, `escalation_policy`, `schedule`:
    a name or an id."""
    return read_named_target(fields, key, _KINDS, "team", "the name of a team", "a name or an id")
