"""The tracker kind jira: reading its part of the config, and whose a card or a project is."""

from __future__ import annotations

from typing import Any, List, Tuple

import pytest

from opsroom.trackers import REGISTRY, Reading
from support.options import read_options

TOKEN = "ATATT3xFf5ecretT0ken"
CLOUD = {
    "url": "https://acme.atlassian.net",
    "user": "bot@acme.example",
    "token": TOKEN,
    "project": "OPS",
}
CENTER = {"url": "https://jira.acme.example/jira", "token": TOKEN, "project": "OPS"}
SCOPED = {
    **CLOUD,
    "url": "https://api.atlassian.com/ex/jira/11223344-a1b2",
    "site": "https://acme.atlassian.net",
}


def options_of(raw: Any, **more: Any) -> Tuple[Any, List[str]]:
    known = {key: value for key, value in {**raw, **more}.items() if value is not None}
    return read_options(REGISTRY, "jira", known, "trackers.j")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (CLOUD, (True, "3", "https://acme.atlassian.net", "https://acme.atlassian.net")),
        ({**CLOUD, "api": 2}, (True, "2", "https://acme.atlassian.net",
         "https://acme.atlassian.net")),
        ({**CLOUD, "url": "https://ACME.atlassian.net/"},
         (True, "3", "https://ACME.atlassian.net", "https://ACME.atlassian.net")),
        (SCOPED, (True, "3", SCOPED["url"], "https://acme.atlassian.net")),
        (CENTER, (False, "2", CENTER["url"], CENTER["url"])),
        ({**CENTER, "url": CENTER["url"] + "/rest/api/2/"},
         (False, "2", CENTER["url"], CENTER["url"])),
        ({**CENTER, "user": "bot"}, (True, "3", CENTER["url"], CENTER["url"])),
        ({**CENTER, "user": "bot", "deployment": "datacenter"},
         (False, "2", CENTER["url"], CENTER["url"])),
        ({**CLOUD, "url": "http://127.0.0.1:1", "deployment": "cloud"},
         (True, "3", "http://127.0.0.1:1", "http://127.0.0.1:1")),
    ],
)  # fmt: skip
def test_which_jira_it_is_is_told_by_address_and_user(raw, expected):
    options, lines = options_of(raw)
    assert lines == []
    assert (options.cloud, options.api, options.url, options.site) == expected


def test_what_need_not_be_said_has_defaults():
    options, _ = options_of(CLOUD)
    assert (options.issue_type, options.time_limit, options.verify, options.projects) == (
        "Task",
        10.0,
        "",
        (),
    )


@pytest.mark.parametrize(
    ("raw", "more", "complaint"),
    [
        (CLOUD, {"url": None},
         "url: expected the address of Jira, such as https://acme.atlassian.net, found nothing"),
        (CLOUD, {"url": "acme.atlassian.net"}, "url: expected the address of Jira"),
        (CLOUD, {"url": "https://bot:pw@acme.atlassian.net"}, "url: expected an address without"),
        (CLOUD, {"token": None}, "token: expected a token, found nothing"),
        (CLOUD, {"token": TOKEN + "\n" + TOKEN},
         "token: expected plain letters, digits and signs on one line"),
        (CLOUD, {"project": None},
         "project: expected the key of a project, such as OPS, found nothing"),
        (CLOUD, {"project": "my ops"}, "project: expected the key of a project"),
        (CLOUD, {"projects": ["WEB", "a-b"]},
         "projects: expected keys of projects such as OPS, found 'A-B'"),
        (CLOUD, {"user": None},
         "user: Jira Cloud takes a token together with its user's e-mail address, found none"),
        (SCOPED, {"user": None},
         "user: Jira Cloud takes a token together with its user's e-mail address"),
        (SCOPED, {"site": None},
         "site: expected the address that people see, since api.atlassian.com has no pages"),
        (CLOUD, {"user": "bot:x"}, "user: expected the e-mail address of a user"),
        (CLOUD, {"deployment": "datacenter"},
         "deployment: expected cloud or nothing, since acme.atlassian.net is"),
        (CENTER, {"deployment": "server"}, "deployment: expected one of cloud, datacenter"),
        (CENTER, {"api": "3"}, "api: Jira Data Center has no version 3 of the interface"),
        (CLOUD, {"api": "4"}, "api: expected one of 2, 3"),
    ],
)  # fmt: skip
def test_wrong_options_are_told_with_their_key(raw, more, complaint):
    lines = options_of(raw, **more)[1]
    assert len(lines) == 1
    assert lines[0].startswith(f"trackers.j.{complaint}")
    assert TOKEN not in lines[0]


@pytest.mark.parametrize(
    ("text", "id", "sure"),
    [
        ("OPS-12", "OPS-12", True),
        (" ops-12 ", "OPS-12", True),
        ("web-7", "WEB-7", True),
        ("ABC-1", "ABC-1", False),
        ("https://acme.atlassian.net/browse/OPS-12", "OPS-12", True),
        ("https://acme.atlassian.net/browse/abc-12?focusedCommentId=1#x", "ABC-12", True),
        ("HTTPS://ACME.atlassian.net/browse/OPS-12", "OPS-12", True),
        ("https://acme.atlassian.net/jira/software/c/projects/OPS/issues/OPS-12", "OPS-12", True),
        ("https://acme.atlassian.net/jira/software/projects/OPS/boards/1?selectedIssue=OPS-12",
         "OPS-12", True),
        ("https://api.atlassian.com/ex/jira/11223344-a1b2/browse/OPS-12", "OPS-12", True),
        ("https://acme.atlassian.net.evil.example/browse/OPS-12", "", False),
        ("https://other.atlassian.net/browse/OPS-12", "", False),
        ("https://acme.atlassian.net/browse/", "", False),
        ("https://acme.atlassian.net/browse/../OPS-12", "", False),
        ("OPS-0", "", False),
        ("OPS-12\nx", "", False),
        ("OPS-", "", False),
        ("12", "", False),
        ("acme/web#17", "", False),
        ('OPS-1" OR 1', "", False),
        ("", "", False),
    ],
)  # fmt: skip
def test_cards_are_told_by_their_keys_and_addresses(text, id, sure):
    assert options_of(SCOPED, projects=["web"])[0].reads_card(text) == Reading(id, sure)


@pytest.mark.parametrize(
    ("text", "id", "sure"),
    [
        ("OPS", "OPS", True),
        ("web", "WEB", True),
        ("abc", "ABC", False),
        ("https://acme.atlassian.net/browse/ABC", "ABC", True),
        ("https://acme.atlassian.net/jira/software/projects/abc/boards/3", "ABC", True),
        ("https://other.atlassian.net/browse/ABC", "", False),
        ("a", "", False),
        ("acme/web", "", False),
        ("OPS-12", "", False),
        ('X" OR "', "", False),
        ("", "", False),
    ],
)
def test_projects_are_told_by_their_keys_and_addresses(text, id, sure):
    assert options_of(CLOUD, projects=["web"])[0].reads_project(text) == Reading(id, sure)
