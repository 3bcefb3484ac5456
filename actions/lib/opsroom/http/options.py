"""The keys of the config that everything reached over HTTP has: `url`, `time_limit`, `verify`."""

from __future__ import annotations

from typing import Union

from ..config.fields import REQUIRED, Fields, Missing
from ..structs.patterns import lazy_pattern

TIME_LIMIT = 10.0
MAX_TIME_LIMIT = 60.0
# What looking for a lost answer may add to that, in seconds. A server that is still working needs
# ten to finish; a look that counts comes after that.
LOOK_FOR = 15.0
MAX_LOOK_FOR = 60.0

_ADDRESS = lazy_pattern(r"^(?i:https?)://[^\s/?#]+[^\s?#]*(?![\s\S])")
_FULL_PATH = lazy_pattern(r"^/")


def read_url(
    fields: Fields,
    name: str = "url",
    default: Union[str, Missing] = REQUIRED,
    expected: str = "an http or https address",
) -> str:
    """The address of an interface, without a slash at its end, and without a user and a password in
    it: another key says who asks."""
    url = fields.text(name, default, pattern=_ADDRESS, expected=expected)
    if "@" in url:
        # What was found is not shown: a password is there.
        fields.problem(name, "expected an address without a user and a password in it")
        return ""
    return url.rstrip("/")


def read_time_limit(
    fields: Fields, default: float = TIME_LIMIT, maximum: float = MAX_TIME_LIMIT
) -> float:
    """Seconds for all requests of one command."""
    return fields.seconds("time_limit", default, minimum=0.1, maximum=maximum)


def read_look_for(fields: Fields) -> float:
    """Seconds that looking for a lost answer may take.

    - `look_for`: how long a lost answer is looked for, on top of `time_limit`; `0s` turns it off.
    """
    return fields.seconds("look_for", LOOK_FOR, maximum=MAX_LOOK_FOR)


def read_verify(fields: Fields) -> str:
    """The path of a CA file, empty without one. Certificates are always checked.

    - `verify` (full path of a CA file; default the machine's CAs): the CA that signed the server's
      certificate, where it is a private one, such as `/etc/ssl/house.pem`; checking cannot be
      turned off.
    """
    return fields.text(
        "verify",
        "",
        pattern=_FULL_PATH,
        expected="the full path of a CA file (checking cannot be turned off)",
    )
