"""What there is to watch according to the config."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Callable, Iterator, List, Mapping, Tuple

from .. import pagers, trackers, versions
from ..config.model import Kind, Settings
from ..db.store import Store
from ..deploys import Target
from ..registry import Made, Registry
from .integrations import WatchedCards, WatchedPages
from .source import Watched
from .versions import WatchedVersion

Sources = Callable[[Settings, Callable[[], Store], Path], List[Watched]]


def version_watch(settings: Settings, store: Callable[[], Store], keep: Path) -> List[Watched]:
    """Every application on each of its environments, where the config says how to ask for its
    version."""
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
                WatchedVersion(
                    app.name, environment, kind, make, watching.versions, watching.misses
                )
            )
    return found


def card_watch(settings: Settings, store: Callable[[], Store], keep: Path) -> List[Watched]:
    """Every tracker; whether it reports what is new shows when it is asked."""
    return [
        WatchedCards(name, kind, make, settings.watching.cards)
        for name, kind, make in _integrations(
            trackers.REGISTRY, settings.trackers if settings.watching.cards else {}, store, keep
        )
    ]


def page_watch(settings: Settings, store: Callable[[], Store], keep: Path) -> List[Watched]:
    """Every pager; whether it reports what is new shows when it is asked."""
    return [
        WatchedPages(name, kind, make, settings.watching.pages)
        for name, kind, make in _integrations(
            pagers.REGISTRY, settings.pagers if settings.watching.pages else {}, store, keep
        )
    ]


def _integrations(
    registry: Registry[Made], kinds: Mapping[str, Kind], store: Callable[[], Store], keep: Path
) -> Iterator[Tuple[str, Kind, Callable[[], Made]]]:
    """Each with its name and what builds it."""
    for name, kind in kinds.items():
        yield (
            name,
            kind,
            partial(registry.make, kind.kind, kind.options, name=name, store=store, keep=keep),
        )


def _needs_an_action(kind: Kind) -> bool:
    """Whether it asks by running an action of this StackStorm, which only an action has the right
    to."""
    return kind.kind == "stackstorm" and not kind.options.url
