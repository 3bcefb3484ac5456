"""The client of GitHub's API: its headers, its limits, and requests that say what is known."""

from __future__ import annotations

from typing import Mapping, Optional

from ...errors import Failure, OpsroomError
from ...http import vendor
from ...http.response import Response
from ...http.vendor import EXPLAINED, NOTHING, Subject
from . import errors
from .options import Access

# The version that this is written for. Without it GitHub answers as it pleases once a newer one is
# the default.
API_VERSION = "2022-11-28"
NOT_MODIFIED = 304
# What a page of a list holds at most.
PAGE = 100


class Client(vendor.Client):
    """One user's view of GitHub. `about` of a request is what a sentence about its error names, as
    Subject("repository", "acme/web").

    `time_limit` (seconds) is for all requests of a command. A subclass overrides `error` for what
    only its own requests meet. Raises Failure and Refusal about what was asked for.
    """

    service = "GitHub"
    # A redirect says that a repository was renamed or an issue transferred.
    explained = (*(status for status in range(300, 400) if status != NOT_MODIFIED), *EXPLAINED)
    # Fifty issues or a hundred comments of the longest kind.
    max_bytes = 30_000_000

    def __init__(self, access: Access, time_limit: float) -> None:
        super().__init__(
            access.key,
            access.url,
            time_limit=time_limit,
            verify=access.verify,
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {access.token}",
                "X-GitHub-Api-Version": API_VERSION,
            },
            secrets=(access.token,),
        )

    def get(
        self,
        path: str,
        about: Subject = NOTHING,
        params: Optional[Mapping[str, str]] = None,
        etag: str = "",
    ) -> Response:
        """What is at a path; NOT_MODIFIED where that is still what had this `etag`."""
        if not etag:
            return self.send("GET", path, about, params=params)
        known = {"If-None-Match": etag}
        return self.send("GET", path, about, params=params, headers=known, accept=(NOT_MODIFIED,))

    def is_rate_limited(self, response: Response) -> bool:
        """GitHub says 403 or 429 for it."""
        return errors.is_rate_limited(response)

    def wait_of(self, response: Response) -> Optional[float]:
        """As Retry-After says, else until the moment in x-ratelimit-reset."""
        seconds = super().wait_of(response)
        return errors.until_reset(response) if seconds is None else seconds

    def words(self, response: Response) -> str:
        """What GitHub says about an error."""
        return self.quoted(response, errors.message_of(response))

    def error(self, response: Response, about: Subject) -> OpsroomError:
        """What an error means, also a redirect."""
        return errors.error_of(response, about, self.key)

    def rate_limited(self, response: Response, wait: Optional[float]) -> Failure:
        """Without a time GitHub asks for a minute at least."""
        failure = super().rate_limited(response, wait)
        failure.hint = "" if wait is not None else "Wait a minute at least, then try again."
        return failure
