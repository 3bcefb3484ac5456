"""Where GitLab is and who asks it: the keys `url`, `token`, `verify` and `project` of every kind
that needs GitLab."""

from __future__ import annotations

import re
from dataclasses import field
from urllib.parse import quote

from ...config.fields import Fields
from ...http.options import read_url, read_verify
from ...structs import dataclass
from ...structs.patterns import lazy_pattern

PUBLIC = "https://gitlab.com"
PROJECT = lazy_pattern(
    r"^(?:[1-9][0-9]{0,18}|[A-Za-z0-9_][\w.-]*(?:/[A-Za-z0-9_][\w.-]*)+)\Z", re.ASCII
)
A_PROJECT = "a project such as acme/web, or its number"

_API = "/api/v4"
_TOKEN = lazy_pattern(r"^[\x21-\x7e]+\Z")


@dataclass(frozen=True)
class Access:
    """Where GitLab is, and who asks.

    `key` is where the config has it (`apps.web.deploy`). `url` is the address that people open,
    without a slash at its end; `verify` is a CA file.
    """

    key: str
    token: str = field(default="", repr=False)
    url: str = PUBLIC
    verify: str = ""

    @property
    def api(self) -> str:
        """The address of the API."""
        return self.url + _API


def read_access(fields: Fields) -> Access:
    """An address of the API is taken for that of its GitLab.

    - `token` (text): a token of GitLab with the scope `api`; to ask for a version, `read_api` is
      enough.
    - `url` (http or https address): the address of GitLab.
    """
    url = read_url(fields, default=PUBLIC, expected=f"an http or https address such as {PUBLIC}")
    return Access(
        key=fields.path,
        token=fields.secret("token", pattern=_TOKEN, expected="a token on one line"),
        url=url[: -len(_API)] if url.endswith(_API) else url,
        verify=read_verify(fields),
    )


def read_project(fields: Fields, key: str = "project", default: str = "") -> str:
    """The key of a project: its path with all groups, or its number.

    - `project` (path or number): the project with the pipelines, such as `acme/web`.
    - `source` (path or number; default the `project`): where versions and their commits are.
    """
    if default:
        return fields.text(key, default, pattern=PROJECT, expected=A_PROJECT, digits=True)
    return fields.text(key, pattern=PROJECT, expected=A_PROJECT, digits=True)


def path_of(project: str) -> str:
    """The path of a project in the API."""
    return f"/projects/{quote(project, safe='')}"
