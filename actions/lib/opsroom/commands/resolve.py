"""From names that somebody typed to the application, the environment and their providers. Never a
guess."""

from __future__ import annotations

from typing import Tuple

from .. import deploys, versions
from ..config.model import App, Environment, Settings
from ..deploys import Deployer, Target
from ..errors import Code, Refusal
from ..names import check_identifier, listed, pick
from ..versions import VersionSource


def find_app(settings: Settings, name: str) -> App:
    """The application of that name. Raises Refusal(unknown_app) with the nearest names."""
    known = pick(
        check_identifier(name, "an application"), settings.apps, Code.UNKNOWN_APP, "application"
    )
    return settings.apps[known]


def find_environment(settings: Settings, name: str) -> Environment:
    """The environment of that name. Raises Refusal(unknown_environment) with the nearest names."""
    wanted = check_identifier(name, "an environment")
    return settings.environments[
        pick(wanted, settings.environments, Code.UNKNOWN_ENVIRONMENT, "environment")
    ]


def find_place(settings: Settings, app_name: str, environment_name: str) -> Tuple[App, Environment]:
    """Both, and that the application lives there. Raises Refusal also with not_in_environment."""
    app, environment = find_app(settings, app_name), find_environment(settings, environment_name)
    places = settings.environments_of(app)
    if environment.name not in places:
        raise Refusal(
            Code.NOT_IN_ENVIRONMENT,
            f"{app.name} does not live on {environment.name}.",
            f"It lives on {listed(places)}." if places else "It lives on no environment.",
        )
    return app, environment.for_app(app.name)


def deployer_for(app: App, environment: Environment) -> Deployer:
    """How this application is deployed there. Raises Refusal(cannot_deploy) when the config does
    not say."""
    if app.deploy is None:
        raise Refusal(
            Code.CANNOT_DEPLOY,
            f"The config does not say how {app.name} is deployed.",
            f"An administrator can add apps.{app.name}.deploy to opsroom.yaml.",
        )
    target = Target(app.name, environment.name)
    return deploys.REGISTRY.make(app.deploy.kind, app.deploy.options, target=target)


def version_source_for(app: App, environment: Environment) -> VersionSource:
    """How to ask what runs there. Raises Refusal(cannot_tell_version) when the config does not
    say."""
    if app.version is None:
        raise Refusal(
            Code.CANNOT_TELL_VERSION,
            f"The config does not say how to ask {app.name} for its version.",
            f"An administrator can add apps.{app.name}.version to opsroom.yaml.",
        )
    target = Target(app.name, environment.name)
    return versions.REGISTRY.make(app.version.kind, app.version.options, target=target)
