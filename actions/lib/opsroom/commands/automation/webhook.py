"""A deployment when a release is published: the webhook is checked, the rest is an ordinary
deployment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Dict, Mapping, Tuple

from ...config.model import App, Webhook
from ...errors import Code, Refusal
from ...names import check_version, either, shown
from ...records.idempotency import first_time_or_ours
from ...stackstorm.trigger_instances import payload_of
from ...text import one_line, span, when
from ...webhooks import releases
from ...webhooks.releases import Published
from ...webhooks.signature import (
    fingerprint,
    has_token,
    lower,
    payload,
    signed_by_github,
    signed_by_gitlab,
)
from .. import Context, Outcome
from ..announce import post_once
from ..deployments.commands import deploy

SERVICES = {"github": "GitHub", "gitlab": "GitLab"}
# A delivery that is older was sent again by someone. Those of so long are remembered by name
# (seen.KEPT is longer).
_MAX_AGE = timedelta(days=1)


def deploy_release(context: Context, service: str, instance: str) -> Outcome:
    """Deploy what a webhook reports as published, in the name of the rule's user; `instance` is the
    trigger instance that set off the rule.

    The rules for `deploy` apply. A database that is away is waited for. Raises
    Refusal(not_configured, not_signed, seen_already, unknown_app, invalid_name, ...), and what
    `deploy` raises; what is in the way is posted in the announce room.
    """
    webhook = _webhook(context, service)
    given = payload_of(instance)
    headers, body = _parts(given)
    context.patiently(lambda: _authentic(context, service, webhook, headers, body))
    read = releases.by_github if service == "github" else releases.by_gitlab
    release = read(headers, payload(headers, body))
    if release is None:
        text = (
            f"{SERVICES[service]} reported something other than a published release; nothing "
            "was done."
        )
        return Outcome(True, Code.NOTHING_NEW, text, {"service": service})
    unready = context.patiently(lambda: _unready(context, service, webhook, release))
    if unready:
        return Outcome(
            True, Code.NOTHING_NEW, unready, {"service": service, "version": release.tag}
        )
    first = context.patiently(lambda: _first_time(context, service, release, headers, body))
    app, environment = _place(context, webhook, service, release)
    what = f"{one_line(release.tag, 60)} of {app.name}, published on {SERVICES[service]},"
    try:
        outcome = deploy(context, app.name, check_version(release.tag), environment)
    except Refusal as refusal:
        text = f"{what} was not deployed to {environment}: {refusal.sentence()}"
        post_once(context, f"release:{first}", text)
        raise
    if outcome.code in (Code.WAITING, Code.CONFIRM):
        post_once(context, f"release:{first}", f"{what} waits. {outcome.message}")
    return outcome


def _webhook(context: Context, service: str) -> Webhook:
    webhook = context.settings.webhooks.get(service)
    if service not in SERVICES or webhook is None:
        raise Refusal(
            Code.NOT_CONFIGURED,
            f"The config has no webhook of {SERVICES.get(service, shown(service))}.",
            f"An administrator can add webhooks.{either(SERVICES)} to opsroom.yaml.",
        )
    return webhook


def _parts(given: Mapping[str, Any]) -> Tuple[Dict[str, str], Any]:
    headers = given.get("headers")
    return lower(headers) if isinstance(headers, Mapping) else {}, given.get("body")


def _authentic(
    context: Context, service: str, webhook: Webhook, headers: Mapping[str, str], body: Any
) -> None:
    """Raises Refusal(not_signed) unless everything that is configured fits; nothing configured fits
    nothing."""
    checks = []
    if service == "github":
        checks.append(signed_by_github(webhook.secret, headers, body))
    else:
        with context.store.read() as connection:
            now = context.store.now(connection).timestamp()
        if webhook.token:
            checks.append(has_token(webhook.token, headers))
        if webhook.signing_token:
            checks.append(signed_by_gitlab(webhook.signing_token, headers, body, now))
    # A reference to the datastore that nobody has put a secret in place of is known to everyone.
    unfilled = any("{{" in one for one in (webhook.secret, webhook.token, webhook.signing_token))
    if unfilled or not checks or not all(checks):
        raise Refusal(
            Code.NOT_SIGNED,
            f"This does not come from {SERVICES[service]}, or was changed on the way: its "
            "signature does not fit.",
            f"Should it be genuine: the secret under webhooks.{service} and that of the webhook "
            "have to be the same.",
        )


def _unready(context: Context, service: str, webhook: Webhook, release: Published) -> str:
    """Why a release is not meant to be deployed yet; empty where it is, or the config says that it
    may be.

    Nothing is noted: once the config allows it, the delivery can be sent again.
    """
    with context.store.read() as connection:
        now = context.store.now(connection)
    if webhook.unready or not (release.prerelease or release.is_upcoming(now)):
        return ""
    what, key = "a pre-release", "prereleases"
    if not release.prerelease and release.due is not None:
        what, key = f"dated {when(release.due, now)}", "upcoming"
    return (
        f"{one_line(release.repository, 60)} {one_line(release.tag, 60)} is {what}; nothing was "
        "done. "
        f"To deploy such releases too: webhooks.{service}.{key}."
    )


def _first_time(
    context: Context, service: str, release: Published, headers: Mapping[str, str], body: Any
) -> str:
    """The fingerprint of the delivery. Raises Refusal(seen_already) for one that came before or is
    too old."""
    store, marks = context.store, fingerprint(headers, body)
    with store.write() as connection:
        now = store.now(connection)
        # No short cut: all of them are noted.
        fresh = [
            first_time_or_ours(store, connection, f"delivery:{service}", mark, context.execution_id)
            for mark in marks
        ]
    if not all(fresh):
        raise Refusal(
            Code.SEEN_ALREADY,
            f"{SERVICES[service]} reported {one_line(release.repository, 60)} "
            f"{one_line(release.tag, 60)} before; "
            "nothing was done.",
            "To deploy it again, ask for it in chat.",
        )
    if release.at is None or now - release.at > _MAX_AGE:
        age = span((now - release.at).total_seconds()) if release.at else "an unknown time"
        raise Refusal(
            Code.SEEN_ALREADY,
            f"{one_line(release.repository, 60)} {one_line(release.tag, 60)} was published {age} "
            "ago; what is older "
            f"than {span(_MAX_AGE.total_seconds())} is not deployed automatically.",
            "To deploy it, ask for it in chat.",
        )
    return marks[-1]


def _place(context: Context, webhook: Webhook, service: str, release: Published) -> Tuple[App, str]:
    """Which application it is, and the environment for it."""
    wanted = release.repository.casefold()
    name = next(
        (app for repository, app in webhook.apps.items() if repository.casefold() == wanted), ""
    )
    if not name:
        key = "repositories" if service == "github" else "projects"
        raise Refusal(
            Code.UNKNOWN_APP,
            f"The config does not say which application {shown(release.repository, 60)} is.",
            f"An administrator can add it under webhooks.{service}.{key}.",
        )
    app = context.settings.apps[name]
    places = context.settings.environments_of(app)
    if not webhook.environment and not places:
        raise Refusal(Code.NOT_IN_ENVIRONMENT, f"{app.name} has no environments.")
    return app, webhook.environment or places[0]
