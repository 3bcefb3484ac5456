"""The client of GitLab's API: what its errors mean, and what was certainly not done.

The token goes as `Authorization: Bearer`. A redirect is never followed, and GitLab's own header
PRIVATE-TOKEN would be sent along to any address by programs that do.
"""

from __future__ import annotations

import re
from typing import Any, List, Mapping, Optional
from urllib.parse import urlsplit

from ...errors import Code, Failure, OpsroomError, Refusal
from ...http import vendor
from ...http.client import Params
from ...http.content import at, text_at
from ...http.errors import judge
from ...http.response import Response
from ...http.vendor import EXPLAINED, Subject
from ...structs.patterns import lazy_pattern
from ...text import one_line
from .options import Access

# What a page of a list holds at most.
PAGE = 100

_STATUS = lazy_pattern(r"^[45]\d\d (?:Bad request - |Forbidden - )?")
# GitLab says so with 400, and does not say when it ends: it counts by the minute.
_TOO_MANY = "too many pipelines created"
_MINUTE = 60.0
_MOVED = "not allowed for moved projects"
_NO_VARIABLES = "insufficient permissions to set pipeline variables"
_FILTERED = (
    "rules configuration prevented any jobs",
    "pipeline would have been empty",
    "no stages / jobs",
)
_UNKNOWN_INPUTS = ("unknown input arguments", "given inputs not defined")
_DEVELOPER = (
    "the scope api and the role Developer (Maintainer where the branch, tag or environment is "
    "protected)"
)
_UNPLAYABLE = "unplayable job"
_NOT_ON_REF = "sufficient permission to run a pipeline on"


class Client(vendor.Client):
    """One user's view of GitLab. `time_limit` (seconds) is for all requests of a call.

    `about` of a request is what a sentence about its error names: Subject("project", "acme/web").
    """

    service = "GitLab"
    # A redirect says that a project was moved.
    explained = (*(status for status in range(300, 400) if status != 304), *EXPLAINED)

    def __init__(self, access: Access, time_limit: float) -> None:
        super().__init__(
            access.key,
            access.api,
            time_limit=time_limit,
            verify=access.verify,
            headers={"Authorization": f"Bearer {access.token}", "Accept": "application/json"},
            secrets=(access.token,),
        )

    def get(
        self,
        path: str,
        about: Subject,
        params: Optional[Params] = None,
        accept: Any = (),
    ) -> Response:
        """What is at a path."""
        return self.send("GET", path, about, params=params, accept=accept)

    def post(self, path: str, about: Subject, json: Any = None) -> Response:
        """The answer to a request that changes something; never sent twice."""
        return self.send("POST", path, about, json=json, idempotent=False)

    def is_rate_limited(self, response: Response) -> bool:
        """GitLab says 429, and 400 where too many pipelines were made."""
        return response.status == 429 or (
            response.status == 400 and _TOO_MANY in message_of(response).lower()
        )

    def wait_of(self, response: Response) -> Optional[float]:
        """As Retry-After says; a minute where too many pipelines were made."""
        return _MINUTE if response.status == 400 else super().wait_of(response)

    def words(self, response: Response) -> str:
        """What GitLab says about an error, without the status that it begins with."""
        return self.quoted(response, _STATUS.sub("", message_of(response)))

    def error(self, response: Response, about: Subject) -> OpsroomError:
        """What an error means, also a redirect."""
        status, facts = response.status, response.facts
        if status < 400:
            return self._redirected(response)
        message = message_of(response)
        if not message and status not in (401, 403):
            return self.not_the_api(response)
        words, project = self.words(response), f"{self.key}.project"
        if status == 401:
            expired = re.search("expired|revoked", message, re.IGNORECASE)
            how = f": it was {expired.group().lower()}" if expired else ""
            sentence = f"GitLab does not accept the token of {self.key} (401){how}."
            hint = f"Tokens of GitLab expire: put a valid one into {self.key}.token."
            return Failure(
                Code.UNAUTHORIZED, sentence.replace("was expired", "has expired"), hint, facts
            )
        if status == 403:
            return Failure(
                Code.UNAUTHORIZED,
                f"GitLab does not allow this on {_named(about)} (403){f': {words}' * bool(words)}.",
                self._missing_right(response, about),
                facts,
            )
        if status == 404:
            # It answers so as well where someone may not look, so as not to show what exists.
            missing = Subject("project", about.name) if about.kind == "pipelines" else about
            sentence = f"There is no {_named(missing)} on GitLab, or the token may not see it."
            hint = f"Check {project}; the token in {self.key}.token needs {_role(about)}."
            return Failure(Code.GONE, sentence, hint, facts)
        if status == 405 and _MOVED in message.lower():
            return self._moved(response)
        if status == 400:
            return self._not_accepted(response, about, message.lower())
        return super().error(response, about)

    def _not_accepted(self, response: Response, about: Subject, message: str) -> OpsroomError:
        words = self.words(response)
        facts = {**response.facts, "reason": words}
        if _NO_VARIABLES in message:
            return Refusal(
                Code.NOT_POSSIBLE,
                f"GitLab does not let this token set pipeline variables in {about.name}.",
                f"Use {self.key}.inputs, or let an owner change 'Minimum role to use pipeline "
                "variables' in Settings > CI/CD > Variables.",
                facts,
            )
        if _UNPLAYABLE in message:
            sentence = f"GitLab cannot start {_named(about)} now: {words}."
            return Refusal(Code.NOT_POSSIBLE, sentence, "See its pipeline on GitLab.", facts)
        if any(one in message for one in _FILTERED):
            return Refusal(
                Code.NOT_POSSIBLE,
                f"GitLab made no pipeline in {about.name}: the rules of .gitlab-ci.yml left out "
                "every job.",
                "Let its rules accept what the API starts: $CI_PIPELINE_SOURCE is api then.",
                facts,
            )
        if any(one in message for one in _UNKNOWN_INPUTS):
            facts["unknown_inputs"] = True
            sentence = f"The pipeline of {about.name} does not take these inputs: {words}."
            hint = (
                f"Declare them under spec: inputs of .gitlab-ci.yml, or change {self.key}.inputs."
            )
            return Refusal(Code.NOT_POSSIBLE, sentence, hint, facts)
        if _NOT_ON_REF in message:
            sentence = f"GitLab does not let this token run a pipeline there: {words}."
            hint = "A protected branch or tag needs a token with the role Maintainer."
            return Failure(Code.UNAUTHORIZED, sentence, hint, facts)
        return Refusal(
            Code.NOT_ACCEPTED, f"GitLab does not accept this for {about.name}: {words}.", "", facts
        )

    def _missing_right(self, response: Response, about: Subject) -> str:
        if text_at(response.content(), "error") == "insufficient_scope":
            scope = "read_api" if response.method == "GET" else "api"
            return f"The token in {self.key}.token needs the scope {scope}."
        return f"The token in {self.key}.token needs {_role(about)}."

    def _redirected(self, response: Response) -> Failure:
        """A redirect within the API is a project that was moved."""
        failure = judge(
            response.status,
            response.headers,
            response.url,
            response.method,
            response.secrets,
            f"{self.key}.url",
        ).failure
        target = urlsplit(str(failure.facts.get("redirect", "")))
        inside = target.netloc == urlsplit(response.url).netloc and "/projects/" in target.path
        return self._moved(response) if inside else failure

    def _moved(self, response: Response) -> Failure:
        facts = {**response.facts, "sent": False}
        message = "The project was moved or renamed on GitLab, so nothing was done."
        hint = f"Put its new path in place of the old one in {self.key}."
        return Failure(Code.BAD_ANSWER, message, hint, facts)


def message_of(response: Response) -> str:
    """GitLab's own words about an error, as they came: `message` may be a text, a list or an object
    of lists; errors of OAuth have `error` and `error_description`."""
    content = response.content()
    found = _texts(at(content, "message"))
    if found:
        return "; ".join(found)
    named = (text_at(content, key) for key in ("error_description", "error"))
    return next((one for one in named if one), "")


def _texts(value: Any, key: str = "") -> List[str]:
    if isinstance(value, str):
        return [f"{key}: {value}" if key else value]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one, key)]
    if isinstance(value, Mapping):
        # What concerns no field is under "base".
        return [
            text
            for name, one in value.items()
            for text in _texts(one, "" if name == "base" else str(name))
        ]
    return []


def _named(about: Subject) -> str:
    of = "of " if about.kind == "pipelines" else ""
    return f"{about.kind} {of}{one_line(about.name, 80)}"


def _role(about: Subject) -> str:
    """What a token needs for requests about something."""
    return {
        "pipelines": _DEVELOPER,
        "pipeline": _DEVELOPER,
        "job": "the scope api and the role Developer, and to be allowed to deploy where the "
        "environment is protected",
        "user": "the scope api, read_api or read_user",
    }.get(about.kind, "the scope read_api and the role Reporter")
