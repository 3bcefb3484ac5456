"""What may appear anywhere in the config: nothing empty, and nothing that is still encrypted.

A key whose value was lost (`announce: #deploys`, a list with all entries commented out) must not be
taken for a key that was left out: most rules are open without one.
"""

from __future__ import annotations

# Not that of typing: isinstance takes ten times as long with it.
from collections.abc import Mapping
from typing import Any, Sequence, Tuple

from ..secrets import MIN_LENGTH, is_secret, public_words, secrets_of
from ..structs.patterns import lazy_pattern
from .problems import COMMENT, Problems

Path = Tuple[str, ...]

# Deeper than any config is; an alias of YAML can make a mapping a part of itself.
_DEPTH = 30
# As StackStorm encrypts what it keeps, in capital hex digits: five bytes of header, a vector of 16,
# blocks of 16, a signature of 20. The header is the digit 0 five times; Keyczar, which it used
# before, wrote a version and a hash.
_ENCRYPTED = lazy_pattern(
    r"(?<![0-9A-Za-z])(?:3030303030|00[0-9A-F]{8})[0-9A-F]{32}"
    r"(?:[0-9A-F]{32})+[0-9A-F]{40}(?![0-9A-Za-z])"
)
# What it takes in characters; few values of a config are so long.
_MIN_ENCRYPTED = 10 + 32 + 32 + 40

_RULES = ("deployers", "rooms", "lockers", "approvers", "emergency", "freezes")
# Where something empty has a meaning of its own. `*` stands for any name, `**` at the end for all
# that is below.
_MAY_BE_EMPTY: Tuple[Tuple[type, Sequence[str], str], ...] = (
    (
        dict,
        (
            *(
                "people",
                "groups",
                "environments",
                "apps",
                "trackers",
                "pagers",
                "teams",
                "progress",
            ),
            *("page_limit", "watching", "webhooks", "audit", "incidents", "sets", "board"),
            *("metrics", "ledger"),
            "relay_keys",
        ),
        "StackStorm puts an empty one where the config has none",
    ),
    (
        dict,
        (
            "people.*",
            "environments.*",
            "environments.*.apps",
            "environments.*.apps.*",
            "apps.*",
            "teams.*",
        ),
        "a name alone says something; each of its keys may be left out",
    ),
    (
        dict,
        tuple(
            f"{path}.{key}"
            for path in ("apps.*.deploy", "apps.*.version", "pagers.*")
            for key in ("headers", "environ", "secret_environ", "parameters", "inputs", "where")
        ),
        "none to send along is what leaving the key out means, too",
    ),
    (
        list,
        (
            *(f"environments.*.{key}" for key in _RULES),
            *(f"environments.*.apps.*.{key}" for key in _RULES),
        ),
        "nobody, nowhere or never: it closes, or lifts what the environment says",
    ),
    (list, ("board.environments",), "the board shows none"),
    (list, ("relays",), "no relay is trusted"),
    (list, ("people.*.st2",), "no StackStorm user, not even that of the same name"),
    (
        str,
        ("environments.*.after", "environments.*.apps.*.after"),
        "takes an application out of the order",
    ),
)
# JSON that is sent as it is, to receivers that may want something empty. The whole of it may
# not be.
_DATA = ("pagers.*.template.**",)
_DATA_WITHOUT_NULL = ("apps.*.deploy.parameters.**", "apps.*.version.parameters.**")
_NAMED = ("people.*", "environments.*", "environments.*.apps.*", "apps.*", "teams.*")


def check_values(raw: Mapping[str, Any], problems: Problems) -> None:
    """Complain of everything in a raw config that is there and empty, and of texts that are still
    encrypted.

    What its readers have complained of is not said again, so they come first.
    """
    for key, value in raw.items():
        _check(value, (str(key),), str(key), problems, 0)


def check_secrets(raw: Mapping[str, Any], problems: Problems) -> None:
    """Complain of secrets that are a part of a reason code, of a command or of a name of the
    config.

    To mask them would blot out what answers are made of. Headers are not meant: they hold much that
    is no secret, so that such a value is just not masked.
    """
    words = "\n".join(public_words(raw)).casefold()
    for path, secret in secrets_of(raw):
        if len(secret) >= MIN_LENGTH and secret.casefold() in words and "headers" not in path[:-1]:
            problems.add(
                ".".join(path),
                "expected a secret that is no part of a name of this config, a reason code or a "
                "command, since every "
                "place where it appears is masked in answers; what is there is not shown",
            )


def _check(value: Any, path: Path, shown: str, problems: Problems, depth: int) -> None:
    what = _emptiness(value, path)
    if what:
        problems.add_unless_known(shown, what)
    elif depth > _DEPTH:
        problems.add_unless_known(shown, f"expected no more than {_DEPTH} levels")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _check(item, (*path, str(key)), f"{shown}.{key}", problems, depth + 1)
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            _check(item, (*path, f"[{number}]"), f"{shown}[{number}]", problems, depth + 1)
    elif (
        isinstance(value, str)
        and len(value) >= _MIN_ENCRYPTED
        and _ENCRYPTED.search(value)
        and not is_secret(path)
    ):
        problems.add_unless_known(
            shown,
            "found a value that is still encrypted; StackStorm decrypts a value of its datastore "
            "only where its "
            "schema says secret (variables of a command: secret_environ)",
        )


def _emptiness(value: Any, path: Path) -> str:
    """What is to be said of a value that is empty and may not be; empty where it may, or is not."""
    if value is None:
        if _is_one_of(path, _DATA):
            return ""
        if _is_one_of(path, _NAMED):
            return f"found nothing; write {{}} for one without keys, or take it out {COMMENT}"
        if path[-1].startswith("["):
            return f"found nothing; give the entry a value or take it out {COMMENT}"
        return f"found nothing; give it a value or leave the key out {COMMENT}"
    if not isinstance(value, (Mapping, list, tuple, str)):
        return ""
    if value.strip() if isinstance(value, str) else value:
        return ""
    sort = str if isinstance(value, str) else dict if isinstance(value, Mapping) else list
    if _is_one_of(path, (*_DATA, *_DATA_WITHOUT_NULL)):
        return ""
    if any(sort is one and _is_one_of(path, places) for one, places, _ in _MAY_BE_EMPTY):
        return ""
    if sort is str:
        return "found an empty text; give it a value or leave the key out"
    return (
        f"found an empty {'list' if sort is list else 'mapping'}; put something in it or "
        "leave the key out"
    )


def _is_one_of(path: Path, places: Sequence[str]) -> bool:
    return any(_fits(place.split("."), path) for place in places)


def _fits(place: Sequence[str], path: Path) -> bool:
    if place[-1] == "**":
        return len(path) >= len(place) and _fits(place[:-1], path[: len(place) - 1])
    return len(place) == len(path) and all(part in ("*", name) for part, name in zip(place, path))
