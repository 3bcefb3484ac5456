"""Jenkins: its remote access API, as far as deployments use it.

Everything that Jenkins answers carries the header X-Jenkins; what does not have it is a login page
or a proxy. A build is found again by the id of the queue item that it came from (`queueId`, which
every build has since 1.601).
"""

from __future__ import annotations

import base64
from dataclasses import field
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple
from urllib.parse import quote

from ..config.fields import Fields
from ..errors import Code, Failure, OpsroomError, Refusal
from ..http import vendor
from ..http.content import Unexpected, list_at, objects, text_at
from ..http.options import read_url, read_verify
from ..http.response import Response
from ..http.vendor import NOTHING, Subject
from ..structs import dataclass
from ..structs.patterns import lazy_pattern

# Seconds for one request.
TIME_LIMIT = 10.0
# So many of the latest builds are looked through.
MAX_BUILDS = 100

_ITEM = lazy_pattern(r"/queue/item/(\d+)/?\Z")
_JOB = lazy_pattern(r"^[^/\s?#][^/?#]*(?:/[^/\s?#][^/?#]*)*\Z")
_ACTIONS = "actions[parameters[name,value],causes[userId]]"
_BUILD = f"number,queueId,building,result,timestamp,url,{_ACTIONS}"
_PARAMETERS = "property[parameterDefinitions[name]],buildable"


@dataclass(frozen=True)
class Access:
    """`url` of Jenkins, the user and the API token; `verify` as for `HttpClient`."""

    url: str
    user: str
    token: str = field(repr=False)
    verify: str = ""


def read_access(fields: Fields) -> Access:
    """Where Jenkins is, and as whom it is asked.

    - `url`: the address of Jenkins.
    - `user`: the user of Jenkins who deploys.
    - `token` (text): an API token of that user; a password will not do.
    """
    return Access(
        url=read_url(fields),
        user=fields.text("user"),
        token=fields.secret("token", expected="an API token of that user"),
        verify=read_verify(fields),
    )


def read_job(fields: Fields) -> str:
    """The path of a job.

    - `job` (text): folders and the job, such as `shop/web-deploy`; a slash in the name of a branch
      is `%2F`.
    """
    return fields.text("job", pattern=_JOB, expected="a job such as web-deploy or shop/web/deploy")


class Queued(NamedTuple):
    """A build that was asked for: the id of its queue item, and whether an identical one stood in
    the queue already, so that nothing was added."""

    item: int
    merged: bool = False


@dataclass(frozen=True)
class Item:
    """An item of the queue: why it waits, whether it was cancelled, the number of the build that
    it became (0: none yet), its parameters, who asked for it, and the address of its job."""

    id: int
    why: str = ""
    cancelled: bool = False
    build: int = 0
    parameters: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    task: str = ""


@dataclass(frozen=True)
class Build:
    """A build. `result` is empty while it runs; `timestamp` in seconds since 1970."""

    number: int
    item: int = 0
    building: bool = False
    result: str = ""
    timestamp: float = 0.0
    url: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    user: str = ""


class Client(vendor.Client):
    """One user's view of Jenkins. `key` is where the config has it (`apps.web.deploy`)."""

    service = "Jenkins"

    def __init__(self, access: Access, key: str) -> None:
        pair = base64.b64encode(f"{access.user}:{access.token}".encode()).decode()
        super().__init__(
            key,
            access.url,
            time_limit=TIME_LIMIT,
            verify=access.verify,
            headers={"Authorization": f"Basic {pair}"},
            secrets=(access.token, pair),
        )
        self.user = access.user

    def parameters(self, job: str) -> Tuple[str, ...]:
        """The names of a job's parameters. Raises Refusal(not_possible) where it is disabled."""
        found = self._json(f"{job_path(job)}/api/json", {"tree": _PARAMETERS}, Subject("job", job))
        if found.get("buildable") is False:
            raise _disabled(job)
        return tuple(
            text_at(one, "name")
            for part in list_at(found, "property")
            for one in list_at(part, "parameterDefinitions")
        )

    def build_job(self, job: str, parameters: Mapping[str, str]) -> Queued:
        """Ask for a build.

        Raises Refusal(not_accepted, not_possible) where Jenkins queues none, and Failure.
        """
        path = "buildWithParameters" if parameters else "build"
        # Answered by a redirect where it was not queued, or an identical one was.
        response = self.post(
            f"{job_path(job)}/{path}", Subject("job", job), parameters, accept=(302, 303)
        )
        item = _ITEM.search(response.headers.get("location", "").partition("?")[0])
        if response.status == 302 or (item is None and response.status == 303):
            raise Refusal(
                Code.NOT_ACCEPTED,
                f"Jenkins did not queue a build of {job}: it is shutting down, or a plug-in "
                "decides what is queued.",
                "Try again later.",
                {**response.facts, "sent": False},
            )
        if item is None:
            raise response.unexpected("queued a build and does not say which")
        return Queued(int(item.group(1)), merged=response.status == 303)

    def item(self, item: int) -> Optional[Item]:
        """An item of the queue; None where it left the queue more than five minutes ago."""
        response = self.get(f"/queue/item/{item}/api/json", accept=(404,))
        return None if response.status == 404 else self.read(response, _item)

    def queue(self) -> List[Item]:
        """The items that wait."""
        tree = f"items[id,why,task[url],{_ACTIONS}]"
        response = self.get("/queue/api/json", params={"tree": tree})
        return self.read(response, lambda found: [_item(one) for one in _list(found, "items")])

    def build(self, job: str, number: int) -> Build:
        """A build. Raises Failure(gone) where Jenkins no longer has it."""
        path = f"{job_path(job)}/{number}/api/json"
        response = self.get(path, Subject("job", job), params={"tree": _BUILD}, accept=(404,))
        if response.status == 404:
            raise Failure(
                Code.GONE, f"Jenkins no longer has build {number} of {job}.", facts=response.facts
            )
        return self.read(response, _build)

    def builds(self, job: str, most: int = MAX_BUILDS) -> List[Build]:
        """The latest builds of a job, newest first."""
        params = {"tree": f"builds[{_BUILD}]{{0,{most}}}"}
        response = self.get(f"{job_path(job)}/api/json", Subject("job", job), params)
        return self.read(response, lambda found: [_build(one) for one in _list(found, "builds")])

    def cancel_item(self, item: int) -> bool:
        """Take an item out of the queue. False where it has left the queue already."""
        response = self.post(
            f"/queue/cancelItem?id={item}", Subject("queue", ""), accept=(302, 404, 422)
        )
        if response.status == 422:
            message = "Jenkins does not let this user cancel it (right Job/Cancel)."
            raise Failure(Code.UNAUTHORIZED, message, facts={**response.facts, "sent": False})
        return response.status != 404

    def stop(self, job: str, number: int) -> None:
        """Ask a build to stop. One that has ended stays as it is."""
        self.post(f"{job_path(job)}/{number}/stop", Subject("job", job), accept=(302,))

    # Requests.

    def get(
        self,
        path: str,
        about: Subject = NOTHING,
        params: Optional[Mapping[str, str]] = None,
        accept: Tuple[int, ...] = (),
    ) -> Response:
        """What is at a path of Jenkins, and of nothing else."""
        self.begin()
        response = self.send("GET", path, about, params=params, accept=accept)
        return self._of_jenkins(response)

    def post(
        self,
        path: str,
        about: Subject,
        data: Optional[Mapping[str, str]] = None,
        accept: Tuple[int, ...] = (),
    ) -> Response:
        """The answer of Jenkins to a request that changes something; never sent twice."""
        self.begin()
        response = self.send("POST", path, about, data=data, accept=accept, idempotent=False)
        return self._of_jenkins(response)

    def _json(self, path: str, params: Mapping[str, str], about: Subject) -> Dict[str, Any]:
        response = self.get(path, about, params)
        return self.read(response, _object)

    def _of_jenkins(self, response: Response) -> Response:
        """The response, where Jenkins gave it. A page that a portal gave has done nothing."""
        if "x-jenkins" in response.headers:
            return response
        portal = response.status in (200, 302) or response.status == 404
        failure = self.not_the_api(response)
        failure.facts["sent"] = response.method != "GET" and not portal
        raise failure

    def not_the_api(self, response: Response) -> Failure:
        """What is not Jenkins: a portal or a proxy."""
        message = (
            f"{response.url} answered {response.status} without the header X-Jenkins: that is not "
            "Jenkins, but a login page or a proxy."
        )
        hint = f"An administrator has to check {self.key}.url: it is the address of Jenkins."
        return Failure(Code.BAD_ANSWER, message, hint, response.facts)

    def words(self, response: Response) -> str:
        """Jenkins explains errors in HTML, and in the header X-Error."""
        return self.quoted(response, response.headers.get("x-error", ""))

    def error(self, response: Response, about: Subject) -> OpsroomError:
        """What an error of Jenkins means, and what is not of Jenkins."""
        status, facts = response.status, response.facts
        if "x-jenkins" not in response.headers and status != 401:
            return self.not_the_api(response)
        if status == 401:
            message = f"Jenkins does not accept the API token of {self.user} (401)."
            hint = f"It may have expired: make a new one and put it into {self.key}.token."
            return Failure(Code.UNAUTHORIZED, message, hint, facts)
        if status == 403 and "crumb" in response.text:
            message = f"Jenkins wants a crumb (403), so {self.key}.token is no API token."
            hint = "Make an API token of the user in Jenkins; a password will not do."
            return Failure(Code.UNAUTHORIZED, message, hint, facts)
        if status == 403:
            right = self.quoted(response, response.headers.get("x-required-permission", ""), 80)
            missing = f" It wants {right}." if right else ""
            message = f"Jenkins does not allow this to {self.user} (403).{missing}"
            hint = "Rights that are needed: Overall/Read, Job/Read, Job/Build, Job/Cancel."
            return Failure(Code.UNAUTHORIZED, message, hint, facts)
        if status == 404 and about.kind == "job":
            message = f"Jenkins has no job {about.name}, or does not show it to {self.user} (404)."
            hint = f"An administrator has to check {self.key}.job, and the right Job/Read."
            return Refusal(Code.NOT_POSSIBLE, message, hint, facts)
        if status == 409 and about.kind == "job":
            return _disabled(about.name)
        if status == 400 and "parameterized" in response.text:
            message = f"The job {about.name} has no parameters in Jenkins."
            hint = f"An administrator adds them there, or removes {self.key}.parameters."
            return Refusal(Code.NOT_POSSIBLE, message, hint, facts)
        return super().error(response, about)


def job_path(job: str) -> str:
    """The path of a job: /job/shop/job/web. A slash in the name of a branch is written %2F, and
    encoded once more here, as Jenkins wants it."""
    return "".join(f"/job/{quote(part, safe='')}" for part in job.split("/"))


def is_of_job(job: str, address: str) -> bool:
    """Whether this is the address of the job, under whatever name Jenkins knows itself; one of the
    same name in a folder is another."""
    path = f"{job_path(job)}/"
    return address.endswith(path) and "/job/" not in address[: -len(path)]


def _disabled(job: str) -> Refusal:
    return Refusal(
        Code.NOT_POSSIBLE, f"The job {job} is disabled in Jenkins.", "Enable it there first."
    )


def _object(found: Any) -> Dict[str, Any]:
    if not isinstance(found, dict):
        raise Unexpected("there is no object")
    return found


def _list(found: Any, key: str) -> Tuple[Dict[str, Any], ...]:
    return objects(_object(found).get(key), key)


def _number(found: Mapping[str, Any], key: str) -> int:
    value = found.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unexpected(f"'{key}' is no number")
    return value


def _parameters(found: Mapping[str, Any]) -> Dict[str, str]:
    return {
        text_at(one, "name"): str(one.get("value", ""))
        for action in list_at(found, "actions")
        for one in list_at(action, "parameters")
        if isinstance(one, dict)
    }


def _user(found: Mapping[str, Any]) -> str:
    users = [
        text_at(cause, "userId")
        for action in list_at(found, "actions")
        for cause in list_at(action, "causes")
    ]
    return next((one for one in users if one), "")


def _item(found: Any) -> Item:
    found = _object(found)
    executable = found.get("executable")
    return Item(
        id=_number(found, "id"),
        why=text_at(found, "why"),
        cancelled=found.get("cancelled") is True,
        build=_number(executable, "number") if isinstance(executable, dict) else 0,
        parameters=_parameters(found),
        user=_user(found),
        task=text_at(found, "task", "url"),
    )


def _build(found: Any) -> Build:
    found = _object(found)
    timestamp = found.get("timestamp")
    return Build(
        number=_number(found, "number"),
        item=found["queueId"] if isinstance(found.get("queueId"), int) else 0,
        building=found.get("building") is True,
        result=text_at(found, "result"),
        timestamp=timestamp / 1000 if isinstance(timestamp, (int, float)) else 0.0,
        url=text_at(found, "url"),
        parameters=_parameters(found),
        user=_user(found),
    )
