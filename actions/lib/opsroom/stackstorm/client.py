"""StackStorm's own executions, through its API: start one, follow it, cancel it, find one that is
still running.

Not st2client: its import takes 0.3 s, for a handful of requests.

What set off a rule: a trigger instance, asked of StackStorm by its id.

A rule hands on the id and nothing else: what came from outside passes through no template on its
way to an action.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Tuple

from ..errors import Code, Failure, Refusal
from ..expressions.json_values import read
from ..http.errors import in_doubt, judge

if TYPE_CHECKING:
    from ..http.response import Response


# Which of StackStorm's states are an end; all others go on (`paused` and `pending` until someone
# does something).
ENDED = ("succeeded", "failed", "timeout", "canceled", "abandoned", "skipped")
_PATIENCE = 10.0
# Under this key our note stands in the context of what we start. StackStorm leaves other keys
# alone.
_NOTE = "opsroom"
_NEWEST = 50
# Where its address is configured, as a sentence names it.
_URL_OF_ACTION = "url beside the action in opsroom.yaml"
_URL_OF_STACKSTORM = "auth.api_url in StackStorm's st2.conf"


@dataclass(frozen=True)
class Execution:
    """One execution. `note` is what we wrote on it; `result` is as its runner left it; `link` may
    be empty."""

    id: str
    status: str
    result: Any = None
    note: Mapping[str, Any] = field(default_factory=dict)
    link: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status in ENDED


class StackStorm:
    """One StackStorm. `key` is an API key; without one, `token` is sent. The time limit is for each
    request.

    `address_key`: where its address is configured, as for `HttpClient`.
    """

    def __init__(
        self,
        url: str,
        key: str = "",
        token: str = "",
        verify: str = "",
        time_limit: float = _PATIENCE,
        address_key: str = "",
    ) -> None:
        from ..http.client import HttpClient

        headers = {"St2-Api-Key": key} if key else {"X-Auth-Token": token}
        self._url = url.rstrip("/")
        self._http = HttpClient(
            headers, time_limit=time_limit, verify=verify, address_key=address_key
        )

    def start(
        self, action: str, parameters: Mapping[str, Any], note: Mapping[str, Any]
    ) -> Execution:
        """Run an action. When the answer is lost, the execution is looked for by its note before it
        is given up.

        Raises Refusal(not_accepted) with what StackStorm has against it, and Failure: unauthorized,
        unreachable, ...
        """
        headers = {"St2-Context": json.dumps({_NOTE: dict(note)})}
        body = {"action": action, "parameters": dict(parameters)}
        try:
            answer = self._http.send(
                "POST",
                f"{self._url}/executions",
                json=body,
                headers=headers,
                accept=(400, 404, 409),
            )
        except Failure as failure:
            there = self.find(action, note) if in_doubt(failure) else None
            if there is None:
                raise _told(failure, action) from failure
            return there
        if answer.status >= 400:
            if not _of_stackstorm(answer):
                raise _no_api(answer)
            raise Refusal(
                Code.NOT_ACCEPTED,
                f"StackStorm does not run {action}: {_fault(answer.json())}",
                "An administrator looks at the action's name and parameters in opsroom.yaml.",
            )
        return _execution(answer.json(read))

    def get(self, execution_id: str) -> Execution:
        """An execution as it is now. Raises Failure, with status 404 only where StackStorm itself
        says that there is no such execution."""
        query = {"include_attributes": "status,result,context,web_url"}
        try:
            answer = self._http.get(
                f"{self._url}/executions/{execution_id}", params=query, accept=(404,)
            )
            if answer.status == 404:
                own = _of_stackstorm(answer)
                raise (
                    judge(404, answer.headers, answer.url, answer.method).failure
                    if own
                    else _no_api(answer)
                )
            found = answer.json(read)
        except Failure as failure:
            if failure.code is not Code.UNAUTHORIZED:
                raise
            raise Failure(
                failure.code,
                f"StackStorm does not let this user see execution {execution_id}, so it cannot "
                "be followed.",
                "An administrator grants action_view on the action to that user.",
                failure.facts,
            ) from failure
        return _execution(found, execution_id)

    def find(self, action: str, note: Mapping[str, Any]) -> Optional[Execution]:
        """The newest execution of an action whose note has all of that; None when there is none
        among the latest."""
        return next((one for one in self.newest(action) if _holds(one, note)), None)

    def newest(self, action: str) -> List[Execution]:
        """The latest executions of an action, newest first, without their results."""
        query = {
            "action": action,
            "limit": str(_NEWEST),
            "sort_desc": "true",
            "include_attributes": "status,context,web_url",
        }
        found = self._http.get(f"{self._url}/executions", params=query).json()
        if not isinstance(found, list):
            raise Failure(
                Code.BAD_ANSWER, f"{self._url}/executions answered something else than a list."
            )
        return [_execution(one) for one in found]

    def tasks(self, execution_id: str) -> List[Tuple[str, str]]:
        """(name, status) of the tasks of a workflow, in the order in which they began; none for
        another action."""
        query = {
            "parent": execution_id,
            "limit": "100",
            "sort_asc": "true",
            "include_attributes": "status,context",
        }
        found = self._http.get(f"{self._url}/executions", params=query).json()
        every: List[Tuple[str, str]] = []
        for one in found if isinstance(found, list) else []:
            context = one.get("context") or {}
            task = (context.get("orquesta") or context.get("chain") or {}).get(
                "task_name"
            ) or context.get("name")
            if task:
                every.append((str(task), str(one.get("status", ""))))
        return every

    def running(self) -> List[Mapping[str, Any]]:
        """The executions that StackStorm takes for running, as it describes them; of many, the
        newest hundred."""
        query = {
            "status": "running",
            "limit": "100",
            "sort_desc": "true",
            "include_attributes": "status,action,start_timestamp,context",
        }
        found = self._http.get(f"{self._url}/executions", params=query).json()
        if not isinstance(found, list):
            raise Failure(
                Code.BAD_ANSWER, f"{self._url}/executions answered something else than a list."
            )
        return [one for one in found if isinstance(one, Mapping) and one.get("id")]

    def end(self, execution_id: str, status: str, result: Mapping[str, Any]) -> bool:
        """Give an execution its end and its result, as its runner would have. False when it has an
        end already."""
        body = {"status": status, "result": dict(result)}
        answer = self._http.send(
            "PUT", f"{self._url}/executions/{execution_id}", json=body, accept=(400,)
        )
        return answer.status < 400

    def cancel(self, execution_id: str) -> None:
        """Ask it to end. One that has ended already stays as it is."""
        self._http.send("DELETE", f"{self._url}/executions/{execution_id}", accept=(404,))


def here(
    url: str = "", key: str = "", verify: str = "", time_limit: float = _PATIENCE
) -> StackStorm:
    """The StackStorm at an address; without one, that in which this action runs, with the token of
    its user.

    Raises Refusal(not_configured) where there is none.
    """
    if url:
        return StackStorm(
            url, key, verify=verify, time_limit=time_limit, address_key=_URL_OF_ACTION
        )
    api = os.environ.get("ST2_ACTION_API_URL", "")
    if not api:
        raise Refusal(
            Code.NOT_CONFIGURED,
            "There is no StackStorm here that could run an action.",
            "Add url and api_key beside the action in opsroom.yaml.",
        )
    token = os.environ.get("ST2_ACTION_AUTH_TOKEN", "")
    return StackStorm(api, key, token, verify, time_limit, _URL_OF_STACKSTORM)


def why(execution: Execution) -> str:
    """What an execution that did not succeed says of it, in a few words."""
    result = execution.result
    if not isinstance(result, Mapping):
        return str(result) if result else ""
    inner = result.get("result")
    places: List[Any] = [result.get("error"), result.get("errors"), result.get("stderr")]
    places = (
        [inner.get("message"), inner.get("error"), *places]
        if isinstance(inner, Mapping)
        else [inner, *places]
    )
    for one in places:
        if isinstance(one, list) and one and isinstance(one[0], Mapping):
            one = one[0].get("message")
        if isinstance(one, str) and one.strip():
            return one.strip().splitlines()[-1]
    return ""


def _holds(execution: Execution, note: Mapping[str, Any]) -> bool:
    return all(execution.note.get(key) == value for key, value in note.items())


def _execution(found: Any, id: str = "") -> Execution:
    if not isinstance(found, Mapping) or not (id or found.get("id")) or not found.get("status"):
        raise Failure(
            Code.BAD_ANSWER,
            "StackStorm answered something else than an execution.",
            facts={"sent": True},
        )
    context: Dict[str, Any] = found.get("context") or {}
    note = context.get(_NOTE)
    return Execution(
        id=id or str(found["id"]),
        status=str(found["status"]),
        result=found.get("result"),
        note=note if isinstance(note, Mapping) else {},
        link=str(found.get("web_url") or ""),
    )


def _fault(body: Any) -> str:
    from ..text import one_line

    text = body.get("faultstring") if isinstance(body, Mapping) else ""
    return one_line(str(text or "it does not say why").splitlines()[0], 200).rstrip(".") + "."


def _of_stackstorm(answer: Response) -> bool:
    """Whether an error is StackStorm's own, and not that of a server or gateway without
    StackStorm."""
    try:
        content = answer.json()
    except Failure:
        return False
    return isinstance(content, Mapping) and "faultstring" in content


def _no_api(answer: Response) -> Failure:
    message = f"{answer.url} answered {answer.status}, and not as StackStorm explains its errors."
    hint = f"An administrator checks {_URL_OF_ACTION}, or {_URL_OF_STACKSTORM}."
    return Failure(Code.BAD_ANSWER, message, hint, {"url": answer.url, "sent": False})


def _told(failure: Failure, action: str) -> Failure:
    if failure.code is not Code.UNAUTHORIZED:
        return failure
    return Failure(
        failure.code,
        f"StackStorm does not let this user run {action}.",
        "An administrator grants action_execute on it, or sets an api_key beside the action in "
        "opsroom.yaml.",
        failure.facts,
    )


_TRIGGER_TIMEOUT = 10.0


def payload_of(instance: str) -> Mapping[str, Any]:
    """The payload of a trigger instance.

    Raises Refusal(not_configured) outside of StackStorm, and Failure(unauthorized, unreachable,
    bad_answer, ...).
    """
    api = os.environ.get("ST2_ACTION_API_URL", "").rstrip("/")
    if not api:
        raise Refusal(
            Code.NOT_CONFIGURED,
            "There is no StackStorm here whose triggers could be read.",
            "Rules run this action; nobody else needs it.",
        )
    from ..http.client import HttpClient

    http = HttpClient(
        {"X-Auth-Token": os.environ.get("ST2_ACTION_AUTH_TOKEN", "")}, time_limit=_TRIGGER_TIMEOUT
    )
    found = http.get(f"{api}/triggerinstances/{instance}").json()
    payload = found.get("payload") if isinstance(found, Mapping) else None
    if not isinstance(payload, Mapping):
        raise Failure(Code.BAD_ANSWER, "StackStorm did not tell what set this off.")
    return payload
