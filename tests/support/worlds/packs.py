"""Tiny packs for tests of the console: a folder with one action and one alias, written as a pack's
author would."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Optional

import yaml

from console.aliases import load_pack
from console.session import Session

# The identity of the speaker, as every action of a pack declares it.
IDENTITY: Dict[str, Any] = {
    "requester": {
        "type": "string",
        "default": "{{ action_context.api_user | default(action_context.user) }}",
        "immutable": True,
    },
    "room": {"type": "string", "default": "{{ action_context.source_channel }}", "immutable": True},
}
ECHO = """
class Echo:
    def __init__(self, config=None, action_service=None):
        self.config = config

    def run(self, **parameters):
        return True, {"message": "heard", "code": "heard", "parameters": parameters}
"""


def add_command(
    folder: Path,
    name: str,
    formats: Any,
    parameters: Optional[Dict[str, Any]] = None,
    code: str = ECHO,
    **alias: Any,
) -> None:
    """Write an action (its class in `code`) and an alias for it. `alias` has further keys of the
    alias's file."""
    for part in ("actions", "aliases"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    action = {
        "name": name,
        "runner_type": "python-script",
        "entry_point": f"{name}.py",
        "parameters": parameters or {},
    }
    raw: Dict[str, Any] = {"name": f"tiny_{name}", "action_ref": f"tiny.{name}", "formats": formats}
    raw.setdefault("result", {"format": "{{ execution.result.result.message }}"})
    raw.update(alias)
    (folder / "pack.yaml").write_text("ref: tiny\nname: tiny\n", encoding="utf-8")
    (folder / "actions" / f"{name}.yaml").write_text(yaml.safe_dump(action), encoding="utf-8")
    (folder / "actions" / f"{name}.py").write_text(code, encoding="utf-8")
    (folder / "aliases" / f"{name}.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")


def talk(folder: Path, config: Optional[Dict[str, Any]] = None) -> Session:
    """A session of alice in #dev over the pack in a folder."""
    return Session(pack=load_pack(folder), config=config or {}, speaker="alice", room="#dev")
