"""Which tracker a card or a project belongs to, by the config alone: how each tracker reads the
text that someone typed. Pure."""

from __future__ import annotations

from typing import Any, List, Mapping, Tuple

from ..names import bare, comparable, unquoted
from ..structs import dataclass
from .model import App, Kind


@dataclass(frozen=True)
class Place:
    """A card or project of one tracker, its id as that tracker spells it. An empty id is the
    tracker's own project."""

    tracker: str
    id: str

    @property
    def explicit(self) -> str:
        """As it can be typed so that it means this one and no other: `jira:OPS-12`, `jira`."""
        return f"{self.tracker}:{self.id}" if self.id else self.tracker


def cards(trackers: Mapping[str, Kind], text: str) -> Tuple[Place, ...]:
    """The trackers that may mean a card by that text: one, several that are as sure as each other,
    or none.

    `TRACKER:ID` is that tracker's alone.
    """
    return _places(trackers, text, "reads_card")


def projects(trackers: Mapping[str, Kind], apps: Mapping[str, App], text: str) -> Tuple[Place, ...]:
    """The projects that may be meant: `TRACKER:PROJECT`, a tracker (its own project), an
    application (where its cards live), or a project as the trackers know theirs."""
    wanted = bare(text)
    named = _named(trackers, wanted)
    if named:
        return (Place(named, ""),)
    app = _named(apps, wanted)
    if app and apps[app].cards and ":" not in wanted:
        # Once only: where an application's cards live is no name of an application.
        return projects(trackers, {}, apps[app].cards)
    return _places(trackers, wanted, "reads_project")


def typed(trackers: Mapping[str, Kind], place: Place) -> str:
    """A card as it can be typed and read again: its id, with the tracker's name before it where the
    id alone would mean another one, or one of several."""
    return place.id if cards(trackers, place.id) == (place,) else place.explicit


def _places(trackers: Mapping[str, Kind], text: str, reader: str) -> Tuple[Place, ...]:
    # With its marks first: `#12` is how some trackers call a card, and `@` and `#` stand before a
    # name of another.
    each = (
        _spelt(trackers, wanted, reader) for wanted in dict.fromkeys((unquoted(text), bare(text)))
    )
    return next((places for places in each if places), ())


def _spelt(trackers: Mapping[str, Kind], wanted: str, reader: str) -> Tuple[Place, ...]:
    prefix, colon, rest = wanted.partition(":")
    named = _named(trackers, prefix) if colon else ""
    if named:
        for one in (rest.strip(), bare(rest)):
            reading = getattr(trackers[named].options, reader)(one)
            if reading.id:
                return (Place(named, reading.id),)
        return ()
    sure: List[Place] = []
    likely: List[Place] = []
    for name, kind in trackers.items():
        reading = getattr(kind.options, reader)(wanted)
        if reading.id:
            (sure if reading.sure else likely).append(Place(name, reading.id))
    return tuple(sure or likely)


def _named(known: Mapping[str, Any], name: str) -> str:
    """The known name that this is, case aside; empty when there is none. The config has no two that
    differ in case."""
    return next((one for one in known if comparable(one) == comparable(name)), "")
