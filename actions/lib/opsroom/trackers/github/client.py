"""Asking GitHub: headers, limits that are waited for when they are short, and answers of the shape
they should have."""

from __future__ import annotations

import time
from typing import Any, List, Mapping, Optional

from ...errors import Code, Failure, OpsroomError
from ...http.client import Answer, Http
from . import Options
from .errors import Asked, limited, too_many, trouble, wait_for

# The version that this is written for. Without it GitHub answers as it pleases once a newer one is
# the default.
API_VERSION = "2022-11-28"
# Fifty issues or a hundred comments of the longest kind.
_MOST_BYTES = 30_000_000
_NOT_MODIFIED = 304
# Read in github_faults. 408 is no refusal: the request may have been carried out.
_TOLD = tuple(status for status in range(300, 500) if status not in (_NOT_MODIFIED, 408))


class Api:
    """One user's view of GitHub. `options.time_limit` is for everything that one verb asks: see
    `begin`."""

    def __init__(self, options: Options, tracker: str) -> None:
        self._options = options
        self._tracker = tracker
        self._deadline = time.monotonic() + options.time_limit
        self._http = Http(
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {options.token}",
                "X-GitHub-Api-Version": API_VERSION,
            },
            secrets=(options.token,),
            time_limit=options.time_limit,
            verify=options.verify,
            most_bytes=_MOST_BYTES,
            address_key=f"trackers.{tracker}.url",
        )

    def begin(self) -> None:
        """A verb begins: its time runs from now."""
        self._deadline = time.monotonic() + self._options.time_limit

    def ask(
        self,
        method: str,
        path: str,
        repository: str,
        card: str = "",
        json: Any = None,
        params: Optional[Mapping[str, str]] = None,
        idempotent: Optional[bool] = None,
        etag: str = "",
    ) -> Answer:
        """The answer, which is a success, or 304 where `etag` is that of what is there still.

        Raises Failure and Refusal about the repository or the card otherwise.

        A limit is waited for when it ends in time. GitHub has done nothing then, so that also goes
        for what makes something.
        """
        try:
            return self._answer(
                method, path, Asked(self._tracker, repository, card), json, params, idempotent, etag
            )
        except Failure as failure:
            if method == "GET":
                failure.facts["sent"] = False  # nothing can have come of it
            raise

    def quietly(self, path: str, repository: str) -> Mapping[str, Any]:
        """The object at a path; empty when GitHub does not hand it out. For what only makes an
        answer fuller."""
        try:
            return an_object(self.ask("GET", path, repository), "object")
        except OpsroomError:
            return {}

    def _answer(
        self,
        method: str,
        path: str,
        asked: Asked,
        json: Any,
        params: Optional[Mapping[str, str]],
        idempotent: Optional[bool],
        etag: str,
    ) -> Answer:
        accept = (*_TOLD, _NOT_MODIFIED) if etag else _TOLD
        while True:
            left = self._deadline - time.monotonic()
            if left <= 0:
                message = (
                    "GitHub did not answer all that was asked within "
                    f"{self._options.time_limit:g} s."
                )
                raise Failure(Code.TIMED_OUT, message, facts={"sent": False})
            left = max(round(left, 1), 0.1)  # a sentence may tell it
            answer = self._http.send(
                method,
                self._options.url + path,
                headers={"If-None-Match": etag} if etag else None,
                json=json,
                params=params,
                accept=accept,
                idempotent=idempotent,
                time_limit=left,
            )
            if 200 <= answer.status < 300 or (etag and answer.status == _NOT_MODIFIED):
                return answer
            if not limited(answer):
                raise trouble(answer, asked)
            wait = wait_for(answer)
            pause = None if wait is None else max(wait, 0.1)
            if pause is None or time.monotonic() + pause >= self._deadline:
                raise too_many(answer, wait)
            time.sleep(pause)


def bad(answer: Answer, what: str) -> Failure:
    """The failure of an answer that is JSON but not what was asked for."""
    facts = {"url": answer.url, "status": answer.status, "sent": answer.method != "GET"}
    return Failure(Code.BAD_ANSWER, f"{answer.url} answered JSON that is no {what}.", facts=facts)


def an_object(answer: Answer, what: str) -> Mapping[str, Any]:
    """The JSON object of an answer. Raises Failure(bad_answer) when it is none."""
    found = _json(answer)
    if not isinstance(found, dict):
        raise bad(answer, what)
    return found


def a_list(answer: Answer, what: str, searched: bool = False) -> List[Mapping[str, Any]]:
    """The JSON objects of a list. Raises Failure(bad_answer) when it is no list of objects.

    `searched`: something is looked for in it, so that each must have an id: what is something else
    must not pass for a list in which it is not.
    """
    found = _json(answer)
    if not isinstance(found, list) or not all(
        isinstance(one, dict) and (not searched or one.get("id") is not None) for one in found
    ):
        raise bad(answer, what)
    return found


def _json(answer: Answer) -> Any:
    try:
        return answer.json()
    except Failure as failure:
        if answer.method == "GET":
            failure.facts["sent"] = False  # nothing can have come of a question
        raise
