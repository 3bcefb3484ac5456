"""Who really started an execution: StackStorm lets anyone who posts one write its context, all but
one part of it.

`POST /executions` takes a header `St2-Context` and lays it over the context that StackStorm made,
so that anyone who may run an action can claim another `user`, `api_user` or `source_channel`. Only
`rbac` is written afterwards, by StackStorm itself, where RBAC is on
(st2api/controllers/v1/actionexecutions.py, `_schedule_execution`). The metadata of every action
therefore takes the user from there. An action inside a workflow has no such part: it inherits the
user of the workflow, and that may be a claim. The metadata then names the workflow's execution, and
it is asked.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Mapping, Optional

from ..errors import Code, Failure
from ..structs import dataclass

if TYPE_CHECKING:
    from .client import StackStorm

# Between the user and the execution of the workflow, in the parameter `st2_user`.
_INSIDE = " in "
_MAX_DEPTH = 10
# Seconds for each question.
_TIME_LIMIT = 5.0


@dataclass(frozen=True)
class Starter:
    """The StackStorm user, and what was said of the chat: that counts only when the user is a
    relay.

    `workflow` is the execution that someone started, where this action is a part of one; `at` is
    when that began, in seconds since 1970. Both are empty for an action that was started itself.
    """

    st2_user: str
    requester: str
    room: str
    workflow: str = ""
    at: Optional[float] = None


def starter_of(requester: str, room: str, st2_user: str) -> Starter:
    """Who started this action, from its three immutable parameters.

    Raises Failure(unauthorized, unreachable, ...) when a workflow's own execution cannot be asked.
    """
    user, inside, parent = st2_user.rpartition(_INSIDE)
    if not inside:
        return Starter(st2_user, requester, room)
    return _root(parent.strip(), Starter(user, requester, room))


def _root(execution: str, claimed: Starter) -> Starter:
    if not os.environ.get("ST2_ACTION_API_URL"):
        return claimed
    # Loads st2client; most actions are not part of a workflow.
    from .client import here, time_of

    storm = here(time_limit=_TIME_LIMIT)
    for _ in range(_MAX_DEPTH):
        found = _execution(storm, execution)
        context = found["context"]
        known, parent = context.get("rbac"), context.get("parent")
        if isinstance(known, Mapping) and known.get("user"):
            user = str(known["user"])
        elif isinstance(parent, Mapping) and parent.get("execution_id"):
            execution = str(parent["execution_id"])
            continue
        else:
            # Started by a rule, by the relay, or where there is no RBAC and so nothing to be had
            # by a claim.
            user = str(context.get("user") or "")
        chat = str(context.get("api_user") or user)
        began = time_of(found.get("start_timestamp") or "")
        return Starter(
            user,
            chat,
            str(context.get("source_channel") or ""),
            execution,
            began.timestamp() if began else None,
        )
    raise Failure(
        Code.UNAUTHORIZED, "It is not known who started this: it is too deep inside of workflows."
    )


def _execution(storm: StackStorm, execution: str) -> Mapping[str, Any]:
    try:
        found = storm.attributes(execution, "context", "start_timestamp") or {}
    except Failure as failure:
        message = (
            "It is not known who started the workflow in which this runs, so nothing was done. "
            f"{failure.message}"
        )
        hint = "The StackStorm user needs the right action_view on that workflow."
        raise Failure(failure.code, message, hint, failure.facts) from failure
    if not isinstance(found.get("context"), Mapping):
        raise Failure(
            Code.BAD_ANSWER, "StackStorm did not show who started the workflow in which this runs."
        )
    return found
