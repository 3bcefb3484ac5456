"""A receiver of pages: any JSON endpoint that checks what it gets."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from dataclasses import replace
from typing import Any, Dict

from support.contracts.vendor import answer
from support.servers.http import HttpServer, Reply, Request

# How old a request may be that a receiver takes.
TOLERANCE = 300


class Receiver(HttpServer):
    """Takes a page once for each key, when its signature is right and it is new, and gives it a
    number; refuses all else.

    `secret` is what it checks signatures with; without one it checks none. `drop` is how the next
    answer is lost, as for a Reply.
    """

    def __init__(self, secret: str = "") -> None:
        super().__init__()
        self.secret = secret
        self.taken: Dict[str, Any] = {}
        self.drop = ""
        self.on("/hook", self.receive)

    def receive(self, request: Request) -> Reply:
        if request.headers.get("content-type") != "application/json":
            return Reply(415, "JSON only")
        signed = request.headers.get("x-opsroom-signature", "")
        if self.secret and not verified(self.secret, signed, request.body, time.time()):
            return Reply(401, "bad signature")
        key = request.headers.get("idempotency-key", "")
        if not key:
            return Reply(400, "no key")
        self.taken.setdefault(key, json.loads(request.body))
        number = 1000 + list(self.taken).index(key)
        drop, self.drop = self.drop, ""
        return replace(answer({"incident": {"id": number}}, 201), drop=drop)


def verified(secret: str, header: str, body: bytes, now: float) -> bool:
    """What docs tell receivers to do."""
    parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    if not parts.get("t", "").isdigit() or abs(now - int(parts["t"])) > TOLERANCE:
        return False
    wanted = hmac.new(
        secret.encode(), parts["t"].encode() + b"." + body, hashlib.sha256
    ).hexdigest()
    return hmac.compare_digest(wanted, parts.get("v1", ""))
