"""What came of a workflow on a running StackStorm."""

from __future__ import annotations

from typing import Any, Dict, List

from support.stackstorm.client import StackStorm

V1, V2 = "v1.0.0", "v1.1.0"


def tasks(stackstorm: StackStorm, execution: Dict[str, Any]) -> List[Dict[str, Any]]:
    """The executions inside of a workflow, oldest first."""
    found: List[Dict[str, Any]] = stackstorm.get(
        f"/executions?parent={execution['id']}&limit=100&sort_asc=True"
    )
    return sorted(found, key=lambda one: str(one["start_timestamp"]))


def refs(stackstorm: StackStorm, execution: Dict[str, Any]) -> List[str]:
    return [
        one["action"]["ref"]
        for one in tasks(stackstorm, execution)
        if one["action"]["ref"] != "core.noop"
    ]


def output(execution: Dict[str, Any]) -> Dict[str, Any]:
    found = (execution["result"] or {}).get("output")
    assert isinstance(found, dict), execution["result"]
    return found
