"""Signatures of what a webhook is sent, so that its receiver knows who sent it and when."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Optional


def signature(secret: str, body: bytes, at: Optional[int] = None) -> str:
    """`t=UNIX,v1=HEX`: the time in seconds, and HMAC-SHA256 over `UNIX.BODY` with the exact bytes of the body.

    With the time signed too, a receiver can refuse what is old, which somebody else may have kept and sent again.
    """
    moment = int(time.time()) if at is None else at
    signed = f"{moment}.".encode("ascii") + body
    return f"t={moment},v1={hmac.new(secret.encode('utf-8'), signed, hashlib.sha256).hexdigest()}"
