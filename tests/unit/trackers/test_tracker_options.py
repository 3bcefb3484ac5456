"""The config of every tracker kind: what is complained of, by which key, and no secret shows."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import pytest

from opsroom.trackers import REGISTRY
from support.cards.kinds import CASES, VENDORS, tracker_at
from support.options import read_options
from support.troubles.secrets import SECRETS
from support.troubles.trackers import secrets_of
from support.vendors.basecamp import CLIENT, REFRESH, SECRET

OAUTH = {"token": None, "client_id": CLIENT, "client_secret": SECRET, "refresh_token": REFRESH}


def options_of(name: str, **more: Any) -> Tuple[Any, List[str]]:
    """The options of one of CASES with other keys, None to leave one out, and what is complained
    of."""
    config = {**tracker_at(name, "https://api.example.com"), **more}
    kind = config.pop("kind")
    known = {key: one for key, one in config.items() if one is not None}
    return read_options(REGISTRY, kind, known, "trackers.desk")


def check(name: str, more: Dict[str, Any], complaint: str) -> None:
    """That a config is complained of in one line, which shows no secret."""
    (line,) = options_of(name, **more)[1]
    assert line.startswith(f"trackers.desk.{complaint}"), line
    assert not [one for one in (*SECRETS, "s3cr3t") if one in line]


@pytest.mark.parametrize("name", VENDORS)
def test_the_keys_of_all_services_are_checked(name: str) -> None:
    assert options_of(name)[1] == []
    check(name, {"url": "ftp://x"}, "url: expected ")
    check(name, {"url": "https://x.example.com/1?key=x"}, "url: expected ")
    bare = "expected an address without a user and a password in it"
    check(name, {"url": "https://desk:s3cr3t@x.example.com/1"}, f"url: {bare}")
    check(name, {"verify": False}, "verify: expected the full path of a CA file (checking")
    check(name, {"verify": "ca.pem"}, "verify: expected the full path of a CA file")
    # An action is ended before two minutes are over.
    for limit in (0, 61, "2m"):
        check(name, {"time_limit": limit}, "time_limit: expected a length of time")


def test_an_address_of_launchpad_has_no_password_in_it() -> None:
    name = next(one for one in VENDORS if one.startswith("basecamp"))
    bare = "launchpad: expected an address without a user and a password in it"
    check(name, {**OAUTH, "launchpad": "https://desk:s3cr3t@x.example.com"}, bare)


@pytest.mark.parametrize("name", CASES)
def test_a_key_that_there_is_not_is_named(name: str) -> None:
    check(name, {"colum": "x"}, "colum: there is no such key")


@pytest.mark.parametrize("name", VENDORS)
def test_a_token_that_fits_into_no_header_is_named_and_not_shown(name: str) -> None:
    for token in ("s3cr3t\nX-Evil: 1", "s3cr3té"):
        check(name, {"token": token}, "token: expected ")


@pytest.mark.parametrize("name", VENDORS)
def test_no_secret_shows_in_the_options(name: str) -> None:
    shown = repr(options_of(name)[0])
    assert not [one for one in secrets_of(name) if one in shown]


def test_no_secret_of_basecamps_tokens_shows_in_the_options() -> None:
    shown = repr(options_of("basecamp cards", **OAUTH)[0])
    assert not [one for one in (SECRET, REFRESH, CLIENT) if one in shown]


@pytest.mark.parametrize(
    ("name", "more", "complaint"),
    [
        ("trello", {"key": None}, "key: expected an API key, found nothing"),
        ("trello", {"token": None}, "token: expected a token, found nothing"),
        ("trello", {"board": None},
         "board: expected the short link or the id of a board, found nothing"),
        ("trello", {"board": "Operations"},
         "board: expected the short link (8 characters) or the id of a board, found"),
        ("trello", {"list": None},
         "list: expected the id or the name of the list for new cards, found nothing"),
        ("basecamp cards", {"account": None},
         "account: expected the number of the account, found nothing"),
        ("basecamp cards", {"account": "1/2"},
         "account: expected the number of the account, found '1/2'"),
        ("basecamp cards", {"project": "Leto"}, "project: expected the number of the project"),
        ("basecamp cards", {"column": "Triage"},
         "column: expected the number of the column for new cards"),
        ("basecamp cards", {"todolist": 1}, "column: expected either column or todolist"),
        ("basecamp cards", {"column": None}, "column: expected either column or todolist"),
        ("basecamp cards", {"client_id": "x"},
         "client_id: expected either token, or client_id, client_secret and refresh_token"),
        ("basecamp cards", {**OAUTH, "client_secret": None},
         "client_secret: expected client_id, client_secret and refresh_token"),
        ("basecamp cards", {"launchpad": "x"}, "launchpad: expected an http or https address"),
        ("github", {"token": None}, "token: "),
        ("github", {"token": "line\nbreak"}, "token: "),
        ("github", {"repository": None}, "repository: "),
        ("github", {"repository": "web"}, "repository: "),
        ("github", {"repository": "acme/.."}, "repository: "),
        ("github", {"repository": "https://github.com/acme/web"}, "repository: "),
        ("github", {"repositories": ["acme/api", "api"]}, "repositories: "),
        ("github", {"url": "api.github.com"}, "url: "),
        ("github", {"url": "https://user:s3cr3t@api.github.com"}, "url: "),
        ("github", {"site": "github.com"}, "site: "),
        ("local", {"project": "two words"}, "project: "),
        ("local", {"project": "12"}, "project: "),
        ("local", {"project": None, "projects": ["OPS", "a/b"]}, "projects: "),
        ("local", {"project": None, "projects": ["card"]}, "projects: "),
        ("local", {"columns": []}, "columns: "),
        ("local", {"columns": ["Done"]}, "columns: "),
        ("local", {"columns": "Done"}, "columns: "),
        ("local", {"columns": ["To do", "to  DO", "Done"]}, "columns: "),
        ("local", {"columns": ["a\nb", "c"]}, "columns: "),
        ("local", {"columns": {"a": "b"}}, "columns: "),
        ("local", {"url": "https://x.example.com"}, "url: "),
    ],
)  # fmt: skip
def test_wrong_options_are_named(name: str, more: Dict[str, Any], complaint: str) -> None:
    check(name, more, complaint)


def test_a_board_without_any_key_has_one_project_and_three_columns() -> None:
    options, lines = options_of("local", project=None)
    assert lines == []
    assert (options.every, options.columns) == (("CARD",), ("To do", "Doing", "Done"))


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://api.acme.ghe.com/", "https://acme.ghe.com"),
        ("https://github.acme.com/api/v3", "https://github.acme.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_the_pages_that_people_see_follow_from_the_address_of_githubs_api(
    url: str, site: str
) -> None:
    options, lines = options_of("github", url=url)
    assert (options.url, options.site, lines) == (url.rstrip("/"), site, [])
    assert options_of("github", url=url, site="https://x.example/gh/")[0].site == (
        "https://x.example/gh"
    )
