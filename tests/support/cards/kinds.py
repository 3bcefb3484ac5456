"""Every tracker kind with its vendor played on 127.0.0.1, and the one story about a card that all
of them must tell.

`with case("jira cloud") as it:` starts the vendor; `it.tracker` is the tracker's config.
`story(say, it)` talks about a card; `say(text, who)` hands a message over and returns what came of
it.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterator, Mapping, Optional, Tuple

from support.chat.conversation import Say, worked
from support.contracts.vendor import Vendor
from support.troubles.secrets import BASECAMP_TOKEN
from support.vendors import basecamp as bc
from support.vendors import github as gh
from support.vendors import jira as ji
from support.vendors import trello as tr

CASES = (
    "jira cloud", "jira cloud 2", "jira data center", "trello", "basecamp cards", "basecamp to-dos",
    "github", "local",
)  # fmt: skip

# A card that is there, or is not, as each kind is asked for it.
CARDS: Mapping[str, str] = {
    "jira cloud": "OPS-1", "jira cloud 2": "OPS-1", "jira data center": "OPS-1", "trello": tr.CARD,
    "basecamp cards": "card/77", "basecamp to-dos": "todo/88", "github": "acme/web#1",
    "local": "OPS-1",
}  # fmt: skip
# Those that are asked over a network.
VENDORS = tuple(name for name in CASES if name != "local")
# The actions about a card, with what they are given besides the card.
VERBS: Mapping[str, Dict[str, Any]] = {
    "create_card": {"text": "checkout is broken"},
    "comment_card": {"text": "it is the cache"},
    "move_card": {"column": "Done"},
    "assign_card": {"assignee": "bob"},
    "get_card": {},
    "find_cards": {"text": "checkout", "mine": False},
}


@dataclass
class Case:
    """One tracker. `me` is alice's name over there, `bob` one that someone may type; `columns` can
    be moved to."""

    name: str
    tracker: Dict[str, Any]
    me: str
    bob: str
    columns: Tuple[str, ...]
    vendor: Optional[Vendor] = None
    secrets: Tuple[str, ...] = ()
    people: Dict[str, Any] = field(default_factory=dict)
    # The vendor's side: what it remembers, and what can be done to it.
    side: Any = None

    def config(self) -> Dict[str, Any]:
        """What makes a config know this tracker, and alice in it."""
        kind = self.tracker["kind"]
        alice = {"chat": ["alice"], **({kind: self.me} if self.me else {})}
        return {
            "trackers": {"desk": self.tracker},
            "people": {"alice": alice, "bob": {"chat": ["bob"]}},
        }


@contextmanager
def case(name: str) -> Iterator[Case]:
    """One of CASES, running."""
    with ExitStack() as stack:
        if name == "local":
            yield Case(name, tracker_at(name, ""), "", "bob", ("Doing", "Done"))
        elif name == "github":
            github = gh.Github()
            vendor = stack.enter_context(github.vendor())
            tracker = tracker_at(name, vendor.url("").rstrip("/"))
            yield Case(
                name, tracker, "alice-gh", "bob-gh", ("closed",), vendor, (gh.TOKEN,), side=github
            )
        elif name == "trello":
            trello = stack.enter_context(tr.Trello())
            tracker = tracker_at(name, trello.url("").rstrip("/"))
            yield Case(
                name,
                tracker,
                "alice42",
                "Bob Brown",
                ("Doing", "Done"),
                trello,
                (tr.KEY, tr.TOKEN),
                side=trello,
            )
        elif name.startswith("basecamp"):
            yield _basecamp(name, stack.enter_context(bc.Basecamp()))
        else:
            flavour = {"jira cloud": "cloud3", "jira cloud 2": "cloud2", "jira data center": "dc"}[
                name
            ]
            jira = ji.Jira(flavour)
            vendor = stack.enter_context(jira.vendor())
            tracker = tracker_at(name, vendor.url("").rstrip("/"))
            me = "alice" if flavour == "dc" else ji.ALICE
            yield Case(
                name,
                tracker,
                me,
                "Bob Brown",
                ("In Progress", "Done"),
                vendor,
                (ji.TOKEN,),
                side=jira,
            )


def tracker_at(name: str, url: str) -> Dict[str, Any]:
    """The config of one of CASES whose vendor is at `url`, without a slash at its end."""
    if name == "local":
        return {"kind": "local", "project": "OPS"}
    if name == "github":
        return {"kind": "github", "token": gh.TOKEN, "repository": "acme/web", "url": url}
    if name == "trello":
        return {
            "kind": "trello", "key": tr.KEY, "token": tr.TOKEN, "board": tr.BOARD, "list": tr.TODO,
            "url": f"{url}/1",
        }  # fmt: skip
    if name.startswith("basecamp"):
        place = {"column": bc.TRIAGE} if name == "basecamp cards" else {"todolist": bc.LIST}
        return {
            "kind": "basecamp", "account": bc.ACCOUNT, "project": bc.PROJECT,
            "token": BASECAMP_TOKEN, "url": url, **place,
        }  # fmt: skip
    tracker = {"kind": "jira", "url": url, "token": ji.TOKEN, "project": "OPS"}
    flavours = {"jira cloud": "3", "jira cloud 2": "2"}
    return {**tracker, "user": ji.USER, "api": flavours[name]} if name in flavours else tracker


def _basecamp(name: str, vendor: bc.Basecamp) -> Case:
    """With OAuth: the token is fetched, and kept where opsroom keeps such things."""
    url = vendor.url("").rstrip("/")
    tracker = {key: one for key, one in tracker_at(name, url).items() if key != "token"}
    tracker.update(
        client_id=bc.CLIENT, client_secret=bc.SECRET, refresh_token=bc.REFRESH, launchpad=url
    )
    columns = ("In progress", "Done") if name == "basecamp cards" else ("done",)
    return Case(
        name,
        tracker,
        str(bc.ALICE),
        "Bob Brown",
        columns,
        vendor,
        (bc.SECRET, bc.REFRESH),
        side=vendor,
    )


@dataclass(frozen=True)
class Shut:
    """A way in which a card can be archived, or what it is on be closed.

    `do(side, card)` does it over there; `words` are what `show card` then says of it (empty: the
    card itself is as before). `everything`: no new card can be made.
    """

    do: Callable[[Any, str], Any]
    words: str = ""
    everything: bool = False
    # Whether it takes comments and moves anyway.
    open: bool = False


def _jira_card(side: Any, card: str) -> None:
    side.archived.add(card)


def _basecamp_card(status: str) -> Callable[[Any, str], None]:
    def do(side: Any, card: str) -> None:
        for one in (*side.cards, *side.todos):
            if str(one["id"]) == card.partition("/")[2]:
                one["status"] = status

    return do


def _basecamp_project(side: Any, card: str) -> None:
    side.status = "archived"
    _basecamp_card("archived")(side, card)


_JIRA = {
    "card": Shut(_jira_card, "archived"),
    "project": Shut(
        lambda side, card: side.archived.add("OPS"), "in an archived project", everything=True
    ),
}
_BASECAMP = {
    "card": Shut(_basecamp_card("archived"), "archived", open=True),
    "trash": Shut(_basecamp_card("trashed"), "in the trash", open=True),
    "project": Shut(_basecamp_project, "archived", everything=True),
}
SHUT: Mapping[str, Mapping[str, Shut]] = {
    "jira cloud": _JIRA,
    "jira cloud 2": _JIRA,
    "jira data center": _JIRA,
    "basecamp cards": _BASECAMP,
    "basecamp to-dos": _BASECAMP,
    "trello": {
        "card": Shut(lambda side, card: side.cards[-1].update(closed=True), "archived", open=True),
        "list": Shut(
            lambda side, card: side.archived.append(tr.TODO), "in an archived list", open=True
        ),
        "board": Shut(
            lambda side, card: setattr(side, "closed", True), "on a closed board", everything=True
        ),
        "full board": Shut(
            lambda side, card: setattr(side, "limit", "maxExceeded"), everything=True, open=True
        ),
    },
    "github": {
        "locked": Shut(
            lambda side, card: side.issues["acme/web"][0].update(locked=True), "locked", open=True
        ),
        "repository": Shut(
            lambda side, card: side.archived.append("acme/web"),
            "in an archived repository",
            everything=True,
        ),
    },
    # A board of opsroom's own has no archive: what is done stands in its last column.
    "local": {},
}


def story(say: Say, it: Case) -> None:
    """A card is made, made again in vain, commented on, shown, moved, assigned, found."""
    text = (
        "Checkout <b>is</b> *broken*\nsince noon:\n```\nif a[1] > 2:\n    "
        "fail()\n```\nhttps://example.com/?a=b&c=d yes"
    )
    made = worked(say(f"create card: {text}", "alice"), "card_created")
    card = made.facts["card"]
    assert card in made.message
    assert made.facts["fresh"] is True
    posts = len(it.vendor.sent("POST")) if it.vendor else 0
    again = worked(say(f"create card: {text}", "alice"), "card_there")
    assert (again.facts["card"], again.facts["fresh"]) == (card, False)
    assert not it.vendor or len(it.vendor.sent("POST")) == posts

    worked(say(f"comment on card {card}: it is the _cache_\nsays `x`", "bob"), "card_commented")
    shown = worked(say(f"show card {card}", "alice"), "card").facts
    assert shown["summary"] == "Checkout <b>is</b> *broken*"
    for line in ("since noon:", "    fail()", "https://example.com/?a=b&c=d"):
        assert line in shown["description"], shown["description"]
    # Whoever has no name over there is named in the text, and read back from it.
    comment = shown["comments"][-1]
    assert (comment["author"], comment["text"].split("\n")[0]) == ("bob", "it is the _cache_")
    assert bool(comment["via"]) is (it.name != "local")
    assert shown["reporter"] == ("Alice Adams" if it.name.startswith("jira") else "alice")
    assert shown["description"].startswith("since noon:")

    for column in it.columns:
        moved = worked(say(f"move card {card} to {column.upper()}", "alice"), "card_moved").facts
        assert moved["after"].casefold() == column.casefold()
    refused = say(f"move card {card} to Nirvana", "alice")
    assert not refused.ok
    assert refused.code in ("unknown_column", "not_possible"), refused

    mine = worked(say(f"assign card {card} to me", "alice"), "card_assigned")
    assert mine.facts["assignee"]
    worked(say(f"assign card {card} to {it.bob}", "alice"), "card_assigned")
    worked(say(f"assign card {card} to nobody", "alice"), "card_assigned")
    worked(say(f"assign card {card} to me", "alice"), "card_assigned")

    found = worked(say("cards about checkout", "bob"), "cards").facts
    assert card in [one["card"] for one in found["cards"]], found
    found = worked(say("my cards", "alice"), "cards").facts
    assert card in [one["card"] for one in found["cards"]], found
