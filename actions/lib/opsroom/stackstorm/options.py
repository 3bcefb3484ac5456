"""The keys of the config for an action of StackStorm, here or in another one."""

from __future__ import annotations

from typing import Tuple

from ..config.fields import Fields
from ..http.options import read_url, read_verify
from ..structs.patterns import lazy_pattern

_ACTION = lazy_pattern(r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]+\Z")


def read_action(fields: Fields) -> str:
    """The key `action`."""
    return fields.text(
        "action", pattern=_ACTION, expected="the reference of an action, such as acme.deploy"
    )


def read_access(fields: Fields) -> Tuple[str, str, str]:
    """The keys `url`, `api_key` and `verify`: another StackStorm than this one."""
    url = read_url(fields, default="", expected="the address of an API, such as https://st2/api/v1")
    key = fields.secret("api_key", "", expected="an API key of StackStorm")
    if url and not key:
        fields.problem(
            "url",
            "expected an api_key beside it; the token of this StackStorm means nothing to another",
        )
    return url, key, read_verify(fields)
