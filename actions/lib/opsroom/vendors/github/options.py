"""Where GitHub is and who asks it: the keys `token`, `url`, `site` and `verify` of every kind that
needs GitHub, and what names of repositories look like."""

from __future__ import annotations

import re
from dataclasses import field
from urllib.parse import quote

from ...config.fields import Fields
from ...http.options import read_url, read_verify
from ...structs import dataclass
from ...structs.patterns import lazy_pattern

PUBLIC = "https://api.github.com"

OWNER = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,99})"
NAME = r"(?!\.{1,2}(?![A-Za-z0-9._-]))[A-Za-z0-9._-]{1,100}"
REPOSITORY = lazy_pattern(rf"^{OWNER}/{NAME}\Z")
A_REPOSITORY = "a repository such as acme/web"

_TOKEN = lazy_pattern(r"^[\x20-\x7e]+\Z")


@dataclass(frozen=True)
class Access:
    """Where GitHub is, and who asks.

    `key` is where the config has it (`trackers.github`, `apps.web.deploy`). `url` is the API's
    address and `site` that of the pages people see, both without a slash at their end. `verify` is
    a CA file.
    """

    key: str
    token: str = field(default="", repr=False)
    url: str = PUBLIC
    site: str = "https://github.com"
    verify: str = ""


def read_access(fields: Fields) -> Access:
    """Where GitHub is, and as whom it is asked.

    - `token` (text): a token of GitHub that may write Actions, or Deployments with `mode:
      deployment`, and read Contents.
    - `url` (http or https address): the API; `https://github.example.com/api/v3` on Enterprise
      Server.
    - `site` (default that of the API): where people see GitHub.
    """
    url = read_url(fields, default=PUBLIC, expected=f"an http or https address such as {PUBLIC}")
    return Access(
        key=fields.path,
        token=fields.secret("token", pattern=_TOKEN, expected="a token on one line"),
        url=url,
        site=read_url(fields, "site", default=_site_of(url)),
        verify=read_verify(fields),
    )


def path_of(repository: str) -> str:
    """The path of a repository in the API."""
    owner, _, name = repository.partition("/")
    return f"/repos/{quote(owner, safe='')}/{quote(name, safe='')}"


def _site_of(url: str) -> str:
    """The pages that belong to an API: HOST/api/v3 of Enterprise Server, api.HOST of github.com and
    GHE.com."""
    if url.lower().endswith("/api/v3"):
        return url[: -len("/api/v3")]
    return re.sub(r"^(?i:(https?://)api\.)", lambda scheme: scheme.group(1), url)
