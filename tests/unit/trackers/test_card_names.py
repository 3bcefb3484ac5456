"""Whose a card or a project is, by what someone typed and by no request."""

from __future__ import annotations

from typing import Any, Mapping

import pytest

from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.trackers import REGISTRY, Reading
from support.cards.kinds import tracker_at

# The keys that matter here, besides those of `tracker_at`.
MORE: Mapping[str, Mapping[str, Any]] = {
    "trello": {"url": "https://api.trello.com/1", "board": "BoArD123"},
    "github": {"url": "https://api.github.com", "repositories": ["acme/api", "a/twin", "b/twin"]},
    "basecamp cards": {"url": "https://3.basecampapi.com"},
    "basecamp to-dos": {"url": "https://3.basecampapi.com"},
    "local": {"project": "CARD", "projects": ["Ops", "a-1"]},
}


def options_of(name: str, **more: Any) -> Any:
    config = {**tracker_at(name, ""), **MORE[name], **more}
    kind, problems = config.pop("kind"), Problems()
    options = REGISTRY.read_options(kind, Fields(config, "trackers.desk", problems))
    assert problems.lines == []
    return options


@pytest.mark.parametrize(
    ("name", "typed", "id", "sure"),
    [
        ("trello", "https://trello.com/c/AbCd1234/12-the-name", "AbCd1234", True),
        ("trello", " https://trello.com/c/AbCd1234#comment-5abb ", "AbCd1234", True),
        ("trello", "https://trello.com/c/AbCd1234", "AbCd1234", True),
        ("trello", "AbCd1234", "AbCd1234", False),
        ("trello", "5abbe4b7ddc1b351ef96aaaa", "5abbe4b7ddc1b351ef96aaaa", False),
        ("trello", "https://trello.com/b/BoArD123/x", "", False),
        ("trello", "https://trello.com.example.com/c/AbCd1234", "", False),
        ("trello", "https://example.com/https://trello.com/c/AbCd1234", "", False),
        ("trello", "https://trello.com/c/AbCd1234/x y", "", False),
        ("trello", "AbCd123", "", False),
        ("trello", "AbCd1234/..", "", False),
        ("trello", "AbCd1234\n", "AbCd1234", False),
        ("trello", "OPS-12", "", False),
        ("trello", "", "", False),
        ("github", "acme/web#17", "acme/web#17", True),
        ("github", " ACME/Web#017 ", "", False),
        ("github", "ACME/Web#17", "acme/web#17", True),
        ("github", "acme/api#3", "acme/api#3", True),
        ("github", "other/thing.js#3", "other/thing.js#3", False),
        ("github", "https://github.com/acme/web/issues/17", "acme/web#17", True),
        ("github", "http://www.GitHub.com/Acme/Web/issues/17#issuecomment-1", "acme/web#17", True),
        ("github", "https://github.com/acme/web/pull/18/files?w=1", "acme/web#18", True),
        ("github", "https://github.com/other/x/issues/1", "other/x#1", True),
        ("github", "https://github.com/acme/web/issues", "", False),
        ("github", "https://github.com/acme/web/issues/0", "", False),
        ("github", "https://github.com/../web/issues/1", "", False),
        ("github", "https://github.com.evil.example/acme/web/issues/17", "", False),
        ("github", "https://evil.example/https://github.com/acme/web/issues/17", "", False),
        ("github", "api#3", "acme/api#3", False),
        ("github", "nothing#3", "", False),
        ("github", "#17", "acme/web#17", False),
        ("github", "17", "acme/web#17", False),
        ("github", "#0", "", False),
        ("github", "OPS-12", "", False),
        ("github", "acme/web", "", False),
        ("github", "acme/../web#1", "", False),
        ("github", "acme/..#1", "", False),
        ("github", "acme/web#17\nx", "", False),
        ("github", "65f0a1b2c3d4e5f60718293a", "", False),
        ("github", "", "", False),
        ("basecamp cards",
         "https://3.basecamp.com/195539477/buckets/2085958504/card_tables/cards/77", "card/77",
         True),
        ("basecamp cards",
         " https://3.basecamp.com/195539477/buckets/2085958504/card_tables/cards/77#__recording_5 ",
         "card/77", True),
        ("basecamp cards", "https://3.basecamp.com/195539477/buckets/2085958504/todos/88?x=1",
         "todo/88", True),
        ("basecamp cards", "https://3.basecamp.com/195539477/buckets/1/todos/88", "todo/88", False),
        ("basecamp cards", "https://3.basecamp.com/1/buckets/2085958504/todos/88", "", False),
        ("basecamp cards",
         "https://3.basecamp.com.example.com/195539477/buckets/2085958504/todos/88", "", False),
        ("basecamp cards", "https://3.basecamp.com/195539477/buckets/2085958504/messages/88", "",
         False),
        ("basecamp cards", "https://3.basecamp.com/195539477/buckets/2085958504/todos/88/x", "",
         False),
        ("basecamp cards", "77", "card/77", False),
        ("basecamp cards", "card/77", "card/77", False),
        ("basecamp cards", "Todo/88", "todo/88", False),
        ("basecamp cards", "card/77/..", "", False),
        ("basecamp cards", "card/", "", False),
        ("basecamp cards", "OPS-12", "", False),
        ("basecamp cards", "٣", "", False),
        ("basecamp cards", "", "", False),
        ("local", "CARD-12", "CARD-12", True),
        ("local", " card-12 ", "CARD-12", True),
        ("local", "ops-007", "Ops-7", True),
        ("local", "a-1-2", "a-1-2", True),
        ("local", "OTHER-1", "", False),
        ("local", "CARD-0", "", False),
        ("local", "CARD-1234567890", "", False),
        ("local", "CARD", "", False),
        ("local", "12", "", False),
        ("local", "#12", "", False),
        ("local", "acme/web#17", "", False),
        ("local", "CARD-12\nx", "", False),
        ("local", "", "", False),
        ("basecamp to-dos", "88", "todo/88", False),
    ],
)  # fmt: skip
def test_what_may_be_a_card(name: str, typed: str, id: str, sure: bool) -> None:
    assert options_of(name).reads_card(typed) == Reading(id, sure)


@pytest.mark.parametrize(
    ("name", "typed", "id", "sure"),
    [
        ("trello", "BoArD123", "BoArD123", True),
        ("trello", "https://trello.com/b/BoArD123/operations", "BoArD123", True),
        ("trello", "board123", "", False),
        ("trello", "https://trello.com/b/OtherOne", "", False),
        ("trello", "https://trello.com/c/BoArD123", "", False),
        ("trello", "", "", False),
        ("github", "acme/web", "acme/web", True),
        ("github", "ACME/api", "acme/api", True),
        ("github", "other/x", "other/x", False),
        ("github", "Web", "acme/web", False),
        ("github", "x", "", False),
        ("github", "twin", "", False),
        ("github", "", "", False),
        ("github", "a/b/c", "", False),
        ("basecamp cards", "2085958504", "2085958504", True),
        ("basecamp cards", "https://3.basecamp.com/195539477/projects/2085958504", "2085958504",
         True),
        ("basecamp cards", "https://3.basecamp.com/195539477/buckets/2085958504/card_tables/5",
         "2085958504", True),
        ("basecamp cards", "https://3.basecamp.com/1/projects/2085958504", "", False),
        ("basecamp cards", "1", "", False),
        ("basecamp cards", "The Leto Laptop", "", False),
        ("basecamp cards", "", "", False),
        ("local", "card", "CARD", True),
        ("local", " OPS ", "Ops", True),
        ("local", "web", "", False),
        ("local", "", "", False),
    ],
)  # fmt: skip
def test_what_is_its_project(name: str, typed: str, id: str, sure: bool) -> None:
    assert options_of(name).reads_project(typed) == Reading(id, sure)


def test_addresses_are_those_of_the_configured_installation_of_github() -> None:
    options = options_of("github", url="https://github.acme.com/api/v3")
    ours = Reading("acme/web#1", True)
    assert options.reads_card("https://github.acme.com/acme/web/issues/1") == ours
    assert options.reads_card("https://github.com/acme/web/issues/1") == Reading()
