"""Reading teams and webhooks: who is paged for what, their targets in each pager and the page
limits; who may report published releases, and which application each repository is."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Dict, Mapping, Protocol, Sequence, Tuple

from ..names import either
from ..structs.patterns import lazy_pattern
from .fields import Fields
from .model import Kind, PageLimit, Team, Webhook
from .problems import is_reference

_OWN_KEYS = ("page", "phone", "watch")


class TargetReader(Protocol):
    """What is needed of the registry of pagers."""

    def read(self, kind: str, function: str, *arguments: Any) -> Any:
        """What a function of a kind's module returns."""


def read_team(
    name: str, fields: Fields, pagers: Mapping[str, Kind], registry: TargetReader
) -> Team:
    """One entry under `teams`: its own keys, and for each pager whom to page there.

    - `page` (list of pagers; default those that are named below, in that order, else all): the
      pagers to try, in this order: the next one when one refuses, does not answer in time, or
      reaches nobody.
    - `phone`: whom to call when no pager works, such as "the doorman, +44 20 7946 0000"; shown in
      the room then.
    - `watch` (default that at the top): after how long the room reads that nobody has answered,
      such as 3m; 0s is never.
    """
    for key in _OWN_KEYS:
        if key in pagers:
            fields.problems.add(
                f"pagers.{key}", f"expected a name other than {either(_OWN_KEYS)}, keys of a team"
            )
    targets: Dict[str, Any] = {}
    for key in fields.names():
        if key in pagers:
            targets[key] = registry.read(pagers[key].kind, "read_target", fields, key)
        elif key not in _OWN_KEYS:
            fields.raw(key)
            known = either([*pagers, *_OWN_KEYS])
            fields.problem(key, f"there is no such pager; known here: {known}")
    watch = fields.seconds("watch", default=-1.0)
    return Team(
        name=name,
        page=_chain(fields, targets, pagers),
        targets=targets,
        phone=fields.text("phone", "", expected="whom to phone when no pager works"),
        watch=watch if watch >= 0 else None,
    )


def read_page_limit(fields: Fields) -> PageLimit:
    """The whole of `page_limit`."""
    inner = fields.inside("page_limit")
    limit = PageLimit(
        pages=inner.whole_number("pages", default=5, minimum=0, maximum=1000),
        within=inner.seconds("within", default=600.0, minimum=10.0),
    )
    inner.finish()
    return limit


def _chain(
    fields: Fields, targets: Mapping[str, Any], pagers: Mapping[str, Kind]
) -> Tuple[str, ...]:
    """The pagers to try. Without `page`: those that the team names a target for, as they are
    there."""
    if not fields.has("page"):
        fields.raw("page")
        return tuple(targets)
    chain = fields.texts("page", expected="a list of pagers")
    for one in chain:
        if one not in pagers:
            fields.problem(
                "page",
                f"expected pagers of the config ({either(pagers) or 'there is none'}), found "
                f"'{one}'",
            )
    return chain


_REPOSITORY = lazy_pattern(r"^[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+(?![\s\S])")
# Shorter ones can be found by trying.
_SECRET = lazy_pattern(r"^[^\r\n]{16,512}(?![\s\S])")
_SIGNING = "whsec_"


def read_webhooks(
    fields: Fields, apps: Sequence[str], environments: Sequence[str]
) -> Dict[str, Webhook]:
    """The whole of `webhooks`: `github` and `gitlab`, those that are there."""
    inner = fields.inside("webhooks")
    found: Dict[str, Webhook] = {}
    if inner.has("github"):
        found["github"] = _github(inner.inside("github"), apps, environments)
    if inner.has("gitlab"):
        found["gitlab"] = _gitlab(inner.inside("gitlab"), apps, environments)
    for name in ("github", "gitlab"):
        inner.raw(name)
    inner.finish()
    return found


def _github(fields: Fields, apps: Sequence[str], environments: Sequence[str]) -> Webhook:
    webhook = Webhook(
        secret=_secret(fields, "secret"),
        apps=_apps(fields, "repositories", apps),
        environment=_environment(fields, environments),
        unready=fields.flag("prereleases", False),
    )
    if not fields.has("secret"):
        fields.problem(
            "secret",
            "expected the secret of the webhook; without it, anyone could publish a release",
        )
    fields.finish()
    return webhook


def _gitlab(fields: Fields, apps: Sequence[str], environments: Sequence[str]) -> Webhook:
    webhook = Webhook(
        token=_secret(fields, "token"),
        signing_token=_secret(fields, "signing_token"),
        apps=_apps(fields, "projects", apps),
        environment=_environment(fields, environments),
        unready=fields.flag("upcoming", False),
    )
    if not fields.has("token") and not fields.has("signing_token"):
        fields.problem(
            "token",
            "expected token, signing_token or both; without them, anyone could publish a release",
        )
    known = not (fields.problems.references and is_reference(webhook.signing_token))
    if webhook.signing_token and known and not _is_signing(webhook.signing_token):
        fields.problem(
            "signing_token", "expected a signing token as GitLab makes it, beginning with whsec_"
        )
    fields.finish()
    return webhook


def _secret(fields: Fields, key: str) -> str:
    return fields.secret(key, "", pattern=_SECRET, expected="16 characters or more")


def _is_signing(text: str) -> bool:
    if not text.startswith(_SIGNING):
        return False
    try:
        return bool(base64.b64decode(text[len(_SIGNING) :], validate=True))
    except (binascii.Error, ValueError):
        return False


def _environment(fields: Fields, environments: Sequence[str]) -> str:
    return fields.text("environment", "", choices=list(environments))


def _apps(fields: Fields, key: str, apps: Sequence[str]) -> Mapping[str, str]:
    inner = fields.inside(key)
    found: Dict[str, str] = {}
    for name in inner.names():
        if not _REPOSITORY.match(name):
            inner.problem(name, "expected a repository as OWNER/NAME")
        found[name] = inner.text(name, choices=list(apps))
    return found
