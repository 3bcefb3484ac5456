"""A running StackStorm as a relay without a chat sees it: messages handed over, and what came of
each."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Dict, Iterable, List
from typing import Counter as Counted
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from benchmarks.stackstorm import call

ENDED = ("succeeded", "failed", "timeout", "canceled", "abandoned")
# A request that takes longer has not been taken, in seconds.
LONGEST = 60.0
_NOTIFIED = "core.st2.generic.notifytrigger"
_PAGE = 100


@dataclass
class Message:
    """One message: when it was handed over (seconds since the epoch), and what came of it.

    `refusal` is why StackStorm did not take it, `execution` the id of what it started. `ended` is
    when that ended (0.0: it has not), `code` and `answer` what the action returned, empty without.
    """

    text: str
    writes: bool
    sent: float
    execution: str = ""
    refusal: str = ""
    status: str = ""
    ended: float = 0.0
    code: str = ""
    answer: str = ""

    @property
    def seconds(self) -> float:
        """From the request to the end."""
        return self.ended - self.sent


def username() -> str:
    """The StackStorm user of the token."""
    return str(call("/user")["username"])


def configure(config: Dict[str, Any]) -> None:
    """Put a config of opsroom in place."""
    _request("PUT", "/configs/opsroom", config)


def hand_over(text: str, person: str, writes: bool) -> Message:
    """Hand a message over, and do not wait for what it starts."""
    message = Message(text, writes, time.time())
    body = {
        "command": text,
        "user": person,
        "source_channel": "#dev",
        "notification_route": "none",
    }
    try:
        (result,) = _request("POST", "/aliasexecution/match_and_execute", body)["results"]
        message.execution = str(result["execution"]["id"])
    except HTTPError as error:
        message.refusal = f"{error.code} {error.read(200).decode('utf-8', 'replace')}"
    except (URLError, OSError, ValueError) as error:
        message.refusal = f"{type(error).__name__}: {error}"
    return message


def settle(messages: Iterable[Message], patience: float) -> None:
    """Wait until what was started has ended, at most so many seconds, and note how."""
    left = [one for one in messages if one.execution]
    until = time.time() + patience
    while left:
        left = [one for one in left if not _has_ended(one)]
        if time.time() > until:
            return
        time.sleep(1.0 if left else 0.0)


def notifications(since: float) -> Counted[str]:
    """How often StackStorm notified of the end of each execution, since that moment."""
    found: Counted[str] = Counter()
    moment = datetime.utcfromtimestamp(since).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    wanted = f"/triggerinstances?trigger={_NOTIFIED}&timestamp_gt={moment}&limit={_PAGE}"
    offset = 0
    while True:
        page: List[Dict[str, Any]] = call(f"{wanted}&offset={offset}")
        found.update(str(one["payload"].get("execution_id")) for one in page)
        offset += _PAGE
        if len(page) < _PAGE:
            return found


def _has_ended(message: Message) -> bool:
    wanted = "include_attributes=status,result,end_timestamp"
    try:
        found = call(f"/executions/{message.execution}?{wanted}")
    except (URLError, OSError):
        return False
    message.status = str(found["status"])
    if message.status not in ENDED or not found.get("end_timestamp"):
        return False
    message.ended = _seconds(str(found["end_timestamp"]))
    result = (found.get("result") or {}).get("result")
    if isinstance(result, dict):
        message.code = str(result.get("code", ""))
        message.answer = str(result.get("message", ""))
    return True


def _seconds(moment: str) -> float:
    shape = "%Y-%m-%dT%H:%M:%S.%f%z" if "." in moment else "%Y-%m-%dT%H:%M:%S%z"
    return datetime.strptime(moment.replace("Z", "+0000"), shape).timestamp()


def _request(method: str, path: str, body: Dict[str, Any]) -> Any:
    headers = {"X-Auth-Token": os.environ["ST2_AUTH_TOKEN"], "Content-Type": "application/json"}
    url = os.environ["ST2_API_URL"] + path
    request = Request(url, json.dumps(body).encode(), headers, method=method)
    with urlopen(request, timeout=LONGEST) as answer:
        return json.load(answer)
