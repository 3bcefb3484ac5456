"""What there is to watch, going by the config."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Callable, List

from .. import pagers, trackers, versions
from ..config.model import Kind, Settings
from ..db import Store
from ..deploys import Target
from . import cards as card_sources
from . import pages as page_sources
from . import versions as version_sources
from .source import Watched

Sources = Callable[[Settings, Callable[[], Store], Path], List[Watched]]


def version_watch(settings: Settings, store: Callable[[], Store], keep: Path) -> List[Watched]:
    """Every application on every environment where it lives, as far as the config says how to
    ask."""
    found: List[Watched] = []
    for app in settings.apps.values():
        kind = app.version
        if kind is None or not settings.watching.versions or _needs_an_action(kind):
            continue
        for environment in settings.environments_of(app):
            make = partial(
                versions.REGISTRY.make,
                kind.kind,
                kind.options,
                target=Target(app.name, environment),
            )
            watching = settings.watching
            found.append(
                version_sources.WatchedVersion(
                    app.name, environment, kind, make, watching.versions, watching.misses
                )
            )
    return found


def card_watch(settings: Settings, store: Callable[[], Store], keep: Path) -> List[Watched]:
    """Every tracker; whether it can tell shows when it is asked."""
    if not settings.watching.cards:
        return []
    found: List[Watched] = []
    for name, kind in settings.trackers.items():
        make = partial(
            trackers.REGISTRY.make, kind.kind, kind.options, name=name, store=store, keep=keep
        )
        found.append(card_sources.WatchedCards(name, kind, make, settings.watching.cards))
    return found


def page_watch(settings: Settings, store: Callable[[], Store], keep: Path) -> List[Watched]:
    """Every pager; whether it can tell shows when it is asked."""
    if not settings.watching.pages:
        return []
    found: List[Watched] = []
    for name, kind in settings.pagers.items():
        make = partial(
            pagers.REGISTRY.make, kind.kind, kind.options, name=name, store=store, keep=keep
        )
        found.append(page_sources.WatchedPages(name, kind, make, settings.watching.pages))
    return found


def _needs_an_action(kind: Kind) -> bool:
    """Whether it asks by running an action of this StackStorm, which only an action has the right
    to."""
    return kind.kind == "stackstorm" and not kind.options.url
