"""Evaluates one expression of the config in a process of its own, which can be stopped; started by
`opsroom.expressions`.

Reads a JSON object from standard input and writes one: `found` or `problem`. A result is at most a
million characters long.
"""

from __future__ import annotations

import json
import resource
import sys
from contextlib import suppress

TYPE_CHECKING = False  # `typing` would take a fifth of the start
if TYPE_CHECKING:
    from typing import Any, Dict

_MEMORY = 1 << 30  # bytes
_MAX_CHARACTERS = 1_000_000


def main(seconds: int) -> None:
    """One question, one answer, within so many seconds of processor time."""
    for limit, most in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_AS, _MEMORY)):
        hard = resource.getrlimit(limit)[1]
        soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with suppress(OSError, ValueError):  # not on every system; the client has a clock as well
            resource.setrlimit(limit, (soft, hard))
    try:
        answer = json.dumps({"found": evaluate(json.load(sys.stdin))})
        if len(answer) > _MAX_CHARACTERS:
            answer = json.dumps({"problem": "it finds too much"})
    except MemoryError:
        answer = json.dumps({"problem": "it needs too much memory"})
    except RecursionError:
        answer = json.dumps({"problem": "it is nested too deep"})
    except Exception as error:  # a JMESPath function refuses a value in many ways
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(":. ")
        answer = json.dumps({"problem": reason})
    sys.stdout.write(answer)


def evaluate(question: Dict[str, Any]) -> Any:
    """What the expression finds."""
    if question["kind"] == "regex":
        import re

        expression = re.compile(question["expression"], question["flags"])
        match = expression.search(question["content"])
        if match is None:
            return None
        return match.group("version") if "version" in expression.groupindex else match.group(1)
    sys.path += question["packages"]
    import jmespath

    from opsroom.expressions.json_values import options, unwritten, written

    content = json.loads(json.dumps(question["content"]), object_hook=unwritten)
    return written(jmespath.search(question["expression"], content, options()))
