"""From typed names to an application, an environment, and the deployer and version source for both.
Never a guess."""

from __future__ import annotations

from functools import cached_property
from typing import Optional

from .. import deploys, versions
from ..config.model import App, AppSet, Environment, Kind, Settings
from ..deploys import Deployer, Target
from ..errors import Code, Refusal
from ..names import check_identifier, comparable, either, listed, nearest, pick
from ..structs import dataclass
from ..versions import VersionSource


def find_app(settings: Settings, name: str) -> App:
    """The application of that name. Raises Refusal(unknown_app) with the nearest names, also of
    sets, or with those of the set that has the name."""
    wanted = check_identifier(name, "an application")
    found = find_set(settings, wanted)
    if found is not None:
        raise Refusal(
            Code.UNKNOWN_APP,
            f"{found.name} is no application but the set of {listed(found.apps)}. A set can be "
            "deployed, redeployed and rolled back.",
            "Name one of its applications.",
        )
    try:
        return settings.apps[pick(wanted, settings.apps, Code.UNKNOWN_APP, "application")]
    except Refusal as refusal:
        sets = nearest(wanted, settings.sets)
        if not sets:
            raise
        near = [*refusal.facts["nearest"], *sets]
        named = either([*refusal.facts["nearest"], *(f"the set {one}" for one in sets)])
        hint, facts = f"Did you mean {named}?", {"nearest": near}
        raise Refusal(refusal.code, refusal.message, hint, facts) from None


def find_set(settings: Settings, name: str) -> Optional[AppSet]:
    """The set of that name; None where the config has none."""
    wanted = comparable(name)
    return next((one for one in settings.sets.values() if comparable(one.name) == wanted), None)


def find_environment(settings: Settings, name: str) -> Environment:
    """The environment of that name. Raises Refusal(unknown_environment) with the nearest names."""
    wanted = check_identifier(name, "an environment")
    return settings.environments[
        pick(wanted, settings.environments, Code.UNKNOWN_ENVIRONMENT, "environment")
    ]


def find_target(settings: Settings, app_name: str, environment_name: str) -> DeploymentTarget:
    """An application on one of its environments.

    Raises Refusal(unknown_app, unknown_environment, not_in_environment).
    """
    app, environment = find_app(settings, app_name), find_environment(settings, environment_name)
    configured = settings.environments_of(app)
    if environment.name not in configured:
        raise Refusal(
            Code.NOT_IN_ENVIRONMENT,
            f"{app.name} is not configured for {environment.name}.",
            f"It is configured for {listed(configured)}."
            if configured
            else "It has no environments.",
        )
    return DeploymentTarget(app, environment.for_app(app.name))


@dataclass(frozen=True)
class DeploymentTarget:
    """An application on an environment, with the means to deploy it and to read its version.

    Built once a request and passed on: what deploys and what reads the version are made when they
    are first needed, and then kept. `environment` has the rules for this application.
    """

    app: App
    environment: Environment

    def __str__(self) -> str:
        return f"{self.app.name} on {self.environment.name}"

    @cached_property
    def deployer(self) -> Deployer:
        """How it is deployed. Raises Refusal(cannot_deploy) when the config does not say."""
        kind = self._configured("deploy", Code.CANNOT_DEPLOY, f"how {self.app.name} is deployed")
        return deploys.REGISTRY.make(kind.kind, kind.options, target=self._names)

    @cached_property
    def version_source(self) -> VersionSource:
        """How its version is read. Raises Refusal(cannot_tell_version) when the config does not
        say."""
        what = f"how to read the version of {self.app.name}"
        kind = self._configured("version", Code.CANNOT_TELL_VERSION, what)
        return versions.REGISTRY.make(kind.kind, kind.options, target=self._names)

    def _configured(self, key: str, code: Code, what: str) -> Kind:
        kind: Optional[Kind] = getattr(self.app, key)
        if kind is None:
            raise Refusal(
                code,
                f"The config does not say {what}.",
                f"An administrator can add apps.{self.app.name}.{key} to opsroom.yaml.",
            )
        return kind

    @property
    def _names(self) -> Target:
        return Target(self.app.name, self.environment.name)
