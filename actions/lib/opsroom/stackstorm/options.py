"""The keys of the config for an action of StackStorm, here or in another one."""

from __future__ import annotations

from typing import Tuple

from ..config.fields import Fields
from ..http.options import read_url, read_verify
from ..structs.patterns import lazy_pattern

_ACTION = lazy_pattern(r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]+\Z")


def read_action(fields: Fields) -> str:
    """The reference of an action.

    - `action` (reference of an action): the action or workflow, such as `acme.deploy`.
    """
    return fields.text(
        "action", pattern=_ACTION, expected="the reference of an action, such as acme.deploy"
    )


def read_access(fields: Fields) -> Tuple[str, str, str]:
    """Another StackStorm than this one: its address, an API key, a CA file.

    - `url` (address of an API; default this StackStorm): another StackStorm, such as
      `https://st2.example.com/api/v1`.
    - `api_key` (default the token of this execution): an API key, for another StackStorm or another
      user.
    """
    url = read_url(fields, default="", expected="the address of an API, such as https://st2/api/v1")
    key = fields.secret("api_key", "", expected="an API key of StackStorm")
    if url and not key:
        fields.problem(
            "url",
            "expected an api_key beside it; the token of this StackStorm means nothing to another",
        )
    return url, key, read_verify(fields)
