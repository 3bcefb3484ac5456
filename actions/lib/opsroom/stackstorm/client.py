"""StackStorm's executions: start one, follow it, cancel it, find one that is still running; and
post a message in chat."""

from __future__ import annotations

import json
import os
from dataclasses import field
from datetime import datetime
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ..errors import Code, Failure, Refusal
from ..expressions.json_values import read
from ..http.errors import in_doubt, judge
from ..http.response import Response
from ..structs import dataclass
from ..text import one_line
from .transport import TIME_LIMIT, Transport

# Which of StackStorm's states are an end; all others go on (`paused` and `pending` until someone
# does something).
ENDED = ("succeeded", "failed", "timeout", "canceled", "abandoned", "skipped")
# Under this key our note is in the context of what we start. StackStorm leaves other keys
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
    """One StackStorm. `key` is an API key; without one, `token` is sent. `time_limit` (seconds) is
    for each request, `verify` and `address_key` as for `Transport`."""

    def __init__(
        self,
        url: str,
        key: str = "",
        token: str = "",
        verify: str = "",
        time_limit: float = TIME_LIMIT,
        address_key: str = "",
    ) -> None:
        self._transport = Transport(
            url,
            key=key,
            token=token,
            verify=verify,
            time_limit=time_limit,
            address_key=address_key,
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
        try:
            response = self._create(action, parameters, (400, 404, 409), headers=headers)
        except Failure as failure:
            existing = self.find(action, note) if in_doubt(failure) else None
            if existing is None:
                raise _not_allowed(failure, action) from failure
            return existing
        if response.status >= 400:
            if not _of_stackstorm(response):
                raise _no_api(response)
            raise Refusal(
                Code.NOT_ACCEPTED,
                f"StackStorm does not run {action}: {_fault(response.json())}",
                "An administrator looks at the action's name and parameters in opsroom.yaml.",
            )
        return _execution(response.json(read))

    def post(self, channel: str, text: str, route: str) -> None:
        """Post a message in chat; its end is not waited for.

        `text` must be neutralised: StackStorm renders expressions in it with the rights of the
        user. Raises Failure; `http.errors.in_doubt` says whether it may have been posted.
        """
        parameters = {"channel": channel, "message": text, "route": route}
        self._create("chatops.post_message", parameters)

    def get(self, execution_id: str) -> Execution:
        """An execution as it is now. Raises Failure, with status 404 only where StackStorm itself
        says that there is no such execution."""
        query = {"include_attributes": "status,result,context,web_url"}
        try:
            response = self._transport.call(
                lambda st2, **how: st2.executions.get_by_id(execution_id, params=query, **how),
                accept=(404,),
            )
            if response.status == 404:
                own = _of_stackstorm(response)
                raise (
                    judge(404, response.headers, response.url, response.method).failure
                    if own
                    else _no_api(response)
                )
            found = response.json(read)
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
        found = self.query(
            action=action,
            limit=str(_NEWEST),
            sort_desc="true",
            include_attributes="status,context,web_url",
        )
        return [_execution(one) for one in found]

    def tasks(self, execution_id: str) -> List[Tuple[str, str]]:
        """(name, status) of the tasks of a workflow, in the order in which they began; none for
        another action."""
        found = self.query(
            parent=execution_id, limit="100", sort_asc="true", include_attributes="status,context"
        )
        every: List[Tuple[str, str]] = []
        for one in found:
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
        return self._in_state("running", sort_desc="true")

    def scheduled(self) -> List[Mapping[str, Any]]:
        """The executions that wait for a runner, as StackStorm describes them; of many, the oldest
        hundred."""
        return self._in_state("scheduled", sort_asc="true")

    def _in_state(self, status: str, **sort: str) -> List[Mapping[str, Any]]:
        wanted = "status,action,start_timestamp,context"
        found = self.query(status=status, limit="100", include_attributes=wanted, **sort)
        return [one for one in found if one.get("id")]

    def query(self, **query: str) -> List[Mapping[str, Any]]:
        """The executions that a query of the API finds, as StackStorm describes them.

        Raises Failure: unauthorized, unreachable, bad_answer, ...
        """
        response = self._transport.call(
            lambda st2, **how: st2.executions.get_all(params=dict(query), **how)
        )
        return _list(response)

    def attributes(self, execution_id: str, *names: str) -> Optional[Mapping[str, Any]]:
        """These attributes of an execution; None where StackStorm has no such execution, or could
        never have had one of that id."""
        query = {"include_attributes": ",".join(names)}
        response = self._transport.call(
            lambda st2, **how: st2.executions.get_by_id(execution_id, params=query, **how),
            accept=(400, 404),
        )
        found = response.json() if response.ok else None
        return found if isinstance(found, Mapping) else None

    def end(self, execution_id: str, status: str, result: Mapping[str, Any]) -> bool:
        """Give an execution its end and its result, as its runner would have. False when it has an
        end already."""
        body = {"status": status, "result": dict(result)}
        # As `pause` and `resume` of st2client do it: its `update` sends the id as well, which
        # StackStorm refuses.
        response = self._transport.call(
            lambda st2, **how: st2.executions.client.put(
                f"/executions/{execution_id}", body, **how
            ),
            accept=(400,),
        )
        return response.status < 400

    def cancel(self, execution_id: str) -> None:
        """Ask it to end. One that has ended already stays as it is."""
        self._transport.call(
            lambda st2, **how: st2.executions.delete(
                st2.executions.resource(id=execution_id), **how
            ),
            accept=(404,),
        )

    def look(self, path: str, **query: str) -> Any:
        """What a path of the API shows (`/rules/chatops.notify`), as it is; None where StackStorm
        has no such thing. Raises Failure: unauthorized, unreachable, bad_answer, ..."""
        response = self._transport.call(
            lambda st2, **how: st2.executions.client.get(path, params=dict(query), **how),
            accept=(404,),
        )
        return response.json() if response.ok else None

    def trigger_instance(self, instance_id: str) -> Any:
        """A trigger instance, as StackStorm describes it. Raises Failure."""
        return self._transport.call(
            lambda st2, **how: st2.triggerinstances.get_by_id(instance_id, **how)
        ).json()

    def trigger_instances(self, **query: str) -> List[Mapping[str, Any]]:
        """The trigger instances that a query of the API finds, newest first. Raises Failure."""
        response = self._transport.call(
            lambda st2, **how: st2.triggerinstances.get_all(params=dict(query), **how)
        )
        return _list(response)

    def _create(
        self,
        action: str,
        parameters: Mapping[str, Any],
        accept: Tuple[int, ...] = (),
        headers: Optional[Dict[str, str]] = None,
    ) -> Response:
        return self._transport.call(
            lambda st2, **how: st2.executions.create(
                st2.executions.resource(action=action, parameters=dict(parameters)),
                headers=dict(headers or {}),
                **how,
            ),
            accept=accept,
        )


def here(
    url: str = "", key: str = "", verify: str = "", time_limit: float = TIME_LIMIT
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


def time_of(text: object) -> Optional[datetime]:
    """A time as the API writes it; None where it is none."""
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None


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


def _list(response: Response) -> List[Mapping[str, Any]]:
    found = response.json()
    if not isinstance(found, list):
        raise response.unexpected("answered something else than a list")
    return [one for one in found if isinstance(one, Mapping)]


def _fault(body: Any) -> str:
    text = body.get("faultstring") if isinstance(body, Mapping) else ""
    return one_line(str(text or "it does not say why").splitlines()[0], 200).rstrip(".") + "."


def _of_stackstorm(response: Response) -> bool:
    """Whether an error is StackStorm's own, and not that of a server or gateway without
    StackStorm."""
    content = response.content()
    return isinstance(content, Mapping) and "faultstring" in content


def _no_api(response: Response) -> Failure:
    message = (
        f"{response.url} answered {response.status}, and not as StackStorm explains its errors."
    )
    hint = f"An administrator has to check {_URL_OF_ACTION}, or {_URL_OF_STACKSTORM}."
    return Failure(Code.BAD_ANSWER, message, hint, {"url": response.url, "sent": False})


def _not_allowed(failure: Failure, action: str) -> Failure:
    if failure.code is not Code.UNAUTHORIZED:
        return failure
    return Failure(
        failure.code,
        f"StackStorm does not let this user run {action}.",
        "An administrator grants action_execute on it, or sets an api_key beside the action in "
        "opsroom.yaml.",
        failure.facts,
    )
