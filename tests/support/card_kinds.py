"""Every tracker kind with its vendor played on 127.0.0.1, and the one story about a card that all of them must tell.

`with case("jira cloud") as it:` starts the vendor; `it.tracker` is the tracker's config. `story(say, it)` talks about a
card; `say(text, who)` hands a message over and returns what came of it.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterator, Optional

from support.vendor import Vendor
from support.vendors import basecamp as bc
from support.vendors import github as gh
from support.vendors import jira as ji
from support.vendors import trello as tr

CASES = (
    "jira cloud", "jira cloud 2", "jira data center", "trello", "basecamp cards", "basecamp to-dos", "github", "local",
)  # fmt: skip


@dataclass(frozen=True)
class Said:
    """What came of a message: did it work, its code, what the room reads, the facts."""

    ok: bool
    code: str
    message: str
    facts: Dict[str, Any]


Say = Callable[[str, str], Said]


@dataclass
class Case:
    """One tracker. `me` is alice's name over there, `bob` one that somebody may type; `columns` can be moved to."""

    name: str
    tracker: Dict[str, Any]
    me: str
    bob: str
    columns: tuple[str, ...]
    vendor: Optional[Vendor] = None
    secrets: tuple[str, ...] = ()
    people: Dict[str, Any] = field(default_factory=dict)

    def config(self) -> Dict[str, Any]:
        """What makes a config know this tracker, and alice in it."""
        kind = self.tracker["kind"]
        alice = {"chat": ["alice"], **({kind: self.me} if self.me else {})}
        return {"trackers": {"desk": self.tracker}, "people": {"alice": alice, "bob": {"chat": ["bob"]}}}


@contextmanager
def case(name: str) -> Iterator[Case]:
    """One of CASES, running."""
    with ExitStack() as stack:
        if name == "local":
            yield Case(name, {"kind": "local", "project": "OPS"}, "", "bob", ("Doing", "Done"))
        elif name == "github":
            vendor = stack.enter_context(gh.Github().vendor())
            tracker = {"kind": "github", "token": gh.TOKEN, "repository": "acme/web", "url": vendor.url("").rstrip("/")}
            yield Case(name, tracker, "alice-gh", "bob-gh", ("closed",), vendor, (gh.TOKEN,))
        elif name == "trello":
            trello = stack.enter_context(tr.Trello())
            tracker = {"kind": "trello", "key": tr.KEY, "token": tr.TOKEN, "board": tr.BOARD, "list": tr.TODO}
            tracker["url"] = trello.url("/1")
            yield Case(name, tracker, "alice42", "Bob Brown", ("Doing", "Done"), trello, (tr.KEY, tr.TOKEN))
        elif name.startswith("basecamp"):
            yield _basecamp(name, stack.enter_context(bc.Basecamp()))
        else:
            flavour = {"jira cloud": "cloud3", "jira cloud 2": "cloud2", "jira data center": "dc"}[name]
            vendor = stack.enter_context(ji.Jira(flavour).vendor())
            tracker = {"kind": "jira", "url": vendor.url("").rstrip("/"), "token": ji.TOKEN, "project": "OPS"}
            if flavour != "dc":
                tracker.update(user=ji.USER, api=flavour[-1])
            me = "alice" if flavour == "dc" else ji.ALICE
            yield Case(name, tracker, me, "Bob Brown", ("In Progress", "Done"), vendor, (ji.TOKEN,))


def _basecamp(name: str, vendor: bc.Basecamp) -> Case:
    """With OAuth: the token is fetched, and kept where opsroom keeps such things."""
    url = vendor.url("").rstrip("/")
    tracker: Dict[str, Any] = {
        "kind": "basecamp", "account": bc.ACCOUNT, "project": bc.PROJECT, "client_id": bc.CLIENT,
        "client_secret": bc.SECRET, "refresh_token": bc.REFRESH, "url": url, "launchpad": url,
    }  # fmt: skip
    tracker.update({"column": bc.TRIAGE} if name == "basecamp cards" else {"todolist": bc.LIST})
    columns = ("In progress", "Done") if name == "basecamp cards" else ("done",)
    return Case(name, tracker, str(bc.ALICE), "Bob Brown", columns, vendor, (bc.SECRET, bc.REFRESH))


def story(say: Say, it: Case) -> None:
    """A card is made, made again in vain, commented on, shown, moved, assigned, found."""
    text = (
        "Checkout <b>is</b> *broken*\nsince noon:\n```\nif a[1] > 2:\n    fail()\n```\nhttps://example.com/?a=b&c=d yes"
    )
    made = said(say(f"create card: {text}", "alice"), "card_created")
    card = made.facts["card"]
    assert card in made.message
    assert made.facts["fresh"] is True
    posts = len(it.vendor.sent("POST")) if it.vendor else 0
    again = said(say(f"create card: {text}", "alice"), "card_there")
    assert (again.facts["card"], again.facts["fresh"]) == (card, False)
    assert not it.vendor or len(it.vendor.sent("POST")) == posts

    said(say(f"comment on card {card}: it is the _cache_\nsays `x`", "bob"), "card_commented")
    shown = said(say(f"show card {card}", "alice"), "card").facts
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
        moved = said(say(f"move card {card} to {column.upper()}", "alice"), "card_moved").facts
        assert moved["after"].casefold() == column.casefold()
    refused = say(f"move card {card} to Nirvana", "alice")
    assert not refused.ok
    assert refused.code in ("unknown_column", "not_possible"), refused

    mine = said(say(f"assign card {card} to me", "alice"), "card_assigned")
    assert mine.facts["assignee"]
    said(say(f"assign card {card} to {it.bob}", "alice"), "card_assigned")
    said(say(f"assign card {card} to nobody", "alice"), "card_assigned")
    said(say(f"assign card {card} to me", "alice"), "card_assigned")

    found = said(say("cards about checkout", "bob"), "cards").facts
    assert card in [one["card"] for one in found["cards"]], found
    found = said(say("my cards", "alice"), "cards").facts
    assert card in [one["card"] for one in found["cards"]], found


def said(answer: Said, code: str) -> Said:
    """The answer, which worked and had that code."""
    assert (answer.ok, answer.code) == (True, code), answer
    assert len(answer.message) <= 400
    return answer
