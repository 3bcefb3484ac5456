"""Reading who may tell of published releases, and which application each repository is."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Dict, Mapping, Sequence

from .fields import Fields, is_reference
from .model import Webhook

_REPOSITORY = re.compile(r"^[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+(?![\s\S])")
# Shorter ones can be found by trying.
_SECRET = re.compile(r"^[^\r\n]{16,512}(?![\s\S])")
_SIGNING = "whsec_"


def read_webhooks(fields: Fields, apps: Sequence[str], environments: Sequence[str]) -> Dict[str, Webhook]:
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
        fields.problem("secret", "expected the secret of the webhook; without it, anybody could publish a release")
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
        fields.problem("token", "expected token, signing_token or both; without them, anybody could publish a release")
    known = not (fields.problems.references and is_reference(webhook.signing_token))
    if webhook.signing_token and known and not _is_signing(webhook.signing_token):
        fields.problem("signing_token", "expected a signing token as GitLab makes it, beginning with whsec_")
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
