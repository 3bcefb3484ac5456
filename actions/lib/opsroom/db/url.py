"""Where the database is: the URL from the config, checked, and how messages name it."""

from __future__ import annotations

import os
from dataclasses import field
from typing import Any, Dict, List, Mapping, Tuple
from urllib.parse import parse_qsl, unquote

from ..errors import Code, Refusal
from ..structs import dataclass
from ..structs.patterns import lazy_pattern

_WOULD_WORK = (
    "sqlite:////opt/stackstorm/opsroom/opsroom.db or "
    "postgresql://user:password@host/database would work."
)

# As SQLAlchemy's make_url reads a URL, whose import takes longer than a whole command: a password
# may hold what a browser would not take, such as "/" and "#".
_URL = lazy_pattern(
    r"(?P<scheme>[\w+]+)://"
    r"(?:(?P<user>[^:/]*)(?::(?P<password>[^@]*))?@)?"
    r"(?:(?:\[(?P<six>[^/?]+)\]|(?P<host>[^/:?]+))?(?::(?P<port>[^/?]*))?)?"
    r"(?:/(?P<database>[^?]*))?(?:\?(?P<query>.*))?"
)


@dataclass(frozen=True)
class Address:
    """A checked address. `place` is fit for a chat room: it has no password and no user in it.

    `options` are what libpq needs to reach a PostgreSQL server, with the password; `path` is the
    file of an SQLite database.
    """

    dialect: str
    place: str
    path: str = ""
    read_only: bool = False
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)


def read_address(url: str) -> Address:
    """Take a database URL apart. Raises Refusal(settings_invalid); the URL is never repeated: it
    may hold a password.

    `sqlite:////absolute/path`, with `?mode=ro` to look and never write; `postgresql://...` (or
    `postgres://...`), with libpq's options in the query, several servers as several `host`.
    """
    text = url.strip()
    if not text:
        raise _invalid("it is empty")
    found = _URL.fullmatch(text)
    if found is None:
        raise _invalid("it is not a database URL")
    parts = {name: value or "" for name, value in found.groupdict().items()}
    parts["host"] = parts["six"] or parts["host"]
    query: Dict[str, List[str]] = {}
    for name, value in parse_qsl(parts["query"]):
        query.setdefault(name, []).append(value)
    if parts["scheme"] in ("sqlite", "sqlite+pysqlite"):
        return _sqlite(parts, query)
    if parts["scheme"] in ("postgresql", "postgres", "postgresql+psycopg"):
        return _postgresql(parts, query)
    raise _invalid(
        "records are kept in SQLite or PostgreSQL only, through the drivers sqlite3 and psycopg"
    )


def _sqlite(parts: Mapping[str, str], query: Mapping[str, List[str]]) -> Address:
    mode = query.get("mode", [""])
    if set(query) - {"mode"} or mode not in ([""], ["ro"]):
        raise _invalid("the only option of an SQLite URL is ?mode=ro")
    if parts["host"] or parts["user"]:
        raise _invalid("an absolute path of an SQLite file takes four slashes")
    name = unquote(parts["database"])
    if not name or name == ":memory:":
        raise _invalid("SQLite needs a file: what is kept in memory is gone when the action ends")
    if "\0" in name:
        raise _invalid("a path cannot hold a NUL")
    path = os.path.abspath(name)
    return Address("sqlite", f"the database file {path}", path, mode == ["ro"])


def _postgresql(parts: Mapping[str, str], query: Mapping[str, List[str]]) -> Address:
    if "@" in parts["host"]:
        # What is before it is the end of a password; as a host it would be shown in the room.
        raise _invalid("an @ within its password is written %40")
    given = {
        "user": unquote(parts["user"]),
        "password": unquote(parts["password"]),
        "dbname": unquote(parts["database"]),
        "host": unquote(parts["host"]),
        "port": parts["port"],
    }
    options = {name: value for name, value in given.items() if value}
    # What the query says counts, as with libpq and SQLAlchemy.
    options.update((name, ",".join(values)) for name, values in query.items())
    # A server can also be named there (?host=/run/postgresql), several of them as several values.
    hosts, ports = _servers(query.get("host", []))
    if hosts:
        options["host"] = ",".join(hosts)
    if any(ports):
        options["port"] = ",".join(ports)
    port = options.get("port", "")
    if any(one and not one.isdecimal() for one in port.split(",")):
        raise _invalid("its port is not a number")
    return Address("postgresql", _place(options), options=options)


def _place(options: Mapping[str, str]) -> str:
    name = options.get("dbname") or options.get("user") or "postgres"
    # Behind a "/" in a user's name that was not written %2F, the rest of the URL is taken for the
    # name of the database.
    called = f"the database {name}" if "@" not in name else "the database"
    hosts, port = options.get("host", "").replace(",", ", "), options.get("port", "")
    return f"{called} on {hosts or 'this machine'}" + (f" port {port}" if port.isdecimal() else "")


def _servers(values: List[str]) -> Tuple[List[str], List[str]]:
    """The hosts and their ports, empty where none is given, from values such as "db1:5432" or
    "db1,db2"."""
    hosts, ports = [], []
    for one in (part for value in values for part in value.split(",")):
        host, colon, port = one.rpartition(":")
        alone = not colon or one.startswith("/") or ":" in host
        hosts.append(one if alone else host)
        ports.append("" if alone else port)
    return hosts, ports


def _invalid(what: str) -> Refusal:
    return Refusal(Code.SETTINGS_INVALID, f"database: this cannot be used: {what}.", _WOULD_WORK)
