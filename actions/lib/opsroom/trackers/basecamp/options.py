"""The options of a tracker of kind basecamp, and which cards and projects are its own."""

from __future__ import annotations

import re
from dataclasses import field
from typing import Union

from ...config.fields import REQUIRED, Fields, Missing
from ...http.options import LOOK_FOR, read_look_for, read_time_limit, read_url, read_verify
from ...structs import dataclass
from ...structs.patterns import lazy_pattern
from .. import Reading

_NUMBER = lazy_pattern(r"^[0-9]{1,20}(?![\s\S])")
_SITE = r"^(?i:https?://(?:[a-z0-9-]+\.)?basecamp\.com)/(?P<account>[0-9]{1,20})"
_CARD = lazy_pattern(
    _SITE
    + r"/buckets/(?P<project>[0-9]{1,20})/(?P<kind>card_tables/cards|todos)/(?P<id>[0-9]{1,20})"
    r"(?:[?#]\S*)?(?![\s\S])"
)
_PROJECT = lazy_pattern(
    _SITE + r"/(?:projects|buckets)/(?P<project>[0-9]{1,20})(?:[/?#]\S*)?(?![\s\S])"
)
_TYPED = lazy_pattern(r"^(?:(card|todo)/)?([0-9]{1,20})(?![\s\S])", re.IGNORECASE)
# It goes into a header.
_TOKEN = lazy_pattern(r"^[ -~]+(?![\s\S])")


@dataclass(frozen=True)
class Options:
    """One of `column` and `todolist` is not empty; `token`, or else the three of OAuth;
    `time_limit` in s."""

    account: str
    project: str
    column: str = ""
    todolist: str = ""
    token: str = field(default="", repr=False)
    client_id: str = field(default="", repr=False)
    client_secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    url: str = field(default="https://3.basecampapi.com", repr=False)
    launchpad: str = field(default="https://launchpad.37signals.com", repr=False)
    time_limit: float = 10.0
    verify: str = ""
    look_for: float = LOOK_FOR

    def reads_card(self, typed: str) -> Reading:
        """Sure of an address in the project; one in the account, `card/123`, `todo/123` and 123 may
        be its own."""
        address = _CARD.match(typed.strip())
        if address:
            if address.group("account") != self.account:
                return Reading()
            kind = "todo" if address.group("kind") == "todos" else "card"
            return Reading(
                f"{kind}/{address.group('id')}", sure=address.group("project") == self.project
            )
        short = _TYPED.match(typed.strip())
        if not short:
            return Reading()
        kind = (short.group(1) or ("card" if self.column else "todo")).lower()
        return Reading(f"{kind}/{short.group(2)}")

    def reads_project(self, typed: str) -> Reading:
        """Sure of the project of the config, by its number or its address; nothing else is a
        project."""
        address = _PROJECT.match(typed.strip())
        if address and address.group("account") != self.account:
            return Reading()
        number = address.group("project") if address else typed.strip()
        return Reading(self.project, sure=True) if number and number == self.project else Reading()


def read_options(fields: Fields) -> Options:
    """The cards of a card table, or the to-dos of a list. Ids are `card/123` and `todo/123`; a bare
    number is what the configured place holds, and an address may be typed as well.

    - `account` (number): the account: the first number in the address of any page of Basecamp.
    - `project` (number): the project: the number after `projects` or `buckets` in its address.
    - `column` (number): the column of a card table for new cards.
    - `todolist` (number): in place of `column`, the to-do list for new to-dos.
    - `client_id`: the client that is registered with Basecamp.
    - `client_secret` (text): the secret of that client.
    - `refresh_token` (text): the token by which access tokens are obtained; they are kept and
      renewed.
    - `token` (text): in place of `client_id`, `client_secret` and `refresh_token`, one access
      token, which ends after two weeks.
    - `url`: the address of Basecamp's API, without the account.
    - `launchpad`: the address where access tokens are issued.
    - `time_limit`: how long a command may take in all, with every request and wait.
    """

    def number(key: str, what: str, default: Union[str, Missing] = REQUIRED) -> str:
        return fields.text(
            key, default, pattern=_NUMBER, expected=f"the number of the {what}", digits=True
        )

    options = Options(
        account=number("account", "account"),
        project=number("project", "project"),
        column=number("column", "column for new cards", default=""),
        todolist=number("todolist", "to-do list for new to-dos", default=""),
        token=fields.secret("token", "", expected="a token"),
        client_id=fields.text("client_id", ""),
        client_secret=fields.secret("client_secret", "", expected="the secret of the OAuth client"),
        refresh_token=fields.secret("refresh_token", "", expected="a refresh token"),
        url=read_url(fields, default="https://3.basecampapi.com"),
        launchpad=read_url(fields, "launchpad", default="https://launchpad.37signals.com"),
        time_limit=read_time_limit(fields),
        verify=read_verify(fields),
        look_for=read_look_for(fields),
    )
    if fields.has("column") == fields.has("todolist"):
        fields.problem("column", "expected either column or todolist: new cards go to one place")
    _check_credentials(fields, options)
    return options


def _check_credentials(fields: Fields, options: Options) -> None:
    oauth = ("client_id", "client_secret", "refresh_token")
    given = [key for key in oauth if fields.has(key)]
    if fields.has("token"):
        if given:
            fields.problem(
                given[0], "expected either token, or client_id, client_secret and refresh_token"
            )
        elif options.token and not _TOKEN.match(options.token):
            # What was found is not shown: it is a secret anyway.
            fields.problem("token", "expected plain letters and digits on one line")
        return
    for key in oauth:
        if key not in given:
            fields.problem(
                key,
                "expected client_id, client_secret and refresh_token together (or a token instead)",
            )
