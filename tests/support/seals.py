"""What a relay of `relays/` hands over: written from relays/README.md, without opsroom's reader."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import time
from typing import Any, Dict, List, Optional

from support.worlds.world import ROOT

VECTORS: Dict[str, Any] = json.loads((ROOT / "relays" / "vectors.json").read_text("utf-8"))
KEY: str = VECTORS["key"]
SEALED: List[Dict[str, str]] = VECTORS["sealed"]
VERSION = (ROOT / "pack.yaml").read_text("utf-8").partition("\nversion: ")[2].partition("\n")[0]

_numbers = itertools.count(1)


def sealed(
    identity: str,
    room: str,
    message: Optional[str] = None,
    at: Optional[float] = None,
    relay: str = f"hubot/{VERSION}",
    key: str = KEY,
) -> str:
    """The `user` of a message. Without `message` it is another one each time; without `at` (seconds
    since 1970) the relay gets it right now."""
    told = message or f"{time.time():.6f}-{next(_numbers)}"
    moment = f"{time.time() if at is None else at:.3f}"
    lines = ("opsroom-relay-1", identity, relay, moment, told, room)
    seal = hmac.new(key.encode(), "\n".join(lines).encode(), hashlib.sha256).digest()
    text = base64.urlsafe_b64encode(seal).decode().rstrip("=")
    return f"{identity} {relay} {moment} {told} {text}"
