"""Examinations of the installation itself: the database and its rights, clocks, StackStorm, the
relays. Nothing is changed."""

from __future__ import annotations

import os
import re
import shutil
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any, Callable, Iterator, List

from ...archive.make import due
from ...config.model import Identity
from ...db.sql import Transaction, from_moment, moment, rows, scalar
from ...db.url import read_address
from ...errors import Code, Failure
from ...grants import PRIVILEGES
from ...names import listed
from ...text import length
from .. import Context
from .findings import Finding, State

# Bytes that are left on the disk of an SQLite file.
_LITTLE_ROOM = 200_000_000
# Clocks further apart than this make leases and seals run out early, in seconds.
_CLOCK = 3.0
# What a sensor reported is handed on within so long.
_OLD_NEWS = timedelta(minutes=10)
# The rules that bring answers into the room, by the route of the config.
_ANSWERING = {
    "errbot": ("chatops.notify-errbot",),
    "opsroom_errbot": ("opsroom.answer_at_once", "opsroom.answer_otherwise"),
    "opsroom_hubot": ("opsroom.answer_at_once", "opsroom.answer_otherwise"),
}
_STOCK = ("chatops.notify",)


def database(context: Context) -> Iterator[Finding]:
    """Whether the record can be written, and how it is. Raises Failure(store_...)."""
    part, address = "database", read_address(context.database)
    if address.path and not os.path.exists(address.path):
        text = f"{address.place} does not exist yet: the first command makes it."
        yield Finding(part, State.UNKNOWN, text)
        return
    with context.store.read() as on:
        now, here = on.now(), datetime.now(timezone.utc)
        newest = rows(on, "SELECT seq, at FROM ledger ORDER BY seq DESC LIMIT 1")
        missing = _missing_rights(on)
        owner = on.dialect == "postgresql" and scalar(on, _OWNS)
        waiting = scalar(on, _WAITING, old=moment(now - _OLD_NEWS))
        keep = context.settings.ledger.keep
        old = due(context.store, on, keep) if keep and not missing else None
    place = context.store.place
    records = f"{newest[0]['seq']:,} records" if newest else "no record yet"
    if missing:
        yield Finding(
            part,
            State.WRONG,
            f"{place}: this user may not {listed(missing, most=4)}.",
            "python -m opsroom.grants ROLE prints what the role needs.",
        )
    else:
        yield Finding(part, State.FINE, f"{place}: {records}.")
    if newest and from_moment(newest[0]["at"]) > now + timedelta(seconds=_CLOCK):
        yield Finding(
            "record",
            State.DOUBTFUL,
            f"its newest record is dated {newest[0]['at'][:19]}, after the clock.",
            "Put the clock right; audit verify names what is dated wrongly.",
        )
    if old is not None:
        number = old[1] - old[0] + 1
        yield Finding(
            "record",
            State.DOUBTFUL,
            f"{number:,} records are older than {old[2]:%Y-%m-%d}, and ledger.keep of the config "
            "says that they may be archived.",
            "python -m opsroom.archive make --folder FOLDER, as the owner of the database.",
        )
    if owner:
        yield Finding(
            "record",
            State.DOUBTFUL,
            "the runners' role owns the table of the record, and could drop what protects it.",
            "Let another role own the tables: docs/configuration.md, database.",
        )
    apart = abs((now - here).total_seconds())
    if apart > _CLOCK:
        yield Finding(
            "clock",
            State.WRONG,
            f"the clocks of this runner and the database are {length(round(apart, 1))} apart.",
            "Keep both in time (chrony, systemd-timesyncd).",
        )
    else:
        yield Finding("clock", State.FINE, "this runner and the database agree.")
    if waiting:
        yield Finding(
            "sensors",
            State.WRONG,
            f"{waiting} events wait for more than {length(_OLD_NEWS.total_seconds())} to be handed "
            "to StackStorm.",
            "Look at st2sensorcontainer and its log.",
        )


_OWNS = (
    "SELECT pg_has_role(current_user, tableowner, 'USAGE') FROM pg_tables"
    " WHERE tablename = 'ledger' AND schemaname = current_schema()"
)
_WAITING = "SELECT count(*) FROM news WHERE sent_at = '' AND made_at < :old"


def _missing_rights(on: Transaction) -> List[str]:
    """What the role of PostgreSQL lacks, such as `INSERT ledger`; an SQLite file knows no roles."""
    if on.dialect == "sqlite":
        return []
    wanted = [(table, one) for table, privileges in PRIVILEGES.items() for one in privileges]
    # One question for all of them. Table and right are words of the program.
    questions = ", ".join(_right(table, one) for table, one in wanted)
    found = on.execute(f"SELECT {questions}", {}).fetchone()
    return [
        f"{one.partition(' ')[0]} {table}" for (table, one), may in zip(wanted, found) if not may
    ]


def _right(table: str, privilege: str) -> str:
    right, _, column = privilege.partition(" ")
    if column:
        return f"has_column_privilege('{table}', '{column.strip('()')}', '{right}')"
    return f"has_table_privilege('{table}', '{right}')"


def disk(context: Context) -> Iterator[Finding]:
    """Whether the file of an SQLite database can grow."""
    address = read_address(context.database)
    folder = os.path.dirname(address.path)
    if not address.path or not os.path.exists(address.path):
        return
    free = shutil.disk_usage(folder).free
    if not os.access(address.path, os.W_OK) or not os.access(folder, os.W_OK):
        yield Finding(
            "disk",
            State.WRONG,
            f"{address.path} and its folder cannot be written by this user.",
            "They belong to the user that StackStorm's actions run as.",
        )
    elif free < _LITTLE_ROOM:
        yield Finding(
            "disk",
            State.WRONG,
            f"{free // 1_000_000} MB are left where the record grows.",
            "Make room: what cannot be recorded is not done.",
        )
    else:
        yield Finding("disk", State.FINE, f"{free // 1_000_000:,} MB are left.")


def relays(context: Context) -> Iterator[Finding]:
    """Whether what the config asks of relays can be had."""
    settings = context.settings
    vouched = [
        name for name, one in settings.environments.items() if one.identity is Identity.VOUCHED
    ]
    sealing = [one for one in settings.relays if one in settings.relay_keys]
    if vouched and not sealing:
        yield Finding(
            "relays",
            State.WRONG,
            f"{listed(vouched)} wants speakers whom a relay vouches for, and no relay has a key.",
            "Install a script of relays/ and put its key under relay_keys.",
        )
    elif len(sealing) < len(settings.relays):
        names = listed([one for one in settings.relays if one not in sealing])
        yield Finding(
            "relays",
            State.DOUBTFUL,
            f"{names} hands over names, which others can take.",
            "Install a script of relays/: docs/chat.md.",
        )
    elif sealing:
        yield Finding("relays", State.FINE, f"{listed(sealing)} vouches for who speaks.")


def stackstorm(context: Context) -> Iterator[Finding]:
    """StackStorm's API, and what chat needs of it: rules, aliases, roles of the relays, sensors.

    Raises Refusal(not_configured) outside of an execution, and Failure.
    """
    from ...stackstorm.client import here  # loads st2client

    if not os.environ.get("ST2_ACTION_API_URL"):
        yield Finding("stackstorm", State.UNKNOWN, "this does not run in StackStorm.")
        return
    look = here(time_limit=10.0).look
    yield from _answering(context, look)
    yield from _aliases(look)
    yield from _roles(context, look)
    yield from _sensors(look)


_Look = Callable[..., Any]


def _answering(context: Context, look: _Look) -> Iterator[Finding]:
    for name in _ANSWERING.get(context.settings.route, _STOCK):
        part = f"rule {name}"
        rule = _seen(part, partial(look, f"/rules/{name}"))
        if isinstance(rule, Finding):
            yield rule
        elif rule is None:
            yield Finding(
                part, State.WRONG, "StackStorm has no such rule.", "st2 pack register chatops"
            )
        elif not rule.get("enabled"):
            yield Finding(
                part, State.WRONG, "it is disabled: no answer arrives.", f"st2 rule enable {name}"
            )
        else:
            yield Finding(part, State.FINE, "it is enabled.")


def _aliases(look: _Look) -> Iterator[Finding]:
    part = "aliases"
    folder = Path(__file__).resolve().parents[5] / "aliases"
    # The names are in the files: some of them differ from the name of the file.
    ours = {
        name[1]
        for one in folder.glob("*.yaml")
        for name in [re.search(r"^name: opsroom_(\w+)$", one.read_text("utf-8"), re.MULTILINE)]
        if name
    }
    found = _seen(part, partial(look, "/actionalias", pack="opsroom", limit="100"))
    if isinstance(found, Finding):
        yield found
        return
    enabled = {
        str(one.get("name", "")).partition("opsroom_")[2]
        for one in found or ()
        if one.get("enabled", True)
    }
    missing = sorted(ours - enabled)
    if missing:
        yield Finding(
            part,
            State.WRONG,
            f"StackStorm does not have {listed(missing, most=4)}.",
            "st2 pack register opsroom",
        )
    else:
        yield Finding(part, State.FINE, f"all {len(ours)} are registered.")


def _roles(context: Context, look: _Look) -> Iterator[Finding]:
    for relay in context.settings.relays:
        part = f"roles of {relay}"
        found = _seen(part, partial(look, "/rbac/role_assignments", user=relay))
        if isinstance(found, Finding):
            yield found
            continue
        names = sorted({str(one.get("role")) for one in found or ()})
        if not names:
            yield Finding(
                part,
                State.WRONG,
                "it has none: no command of the relay runs.",
                "Give it the role opsroom_relay: docs/installing.md.",
            )
        elif {"admin", "system_admin"} & set(names):
            yield Finding(
                part,
                State.DOUBTFUL,
                f"it has {listed(names)}: who has its key may do anything.",
                "The role opsroom_relay is enough.",
            )
        else:
            yield Finding(part, State.FINE, f"{listed(names)}.")


def _sensors(look: _Look) -> Iterator[Finding]:
    found = _seen("sensors", partial(look, "/sensortypes", pack="opsroom"))
    if isinstance(found, Finding):
        yield found
        return
    off = sorted(str(one.get("name")) for one in found or () if not one.get("enabled"))
    on = len(found or ()) - len(off)
    text = f"{on} of {len(found or ())} are enabled"
    yield Finding("sensors", State.FINE, f"{text}; off: {listed(off)}." if off else f"{text}.")


def _seen(part: str, ask: Callable[[], Any]) -> Any:
    """What StackStorm shows; a finding where this user may not see it."""
    try:
        return ask()
    except Failure as failure:
        if failure.code is not Code.UNAUTHORIZED:
            raise
        return Finding(
            part,
            State.UNKNOWN,
            "the StackStorm user who asks may not see it.",
            "Run st2 run opsroom.doctor as an administrator.",
        )
