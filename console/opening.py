"""From a config file to a session that can be talked to."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import yaml

from opsroom.desk import KINDS
from opsroom.errors import OpsroomError
from opsroom.settings import load

from .aliases import PackError, load_pack
from .session import Session


class CannotOpen(Exception):
    """A config or a pack that cannot be used; `problems` has one sentence for each complaint."""

    def __init__(self, problems: List[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def open_session(config: Path, pack: Path, database: str = "", speaker: str = "", room: str = "") -> Session:
    """A session over a pack's folder, with the config checked first. Raises CannotOpen."""
    raw = _read_config(config)
    try:
        load(raw, KINDS)
    except OpsroomError as error:
        raise CannotOpen([str(one) for one in error.facts.get("problems", [])] or [error.message]) from None
    try:
        loaded = load_pack(pack)
    except PackError as error:
        raise CannotOpen(error.problems) from None
    people = [str(name) for name in raw.get("people") or {}]
    return Session(
        pack=loaded,
        config=raw,
        database=database,
        speaker=speaker or (people[0] if people else "you"),
        room=room or str(raw.get("announce") or "#general"),
    )


def _read_config(path: Path) -> Dict[str, Any]:
    try:
        raw = yaml.safe_load(path.read_bytes())  # with a byte order mark it may be UTF-16
    except OSError as error:
        raise CannotOpen([f"{path} cannot be read: {error.strerror or error}."]) from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise CannotOpen([f"{path} is not YAML: {' '.join(str(error).split())}."]) from None
    if raw is not None and not isinstance(raw, dict):
        raise CannotOpen([f"{path}: expected a mapping of keys at the top."])
    return raw or {}
