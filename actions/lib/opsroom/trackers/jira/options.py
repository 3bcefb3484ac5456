"""The options of a tracker of kind jira, and which cards and projects are its own."""

from __future__ import annotations

import re
from dataclasses import field
from typing import Tuple
from urllib.parse import urlsplit

from ...config.fields import Fields
from ...config.problems import found
from ...http.options import LOOK_FOR, read_look_for, read_time_limit, read_url, read_verify
from ...structs import dataclass
from ...structs.patterns import lazy_pattern
from .. import Reading

_KEY = lazy_pattern(r"^[A-Za-z][A-Za-z0-9_]{0,99}\Z")
# What nobody configured must at least look like a key: two characters or more, as everywhere by
# default.
_PROJECT = lazy_pattern(r"^[A-Za-z][A-Za-z0-9_]{1,99}\Z")
_CARD = lazy_pattern(r"^([A-Za-z][A-Za-z0-9_]{0,99})-([1-9]\d{0,9})\Z")
# Addresses that Jira's pages show: an issue alone, in a list of its project, beside a board.
_CARD_PAGE = lazy_pattern(r"^/(?:browse|(?:[^?#]*/)?issues)/([^/?#]+)/?(?:[?#]\S*)?\Z")
_BESIDE_BOARD = lazy_pattern(r"^/[^?#]*\?(?:\S*&)?selectedIssue=([^&#]+)")
_PROJECT_PAGE = lazy_pattern(r"^/(?:browse|(?:[^?#]*/)?projects)/([^/?#]+)(?:[/?#]\S*)?\Z")
_SCOPED = "api.atlassian.com"


@dataclass(frozen=True)
class Options:
    """`project` is where new cards go, `projects` are others that live here. `cloud`: Jira Cloud,
    else Data Center.

    `url` is the address of Jira and `site` the one that people see, both without a slash at their
    end; `api` is the version of the interface, `time_limit` is in seconds, `verify` a CA file.
    """

    url: str
    project: str
    token: str = field(default="", repr=False)
    user: str = ""
    projects: Tuple[str, ...] = ()
    issue_type: str = "Task"
    cloud: bool = True
    api: str = "3"
    site: str = ""
    time_limit: float = 10.0
    verify: str = ""
    look_for: float = LOOK_FOR

    @property
    def every(self) -> Tuple[str, ...]:
        """The keys of all projects of the config, that for new cards first."""
        return (self.project, *(one for one in self.projects if one != self.project))

    def reads_card(self, text: str) -> Reading:
        """`OPS-12` in any case, and the address of its page."""
        text = text.strip()
        page = self._page(text)
        if page:
            shown = _CARD_PAGE.match(page) or _BESIDE_BOARD.match(page)
            found = _CARD.match(shown.group(1)) if shown else None
        else:
            found = _CARD.match(text)
        if not found:
            return Reading()
        project = found.group(1).upper()
        return Reading(f"{project}-{int(found.group(2))}", bool(page) or project in self.every)

    def reads_project(self, text: str) -> Reading:
        """A key of a project in any case, and the address of its page."""
        text = text.strip()
        page = self._page(text)
        if page:
            shown = _PROJECT_PAGE.match(page)
            key = shown.group(1).upper() if shown and _PROJECT.match(shown.group(1)) else ""
            return Reading(key, bool(key))
        key = text.upper()
        if key in self.every:
            return Reading(key, True)
        return Reading(key) if _PROJECT.match(text) else Reading()

    def _page(self, text: str) -> str:
        """What is below Jira's own address, with its slash; empty when the text is no address
        of it."""
        for address in {self.site, self.url}:
            site = urlsplit(address)
            below = re.match(
                rf"^https?://{re.escape(site.netloc + site.path)}(?=/)", text, re.IGNORECASE
            )
            if below:
                return text[below.end() :]
        return ""


def read_options(fields: Fields) -> Options:
    """Issues of Jira Cloud or Jira Data Center. A card's id is its key, `OPS-12`, in any case; its
    address may be typed as well.

    - `url` (http or https address): where Jira is; for scoped tokens
      `https://api.atlassian.com/ex/jira/CLOUD_ID`.
    - `user` (e-mail address): the user to whom the token belongs; Jira Cloud needs it.
    - `token` (text): an API token (Cloud), or a personal access token (Data Center).
    - `project` (key of a project): where new cards go, such as `OPS`.
    - `projects`: other projects whose issues are cards here.
    - `issue_type` (name or number): the type of new cards.
    - `api` (default `3`, on Data Center `2`): the version of the interface; with `2` texts are sent
      as wiki markup.
    - `deployment` (default by `url` and `user`): which Jira it is, where neither the address nor
      `user` shows it.
    - `site` (http or https address; default `url`): the address where people see issues; needed for
      scoped tokens.
    - `time_limit`: how long a command may take in all, with every request and wait.
    """
    url = read_url(fields, expected="the address of Jira, such as https://acme.atlassian.net")
    url = re.sub(r"/+(?:rest(?:/api.*)?)?\Z", "", url)
    user = fields.text(
        "user", "", pattern=re.compile(r"^[^\s:]+\Z"), expected="the e-mail address of a user"
    )
    cloud = _is_cloud(fields, url, user)
    options = Options(
        url=url,
        project=fields.text(
            "project", pattern=_KEY, expected="the key of a project, such as OPS"
        ).upper(),
        token=fields.secret("token", expected="a token"),
        user=user,
        projects=tuple(
            one.upper()
            for one in fields.texts("projects", (), expected="a list of keys of projects")
        ),
        issue_type=fields.text("issue_type", "Task", expected="the name of an issue type"),
        cloud=cloud,
        api=fields.text("api", "3" if cloud else "2", choices=("2", "3"), digits=True),
        site=_site(fields, url),
        time_limit=read_time_limit(fields),
        verify=read_verify(fields),
        look_for=read_look_for(fields),
    )
    if re.search(r"[^\x20-\x7e]", options.token):
        # Said by hand: a complaint of `text` would show it.
        fields.problem("token", "expected plain letters, digits and signs on one line")
    for one in options.projects:
        if not _KEY.match(one):
            fields.problem("projects", f"expected keys of projects such as OPS, found {found(one)}")
    if not cloud and options.api == "3":
        fields.problem(
            "api", "Jira Data Center has no version 3 of the interface; leave the key out"
        )
    if cloud and not fields.has("user") and url:
        fields.problem(
            "user", "Jira Cloud takes a token together with its user's e-mail address, found none"
        )
    return options


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def _is_cloud(fields: Fields, url: str, user: str) -> bool:
    """Cloud by its address, else by `deployment`, else by whether there is a user."""
    deployment = fields.text("deployment", "", choices=("cloud", "datacenter"))
    host = _host(url)
    if host == _SCOPED or host.endswith((".atlassian.net", ".jira.com")):
        if deployment == "datacenter":
            fields.problem(
                "deployment",
                f"expected cloud or nothing, since {host} is Jira Cloud; found 'datacenter'",
            )
        return True
    return deployment == "cloud" if deployment else bool(user)


def _site(fields: Fields, url: str) -> str:
    """The address that people see; that of scoped tokens is another one."""
    site = read_url(fields, "site", default="")
    if not site and _host(url) == _SCOPED:
        fields.problem(
            "site",
            f"expected the address that people see, since {_SCOPED} has no pages; found nothing",
        )
    return site or url
