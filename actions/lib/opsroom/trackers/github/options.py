"""The options of a tracker of kind github, and which cards and projects are its own."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Tuple
from urllib.parse import urlsplit

from ...config.fields import Fields
from ...config.problems import found
from ...deadline import LOOK_FOR, LOOK_FOR_MOST
from ...http.options import read_time_limit, read_url, read_verify
from .. import Reading

_OWNER = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,99})"
_NAME = r"(?!\.{1,2}(?![A-Za-z0-9._-]))[A-Za-z0-9._-]{1,100}"
_REPOSITORY = re.compile(rf"^{_OWNER}/{_NAME}\Z")
_CARD = re.compile(
    rf"^(?P<repository>(?:{_OWNER}/)?{_NAME})?#?(?<![A-Za-z0-9._-])(?P<number>[1-9]\d{{0,9}})\Z"
)
_BELOW_SITE = re.compile(
    rf"^/(?P<repository>{_OWNER}/{_NAME})/(?:issues|pull)/(?P<number>[1-9]\d{{0,9}})(?:/[a-z]*)?(?:[?#]\S*)?\Z"
)
_PUBLIC = "https://api.github.com"


@dataclass(frozen=True)
class Options:
    """`repository` is where new issues go, `repositories` are others that live here; each as
    owner/name.

    `url` is the API's address and `site` that of the pages people see, both without a slash at
    their end; `time_limit` is in seconds, `verify` a CA file.
    """

    repository: str
    token: str = field(default="", repr=False)
    repositories: Tuple[str, ...] = ()
    url: str = _PUBLIC
    site: str = "https://github.com"
    time_limit: float = 10.0
    verify: str = ""
    look_for: float = LOOK_FOR

    @property
    def every(self) -> Tuple[str, ...]:
        """All repositories of the config, that for new issues first."""
        return (self.repository, *(one for one in self.repositories if one != self.repository))

    def reads_card(self, text: str) -> Reading:
        """`owner/name#17`, the address of an issue, `name#17`, and `#17` or `17` in the repository
        for new issues."""
        text = text.strip()
        site = urlsplit(self.site)
        linked = re.match(
            rf"^https?://(?:www\.)?{re.escape(site.netloc + site.path)}(?=/)", text, re.IGNORECASE
        )
        if linked:
            found = _BELOW_SITE.match(text[linked.end() :])
            return (
                Reading(f"{self._spelt(found['repository'])}#{int(found['number'])}", True)
                if found
                else Reading()
            )
        found = _CARD.match(text)
        if not found:
            return Reading()
        project = (
            self.reads_project(found["repository"])
            if found["repository"]
            else Reading(self.repository)
        )
        return (
            Reading(f"{project.id}#{int(found['number'])}", project.sure)
            if project.id
            else Reading()
        )

    def reads_project(self, text: str) -> Reading:
        """`owner/name`, or the `name` of one of the repositories of the config."""
        text = text.strip()
        if _REPOSITORY.match(text):
            spelt = self._spelt(text)
            return Reading(spelt, spelt in self.every)
        same = [one for one in self.every if one.partition("/")[2].casefold() == text.casefold()]
        return Reading(same[0]) if len(same) == 1 else Reading()

    def _spelt(self, repository: str) -> str:
        """As the config spells it: GitHub ignores case."""
        return next(
            (one for one in self.every if one.casefold() == repository.casefold()), repository
        )


def read_options(fields: Fields) -> Options:
    """The keys `token`, `repository`, `repositories`, `url`, `site`, `time_limit`, `verify`."""
    url = read_url(
        fields, default=_PUBLIC, expected=f"an http or https address such as {_PUBLIC}", bare=True
    )
    site = read_url(fields, "site", default=_site_of(url), bare=True)
    options = Options(
        token=fields.secret(
            "token", pattern=re.compile(r"^[\x20-\x7e]+\Z"), expected="a token on one line"
        ),
        repository=fields.text(
            "repository", pattern=_REPOSITORY, expected="a repository such as acme/web"
        ),
        repositories=fields.texts(
            "repositories", (), expected="a list of repositories such as acme/web"
        ),
        url=url,
        site=site,
        time_limit=read_time_limit(fields),
        verify=read_verify(fields),
        look_for=fields.seconds("look_for", LOOK_FOR, maximum=LOOK_FOR_MOST),
    )
    for one in options.repositories:
        if not _REPOSITORY.match(one):
            fields.problem(
                "repositories", f"expected repositories such as acme/web, found {found(one)}"
            )
    return options


def _site_of(url: str) -> str:
    """The pages that belong to an API: HOST/api/v3 of Enterprise Server, api.HOST of github.com and
    GHE.com."""
    if url.lower().endswith("/api/v3"):
        return url[: -len("/api/v3")]
    return re.sub(r"^(?i:(https?://)api\.)", lambda scheme: scheme.group(1), url)
