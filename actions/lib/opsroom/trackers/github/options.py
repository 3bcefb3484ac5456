"""The options of a tracker of kind github, and which cards and projects are its own."""

from __future__ import annotations

import re
from typing import Tuple
from urllib.parse import urlsplit

from ...config.fields import Fields
from ...config.problems import found
from ...http.options import LOOK_FOR, read_look_for, read_time_limit
from ...structs import dataclass
from ...structs.patterns import lazy_pattern
from ...vendors.github.options import (
    A_REPOSITORY,
    NAME,
    OWNER,
    REPOSITORY,
    Access,
    read_access,
)
from .. import Reading

_CARD = lazy_pattern(
    rf"^(?P<repository>(?:{OWNER}/)?{NAME})?#?(?<![A-Za-z0-9._-])(?P<number>[1-9]\d{{0,9}})\Z"
)
_BELOW_SITE = lazy_pattern(
    rf"^/(?P<repository>{OWNER}/{NAME})/(?:issues|pull)/(?P<number>[1-9]\d{{0,9}})"
    r"(?:/[a-z]*)?(?:[?#]\S*)?\Z"
)


@dataclass(frozen=True)
class Options:
    """`repository` is where new issues go, `repositories` are others that live here; each as
    owner/name.

    `time_limit` is in seconds.
    """

    access: Access
    repository: str
    repositories: Tuple[str, ...] = ()
    time_limit: float = 10.0
    look_for: float = LOOK_FOR

    @property
    def url(self) -> str:
        """The API's address."""
        return self.access.url

    @property
    def site(self) -> str:
        """The address of the pages people see."""
        return self.access.site

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
        if REPOSITORY.match(text):
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
    """Issues of repositories on github.com, GHE.com or GitHub Enterprise Server. A card's id is
    `acme/web#17`; `#17` and `17` are issues of `repository`, and an address may be typed as well.

    - `token` (text): the token of the user in whose name opsroom speaks to GitHub.
    - `repository` (`owner/name`): where new issues go.
    - `repositories` (list of `owner/name`): other repositories whose issues are cards here.
    - `url` (http or https address): the address of the API; of Enterprise Server it ends in
      `api/v3`.
    - `site` (default that which belongs to `url`): where people see issues; needed where `url` is a
      proxy.
    - `time_limit`: how long a command may take in all, with every request and wait.
    """
    options = Options(
        access=read_access(fields),
        repository=fields.text("repository", pattern=REPOSITORY, expected=A_REPOSITORY),
        repositories=fields.texts(
            "repositories", (), expected="a list of repositories such as acme/web"
        ),
        time_limit=read_time_limit(fields),
        look_for=read_look_for(fields),
    )
    for one in options.repositories:
        if not REPOSITORY.match(one):
            fields.problem(
                "repositories", f"expected repositories such as acme/web, found {found(one)}"
            )
    return options
