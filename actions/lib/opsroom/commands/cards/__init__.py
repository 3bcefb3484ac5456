"""From a card or project that someone typed to the tracker that it belongs to. Where two fit, the
person is asked; never a guess."""

from __future__ import annotations

from typing import NamedTuple, Tuple

from ... import trackers
from ...config.model import Settings
from ...config.trackers import Place
from ...config.trackers import cards as read_cards
from ...config.trackers import projects as read_projects
from ...deadline import TIME_LIMIT
from ...errors import Code, Refusal
from ...http.options import LOOK_FOR, MAX_LOOK_FOR
from ...names import either, listed, pick, shown
from ...trackers import Tracker
from .. import Context
from ..external_action import Limits


class Found(NamedTuple):
    """A tracker by its name in the config, ready to be asked, and the id of the card or project as
    it spells it."""

    name: str
    tracker: Tracker
    id: str


def tracker_named(context: Context, name: str) -> Tracker:
    """The tracker of that name, case aside. Asks nobody. Raises Refusal(unknown_tracker,
    no_tracker)."""
    settings = context.settings
    _some(settings)
    known = pick(name, settings.trackers, Code.UNKNOWN_TRACKER, "tracker")
    kind = settings.trackers[known]
    return trackers.REGISTRY.make(
        kind.kind, kind.options, name=known, store=lambda: context.store, keep=context.keep
    )


def limits_of(context: Context, name: str, most: float = MAX_LOOK_FOR) -> Limits:
    """How long a command may take at a tracker, and how long a lost answer is looked for: the
    config's `time_limit` and `look_for`, the latter at most `most` seconds."""
    options = context.settings.trackers[name].options
    look_for = min(getattr(options, "look_for", LOOK_FOR), most)
    return Limits(getattr(options, "time_limit", TIME_LIMIT), look_for)


def tracker_of_card(context: Context, text: str) -> Found:
    """The tracker that a card belongs to: `OPS-12`, `jira:OPS-12`, `acme/web#17`, an address. Asks
    nobody.

    Raises Refusal(unknown_card, which_tracker, no_tracker).
    """
    settings = context.settings
    _some(settings)
    places = read_cards(settings.trackers, text)
    if not places:
        raise Refusal(
            Code.UNKNOWN_CARD,
            f"{shown(text, 60)} is not a card of {_every(settings)}.",
            "Say it as the tracker shows it, or with the tracker's name: "
            f"{next(iter(settings.trackers))}:CARD",
        )
    return _only(context, text, places, "a card")


def tracker_of_project(context: Context, text: str = "", app: str = "") -> Found:
    """The tracker that a project belongs to, and the project (empty: the tracker's own). Asks
    nobody.

    `text` is `TRACKER:PROJECT`, a tracker, an application or a project. Without it, it is where the
    cards of `app` live; without that, the only tracker. Raises Refusal(unknown_project,
    which_tracker, no_tracker).
    """
    settings = context.settings
    _some(settings)
    wanted = text.strip() or (settings.apps[app].cards if app in settings.apps else "")
    if not wanted:
        if len(settings.trackers) > 1:
            raise Refusal(
                Code.WHICH_TRACKER,
                f"There is more than one tracker: {listed(settings.trackers)}.",
                f"Say where, for example: create card in {next(iter(settings.trackers))}: TEXT",
                {"trackers": list(settings.trackers)},
            )
        only = next(iter(settings.trackers))
        return Found(only, tracker_named(context, only), "")
    places = read_projects(settings.trackers, settings.apps, wanted)
    if not places:
        with_cards = [one.name for one in settings.apps.values() if one.cards]
        known = either([*settings.trackers, *with_cards])
        raise Refusal(
            Code.UNKNOWN_PROJECT,
            f"{shown(wanted, 60)} is not a project of {_every(settings)}.",
            f"Say {known}, or TRACKER:PROJECT.",
        )
    return _only(context, wanted, places, "a project")


def _some(settings: Settings) -> None:
    if not settings.trackers:
        raise Refusal(
            Code.NO_TRACKER,
            "No tracker is configured, so there are no cards.",
            "An administrator can add one to opsroom.yaml. One of opsroom's own takes one line "
            "under trackers: "
            "board: {kind: local}",
        )


def _only(context: Context, text: str, places: Tuple[Place, ...], what: str) -> Found:
    if len(places) > 1:
        ways = [one.explicit for one in places]
        raise Refusal(
            Code.WHICH_TRACKER,
            f"{shown(text, 60)} may be {what} of {listed(one.tracker for one in places)}.",
            f"Say which: {either(ways)}",
            {"trackers": [one.tracker for one in places], "ways": ways},
        )
    return Found(places[0].tracker, tracker_named(context, places[0].tracker), places[0].id)


def _every(settings: Settings) -> str:
    names = list(settings.trackers)
    return names[0] if len(names) == 1 else f"any tracker ({listed(names)})"
