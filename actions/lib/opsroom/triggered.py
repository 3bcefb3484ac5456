"""What set off a rule: a trigger instance, asked of StackStorm by its id.

A rule hands on the id and nothing else: what came from outside passes through no template on its way to an action.
"""

from __future__ import annotations

import os
from typing import Any, Mapping

from .errors import Code, Failure, Refusal

_PATIENCE = 10.0


def payload_of(instance: str) -> Mapping[str, Any]:
    """The payload of a trigger instance.

    Raises Refusal(not_configured) outside of StackStorm, and Failure(unauthorized, unreachable, bad_answer, ...).
    """
    api = os.environ.get("ST2_ACTION_API_URL", "").rstrip("/")
    if not api:
        raise Refusal(
            Code.NOT_CONFIGURED,
            "There is no StackStorm here whose triggers could be read.",
            "Rules run this action; nobody else needs it.",
        )
    from .http import Http

    http = Http({"X-Auth-Token": os.environ.get("ST2_ACTION_AUTH_TOKEN", "")}, time_limit=_PATIENCE)
    found = http.get(f"{api}/triggerinstances/{instance}").json()
    payload = found.get("payload") if isinstance(found, Mapping) else None
    if not isinstance(payload, Mapping):
        raise Failure(Code.BAD_ANSWER, "StackStorm did not tell what set this off.")
    return payload
