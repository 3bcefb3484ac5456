"""Access tokens of Basecamp: kept for the two weeks that they last, renewed with the refresh
token."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import time
from dataclasses import field
from pathlib import Path
from typing import Any, Callable, Mapping, Optional

from ...errors import Code, Failure
from ...http.content import at, text_at
from ...http.response import Response
from ...secrets import redact
from ...structs import dataclass
from ...text import one_line
from .options import Options

# A token that ends within so many seconds is renewed before it is used.
_EARLY = 300.0
_LIFE = 14 * 86400.0

# post(url, form) -> the response, also when it is refused; within the verb's time limit.
Post = Callable[[str, Mapping[str, str]], Response]


@dataclass(frozen=True)
class _Kept:
    """What the file holds. `expires_at` in seconds since 1970."""

    access_token: str = field(repr=False)
    expires_at: float = 0.0
    refresh_token: str = field(default="", repr=False)


class Tokens:
    """The access token of one tracker. Several processes may renew it at once: each gets a token
    that works, and the last one that was written stays."""

    def __init__(self, options: Options, key: str, keep: Optional[Path]) -> None:
        self._options = options
        self._key = key
        self._renewed = False
        whose = f"{options.account}\n{options.client_id}"
        self._file = Path(keep) / f"basecamp-{_hash(whose)}.json" if keep else None
        # A new refresh token in the config may be another user's: what was kept with the old one
        # counts no more.
        self._with = _hash(f"{options.launchpad}\n{options.refresh_token}\n{options.client_secret}")

    def token(self, post: Post) -> str:
        """The configured token, the kept one, or a new one. Raises Failure."""
        if self._options.token:
            return self._options.token
        kept = self._read()
        if kept and time.time() < kept.expires_at - _EARLY:
            return kept.access_token
        return self._renew(post)

    def instead_of(self, refused: str, post: Post) -> str:
        """Another token than the one that Basecamp has refused. Raises Failure(unauthorized) when
        there is none."""
        if self._options.token:
            hint = (
                f"Tokens last two weeks: an administrator renews {self._key}.token in the config."
            )
            raise Failure(
                Code.UNAUTHORIZED,
                "Basecamp does not accept the configured token (401).",
                hint,
                _facts(401),
            )
        kept = self._read()
        if not self._renewed and kept and kept.access_token != refused:
            return kept.access_token  # another process was quicker
        if self._renewed:
            message = "Basecamp accepts none of the tokens that it gives out (401)."
            hint = (
                f"An administrator must check {self._key}.account: the user may have "
                "no access to it."
            )
            raise Failure(Code.UNAUTHORIZED, message, hint, _facts(401))
        return self._renew(post)

    def _renew(self, post: Post) -> str:
        self._renewed = True
        kept = self._read()
        known = [kept.refresh_token if kept else "", self._options.refresh_token]
        refused: Optional[Failure] = None
        for refresh_token in dict.fromkeys(one for one in known if one):
            form = {
                "grant_type": "refresh_token",
                "refresh_token": refresh_token,
                "client_id": self._options.client_id,
                "client_secret": self._options.client_secret,
            }
            response = post(f"{self._options.launchpad}/authorization/token", form)
            if response.ok:
                fresh = _fresh(response, refresh_token)
                self._write(fresh)
                return fresh.access_token
            refused = self._refused(response, refresh_token)
        assert refused is not None
        raise refused

    def _refused(self, response: Response, refresh_token: str) -> Failure:
        content = response.content()
        words = (text_at(content, key) for key in ("error", "error_description"))
        reason = ": ".join(one for one in words if one)
        quoted = one_line(redact(reason, [*response.secrets, refresh_token])).rstrip(".")
        because = f"{response.status}: {quoted}" if quoted else str(response.status)
        key = "client_secret" if "client" in quoted else "refresh_token"
        hint = f"An administrator has to renew {self._key}.{key} in the config."
        message = (
            f"Basecamp gives out no access token for the configured refresh token ({because})."
        )
        return Failure(Code.UNAUTHORIZED, message, hint, _facts(response.status, response.url))

    def _read(self) -> Optional[_Kept]:
        """What is kept; None when there is nothing, or what was kept with other credentials, or a
        broken file."""
        if not self._file:
            return None
        try:
            content = json.loads(self._file.read_text("utf-8"))
            if content["with"] != self._with:
                return None
            kept = _Kept(
                content["access_token"],
                float(content["expires_at"]),
                content.get("refresh_token") or "",
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return (
            kept if _is_token(kept.access_token) and isinstance(kept.refresh_token, str) else None
        )

    def _write(self, fresh: _Kept) -> None:
        """Keep it, for nobody else to read. Where nothing can be written, each command gets a token
        of its own."""
        if not self._file:
            return
        content = {
            "with": self._with,
            "access_token": fresh.access_token,
            "expires_at": fresh.expires_at,
        }
        if fresh.refresh_token != self._options.refresh_token:
            content["refresh_token"] = fresh.refresh_token
        new = self._file.with_name(f".{self._file.name}.{secrets.token_hex(8)}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file.parent.chmod(0o700)
            with os.fdopen(
                os.open(str(new), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600),
                "w",
                encoding="utf-8",
            ) as out:
                json.dump(content, out)
            os.replace(str(new), str(self._file))
        except OSError:
            with contextlib.suppress(OSError):
                new.unlink()


def _fresh(response: Response, refresh_token: str) -> _Kept:
    """What came for a refresh token, which stays good where no other came. Raises
    Failure(bad_answer)."""
    content = response.content()
    token, life = at(content, "access_token"), at(content, "expires_in")
    if not _is_token(token):
        # The response is not quoted: it may hold a token anyway.
        message = f"{response.url} answered without an access token."
        raise Failure(Code.BAD_ANSWER, message, facts=_facts(response.status, response.url))
    is_number = isinstance(life, (int, float)) and not isinstance(life, bool)
    seconds = float(life) if is_number and life > 0 else _LIFE
    return _Kept(
        str(token),
        time.time() + min(seconds, _LIFE),
        text_at(content, "refresh_token") or refresh_token,
    )


def _is_token(value: Any) -> bool:
    """Whether it can be put into a header."""
    return (
        isinstance(value, str)
        and bool(value)
        and all("\x21" <= character <= "\x7e" for character in value)
    )


def _facts(status: int, url: str = "") -> Mapping[str, Any]:
    return {"status": status, "sent": False, **({"url": url} if url else {})}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:40]
