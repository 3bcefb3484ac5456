"""What StackStorm believes of opsroom's own executions, and what is so: has one ended, is its
runner gone?

A runner that dies leaves what it ran `running` in StackStorm for good, whether the action continues
or not: nobody notices. StackStorm takes an end from anyone who may run the action (`PUT
/executions/ID`), as long as it has none yet.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any, List, Mapping, Optional, Sequence

from ..errors import OpsroomError
from ..structs import dataclass
from .client import StackStorm, here, time_of

# In seconds: someone waits for an answer while one execution is looked at.
_TIME_LIMIT = 3.0
# What a runner gives an action that names no limit, in seconds.
_LIMIT = 600.0


@dataclass(frozen=True)
class Running:
    """An execution of opsroom that StackStorm takes for running, or for about to run; `limit` is
    how long it may, in seconds."""

    id: str
    action: str
    began: datetime
    limit: float
    room: str = ""


def process_ended(status: str, result: Any) -> bool:
    """Whether the runner has seen the end of the action's process: only then is there an exit code.

    What was cancelled may go on, what was abandoned too; so may what failed in the runner itself,
    which leaves no code.
    """
    code = result.get("exit_code") if isinstance(result, Mapping) else None
    return status in ("succeeded", "failed", "timeout") and isinstance(code, int)


def has_ended(execution_id: str) -> bool:
    """Whether the process of an execution has certainly ended. False where StackStorm does not
    know, or may not.

    The token of this action's user reads it: that needs action_view on the action.
    """
    if not execution_id or not os.environ.get("ST2_ACTION_API_URL"):
        return False
    try:
        found = here(time_limit=_TIME_LIMIT).get(execution_id)
    except OpsroomError:
        return False
    return process_ended(found.status, found.result)


def hand_over(execution_id: str, ok: bool, result: Mapping[str, Any]) -> bool:
    """End the execution of this action with its own result, after its runner died. False when
    StackStorm has an end."""
    return here().end(execution_id, "succeeded" if ok else "failed", {"result": dict(result)})


def running(client: StackStorm, pack: str = "opsroom") -> List[Running]:
    """The Python actions of the pack that StackStorm takes for running, oldest first.

    Raises Failure: unauthorized without the right execution_list, unreachable, ...
    """
    return _of_pack(client.running(), pack)


def unbegun(client: StackStorm, pack: str = "opsroom") -> List[Running]:
    """The Python actions of the pack that wait for a runner, oldest first; `began` is when each was
    asked for.

    A runner takes more than it can begin at once. When it dies, what it had taken waits for good.
    Raises as `running`.
    """
    return _of_pack(client.scheduled(), pack)


def _of_pack(found: Sequence[Mapping[str, Any]], pack: str) -> List[Running]:
    ours = [_running(one) for one in found if (one.get("action") or {}).get("pack") == pack]
    return sorted((one for one in ours if one is not None), key=lambda one: one.began)


def _running(found: Mapping[str, Any]) -> Optional[Running]:
    action, context = found["action"], found.get("context") or {}
    began = time_of(found.get("start_timestamp") or "")
    if began is None or (action.get("runner_type") or "python-script") != "python-script":
        return None
    timeout = ((action.get("parameters") or {}).get("timeout") or {}).get("default")
    limit = float(timeout) if isinstance(timeout, (int, float)) else _LIMIT
    room = str(context.get("source_channel") or "")
    return Running(str(found["id"]), str(action.get("name") or ""), began, limit, room)
