"""The YAML files of the pack, each read once for a process."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Dict

import yaml

from console.aliases import Pack, load_pack

ROOT = Path(__file__).resolve().parents[2]
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(path: Path) -> Any:
    """What a file holds; nobody may change it."""
    return _parsed(path.read_text("utf-8"))


def metadata(folder: str) -> Dict[str, Any]:
    """The files of a folder of the pack, by their names without `.yaml`."""
    return {path.stem: read(path) for path in sorted((ROOT / folder).glob("*.yaml"))}


@lru_cache(maxsize=None)
def pack() -> Pack:
    """This pack, as the console loads it."""
    return load_pack(ROOT)


@lru_cache(maxsize=None)
def _parsed(text: str) -> Any:
    return yaml.load(text, Loader=_LOADER)
