"""Every tracker kind that is asked by HTTP, as the suites over all kinds call it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, Mapping, Tuple

from opsroom import trackers
from opsroom.people import Author
from opsroom.records.idempotency import new_mark
from opsroom.trackers import Assignee, Draft, Query, Remark, Tracker
from support.cards.kinds import Case, tracker_at
from support.contracts.vendor import answer
from support.options import make
from support.servers.http import Reply
from support.troubles.secrets import secrets_in
from support.vendors import github as gh
from support.vendors import jira as ji

# The services, each by one of VENDORS; the others differ from them in a format only.
SERVICES = ("jira cloud", "jira data center", "trello", "basecamp cards", "github")
# How each says that it does not accept what was sent, and why.
REFUSALS: Mapping[str, Callable[[str], Reply]] = {
    "jira cloud": lambda why: ji.problem(400, why),
    "jira data center": lambda why: ji.problem(400, why),
    "trello": lambda why: Reply(400, why),
    "basecamp cards": lambda why: answer({"error": why}, 422),
    "github": lambda why: gh.problem(422, "Validation Failed", [{"message": why}]),
}
ALICE = Author("alice", room="#ops", link="https://chatops.example.com/#/history/65f0")
# What a tracker is asked for, given the tracker and a card.
CALLS: Mapping[str, Callable[[Tracker, str], Any]] = {
    "create": lambda tracker, card: tracker.create(
        Draft("", "It is broken", "since noon", "ops0123456789abc", ALICE)
    ),
    "find_created": lambda tracker, card: tracker.find_created(
        Draft("", "It is broken", "", "ops0123456789abc", ALICE)
    ),
    "comment": lambda tracker, card: tracker.comment(
        Remark(card, "it is the cache", "ops0123456789abc", ALICE)
    ),
    "find_comment": lambda tracker, card: tracker.find_comment(
        Remark(card, "it is", "ops0123456789abc", ALICE)
    ),
    "show": lambda tracker, card: tracker.show(card),
    "move": lambda tracker, card: tracker.move(card, "Done"),
    "assign": lambda tracker, card: tracker.assign(card, Assignee("bob", "bob")),
    "unassign": lambda tracker, card: tracker.assign(card, Assignee("nobody")),
    "find": lambda tracker, card: tracker.find(Query(text="broken")),
}


# What each service has, given its side of a case: cards, comments.
COUNTS: Dict[str, Callable[[Any], Tuple[int, int]]] = {
    "jira cloud": lambda side: (len(side.issues), sum(map(len, side.comments.values()))),
    "trello": lambda side: (len(side.cards), len(side.actions)),
    "basecamp cards": lambda side: (len(side.cards), len(side.comments)),
    "basecamp to-dos": lambda side: (len(side.todos), len(side.comments)),
    "github": lambda side: (len(side.issues["acme/web"]), sum(map(len, side.comments.values()))),
}
COUNTS["jira cloud 2"] = COUNTS["jira data center"] = COUNTS["jira cloud"]


def draft(summary: str = "checkout is broken", **values: Any) -> Draft:
    """A card to be made, with a new mark."""
    known = {"project": "", "description": "since noon", "mark": new_mark(), "author": ALICE}
    return Draft(summary=summary, **{**known, **values})


def remark(card: str, text: str = "seen it too", **values: Any) -> Remark:
    """A comment to be made, with a new mark."""
    return Remark(card, text, **{"mark": new_mark(), "author": ALICE, **values})


def secrets_of(name: str) -> Tuple[str, ...]:
    """All that the config of one of VENDORS has in secret."""
    return secrets_in(tracker_at(name, ""))


def tracker_of(name: str, url: str, folder: Path, **more: Any) -> Tracker:
    """The tracker of one of VENDORS, whose vendor is at `url`."""
    return tracker_with({**tracker_at(name, url), **more}, folder)


def tracker_in(it: Case, folder: Path, **more: Any) -> Tracker:
    """The tracker of a case, with a card or two in its service."""
    if it.name == "github" or it.name.startswith("jira"):
        it.side.issue()
    return tracker_with({**it.tracker, **more}, folder)


def tracker_with(config: Mapping[str, Any], folder: Path, store: Any = None) -> Tracker:
    """The tracker `desk` of a config."""
    keys = {**config, "kind": ...}
    context = {"name": "desk", "store": lambda: store, "keep": folder}
    made: Tracker = make(trackers.REGISTRY, config["kind"], keys, "trackers.desk", **context)
    return made
