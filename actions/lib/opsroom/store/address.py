"""Where the database is: the URL from the config, checked, and the words in which people are told of it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ..errors import Code, Refusal

_WOULD_WORK = "sqlite:////opt/stackstorm/opsroom/opsroom.db or postgresql://user:password@host/database would work."


@dataclass(frozen=True)
class Address:
    """A checked address. `place` is fit for a chat room: it has no password and no user in it."""

    url: URL
    dialect: str
    place: str
    path: str = ""
    read_only: bool = False


def read_address(url: str) -> Address:
    """Take a database URL apart. Raises Refusal(settings_invalid); the URL is never repeated: it may hold a password.

    `sqlite:////absolute/path`, with `?mode=ro` to look and never write; `postgresql://...` (or `postgres://...`).
    """
    text = url.strip()
    if not text:
        raise _invalid("it is empty")
    try:
        parsed = make_url(text)
    except (ArgumentError, ValueError):
        raise _invalid("it is not a database URL") from None
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        return _sqlite(parsed)
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return _postgresql(parsed.set(drivername="postgresql+psycopg"))
    raise _invalid("records are kept in SQLite or PostgreSQL only, through the drivers sqlite3 and psycopg")


def _sqlite(url: URL) -> Address:
    mode = url.query.get("mode", "")
    if set(url.query) - {"mode"} or mode not in ("", "ro"):
        raise _invalid("the only option of an SQLite URL is ?mode=ro")
    if url.host or url.username:
        raise _invalid("an absolute path of an SQLite file takes four slashes")
    if not url.database or url.database == ":memory:":
        raise _invalid("SQLite needs a file: what is kept in memory is gone when the action ends")
    if "\0" in url.database:
        raise _invalid("a path cannot hold a NUL")
    path = os.path.abspath(url.database)
    return Address(url, "sqlite", f"the database file {path}", path, mode == "ro")


def _postgresql(url: URL) -> Address:
    # A server can also be named in the query (?host=/run/postgresql), several hosts as several values.
    named = url.host or url.query.get("host") or "this machine"
    host = named if isinstance(named, str) else ", ".join(named)
    port = f" port {url.port}" if url.port else ""
    name = url.database or url.username or "postgres"
    return Address(url, "postgresql", f"the database {name} on {host}{port}")


def _invalid(what: str) -> Refusal:
    return Refusal(Code.SETTINGS_INVALID, f"database: this cannot be used: {what}.", _WOULD_WORK)
