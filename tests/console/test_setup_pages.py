"""The pages about trackers and pagers quote answers: each is one that opsroom gives, to the
messages beside it, and where credentials are wrong."""

from __future__ import annotations

import copy
import re
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Tuple

import pytest
import yaml

from console.opening import open_session
from support.cards import kinds as cards
from support.pages import kinds as pages
from support.worlds.world import World, make_world

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


class Page(NamedTuple):
    """A page, the played vendors that it is about, what the page calls this tracker or pager, and
    how what it shows differs from what is played."""

    path: str
    played: Tuple[str, ...]
    name: str
    as_shown: Sequence[Tuple[str, str]] = ()


_LOCAL = r"http://127\.0\.0\.1:\d+"
CARDS = (
    Page(
        "trackers/jira.md",
        ("jira cloud",),
        "jira",
        ((_LOCAL, "https://acme.atlassian.net"), (r"bot@acme\.example", "opsroom@example.com")),
    ),
    Page("trackers/trello.md", ("trello",), "trello", (("Card0001", "AbCd1234"),)),
    Page("trackers/basecamp.md", ("basecamp cards",), "basecamp"),
    Page("trackers/github.md", ("github",), "github"),
    Page("trackers/local.md", ("local",), "board"),
)
PAGERS = (
    Page("pagers/pagerduty.md", ("pagerduty", "pagerduty events"), "pagerduty"),
    Page("pagers/opsgenie.md", ("opsgenie",), "opsgenie"),
    Page("pagers/victorops.md", ("victorops", "victorops endpoint"), "victorops"),
    Page("pagers/email.md", ("email",), "mail"),
    Page("pagers/webhook.md", ("webhook",), "hook"),
    Page("pagers/local.md", ("local",), "log"),
)
# What every page is tried with beside the messages that it shows.
MORE = {
    "trackers": ("show card NOPE-999", "show card OPS-999", "opsroom doctor"),
    "pagers": ("page web: checkout takes no cards", "on call for web-team", "opsroom doctor"),
}
_CREDENTIALS = ("token", "api_key", "read_key")
# Numbers of seconds, and marks that are made at random.
_CHANGING = ((r"\b[\d.]+ s\b", "N s"), (r"\bops[0-9a-z]{13}\b", "ops-MARK"), (r"\s+", " "))
_WRONG = "wrong-0123456789-of-someone-else"


def messages(text: str) -> List[Tuple[str, str]]:
    """Who says what in the conversations of a page."""
    return re.findall(r"^(\w+)> (.*)$", text, re.MULTILINE)


def quoted(text: str) -> List[str]:
    """The sentences that a page quotes: in its conversations, and in the table of what goes
    wrong."""
    said = [one for who, one in messages(text) if who == "opsroom" and " part" not in one]
    table = text.partition("## When it goes wrong")[2].partition("\n## ")[0]
    return said + re.findall(r'"((?:[^"\n]){25,})"', table)


def steady(text: str, changes: Sequence[Tuple[str, str]] = ()) -> str:
    for pattern, put in (*changes, *_CHANGING):
        text = re.sub(pattern, put, text)
    return text.strip()


def answers(world: World, config: Dict[str, Any], said: Sequence[Tuple[str, str]]) -> List[str]:
    """What is answered to these messages in a new room with this config."""
    people = {**config["people"], "carol": {"chat": ["carol"]}}
    whole = {
        **world.config,
        **config,
        "people": people,
        "database": world.database,
        "groups": {},
        "environments": {"test": {}},
        "apps": {},
    }
    path = world.folder / "opsroom.yaml"
    path.write_text(yaml.safe_dump(whole))
    session = open_session(path, ROOT, speaker="alice", room="#dev")
    return [session.say(text, who, "#dev").message for who, text in said]


@pytest.mark.parametrize(
    ("section", "page"),
    [*(("trackers", one) for one in CARDS), *(("pagers", one) for one in PAGERS)],
    ids=lambda one: one.path if isinstance(one, Page) else one,
)
def test_a_page_quotes_what_is_answered(section: str, page: Page, tmp_path: Path) -> None:
    text = (DOCS / page.path).read_text("utf-8")
    said = [(who, one) for who, one in messages(text) if who != "opsroom"]
    said += [("alice", one) for one in MORE[section] if ("alice", one) not in said]
    case: Callable[[str], AbstractContextManager[Any]] = (
        cards.case if section == "trackers" else pages.case
    )
    given: List[str] = []
    for number, name in enumerate(page.played):
        with case(name) as it:
            config = _renamed(it.config(), section, page.name)
            for wrong in (False, True):
                world = make_world(tmp_path / f"{number}{wrong}")
                given += answers(world, _wrong(config, section) if wrong else config, said)
    shown = [steady(one, page.as_shown) for one in given]
    for one in quoted(text):
        assert any(steady(one) in answer for answer in shown), (one, shown)


def test_there_is_a_page_for_each_kind_and_each_is_tried() -> None:
    for section, tried in (("trackers", CARDS), ("pagers", PAGERS)):
        written = {path.relative_to(DOCS).as_posix() for path in (DOCS / section).glob("*.md")}
        assert written == {one.path for one in tried}


def _renamed(config: Dict[str, Any], section: str, name: str) -> Dict[str, Any]:
    """The config with the tracker or pager under the name that the page has for it."""
    config = copy.deepcopy(config)
    [(old, one)] = config[section].items()
    config[section] = {name: one}
    for team in config.get("teams", {}).values():
        team[name] = team.pop(old)
    return config


def _wrong(config: Dict[str, Any], section: str) -> Dict[str, Any]:
    config = copy.deepcopy(config)
    for one in config[section].values():
        one.update({key: _WRONG for key in _CREDENTIALS if key in one})
    return config
